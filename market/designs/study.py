"""What is compared: one population on one network, the tariff, and the games of all designs made from them."""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from market.designs.planner import optimum
from market.designs.population import Population, at_tariff
from market.designs.supply import Supply

DIRECT, TARIFF, PLANNER = "direct", "tariff", "planner"


@dataclass(frozen=True, eq=False)
class Study:
    """One population under several designs.

    supply: the main grid's cost; its floor is what the tariff pays for energy; buy: what the tariff charges, money per
    energy; network, grid: of the microgrid market, injections those at the tariff; base: energy of 1 p.u.; games:
    {name of a design: (its market, its game)}, all but the tariff alone and the planner.
    """

    population: Population
    supply: Supply
    buy: float
    network: object
    grid: object
    base: float
    games: dict = field(default_factory=dict)

    @property
    def sell(self):
        """What the tariff pays for energy, money per energy."""
        return self.supply.floor

    @cached_property
    def consumption(self):
        """Best consumption x₀ at the tariff, energy, shape (n,)."""
        people = self.population
        return at_tariff(people.a, people.b, people.generation, self.buy, self.sell)

    @cached_property
    def net(self):
        """What each agent has left (> 0) or needs (< 0) at the tariff, e = g − x₀, energy, shape (n,)."""
        return self.population.generation - self.consumption

    @cached_property
    def fed_in(self):
        """What each agent has left at the tariff, energy ≥ 0, shape (n,)."""
        return np.maximum(self.net, 0.0)

    @cached_property
    def tariff_bill(self):
        """What each agent pays by the tariff alone, money, negative: gets, shape (n,)."""
        return self.buy * np.maximum(-self.net, 0.0) - self.sell * self.fed_in

    def by_node(self, values):
        """Sum of the agents' values at each node, shape (nodes,)."""
        return np.bincount(self.population.node, values, self.network.nodes)

    def public_loss(self, net):
        """Energy lost on the public lines, private ones idle, when agents have so much left or need it, shape (n,)."""
        flows = self.grid.flows(self.by_node(net) / self.base)
        return self.base * float(self.network.public.r @ flows**2)

    @cached_property
    def optimum(self):
        """The planner's Optimum on all lines, public and private; None where it is not solved."""
        kinds = (self.network.public, self.network.private)
        wires = tuple(np.concatenate([getattr(lines, name) for lines in kinds]) for name in ("tail", "head", "r"))
        return optimum(self.population, self.supply, wires, self.network.slack, self.network.nodes, self.base)
