"""The runs a reproduction needs: what is asked, how each is answered, and each answered once."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd

from engine.intervals import interval
from engine.many import run_many
from market.aggregator.side_payments import solved_and_paid
from market.measures import gini, jain
from market.outcome import CERTIFIED_GAP
from scenarios import draw, load


class Facts(NamedTuple):
    """One market solved: small users' quantities and surpluses, shapes (users,), and the market's numbers.

    gap: largest relative regret; roots: candidates found, equilibria: those certified; unique: True, False or None (not
    known); large: surplus of the large user, NaN without one. Without an equilibrium, the numbers are those of the
    candidate with the least gap.
    """

    x: np.ndarray
    s: np.ndarray
    price: float
    quantity: float
    large: float
    gap: float
    roots: int
    equilibria: int
    unique: bool | None

    @property
    def certified(self):
        """Does no player regret its purchase?"""
        return self.gap <= CERTIFIED_GAP


@dataclass(frozen=True)
class Solve:
    """The equilibrium of a scenario, its keys changed, in one replication; solved directly."""

    scenario: str
    replication: int
    changes: tuple = ()

    def answer(self):
        """The market's Facts."""
        game = draw(load(self.scenario, set=self.changes), self.replication).game
        solution, _ = solved_and_paid(game)
        outcome = solution.outcome
        small = np.concatenate([np.full(block.users, block.kind != "large") for block in game.blocks])
        large = outcome.s[~small]
        return Facts(
            x=outcome.x[small],
            s=outcome.s[small],
            price=outcome.price,
            quantity=outcome.quantity,
            large=float(large.mean()) if len(large) else np.nan,
            gap=float(outcome.gap),
            roots=len(solution.candidates),
            equilibria=len(solution.equilibria),
            unique=solution.unique,
        )


class Study:
    """The answers to a list of questions, by question; `replications` of every set-up."""

    def __init__(self, replications):
        self.replications = replications
        self.answers = {}

    def ask(self, questions, progress=True, workers=None, executor=None):
        """Answer the questions not yet answered; executor and workers as in engine.many."""
        new = [question for question in dict.fromkeys(questions) if question not in self.answers]
        options = {"label": "reproduce", "progress": progress, "workers": workers, "executor": executor}
        self.answers.update(zip(new, run_many(answer, new, **options), strict=True))

    def solved(self, scenario, changes=()):
        """Facts of a set-up by replication, a list; asked before."""
        return [self.answers[question] for question in solves(scenario, self.replications, changes)]


def answer(question):
    """The answer to one question."""
    return question.answer()


def solves(scenario, replications, changes=()):
    """The questions for every replication of a set-up."""
    return [Solve(scenario, replication, tuple(changes)) for replication in range(replications)]


MEASURES = {
    "mean small surplus": lambda facts: facts.s.mean(),
    "mean small consumption": lambda facts: facts.x.mean(),
    "total small surplus": lambda facts: facts.s.sum(),
    "price": lambda facts: facts.price,
    "large surplus": lambda facts: facts.large,
    "jain": lambda facts: jain(facts.s),
    "gini": lambda facts: gini(facts.s),
    "gap": lambda facts: facts.gap,
    "certified": lambda facts: facts.certified,
}


def values(facts, measure, certified_only=False):
    """A measure by replication, shape (replications,); NaN where no equilibrium was found and only those count."""
    found = np.array([MEASURES[measure](one) for one in facts], dtype=float)
    return np.where([one.certified for one in facts], found, np.nan) if certified_only else found


def table(columns):
    """Rows of mean and half-width of the 95 % interval of every measure: columns {name: list of Facts}."""
    rows = [
        {"market": name, "measure": measure, "mean": mean, "half_width": half, "replications": len(facts)}
        for name, facts in columns.items()
        for measure in MEASURES
        for mean, half in [interval(values(facts, measure))]
    ]
    return pd.DataFrame(rows)


def by_replication(columns):
    """One row per market and replication with every measure: columns {name: list of Facts}."""
    return pd.DataFrame(
        [
            {"market": name, "replication": replication} | {measure: get(one) for measure, get in MEASURES.items()}
            for name, facts in columns.items()
            for replication, one in enumerate(facts)
        ]
    )
