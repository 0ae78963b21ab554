"""What is compared: one population on one network, the tariff, and the games of all designs made from them."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from market.arrays import sums
from market.designs.planner import Optimum, optimum
from market.designs.population import Population, at_tariff
from market.designs.supply import Supply

if TYPE_CHECKING:
    from market.arrays import Array
    from market.grid.power_flow import Grid
    from market.microgrid.network import Network


DIRECT, TARIFF, PLANNER = "direct", "tariff", "planner"


@dataclass(frozen=True, eq=False)
class Study:
    """One population under several designs.

    supply: the main grid's cost; its floor is what the tariff pays for energy; buy: what the tariff charges, money per
    energy; network, grid: of the microgrid market, injections those at the tariff, grid None
    before they are known; base: energy of 1 p.u.; games:
    {name of a design: (its market, its game)}, all but the tariff alone and the planner.
    """

    population: Population
    supply: Supply
    buy: float
    network: Network
    grid: Grid | None
    base: float
    games: dict[str, tuple[str, object]] = field(default_factory=dict)

    @property
    def periods(self) -> tuple[Study, ...]:
        """The study of each period: of one, itself."""
        return (self,)

    @property
    def generation(self) -> Array:
        """Own generation, energy, shape (n,)."""
        return self.population.generation

    @property
    def sell(self) -> float:
        """What the tariff pays for energy, money per energy."""
        return self.supply.floor

    @cached_property
    def consumption(self) -> Array:
        """Best consumption x₀ at the tariff, energy, shape (n,)."""
        people = self.population
        return at_tariff(people.a, people.b, people.generation, self.buy, self.sell)

    @cached_property
    def net(self) -> Array:
        """What each agent has left (> 0) or needs (< 0) at the tariff, e = g − x₀, energy, shape (n,)."""
        return self.population.generation - self.consumption

    @cached_property
    def fed_in(self) -> Array:
        """What each agent has left at the tariff, energy ≥ 0, shape (n,)."""
        return np.maximum(self.net, 0.0)

    @cached_property
    def tariff_bill(self) -> Array:
        """What each agent pays by the tariff alone, money, negative: gets, shape (n,)."""
        return self.buy * np.maximum(-self.net, 0.0) - self.sell * self.fed_in

    def by_node(self, values: Array) -> Array:
        """Sum of the agents' values at each node, shape (nodes,)."""
        return sums(self.population.node, values, self.network.nodes)

    def public_loss(self, net: Array) -> float:
        """Energy lost on the public lines, private ones idle, when agents have so much left or need it, shape (n,)."""
        flows = self.grid.flows(self.by_node(net) / self.base)  # type: ignore[union-attr]  # known by then
        return self.base * float(self.network.public.r @ flows**2)

    @cached_property
    def optimum(self) -> Optimum | None:
        """The planner's Optimum on all lines, public and private; None where it is not solved."""
        kinds = (self.network.public, self.network.private)
        wires = tuple(np.concatenate([getattr(lines, name) for lines in kinds]) for name in ("tail", "head", "r"))
        return optimum(self.population, self.supply, wires, self.network.slack, self.network.nodes, self.base)


@dataclass(frozen=True, eq=False)
class DayStudy:
    """One population over the periods of a day under several designs: a Study of each period, on the same network.

    games: as a Study has them, each of the whole day (docs/designs/model.md, A day).
    """

    periods: tuple[Study, ...]
    games: dict[str, tuple[str, object]]

    @property
    def population(self) -> Population:
        """The agents as the first period has them; class and node are the same in all."""
        return self.periods[0].population

    @property
    def network(self) -> Network:
        """The network, with the first period's injections."""
        return self.periods[0].network

    @cached_property
    def consumption(self) -> Array:
        """Best consumption at the tariff over the day, energy, shape (n,)."""
        return np.sum([study.consumption for study in self.periods], axis=0)

    @cached_property
    def generation(self) -> Array:
        """Own generation over the day, energy, shape (n,)."""
        return np.sum([study.generation for study in self.periods], axis=0)

    @property
    def net(self) -> Array:
        """What each agent has left or needs at the tariff over the day, energy, shape (n,)."""
        return self.generation - self.consumption

    @cached_property
    def optimum(self) -> Optimum | None:
        """The planner's Optimum of all periods together, its prices their mean; None where one is not solved.

        Nothing is carried from one period to the next, so that each is planned by itself; gap: the largest.
        """
        found = [study.optimum for study in self.periods]
        known = [best for best in found if best is not None]
        if len(known) < len(found):
            return None
        return Optimum(
            consumption=np.sum([best.consumption for best in known], axis=0),
            loss=sum(best.loss for best in known),
            prices=np.mean([best.prices for best in known], axis=0),
            welfare=sum(best.welfare for best in known),
            gap=max(best.gap for best in known),
        )
