"""How something is distributed over users: classes by rank, what each class has of it, and how its worst part fares."""

from __future__ import annotations

import numpy as np

from market.arrays import Array, Integers, sums
from market.measures import RELATIVE_ROUNDING


def quantile_classes(values: Array, count: int) -> Integers:
    """Class 0 … count − 1 of each user by the rank of its value, lowest first; −1 where it has none (NaN).

    Equal values share a class, that of their mean rank r (from 1): floor((r − 1/2) count / n).

    >>> quantile_classes(np.array([30.0, 10.0, 20.0, 40.0]), 2).tolist()
    [1, 0, 0, 1]
    >>> quantile_classes(np.array([5.0, 5.0, 5.0, np.nan, 9.0]), 2).tolist()
    [0, 0, 0, -1, 1]
    """
    known = np.flatnonzero(~np.isnan(values))
    _, at, often = np.unique(values[known], return_inverse=True, return_counts=True)
    below = np.cumsum(often) - often
    classes = np.full(len(values), -1, dtype=np.intp)
    classes[known] = ((2 * below + often) * count // (2 * len(known)))[at] if len(known) else 0
    return classes


def cvar(values: Array, level: float) -> float:
    """Mean of the worst share `level` of users, NaN without any: CVaR of a payoff (Rockafellar, Uryasev 2002, eq. 8).

    Of a user whom the level's end cuts, the part within counts.

    >>> float(cvar(np.array([4.0, 1.0, 2.0, 3.0]), 0.5)), float(cvar(np.array([4.0, 1.0, 2.0, 3.0]), 0.375))
    (1.5, 1.3333333333333333)
    """
    if not len(values):
        return np.nan
    many = level * len(values)
    weights = np.clip(many - np.arange(len(values)), 0.0, 1.0)
    return float(weights @ np.sort(values)) / many


def shares(values: Array, classes: Integers, count: int) -> Array:
    """Share of what all classes have together that each has, shape (count,); class −1 does not count.

    Not a number where a value is below 0, or all are 0.
    """
    within = classes >= 0
    values, largest = values[within], float(np.max(np.abs(values[within]), initial=0.0))
    if largest == 0 or np.min(values) < -RELATIVE_ROUNDING * largest:
        return np.full(count, np.nan)
    each = sums(classes[within], values / largest, count)
    return each / float(np.sum(each))
