"""Columns that say when: which names are known, and rows that stand in the order of time, each once, without gaps."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from scenarios.reading.csv_file import CsvFile
from scenarios.reading.errors import cut, quoted

FREE = ("label", "name")  # say what a row is called, in any order
WHEN = (
    "period",
    "hour",
    "time",
    "interval",
    "timestamp",
    "date",
    "datetime",
    "day",
    "step",
    "slot",
    "index",
    "snapshot",
)
KNOWN = (*WHEN, *FREE)
CLOCK = re.compile(r"(\d{1,2}):([0-5]\d)(?::([0-5]\d))?", re.ASCII)
GAP_IN_STEPS = 1.5  # of the usual step: months differ by less
LONGEST_LABEL = 30


def says_when(name: str) -> bool:
    """Is it the name of a column of labels? Spreadsheets and pandas write an index without name.

    >>> says_when("INTERVAL"), says_when("Local time"), says_when("3")
    (True, True, False)
    """
    words = re.split(r"[\s_()\[\]-]+", name.strip().lower())
    return name.strip() == "" or name.startswith("Unnamed:") or any(word in KNOWN for word in words)


def called(columns: dict[str, list[str]]) -> tuple[str, ...]:
    """What rows are called by their columns of time, a bare number with its column's name; empty without any column.

    >>> called({"hour": ["0", "1"]}), called({"date": ["1 May", "1 May"], "time": ["06:00", "07:00"]}), called({})
    (('hour 0', 'hour 1'), ('1 May 06:00', '1 May 07:00'), ())
    """
    words = {name: "period" if name in ("", "index") or name.startswith("Unnamed:") else name for name in columns}
    named = [[f"{words[name]} {one}" if one.isdecimal() else one for one in texts] for name, texts in columns.items()]
    return tuple(map(" ".join, zip(*named, strict=True)))


def check_order(file: CsvFile, columns: list[str]) -> None:
    """Raise ScenarioError where rows are not in the order of time, stand twice, or leave some out."""
    columns = [name for name in columns if not any(word in name.lower() for word in FREE)]
    if not columns:
        return
    texts = [file.texts(name) for name in columns]
    moments = [moments_of(column) for column in texts]
    whole = [k for k, column in enumerate(texts) if moments[k] is not None and len(columns) > 1 and _dated(column)]
    if len(columns) == 1 or whole:
        for k in whole or [0]:
            _check_one(file, columns[k], texts[k], moments[k])
        return
    _check_twice(file, " and ".join(columns), list(map(" ".join, zip(*texts, strict=True))))


def _dated(texts):
    """Do they say day and time of day?"""
    return len(set(texts)) > 1 and all(len(text) > 10 for text in texts[:1])


def moments_of(texts) -> np.ndarray | None:
    """Labels as numbers that grow with time: as they are, of clocks in minutes, of dates in seconds; None for words."""
    try:
        return np.array(texts, dtype=float)
    except ValueError:
        pass
    clock = [CLOCK.fullmatch(text) for text in texts]
    if all(clock):
        return np.array([[int(part or 0) for part in found.groups()] for found in clock]) @ [60.0, 1.0, 1 / 60]
    dates = pd.to_datetime(pd.Series(texts), format="ISO8601", errors="coerce", utc=True)
    return None if dates.isna().any() else dates.to_numpy(dtype="datetime64[s]").astype(float)


def _check_one(file, name, texts, moments):
    if moments is None:
        return _check_twice(file, name, texts)
    steps = np.diff(_first_round(moments))
    if not len(steps):
        return None
    odd = np.flatnonzero((steps <= 0) | _too_long(steps))
    if odd.size:
        i = int(odd[0])
        came, before = _shown(texts[i + 1]), _shown(texts[i])
        said = f"{came} again" if steps[i] == 0 else f"{came} after {before}"
        kind = " (a gap)" if steps[i] > 0 else " (out of order)" if steps[i] < 0 else ""
        raise _error(file, name, i + 1, f"{said}{kind}")
    return None


def _too_long(steps):
    forward = np.sort(steps[steps > 0])
    usual = forward[(len(forward) - 1) // 2] if len(forward) else np.inf  # the lower one of two in the middle
    return steps > GAP_IN_STEPS * usual


def first_gap(moments: np.ndarray) -> int | None:
    """After which of some ascending moments more than the usual step passes, None where after none."""
    odd = np.flatnonzero(_too_long(np.diff(moments)))
    return int(odd[0]) if odd.size else None


def _first_round(moments):
    """Labels up to where they begin anew, where all of them do, as the hours of several days."""
    anew = np.flatnonzero(moments[1:] == moments[0]) + 1
    if not len(anew) or anew[0] < 2:
        return moments
    length = int(anew[0])
    return moments[:length] if np.array_equal(moments, np.resize(moments[:length], len(moments))) else moments


def _check_twice(file, name, texts):
    seen = pd.Series(texts).duplicated().to_numpy()
    if seen.any():
        i = int(np.flatnonzero(seen)[0])
        raise _error(file, name, i, f"{_shown(texts[i])} again")


def _shown(text):
    return quoted(cut(text, LONGEST_LABEL))


def _error(file, name, i, said):
    return file.place.error(
        f"column {quoted(name)}, {file.row(i)} is {said}",
        'rows in order of time, each once, without gaps are needed; call the column "label" where they are meant so',
    )
