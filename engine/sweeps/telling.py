"""Which rows of a table of points tell whether all are legal, found by whole blocks at the pace of C.

What is allowed of a number is an interval, perhaps of whole numbers only; so of the cells of a column that are written
alike but for their numbers, those with the least, the greatest and a number with a point at each place are enough.
"""

import io
import re
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

ROWS_AT_ONCE = 250_000  # rows of a block
PLACES = r"(?<![^\s\[{(,=])[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?(?![^\s\]}),])"  # numbers that stand by themselves
NUMBERS = re.compile(PLACES, re.ASCII)
ODD = re.compile(rb"(?:^|[,\[{= ])[-+]?(?:\.\d|0\d)|\d\.(?![0-9])", re.MULTILINE)  # numbers to pandas, not to TOML
POINTED = "#."  # what stands for a number with a point or an exponent where whole ones are told from others
MOST_FORMS = 1_000  # ways of writing a column's cells that are told apart


@dataclass
class Extremes:
    """Least and greatest number so far, and the rows they stand in, with the first one that is not finite."""

    least: float = np.inf
    most: float = -np.inf
    rows: dict = field(default_factory=dict)

    def see(self, values, rows):
        """Take note of numbers, shape (k,), that stand in these rows, shape (k,)."""
        fine = np.isfinite(values)
        if "endless" not in self.rows and not np.all(fine):
            self.rows["endless"] = int(rows[np.argmin(fine)])
        if not np.any(fine):
            return
        low = int(np.argmin(np.where(fine, values, np.inf)))
        high = int(np.argmax(np.where(fine, values, -np.inf)))
        if values[low] < self.least:
            self.least, self.rows["least"] = float(values[low]), int(rows[low])
        if values[high] > self.most:
            self.most, self.rows["most"] = float(values[high]), int(rows[high])


def telling_rows(rows, width):
    """Ascending numbers of the rows to try; rows: a points.Rows of so many cells each."""
    columns, found = [{} for _ in range(width)], set()
    for first in range(0, len(rows), ROWS_AT_ONCE):
        last = min(first + ROWS_AT_ONCE, len(rows))
        block = bytes(rows.text[rows.ends[first] : rows.ends[last]])
        odd = ODD.search(block)
        if odd is not None:
            found.add(int(np.searchsorted(np.asarray(rows.ends), rows.ends[first] + odd.start(), "right")) - 1)
        for k, forms in enumerate(columns):
            _see(forms, block, k, width, first)
    for forms in columns:
        for extremes in forms.values():
            found.update(extremes.rows.values())
    return sorted(found)


def _see(forms, block, column, width, first):
    """Take note of one column of a block whose first row is the first-th; forms: {way of writing: Extremes}."""
    values = None if b'"' in block else _numbers(block, column, width)
    if values is None:
        return _see_texts(forms, _read(block, column, width, str), first)
    rows = np.arange(first, first + len(values))
    forms.setdefault("#", Extremes()).see(values, rows)
    if values.dtype == float and POINTED not in forms:  # a point is wrong where whole numbers are needed
        pointed = _read(block, column, width, str).str.contains("[.eE]").to_numpy()
        if np.any(pointed):
            forms.setdefault(POINTED, Extremes()).see(values[pointed][:1], rows[pointed][:1])
    return None


def _numbers(block, column, width):
    """One column of a block as numbers, whole ones where all are written so; None where some cell is none."""
    values = _read(block, column, width, None, low_memory=False).to_numpy()
    return values if values.dtype.kind in "iuf" else None


def _see_texts(forms, cells, first):
    codes, texts = pd.factorize(cells)
    _, at = np.unique(codes, return_index=True)
    for text, row in zip(texts, (first + at).tolist(), strict=True):
        form = NUMBERS.sub(lambda number: POINTED if set(number[0]) & set(".eE") else "#", text.strip())
        for place, number in enumerate(NUMBERS.findall(text) or ["0"]):
            key = form if form in ("#", POINTED) else (form, place)
            if key in forms or len(forms) < MOST_FORMS:
                forms.setdefault(key, Extremes()).see(np.array([float(number)]), np.array([row]))


def _read(block, column, width, kind, **options):
    given = {"header": None, "names": range(width), "usecols": [column], "index_col": False, "dtype": kind}
    plain = {"na_filter": False, "skip_blank_lines": False, "engine": "c"}
    return pd.read_csv(io.BytesIO(block), **given, **plain, **options)[column]
