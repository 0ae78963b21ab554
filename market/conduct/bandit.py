"""Exponential weights of a player who knows nothing but its own payoffs."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from market.conduct.conduct import ACTIONS, OWN_PAYOFF, TOO_MANY, Conduct, State, chosen
from market.parameters import parameter

if TYPE_CHECKING:
    from market.arrays import Array
    from market.conduct.conduct import Faced, Start
    from market.conduct.dice import Dice


@dataclass(frozen=True)
class Bandit(Conduct):
    """EXP3-IX: an action with a chance that falls like exp(−rate × its estimated loss), losses of the action taken
    counted 1/(chance + explore) times (Neu, 2015, algorithm 1; the anytime rate of its section 3).

    A loss is how far a payoff lies below the highest met so far, as a share of how far payoffs met lie apart. Left out,
    the rate of round t is √(ln K / (K t)) for K actions, and explore is half the rate.
    """

    actions: int = parameter(**ACTIONS)
    rate: float | None = parameter(
        range="(0, inf)",
        default=None,
        meaning="speed of learning; left out: √(ln actions / (actions × round))",
        example=0.1,
    )
    explore: float | None = parameter(
        range="(0, 1]", default=None, meaning="added to chances that losses are divided by; left out: half the rate"
    )
    knows = OWN_PAYOFF
    not_over_days = TOO_MANY

    def begin(self, start: Start) -> State:
        grid = start.grid(self.actions)
        none = np.zeros(len(grid))
        lowest, highest = np.full(len(grid), np.inf), np.full(len(grid), -np.inf)
        weighed = {"tried": np.zeros_like(grid), "paid": np.zeros_like(grid)}
        now = {"round": 1, "action": none.astype(np.intp), "chance": none, "row": np.arange(len(grid))}
        return {"grid": grid, "lowest": lowest, "highest": highest, **weighed, **now}

    def decide(self, state: State, dice: Dice) -> Array:
        chances, row = self.beliefs(state), state["row"]
        action = chosen(chances, dice.throw())
        state["action"], state["chance"] = action, chances[row, action]
        return state["grid"][row, action]

    def learn(self, state: State, faced: Faced) -> None:
        paid, at = faced.payoff, (state["row"], state["action"])
        explore = self._rate(state) / 2 if self.explore is None else self.explore
        counted = state["chance"] + explore
        state["tried"][at] += 1 / counted
        state["paid"][at] += paid / counted
        np.minimum(state["lowest"], paid, out=state["lowest"])
        np.maximum(state["highest"], paid, out=state["highest"])
        state["round"] += 1

    def beliefs(self, state: State) -> Array:
        apart = state["highest"] - state["lowest"]
        speed = self._rate(state) / np.where(apart > 0, apart, np.inf)
        best = np.where(np.isfinite(state["highest"]), state["highest"], 0.0)
        loss = best[:, None] * state["tried"] - state["paid"]
        weights = np.exp(-speed[:, None] * (loss - loss.min(axis=1, keepdims=True)))
        return weights / weights.sum(axis=1, keepdims=True)

    def _rate(self, state):
        if self.rate is not None:
            return self.rate
        return math.sqrt(math.log(self.actions) / (self.actions * state["round"]))
