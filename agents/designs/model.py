"""The Mesa model of several designs side by side: one step is one round of each that still runs."""

from functools import partial

import mesa

from agents.market_model import MarketModel
from market.designs import endings
from market.designs.endings import Ended
from market.designs.study import PLANNER, TARIFF
from market.outcome import Status


class DesignsModel(MarketModel):
    """The models of all designs, made of one population; each keeps its own agents, rounds and ending.

    study: a market.designs.study.Study; parts: {design: its model}.

    After each step: `status`, `round`, `ended` (the designs that ended in it), `datacollector`.
    """

    def __init__(self, study, parts, streams=None):
        super().__init__(streams)
        self.study, self.parts = study, parts
        self.round, self.ended = 0, ()
        shown = [(name, what) for name, part in parts.items() for what in _shown(part)]
        columns = {f"{name}: {what}": partial(_of, name=name, what=what) for name, what in shown}
        self.datacollector = mesa.DataCollector(model_reporters={"round": "round", "running": _running} | columns)

    @property
    def status(self):
        """How the run stands; at its end that of all designs, with the planner's once it was looked for."""
        if self.running:
            return Status.RUNNING
        looked = self.certify or "optimum" in vars(self.study)
        best = (endings.planned(self.study.optimum),) if looked else ()
        return endings.ending([*(Ended(part.status) for part in self.parts.values()), *best])

    @property
    def endings(self):
        """{design: how it ended}, the planner's among them, None before the end; gaps are searched when asked for."""
        if self.running:
            return None
        found = {name: Ended(part.status, part.round, part.gap, part.promised) for name, part in self.parts.items()}
        return found | {TARIFF: endings.AT_TARIFF, PLANNER: endings.planned(self.study.optimum)}

    @property
    def gap(self):
        """The largest gap as a share of what its design promises; None before the end."""
        return None if self.running else endings.gap(self.endings.values())

    @property
    def promised(self):
        """1 where any design promises a gap, else None."""
        return None if self.running else endings.promised(self.endings.values())

    @property
    def advice(self):
        """What the status means and what a user can do."""
        return endings.advice(self.status, self.endings or {})

    def step(self):
        """Play one round of every design that has not ended. Nothing once all have."""
        if not self.running:
            return
        self.round += 1
        moving = [name for name, part in self.parts.items() if part.running]
        for name in moving:
            self.parts[name].step()
        self.ended = tuple(name for name in moving if not self.parts[name].running)
        self.running = any(part.running for part in self.parts.values())
        self.datacollector.collect(self)


SHOWN = ("price", "violation", "loss")  # what a design's rounds are told by, where it has that


def _shown(part):
    return ["status", *(name for name in SHOWN if name in part.datacollector.model_reporters)]


def _running(model):
    return sum(part.running for part in model.parts.values())


def _of(model, name, what):
    """The last collected value of one design."""
    return str(model.parts[name].status) if what == "status" else model.parts[name].datacollector.model_vars[what][-1]
