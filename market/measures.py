"""Measures of an outcome: fairness indices, spread, welfare and efficiency."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from market.aggregator.game import Game
    from market.arrays import Numbers
    from market.outcome import Outcome


RELATIVE_ROUNDING = 1e-9  # share of the largest number that counts as nothing


def jain(values: npt.ArrayLike) -> Numbers:
    """Jain's fairness index (Σv)² / (n Σv²) of non-negative values; 1 where all are zero, NaN where one is below 0
    (docs/aggregator/model.md, Measures). Of rows of values, shape (rows, values), one each.

    >>> float(jain([1, 1, 1, 1])), float(jain([1, 0, 0, 0])), float(jain([0, 0]))
    (1.0, 0.25, 1.0)
    """
    rows = np.asarray(values, dtype=float)
    if not rows.size:
        return 1.0
    found = _jain_by_row(np.atleast_2d(rows))
    return found if rows.ndim > 1 else float(found[0])


def gini(values: npt.ArrayLike) -> Numbers:
    """Gini coefficient Σ_i Σ_j |v_i − v_j| / (2 n Σ v) of non-negative values; 0 where all are zero, NaN as jain's
    (docs/aggregator/model.md, Measures). Of rows of values, shape (rows, values), one each.

    >>> float(gini([1, 1, 1, 1])), float(gini([0, 0, 0, 1]))
    (0.0, 0.75)
    """
    rows = np.sort(np.asarray(values, dtype=float))
    if not rows.size:
        return 0.0
    found = _gini_by_row(np.atleast_2d(rows))
    return found if rows.ndim > 1 else float(found[0])


def _jain_by_row(rows):
    """Jain's index of each row; a number's square is that of Python's power, which is the same for one row and many."""
    largest = np.max(np.abs(rows), axis=1, keepdims=True)
    share, nothing = rows / np.where(largest == 0, 1.0, largest), largest[:, 0] == 0
    squares = np.where(nothing, 1.0, rows.shape[1] * np.sum(share**2, axis=1))
    found = np.array([total**2 for total in np.sum(share, axis=1).tolist()]) / squares
    return np.where(np.min(share, axis=1) < -RELATIVE_ROUNDING, np.nan, np.where(nothing, 1.0, found))


def _gini_by_row(rows):
    """Gini coefficient of each row, its values in order; nearly equal values would round below 0."""
    n, total = rows.shape[1], np.sum(rows, axis=1)
    above = np.sum((2 * np.arange(1, n + 1) - n - 1) * rows, axis=1)
    below = rows[:, 0] < -RELATIVE_ROUNDING * np.maximum(np.abs(rows[:, 0]), np.abs(rows[:, -1]))
    found = np.maximum(above / np.where(below | (total == 0), 1.0, n * total), 0.0)
    return np.where(below, np.nan, np.where(np.any(rows, axis=1), found, 0.0))


def lorenz(values: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Shares of the whole that the poorest have together, from nobody to all, shape (n + 1,) of non-negative values.

    NaN as jain's, the even shares where all are zero; twice the area between it and the even shares is Gini's
    coefficient (docs/aggregator/model.md, Measures).

    >>> lorenz([3, 1]).tolist()
    [0.0, 0.25, 1.0]
    """
    values = np.sort(np.asarray(values, dtype=float))
    total = np.sum(values)
    if np.isnan(jain(values)):
        return np.full(len(values) + 1, np.nan)
    if total == 0:
        return np.linspace(0.0, 1.0, len(values) + 1)
    return np.concatenate([[0.0], np.cumsum(values) / total])


def total_welfare(game: Game, outcome: Outcome) -> float:
    """Utility of all users less the cost of production, ΣU − ∫₀^Y p, in money (docs/aggregator/model.md, Measures).

    What tariffs bring counts: it is paid by some and had by others.
    """
    spent = outcome.price * float(np.sum(outcome.x)) + outcome.revenue
    return outcome.welfare + spent - float(game.price.cost(outcome.quantity))


def producer_surplus(game: Game, outcome: Outcome) -> float:
    """What producers earn above their cost, pY − ∫₀^Y p, in money (docs/aggregator/model.md, Measures)."""
    return outcome.price * outcome.quantity - float(game.price.cost(outcome.quantity))


def price_of_anarchy(planned: float, welfare: float) -> float | None:
    """Users' surplus under one welfare-maximising planner over that of the market, at least 1; None where undefined.

    The planner could buy what the market bought, so less than 1 by rounding is 1 (docs/aggregator/model.md, Measures).
    """
    if not welfare > 0:
        return None
    ratio = planned / welfare
    return 1.0 if 1 - RELATIVE_ROUNDING <= ratio < 1 else ratio


def price_of_fairness(welfare: float, welfare_at_zero: float) -> float | None:
    """Share of users' surplus lost against alpha = 0, 1 − Σs(alpha)/Σs(0); None where undefined
    (Li, Motoki, Zhang, section IV-D)."""
    return 1 - welfare / welfare_at_zero if welfare_at_zero > 0 else None
