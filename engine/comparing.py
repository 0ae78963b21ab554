"""Comparison: the same users and seeds under several scenarios."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain

import numpy as np
import pandas as pd

from agents.notebook import html_table, short
from engine import limits, pace
from engine.executors import on_this_machine
from engine.intervals import interval
from engine.many import run_many
from engine.results import asked_by, by_people, measured, results_of
from engine.results.result import Way, number
from engine.running import paced, run
from market import sanity
from scenarios import ScenarioError, draw, load
from scenarios.scenario import in_shared_units


@dataclass(frozen=True, eq=False, repr=False)
class Comparison:
    """Runs of several scenarios of one market on the same draws, or of the designs that one scenario compares.

    scenarios: in the order asked for; runs: one row per (scenario, replication) with every measure, status and gap;
    agents: {scenario: arrays}, each of shape (replications, agents) without those replications in which nothing cleared
    (aggregator: quantities and surpluses of the small users; microgrid: payments to the nodes, their gains; designs:
    surpluses, and what they are above those of the first design); shared: names of what is the same in all scenarios;
    direct: solved without rounds? by: classes of users whose measures stand beside the others; odd: {scenario: lines on
    what suggests a mistake in units}; users: one row a user at the end of each run, where they were to be kept. Where
    scenarios compare designs, each design stands for a scenario.
    """

    scenarios: tuple
    replications: int
    runs: pd.DataFrame
    agents: dict
    shared: tuple
    direct: bool = False
    by: tuple = ()
    odd: dict = field(default_factory=dict)
    users: pd.DataFrame | None = field(default=None, repr=False)

    def __repr__(self):
        return f"<Comparison of {', '.join(self.names)}: {self.replications} replications>"

    def _repr_html_(self):
        """Means of the headline's measures with half-widths of their 95 % intervals, a row a scenario."""
        rows = [
            (name, *(" ± ".join(map(short, interval(self.values(name, measure)))) for measure in self.headline))
            for name in self.names
        ]
        return html_table(f"{self.replications} replications, means ± 95 %", rows, ("", *self.headline))

    @property
    def market(self):
        """The market all scenarios are of."""
        return self.scenarios[0].market

    @property
    def in_units(self):
        """What says a text in the scenarios' units, where all call them alike."""
        return in_shared_units(self.scenarios)

    @property
    def units(self):
        """{measure: unit} of the market's measures, and of those by classes, in the scenarios' units."""
        offers = results_of(self.market)
        of_classes = by_people.units(self.by, offers.RESULT.OF_USERS)
        found = {name: measure.unit for name, measure in offers.MEASURES.items()} | of_classes
        return {name: self.in_units(unit) for name, unit in found.items()}

    @property
    def headline(self):
        """The measures of a table on the terminal."""
        return results_of(self.market).HEADLINE

    @property
    def names(self):
        """What has rows: the scenarios, or the designs they compare, in order."""
        return list(self.agents)

    def values(self, name, measure):
        """A measure of one scenario by replication, shape (replications,)."""
        return self.runs.loc[self.runs["scenario"] == name, measure].to_numpy(dtype=float)

    def mean_by_agent(self, name):
        """Means over the replications of one scenario's arrays by agent, each of shape (agents,)."""
        return tuple(values.mean(axis=0) for values in self.agents[name])

    def means(self):
        """Table of scenario, measure, mean and half-width of its 95 % interval."""
        return self._means.copy()

    def differences(self):
        """The same of the paired differences to the first scenario."""
        return self._differences.copy()

    @cached_property
    def _means(self):
        return self._table(lambda name, measure: self.values(name, measure), self.names)

    @cached_property
    def _differences(self):
        first = self.names[0]
        return self._table(
            lambda name, measure: self.values(name, measure) - self.values(first, measure), self.names[1:]
        )

    def _table(self, values, names):
        rows = [(name, measure, *interval(values(name, measure))) for name in names for measure in self.units]
        return pd.DataFrame(rows, columns=["scenario", "measure", "mean", "half_width"])

    @property
    def warnings(self) -> list[str]:
        """What suggests a mistake in units, and scenarios of which all replications are the same, a line each."""
        lines = [f"{name}: {line}" for name, told in self.odd.items() for line in told]
        if self.replications == 1:
            return lines
        facts = self.runs.drop(columns="replication").groupby("scenario", sort=False)
        same = [name for name, rows in facts if len(rows.drop_duplicates()) == 1]
        return [*lines, *(f"{name}: {sanity.of_comparison(self.replications)}" for name in same)]

    def summary(self):
        """The comparison as plain numbers for JSON."""
        warnings = {"warnings": self.warnings} if self.warnings else {}
        return {
            "scenarios": self.names,
            "replications": self.replications,
            "direct": self.direct,
            "shared": list(self.shared),
            "units": self.units,
            "means": _nested(self.means()),
            "differences_to_first": _nested(self.differences()),
            "status": {
                name: self.runs.loc[self.runs["scenario"] == name, "status"].value_counts().to_dict()
                for name in self.names
            },
            "largest_gap": number(self.runs["gap"].max()),
        } | warnings


