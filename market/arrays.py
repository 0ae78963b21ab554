"""Types of arrays for annotations; what their axes are stands in the docstrings."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Integers = npt.NDArray[np.intp]
Mask = npt.NDArray[np.bool_]
Numbers = float | Array


def sums(at: Integers | Sequence[int], values: Array, count: int) -> Array:
    """Sums of values by the place each belongs to, shape (count,); at, values: one shape (k,).

    >>> sums([0, 2, 0], np.array([1.0, 5.0, 2.0]), 3).tolist()
    [3.0, 0.0, 5.0]
    """
    return np.asarray(np.bincount(at, values, count), dtype=float)


def distinct(values: Array) -> Array:
    """The distinct values, ascending, shape (k,): NumPy's `unique` to the bit, without loading its masked arrays.

    >>> distinct(np.array([2.0, 1.0, 2.0])).tolist()
    [1.0, 2.0]
    """
    ascending = np.sort(values, axis=None)
    new = np.ones(len(ascending), dtype=bool)
    new[1:] = ascending[1:] != ascending[:-1]
    return ascending[new]


LARGEST = 1e100  # of a number that a player answers: sums and products of it stay finite


def answered(answer: object) -> np.ndarray | None:
    """A player's answer as an array of numbers or truth values; None where it is none, ragged or masked."""
    try:
        values = np.asarray(answer)
    except (TypeError, ValueError):
        return None
    masked = type(answer).__module__.startswith("numpy.ma")
    return values if values.dtype.kind in "biuf" and not masked else None
