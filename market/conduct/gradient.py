"""Steps along the own marginal payoff."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from market.conduct.conduct import STEP, Conduct, State, rows
from market.parameters import parameter

if TYPE_CHECKING:
    from market.arrays import Array
    from market.conduct.conduct import Faced, Start
    from market.conduct.dice import Dice


@dataclass(frozen=True)
class Gradient(Conduct):
    """A step along the own marginal payoff, kept between nothing and all that is wanted
    (Arrow, Hurwicz and Uzawa, 1958; Zinkevich, 2003, of fixed step).

    The step is rate times marginal payoff, in units in which a first unit's marginal payoff, alone in the market, would
    lead to all that is wanted: with rate 1 a single quadratic user at a price that nobody moves is there in one step.
    """

    rate: float = parameter(range="(0, 10]", default=0.2, meaning="share of the way that a step goes")
    knows = "its own marginal payoff"
    not_over_days = ""

    def begin(self, start: Start) -> State:
        state: State = {"pace": start.pace(self.rate)}
        self.learn(state, start.faced)
        return state

    def decide(self, state: State, dice: Dice) -> Array:
        return state["next"]

    def learn(self, state: State, faced: Faced) -> None:
        state["next"] = faced.nearest(faced.own + state["pace"] * faced.marginal())
        state["step"] = state["next"] - faced.own

    def kept(self, state: State) -> dict[str, Array]:
        return {STEP: rows(state["step"])}
