"""How much any player on a network could gain, by another road than the one that found it.

Each player's payoff is looked at on a grid of amounts, with points on both sides of its curve's kinks and around the
present amount, and more finely around the best. Prices there come from an interior-point solver over angles
(market/grid/interior.py), not from the path that residual curves follow; splits are made user by user.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from market.aggregator.allocation import split
from market.aggregator.certificate import SPLIT_PRECISION, price_taking, worth
from market.aggregator.network.facing import CONDUCTS, Rising, sold_by
from market.aggregator.network.game import NetworkGame, NetworkOutcome
from market.aggregator.network.producers import Producers
from market.arrays import Array
from market.grid.interior import Angles

EVEN_POINTS = 33  # even points between nothing and the most that a player could want
MOST_KINKS = 12  # of a curve that points stand beside
MOST_SOLVES = 6_000  # in all; the grid thins out beyond
LEAST_POINTS = 9
ZOOMS, POINTS_IN_ZOOM = 2, 9
SIDE = 1e-6  # how far beside a kink points stand, as a share of the largest amount
STEP = 1e-7  # share by which an interior point's price is told to stand within a step: there it is the one just below
BESIDE = 1e-5  # how far on both sides the step's ends are looked up, as a share of the amount
LEFT = 1e-8  # prices are those just below an amount, by this share of it
SLIGHT = 1e-9  # of what a producer could have: a profit so small is none
ROOM = 1.25  # times what price-taking users want: how far the grid reaches
NEAR = (1e-4, 1e-2, 0.1)  # steps around the present amount, as shares of it

Prices = Callable[[Array], Array]


def certified(game: NetworkGame, outcome: NetworkOutcome) -> NetworkOutcome:
    """The outcome with its gap: the largest relative regret of any player by its own conduct (regrets by player).

    gap_anticipating: the largest against true residual curves, of all players (docs/network/model.md, The gap).
    """
    road = _Road(game, outcome.y)
    regrets, true = np.zeros(game.players), np.zeros(game.players)
    for number, where in enumerate(game.player_slices):
        for j in range(where.start, where.stop):
            regrets[j] = true[j] = _regret(road, outcome, number, j, game.conducts[number])
            if game.conducts[number] != "network":
                true[j] = _regret(road, outcome, number, j, "network")
    largest, anticipating = (float(np.max(found, initial=0.0)) for found in (regrets, true))
    return replace(outcome, gap=largest, regrets=regrets, gap_anticipating=anticipating)


class _Road:
    """Prices at a profile y and beside it, by the interior-point solver where it solves, else by a clearing afresh."""

    def __init__(self, game: NetworkGame, y: Array) -> None:
        self.game, self.y = game, y
        self.angles, self.free = Angles(game.grid), Angles(game.unlimited.grid)
        self.points = int(np.clip(MOST_SOLVES // max(game.players, 1) - 40, LEAST_POINTS, EVEN_POINTS))

    def along(self, number: int, j: int, conduct: str) -> Prices:
        """The price that player j believes in at amounts (points,)."""
        if conduct == "network":
            return lambda amounts: self._prices(self.angles, number, j, amounts)
        now = self._prices(self.angles, number, j, self.y[j : j + 1])
        if conduct == "nothing":
            return lambda amounts: np.repeat(now, len(amounts))
        start = self._prices(self.free, number, j, self.y[j : j + 1])
        return lambda amounts: now + self._prices(self.free, number, j, amounts) - start

    def _prices(self, road, number, j, amounts):
        operator = self.game.operator if road is self.angles else self.game.unlimited
        sells, lost, place = sold_by(self.game, number), road.grid.value_of_lost_load, self.game.places[number]

        def price(balances):
            return float(place @ (np.maximum(balances, -lost) if sells else np.minimum(balances, lost)))

        def afresh(amount):
            return price(operator.clear(*self._at(j, amount)).balances)

        found = np.empty(len(amounts))
        for k, amount in enumerate(amounts * (1 - LEFT)):
            balances, cleared = road.balances(*self._at(j, amount)), afresh(amount)
            inside = cleared if balances is None else price(balances)
            if abs(inside - cleared) > STEP * (abs(inside) + abs(cleared)):
                ends = sorted(afresh(amount * share) for share in (1 - BESIDE, 1 + BESIDE))
                inside = cleared if ends[0] <= inside <= ends[1] else inside
            found[k] = inside
        return found

    def _at(self, j, amount):
        """What nodes take out and what is put in where player j's amount is another."""
        y = self.y.copy()
        y[j] = amount
        return self.game.taken(y), self.game.put_in(y)


