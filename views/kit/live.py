"""One run that is stepped while it is watched."""

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from engine.columns import csv_text
from engine.running import standing
from engine.store import rounds_of
from market import numerals
from scenarios import Scenario, build, draw

NOT_YET = "not known yet"


ENDED = "ended whole"  # in a run's memory: its Result, once it has ended
ANSWERING = "answering"  # in a run's memory: its sentence is said, so that there is time for what takes long


class Reference(NamedTuple):
    """Another market of the same users that a run is held against: its name in engine.results.others and its Result."""

    name: str
    result: object
    summary: dict


@dataclass(eq=False)
class Run:
    """A scenario, the population drawn for one replication, and the model that plays it.

    chosen: row of the agents' table that is looked at, or None; stored: the rounds that a replay is compared with, a
    DataFrame, or None, and folder: its name; beside: References it is held against, None before they are known; memory:
    what its market's page keeps between rounds.
    """

    scenario: Scenario
    replication: int = 0
    chosen: int | None = None
    stored: object = None
    beside: tuple[Reference, ...] | None = None
    folder: str = ""
    drawn: object = None
    model: object = None
    memory: dict = field(default_factory=dict)

    def start(self):
        """Draw the population, where it is not there yet, and build a fresh model."""
        self.end()
        self.drawn = draw(self.scenario, self.replication) if self.drawn is None else self.drawn
        self.model = build(self.scenario, replication=self.replication, drawn=self.drawn)
        self.model.certify = False  # a frame is drawn first

    def end(self):
        """Let go of the model."""
        self.model = None
        self.memory.clear()

    @property
    def has_result(self):
        """Is there anything to be downloaded yet?"""
        return self.model is not None and self.model.round > 0 and getattr(self.model, "outcomes", True) != []

    def result(self):
        """The Result of the rounds played so far; once the run has ended, the same as that of the command line."""
        return standing(self.scenario, self.replication, self.drawn, self.model, not self.model.running)

    def end_summary(self):
        """The summary of a run that has ended, worked out once; its Result stays in the memory as ENDED."""
        if "summary" not in self.memory:
            self.memory[ENDED] = self.result()
            self.memory["summary"] = self.memory[ENDED].summary()
        return self.memory["summary"]

    def rounds_csv(self):
        """What happened in each round, as the results folder has it."""
        return csv_text(rounds_of(self.result()))

    def column(self, name):
        """A column of the collected data by round, NaN for None."""
        return np.array(self.model.datacollector.model_vars[name], dtype=float)


def gap_text(gap):
    """A gap as it is written; where nobody could be served there is none."""
    return "not defined" if gap is None else numerals.gap(gap)


def last_gap(run):
    """The gap of a run's end as it is written; it is searched for after the end has been drawn."""
    return gap_text(run.memory["gap"]) if "gap" in run.memory else NOT_YET
