"""What a run of players who learn leaves behind beside its last round."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from engine.results.result import Measure, number, numbers
from market.arrays import Array
from market.conduct.judge import NEAR_EQUILIBRIUM, Judge, nearest
from market.outcome import Outcome

DISTANCE = "distance"  # to an equilibrium: the column of the rounds that only a run's end knows


@dataclass(frozen=True, eq=False)
class Learned:
    """What players who learn reached.

    names: of the learners; judge: what kept their rounds; equilibria: certified ones, none where none is known;
    surplus: of the learners' users, by round, shape (rounds,), not a number where a round did not clear;
    at_equilibrium: the same at each equilibrium; collusion: the same if one planner bought for the learners, None
    where it was not worked out.
    """

    names: list[str]
    judge: Judge
    equilibria: Sequence[Outcome]
    surplus: Array
    at_equilibrium: Sequence[float]
    collusion: float | None

    @property
    def distances(self) -> Array:
        """How far each round's amounts lie from the nearest equilibrium, as a share of its total, shape (rounds,)."""
        return self.judge.distances([one.y.ravel() for one in self.equilibria])

    @property
    def nearest(self) -> int | None:
        """Number of the equilibrium whose distance to the last round's amounts is least."""
        found = nearest(self.judge.amounts[-1], [one.y.ravel() for one in self.equilibria])
        return None if found is None else found[0]

    @property
    def near(self) -> float | None:
        """Share of the rounds at an equilibrium, up to NEAR_EQUILIBRIUM of its total."""
        return float(np.mean(self.distances <= NEAR_EQUILIBRIUM)) if len(self.equilibria) else None

    @property
    def mean_surplus(self) -> float:
        """Mean surplus of the learners over the rounds that cleared; not a number where none did."""
        cleared = self.surplus[np.isfinite(self.surplus)]
        return float(np.mean(cleared)) if len(cleared) else np.nan

    @property
    def collusion_index(self) -> float | None:
        """How far the mean surplus lies on the way from the nearest equilibrium's to collusion: 0 to 1 or beyond."""
        if self.collusion is None or self.nearest is None:
            return None
        competitive = self.at_equilibrium[self.nearest]
        room = self.collusion - competitive
        return float((self.mean_surplus - competitive) / room) if room > SAME_SURPLUS * abs(self.collusion) else None

    def facts(self) -> dict[str, Any]:
        """Plain numbers for JSON."""
        judge, place = self.judge, self.nearest
        near = None if place is None else self.equilibria[place]
        return {
            "tolerance_gap": judge.judging.tolerance_gap,
            "window": judge.judging.window,
            "certify_every": judge.judging.every(judge.rounds),
            "gap_of_average": number(judge.gap_of_average),
            "average_regret": number(judge.average_regret),
            "regret": dict(zip(self.names, numbers(judge.regrets), strict=True)),
            "range": dict(zip(self.names, numbers(judge.range), strict=True)),
            "average": numbers(judge.by_player(judge.average)),
            "equilibria": len(self.equilibria),
            "distance": number(self.distances[-1]),
            "near": number(self.near),
            "nearest": None
            if near is None
            else {"quantity": number(near.quantity), "price": number(getattr(near, "mean_price", near.price))},
            "surplus": {
                "last": number(self.surplus[-1]),
                "mean": number(self.mean_surplus),
                "equilibrium": None if place is None else number(self.at_equilibrium[place]),
                "collusion": number(self.collusion),
                "index": number(self.collusion_index),
            },
        }


SAME_SURPLUS = 1e-9  # of the surplus under collusion: a difference to it that is none

MEASURES = {
    "average regret": Measure("1", lambda result: _of(result, lambda learned: learned.judge.average_regret)),
    "gap of average": Measure("1", lambda result: _of(result, lambda learned: _finite(learned.judge.gap_of_average))),
    "distance to equilibrium": Measure("1", lambda result: _of(result, lambda learned: number(learned.distances[-1]))),
    "time near equilibrium": Measure("1", lambda result: _of(result, lambda learned: learned.near)),
    "collusion index": Measure("1", lambda result: _of(result, lambda learned: learned.collusion_index)),
}


def _finite(gap):
    """A gap, None where purchases cannot be cleared: nobody could say what anybody gains."""
    return None if gap is None or np.isinf(gap) else gap


def conduct_of(scenario: Any, group: str) -> dict[str, str]:
    """{"conduct": rule} of a group of learners in a scenario, else nothing."""
    rule = getattr(scenario, "learners", {}).get(group, {}).get("rule")
    return {} if rule is None else {"conduct": rule}


def _of(result, read):
    """What is read off what was learned; None where nobody learned."""
    learned = getattr(result, "learned", None)
    return None if learned is None else read(learned)
