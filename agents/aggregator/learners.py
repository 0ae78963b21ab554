"""Players who decide by a conduct: agents of one each, or of a whole group, who read what their group has in mind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import mesa
import numpy as np

from agents.aggregator.players import BestResponder
from agents.seats import Player, Seat
from market.aggregator.learning import LearningGroup


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
    group = next(group for group in learner.minds if place < group.learners.where.stop)
    return None if group.state is None else _mind(group, place - group.learners.where.start)


def _mind(group, row):
    """As it is now: it learns in place."""
    kept = {what: numbers[row].copy() for what, numbers in group.conduct.kept(group.state).items()}
    chances = group.conduct.beliefs(group.state)
    if chances is None:
        return Mind(None, None, kept)
    return Mind(group.learners.grid(chances.shape[1])[row], chances[row].copy(), kept)


class Learner(BestResponder):
    """A player who decides by the conduct of its group: a row of what the group has in mind."""

    def __init__(self, model: mesa.Model, seat: Seat):
        super().__init__(model, seat)
        self.minds: list[LearningGroup] = [model.mind_at(seat.place)]

    @property
    def beliefs(self) -> np.ndarray | None:
        """Chances of its even amounts in the next round, shape (actions,); None where its conduct knows no such."""
        mind = mind_of(self, self.seat.place)
        return None if mind is None else mind.chances

    def decide(self) -> Any:
        """The amount that its conduct says."""
        (group,) = self.minds
        return float(group.amounts[self.seat.place - group.learners.where.start])


class LearnerGroup(Player):
    """All players of a large group who decide by its conduct."""

    def __init__(self, model: mesa.Model, seat: Seat):
        super().__init__(model, seat)
        self.minds: list[LearningGroup] = list(model.minds_of(seat.group))

    def decide_one(self, number: int) -> Any:
        """What one of them decides, as it observes the market."""
        return float(self.decide_many()[number])

    def decide_many(self) -> Any:
        """The amounts that the conduct says, shape (players,)."""
        return np.concatenate([group.amounts for group in self.minds])
