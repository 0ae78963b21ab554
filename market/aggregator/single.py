"""The best response of users who buy for themselves."""

from __future__ import annotations

import numpy as np

from market.arrays import Array
from market.prices import PriceRule
from market.utilities import Utility

MOST_STEPS = 100
SLIVER = 1e-12  # how far inside a smooth stretch of the price its lower end is evaluated, as a share of the total


def best_quantities(rule: PriceRule, utility: Utility, outside: Array, each_alone: bool = False) -> Array:
    """Globally best purchase of each user given the others' total, shapes (users,).

    each_alone: with the bits that each user would have alone, however many steps others take.

    (Li, Motoki, Zhang, section II-C: one user an aggregator.) On every stretch of the price between kinks, J(x) = U(x)
    − p(outside + x) x is concave, so its peak there solves U'(x) = p + p' x; the best of all stretches is the answer.
    """
    outside = np.asarray(outside, dtype=float)[:, None]
    column = utility.take((slice(None), None))
    top = column.reservation
    edges = np.concatenate([[0.0], rule.kinks, [np.inf]])
    low = np.maximum(edges[:-1] - outside, 0.0)
    high = np.minimum(edges[1:], np.maximum(rule.supply(top), outside)) - outside
    x = _peaks(rule, column, outside, low, np.maximum(high, low), each_alone)
    payoff = np.where(high > low, column.surplus(rule.value(outside + x), x), -np.inf)
    best = np.argmax(payoff, axis=1)
    rows = np.arange(len(best))
    return np.where(payoff[rows, best] > 0, x[rows, best], 0.0)


def surplus_alone(rule: PriceRule, utility: Utility, total: float) -> Array:
    """What each user would have if it bought for itself at a settled total's price and slope, money, shape (users,).

    It buys U'(x) = p + p' x and pays p (docs/aggregator/side-payments.md, Who would leave).
    """
    price, slope = float(rule.value(total)), float(rule.left_slope(total))
    if not 0 < slope < np.inf:
        return utility.best_surplus(price)
    return utility.surplus(price, utility.meets(price, slope))


def _peaks(rule, utility, outside, low, high, each_alone):
    """The peak on each stretch [low, high]: tangents to the marginal outlay p + p' x, met by marginal utility."""
    done = np.zeros((len(low), 1), dtype=bool)
    ceiling = np.where(np.isfinite(high), high, utility.demand(rule.value(np.maximum(outside + low, 1e-300) * 2)))
    x, open_stretch = ceiling, ceiling > low
    for _ in range(MOST_STEPS):
        total = np.where(open_stretch, outside + np.maximum(x, low + SLIVER * (outside + low)), 1.0)
        price, slope = rule.value(total), rule.left_slope(total)
        rise = 2 * slope + rule.curvature(total) * x
        new = np.clip(utility.meets(price + slope * x - rise * x, rise), low, ceiling)
        settled = np.abs(new - x) <= 4e-16 * np.abs(new)
        x = np.where(done, x, new)
        if each_alone:
            done |= np.all(settled, axis=1, keepdims=True)
            settled |= done
        if np.all(settled):
            break
    return x
