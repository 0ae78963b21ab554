"""The schema: one `Key` for each key of a file, from which checking, defaults, `show` and docs are made."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial

from market.parameters import REQUIRED
from scenarios.reading import people
from scenarios.reading.columns import label, read_columns
from scenarios.reading.csv_file import CsvFile
from scenarios.reading.errors import Place, nearest, one_of, quoted
from scenarios.reading.kept import Kept
from scenarios.reading.population import in_words, read_list, read_number, read_numbers
from scenarios.reading.rows import by_node, read_profile, read_rows

LONGEST_TEXT = 200
LARGEST_LABEL = 10**18
ANY = "(-inf, inf)"
MOST_TABLES = 5_000  # groups, nodes or lines, each written out


@dataclass(frozen=True)
class Key:
    """One key: dotted path, type, unit, default, range, meaning.

    `range` is an interval for numbers, the words of a choice, the entries of a row (those with "?" may be left out),
    else empty. `when` limits the key to some words of the choice `by` in its table, e.g. to the price rules that use
    it. Default None: may be left out. example: a legal value, stops: (value, word) of a slider, for a page. follow: of
    a choice, what else of its table changes with it, as choices.follow calls it. offered: of (the whole table, its own
    one): may a page offer it, or would it be refused there?
    """

    path: str
    type: str  # a key of READERS below
    unit: str
    default: object
    range: str | tuple
    meaning: str
    when: tuple = ()
    words: tuple = ()  # words allowed in place of numbers
    by: str = ""
    example: object = None
    follow: Callable | None = None
    offered: Callable[[dict, dict], bool] | None = None
    stops: tuple = ()
    usual: str | None = None  # the word of `by` where it is left out; of a table: where the table is, `by` in it

    @cached_property
    def table(self) -> str:
        return self.path.rpartition(".")[0]

    @cached_property
    def name(self) -> str:
        return self.path.rpartition(".")[2]

    def goes_with(self, chosen: dict) -> bool:
        """Does the key belong to a table with these choices?"""
        return not self.when or (chosen.get(self.by) or self.usual) in self.when

    @property
    def allowed(self) -> str:
        """The range in words."""
        if self.type in ("choice", "choices"):
            return one_of(self.range)
        if self.type == "whole":
            return "{:,} to {:,}".format(*ends(self.range))
        if self.type == "rows":
            return f"[{', '.join(self.range)}]"
        return " or ".join([in_words(self.range) if self.range else "", *(f'"{word}"' for word in self.words)])


def ends(interval: str) -> list[int]:
    """Lowest and highest of the range of a whole number."""
    return [int(end) for end in interval[1:-1].split(",")]


def common(markets, rounds) -> tuple[Key, ...]:
    """The keys of every market's files; rounds: the market's default limit."""
    return (
        Key("title", "text", "", "", "", "one line for lists and pictures"),
        Key("market", "choice", "", REQUIRED, tuple(markets), "the market design"),
        Key("source", "text", "", "", "", "where the set-up comes from"),
        Key("name", "text", "", None, "", "what tables and folders call it; left out: the file's name"),
        Key("seed", "whole", "", 1, "[0, 9223372036854775807]", "what every draw starts from"),
        Key("rounds", "whole", "rounds", rounds, "[1, 1000000]", "the run ends after so many rounds at the latest"),
        Key("units", "table", "", None, "", "what pictures and tables call the units"),
        Key("units.money", "text", "", "money", "", 'e.g. "€" or "ct"'),
        Key("units.energy", "text", "", "energy", "", 'e.g. "kWh" or "MWh"'),
    )


def read_table(raw, keys, path, place: Place) -> dict:
    """A table of the file with every key checked and defaults filled in, in the order of the schema.

    Raises ScenarioError for unknown and missing keys, wrong types and values out of range.
    """
    if not isinstance(raw, dict):
        raise place.error(f"got {quoted(raw)}", "a table is needed")
    rows = [key for key in keys if key.table == path]
    if any(row.type == "kept" for row in rows):
        people.fill(raw, keys, path, place)
    _check_known(raw, rows, keys, place)
    table = {}
    for key in sorted(rows, key=lambda key: key.type != "choice"):  # choices first: they say which keys apply
        if not key.goes_with(table):
            continue
        if key.name in raw:
            table[key.name] = READERS[key.type](raw[key.name], key, keys, place.at(key.name))
        elif key.default is REQUIRED:
            raise place.at(key.name).error("is missing", f"{_needed(key)} is needed ({key.meaning})")
        elif key.default is not None:
            table[key.name] = _default(key, keys, place)
    _check_belonging(raw, rows, table, place)
    return {key.name: table[key.name] for key in rows if key.name in table}


def _check_known(raw, rows, keys, place):
    """Refuse a key that is unknown, but first a choice that is: the key may be one of what was chosen."""
    known = [row.name for row in rows]
    for name in raw:
        if name not in known:
            for row in rows:
                if row.type == "choice" and not row.when and row.name in raw:
                    READERS[row.type](raw[row.name], row, keys, place.at(row.name))
            near = nearest(name, [word for word in known if word not in raw] or known)
            raise place.at(name).error("unknown key", f"known: {', '.join(dict.fromkeys(known))}", near)


def _check_belonging(raw, rows, table, place):
    """Refuse a key that is known, but only together with another choice."""
    for name in raw:
        if name not in table:
            alike = [row for row in rows if row.name == name]
            by, words = alike[0].by, one_of([word for row in alike for word in row.when])
            got = f"does not belong to {by} = {quoted(table.get(by) or alike[0].usual)}"
            raise place.at(name).error(got, f"only to {by} = {words}")


def _default(key, keys, place):
    return read_table(key.default, keys, key.path, place.at(key.name)) if key.type == "table" else key.default


def _needed(key):
    return key.allowed if key.type == "choice" else f"{KINDS[key.type]} {key.allowed}".strip()


def _read_text(value, key, keys, place):
    if value == "" and key.default != "":
        raise place.error("is empty", "a text is needed")
    if not isinstance(value, str) or not value.isprintable() or len(value) > LONGEST_TEXT:
        raise place.error(f"got {quoted(value)}", f"a text of one line and at most {LONGEST_TEXT} characters is needed")
    return value


def _read_label(value, key, keys, place):
    """A name, a whole number taken as its digits."""
    return _read_text(str(value) if type(value) is int and abs(value) < LARGEST_LABEL else value, key, keys, place)


def _read_choice(value, key, keys, place):
    if not isinstance(value, str) or value not in key.range:
        raise place.error(f"got {quoted(value)}", f"{key.allowed} is needed", nearest(value, key.range))
    return value


def _read_choices(value, key, keys, place):
    if not isinstance(value, list) or not value:
        raise place.error(f"got {quoted(value)}", f"a list of {key.allowed} is needed")
    return tuple(_read_choice(word, key, keys, place.at(k)) for k, word in enumerate(value))


def _read_whole(value, key, keys, place):
    low, high = ends(key.range)
    if type(value) is not int or not low <= value <= high:
        raise place.error(f"got {quoted(value)}", f"a whole number, {key.allowed}, is needed")
    return value


def _read_number(value, key, keys, place):
    if isinstance(value, str) and key.words:
        return _read_word(value, key, place)
    return read_number(value, key.range, place)


def _read_series(value, key, keys, place):
    """One number, or one a period from a list or a CSV column."""
    if isinstance(value, dict) and not {"csv", "column"} & set(value):
        raise place.error(f"got {quoted(value)}", "a number, a list or { csv, column }, is needed")
    return (
        read_numbers(value, key.range, place)
        if isinstance(value, list | dict)
        else read_number(value, key.range, place)
    )


def _read_word(value, key, place):
    """A word that stands in place of numbers."""
    if value not in key.words:
        raise place.error(f"got {quoted(value)}", f"{_needed(key)} is needed", nearest(value, key.words))
    return value


def _read_rows(value, key, keys, place):
    return read_rows(_file(value), key.range, place)


def _read_profile(value, key, keys, place):
    return read_profile(_file(value), key.range, place)


def _file(value):
    """The name of a CSV file alone stands for all its columns."""
    return {"csv": value} if isinstance(value, str) and value.lower().endswith(".csv") else value


def _read_switch(value, key, keys, place):
    if not isinstance(value, bool):
        raise place.error(f"got {quoted(value)}", "true or false is needed")
    return value


def _read_matrix(value, key, keys, place):
    """One number, a draw, or rows of numbers as a tuple of tuples; no rows are a matrix without any."""
    if isinstance(value, list) and not value:
        return ()
    if isinstance(value, list) and not isinstance(value[0], list):
        raise place.error(f"got {quoted(value)}", "a number, a draw, or rows of numbers are needed")
    value = _file(value)
    if isinstance(value, list) or (isinstance(value, dict) and "csv" in value):
        return by_node(read_profile(value, key.range, place), (), place)
    return read_numbers(value, key.range, place)


def _read_column(value, key, keys, place):
    """A list of numbers, or a column of a CSV file."""
    return read_numbers(value, key.range, place) if people.is_column(value) else read_list(value, key.range, place)


def _read_column_or_rows(value, key, keys, place):
    """The same, or rows of numbers."""
    if isinstance(value, list) and value and isinstance(value[0], list):
        return read_profile(value, key.range, place)
    return _read_column(value, key, keys, place)


def _read_list(value, key, keys, place):
    if isinstance(value, str) and key.words:
        return _read_word(value, key, place)
    return read_list(value, key.range, place)


def _read_labels(value, key, keys, place):
    """A list of numbers, or of names; or a column of a CSV file."""
    if isinstance(value, dict) and set(value) == {"csv", "column"}:
        value = read_columns(CsvFile(value["csv"], place), [value["column"]], {value["column"]})[value["column"]]
    if not isinstance(value, list) or not value or not all(isinstance(word, str) for word in value):
        return read_list(value, key.range, place)
    first = dict(zip(reversed(value), range(len(value) - 1, -1, -1), strict=True))  # each word is looked at once
    for word in dict.fromkeys(value):
        _read_text(word, key, keys, place.at(first[word]))
    return tuple(value)


def _read_numbers(value, key, keys, place):
    if isinstance(value, str):
        return _read_word(value, key, place)
    return read_numbers(value, key.range, place)


def _read_numbers_or_rows(value, key, keys, place):
    """Numbers of users, or rows, one a user, of one number a period."""
    if isinstance(value, list) and value and isinstance(value[0], list):
        return read_profile(value, key.range, place)
    return _read_numbers(value, key, keys, place)


def _read_named(value, key, keys, place):
    """A table of numbers whose keys are names of the file's own."""
    if not isinstance(value, dict):
        raise place.error(f"got {quoted(value)}", "{ NAME = number } is needed")
    for name in value:
        _read_text(name, key, keys, place)
    return {name: read_number(number, key.range, place.at(name)) for name, number in value.items()}


