"""Columns of a CSV file as lists of numbers that know in which row each stands."""

from __future__ import annotations

import numpy as np

from scenarios.reading.csv_file import CsvFile, row_name
from scenarios.reading.errors import Place


class Column(list):
    """Numbers of one CSV column, also as `array`; `label(i)` names the i-th as a spreadsheet does."""

    def __init__(self, array: np.ndarray, file: CsvFile):
        super().__init__(array.tolist())
        self.array, self.label, self.file, self.picked = array, file.row, file.name, file.picked

    def checked(self) -> Labelled:
        """The numbers as a tuple that knows the same."""
        return labelled(self, self.file, self.picked)


class Labelled(tuple):
    """Checked numbers, or rows of them, that know in which row of which CSV file each stands, and what it is called."""

    file = ""
    picked: np.ndarray | None = None
    times: tuple[str, ...] = ()

    def label(self, i) -> str:
        """What the i-th is called."""
        return row_name(i if self.picked is None else int(self.picked[i]), self.file)


def labelled(values, file, picked=None, times=()) -> Labelled:
    """Checked values of a CSV file of that name; picked: the numbers of their rows, where not all stand there.

    times: what its columns of time call each row.
    """
    found = Labelled(values)
    found.file, found.picked, found.times = file, picked, times
    return found


def label(values, i) -> str:
    """What the i-th of some values is called in a message."""
    return values.label(i) if isinstance(values, Column | Labelled) else f"value {i} (counted from 0)"


def row_label(values, i) -> str:
    """`, row 3 of lines.csv …` of the i-th of some checked rows; nothing where they are from no file."""
    return f", {values.label(i)}" if isinstance(values, Labelled) else ""


def read_columns(file: CsvFile, wanted, worded=frozenset()) -> dict[str, list]:
    """The wanted columns of a CSV file, as numbers; those of `worded` as texts where they are not all numbers.

    Raises ScenarioError for a missing column, a ragged row, and a cell that is no number.
    """
    for name in wanted:
        file.check_has(name)
    words = {name: file.texts(name) for name in wanted if name in worded and not file.is_numeric(name)}
    numbers = file.numbers([name for name in wanted if name not in words])
    return {name: words[name] if name in words else Column(numbers[name], file) for name in wanted}


def read_column(file, name, place: Place) -> Column:
    """One column of a CSV file (a path relative to the TOML), as numbers; raises ScenarioError."""
    return read_columns(CsvFile(file, place), [name])[name]
