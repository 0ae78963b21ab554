"""What a run leaves behind, whatever its market: who ran, how it ended, what happened in each round."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from importlib import import_module
from typing import Any, ClassVar, NamedTuple

import numpy as np
import pandas as pd

from agents.notebook import html_table, short
from engine.columns import Columns, with_people
from market import numerals
from market.outcome import Status
from scenarios import build
from scenarios.drawn import Drawn
from scenarios.markets import offered
from scenarios.reading.errors import one_of, quoted

NUMBER_BYTES = 8  # of a number in memory


class Measure(NamedTuple):
    """A number that runs are compared by: its unit, and what reads it off a result or off a part of one."""

    unit: str
    of: Callable[[Any], float | int | None]


class Way(NamedTuple):
    """How a game is played: a replication of a scenario, without rounds or with them, with proofs or without."""

    scenario: Any
    replication: int
    direct: bool
    certify: bool


def played(way: Way, game: object) -> Any:
    """The Mesa model of a game, stepped to its end."""
    model = build(way.scenario, replication=way.replication, drawn=Drawn(game, {}))
    model.run()
    return model


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class Result(ABC):
    """The facts of one run, with the scenario it came from.

    game: what was drawn for the replication; collected: {name: values by round}; redraws: {(group, key): draws
    repeated until legal}; direct: solved without rounds; seated: {group: names of the players of one's own that sat
    there}; gaining: names of those of them who leave it inaccurate. OF_USERS: what each user has at the end, in the
    order of the scenario's users, read off a result or, where designs are compared, off one of its parts. SHARP: how
    far numbers may be apart on another machine, as a share of the largest of their column.
    """

    OF_USERS: ClassVar[Mapping[str, Measure]] = {}
    SHARP: ClassVar[float] = 1e-9

    scenario: object
    replication: int
    game: object
    status: Status
    rounds: int
    gap: float | None
    collected: dict
    redraws: dict = field(default_factory=dict)
    direct: bool = False
    seconds: float = 0.0
    seated: dict = field(default_factory=dict)
    gaining: Sequence[str] = ()

    def __repr__(self):
        gap = "" if self.gap is None else f", gap {numerals.gap(self.gap)}"
        return f"<{type(self).__name__} of {self.scenario.name}: {self.status}, {self.rounds} rounds{gap}>"

    def _repr_html_(self):
        """How it ended, and the measures of a comparison's table, a row a part."""
        offers = offered(self.scenario.market, "results")
        header = ("", *(f"{name} [{self.scenario.in_units(offers.MEASURES[name].unit)}]" for name in offers.HEADLINE))
        rows = [
            (name, *(offers.MEASURES[measure].of(part) if part.cleared else None for measure in offers.HEADLINE))
            for name, part in self.parts.items()
        ]
        return html_table(f"{self.status}, {self.rounds} rounds, gap {short(self.gap)}. {self.advice}", rows, header)

    @cached_property
    def history(self):
        """What was collected as a table, one row a round."""
        return pd.DataFrame(self.collected)

    @property
    def kept(self):
        """Of how many rounds something was collected."""
        return len(next(iter(self.collected.values()), ()))

    def column(self, name):
        """What was collected by round, shape (rounds,), not a number for None."""
        return np.array(self.collected[name], dtype=float)

    @property
    def advice(self):
        """What the status means and what a user can do."""
        return self.status.advice

    @property
    def parts(self):
        """{name: what has a row in a comparison}: the run itself; the designs of a run that compares some."""
        return {self.scenario.name: self}

    @property
    def tables(self) -> dict[str, Callable[[], Columns]]:
        """{name: what makes its columns} of the tables there are of this run."""
        found = {"rounds": partial(dict, self.collected)}
        return found | {"users": self._users} if self.cleared and self.OF_USERS else found

    def _users(self):
        values = {name: measure.of(self) for name, measure in self.OF_USERS.items()}
        number_of = np.arange(len(next(iter(values.values()))))
        return with_people(self.who | {"user": number_of} | values, self.scenario.people, number_of)

    @property
    def who(self) -> Columns:
        """What a table of users says of each before its number."""
        return {}

    def to_dataframe(self, what: str = "users") -> pd.DataFrame:
        """A table, "users", "players", "rounds", "periods" or "states", as far as there is; raises ValueError."""
        if what not in self.tables:
            raise ValueError(f"to_dataframe: got {quoted(what)}; this run has {one_of(map(repr, self.tables))}")
        return pd.DataFrame(self.tables[what]())

    def to_xarray(self):
        """All tables as one xarray.Dataset, a dimension each (user, player …); raises ImportError without xarray."""
        xarray = import_module("xarray")
        found = {
            f"{table.removesuffix('s')}_{name}": (table.removesuffix("s"), np.asarray(values))
            for table, columns in self.tables.items()
            for name, values in pd.DataFrame(columns()).items()
        }
        return xarray.Dataset(found, attrs={"scenario": self.scenario.name, "status": str(self.status)})

    @property
    @abstractmethod
    def cleared(self):
        """Has anything cleared, so that there is something to measure?"""

    @property
    def odd(self) -> list[str]:
        """What of a run that has cleared suggests a mistake in units, a line each."""
        return []

    @property
    def warnings(self) -> list[str]:
        """What suggests a mistake in units, a line each; none where nothing cleared."""
        return self.odd if self.cleared else []

    @property
    @abstractmethod
    def by_agent(self):
        """Arrays by agent that comparisons keep, of the same shapes in every replication, where something cleared."""

    @property
    @abstractmethod
    def promised(self):
        """The largest gap the status allows, None where it promises none."""

    @abstractmethod
    def facts(self, users=False):
        """The market's part of the summary, plain numbers; `users`: with every user's numbers."""

    @abstractmethod
    def write_agents(self, folder):
        """Write what happened to each agent into files of a folder."""

    def summary(self, users=False):
        """The run as plain numbers for JSON: infinity is "inf", what is not defined is None."""
        extra = {"seated": self.seated} if self.seated else {}
        extra |= {"warnings": self.warnings} if self.warnings else {}
        return {
            "scenario": self.scenario.name,
            "market": self.scenario.table["market"],
            "seed": self.scenario.seed,
            "replication": self.replication,
            "status": str(self.status),
            "advice": self.advice,
            "rounds": self.rounds,
            "gap": number(self.gap),
        } | (self.facts(users) | extra)


def number(value):
    """A number fit for JSON: infinity as "inf", anything undefined as None.

    >>> number(0.5), number(math.inf), number(math.nan), number(None)
    (0.5, 'inf', None, None)
    """
    if value is None or math.isnan(value):
        return None
    return ("inf" if value > 0 else "-inf") if math.isinf(value) else float(value)


def numbers(values):
    """A list of numbers fit for JSON, None for None."""
    return None if values is None else [number(value) for value in values]


def moments(values):
    """Total, mean and standard deviation of values by user or player, as plain numbers."""
    return {"total": number(values.sum()), "mean": number(values.mean()), "std": number(values.std())}


def mean_by_agent(agents, who, names):
    """Table of scenario, agent (called `who`) and the replications' means of each of its arrays, or None.

    agents: {scenario: arrays of shape (replications, agents)}; names: what the arrays are called.
    """
    tables = [
        pd.DataFrame(
            {"scenario": scenario, who: range(arrays[0].shape[1])}
            | {name: values.mean(axis=0) for name, values in zip(names, arrays, strict=True)}
        )
        for scenario, arrays in agents.items()
        if arrays[0].size
    ]
    return pd.concat(tables, ignore_index=True) if tables else None
