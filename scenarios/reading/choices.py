"""A choice made anew: what only the one before needs is dropped, what the new one needs comes where it is known."""

from __future__ import annotations

from collections.abc import Collection

from scenarios.reading import people, toml_text
from scenarios.reading.errors import Place
from scenarios.reading.schema import REQUIRED, Key


def follow(
    raw: dict,
    keys: tuple[Key, ...],
    path: tuple,
    before: object,
    place: Place,
    said: Collection[tuple] = (),
    known: dict | None = None,
    examples: bool = False,
) -> None:
    """Let the rest of a table, as a file has it, follow the value just set at a path; does nothing unless a choice.

    path: keys and numbers of groups; before: the value that stood there, or None; said: paths set on purpose, which
    stay; known: the same table as it once was, of which a key that is needed is taken; examples: else its example?
    Raises ScenarioError.
    """
    key = _choice(keys, ".".join(part for part in path if isinstance(part, str)))
    if key is None:
        return
    table = raw
    for part in path[:-1]:
        table = table[part]
    if table[key.name] == (key.default if before is None else before):
        return
    deep, known = len(path) - 1, known or {}
    shown = keys if examples else ()
    kept = {one[deep] for one in said if one[:deep] == path[:deep] and len(one) > deep}
    if any(row.type == "kept" and row.table == key.table for row in keys):
        people.fill(table, keys, key.table, place)
    if key.follow is not None:
        key.follow(table, before, kept, known, shown, place)
    _suit(table, [row for row in keys if row.table == key.table], kept, known, shown)


def _choice(keys, dotted):
    return next((key for key in keys if key.path == dotted and key.type == "choice"), None)


def _suit(table, rows, kept, known, keys):
    """Drop and add keys of a table such that they go with its choices."""
    chosen = {row.name: table.get(row.name, row.default) for row in rows if row.type == "choice"}
    fit = {row.name: row for row in rows if _goes_with(row, chosen)}
    for name in {row.name for row in rows} & set(table) - set(fit) - kept:
        del table[name]
    for name, row in fit.items():
        if name not in table and (row.default is REQUIRED or (row.when and name in known)):
            found = known.get(name, _example(row, keys) if keys else None)
            if found is not None:
                table[name] = toml_text.copy(found)


def _goes_with(row, chosen):
    return row.goes_with({name: word for name, word in chosen.items() if isinstance(word, str)})


def _example(row, keys):
    """A legal value of a key; of a table, with one of each of its keys."""
    if row.type in ("table", "columns"):
        return {one.name: _example(one, keys) for one in keys if one.table == row.path}
    return row.example
