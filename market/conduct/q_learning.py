"""Learning the worth of actions in states, as studies of tacit collusion do."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from market.conduct.conduct import ACTIONS, TOO_MANY, Conduct, State
from market.parameters import parameter

if TYPE_CHECKING:
    from market.arrays import Array
    from market.conduct.conduct import Faced, Start
    from market.conduct.dice import Dice

FADING_PART = 10  # by default the chance of exploring falls by a factor of e in this part of the rounds


@dataclass(frozen=True)
class QLearning(Conduct):
    """ε-greedy Q-learning whose state is the last price, coarsely (Watkins and Dayan, 1992; the set-up of
    Calvano, Calzolari, Denicolò and Pastorello, 2020, with quantities and with prices as states).

    Q(s, a) moves by rate × (payoff + discount × max Q(s′, ·) − Q(s, a)) from 0, where a payoff counts from what no
    energy pays, so that no unit decides whether it is worth more than what was never tried. Prices fall into even
    classes between the starting price and the price if everybody bought all they want.
    """

    actions: int = parameter(**ACTIONS)
    rate: float = parameter(range="(0, 1]", default=0.1, meaning="share of the way a worth moves to what is met")
    explore: float = parameter(range="[0, 1]", default=1.0, meaning="chance of any action in the first round")
    fade: float | None = parameter(
        unit="rounds",
        range="(0, inf]",
        default=None,
        meaning="in which that chance falls by a factor of e; left out: a tenth of the rounds",
        example=100.0,
    )
    discount: float = parameter(range="[0, 1)", default=0.9, meaning="worth of the next round's payoff in this one's")
    states: int = parameter(type="whole", range="[1, 100]", default=5, meaning="classes of the last price")
    knows = "its own payoff and the last price"
    not_over_days = TOO_MANY

    def begin(self, start: Start) -> State:
        grid = start.grid(self.actions)
        fade = start.rounds / FADING_PART if self.fade is None else self.fade
        now = {"round": 0, "action": np.zeros(len(grid), dtype=np.intp), "fade": fade, "prices": start.prices}
        now["nothing"] = start.faced.of_actions(self.actions)[:, 0]
        state = {"grid": grid, "worth": np.zeros((len(grid), self.states, self.actions)), **now}
        state["class"] = self._class(state, start.faced.price)
        return state

    def decide(self, state: State, dice: Dice) -> Array:
        row = np.arange(len(state["grid"]))
        greedy = np.argmax(state["worth"][row, state["class"]], axis=1)
        tries, any_action = dice.throw() < self._chance(state), (dice.throw() * self.actions).astype(np.intp)
        state["action"] = np.where(tries, any_action, greedy)
        return state["grid"][row, state["action"]]

    def learn(self, state: State, faced: Faced) -> None:
        row = np.arange(len(state["grid"]))
        after = self._class(state, faced.price)
        met = faced.payoff - state["nothing"] + self.discount * state["worth"][row, after].max(axis=1)
        at = row, state["class"], state["action"]
        state["worth"][at] += self.rate * (met - state["worth"][at])
        state["class"] = after
        state["round"] += 1

    def beliefs(self, state: State) -> Array:
        row, chance = np.arange(len(state["grid"])), self._chance(state)
        found = np.full(state["grid"].shape, chance / self.actions)
        found[row, np.argmax(state["worth"][row, state["class"]], axis=1)] += 1 - chance
        return found

    def _chance(self, state):
        return self.explore * math.exp(-state["round"] / state["fade"])

    def _class(self, state, price):
        low, high = state["prices"]
        share = (price - low) / (high - low) if high > low else np.zeros_like(price)
        return np.maximum(np.minimum((share * self.states).astype(np.intp), self.states - 1), 0)
