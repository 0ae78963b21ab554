"""Comparison: the same users and seeds under several scenarios."""

from dataclasses import dataclass, fields

import numpy as np
import pandas as pd
from scipy.stats import t as student

from engine.many import run_many
from engine.results import number
from engine.running import run
from market.measures import gini, jain
from scenarios import ScenarioError, draw, load

MEASURES = {
    "mean small surplus": "money",
    "mean small consumption": "energy",
    "price": "money/energy",
    "quantity": "energy",
    "welfare": "money",
    "least small surplus": "money",
    "jain": "1",
    "gini": "1",
    "mean large surplus": "money",
    "efficiency": "1",
    "price of anarchy": "1",
}
CONFIDENCE = 0.95


@dataclass(frozen=True, eq=False)
class Comparison:
    """Runs of several scenarios on the same users.

    scenarios: in the order asked for; runs: one row per (scenario, replication) with every measure, status and gap;
    users: {scenario: (quantities, surpluses)} of the small users, shapes (replications, small users) without those
    replications in which nothing cleared; shared: names of the groups whose users are the same in all scenarios;
    direct: were equilibria solved for, without rounds?
    """

    scenarios: tuple
    replications: int
    runs: pd.DataFrame
    users: dict
    shared: tuple
    direct: bool = False

    @property
    def names(self):
        return [scenario.name for scenario in self.scenarios]

    def values(self, name, measure):
        """A measure of one scenario by replication, shape (replications,)."""
        return self.runs.loc[self.runs["scenario"] == name, measure].to_numpy(dtype=float)

    def means(self):
        """Table of scenario, measure, mean and half-width of its 95 % interval."""
        return self._table(lambda name, measure: self.values(name, measure), self.names)

    def differences(self):
        """The same of the paired differences to the first scenario."""
        first = self.names[0]
        return self._table(
            lambda name, measure: self.values(name, measure) - self.values(first, measure), self.names[1:]
        )

    def _table(self, values, names):
        rows = [(name, measure, *interval(values(name, measure))) for name in names for measure in MEASURES]
        return pd.DataFrame(rows, columns=["scenario", "measure", "mean", "half_width"])

    def summary(self):
        """The comparison as plain numbers for JSON."""
        return {
            "scenarios": self.names,
            "replications": self.replications,
            "direct": self.direct,
            "shared_groups": list(self.shared),
            "units": MEASURES,
            "means": _nested(self.means()),
            "differences_to_first": _nested(self.differences()),
            "status": {
                name: self.runs.loc[self.runs["scenario"] == name, "status"].value_counts().to_dict()
                for name in self.names
            },
            "largest_gap": number(self.runs["gap"].max()),
        }


def compare(scenarios, *, replications=1, seed=None, set=(), rounds=None, direct=False, workers=None, progress=True):
    """Run several scenarios on common random numbers and return a Comparison.

    scenarios: names, paths or Scenarios; every replication draws the same users for groups of the same name and count.
    Raises scenarios.ScenarioError for bad input.
    """
    loaded = tuple(load(scenario, set=set, seed=seed, rounds=rounds) for scenario in scenarios)
    if seed is None:
        loaded = tuple(scenario.with_seed(loaded[0].seed) for scenario in loaded)
    check_names(loaded)
    shared = shared_groups([draw(scenario).game for scenario in loaded])
    jobs = [(scenario, replication, direct) for scenario in loaded for replication in range(replications)]
    answers = run_many(compared_run, jobs, workers=workers, label="compare", progress=progress)
    rows, users = zip(*answers, strict=True)
    by_scenario = {
        scenario.name: _stacked(users[k * replications : (k + 1) * replications]) for k, scenario in enumerate(loaded)
    }
    return Comparison(loaded, replications, pd.DataFrame(list(rows)), by_scenario, shared, direct)


def _stacked(users):
    """(quantities, surpluses) by replication as two arrays; replications in which nothing cleared are left out."""
    cleared = [pair for pair in users if pair[0].size]
    return tuple(np.array([pair[what] for pair in cleared]) for what in (0, 1))


def check_names(scenarios):
    """Raise ScenarioError where two scenarios have one name: their rows could not be told apart."""
    names = [scenario.name for scenario in scenarios]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise ScenarioError(f"compare: name: two scenarios are called {twice!r}; give one of the files another `name`")


def shared_groups(games):
    """Names of the groups whose users have the same utilities in all games."""
    blocks = [{block.name: block for block in game.blocks} for game in games]
    return tuple(
        name
        for name in blocks[0]
        if all(name in other and same_users(blocks[0][name], other[name]) for other in blocks)
    )


def same_users(one, other):
    """Have two blocks users with the same utilities in the same order?"""
    if type(one.utility) is not type(other.utility):
        return False
    pairs = ((getattr(one.utility, f.name), getattr(other.utility, f.name)) for f in fields(one.utility))
    return all(np.array_equal(mine, theirs) for mine, theirs in pairs)


def compared_run(job):
    """One run of a comparison: (row of measures, (quantities, surpluses) of the small users)."""
    scenario, replication, direct = job
    result = run(scenario, replication=replication, direct=direct)
    row = {"scenario": scenario.name, "replication": replication, "status": str(result.status), "rounds": result.rounds}
    if result.outcome is None:
        return row | {"gap": None} | dict.fromkeys(MEASURES), (np.empty(0), np.empty(0))
    small = np.concatenate([np.full(block.users, block.kind != "large") for block in result.game.blocks])
    x, s = result.outcome.x, result.outcome.s
    return row | {"gap": result.gap} | measures(result, x, s, small), (x[small], s[small])


def measures(result, x, s, small):
    """Every measure of one run, in the order of MEASURES; NaN where there are no such users."""
    small_x, small_s, large_s = x[small], s[small], s[~small]
    some = len(small_s) > 0
    values = (
        small_s.mean() if some else np.nan,
        small_x.mean() if some else np.nan,
        result.outcome.price,
        result.outcome.quantity,
        result.outcome.welfare,
        small_s.min() if some else np.nan,
        jain(small_s) if some else np.nan,
        gini(small_s) if some else np.nan,
        large_s.mean() if len(large_s) else np.nan,
        result.yardsticks["efficiency"],
        result.yardsticks["price_of_anarchy"],
    )
    return dict(zip(MEASURES, values, strict=True))


def interval(values):
    """Mean and half-width of its 95 % interval by Student's t; the half-width of a single value is NaN.

    >>> mean, half = interval([1.0, 2.0, 3.0])
    >>> round(float(mean), 3), round(float(half), 3)
    (2.0, 2.484)
    """
    values = np.asarray(values, dtype=float)
    values = values[np.isfinite(values)]
    if len(values) == 0:
        return np.nan, np.nan
    if len(values) == 1:
        return values[0], np.nan
    factor = student.ppf((1 + CONFIDENCE) / 2, len(values) - 1)
    return values.mean(), factor * values.std(ddof=1) / np.sqrt(len(values))


def _nested(table):
    nested = {}
    for name, measure, mean, half in table.itertuples(index=False):
        nested.setdefault(name, {})[measure] = {"mean": number(mean), "half_width": number(half)}
    return nested
