"""What a run whose price had several states leaves behind beside its outcome."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from engine.columns import Columns
from engine.results.result import Measure, number, numbers
from market.aggregator import information
from market.aggregator.game import Game
from market.aggregator.states import States
from market.arrays import Array
from market.outcome import Outcome


@dataclass(frozen=True, eq=False)
class ByState:
    """An outcome in each state of the price; informed: is the value of knowing the state wanted too?"""

    states: States
    game: Game
    outcome: Outcome
    informed: bool

    @cached_property
    def price(self) -> Array:
        """Price by state, shape (states,)."""
        return self.states.prices(self.outcome.quantity)

    @cached_property
    def surplus(self) -> Array:
        """Total surplus of each group by state, shape (states, groups)."""
        return information.surplus_by_state(self.states, self.game, self.outcome)

    @property
    def unserved(self) -> Array:
        """What is bought beyond the capacity by state, energy, shape (states,)."""
        return np.maximum(self.outcome.quantity - np.array([rule.capacity for rule in self.states.rules]), 0.0)

    @property
    def welfare(self) -> Array:
        """Surplus of all users by state, shape (states,)."""
        return self.surplus.sum(axis=1)

    @property
    def expected(self) -> float:
        """Expected surplus of all users."""
        return float(self.states.probability @ self.welfare)

    @property
    def worst(self) -> float:
        """Mean surplus of all users in the worst share of states."""
        return float(self.states.tail.of_gains(self.welfare, self.states.probability))

    @property
    def premiums(self) -> dict[str, float]:
        """{group: what risk makes a unit dearer} where groups weigh it in ways of their own."""
        return {name: self.states.premium(name) for name in self.names} if self.states.risks else {}

    @cached_property
    def of_planner(self) -> float | None:
        """What a planner gains by knowing the state."""
        return information.of_planner(self.states, self.game) if self.informed else None

    @cached_property
    def of_one(self) -> list[Array | None]:
        """What each player of each group gains by knowing it alone, where it wants the sum of its users' surplus."""
        return [information.of_one(self.states, self.game, self.outcome, k) for k in range(len(self.game.blocks))]

    @cached_property
    def public(self) -> Array | None:
        """Surplus of each group by state if everybody knew it, shape (states, groups)."""
        return information.if_public(self.states, self.game) if self.informed else None

    @property
    def of_public(self) -> float | None:
        """How much more all users have if everybody knows the state; below zero: less."""
        if self.public is None:
            return None
        return float(self.states.gain(self.public.sum(axis=1)) - self.states.gain(self.welfare))

    @property
    def names(self) -> list[str]:
        """Those of the groups."""
        return [block.name for block in self.game.blocks]

    def facts(self) -> dict[str, Any]:
        """Plain numbers for JSON."""
        states, risk = self.states, self.states.risk
        return {
            "names": list(states.names),
            "probability": numbers(states.probability),
            "price": numbers(self.price),
            "welfare": numbers(self.welfare),
            "unserved": numbers(self.unserved),
            "surplus": dict(zip(self.names, map(numbers, self.surplus.T), strict=True)),
            "expected": {"price": number(states.probability @ self.price), "welfare": number(self.expected)},
            "worst": {
                "level": risk.level,
                "weight": risk.weight,
                "price": number(states.tail.of_costs(self.price, states.probability)),
                "welfare": number(self.worst),
            },
            "premium": self.premiums,
            "information": self.worth() if self.informed else None,
        }

    def worth(self) -> dict[str, Any]:
        """What knowing the state is worth, plain numbers for JSON."""
        more: list[Any] = [None] * len(self.names)
        if self.public is not None:
            more = numbers(self.states.gain(self.public) - self.states.gain(self.surplus))
        return {
            "planner": number(self.of_planner),
            "alone": dict(zip(self.names, map(_alone, self.of_one), strict=True)),
            "public": number(self.of_public),
            "public_by_group": dict(zip(self.names, more, strict=True)),
        }

    def table(self) -> Columns:
        """Columns of one row a state."""
        states = self.states
        columns = {"state": list(states.names), "probability": states.probability, "price": self.price}
        by_group = {f"surplus {name}": values for name, values in zip(self.names, self.surplus.T, strict=True)}
        return columns | {"surplus": self.welfare} | by_group


def _alone(gains):
    if gains is None:
        return None
    return {"mean": number(np.mean(gains)), "least": number(np.min(gains)), "most": number(np.max(gains))}


def _of(read, unit):
    """A measure of runs whose price has states."""
    return Measure(unit, lambda result: None if result.by_state is None else read(result.by_state))


MEASURES = {
    "expected price": _of(lambda known: float(known.states.probability @ known.price), "money/energy"),
    "expected surplus": _of(lambda known: known.expected, "money"),
    "surplus in the worst states": _of(lambda known: known.worst, "money"),
    "planner's value of information": _of(lambda known: known.of_planner, "money"),
    "gain by public information": _of(lambda known: known.of_public, "money"),
}
