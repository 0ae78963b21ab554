"""The potential function of the game at alpha = 0 with an affine price: its maximiser is the equilibrium."""

from __future__ import annotations

import numpy as np
from scipy.optimize import brentq

from market.aggregator.game import Game
from market.arrays import Array
from market.prices import Affine
from market.utilities import Utility


def potential(game: Game, y: Array) -> float:
    """ΣV_j(y_j) − p0 Y − (c/2)(Y² + Σ y_j²), V_j(y) the largest utility player j's users get from y.

    Purchases y of shape (players,), energy; the result is money (docs/aggregator/model.md, The gap).
    Every player's payoff changes by exactly as much as the potential when it alone changes its purchase.
    Raises ValueError unless the price is affine and every player is a single user or an aggregator with alpha = 0.
    """
    rule = game.price
    if not isinstance(rule, Affine) or any(not block.objective.welfare for block in game.unmixed.blocks):
        raise ValueError("a potential exists only for an affine price and alpha = 0")
    y = np.asarray(y, dtype=float)
    value = sum(pooled_utility(game.player(j).utility, purchase) for j, purchase in enumerate(y))
    total = float(y.sum())
    return value - rule.p0 * total - rule.c / 2 * (total**2 + float(np.sum(y**2)))


def pooled_utility(utility: Utility, y: float) -> float:
    """V(y): the largest sum of utilities from a purchase y shared among users, at one common marginal utility."""
    if y <= 0:
        return 0.0
    top = float(utility.reservation.max())
    low = top
    while float(np.sum(utility.demand(low))) < y:
        low = low / 2 if low > 1e-12 * top else low - top
    level = brentq(lambda at: float(np.sum(utility.demand(at))) - y, low, top, xtol=1e-15, rtol=1e-15, maxiter=1000)
    return float(np.sum(utility.value(utility.demand(level))))