def _regret(road, outcome, number, j, conduct):
    """The relative regret of player j if it believes in a conduct's prices."""
    game, now = road.game, float(outcome.y[j])
    player, prices = game.player(j), road.along(number, j, conduct)
    line = CONDUCTS[conduct](game, number, j, outcome.y)
    kinks = line[0][line[0] > 0]
    if isinstance(player, Producers):
        return _looked_for(_profit(player, prices, now), _amounts(road, now, float(player.capacity[0]), kinks))
    first = int(game.user_slices[number].start)
    start = j - game.player_slices[number].start
    block = game.blocks[number]
    rows = slice(first + int(block.starts[start]), first + int(block.starts[start] + block.sizes[start]))
    most = max(ROOM * _wanted(player, Rising(line[:2], line[2])), now)
    return _looked_for(_payoff(player, prices, outcome.x[rows], now), _amounts(road, now, most, kinks))


def _looked_for(gains, amounts):
    """The best relative gain found on the amounts and, more finely, around the best of them, at least 0."""
    amounts = np.unique(amounts)
    found = gains(amounts)
    for _ in range(ZOOMS):
        best = int(np.argmax(found))
        low, high = amounts[max(best - 1, 0)], amounts[min(best + 1, len(amounts) - 1)]
        finer = np.setdiff1d(np.linspace(low, high, POINTS_IN_ZOOM + 2), amounts)
        if not len(finer):
            break
        amounts, order = np.unique(np.concatenate([amounts, finer]), return_index=True)
        found = np.concatenate([found, gains(finer)])[order]
    return max(float(np.max(found)), 0.0)


def _profit(producer, prices, now):
    """Gains of sales over the present one, as shares of the present profit; where that is none, of a good market's."""

    def profit(sales):
        return prices(sales) * sales - (producer.cost + producer.rise * sales / 2) * sales

    held, most = float(profit(np.array([now]))[0]), float(producer.capacity[0])
    good = most * max(abs(float(prices(np.zeros(1))[0])), abs(float(producer.cost[0])), float(producer.rise[0]) * most)
    unit = held if held > SLIGHT * good else good

    def gains(sales):
        return (profit(sales) - held) / (unit if unit > 0 else 1.0)

    return gains


def _payoff(player, prices, x, now):
    """Gains of purchases over the present one, as the objective tells them; infinite where it is minus infinity."""
    utility, goal = player.utility, player.objective
    counted = utility.reservation > prices(np.zeros(1))[0]
    held = np.where(counted, utility.surplus(prices(np.array([now]))[0], x), 0.0)
    served, valued = counted & (x > 0), worth(utility)

    def gains(purchases):
        price = prices(purchases)[:, None]
        if goal.literal and not np.all(counted):
            return np.full(len(purchases), np.inf)
        if not np.any(counted):  # with nobody to serve, to buy nothing is best
            return np.full(len(purchases), float(np.sum(np.maximum(-utility.surplus(price[0, 0], x), 0.0))))
        part = split(player, price, purchases[:, None], SPLIT_PRECISION)
        surplus = np.where(counted, utility.surplus(price, part), held)
        return goal.regret(surplus, held, counted, served, valued, player)[:, 0]

    return gains


def _wanted(player, rule):
    """What users who take prices would want along a curve: no more can be best."""
    total = float(np.max(rule.quantities, initial=0.0)) + float(
        np.sum(player.utility.demand(max(rule.prices[-1], 0.0)))
    )

    def wanted(price):
        return player.by_player(np.add, player.utility.demand(np.broadcast_to(price, player.users)))

    with np.errstate(invalid="ignore"):
        return float(price_taking(rule, np.zeros(1), wanted, np.array([total]))[0])


def _amounts(road, now, most, kinks):
    """Amounts to try: even ones, both sides of kinks, and some around the present one."""
    kinks = kinks[kinks < most]
    some = kinks[np.unique(np.linspace(0, len(kinks) - 1, min(MOST_KINKS, len(kinks))).astype(int))]
    near = now * np.concatenate([1 - np.array(NEAR), [1.0], 1 + np.array(NEAR)])
    even = most * np.linspace(0, 1, road.points)
    return np.clip(np.concatenate([even, some - SIDE * most, some + SIDE * most, near]), 0.0, most)
