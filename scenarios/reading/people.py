"""Which rows of the users' CSV file are meant, and which of its columns are kept beside the market's numbers.

A table of users (a group, a class, a side of a market) may say `where`, a filter of rows, and `keep`, columns' names.
Both are of the one CSV file that its numbers come from, and are carried out before the table is read: what was filtered
and kept then stands there as lists.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from scenarios.reading.columns import read_columns
from scenarios.reading.csv_file import CsvFile
from scenarios.reading.errors import Place, one_of, quoted
from scenarios.reading.kept import Kept
from scenarios.reading.row_filter import chosen

KEEP, WHERE = "keep", "where"
BY_USER = ("numbers", "numbers or rows")  # types of keys that hold a number a user
LONGEST_WORD = 200


def fill(raw: dict, keys: tuple, path: str, place: Place) -> None:
    """Put filtered and kept columns in place of what names them, in a table as a file has it; raises ScenarioError."""
    where, keep = raw.get(WHERE), raw.get(KEEP)
    if where is None and not isinstance(keep, list):
        return
    asked = place.at(KEEP if where is None else WHERE)
    columns = list(_columns(raw, keys, path, place))
    names = list(dict.fromkeys(table[name]["csv"] for table, name, _ in columns if _is_text(table[name]["csv"])))
    if len(names) != 1:
        got = (
            f"its numbers come from {one_of(map(quoted, names))}" if names else "none of its numbers is from a CSV file"
        )
        raise asked.error(got, 'columns of one file, { csv = "users.csv", column = "a" }, are needed')
    file = _filtered(CsvFile(names[0], asked), raw.pop(WHERE, None), place)
    for table, name, here in columns:
        column = table[name]["column"]
        table[name] = read_columns(file.at(here), [column], {column} if table is keep else frozenset())[column]
    if isinstance(keep, list):
        raw[KEEP] = kept_columns(file.at(place.at(KEEP)), keep)


def _is_text(value):
    return isinstance(value, str)


def _filtered(file, where, place):
    """A file with the rows that a filter lets pass, all of them without one."""
    if where is None:
        return file
    here = place.at(WHERE)
    if not isinstance(where, str):
        raise here.error(f"got {quoted(where)}", "a text, as in where = \"aggregator == 'fair'\", is needed")
    return file.only(chosen(where, file.at(here), here))


def _columns(raw: dict, keys, path: str, place: Place) -> Iterator[tuple[dict, str, Place]]:
    """(Table, its key, place) of every { csv, column } of a number a user, or of what is kept of users."""
    types = {key.path: key.type for key in keys if key.path.startswith(f"{path}.")}
    for name, value in raw.items():
        if not isinstance(value, dict):
            continue
        here, kind = place.at(name), types.get(f"{path}.{name}")
        if kind == "table":
            yield from _columns(value, keys, f"{path}.{name}", here)
        elif name == KEEP:
            yield from ((value, one, here.at(one)) for one in value if is_column(value[one]))
        elif kind in BY_USER and is_column(value):
            yield raw, name, here


def is_column(value: Any) -> bool:
    """Does a value name a column of a CSV file?"""
    return isinstance(value, dict) and set(value) == {"csv", "column"} and _is_text(value["column"])


def kept_columns(file: CsvFile, names: list) -> dict[str, Kept]:
    """{name: values} of the columns of a file that are kept; raises ScenarioError."""
    if not names:
        raise file.place.error("got an empty list", f"names of columns, of {one_of(file.header)}, are needed")
    odd = next((k for k, name in enumerate(names) if not _is_text(name) or name in names[:k]), None)
    if odd is not None:
        raise file.place.error(f"got {quoted(names[odd])}", "names of columns, each once, are needed")
    return {name: _kept(file, name) for name in names}


def _kept(file, name):
    """One column as numbers where all its cells are, else as words."""
    file.check_has(name)
    if file.is_numeric(name):
        return Kept(file.numbers([name])[name])
    kept = Kept(file.words(name))
    check_words(kept, file.row, file.place.at(name))
    return kept


def check_words(kept: Kept, label, place: Place) -> None:
    """Raise ScenarioError for a word that is not of one line and bounded length; label(i): what the i-th is called."""
    for i, word in enumerate(kept.array):
        if not word.isprintable() or len(word) > LONGEST_WORD:
            raise place.error(
                f"{label(i)} is {quoted(word)}", f"one line of at most {LONGEST_WORD} characters is needed"
            )


def file_of(value: dict, known: set, place: Place) -> tuple[CsvFile, dict[str, Kept]]:
    """(The file of { csv, keep, where } with the rows that are meant, what is kept of them); raises ScenarioError.

    known: names of the keys that a table of such columns has.
    """
    odd = next((name for name in value if name != "csv" and name not in known & {KEEP, WHERE}), None)
    if odd is not None:
        raise place.at(odd).error("does not go with csv", "the columns all stand in that file")
    file = _filtered(CsvFile(value["csv"], place), value.get(WHERE), place)
    keep, here = value.get(KEEP), place.at(KEEP)
    if keep is None:
        return file, {}
    if not isinstance(keep, list):
        raise here.error(f"got {quoted(keep)}", "a list of columns' names is needed")
    return file, kept_columns(file.at(here), keep)


def lengths(table: dict) -> dict[str, int]:
    """{dotted key: how many values} of what is kept of a table's users, as `agreed` takes it."""
    return {f"{KEEP}.{name}": len(kept) for name, kept in table.get(KEEP, {}).items()}
