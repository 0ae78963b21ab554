"""Sweeps: one scenario at many points, each replicated; cut off at any moment, they go on where they were."""

import contextlib
import time
from dataclasses import dataclass, field
from functools import cached_property, lru_cache, partial
from itertools import takewhile

from engine import inputs, limits, pace
from engine.cluster import Cluster
from engine.executors import OfFirst, on_this_machine
from engine.pace import TooLong, in_words
from engine.progress import bar
from engine.provenance import machine
from engine.results import all_measured, asked_by, by_people, units, units_by
from engine.results.result import Way
from engine.running import are_side_by_side, paced, run, solved_together
from engine.store import USERS
from engine.stored_json import table_of
from engine.sweeps import sweep_folder
from engine.sweeps.points import Points, check, from_csv, pairs
from market.errors import Refused
from scenarios import Scenario, load
from scenarios.reading.files import noting, users_own

FACTS = ("status", "rounds", "gap", "error", sweep_folder.WARNING)
LONGEST_UNASKED = 24 * 3600  # seconds a sweep may take without being asked about


@dataclass(frozen=True)
class Sweep:
    """What is swept: a scenario at points, `replications` draws each, the same draws at every point.

    inlined: {key: {value: what stands for it}} of values that name files, so that neither workers nor a later
    verification need these; read: digests of the user's files that were read, as of Scenario.inputs; by: classes of
    users that are measured too; keep_users: keep every user of every run.
    """

    scenario: Scenario
    points: Points
    replications: int
    direct: bool = False
    inlined: dict = field(default_factory=dict)
    read: dict = field(default_factory=dict)
    by: tuple = ()
    keep_users: bool = False

    def __len__(self):
        return len(self.points) * self.replications

    @cached_property
    def measures(self):
        """{measure: unit} of every run."""
        return units(self.scenario) | units_by(self.scenario, self.by)

    @cached_property
    def key_columns(self):
        """Columns of the keys: their names, "set NAME" where a fact or measure of a run has that name too."""
        return [f"set {key}" if key in (*FACTS, *self.measures) else key for key in self.points.keys]

    @cached_property
    def columns(self):
        """Columns of runs.csv."""
        return list(dict.fromkeys(["point", *self.key_columns, "replication", *FACTS, *self.measures]))

    @cached_property
    def types(self):
        """{column: "int64", "float64" or "string"} of runs.csv; a key's column holds numbers where all of it are."""
        keys = zip(self.key_columns, map(self.points.numeric, self.points.keys), strict=True)
        known = dict.fromkeys(("point", "replication", "rounds"), "int64")
        known |= dict.fromkeys(("status", "error", sweep_folder.WARNING), "string")
        known |= {column: "float64" if numeric else "string" for column, numeric in keys}
        return {column: known.get(column, "float64") for column in self.columns}

    @cached_property
    def held(self):
        """The scenario as workers know it again."""
        return ByKey(f"{self.scenario.name} {self.scenario.digest()}", self.scenario)

    def identity(self):
        """What decides the rows, as plain data: more replications of the same are the same sweep."""
        files = {"files": inputs.digest(self.inlined)} if self.inlined else {}
        asked = {"by": [by.text for by in self.by], "level": self.by[0].level} if self.by else {}
        asked |= {"keep_users": True} if self.keep_users else {}
        return {"scenario": self.scenario.digest(), "direct": self.direct} | self.points.identity() | files | asked

    def changes(self, number):
        """The changes "key=value" of one point, without files."""
        values = zip(self.points.keys, self.points[number], strict=True)
        return tuple(f"{key}={self.inlined.get(key, {}).get(value, value)}" for key, value in values)


@dataclass(frozen=True)
class ByKey:
    """A scenario as a key of a cache: told apart by its key alone."""

    key: str
    scenario: Scenario = field(compare=False)


def sweep(
    scenario,
    points,
    *,
    replications=1,
    direct=False,
    out="results",
    executor=None,
    progress=True,
    patient=False,
    by=(),
    level=by_people.TAIL_LEVEL,
    keep_users=False,
):
    """Run a scenario at all points and return the sweep's folder; rows are appended as runs end, done ones kept.

    scenario: name, path or Scenario; executor: one of engine.executors, by default all cores; by, level and keep_users
    as in `compare`, the users of a run in users/POINT-REPLICATION.csv. Raises ScenarioError for
    bad input and limits.TooLarge for too much memory before anything is written, and TooLong where the first run tells
    that it would take more than LONGEST_UNASKED seconds, unless `patient`.
    """
    scenario = load(scenario)
    runs = points.size * replications
    limits.check_runs(runs, patient=patient)
    place = executor or on_this_machine(runs)
    fits = partial(limits.check, workers=place.at_once, patient=patient)
    check(points, scenario, lambda changed: fits([changed]))
    with noting() as noted:
        found = inputs.inlined(points, scenario)
    read = scenario.inputs | users_own(noted, inputs.folder_of(scenario))
    by = asked_by(by, [scenario], level)
    planned = Sweep(scenario, points, replications, direct, found, read, by, keep_users)
    where = {"cluster": executor.address} if isinstance(executor, Cluster) else machine()
    with executor or contextlib.nullcontext(), sweep_folder.opened(planned, out, where) as folder:
        missing = folder.missing()
        if missing.any():
            _run_missing(planned, folder, missing, executor, place.at_once, patient, progress)
        folder.finish()
    return folder.path


