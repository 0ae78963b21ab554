"""The best seller outside each buyer's contracts, round after round, without looking at every pair again.

Claims move little from round to round, so each buyer keeps a short list of its best sellers and a bound on what any
other can leave it; only where the bound does not settle the matter are all sellers looked at. The answer is exact.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from market.arrays import Array, Integers
from market.bilateral.bargain import Bargain

LIST_LENGTH = 24
MOST_DOUBTFUL = 0.05  # share of buyers looked at in full above which lists are made anew


@dataclass(frozen=True, eq=False)
class Shortlist:
    """Each buyer's listed sellers, ascending, with their values, both (m, listed), what the best other leaves at v."""

    sellers: Integers
    values: Array
    rest: Array
    v: Array


@dataclass(frozen=True, eq=False)
class Best:
    """The seller that leaves each buyer most outside its contracts, what it leaves, both (m,); the lists or None."""

    seller: Integers
    left: Array
    lists: Shortlist | None = None


def best_outside(bargain: Bargain, v: Array, before: Best | None = None) -> Best:
    """The Best with sellers' claims v (n,), the lowest number where several; before: the last round's, if any."""
    values = bargain.outside_value
    if not values.shape[1]:
        return Best(np.zeros(len(values), dtype=np.intp), np.full(len(values), -np.inf))
    if values.shape[1] <= 2 * LIST_LENGTH:
        return Best(*largest(values - v))
    if before is None or before.lists is None:
        return _made_anew(values, v)
    lists = before.lists
    at, left = largest(lists.values - v[lists.sellers])
    seller = lists.sellers[np.arange(len(at)), at]
    doubtful = np.flatnonzero(left <= lists.rest + np.max(lists.v - v))
    if len(doubtful) > MOST_DOUBTFUL * len(left):
        return _made_anew(values, v)
    seller[doubtful], left[doubtful] = largest(values[doubtful] - v)
    return Best(seller, left, lists)


def largest(left: Array) -> tuple[Integers, Array]:
    """(Column, value) of the largest entry of each row, the first where several."""
    column = left.argmax(axis=1)
    return column, left[np.arange(len(left)), column]


def _made_anew(values, v):
    left = values - v
    order = np.argpartition(-left, LIST_LENGTH, axis=1)
    sellers, rows = np.sort(order[:, :LIST_LENGTH], axis=1), np.arange(len(left))
    rest = left[rows, order[:, LIST_LENGTH]]
    return Best(*largest(left), Shortlist(sellers, np.take_along_axis(values, sellers, axis=1), rest, v))
