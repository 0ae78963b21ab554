"""What every market that learners play has in common: its scenario, the users drawn for it, and the rounds played."""

from __future__ import annotations

from abc import ABC, abstractmethod

from engine.running import standing
from scenarios import draw
from scenarios.loading import rewritten
from views.plots import PLOTS


class Table(ABC):
    """The rounds of a market, each of which everybody plays at once.

    given: the scenario's keys that differ from its file's; figure: the plot, in PLOTS, of a run so far; actions: how
    many numbers an agent acts on.
    """

    figure: str
    actions = 1

    def __init__(self, scenario, horizon, **given):
        self.scenario, self.horizon = rewritten(scenario, scenario.given | given | {"rounds": horizon}), horizon
        self.model, self.replication = None, None
        self._draw(0)

    def _draw(self, replication):
        """The users of a replication, None: of the last one, and what can be told of their players for good."""
        if replication is None or replication == self.replication:
            return
        self.replication, self.drawn = replication, draw(self.scenario, replication)
        self._know(self.drawn.game)

    @abstractmethod
    def _know(self, game):
        """Note what can be told of a game's players for good."""

    @property
    def round(self):
        """Rounds played."""
        return self.model.round

    def picture(self):
        """A Figure of the rounds played, None before the first."""
        if self.model is None or not self.round:
            return None
        return PLOTS[self.figure](standing(self.scenario, self.replication, self.drawn, self.model))
