"""Sweeps: one scenario at many points, each replicated; cut off at any moment, they go on where they were."""

import contextlib
import json
import os
import time
from dataclasses import dataclass
from functools import lru_cache, partial

from tqdm import tqdm

from engine import limits, sweep_folder
from engine.executors import Cluster, Here, InProcess
from engine.markets import measured, units
from engine.points import Points, check, pairs
from engine.running import run
from scenarios import Scenario, load

FEW = 4  # runs that are not worth starting workers for
PATIENCE = 24 * 3600  # seconds a sweep may take without being asked about


@dataclass(frozen=True)
class Sweep:
    """What is swept: a scenario at points, `replications` draws each, the same draws at every point."""

    scenario: Scenario
    points: Points
    replications: int
    direct: bool = False

    def __len__(self):
        return len(self.points) * self.replications

    @property
    def columns(self):
        """Columns of runs.csv."""
        return ["point", *self.points.keys, "replication", "status", "rounds", "gap", "error", *units(self.scenario)]

    def identity(self):
        """What decides the rows, as plain data: more replications of the same are the same sweep."""
        values = [list(row) for row in self.points.values]
        kind = "rows" if self.points.rows else "product"
        return {"scenario": self.scenario.digest(), "keys": list(self.points.keys), kind: values, "direct": self.direct}


class TooLong(ValueError):
    """A sweep that would take longer than it may without being asked about; its text is one line."""


def sweep(
    scenario, points, *, replications=1, direct=False, out="results", executor=None, progress=True, patient=False
):
    """Run a scenario at all points and return the sweep's folder; rows are appended as runs end, done ones kept.

    scenario: name, path or Scenario; executor: one of engine.executors, by default all cores. Raises ScenarioError for
    bad input and limits.TooLarge for too much memory before anything is written, and TooLong where the first run tells
    that it would take more than PATIENCE seconds, unless `patient`.
    """
    scenario = load(scenario)
    fits = partial(limits.check, workers=_at_once(executor), patient=patient or isinstance(executor, Cluster))
    check(points, scenario, lambda changed: fits([changed]))
    planned = Sweep(scenario, points, replications, direct)
    with executor or contextlib.nullcontext(), sweep_folder.opened(planned, out) as folder:
        missing = folder.missing()
        waiting = (pair for pair in pairs(points, replications) if missing[pair])
        count = int(missing.sum())
        if count:
            first = next(waiting)
            started = time.perf_counter()
            folder.append(row_of(planned, first, *_tried(planned, first)))
            seconds = time.perf_counter() - started
            _ask_patience(seconds, count - 1, executor, patient)
            _run_all(planned, folder, waiting, count, executor, progress)
        folder.finish()
    return folder.path


def _at_once(executor):
    """How many runs share this machine's memory."""
    return executor.workers if executor else os.cpu_count() or 1


def _tried(planned, pair):
    """(Answer, error) of one run in this process."""
    try:
        return run_point(job_of(planned, pair)), None
    except Exception as error:
        return None, error


def _ask_patience(seconds, left, executor, patient):
    workers = 1 if executor is None else executor.workers
    total = seconds * left / workers
    if total > PATIENCE and not patient:
        raise TooLong(
            f"sweep: {left:,} runs of {seconds:.2g} s would take about {in_words(total)} on {workers} workers; "
            "fewer points or replications, or --yes to go on"
        )


def in_words(seconds):
    """A long time in words.

    >>> in_words(200_000), in_words(1e9)
    ('2.3 days', '31.7 years')
    """
    days = seconds / 86_400
    return f"{days:.1f} days" if days < 365 else f"{days / 365.25:.1f} years"


def _run_all(planned, folder, waiting, count, executor, progress):
    """The runs of a generator of pairs; `count` with the one already done. Without an executor, all cores."""
    chosen = executor or (Here() if count > FEW else InProcess())
    bar = {"total": len(planned), "initial": len(planned) - count + 1, "desc": "sweep", "unit": "run", "leave": False}
    jobs = (job_of(planned, pair) for pair in waiting)
    with contextlib.nullcontext() if executor else chosen, tqdm(**bar, disable=None if progress else True) as shown:
        for job, answer, error in chosen.completed(run_point, jobs):
            folder.append(row_of(planned, job[-2:], answer, error))
            shown.update()


def job_of(planned, pair):
    """What a worker needs for one run: (scenario, changes, direct, point, replication)."""
    point, replication = pair
    return planned.scenario, planned.points.changes(point), planned.direct, point, replication


def run_point(job):
    """One run: {column: value} without the point's own columns."""
    scenario, changes, direct, _, replication = job
    changed = _changed(json.dumps(changes), _Held(scenario))
    result = run(changed, replication=replication, direct=direct, certify=True, patient=True)
    return {"status": str(result.status), "rounds": result.rounds, "gap": result.gap} | measured(result)


class _Held:
    """A scenario as a key of a cache: by its digest, name and seed."""

    def __init__(self, scenario):
        self.scenario, self.key = scenario, (scenario.name, scenario.digest())

    def __eq__(self, other):
        return self.key == other.key

    def __hash__(self):
        return hash(self.key)


@lru_cache(maxsize=8)
def _changed(changes, held):
    """The scenario with changes, checked once for all its replications."""
    return load(held.scenario, set=json.loads(changes))


def row_of(planned, pair, answer, error):
    """A row of runs.csv: a finished run, or one that failed with its error."""
    point, replication = pair
    row = {
        "point": point,
        **dict(zip(planned.points.keys, planned.points[point], strict=True)),
        "replication": replication,
    }
    if error is not None:
        said = " ".join(f"{type(error).__name__}: {error}".split())
        return row | {"status": "error", "error": said[:300]}
    return row | answer


def stored(folder):
    """(Rows as texts, the Sweep) of a sweep's folder."""
    settings = json.loads((folder / sweep_folder.SETTINGS).read_text(encoding="utf-8"))
    rows = "rows" in settings
    values = tuple(map(tuple, settings["rows" if rows else "product"]))
    points = Points(tuple(settings["keys"]), values, rows)
    found = sweep_folder.read_rows(folder)
    replications = 1 + max((int(row["replication"]) for row in found), default=0)
    return found, Sweep(load(folder / "scenario.toml"), points, replications, settings["direct"])


def rerun(planned, pair):
    """One run of a sweep again, as its row."""
    return row_of(planned, pair, *_tried(planned, pair))
