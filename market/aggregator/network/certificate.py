"""How much any player on a network could gain, by another road than the one that found it.

Each player's payoff is looked at on a grid of amounts, with points on both sides of its curve's kinks and around the
present amount, and more finely around the best. Prices there are proven by weak duality over angles
(market/grid/proof.py), whatever path they came by; those that are not, and those at the ends, at the best and at the
present amount, come from an interior-point solver (market/grid/interior.py). Splits are made user by user.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Protocol

import numpy as np

from market.aggregator.allocation import split
from market.aggregator.certificate import SPLIT_PRECISION, price_taking, worth
from market.aggregator.network.facing import CONDUCTS, Rising, sold_by
from market.aggregator.network.game import NetworkGame, NetworkOutcome
from market.aggregator.network.producers import Producers
from market.aggregator.network.steps import taken_as_given
from market.arrays import Array, Mask
from market.grid.interior import Angles
from market.grid.proof import Dispatches, PiecesTold, proven

EVEN_POINTS = 33  # even points between nothing and the most that a player could want
MOST_KINKS = 12  # of a curve that points stand beside
MOST_POINTS = 6_000  # in all; the grid thins out beyond
LEAST_POINTS = 9
ZOOMS, POINTS_IN_ZOOM = 2, 9
BESIDE_A_KINK = 1e-6  # how far beside a kink points stand, as a share of the largest amount
WITHIN_A_STEP = 1e-7  # share by which an interior point's price stands within a step: there it is the one just below
BESIDE_A_STEP = 1e-5  # how far on both sides the step's ends are looked up, as a share of the amount
JUST_BELOW = 1e-8  # prices are those just below an amount, by this share of it
NEXT_TO_NO_GAIN = 1e-9  # of what a producer or a user could have in a good market: so little is none
GRID_REACH = 1.25  # times what price-taking users want: how far the grid reaches
STEPS_AROUND = (1e-4, 1e-2, 0.1)  # steps around the present amount, as shares of it


class BelievedPrices(Protocol):
    """The price that a player believes in at amounts (points,); solved: by the interior-point solver at all of them."""

    def __call__(self, amounts: Array, solved: bool = False) -> Array: ...


def certified(game: NetworkGame, outcome: NetworkOutcome, tried: Array | None = None) -> NetworkOutcome:
    """The outcome with its gap: the largest relative regret by a player's own conduct (regrets, moves: by player).

    gap_anticipating: the largest against true residual curves, of all players (docs/network/model.md, The gap);
    tried: an amount of each player that is looked at too, shape (players,).
    """
    tried = outcome.y if tried is None else tried
    road = _Road(game, outcome.y)
    regrets, true, moves = (np.zeros(game.players) for _ in range(3))
    for number, where in enumerate(game.player_slices):
        for j in range(where.start, where.stop):
            regrets[j], moves[j] = _move(road, outcome, number, j, game.conducts[number], tried[j])
            true[j] = regrets[j]
            if game.conducts[number] != "network":
                true[j] = _move(road, outcome, number, j, "network", tried[j])[0]
    largest, anticipating = (float(np.max(found, initial=0.0)) for found in (regrets, true))
    return replace(outcome, gap=largest, regrets=regrets, moves=moves, gap_anticipating=anticipating)


class _Road:
    """Prices at a profile y and beside it: proven, or by the interior-point solver, or else by a clearing afresh."""

    def __init__(self, game: NetworkGame, y: Array) -> None:
        self.game, self.y = game, y
        self.angles, self.free = Angles(game.grid), Angles(game.unlimited.grid)
        self.given = taken_as_given(game, y)
        self.points = int(np.clip(MOST_POINTS // max(game.players, 1) - 40, LEAST_POINTS, EVEN_POINTS))

    def along(self, number: int, j: int, conduct: str, most: float) -> BelievedPrices:
        """The price that player j believes in at amounts up to `most`."""
        true = _Along(self, number, j, most, limits=True)
        if conduct == "network":
            return true.prices
        free = _Along(self, number, j, most, limits=False).prices if conduct == "energy" else _none
        if number in self.given:
            given = np.array([self.given[number]])
        else:
            given = true.prices(self.y[j : j + 1], solved=True) - free(self.y[j : j + 1], solved=True)
        return lambda amounts, solved=False: given + free(amounts, solved)


def _none(amounts: Array, solved: bool) -> Array:
    """The price that moves with the amounts of those who take it as given."""
    return np.zeros(len(amounts))


class _Along:
    """True prices along one player's amounts, or those that would hold without limits."""

    def __init__(self, road: _Road, number: int, j: int, most: float, limits: bool) -> None:
        game = road.game
        self.game, self.j, self.others = game, j, road.y.copy()
        self.others[j] = 0.0
        self.angles = road.angles if limits else road.free
        self.operator = game.operator if limits else game.unlimited
        self.most, self.place, self.sells = most, game.places[number], sold_by(game, number)
        self.start = game.taken(self.others), game.put_in(self.others)
        self.told = PiecesTold(self.operator, -self.place if self.sells else self.place, *self.start, most)

    def prices(self, amounts: Array, solved: bool = False) -> Array:
        """Prices just below amounts (points,), just above none; solved: by the interior-point solver at all of them."""
        amounts = np.where(amounts > 0, amounts * (1 - JUST_BELOW), JUST_BELOW * self.most)
        told = self.told.at(amounts)
        known = self._proven(amounts, told)
        found = self._price(told.balances * self.angles.offers.price)
        for k in np.flatnonzero(~known | solved):
            amount = float(amounts[k])
            other = self._inside(amount)
            if known[k] and _alike(other, found[k]):
                continue
            cleared = self._cleared(amount)
            if not (known[k] and _alike(cleared, found[k])):
                found[k] = self._checked(amount, other, cleared)
        return found

    def _proven(self, amounts: Array, told: Dispatches) -> Mask:
        moved = amounts[:, None] * self.place
        demand, injected = (np.repeat(part[None], len(amounts), axis=0) for part in self.start)
        if self.sells:
            return proven(self.angles, demand, injected + moved, told)
        return proven(self.angles, demand + moved, injected, told)

    def _price(self, balances: Array) -> Array:
        """What the player pays or gets for a unit more: none beyond the value of lost load."""
        lost = self.angles.grid.value_of_lost_load
        return (np.maximum(balances, -lost) if self.sells else np.minimum(balances, lost)) @ self.place

    def _inside(self, amount: float) -> float:
        """The interior-point solver's price, NaN where it solves nothing."""
        balances = self.angles.balances(*self._at(amount))
        return np.nan if balances is None else float(self._price(balances))

    def _checked(self, amount: float, inside: float, cleared: float) -> float:
        """An interior point's price; where it stands within a step, or there is none, that of a clearing."""
        if np.isnan(inside) or _alike(inside, cleared):
            return cleared if np.isnan(inside) else inside
        ends = sorted(self._cleared(amount * share) for share in (1 - BESIDE_A_STEP, 1 + BESIDE_A_STEP))
        return cleared if ends[0] <= inside <= ends[1] else inside

    def _cleared(self, amount: float) -> float:
        return float(self._price(self.operator.clear(*self._at(amount)).balances))

    def _at(self, amount: float) -> tuple[Array, Array]:
        """What nodes take out and what is put in where the player's amount is another."""
        y = self.others.copy()
        y[self.j] = amount
        return self.game.taken(y), self.game.put_in(y)


