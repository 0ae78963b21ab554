"""Multiplicative weights on the payoffs of all actions."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from market.conduct.conduct import ACTIONS, PAYOFF_FUNCTION, TOO_MANY, Conduct, State, chosen
from market.parameters import parameter

if TYPE_CHECKING:
    from market.arrays import Array, Numbers
    from market.conduct.conduct import Faced, Start
    from market.conduct.dice import Dice


@dataclass(frozen=True)
class Hedge(Conduct):
    """An action with a chance that grows like exp(rate × what it would have paid so far / range)
    (Freund and Schapire, 1997; Cesa-Bianchi and Lugosi, 2006, theorem 2.2).

    range: the widest that payoffs of a round's actions lay apart so far. With rate √(8 ln K / T) for K actions and T
    rounds the expected payoff falls behind that of the best action by at most √(T ln K / 2) times the range.
    """

    actions: int = parameter(**ACTIONS)
    rate: float | None = parameter(
        range="(0, inf)", default=None, meaning="speed of learning; left out: √(8 ln actions / rounds)", example=0.1
    )
    knows = PAYOFF_FUNCTION
    not_over_days = TOO_MANY

    def begin(self, start: Start) -> State:
        grid = start.grid(self.actions)
        return {
            "grid": grid,
            "rate": self._rate(start.rounds),
            "total": np.zeros_like(grid),
            "range": np.zeros(len(grid)),
        }

    def decide(self, state: State, dice: Dice) -> Array:
        action = chosen(_weights(state), dice.throw())
        return state["grid"][np.arange(len(action)), action]

    def learn(self, state: State, faced: Faced) -> None:
        paid = faced.of_actions(self.actions)
        state["total"] += paid
        np.maximum(state["range"], paid.max(axis=1) - paid.min(axis=1), out=state["range"])

    def beliefs(self, state: State) -> Array:
        weights = _weights(state)
        return weights / weights.sum(axis=1, keepdims=True)

    def bound(self, played: Numbers, rounds: int) -> Numbers:
        """ln K / rate + rate t / 8 after t rounds."""
        rate = self._rate(rounds)
        return math.log(self.actions) / rate + rate * played / 8

    def _rate(self, rounds):
        return math.sqrt(8 * math.log(self.actions) / rounds) if self.rate is None else self.rate


def _weights(state):
    """Weights of actions, the largest 1, shape (players, actions)."""
    total, wide = state["total"], state["range"]
    speed = state["rate"] / np.where(wide > 0, wide, np.inf)
    return np.exp(speed[:, None] * (total - total.max(axis=1, keepdims=True)))
