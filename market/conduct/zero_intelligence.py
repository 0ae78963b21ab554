"""Random purchases that nobody regrets to have paid for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from market.conduct.conduct import NO_RANDOM_DAY, PRICES, Conduct, State

if TYPE_CHECKING:
    from market.arrays import Array
    from market.conduct.conduct import Faced, Start
    from market.conduct.dice import Dice


@dataclass(frozen=True)
class ZeroIntelligence(Conduct):
    """Any amount, all alike, up to what is worth its last price: of users up to their reservation
    (Gode and Sunder, 1993, traders with a budget constraint)."""

    knows = PRICES
    not_over_days = NO_RANDOM_DAY

    def begin(self, start: Start) -> State:
        return {"wanted": start.faced.wanted()}

    def decide(self, state: State, dice: Dice) -> Array:
        return dice.throw() * state["wanted"]

    def learn(self, state: State, faced: Faced) -> None:
        state["wanted"] = faced.wanted()

    def kept(self, state: State) -> dict[str, Array]:
        return {"the most it takes": state["wanted"][:, None]}
