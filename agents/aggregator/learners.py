"""Players who decide by a conduct: one by one, or all of a group at once with the same random numbers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import mesa
import numpy as np

from agents.aggregator.players import BestResponder
from agents.seats import Player, Seat
from market.conduct import Conduct, Dice


@dataclass(frozen=True, eq=False)
class Mind:
    """What one learner has in mind.

    amounts: the even ones it chooses among, energy, and their chances in its next round, shapes (actions,), both None
    where its conduct knows no such; kept: {what: numbers, energy} besides.
    """

    amounts: np.ndarray | None
    chances: np.ndarray | None
    kept: dict[str, np.ndarray]


def mind_of(learner: Learner | LearnerGroup, place: int) -> Mind | None:
    """What the player at a place among all has in mind, None before the first round."""
    for learners, state in learner.minds:
        if place < learners.where.stop:
            return _mind(learner.conduct, learners, state, place - learners.where.start)
    return None


def _mind(conduct, learners, state, row):
    kept = {what: numbers[row] for what, numbers in conduct.kept(state).items()}
    chances = conduct.beliefs(state)
    if chances is None:
        return Mind(None, None, kept)
    return Mind(learners.grid(chances.shape[1])[row], chances[row], kept)


class Learns(Player):
    """Who decides by the conduct of its group; `state` is what it has in mind, None before the first round."""

    def __init__(self, model: mesa.Model, seat: Seat):
        super().__init__(model, seat)
        self.conduct: Conduct = model.conducts[seat.group]
        self.dice = Dice([self.rng])
        self.state: dict[str, Any] | None = None


class Learner(Learns, BestResponder):
    """A player who decides by the conduct of its group."""

    @cached_property
    def learners(self) -> Any:
        """It alone, as its conduct asks it for payoffs."""
        return self.model.learning(self.seat.place, self.player)

    @property
    def beliefs(self) -> np.ndarray | None:
        """Chances of its even amounts in the next round, shape (actions,); None where its conduct knows no such."""
        found = None if self.state is None else self.conduct.beliefs(self.state)
        return None if found is None else found[0]

    @property
    def minds(self) -> list[tuple[Any, dict[str, Any]]]:
        """It alone with its state, nobody before the first round."""
        return [] if self.state is None else [(self.learners, self.state)]

    def decide(self) -> Any:
        """The amount that its conduct says."""
        if self.state is None:
            self.state = self.conduct.begin(self.learners.start(self.model.y, self.model.rounds))
        return float(self.conduct.decide(self.state, self.dice)[0])

    def hear(self, outcome: Any) -> None:
        """Learn from what the round came to."""
        self.conduct.learn(self.state, self.learners.faced(self.model.y))


class LearnerGroup(Player):
    """All players of a large group who decide by its conduct, each with the numbers that it would have had alone."""

    def __init__(self, model: mesa.Model, seat: Seat):
        super().__init__(model, seat)
        self.conduct: Conduct = model.conducts[seat.group]
        self.parts = []
        for some, block in seat.own.unmixed_parts:
            numbers = range(some.start, some.stop)
            dice = Dice([model.streams.of(seat.group, f"player {number}") for number in numbers])
            self.parts.append((model.learning(seat.place + some.start, block), dice))
        self.states: list[dict[str, Any]] = []
        self.decided = (0, np.empty(0))  # round and amounts

    def decide_one(self, number: int) -> Any:
        """What one of them decides, as it observes the market."""
        return float(self.decide_many()[number])

    def decide_many(self) -> Any:
        """The amounts that the conduct says, shape (players,)."""
        if not self.states:
            starts = (learners.start(self.model.y, self.model.rounds) for learners, _ in self.parts)
            self.states = [self.conduct.begin(start) for start in starts]
        if self.decided[0] != self.view.round:
            pairs = zip(self.states, self.parts, strict=True)
            amounts = [self.conduct.decide(state, dice) for state, (_, dice) in pairs]
            self.decided = self.view.round, np.concatenate(amounts)
        return self.decided[1]

    @property
    def minds(self) -> list[tuple[Any, dict[str, Any]]]:
        """Its players, some at once, with their states, nobody before the first round."""
        return [(learners, state) for (learners, _), state in zip(self.parts, self.states, strict=False)]

    def hear(self, outcome: Any) -> None:
        """Learn from what the round came to."""
        for state, (learners, _) in zip(self.states, self.parts, strict=True):
            self.conduct.learn(state, learners.faced(self.model.y))
