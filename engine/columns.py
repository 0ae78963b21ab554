"""Tables as columns, and as CSV text: the letters that pandas writes, which takes longer to load than a small run."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

Columns = Mapping[str, Sequence | np.ndarray]  # {name: values by row}


def with_people(columns: Columns, people: Mapping[str, np.ndarray], users: np.ndarray) -> dict:
    """A table's columns, followed by what is known of the user of each row; one of a name there is called "kept NAME".

    people: {name: values by user}; users: number of each row's user, shape (rows,).
    """
    return dict(columns) | {
        f"kept {name}" if name in columns else name: values[users]
        if values.dtype.kind == "f"
        else values[users].tolist()
        for name, values in people.items()
    }


def people_arrays(people: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """{"kept NAME": values by user} as NumPy's files take them: words in the width of the longest one."""
    return {f"kept {name}": values if values.dtype.kind == "f" else _wide(values) for name, values in people.items()}


def _wide(words):
    return words.astype(f"U{max(map(len, words.tolist())) or 1}")


def write_csv(columns: Columns, path: Path) -> None:
    """Write a table as CSV, a row a line below the names; nothing stands for None and what is not a number."""
    with open(path, "w", encoding="utf-8", newline="") as file:
        _write(columns, file)


def csv_text(columns: Columns) -> str:
    """The same as text."""
    file = io.StringIO()
    _write(columns, file)
    return file.getvalue()


def _write(columns, file):
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(zip(*map(_cells, columns.values()), strict=True))


def _cells(values):
    """The cells of a column: whole numbers are written as such where all are."""
    if isinstance(values, np.ndarray) and values.dtype.kind in "iuU":
        return values.tolist()
    if isinstance(values, np.ndarray) and values.dtype.kind == "f":
        exact = values if values.itemsize == 8 else values.astype(str)  # as few digits as its own precision needs
        odd = np.isnan(values)
        return (np.where(odd, "", exact.astype(object)) if odd.any() else exact).tolist()
    values = [value.item() if isinstance(value, np.generic) else value for value in values]
    kinds = {type(value) for value in values}
    if kinds <= {int, float, type(None)} and kinds != {int}:
        values = [None if value is None else float(value) for value in values]
    return ["" if value is None or value != value else value for value in values]
