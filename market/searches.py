"""Searches as generators: a search yields a point and is sent the answer there, so that many take their steps together.

One search is answered number by number, many by one call on an array; each goes through the same points either way.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from typing import Any, TypeVar

import numpy as np

from market.arrays import Array

Found = TypeVar("Found")


def alone(search: Generator[float, Any, Found], answer: Callable[[float], Any]) -> Found:
    """What a search returns."""
    try:
        point = next(search)
        while True:
            point = search.send(answer(point))
    except StopIteration as end:
        return end.value


def together(
    searches: Sequence[Generator[float, Any, Found]], answers: Callable[[Array, list[int]], Sequence[Any]]
) -> list[Found]:
    """What each search returns; answers(points, which): those at one point of each search still under way."""
    found: list[Any] = [None] * len(searches)
    which, told = list(range(len(searches))), [None] * len(searches)
    while which:
        points, left = [], []
        for k, answer in zip(which, told, strict=True):
            try:
                points.append(searches[k].send(answer))
                left.append(k)
            except StopIteration as end:
                found[k] = end.value
        which = left
        told = list(answers(np.array(points), which)) if which else []
    return found


def asking(
    search: Generator[float, float, Found], point: Callable[[float], float], answer: Callable[[float, float], float]
) -> Generator[float, float, Found]:
    """A search as one that asks at other points: at point(x) in place of x, and is told answer(x, what is there)."""
    try:
        at = next(search)
        while True:
            at = search.send(answer(at, (yield point(at))))
    except StopIteration as end:
        return end.value
