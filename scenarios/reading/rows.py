"""Rows of numbers: lines of a network, and profiles whose rows are periods; from lists or CSV files.

Checked, both are tuples of tuples of floats.
"""

from __future__ import annotations

from scenarios.reading.columns import Labelled, labelled, read_column, read_columns
from scenarios.reading.csv_file import CsvFile
from scenarios.reading.errors import Place, nearest, one_of, quoted
from scenarios.reading.population import read_list
from scenarios.reading.time_labels import KNOWN, WHEN, called, check_order, says_when

NODES_NEEDED = (
    f"a column for each node, named 0, 1, 2 and so on or by name, is needed; a column of time is called {one_of(KNOWN)}"
)
ENTRY = "[-1e6, 1e6]"  # what an entry of a row can be


def read_rows(value, entries, place: Place) -> tuple:
    """Rows such as [i, j, r, x], or a CSV file with columns of these names; entries with "?" may be left out.

    Raises ScenarioError that names the row.
    """
    if isinstance(value, dict):
        return _rows_of_csv(_csv(value, place), entries, place)
    if not isinstance(value, list):
        raise place.error(f"got {quoted(value)}", f"rows [{', '.join(entries)}] or {{ csv = FILE }} are needed")
    least = sum(not entry.endswith("?") for entry in entries)
    for i, row in enumerate(value):
        if not isinstance(row, list) or not least <= len(row) <= len(entries):
            raise place.at(i).error(f"got {quoted(row)}", f"[{', '.join(entries)}] is needed")
    return tuple(read_list(row, ENTRY, place.at(i)) for i, row in enumerate(value))


def _rows_of_csv(file, entries, place):
    file = CsvFile(file, place)
    header = file.header
    names = [entry.removesuffix("?") for entry in entries]
    there = sum(not entry.endswith("?") or entry[:-1] in header for entry in entries)
    wanted = names[:there]
    columns = read_columns(file, wanted)
    return labelled(zip(*(read_list(columns[name], ENTRY, place.at(name)) for name in wanted), strict=True), file.name)


def read_profile(value, interval, place: Place) -> tuple:
    """One row a period, one number a node: a list, rows of them, { csv = FILE } of nodes' columns, or { csv, column }.

    What `by_node` still has to put in order where it is a CSV file's. Raises ScenarioError that names the row.
    """
    if isinstance(value, dict) and set(value) == {"csv", "column"}:
        return (read_list(read_column(value["csv"], value["column"], place), interval, place),)
    if isinstance(value, dict):
        return _periods_of_csv(_csv(value, place), interval, place)
    if not isinstance(value, list) or not value:
        raise place.error(f"got {quoted(value)}", "a list of numbers, rows of periods, or { csv = FILE } is needed")
    if not isinstance(value[0], list):
        return (read_list(value, interval, place),)
    for i, row in enumerate(value):
        if not isinstance(row, list) or len(row) != len(value[0]):
            raise place.at(i).error(f"got {quoted(row)}", f"a list of {len(value[0])} numbers, as in row 0, is needed")
    return tuple(read_list(row, interval, place.at(i)) for i, row in enumerate(value))


class Headed(Labelled):
    """Rows of a CSV file, a number a node, whose columns' header nobody has yet held against the nodes."""

    header: tuple[str, ...] = ()


def _periods_of_csv(file, interval, place):
    """Rows of a CSV file, a column a node, in any order; those named 0, 1, 2 … in theirs."""
    file = CsvFile(file, place)
    nodes = [name for name in file.header if not says_when(name)]
    numbers = _numbers(nodes)
    nodes = numbers if set(numbers) == set(nodes) else nodes
    if not nodes:
        raise place.error(f"{file.name} has no column of a node", NODES_NEEDED, nearest("", WHEN))
    columns = read_columns(file, nodes)
    when = [name for name in file.header if name not in nodes]
    check_order(file, when)
    rows = Headed(zip(*(read_list(columns[name], interval, place.at(name)) for name in nodes), strict=True))
    rows.file, rows.header, rows.times = file.name, tuple(nodes), called({name: file.texts(name) for name in when})
    return rows


def by_node(rows, names, place: Place) -> tuple:
    """A profile with its columns in the order of the nodes' names; without names, or by numbers, in that of 0, 1, 2 ….

    Raises ScenarioError where the header of a CSV file calls another node, or leaves one out.
    """
    if not isinstance(rows, Headed):
        return rows
    header = list(rows.header)
    if set(header) == set(names):
        order = [header.index(name) for name in names]
        return labelled((tuple(row[k] for k in order) for row in rows), rows.file, times=rows.times)
    if header == _numbers(header):
        return labelled(rows, rows.file, times=rows.times)
    if not names:
        odd = next(name for name in header if name not in _numbers(header))
        raise place.error(f"{rows.file} has {_got(header, odd)}", NODES_NEEDED, nearest(odd, WHEN))
    odd = next((name for name in header if name not in names), None)
    got = f"no column {quoted(next(name for name in names if name not in header))}" if odd is None else ""
    got = got or f"a column {quoted(odd)}, which is no node"
    raise place.error(f"{rows.file} has {got}", f"a column for each node is needed: {one_of(names)}", _near(odd, names))


def _near(odd, names):
    return "" if odd is None else nearest(odd, names)


def _numbers(header):
    """What columns are called that are called by number."""
    return [str(number) for number in range(len(header))]


def _got(header, odd):
    """What is wrong with the names of a profile's columns: a word rather than a missing number, where there is one."""
    word = next((name for name in header if not name.isdecimal()), None)
    if word is not None:
        return f"a column {quoted(word)}"
    missing = next(name for name in _numbers(header) if name not in header)
    return f"a column {quoted(odd)} but none {quoted(missing)}"


def _csv(value, place):
    if set(value) != {"csv"}:
        raise place.error(f"got {quoted(value)}", '{ csv = "file.csv" } is needed')
    return value["csv"]
