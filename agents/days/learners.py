"""Players who decide their days by a conduct."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from agents.aggregator.learners import Learns, Mind
from agents.days.players import DayPlan, DayPlayer
from market.aggregator.days.learners import DayLearner


class LearningPlayer(Learns, DayPlayer):
    """A player who decides its users' day by the conduct of its group."""

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
        return Mind(None, None, {what: self.learner.told(what, numbers[0]) for what, numbers in kept.items()})

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
