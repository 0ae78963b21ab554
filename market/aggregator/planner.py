"""Yardsticks: the purchase one planner would make for all users, and the total welfare of price-taking users."""

from itertools import pairwise

import numpy as np
from scipy.optimize import brentq

DOWN = 10.0 ** -np.arange(0, 300, 15)  # shares of the highest total, to find where price-taking users want more
TIGHT = {"xtol": 1e-300, "rtol": 1e-14, "maxiter": 500}


def demand(game, price):
    """Total demand of price-taking users at a price."""
    return float(sum(np.sum(block.utility.demand(price)) for block in game.blocks))


def planned_surplus(game):
    """Highest sum of all users' surplus that one planner reaches who buys for everybody: one aggregator at alpha = 0.

    The planner equates every user's marginal utility with marginal outlay p + p' Y; on each smooth stretch of the price
    there is one such total, and the best of all stretches and kinks counts.
    """
    rule, top = game.price, game.highest_reservation
    end = min(_last_total(game), float(rule.supply(top)))
    kinks = rule.kinks[rule.kinks < end]
    edges = np.concatenate([[0.0], kinks, [end]])
    totals = [*kinks, *(_stretch_total(game, low, high) for low, high in pairwise(edges))]
    return max([0.0, *(_surplus_of_total(game, total) for total in totals if total > 0)])


def best_total_welfare(game):
    """Highest total welfare ΣU − ∫₀^Y p, reached where price-taking demand meets the price."""
    rule = game.price
    end = _last_total(game)
    if end <= 0:
        return 0.0

    def excess(total):
        return demand(game, float(rule.value(total))) - total

    low = next((low for low in end * DOWN if excess(low) >= 0), 0.0)
    total = low if low in (0.0, end) else brentq(excess, low, end, **TIGHT)
    return _surplus_of_total(game, total) + float(rule.value(total)) * total - float(rule.cost(total))


def _last_total(game):
    """A total at least as large as price-taking demand."""
    top = float(game.price.supply(game.highest_reservation))
    if np.isfinite(top):
        return top
    return max(float(game.price.capacity), demand(game, float(game.price.value(np.inf))))


def _stretch_total(game, low, high):
    """The total between two kinks where demand at the marginal outlay equals it, an end if it lies outside."""
    rule = game.price

    def excess(total):
        outlay = float(rule.value(total)) + float(rule.left_slope(total)) * total
        return demand(game, outlay) - total

    low, high = low + 1e-12 * (high - low), high
    if low >= high or excess(high) >= 0:
        return high
    if excess(low) <= 0:
        return low
    return brentq(excess, low, high, **TIGHT)


def _surplus_of_total(game, total):
    """Users' surplus when a total is bought at p(Y) and shared so that marginal utilities are equal."""
    price, top = float(game.price.value(total)), game.highest_reservation
    level = price
    if demand(game, price) > total:
        level = brentq(lambda at: demand(game, at) - total, price, top, xtol=1e-15, rtol=1e-14, maxiter=500)
    parts = ((block.utility, block.utility.demand(level)) for block in game.blocks)
    return float(sum(np.sum(utility.surplus(price, x)) for utility, x in parts))
