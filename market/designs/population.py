"""The population all designs share, and what it wants: of each agent, utility, own generation and place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from market.arrays import Array, Integers


@dataclass(frozen=True, eq=False)
class Population:
    """Agents with utility U = b x − a x² of their consumption x and own generation, arrays of shape (n,).

    a: money per energy², b: money per energy, generation: energy; node: where each is on the network; member: the
    number of its class, an index of `classes`, the names.
    """

    a: Array
    b: Array
    generation: Array
    node: Integers
    member: Integers
    classes: tuple[str, ...]

    def __len__(self):
        return len(self.a)

    def utility(self, x: Array) -> Array:
        """U(x) of consumption x, money, shape (n,)."""
        return (self.b - self.a * x) * x

    @property
    def satiated(self) -> Array:
        """Consumption at which U is greatest, energy, shape (n,)."""
        return self.b / (2 * self.a)

    @property
    def alone(self) -> Array:
        """The most U that own generation gives without any grid, money, shape (n,); generation may be thrown away."""
        return self.utility(np.minimum(self.generation, self.satiated))


def wanted(a: Array, b: Array, price: float) -> Array:
    """Consumption where marginal utility b − 2 a x equals a price, 0 at and above b, energy, shape (n,)."""
    return np.maximum(b - price, 0.0) / (2 * a)


def at_tariff(a: Array, b: Array, generation: Array, buy: float, sell: float) -> Array:
    """Best consumption x₀ of agents who buy at one price and sell what they have left at another, energy, shape (n,).

    Own generation is consumed while a unit is worth more than it sells for; more is bought while it is worth its
    price (docs/designs/model.md, The map).

    >>> import numpy as np
    >>> at_tariff(np.full(3, 0.5), np.full(3, 3.0), np.array([0.0, 1.5, 5.0]), buy=2.0, sell=1.0)
    array([1. , 1.5, 2. ])
    """
    return np.clip(generation, wanted(a, b, buy), wanted(a, b, sell))


def further(a: Array, b: Array, generation: Array) -> tuple[Array, Array]:
    """(a, b') of the utility of energy z beside own generation, U(g + z) − U(g) = b' z − a z², b' = b − 2 a g.

    Nobody buys energy that it would not use: b' is at least 0 (docs/designs/model.md, The map).

    >>> further(np.array([0.5]), np.array([3.0]), np.array([1.0]))
    (array([0.5]), array([2.]))
    """
    return a, np.maximum(b - 2 * a * generation, 0.0)
