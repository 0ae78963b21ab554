"""Best responses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from market.conduct.conduct import PAYOFF_FUNCTION, Conduct, State

if TYPE_CHECKING:
    from market.arrays import Array
    from market.conduct.conduct import Faced, Start
    from market.conduct.dice import Dice


@dataclass(frozen=True)
class BestResponse(Conduct):
    """The best amount beside what the others did last (Li, Motoki, Zhang, Algorithm 1; Cournot, 1838, chapter 7).

    In a scenario these players answer in the order of the file, and a run of nobody else ends when they settle.
    """

    knows = PAYOFF_FUNCTION
    learns = False
    not_over_days = ""

    def begin(self, start: Start) -> State:
        return {"next": start.faced.best(start.faced.seen)}

    def decide(self, state: State, dice: Dice) -> Array:
        return state["next"]

    def learn(self, state: State, faced: Faced) -> None:
        state["next"] = faced.best(faced.seen)