def _alike(one: float, other: float) -> bool:
    return abs(one - other) <= WITHIN_A_STEP * (abs(one) + abs(other))


def _move(road, outcome, number, j, conduct, tried):
    """The relative regret of player j if it believes in a conduct's prices, and the amount it is found at."""
    game, now = road.game, float(outcome.y[j])
    player = game.player(j)
    line = CONDUCTS[conduct](game, number, j, outcome.y)
    kinks = line[0][line[0] > 0]
    if isinstance(player, Producers):
        most = float(player.capacity[0])
        prices = road.along(number, j, conduct, most)
        return _looked_for(_profit(player, prices, now), _amounts(road, now, tried, most, kinks))
    most = max(GRID_REACH * _wanted(player, Rising(line[:2], line[2])), now)
    prices = road.along(number, j, conduct, most)
    return _looked_for(
        _payoff(player, prices, outcome.x[game.rows_of(j)], now), _amounts(road, now, tried, most, kinks)
    )


def _looked_for(gains, amounts):
    """The best relative gain found on the amounts and, more finely, around the best of them, at least 0, and where."""
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
    for k in {0, int(np.argmax(found)), len(amounts) - 1}:
        found[k] = gains(amounts[k : k + 1], solved=True)[0]
    best = int(np.argmax(found))
    return max(float(found[best]), 0.0), float(amounts[best])


