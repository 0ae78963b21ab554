"""What an operator can call on, as one list: pieces of generators, elastic demand, load to shed, output to spill."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from market.arrays import Array, Integers
from market.grid.nodal import NodalGrid


@dataclass(frozen=True, eq=False)
class Offers:
    """Offers with marginal cost a + m q between low and high, arrays of shape (offers,), in units of their own.

    First all generators, then elastic demand (a generator of negative output), then at every node the load that can be
    shed at the value of lost load, then the output that can be spilled there, at as much a unit: that of generators
    which must run, of negative demand and of whoever sells. `energy` and `price` are the units: the largest demand or
    usual capacity, and the largest cost.
    """

    node: Integers
    a: Array
    m: Array
    low: Array
    high: Array
    generators: slice
    elastic: slice
    shed: slice
    spill: slice
    energy: float
    price: float

    def bounds(self, taken: Array, put_in: Array) -> tuple[Array, Array]:
        """(low, high) where so much is taken out and put in at the nodes, both ≥ 0, shapes (nodes,), own units."""
        low, high = self.low.copy(), self.high.copy()
        high[self.shed] = np.maximum(taken, 0.0)
        low[self.spill] -= np.maximum(put_in, 0.0)
        return low, high

    def growth(self, taken: Array, put_in: Array) -> tuple[Array, Array]:
        """By how much `bounds` move where more is taken out and put in, (low, high)."""
        low, high = np.zeros(len(self.low)), np.zeros(len(self.high))
        high[self.shed], low[self.spill] = taken, -put_in
        return low, high


def offers_of(grid: NodalGrid) -> Offers:
    """The offers of a grid (docs/network/model.md, The clearing)."""
    units, elastic, n = grid.generators, grid.elastic, grid.nodes
    used = units.capacity[np.isfinite(units.capacity) & (units.capacity > 0)]
    usual = float(np.median(used)) if len(used) else 0.0
    energy = max(float(np.max(np.abs(grid.demand))), float(np.max(elastic.quantity, initial=0.0)), usual) or 1.0
    top = np.abs(np.concatenate([units.cost, units.cost + grid.rises * energy, elastic.price]))
    price = float(np.max(top, initial=0.0)) or float(grid.value_of_lost_load)
    must_run = np.bincount(units.node, units.least, n)
    nothing, everywhere, lost = np.zeros(n), np.arange(n), np.full(n, grid.value_of_lost_load)
    node = np.concatenate([units.node, elastic.node, everywhere, everywhere])
    a = np.concatenate([units.cost, elastic.price, lost, -lost])
    m = np.concatenate([grid.rises, elastic.price / elastic.quantity, nothing, nothing])
    low = np.concatenate([units.least, -elastic.quantity, nothing, -must_run])
    high = np.concatenate([units.capacity, np.zeros(len(elastic)), nothing, nothing])
    first, second = len(units), len(units) + len(elastic)
    return Offers(
        node=node,
        a=a / price,
        m=m * energy / price,
        low=low / energy,
        high=high / energy,
        generators=slice(0, first),
        elastic=slice(first, second),
        shed=slice(second, second + n),
        spill=slice(second + n, second + 2 * n),
        energy=energy,
        price=price,
    )
