"""Producers who act, and the best sale of one who knows how its price falls (textbook Cournot on a straight price)."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from market.arrays import Array, Integers

SAME_PROFIT = 1e-12  # sales whose profits differ by less than this share count as equal: the nearer one is kept


@dataclass(frozen=True, eq=False)
class Producers:
    """Players who sell up to a capacity > 0 at marginal cost `cost + rise q`, rise ≥ 0, arrays of shape (players,).

    A sale is counted as a positive number.
    """

    name: str
    capacity: Array
    cost: Array
    rise: Array
    kind: str = "producer"

    users = 0  # nobody consumes here
    floor = None  # nor pays others

    @property
    def players(self) -> int:
        return len(self.capacity)

    @property
    def unmixed_parts(self) -> tuple[tuple[slice, Producers], ...]:
        """Itself, with all its players: producers are all of one kind."""
        return ((slice(0, self.players), self),)

    @property
    def sizes(self) -> Integers:
        """How many users each stands for, shape (players,): none."""
        return np.zeros(self.players, dtype=int)

    def player(self, j: int) -> Producers:
        """Producer j alone."""
        one = slice(j, j + 1)
        return replace(self, capacity=self.capacity[one], cost=self.cost[one], rise=self.rise[one])

    def player_name(self, j: int) -> str:
        """The group's name, with the producer's number where there are several."""
        return self.name if self.players == 1 else f"{self.name} {j + 1}"

    def at_price(self, price: float) -> float:
        """What all would sell at a price taken as given."""
        margin = price - self.cost
        with np.errstate(divide="ignore", invalid="ignore"):
            wanted = np.where(self.rise > 0, margin / self.rise, np.where(margin > 0, np.inf, 0.0))
        return float(np.sum(np.clip(wanted, 0.0, self.capacity)))

    def spent(self, y: Array) -> Array:
        """Cost of sales y, shape (…, players), in money."""
        return (self.cost + self.rise * y / 2) * y


@dataclass(frozen=True, eq=False)
class Falling:
    """The price of a producer along its own sales: straight between points, with a last slope ≤ 0 beyond them."""

    quantities: Array
    prices: Array
    last_slope: float

    def value(self, total: Array) -> Array:
        """The price at some sales."""
        piece = self._piece(total)
        return self.prices[piece] + self.left_slope(total) * (np.asarray(total, dtype=float) - self.quantities[piece])

    def left_slope(self, total: Array) -> Array:
        """Slope of the price just below some sales."""
        with np.errstate(divide="ignore", invalid="ignore"):
            slopes = np.append(np.diff(self.prices) / np.diff(self.quantities), self.last_slope)
        return np.where(np.isfinite(slopes), slopes, 0.0)[self._piece(total)]

    def _piece(self, total):
        return np.clip(np.searchsorted(self.quantities, total) - 1, 0, len(self.quantities) - 1)


def best_sale(rule: Falling, producer: Producers, others: float, now: float) -> float:
    """The sale 0 ≤ q ≤ capacity that brings most, p(others + q) q − cost(q), found on every piece of the price.

    On a piece p = α + β t the profit is concave, its peak at q = (α + β others − c) / (m − 2 β). now: the present sale,
    which settles ties. (docs/network/model.md, Players.)
    """
    capacity, cost, rise = (float(part[0]) for part in (producer.capacity, producer.cost, producer.rise))
    low = np.clip(rule.quantities - others, 0.0, capacity)
    high = np.append(low[1:], capacity)
    with np.errstate(divide="ignore", invalid="ignore"):
        slopes = np.append(np.diff(rule.prices) / np.diff(rule.quantities), rule.last_slope)
    slopes = np.where(np.isfinite(slopes), slopes, 0.0)
    start = rule.prices + slopes * (others - rule.quantities)  # the price at no sale if the piece went on to there
    bend = rise - 2 * slopes
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        peak = np.where(bend > 0, (start - cost) / bend, np.where(start > cost, capacity, 0.0))
    sales = np.stack([np.clip(peak, low, high), low, high])
    profit = np.where(high > low, (start + slopes * sales - cost - rise * sales / 2) * sales, -np.inf)
    best = float(np.max(profit))
    near = profit >= best - SAME_PROFIT * abs(best)
    return float(sales[near][np.argmin(np.abs(sales[near] - now))])
