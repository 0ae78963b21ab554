"""What a player believes that its price does as it buys or sells more: its conduct (docs/network/model.md, Conduct)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from market.aggregator.best_response import best_response
from market.aggregator.game import Block
from market.aggregator.network.producers import Falling, Producers, best_sale
from market.arrays import Array
from market.brackets import brent
from market.grid.clearing import Operator
from market.grid.nodal import NodalGrid
from market.grid.residual import Curve, curve
from market.prices.piecewise import BrokenLine


class Profile(Protocol):
    """What prices of a game on a network are worked out from, as NetworkGame has it."""

    @property
    def grid(self) -> NodalGrid:
        """The grid."""

    @property
    def places(self) -> tuple[Array, ...]:
        """Shares over the nodes of each block's players."""

    @property
    def conducts(self) -> tuple[str, ...]:
        """What each block's players anticipate."""

    @property
    def player_slices(self) -> tuple[slice, ...]:
        """Where each block's players stand."""

    @property
    def selling(self) -> Array:
        """1 for players that sell."""

    @property
    def operator(self) -> Operator:
        """Who clears."""

    @property
    def unlimited(self) -> Operator:
        """Who would clear if no line had a limit."""

    @property
    def curves(self) -> dict[tuple[object, ...], tuple[Curve, float]]:
        """Curves known, by place and what others do, each with the amount up to which it holds."""

    @property
    def blocks(self) -> tuple[Block | Producers, ...]:
        """The blocks."""

    def player(self, j: int) -> Block | Producers:
        """Player j alone."""

    def taken(self, y: Array) -> Array:
        """What nodes take out."""

    def put_in(self, y: Array) -> Array:
        """What producers put in."""


OUT_OF_REACH = 2.0  # times the highest price that matters: that of what cannot be had
MOST_CURVES = 256  # kept: those asked for last
BEYOND_WANTED = 1.05  # how much further than a player may want its curve goes
BESIDE, WIDE = 1e-9, 1e-6  # shares of an amount: a step is looked for beside it, and told by how much is wanted
SAME_TOTAL = 1e-13  # relative: totals this close differ by rounding
SAME_AMOUNT: dict[str, Any] = {"xtol": 1e-300, "rtol": 1e-14, "maxiter": 3_000}


@dataclass(frozen=True, eq=False)
class Rising(BrokenLine):
    """The price of a buyer along its own purchases."""

    points: tuple[Array, Array]
    last_slope: float

    def __post_init__(self) -> None:
        self.draw(*self.points, self.last_slope)


Line = tuple[Array, Array, float]  # quantities, prices, last slope
Believed = Rising | Falling


def facing(game: Profile, j: int, y: Array) -> tuple[Believed, float]:
    """(The price that player j believes in along its own amount, 0: what the others do is in it), given their y.

    y: purchases and sales, shape (players,); player j's own does not matter. Who takes prices, or congestion, as given
    takes those at which the market would clear with its own answer to them.
    """
    number = next(k for k, where in enumerate(game.player_slices) if j < where.stop)
    line = CONDUCTS[game.conducts[number]](game, number, j, np.asarray(y, dtype=float))
    return _played(line, game.player(j), bool(game.selling[j])), 0.0


def _ended(line, player):
    """A line that stays flat for ever ends beyond what users want there: an endless one is no place to search in."""
    quantities, prices, last = line
    wanted = wanted_by(player, float(prices[-1]))
    if last > 0 or not 0 < wanted < np.inf:
        return line
    beyond = OUT_OF_REACH * max(float(np.max(player.utility.reservation)), abs(float(prices[-1])))
    end = float(quantities[-1]) + OUT_OF_REACH * wanted
    return np.append(quantities, [end, end]), np.append(prices, [prices[-1], beyond]), 0.0


def _played(line, player, sells):
    return _rule(line if sells else _ended(line, player), sells)


