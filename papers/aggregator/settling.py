"""Figs. 3 and 4: consumption, surplus and purchases settle within a few rounds."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd

from engine.columns import write_csv
from engine.running import run
from engine.store import rounds_of
from market.outcome import Status
from papers.claims import judge
from papers.figure import Reproduction, to_csv
from views.aggregator.convergence import convergence, purchases_by_round
from views.aggregator.user_bands import user_bands
from views.drawing import draw_to

SETTLED_TO_THE_EYE = 0.01  # settled to the eye: within 1 % of the mean
FEW = 5


class Settled(NamedTuple):
    """How fast a run came to rest: round from which everything stays within 1 %, rounds until settled, largest gap."""

    close: int
    rounds: int
    settled: bool
    gap: float


@dataclass(frozen=True)
class Settle:
    """A stepped run of one replication of a scenario."""

    scenario: str
    replication: int

    def answer(self):
        """How fast it settled."""
        result = run(self.scenario, replication=self.replication)
        quantities = (purchases_by_round(result), result.quantities, result.surpluses)
        close = max(close_from(values) for values in quantities)
        return Settled(close, result.rounds, result.status == Status.SETTLED, result.gap)


def close_from(values):
    """First round, from 1, from which no column, shape (rounds, many), is that much of their mean off its end."""
    off = np.max(np.abs(values - values[-1]), axis=1) > SETTLED_TO_THE_EYE * np.mean(np.abs(values[-1]))
    return int(np.max(np.flatnonzero(off), initial=-1)) + 2


def _questions(scenario):
    return lambda replications: [Settle(scenario, replication) for replication in range(replications)]


def _settling(figure, scenario, text, plot):
    def write(study, folder):
        answers = [study.answers[question] for question in _questions(scenario)(study.replications)]
        result = run(scenario)
        write_csv(rounds_of(result), folder / "rounds.csv")
        to_csv(pd.DataFrame(answers).assign(replication=range(len(answers))), folder / "settling.csv")
        draw_to(folder / f"{figure}.png", plot, result)
        close, rounds = max(one.close for one in answers), max(one.rounds for one in answers)
        holds = all(one.settled for one in answers) and close <= FEW
        numbers = {
            "within 1 % from round": close,
            "settled to 1e-8 by round": rounds,
            "runs": len(answers),
            "largest gap": max(one.gap for one in answers),
        }
        return [judge(figure, text, holds, numbers)]

    return write


FIG03 = Reproduction(
    "400 users who buy for themselves settle",
    _settling("fig03", "direct_400", "every user's consumption and surplus settles within a few rounds", user_bands),
    _questions("direct_400"),
)
FIG04 = Reproduction(
    "Two aggregators and a large user settle",
    _settling("fig04", "two_aggregators", "the purchases of all players settle within a few rounds", convergence),
    _questions("two_aggregators"),
)
