"""Best responses of players who often stay where they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from market.conduct.conduct import PAYOFF_FUNCTION, Conduct, State, rows
from market.parameters import parameter

if TYPE_CHECKING:
    from market.arrays import Array
    from market.conduct.conduct import Faced, Start
    from market.conduct.dice import Dice


@dataclass(frozen=True)
class Inertial(Conduct):
    """With a chance the amount of the round before, else the best beside what the others did in it
    (Young, 2004, Strategic Learning and Its Limits, better replies with inertia)."""

    inertia: float = parameter(range="[0, 1)", default=0.5, meaning="chance that it stays for a round")
    knows = PAYOFF_FUNCTION
    not_over_days = ""

    def begin(self, start: Start) -> State:
        state: State = {}
        self.learn(state, start.faced)
        return state

    def decide(self, state: State, dice: Dice) -> Array:
        own: Array = state["own"]
        best: Array = state["best"]
        stays = (dice.throw() < self.inertia).reshape(-1, *[1] * (own.ndim - 1))
        return np.where(stays, own, best)

    def learn(self, state: State, faced: Faced) -> None:
        state["own"], state["best"] = faced.own, faced.best(faced.seen)

    def kept(self, state: State) -> dict[str, Array]:
        return {"best beside the others": rows(state["best"])}