def _rule(line, sells):
    return Falling(*line) if sells else Rising(line[:2], line[2])


def by_the_network(game: Profile, number: int, j: int, y: Array) -> Line:
    """The true residual curve: it knows that it can fill and empty lines."""
    return _curve(game, True, number, j, y)


def by_the_hub(game: Profile, number: int, j: int, y: Array) -> Line:
    """Congestion as given: its price moves as the supply curve without limits does, from the true one on."""
    return _raised(_curve(game, False, number, j, y), _given(game, number, j, y))


def by_nothing(game: Profile, number: int, j: int, y: Array) -> Line:
    """The price whatever it does."""
    return np.zeros(1), np.array([_given(game, number, j, y)]), 0.0


def answering(game: Profile, number: int, j: int, y: Array) -> Callable[[float, float], float]:
    """Player j's best amount as a function of what it takes as given, and of a present amount that settles ties.

    By its conduct that is its price, or congestion: what its price has above that of the grid without limits.
    """
    player, sells = game.player(j), bool(game.selling[j])
    if game.conducts[number] == "nothing":
        return lambda price, now: wanted_by(player, price)
    free = _curve(game, False, number, j, y)
    return lambda congestion, now: _best(player, _played(_raised(free, congestion), player, sells), now)


def _given(game, number, j, y):
    """What player j takes as given: what it is at the amount that is its own answer to it.

    Within a step of the price it is the one to which just the amount at the step is the answer.
    """
    true, answer = by_the_network(game, number, j, y), answering(game, number, j, y)
    free = _curve(game, False, number, j, y) if game.conducts[number] == "energy" else (np.zeros(1), np.zeros(1), 0.0)

    def given(amount):
        return _at(true, amount) - _at(free, amount)

    def excess(amount):
        return answer(given(amount), amount) - amount

    amount = vanishing(excess, 0.0, _most(true, game.player(j)))
    ends = [given(amount * (1 + side)) for side in (-BESIDE, BESIDE)]
    if answer(ends[0], amount) <= amount * (1 + WIDE) and answer(ends[1], amount) >= amount * (1 - WIDE):
        return given(amount)
    return vanishing(lambda value: answer(value, amount) - amount, *ends)


def vanishing(falling: Callable[[float], float], low: float, high: float) -> float:
    """Where a function that falls from one end to the other, which may be the smaller, is 0; else the nearer end."""
    if falling(low) <= 0:
        return low
    return high if falling(high) >= 0 else brent(falling, low, high, **SAME_AMOUNT)


def _raised(line, by):
    return line[0], line[1] + by, line[2]


def wanted_by(player: Block | Producers, price: float) -> float:
    """What a player, a block of one, buys or sells if it takes a price as given, energy."""
    if isinstance(player, Producers):
        return player.at_price(price)
    return float(np.sum(player.utility.demand(np.array(price))))


def _most(line, player):
    """More than that no player buys, or sells, along a line, whatever it believes of it."""
    return min(
        wanted_by(player, float(line[1][0])),
        OUT_OF_REACH * float(line[0][-1]) + wanted_by(player, float(np.max(line[1]))),
    )


def _best(player, rule, now):
    if isinstance(player, Producers):
        return best_sale(rule, player, 0.0, now)
    return best_response(rule, player, 0.0, now)


CONDUCTS: dict[str, Callable[[Profile, int, int, Array], Line]] = {
    "network": by_the_network,
    "energy": by_the_hub,
    "nothing": by_nothing,
}


def sold_by(game: Profile, number: int) -> bool:
    """Are a block's players producers?"""
    return bool(game.selling[game.player_slices[number].start])