def _read_table(value, key, keys, place):
    return read_table(value, keys, key.path, place)


def _read_columns(value, key, keys, place):
    """A table of lists, or the CSV file that holds them as columns, of the rows meant, with kept columns beside."""
    value = {"csv": value} if isinstance(value, str) else value
    if isinstance(value, dict) and "csv" in value:
        value = _columns_of(value, [row for row in keys if row.table == key.path], place)
    return read_table(value, keys, key.path, place)


def _columns_of(value, rows, place):
    file, kept = people.file_of(value, {row.name for row in rows}, place)
    rows = [row for row in rows if row.name not in (people.KEEP, people.WHERE)]
    wanted = [row.name for row in rows if row.default is REQUIRED or row.name in file.header]
    columns = read_columns(file, wanted, {row.name for row in rows if row.type == "labels"})
    return columns | ({people.KEEP: kept} if kept else {})


KEPT_SAID = "columns of the users' CSV file that are kept as what is known of them"
MEANT_SAID = "rows of that file that are meant, as \"income < 2000 and town == 'north'\""


def of_people(table: str) -> tuple[Key, Key]:
    """The keys of a table of users by which they keep columns of their CSV file and take some of its rows."""
    keep, where = (f"{table}.{name}" for name in (people.KEEP, people.WHERE))
    return Key(keep, "kept", "", None, "", KEPT_SAID), Key(where, "text", "", None, "", MEANT_SAID)


