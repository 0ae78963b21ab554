"""Tables as columns, and as CSV text: the letters that pandas writes, which takes longer to load than a small run."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

ROWS_AT_ONCE = 1 << 16  # rows that are written at once
MANY, SAMPLED = 1_000, 16  # cells from which on one in so many is looked at: do they repeat?
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


def columns_of(frame: pd.DataFrame) -> dict[str, np.ndarray]:
    """The columns of a pandas table."""
    return {name: column.to_numpy() for name, column in frame.items()}


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
    csv.writer(file, lineterminator="\n").writerow(columns)
    cells = [_cells(values) for values in columns.values()]
    alone = len(cells) == 1
    for lo in range(0, max(map(len, cells), default=0), ROWS_AT_ONCE):
        texts = [_texts(values[lo : lo + ROWS_AT_ONCE]) for values in cells]
        texts = [[text or '""' for text in texts[0]]] if alone else texts  # a line of nothing would be no row
        file.write("".join(f"{','.join(row)}\n" for row in zip(*texts, strict=True)))


def _cells(values):
    """The cells of a column as an array: whole numbers as such where all are, of others text, nothing for None."""
    if isinstance(values, np.ndarray) and values.dtype.kind in "iufU":
        return values
    kinds = set(map(type, values))
    if any(issubclass(kind, np.generic) for kind in kinds):
        values = [value.item() if isinstance(value, np.generic) else value for value in values]
        kinds = set(map(type, values))
    if kinds <= {int, float, type(None)} and kinds != {int}:
        return np.array(values, dtype=float)
    return ["" if value is None or value != value else value for value in values]


def _texts(cells):
    """Cells of a column as the letters of a CSV file; what comes again and again is worked out once."""
    if not isinstance(cells, np.ndarray):
        known = {cell: _text(cell) for cell in set(map(str, cells))}
        return [known[cell] for cell in map(str, cells)]
    exact = cells.view(f"i{cells.itemsize}") if cells.dtype.kind == "f" else cells  # -0.0 is not 0.0
    if len(cells) < MANY or len(np.unique(exact[::SAMPLED])) > len(cells) / (2 * SAMPLED):
        return _each(cells)
    _, first, place = np.unique(exact, return_index=True, return_inverse=True)
    return np.array(_each(cells[first]), dtype=object)[place].tolist()


def _each(cells):
    """The letters of each cell of an array, a float in as few digits as its own precision needs."""
    if cells.dtype.kind != "f":
        return list(map(_text if cells.dtype.kind == "U" else str, cells.tolist()))
    texts = list(map(repr, cells.tolist())) if cells.itemsize == 8 else cells.astype(str).tolist()
    for odd in np.flatnonzero(np.isnan(cells)).tolist():
        texts[odd] = ""
    return texts


def _text(cell):
    """A text as a cell, in quotes where it needs them."""
    if not any(letter in cell for letter in ',"\r\n'):
        return cell
    file = io.StringIO()
    csv.writer(file, lineterminator="\n").writerow([cell, ""])
    return file.getvalue().removesuffix(",\n")
