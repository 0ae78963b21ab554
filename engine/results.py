"""What a run leaves behind, and its summary."""

import math
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd

from market.aggregator.planner import best_total_welfare, planned_surplus
from market.measures import gini, jain, price_of_anarchy, producer_surplus, total_welfare
from market.outcome import Outcome, Status

NOTHING_CLEARED = {
    "quantity": dict.fromkeys(("total", "mean", "std")),
    "surplus": dict.fromkeys(("total", "mean", "std", "least")),
    **dict.fromkeys(("jain", "gini", "priced_out", "unserved")),
}


@dataclass(frozen=True, eq=False)
class Result:
    """The facts of one run: outcome, status, rounds and trajectories, with the scenario it came from.

    history: one row a round; quantities, surpluses: trajectories (rounds, users), float32 for large populations;
    equilibria, unique, continuum: of a direct solution only.
    """

    scenario: object
    replication: int
    game: object
    status: Status
    rounds: int
    outcome: Outcome | None
    gap: float | None
    history: pd.DataFrame
    quantities: np.ndarray
    surpluses: np.ndarray
    redraws: dict = field(default_factory=dict)
    period: int | None = None
    blame: dict | None = None
    direct: bool = False
    equilibria: tuple = ()
    unique: bool | None = None
    continuum: bool = False
    seconds: float = 0.0

    def group(self, name):
        """Quantities and surpluses of a group's users in the final outcome, shapes (users,)."""
        for block, rows in zip(self.game.blocks, self.game.user_slices, strict=True):
            if block.name == name:
                return self.outcome.x[rows], self.outcome.s[rows]
        raise KeyError(f"{name!r} is not a group of {self.scenario.name}")

    @cached_property
    def yardsticks(self):
        """Price of anarchy, total welfare and its efficiency, producer surplus; None where part is unserved."""
        if self.outcome is None or self.outcome.unserved > 0:
            return dict.fromkeys(("price_of_anarchy", "total_welfare", "efficiency", "producer_surplus"))
        total, best = total_welfare(self.game, self.outcome), best_total_welfare(self.game)
        return {
            "price_of_anarchy": number(price_of_anarchy(planned_surplus(self.game), self.outcome.welfare)),
            "total_welfare": number(total),
            "efficiency": number(total / best if best > 0 else None),
            "producer_surplus": number(producer_surplus(self.game, self.outcome)),
        }

    def summary(self, users=False):
        """The run as plain numbers for JSON: alpha = infinity is "inf", what is not defined is None."""
        outcome = self.outcome
        summary = {
            "scenario": self.scenario.name,
            "market": self.scenario.market,
            "seed": self.scenario.seed,
            "replication": self.replication,
            "status": str(self.status),
            "advice": self.status.advice,
            "rounds": self.rounds,
            "gap": number(self.gap),
            "price": None if outcome is None else number(outcome.price),
            "quantity": None if outcome is None else number(outcome.quantity),
            "welfare": None if outcome is None else number(outcome.welfare),
            "unserved": None if outcome is None else number(outcome.unserved),
            **self.yardsticks,
            "players": [None] * self.game.players if outcome is None else [number(y) for y in outcome.y],
            "groups": {
                block.name: self._group_summary(block, rows, users)
                for block, rows in zip(self.game.blocks, self.game.user_slices, strict=True)
            },
        }
        return summary | self._ending()

    def _ending(self):
        extra = {}
        if self.period is not None:
            extra["period"] = self.period
        if self.blame is not None:
            extra["priced_out"] = self.blame
        if self.direct:
            extra["unique"] = self.unique
            extra["continuum"] = self.continuum
            extra["equilibria"] = [
                {
                    "quantity": number(o.quantity),
                    "price": number(o.price),
                    "welfare": number(o.welfare),
                    "gap": number(o.gap),
                }
                for o in self.equilibria
            ]
        return extra

    def _group_summary(self, block, rows, users):
        alpha = block.alpha if block.kind == "aggregator" else None
        group = {"kind": block.kind, "users": block.users, "players": block.players, "alpha": number(alpha)}
        if self.outcome is None:
            return group | NOTHING_CLEARED
        x, s = self.outcome.x[rows], self.outcome.s[rows]
        group |= {
            "quantity": {"total": number(x.sum()), "mean": number(x.mean()), "std": number(x.std())},
            "surplus": {
                "total": number(s.sum()),
                "mean": number(s.mean()),
                "std": number(s.std()),
                "least": number(s.min()),
            },
            "jain": number(jain(s)),
            "gini": number(gini(s)),
            "priced_out": int(np.sum(block.utility.reservation <= self.outcome.price)),
            "unserved": int(np.sum(x <= 0)),
        }
        return group | ({"x": x.tolist(), "s": s.tolist()} if users else {})


def number(value):
    """A number fit for JSON: infinity as "inf", anything undefined as None.

    >>> number(np.float64(0.5)), number(math.inf), number(math.nan), number(None)
    (0.5, 'inf', None, None)
    """
    if value is None or math.isnan(value):
        return None
    return ("inf" if value > 0 else "-inf") if math.isinf(value) else float(value)
