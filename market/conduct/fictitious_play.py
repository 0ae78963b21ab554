"""Fictitious play."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from market.conduct.conduct import PAYOFF_FUNCTION, Conduct, State, rows
from market.parameters import parameter

if TYPE_CHECKING:
    from market.arrays import Array
    from market.conduct.conduct import Faced, Start
    from market.conduct.dice import Dice


@dataclass(frozen=True)
class FictitiousPlay(Conduct):
    """The best amount beside the average of what the others did so far (Brown, 1951; Monderer and Shapley, 1996).

    With memory m the average moves by 1/t of the way to round t's amounts up to t = m, by 1/m from then on: m infinite
    weighs all rounds alike, which nears an equilibrium like a power of t, while a finite m nears it geometrically.
    """

    memory: float = parameter(
        unit="rounds", range="[1, inf]", default=20.0, meaning="a round counts for so long; inf: all alike"
    )
    knows = PAYOFF_FUNCTION
    not_over_days = ""

    def begin(self, start: Start) -> State:
        return {"seen": start.faced.seen.copy(), "round": 0, "next": start.faced.best(start.faced.seen)}

    def decide(self, state: State, dice: Dice) -> Array:
        return state["next"]

    def learn(self, state: State, faced: Faced) -> None:
        state["round"] += 1
        state["seen"] += (faced.seen - state["seen"]) / min(state["round"], self.memory)
        state["next"] = faced.best(state["seen"])

    def kept(self, state: State) -> dict[str, Array]:
        return {"others, on average": state["seen"], "its next amount": rows(state["next"])}
