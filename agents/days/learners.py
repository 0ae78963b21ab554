"""Players who decide their days by a conduct."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import mesa

from agents.aggregator.learners import Mind
from agents.days.players import DayPlan, DayPlayer
from agents.seats import Seat
from market.aggregator.days.learners import DayLearner
from market.conduct import Conduct, Dice


class LearningPlayer(DayPlayer):
    """A player who decides its users' day by the conduct of its group; `state` is what it has in mind, None before."""

    def __init__(self, model: mesa.Model, seat: Seat):
        super().__init__(model, seat)
        self.conduct: Conduct = model.conducts[seat.group]
        self.dice = Dice([self.rng])
        self.state: dict[str, Any] | None = None

    @cached_property
    def learner(self) -> DayLearner:
        """It alone, as its conduct asks it for payoffs."""
        return DayLearner(self.model.table, self.seat.place)

    @property
    def mind(self) -> Mind | None:
        """What it has in mind, as energy by period; None before the first round."""
        if self.state is None:
            return None
        kept = self.conduct.kept(self.state)
        return Mind(None, None, {what: self.learner.told(what, numbers[0].copy()) for what, numbers in kept.items()})

    def decide(self) -> Any:
        """The day that its conduct says."""
        if self.state is None:
            others = self.model.day.load(self.model.y) - self.purchase
            self.state = self.conduct.begin(self.learner.start(self._plan, others, self.model.rounds))
        return DayPlan(self.conduct.decide(self.state, self.dice)[0])

    def hear(self, outcome: Any) -> None:
        """Learn from what the round came to."""
        self.conduct.learn(self.state, self.learner.faced(self._plan, outcome.others))

    @property
    def _plan(self):
        return self.model.plan[self.model.table.columns(self.seat.place)]