def _read_kept(value, key, keys, place):
    """{name: numbers or words of the users}; lists, or columns of CSV files."""
    if not isinstance(value, dict):
        raise place.error(f"got {quoted(value)}", "names of columns of a CSV file, or { NAME = [values] }, are needed")
    return {name: _kept(_read_text(name, key, keys, place), values, place.at(name)) for name, values in value.items()}


def _kept(name, values, place):
    if isinstance(values, Kept):
        return values
    if people.is_column(values):
        return people.kept_columns(CsvFile(values["csv"], place), [values["column"]])[values["column"]]
    listed = isinstance(values, list) and values and all(isinstance(word, str) for word in values)
    if listed or isinstance(values, str):
        people.check_words(kept := Kept.of(values), partial(label, values), place)
        return kept
    return Kept(read_list(values, ANY, place))


def _read_tables(value, key, keys, place):
    if not isinstance(value, list):
        raise place.error(f"got {quoted(value)}", f"one or more [[{key.path}]] are needed")
    if not value:
        raise place.error("got none", f"one or more [[{key.path}]] are needed")
    if len(value) > MOST_TABLES:
        raise place.error(f"got {len(value):,} [[{key.path}]]", f"at most {MOST_TABLES:,} are possible")
    return [read_table(row, keys, key.path, place.at(name)) for row, name in zip(value, called(value), strict=True)]


