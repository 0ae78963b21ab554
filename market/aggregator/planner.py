"""Yardsticks: the purchase one planner would make for all users, and the total welfare of price-taking users."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from itertools import pairwise
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

import numpy as np

from market.aggregator.game import Game, Market
from market.arrays import Array
from market.brackets import brent

Known = TypeVar("Known")
AnyGame = TypeVar("AnyGame", bound=Market)
DOWN = 10.0 ** -np.arange(0, 300, 15)  # shares of the highest total, to find where price-taking users want more
ABOVE = 1e-12  # how far above a kink its right side begins, as a share of the stretch
TOTALS = 10.0 ** np.arange(-300, 301)
TIGHT: dict[str, Any] = {"xtol": 1e-300, "rtol": 1e-14, "maxiter": 500}


def once_a_game(function: Callable[[AnyGame], Known]) -> Callable[[AnyGame], Known]:
    """The function, worked out once for each game as long as that lives: a run asks for it after every round."""
    known: WeakKeyDictionary[AnyGame, Known] = WeakKeyDictionary()

    @wraps(function)
    def remembered(game: AnyGame) -> Known:
        if game not in known:
            known[game] = function(game)
        return known[game]

    return remembered


def demand(game: Game, price: float) -> float:
    """Total demand of price-taking users at a price, energy."""
    return float(sum(np.sum(block.utility.demand(price)) for block in game.blocks))


@once_a_game
def planned_surplus(game: Game) -> float:
    """Highest sum of all users' surplus that one planner reaches who buys for everybody: one aggregator at alpha = 0.

    The planner equates every user's marginal utility with marginal outlay p + p' Y; on each smooth stretch of the price
    outlay is convex, so there is one such total, and the best of all stretches and kinks is the best of all.
    """
    rule, top = game.price, game.highest_reservation
    end = min(_last_total(game), float(rule.supply(top)))
    kinks = rule.kinks[rule.kinks < end]
    edges = np.concatenate([[0.0], kinks, [end]])
    totals = [*kinks, *(_stretch_total(game, low, high) for low, high in pairwise(edges))]
    return max([0.0, *(_surplus_of_total(game, total) for total in totals if total > 0)])


@once_a_game
def best_total_welfare(game: Game) -> float:
    """Highest total welfare ΣU − ∫₀^Y p, in money, reached where price-taking demand meets the price.

    (docs/aggregator/model.md, Measures.)
    """
    rule, total = game.price, competitive_total(game)
    if total <= 0:
        return 0.0
    return _surplus_of_total(game, total) + float(rule.value(total)) * total - float(rule.cost(total))


@once_a_game
def competitive_total(game: Game) -> float:
    """The total at which price-taking demand meets the price, energy."""
    rule, end = game.price, _last_total(game)
    if end <= 0:
        return 0.0

    def excess(total):
        return demand(game, float(rule.value(total))) - total

    low = next((low for low in end * DOWN if excess(low) >= 0), 0.0)
    return low if low in (0.0, end) else brent(excess, low, end, **TIGHT)


def _last_total(game):
    """A total at least as large as price-taking demand."""
    rule = game.price
    top, highest = float(rule.supply(game.highest_reservation)), float(rule.value(np.inf))
    if np.isfinite(top):
        return top
    if np.isfinite(highest):  # the price stays there beyond the last kink
        return max(rule.last_kink, demand(game, highest))
    wanted = [demand(game, float(price)) for price in rule.value(TOTALS)]
    return float(np.min(np.maximum(TOTALS, wanted)))


def _stretch_total(game, low, high):
    """The total between two kinks where demand at the marginal outlay equals it, an end if it lies outside."""
    rule = game.price

    def excess(total):
        outlay = float(rule.value(total)) + float(rule.left_slope(total)) * total
        return demand(game, outlay) - total

    if low >= high or excess(high) >= 0:
        return high
    for share in ABOVE * (DOWN if low == 0 else DOWN[:1]):  # a steep price may keep all but a trace of it away
        total = low + share * (high - low)
        if total <= low:
            break
        if excess(total) > 0:
            return brent(excess, total, high, **TIGHT)
        high = total
    return high


def worth_of_last(game: Game, total: float) -> float:
    """What the last unit of a total is worth where marginal utilities are equal, at least its price, money per unit."""
    price = float(game.price.value(total))
    if demand(game, price) <= total:
        return price
    return brent(lambda at: demand(game, at) - total, price, game.highest_reservation, **TIGHT)


def surpluses_of_total(game: Game, total: float) -> list[Array]:
    """Users' surplus by block when a total is bought at p(Y) and shared so that marginal utilities are equal."""
    price, level = float(game.price.value(total)), worth_of_last(game, total)
    return [block.utility.surplus(price, block.utility.demand(level)) for block in game.blocks]


def _surplus_of_total(game, total):
    """That of all users together."""
    return float(sum(np.sum(surplus) for surplus in surpluses_of_total(game, total)))
