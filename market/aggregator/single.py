"""The best response of users who buy for themselves."""

from __future__ import annotations

import numpy as np

from market.arrays import Array
from market.prices import PriceRule
from market.utilities import Utility

MOST_STEPS = 100
BESIDE_A_KINK = 1e-12  # how far inside a smooth stretch of the price its lower end is taken, as a share of the total


def best_quantities(rule: PriceRule, utility: Utility, outside: Array, each_alone: bool = False) -> Array:
    """Globally best purchase of each user given the others' total, shapes (users,).

    each_alone: with the bits that each user would have alone, however many steps others take.

    (Li, Motoki, Zhang, section II-C: one user an aggregator.) On every stretch of the price between kinks, J(x) = U(x)
    − p(outside + x) x is concave, so its peak there solves U'(x) = p + p' x; the best of all stretches is the answer.
    """
    outside = np.asarray(outside, dtype=float)[:, None]
    column = utility.take((slice(None), None))
    low, high = _stretches(rule, column, outside)
    x = _peaks(rule, column, outside, low, high, len(outside) if each_alone else 1)
    payoff = np.where(high > low, column.surplus(rule.value(outside + x), x), -np.inf)
    best = np.argmax(payoff, axis=1)
    rows = np.arange(len(best))
    return np.where(payoff[rows, best] > 0, x[rows, best], 0.0)


def most_surplus(rule: PriceRule, utility: Utility, outside: Array, markets: int = 1) -> tuple[Array, Array]:
    """The most that each user can have by any purchase, money, and the best purchase found, shapes (users,).

    markets: how many of as many users each stand in a row; each market has the bits it would have alone.
    J lies below its tangent on every stretch of the price on which it is concave (docs/aggregator/model.md, The gap).
    """
    outside = np.asarray(outside, dtype=float)[:, None]
    column = utility.take((slice(None), None))
    low, high = _stretches(rule, column, outside)
    first = rule.right_value(outside + low)
    high = np.maximum(np.minimum(high, column.demand(first)), low)  # beyond what it wants J falls
    x = np.clip(_peaks(rule, column, outside, low, high, markets), low, high)
    price = np.where(x <= low, first, rule.value(outside + x))
    slope = rule.left_slope(_inside(outside, x, low))
    rise = column.marginal(x) - price - np.where(x > 0, slope, 0.0) * x
    room = np.where(rise > 0, high - x, low - x)
    most = np.where(high > low, column.surplus(price, x) + rise * room, -np.inf)
    best = np.argmax(most, axis=1)
    rows = np.arange(len(best))
    return np.maximum(most[rows, best], 0.0), np.where(most[rows, best] > 0, x[rows, best], 0.0)


def _stretches(rule, utility, outside):
    """Purchases (users, stretches) between which the price has no kink, up to where it is above all a user's worth."""
    top = utility.reservation
    edges = np.concatenate([[0.0], rule.kinks, [np.inf]])
    low = np.maximum(edges[:-1] - outside, 0.0)
    high = np.minimum(edges[1:], np.maximum(rule.supply(top), outside)) - outside
    return low, np.maximum(high, low)


def surplus_alone(rule: PriceRule, utility: Utility, total: float) -> Array:
    """What each user would have if it bought for itself at a settled total's price and slope, money, shape (users,).

    It buys U'(x) = p + p' x and pays p (docs/aggregator/side-payments.md, The rule).
    """
    price, slope = float(rule.value(total)), float(rule.left_slope(total))
    if not 0 < slope < np.inf:
        return utility.best_surplus(price)
    return utility.surplus(price, utility.meets(price, slope))


def _peaks(rule, utility, outside, low, high, parts=1):
    """The peak on each stretch [low, high]: tangents to the marginal outlay p + p' x, met by marginal utility.

    parts: of as many users each, which end each by itself.
    """
    done = np.zeros((len(low), 1), dtype=bool)
    ceiling = np.where(np.isfinite(high), high, utility.demand(rule.value(np.maximum(outside + low, 1e-300) * 2)))
    x, open_stretch = ceiling, ceiling > low
    for _ in range(MOST_STEPS):
        total = np.where(open_stretch, _inside(outside, x, low), 1.0)
        price, slope = rule.value(total), rule.left_slope(total)
        rise = 2 * slope + rule.curvature(total) * x
        new = np.clip(utility.meets(price + slope * x - rise * x, rise), low, ceiling)
        settled = np.abs(new - x) <= 4e-16 * np.abs(new)
        x = np.where(done, x, new)
        if parts > 1:
            ended = np.all(settled.reshape(parts, -1), axis=1)
            done |= np.repeat(ended, len(low) // parts)[:, None]
            settled |= done
        if np.all(settled):
            break
    return x


def _inside(outside, x, low):
    """The total at purchases, a sliver above a stretch's lower end where they lie on it."""
    return outside + np.maximum(x, low + BESIDE_A_KINK * (outside + low))