def compare(
    scenarios,
    *,
    replications=1,
    seed=None,
    set=(),
    rounds=None,
    direct=False,
    executor=None,
    workers=None,
    progress=True,
    patient=False,
    by=(),
    level=by_people.TAIL_LEVEL,
    keep_users=False,
):
    """Run several scenarios on common random numbers and return a Comparison.

    scenarios: names, paths or Scenarios of one market; every replication draws the same users for groups of the same
    name and count, the same lines for networks of the same seed; executor: one of engine.executors, by default
    `workers` processes, by default all cores; by: classes of users ("town", "decile:income") that are measured too,
    with the worst share `level` of each; keep_users: keep every user of every run. Raises scenarios.ScenarioError for
    bad input, and limits.TooLarge or pace.TooLong where the runs may not fit in memory or all their periods may take
    too long, unless `patient`.
    """
    loaded = tuple(load(scenario, set=set, seed=seed, rounds=rounds) for scenario in scenarios)
    if seed is None:
        loaded = tuple(scenario.with_seed(loaded[0].seed) for scenario in loaded)
    check_comparable(loaded)
    by = asked_by(by, loaded, level)
    runs = len(loaded) * replications
    executor = executor or on_this_machine(runs, workers)
    limits.check(loaded, replications=replications, workers=min(executor.at_once, runs), patient=patient)
    games = _paced_games(loaded, direct, replications, executor.at_once, patient)
    shared = results_of(loaded[0].market).shared(games)
    alone = len(loaded) == 1
    how = (direct, alone, by, keep_users)
    jobs = [(scenario, replication, *how) for scenario in loaded for replication in range(replications)]
    answers = run_many(compared_run, jobs, executor=executor, label="compare", progress=progress)
    parts, kept, warned = zip(*answers, strict=True)
    rows, agents = zip(*chain.from_iterable(parts), strict=True)
    users = _users_of(jobs, kept) if keep_users else None
    runs, arrays = pd.DataFrame(list(rows)), _by_scenario(rows, agents)
    return Comparison(loaded, replications, runs, arrays, shared, direct, by, _first_odd(jobs, warned), users)


def _by_scenario(rows, agents):
    """{scenario: its runs' arrays, stacked}."""
    by_name = {row["scenario"]: [] for row in rows}
    for row, arrays in zip(rows, agents, strict=True):
        by_name[row["scenario"]].append(arrays)
    return {name: _stacked(arrays) for name, arrays in by_name.items()}


def _first_odd(jobs, warned):
    """{scenario: warnings of its first replication that is odd}."""
    odd = {}
    for job, lines in zip(jobs, warned, strict=True):
        if lines:
            odd.setdefault(job[0].name, lines)
    return odd


def _users_of(jobs, kept):
    """Table of one row a user at the end of each run: scenario, replication, and the run's own columns."""
    runs = zip(jobs, kept, strict=True)
    tables = [
        pd.DataFrame({"scenario": job[0].name, "replication": job[1]} | columns) for job, columns in runs if columns
    ]
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=["scenario", "replication"])


def _paced_games(loaded, direct, replications, at_once, patient):
    """The first replication's games, each drawn once the runs of those before it are known to be short enough."""
    games = []

    def each():
        for scenario in loaded:
            games.append(draw(scenario).game)
            yield from paced(Way(scenario, 0, direct, True), games[-1], replications)

    pace.check(each(), at_once=at_once, patient=patient)
    return games


def _stacked(agents):
    """Arrays by replication as one array each; replications in which nothing cleared are left out."""
    cleared = [arrays for arrays in agents if arrays[0].size]
    return tuple(np.array([arrays[k] for arrays in cleared]) for k in range(len(agents[0])))


def check_comparable(scenarios):
    """Raise ScenarioError where two scenarios have one name, so that rows could not be told apart, or two markets."""
    first = scenarios[0]
    other = next((scenario for scenario in scenarios if scenario.market != first.market), None)
    if other is not None:
        raise ScenarioError(
            f"compare: market: {first.name!r} is of market {first.market!r}, {other.name!r} of {other.market!r}; "
            "scenarios of one market are needed"
        )
    names = [scenario.name for scenario in scenarios]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise ScenarioError(f"compare: name: two scenarios are called {twice!r}; give one of the files another `name`")


def compared_run(job):
    """One run of a comparison: [(row of measures, arrays by agent)] of its parts, columns of users or {}, warnings."""
    scenario, replication, direct, alone, by, keep_users = job
    result = run(scenario, replication=replication, direct=direct, patient=True)
    answers = []
    for part_name, part in result.parts.items():
        name = part_name if alone or part is result else f"{scenario.name}: {part_name}"
        row = {"scenario": name, "replication": replication, "status": str(part.status), "rounds": part.rounds}
        agents = part.by_agent if part.cleared else (np.empty(0), np.empty(0))
        row |= {"gap": part.gap} | measured(scenario.market, part) | by_people.measured_by(by, result, part)
        answers.append((row, agents))
    return answers, by_people.users_of(result) if keep_users else {}, result.warnings


def _nested(table):
    nested = {}
    for name, measure, mean, half in table.itertuples(index=False):
        nested.setdefault(name, {})[measure] = {"mean": number(mean), "half_width": number(half)}
    return nested
