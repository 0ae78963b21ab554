"""Yardsticks: the purchase one planner would make for all users, and the total welfare of price-taking users."""

from __future__ import annotations

from collections.abc import Callable, Generator
from functools import partial, update_wrapper
from itertools import pairwise
from typing import Any, Generic, TypeAlias, TypeVar
from weakref import WeakKeyDictionary

import numpy as np

from market.aggregator.game import Game, Market
from market.arrays import Array
from market.brackets import brents_points
from market.searches import alone, asking

Known = TypeVar("Known")
AnyGame = TypeVar("AnyGame", bound=Market)
SHARES = 10.0 ** -np.arange(0, 300, 15)  # shares of the highest total, to find where price-taking users want more
BESIDE_A_KINK = 1e-12  # how far above a kink its right side begins, as a share of the stretch
SAME_TOTAL = 1e-12  # relative: a search that ends so little above a total ends at it
TRIED_TOTALS = 10.0 ** np.arange(-300, 301)
TIGHT_SEARCH: dict[str, Any] = {"xtol": 1e-300, "rtol": 1e-14, "maxiter": 500}


class OnceAGame(Generic[AnyGame, Known]):
    """A function of a game, worked out once for each as long as that lives: a run asks for it after every round."""

    def __init__(self, function: Callable[[AnyGame], Known]):
        update_wrapper(self, function)
        self.function, self.known = function, WeakKeyDictionary[AnyGame, Known]()

    def __call__(self, game: AnyGame) -> Known:
        if game not in self.known:
            self.known[game] = self.function(game)
        return self.known[game]


Asking: TypeAlias = Generator[float, float, float]  # for price-taking users' demand at prices, as of market.searches


def demand(game: Game, price: float) -> float:
    """Total demand of price-taking users at a price, energy."""
    return float(sum(np.sum(block.utility.demand(price)) for block in game.blocks))


@OnceAGame
def planned_surplus(game: Game) -> float:
    """Highest sum of all users' surplus that one planner reaches who buys for everybody: one aggregator at alpha = 0.

    The planner equates every user's marginal utility with marginal outlay p + p' Y; on each smooth stretch of the price
    outlay is convex, so there is one such total, and the best of all stretches and kinks is the best of all.
    """
    return alone(planned(game), partial(demand, game))


def planned(game: Game) -> Asking:
    """What `planned_surplus` asks."""
    rule, top = game.price, game.highest_reservation
    end = min(_last_total(game), float(rule.supply(top)))
    kinks = rule.kinks[rule.kinks < end]
    edges, totals = np.concatenate([[0.0], kinks, [end]]), [*kinks]
    for low, high in pairwise(edges):
        totals.append((yield from _stretch_total(rule, low, high)))
    best = 0.0
    for total in totals:
        if total > 0:
            best = max(best, (yield from _surplus_of_total(game, total)))
    return best


@OnceAGame
def best_total_welfare(game: Game) -> float:
    """Highest total welfare ΣU − ∫₀^Y p, in money, reached where price-taking demand meets the price.

    (docs/aggregator/model.md, Measures.)
    """
    return alone(best_welfare(game), partial(demand, game))


def best_welfare(game: Game) -> Asking:
    """What `best_total_welfare` asks."""
    rule, total = game.price, (yield from _competitive(game))
    if total <= 0:
        return 0.0
    surplus = yield from _surplus_of_total(game, total)
    return surplus + float(rule.value(total)) * total - float(rule.cost(total))


@OnceAGame
def competitive_total(game: Game) -> float:
    """The total at which price-taking demand meets the price, energy."""
    return alone(_competitive(game), partial(demand, game))


def _competitive(game):
    rule, end = game.price, _last_total(game)
    if end <= 0:
        return 0.0

    def price(total):
        return float(rule.value(total))

    low = 0.0
    for tried in (end * SHARES).tolist():
        if (yield price(tried)) - tried >= 0:
            low = tried
            break
    if low in (0.0, end):
        return low
    return _not_beyond_a_jump(rule, (yield from _met(brents_points(low, end, **TIGHT_SEARCH), price)))


def _not_beyond_a_jump(rule, total):
    """A total, or that at which the price jumps where a search for who meets the jump ended a hair above it."""
    jumps = rule.kinks[rule.right_value(rule.kinks) > rule.value(rule.kinks)]
    passed = jumps[(jumps < total) & (total <= jumps * (1 + SAME_TOTAL))]
    return float(np.max(passed, initial=0.0)) or total


def _met(search, price):
    """A search for the total that demand at its price meets, as one that asks for demand at prices."""
    return (yield from asking(search, price, lambda total, wanted: wanted - total))


def _last_total(game):
    """A total at least as large as price-taking demand."""
    rule = game.price
    top, highest = float(rule.supply(game.highest_reservation)), float(rule.value(np.inf))
    if np.isfinite(top):
        return top
    if np.isfinite(highest):  # the price stays there beyond the last kink
        return max(rule.last_kink, demand(game, highest))
    wanted = [demand(game, float(price)) for price in rule.value(TRIED_TOTALS)]
    return float(np.min(np.maximum(TRIED_TOTALS, wanted)))


def _stretch_total(rule, low, high):
    """The total between two kinks where demand at the marginal outlay equals it, an end if it lies outside."""

    def outlay(total):
        return float(rule.value(total)) + float(rule.left_slope(total)) * total

    if low >= high or (yield outlay(high)) - high >= 0:
        return high
    for share in BESIDE_A_KINK * (SHARES if low == 0 else SHARES[:1]):  # a steep price may keep all but a trace away
        total = low + share * (high - low)
        if total <= low:
            break
        if (yield outlay(total)) - total > 0:
            return (yield from _met(brents_points(total, high, **TIGHT_SEARCH), outlay))
        high = total
    return high


def worth_of_last(game: Game, total: float) -> float:
    """What the last unit of a total is worth where marginal utilities are equal, at least its price, money per unit."""
    return alone(_worth_of_last(game, total), partial(demand, game))


def _worth_of_last(game, total):
    price = float(game.price.value(total))
    if (yield price) <= total:
        return price
    search = brents_points(price, game.highest_reservation, **TIGHT_SEARCH)
    return (yield from asking(search, float, lambda _, wanted: wanted - total))


def surpluses_of_total(game: Game, total: float) -> list[Array]:
    """Users' surplus by block when a total is bought at p(Y) and shared so that marginal utilities are equal."""
    return alone(_surpluses_of_total(game, total), partial(demand, game))


def _surpluses_of_total(game, total):
    price, level = float(game.price.value(total)), (yield from _worth_of_last(game, total))
    return [block.utility.surplus(price, block.utility.demand(level)) for block in game.blocks]


def _surplus_of_total(game, total):
    """That of all users together."""
    return float(sum(np.sum(surplus) for surplus in (yield from _surpluses_of_total(game, total))))
