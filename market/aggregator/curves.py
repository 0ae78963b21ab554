"""Curves of a market for readers: supply and demand with what the last unit is worth, and what one player faces."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from market.aggregator.best_response import best_response, reply_curve
from market.aggregator.game import Game
from market.aggregator.payoff import payoff
from market.aggregator.planner import OnceAGame, competitive_total, demand, worth_of_last
from market.arrays import Array

CURVE_POINTS, REPLIES = 81, 61  # of a curve, of a curve of replies
MANY, FEWER = 2_000, 21  # users of a player beyond which a curve has so many points
NUMBERS_AT_ONCE = 50_000  # numbers, points by users, that payoffs are worked out for at once: more is slower
CURVE_REACH = 1.6  # times the present or the best amount: how far a player's curves are looked at
ROOM, HIGH = 1.15, 3.0  # times the competitive total, and price: how far supply and demand are


@dataclass(frozen=True, eq=False)
class SupplyAndDemand:
    """Price-taking demand, shapes (points,): `wanted` at `prices`; supply: `asked` at `totals`; where they meet.

    All in energy and money per unit (docs/aggregator/model.md, Measures).
    """

    prices: Array
    wanted: Array
    totals: Array
    asked: Array
    total: float
    price: float


@OnceAGame
def supply_and_demand(game: Game) -> SupplyAndDemand:
    """The curves of a game up to a little beyond where they meet."""
    total = competitive_total(game)
    most = min(game.highest_reservation, HIGH * float(game.price.value(total))) or game.highest_reservation
    prices = np.linspace(0.0, most, CURVE_POINTS)[1:]
    totals = np.linspace(0.0, ROOM * total, CURVE_POINTS)
    wanted = np.array([demand(game, float(price)) for price in prices])
    asked = np.asarray(game.price.value(totals), dtype=float)
    return SupplyAndDemand(prices, wanted, totals, asked, total, float(game.price.value(total)))


class Wedge(NamedTuple):
    """A total that is bought, its price, and what one more unit would be worth to price-taking users."""

    total: float
    price: float
    worth: float


def wedge(game: Game, total: float) -> Wedge:
    """How far a total is from where supply and demand meet."""
    return Wedge(total, float(game.price.value(total)), worth_of_last(game, total))


class Facing(NamedTuple):
    """What one player faces beside the others' purchases; arrays of shape (points,).

    price: p(others + its own amount); payoff: what its objective tells; now, best: its present amount and its best one.
    """

    player: int
    amounts: Array
    price: Array
    payoff: Array
    now: float
    best: float


def facing(game: Game, y: Array, j: int) -> Facing:
    """The residual curve of player j beside y, shape (players,), and its best amount; may raise PricedOut."""
    outside, now, player = float(np.sum(y) - y[j]), float(y[j]), game.player(j)
    best = best_response(game.price, player, outside, now)
    count = CURVE_POINTS if player.users <= MANY else FEWER
    amounts = np.unique(np.append(np.linspace(0.0, CURVE_REACH * max(now, best), count), [now, best]))
    price = np.asarray(game.price.value(outside + amounts), dtype=float)
    parts = np.array_split(amounts, -(-len(amounts) * player.users // NUMBERS_AT_ONCE))
    gain = np.concatenate([payoff(game.price, player, outside, some) for some in parts])
    return Facing(j, amounts, price, gain, now, best)


def replies_of_two(game: Game) -> tuple[Array, Array, Array]:
    """(Amounts, replies of the first of two players against such of the second, of the second against the first's).

    Up to what price-taking users would buy in all: replies may jump up, so what a player buys alone is no bound.
    """
    amounts = np.linspace(0.0, competitive_total(game), REPLIES)
    return amounts, reply_curve(game, 0, amounts), reply_curve(game, 1, amounts)
