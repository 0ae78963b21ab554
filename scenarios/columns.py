"""Columns of a CSV file as lists of numbers that know in which row each stands."""

from __future__ import annotations

import csv
import io

from scenarios.errors import Place, nearest, one_of, quoted
from scenarios.files import LARGEST, content_of


class Column(list):
    """Numbers of one CSV column; `label(i)` names the i-th as a spreadsheet does (the header is row 1)."""

    file = ""

    def label(self, i) -> str:
        return f"row {i + 2} of {self.file} (the header is row 1)"


def label(values, i) -> str:
    """What the i-th of some values is called in a message."""
    return values.label(i) if isinstance(values, Column) else f"value {i} (counted from 0)"


def read_columns(file, wanted, place: Place) -> dict[str, Column]:
    """The wanted columns of a CSV file (a path relative to the TOML), as numbers.

    Raises ScenarioError for a missing file or column, a ragged row, and a cell that is no number.
    """
    header, rows = _rows(file, place)
    where = {}
    for name in wanted:
        if header.count(name) != 1:
            got = f"{file} has {header.count(name)} columns {quoted(name)}"
            raise place.error(got, f"its columns are {one_of(header)}", nearest(name, header))
        where[name] = header.index(name)
    ragged = next((i for i, row in enumerate(rows) if len(row) != len(header)), None)
    if ragged is not None:
        got = f"row {ragged + 2} of {file} (the header is row 1) has {len(rows[ragged])} cells"
        raise place.error(got, f"the header has {len(header)}")
    return {name: _numbers([row[at] for row in rows], name, file, place) for name, at in where.items()}


def header_of(file, place: Place) -> list[str]:
    """Names of the columns of a CSV file; raises ScenarioError where it cannot be read."""
    return _rows(file, place)[0]


def _rows(file, place):
    if not (isinstance(file, str) and file.isprintable()):
        raise place.error(f"got {quoted(file)}", "the path of a CSV file is needed")
    path = place.folder / file
    try:
        header, *rows = csv.reader(io.StringIO(content_of(path, LARGEST).decode("utf-8-sig"), newline=""))
    except OSError as error:
        raise place.error(f"cannot read {quoted(file)}: {error.strerror}", f"looked in {place.folder}") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise place.error(f"{file} is not a CSV file: {error}", "UTF-8 text with commas is needed") from None
    except ValueError:
        raise place.error(f"{file} is empty", "a header row and a row per value are needed") from None
    header = [name.strip() for name in header]
    if not header:
        raise place.error(f"row 1 of {file} is blank", "a header row with a name for each column is needed")
    if len(header) == 1 and ";" in header[0]:
        raise place.error(f"{file} is separated by semicolons", "commas are needed")
    while rows and not rows[-1]:
        rows.pop()
    if not rows:
        raise place.error(f"{file} has no rows below its header", "a row per value is needed")
    return header, rows


def _numbers(cells, name, file, place):
    column = Column()
    column.file = file
    try:
        column[:] = map(float, cells)
    except ValueError:
        i = next(i for i, cell in enumerate(cells) if not _is_number(cell))
        bad = cells[i].strip()
        got = f"column {name}, {column.label(i)} is {quoted(bad) if bad else 'blank'}"
        raise place.error(got, "a number is needed") from None
    return column


def _is_number(cell):
    try:
        float(cell)
    except ValueError:
        return False
    return True