def _curve(game: Profile, limits: bool, number: int, j: int, y: Array) -> Line:
    """The price along player j's own amount, as far as it can matter; that of lost load where nothing clears."""
    here = _here(game, number)
    outside = max(sum(float(np.sum(y[game.player_slices[k]])) for k in here) - float(y[j]), 0.0)
    found = _known(game, limits, number, here, y, outside)
    lost = game.grid.value_of_lost_load
    if sold_by(game, number):
        return _shifted(*_falling(found), outside) if found else (np.zeros(1), np.array([-lost]), 0.0)
    if found is None:
        return np.zeros(1), np.array([lost]), 0.0
    quantities, prices, last = found.points()
    if found.ended:
        beyond = OUT_OF_REACH * max(_top(game, here), float(prices[-1]), float(np.finfo(float).tiny))
        quantities, prices, last = np.append(quantities, quantities[-1]), np.append(prices, beyond), 0.0
    return _shifted(quantities, prices, max(last, 0.0), outside)


def _here(game, number):
    """Blocks that buy, or sell, in the same direction as one."""
    place, sells = game.places[number], sold_by(game, number)
    return [
        k
        for k, other in enumerate(game.places)
        if game.player_slices[k].stop > game.player_slices[k].start
        and sold_by(game, k) == sells
        and np.array_equal(other, place)
    ]


def _known(game, limits, number, here, y, outside):
    """The curve along a place from nothing bought or sold there on, traced where it is not known so far; or None."""
    others = y.copy()
    for k in here:
        others[game.player_slices[k]] = 0.0
    demand, put_in = game.taken(others), game.put_in(others)
    key = (here[0], limits, demand.tobytes(), put_in.tobytes())
    found = game.curves.pop(key, None)
    if found is None or outside > found[1]:
        found = _traced(game, limits, number, here, (demand, put_in), outside)
    game.curves[key] = found
    while len(game.curves) > MOST_CURVES:
        del game.curves[next(iter(game.curves))]
    return found[0]


def _traced(game, limits, number, here, others, outside):
    """(Curve of a place or None, others' total there up to which it goes far enough for each of its players).

    No buyer wants more than at the first true price. Beyond what it pays for energy it need not know the true curve;
    that without limits it must, since congestion may lower every price of it.
    """
    operator, place = game.operator if limits else game.unlimited, game.places[number]
    blocks = [game.blocks[k] for k in here]
    if sold_by(game, number):
        return curve(operator, -place, *others, until=sum(float(np.sum(b.capacity)) for b in blocks)), np.inf
    start = curve(game.operator, place, *others, until=0.0)
    price = 0.0 if start is None else float(start.before[0])
    most = max(float(np.max(b.by_player(np.add, b.utility.demand(np.full(b.users, price))))) for b in blocks)
    far = OUT_OF_REACH * outside
    top = _top(game, here) if limits else np.inf
    return curve(operator, place, *others, until=far + BEYOND_WANTED * most, top=top), far


def _top(game, here):
    """The highest reservation price at a place."""
    return max(float(np.max(game.blocks[k].utility.reservation)) for k in here)


def _shifted(quantities, prices, last, outside):
    """A line from an amount of others on."""
    if outside == 0:
        return quantities, prices, last
    first = int(np.searchsorted(quantities, outside * (1 + SAME_TOTAL), "right"))
    at = first > 0 and quantities[first - 1] >= outside * (1 - SAME_TOTAL)
    start = float(prices[first - 1]) if at else _at((quantities, prices, last), outside)  # just beyond a step
    return np.append(0.0, quantities[first:] - outside), np.append(start, prices[first:]), last


def _falling(found: Curve) -> Line:
    """Points of a curve that falls."""
    quantities = np.stack([found.starts, found.ends], axis=1).ravel()
    prices = np.minimum.accumulate(np.stack([found.before, found.after], axis=1).ravel())
    new = np.append(True, (np.diff(quantities) > 0) | (np.diff(prices) < 0)) & np.isfinite(quantities)
    return quantities[new], prices[new], min(float(found.slopes[-1]), 0.0)


def _at(line: Line, amount: float) -> float:
    """The price of a line at an amount, from the left."""
    return float(Falling(*line).value(np.array(amount)))
