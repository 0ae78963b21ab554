"""What a player believes that its price does as it buys or sells more: its conduct (docs/network/model.md, Conduct)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from market.arrays import Array
from market.grid.clearing import Operator
from market.grid.pivots import merit_order, settle
from market.grid.residual import trace
from market.prices.piecewise import BrokenLine

if TYPE_CHECKING:
    from market.aggregator.network.game import NetworkGame

OUT_OF_REACH = 2.0  # times the highest price that matters: that of what cannot be had


@dataclass(frozen=True, eq=False)
class Rising(BrokenLine):
    """The price of a buyer along its own purchases."""

    points: tuple[Array, Array]
    last_slope: float

    def __post_init__(self) -> None:
        self.draw(*self.points, self.last_slope)


@dataclass(frozen=True, eq=False)
class Falling:
    """The price of a producer along its own sales: straight between points, with a last slope ≤ 0 beyond them."""

    quantities: Array
    prices: Array
    last_slope: float

    def value(self, total: Array) -> Array:
        """The price at some sales."""
        piece = np.clip(np.searchsorted(self.quantities, total) - 1, 0, len(self.quantities) - 1)
        with np.errstate(divide="ignore", invalid="ignore"):
            slopes = np.append(np.diff(self.prices) / np.diff(self.quantities), self.last_slope)
        slope = np.where(np.isfinite(slopes), slopes, 0.0)[piece]
        return self.prices[piece] + slope * (np.asarray(total, dtype=float) - self.quantities[piece])


Line = tuple[Array, Array, float]  # quantities, prices, last slope
Believed = Rising | Falling


def facing(game: NetworkGame, j: int, y: Array) -> tuple[Believed, float]:
    """(The price that player j believes in along its own amount, 0: what the others do is in it), their y as it stands.

    y: purchases and sales, shape (players,); player j's own counts where it takes prices, or congestion, as given.
    """
    number = next(k for k, where in enumerate(game.player_slices) if j < where.stop)
    line = CONDUCTS[game.conducts[number]](game, number, j, np.asarray(y, dtype=float))
    if game.selling[j]:
        return Falling(*line), 0.0
    return Rising(line[:2], line[2]), 0.0


def by_the_network(game: NetworkGame, number: int, j: int, y: Array) -> Line:
    """The true residual curve: it knows that it can fill and empty lines."""
    return _curve(game, game.operator, number, j, y)


def by_the_hub(game: NetworkGame, number: int, j: int, y: Array) -> Line:
    """Congestion as given: its price moves as the supply curve without limits does, from what it pays now on."""
    quantities, prices, last = _curve(game, game.unlimited, number, j, y)
    now = _at((quantities, prices, last), float(y[j]))
    return quantities, prices + (_paid(game, number, y) - now), last


def by_nothing(game: NetworkGame, number: int, j: int, y: Array) -> Line:
    """The price that it pays now, whatever it does."""
    return np.zeros(1), np.array([_paid(game, number, y)]), 0.0


CONDUCTS: dict[str, Callable[[NetworkGame, int, int, Array], Line]] = {
    "network": by_the_network,
    "energy": by_the_hub,
    "nothing": by_nothing,
}


def _paid(game, number, y):
    """What a block's players pay or get per unit at y."""
    cleared = game.operator.clear(game.taken(y), game.put_in(y))
    return float(game.places[number] @ cleared.prices)


def _curve(game, operator: Operator, number, j, y) -> Line:
    """The price along player j's own amount, as far as it can matter."""
    without = y.copy()
    without[j] = 0.0
    programme = operator.programme
    load = programme.load(game.taken(without), game.put_in(without))
    active = settle(programme, merit_order(programme, load), load)[0]
    weights = game.places[number]
    if game.selling[j]:
        curve = trace(programme, active, load, -weights, until=float(game.player(j).capacity[0]))
        quantities, prices, last = _points(curve)
        return quantities, prices, last
    top = float(np.max(game.player(j).utility.reservation))
    curve = trace(programme, active, load, weights, top=top)
    quantities, prices, last = curve.points()
    if curve.ended:
        beyond = OUT_OF_REACH * max(top, float(prices[-1]), 1.0)
        return np.append(quantities, quantities[-1]), np.append(prices, beyond), last
    return quantities, prices, max(last, 0.0)


def _points(curve) -> Line:
    """Points of a curve that falls."""
    quantities = np.stack([curve.starts, curve.ends], axis=1).ravel()
    prices = np.minimum.accumulate(np.stack([curve.before, curve.after], axis=1).ravel())
    new = np.append(True, (np.diff(quantities) > 0) | (np.diff(prices) < 0)) & np.isfinite(quantities)
    return quantities[new], prices[new], min(float(curve.slopes[-1]), 0.0)


def _at(line: Line, amount: float) -> float:
    """The price of a line at an amount, from the left."""
    return float(Falling(*line).value(np.array(amount)))
