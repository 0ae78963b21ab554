"""The counter-examples of Theorem 2 and Conjecture 1: payoffs over purchases, replies, regrets on a grid."""

import numpy as np
from scipy.optimize import minimize_scalar

from market.aggregator.allocation import split

LEAST_SURPLUS = 1e-300  # what stands for no surplus in a power


def payoffs(rule, player, outside, y):
    """J(y) of a player, the others' total given: outside and y broadcast, the result of their shape.

    Minus infinity where alpha >= 1 without offset and a user has no surplus; max-min counts the users whose
    reservation price is above the price at y = 0 (docs/aggregator/model.md).
    """
    outside, y = np.broadcast_arrays(np.asarray(outside, dtype=float), np.asarray(y, dtype=float))
    price = np.asarray(rule.value(outside + y), dtype=float).ravel()
    x = split(player, price, y.reshape(-1, 1))
    s = np.maximum(player.utility.surplus(price[:, None], x), 0.0) + (0.0 if player.single else player.surplus_offset)
    return objective(player, s, rule.right_value(outside).ravel()).reshape(y.shape)


def objective(player, s, price_before):
    """Φ of surpluses (with offset), shape (points, users); price_before: the price at y = 0, shape (points,)."""
    if player.objective.welfare:
        return s.sum(axis=1)
    if player.objective.common_surplus:
        counted = player.utility.reservation > price_before[:, None]
        return np.min(np.where(counted, s, np.inf), axis=1)
    with np.errstate(divide="ignore"):
        if player.alpha == 1:
            return np.log(s).sum(axis=1)
        return np.sum(s ** (1 - player.alpha), axis=1) / (1 - player.alpha)


def turning_points(y, value, payoff):
    """Peaks and valleys of a sampled payoff inside its range, each refined: two lists of (y, J)."""
    found = {1: [], -1: []}
    for sign, points in found.items():
        inner = (sign * value[1:-1] > sign * value[:-2]) & (sign * value[1:-1] >= sign * value[2:])
        for i in np.flatnonzero(inner & np.isfinite(value[1:-1])) + 1:
            best = minimize_scalar(
                lambda at, sign=sign: -sign * float(payoff(at)),
                bounds=(y[i - 1], y[i + 1]),
                method="bounded",
                options={"xatol": 1e-10 * y[i]},
            )
            points.append((float(best.x), float(payoff(best.x))))
    return found[1], found[-1]


def scale(player, rule, outside, y):
    """What a regret is a share of: Σ (s + offset)^(1−alpha) of the served, or the least surplus under max-min."""
    price = np.asarray(rule.value(outside + y), dtype=float).ravel()
    x = split(player, price, np.ravel(y)[:, None])
    s = np.maximum(player.utility.surplus(price[:, None], x), 0.0)
    if player.objective.common_surplus:
        counted = player.utility.reservation > rule.right_value(np.ravel(outside))[:, None]
        return np.min(np.where(counted, s, np.inf), axis=1).reshape(np.shape(y)) + player.surplus_offset
    weight = np.where(x > 0, np.maximum(s + player.surplus_offset, LEAST_SURPLUS) ** (1 - player.alpha), 0.0)
    return weight.sum(axis=1).reshape(np.shape(y))


def least_regret(game, high, points):
    """The least over all profiles of a points x points grid of the larger of the two players' relative regrets.

    A game of two players; purchases from 0 to `high`. The best reply is taken on the grid too, which can only make
    regrets smaller.
    """
    grid = np.linspace(0, high, points)
    mine, theirs = np.meshgrid(grid, grid, indexing="ij")
    regrets = []
    for j in (0, 1):
        player = game.player(j)
        value = payoffs(game.price, player, theirs, mine)
        with np.errstate(divide="ignore", invalid="ignore"):
            regret = (value.max(axis=0) - value) / scale(player, game.price, theirs, mine)
        regret = np.where(np.isnan(regret), np.inf, regret)
        regrets.append(regret if j == 0 else regret.T)
    worst = np.maximum(*regrets)
    best = np.unravel_index(np.argmin(worst), worst.shape)
    return float(worst[best]), (float(grid[best[0]]), float(grid[best[1]]))