def called(rows) -> list:
    """What messages call the rows of a list of tables: its name where that tells it from the others, else its index."""
    names = [row.get("name") if isinstance(row, dict) else None for row in rows]
    often = Counter(name for name in names if isinstance(name, str) and name)
    return [name if isinstance(name, str) and often[name] == 1 else i for i, name in enumerate(names)]


READERS = {
    "text": _read_text,
    "label": _read_label,
    "choice": _read_choice,
    "choices": _read_choices,
    "whole": _read_whole,
    "switch": _read_switch,
    "number": _read_number,
    "series": _read_series,
    "list": _read_list,
    "column": _read_column,
    "column or rows": _read_column_or_rows,
    "labels": _read_labels,
    "kept": _read_kept,
    "numbers": _read_numbers,
    "numbers or rows": _read_numbers_or_rows,
    "rows": _read_rows,
    "profile": _read_profile,
    "matrix": _read_matrix,
    "named": _read_named,
    "table": _read_table,
    "columns": _read_columns,
    "tables": _read_tables,
}

KINDS = {
    "text": "text",
    "label": "text or whole number",
    "choice": "one of",
    "choices": "list of",
    "whole": "whole number",
    "number": "number",
    "series": "number, or one a period as a list or CSV column",
    "list": "list of numbers",
    "column": "list of numbers or CSV column",
    "column or rows": "list of numbers, CSV column or rows of periods",
    "labels": "list of numbers or names",
    "kept": "list of columns' names, or table of lists",
    "numbers": "number, list, draw or CSV column",
    "numbers or rows": "number, list, draw, CSV column or rows of periods",
    "switch": "true or false",
    "matrix": "number, draw, rows of numbers or CSV file",
    "rows": "rows of numbers or CSV file",
    "profile": "list of numbers, rows of periods, CSV file or CSV column",
    "named": "{ NAME = number }",
    "table": "table",
    "columns": "CSV file, or table of lists",
    "tables": "tables",
}