def _profit(producer, prices, now):
    """Gains of sales over the present one, as shares of the present profit; where that is none, of a good market's."""

    def profit(sales, solved=False):
        return prices(sales, solved) * sales - (producer.cost + producer.rise * sales / 2) * sales

    held, most = float(profit(np.array([now]), solved=True)[0]), float(producer.capacity[0])
    good = most * max(abs(float(prices(np.zeros(1))[0])), abs(float(producer.cost[0])), float(producer.rise[0]) * most)
    unit = held if held > NEXT_TO_NO_GAIN * good else good

    def gains(sales, solved=False):
        return (profit(sales, solved) - held) / (unit if unit > 0 else 1.0)

    return gains


def _payoff(player, prices, x, now):
    """Gains of purchases over the present one, as the objective tells them; infinite where it is minus infinity."""
    utility, goal = player.utility, player.objective
    counted = utility.reservation > prices(np.zeros(1))[0]
    present = utility.surplus(prices(np.array([now]), solved=True)[0], x)
    held = np.where(counted, present, 0.0)
    served, valued = counted & (x > NEXT_TO_NO_GAIN * utility.demand(utility.reservation / 2)), worth(utility)

    def gains(purchases, solved=False):
        price = prices(purchases, solved)[:, None]
        if goal.literal and not np.all(counted):
            return np.full(len(purchases), np.inf)
        if not np.any(counted):  # with nobody to serve, to buy nothing is best
            return np.full(len(purchases), float(np.sum(np.maximum(-present, 0.0))))
        part = split(player, price, purchases[:, None], SPLIT_PRECISION)
        surplus = np.where(counted, utility.surplus(price, part), held)
        return goal.regret(surplus, held, counted, served, valued, player)[:, 0]

    return gains


def _wanted(player, rule):
    """What users who take prices would want along a curve: no more can be best."""
    total = float(np.max(rule.quantities, initial=0.0)) + float(
        np.sum(player.utility.demand(max(rule.prices[-1], 0.0)))
    )
    with np.errstate(invalid="ignore"):
        return float(price_taking(rule, np.zeros(1), player.wanted, np.array([total]))[0])


def _amounts(road, now, tried, most, kinks):
    """Amounts to try: even ones, both sides of kinks, some around the present one, and one that is known."""
    kinks = kinks[kinks < most]
    some = kinks[np.unique(np.linspace(0, len(kinks) - 1, min(MOST_KINKS, len(kinks))).astype(int))]
    near = now * np.concatenate([1 - np.array(STEPS_AROUND), [1.0], 1 + np.array(STEPS_AROUND)])
    even = most * np.linspace(0, 1, road.points)
    beside = BESIDE_A_KINK * most
    return np.clip(np.concatenate([even, some - beside, some + beside, near, [tried]]), 0.0, most)
