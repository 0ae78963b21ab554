"""What a player believes that its price does as it buys or sells more: its conduct (docs/network/model.md, Conduct)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from market.aggregator.game import Block
from market.aggregator.network.producers import Falling, Producers
from market.arrays import Array
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

    def player(self, j: int) -> Block | Producers:
        """Player j alone."""

    def taken(self, y: Array) -> Array:
        """What nodes take out."""

    def put_in(self, y: Array) -> Array:
        """What producers put in."""


OUT_OF_REACH = 2.0  # times the highest price that matters: that of what cannot be had


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
    """(The price that player j believes in along its own amount, 0: what the others do is in it), their y as it stands.

    y: purchases and sales, shape (players,); player j's own counts where it takes prices, or congestion, as given.
    """
    number = next(k for k, where in enumerate(game.player_slices) if j < where.stop)
    line = CONDUCTS[game.conducts[number]](game, number, j, np.asarray(y, dtype=float))
    if game.selling[j]:
        return Falling(*line), 0.0
    return Rising(line[:2], line[2]), 0.0


def by_the_network(game: Profile, number: int, j: int, y: Array) -> Line:
    """The true residual curve: it knows that it can fill and empty lines."""
    return _curve(game, game.operator, number, j, y)


def by_the_hub(game: Profile, number: int, j: int, y: Array) -> Line:
    """Congestion as given: its price moves as the supply curve without limits does, from what it pays now on."""
    quantities, prices, last = _curve(game, game.unlimited, number, j, y)
    now = _at((quantities, prices, last), float(y[j]))
    return quantities, prices + (_paid(game, number, y) - now), last


def by_nothing(game: Profile, number: int, j: int, y: Array) -> Line:
    """The price that it pays now, whatever it does."""
    return np.zeros(1), np.array([_paid(game, number, y)]), 0.0


CONDUCTS: dict[str, Callable[[Profile, int, int, Array], Line]] = {
    "network": by_the_network,
    "energy": by_the_hub,
    "nothing": by_nothing,
}


def _paid(game: Profile, number: int, y: Array) -> float:
    """What one of a block's players pays or gets for a unit more at y."""
    cleared = game.operator.clear(game.taken(y), game.put_in(y))
    prices = cleared.selling if sold_by(game, number) else cleared.buying
    return float(game.places[number] @ prices)


def sold_by(game: Profile, number: int) -> bool:
    """Are a block's players producers?"""
    return bool(game.selling[game.player_slices[number].start])


def _curve(game: Profile, operator: Operator, number: int, j: int, y: Array) -> Line:
    """The price along player j's own amount, as far as it can matter; that of lost load where nothing clears."""
    without = y.copy()
    without[j] = 0.0
    place, others = game.places[number], (game.taken(without), game.put_in(without))
    player = game.player(j)
    if isinstance(player, Producers):
        found = curve(operator, -place, *others, until=float(player.capacity[0]))
        return _points(found) if found else (np.zeros(1), np.array([-game.grid.value_of_lost_load]), 0.0)
    top = float(np.max(player.utility.reservation))
    found = curve(operator, place, *others, top=top)
    if found is None:
        return np.zeros(1), np.array([game.grid.value_of_lost_load]), 0.0
    quantities, prices, last = found.points()
    if found.ended:
        beyond = OUT_OF_REACH * max(top, float(prices[-1]), float(np.finfo(float).tiny))
        return np.append(quantities, quantities[-1]), np.append(prices, beyond), 0.0
    return quantities, prices, max(last, 0.0)


def _points(found: Curve) -> Line:
    """Points of a curve that falls."""
    quantities = np.stack([found.starts, found.ends], axis=1).ravel()
    prices = np.minimum.accumulate(np.stack([found.before, found.after], axis=1).ravel())
    new = np.append(True, (np.diff(quantities) > 0) | (np.diff(prices) < 0)) & np.isfinite(quantities)
    return quantities[new], prices[new], min(float(found.slopes[-1]), 0.0)


def _at(line: Line, amount: float) -> float:
    """The price of a line at an amount, from the left."""
    return float(Falling(*line).value(np.array(amount)))