def _run_missing(planned, folder, missing, executor, at_once, patient, progress):
    """Append the rows that are missing; the first run tells how long all would take."""
    waiting = (pair for pair in pairs(planned.points, planned.replications) if missing[pair])
    first, others = next(waiting), int(missing.sum()) - 1
    _check_periods(planned, first, others + 1, at_once, patient)
    folder.begin()
    started = time.perf_counter()
    folder.append(row_of(planned, first, attempt(job_of(planned, first))))
    _ask_patience(time.perf_counter() - started, others, executor, patient)
    _run_all(planned, folder, waiting, others, executor, progress)


def _check_periods(planned, pair, count, at_once, patient):
    """Raise TooLong where `count` runs like that of one pair have so many periods that they take too long."""
    point, replication = pair
    scenario = _changed(planned.changes(point), planned.held)
    way = Way(scenario, replication, planned.direct, certify=True)
    try:
        pace.check(paced(way, runs=count), at_once=at_once, most=LONGEST_UNASKED, patient=patient)
    except TooLong:
        raise
    except Exception:
        return  # the run's own row tells


def _ask_patience(seconds, left, executor, patient):
    workers = 1 if executor is None else executor.workers
    total = seconds * left / workers
    if total > LONGEST_UNASKED and not patient:
        raise TooLong(
            f"sweep: {left:,} runs of {seconds:.2g} s would take about {in_words(total)} on {workers} workers; "
            "fewer points or replications, or --yes to go on"
        )


def _run_all(planned, folder, waiting, count, executor, progress):
    """The runs of a generator of `count` pairs; without an executor, on all cores."""
    chosen = executor or on_this_machine(count)
    shown = bar("sweep", len(planned), len(planned) - count, progress)
    jobs = (job_of(planned, pair) for pair in waiting)
    with contextlib.nullcontext() if executor else chosen, shown:
        for job, answer, error in chosen.completed(OfFirst(attempts), jobs):
            folder.append(row_of(planned, job[-2:], failed(error) if answer is None else answer))
            shown.update()


def job_of(planned, pair):
    """What a worker needs for one run: (scenario held, changes, (direct, by, keep users), point, replication)."""
    point, replication = pair
    how = planned.direct, planned.by, planned.keep_users
    return planned.held, planned.changes(point), how, point, replication


def attempts(jobs):
    """Facts of the first of some runs: of those at the same point that can be solved side by side, of one at least.

    A fault that only solving them together meets is told in the row of each; it is not hidden by running them alone.
    """
    held, changes, (direct, by, keep_users), *_ = jobs[0]
    same = list(takewhile(lambda job: job[:-1] == jobs[0][:-1], jobs))
    try:
        if not direct or len(same) == 1 or not _side_by_side(changes, held):
            return [attempt(jobs[0])]
        results = solved_together(_changed(changes, held), [job[-1] for job in same])
    except (Refused, MemoryError):  # of some of the draws, or of all at once: each run tells by itself
        return [attempt(job) for job in same]
    except Exception as error:
        return [failed(error)] * len(same)
    runs = zip(same, results, strict=True)
    return [attempt(job) if result is None else _facts(result, by, keep_users) for job, result in runs]


def attempt(job):
    """One run's facts, or those of its failure."""
    try:
        return run_point(job)
    except Exception as error:
        return failed(error)


def failed(error):
    """The facts of a run that failed."""
    said = " ".join(f"{type(error).__name__}: {error}".split())
    return {"status": "error", "error": said[:300]}


def run_point(job):
    """One run: {column: value} without the point's own columns, with those of a table of users where it is kept."""
    held, changes, (direct, by, keep_users), _, replication = job
    result = run(_changed(changes, held), replication=replication, direct=direct, certify=True, patient=True)
    return _facts(result, by, keep_users)


def _facts(result, by, keep_users):
    facts = {"status": str(result.status), "rounds": result.rounds, "gap": result.gap} | all_measured(result, by)
    facts |= {sweep_folder.WARNING: "; ".join(result.warnings)}
    return facts | ({USERS: by_people.users_of(result)} if keep_users else {})


@lru_cache(maxsize=8)
def _changed(changes, held):
    """The scenario with changes, checked once for all its replications."""
    return load(held.scenario, set=changes)


@lru_cache(maxsize=8)
def _side_by_side(changes, held):
    """Can replications of the scenario with changes be solved side by side?"""
    return are_side_by_side(_changed(changes, held))


def row_of(planned, pair, facts):
    """A row of runs.csv: a finished run, or one that failed with its error."""
    point, replication = pair
    keys = dict(zip(planned.key_columns, planned.points[point], strict=True))
    return {"point": point} | keys | {"replication": replication} | facts


def stored(folder):
    """The Sweep of a sweep's folder, one replication of it."""
    settings = sweep_folder.read_settings(folder)
    changed = sweep_folder.changed_inputs(folder, settings)
    if changed:
        raise sweep_folder.SweepError(f"{folder}: {changed}: not as it was written")
    if "rows" in settings:
        points = from_csv(folder / sweep_folder.POINTS)
    else:
        points = Points(tuple(settings["keys"]), tuple(map(tuple, settings["product"])))
    files = table_of(folder / sweep_folder.FILES) if "files" in settings else {}
    scenario = load(folder / sweep_folder.SCENARIO)
    by = asked_by(settings.get("by", ()), [scenario], settings.get("level", by_people.TAIL_LEVEL))
    return Sweep(scenario, points, 1, settings["direct"], files, by=by)


def rerun(planned, pair):
    """One run of a sweep again, as its row."""
    return row_of(planned, pair, attempt(job_of(planned, pair)))
