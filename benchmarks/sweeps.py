"""What a sweep costs beyond its runs: two workers against one, rows, a Dask cluster, resuming, memory."""

import resource
import subprocess
import sys
import tempfile
import time
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from benchmarks.rows import Limit, Row, least, timed
from engine import Cluster, Here, InProcess, run, sweep
from engine.sweeps.points import product
from scenarios import draw, load

ROOT = Path(__file__).parent.parent
USERS_400, SMALL = "direct_400", "p2p_homogeneous"
PRICES = product(["price.c=" + ",".join(f"{c:g}" for c in np.linspace(0.001, 0.002, 20))])
BUSY = 0.05  # seconds of a run


def rows(quick=False):
    """All rows; `quick` makes fewer runs, as the sizes say."""
    jobs, known, flat = (24, 1_000, (50, 250)) if quick else (200, 10_000, (100, 1_000))
    return [
        *two_workers(jobs),
        rate(10 if quick else 50),
        overhead(5 if quick else 10),
        *cluster(jobs),
        resuming(known),
        memory(*flat),
    ]


def two_workers(runs):
    """Rows of starting two workers, and of a sweep on them against the same on one, both up."""
    seconds = []
    for workers in (1, 2):
        with Here(workers) as pool:
            started, _ = timed(partial(ended, pool, up, 4 * workers), 1)
            swept(pool, USERS_400, PRICES, 1, direct=True)
            seconds.append(swept(pool, USERS_400, product(["price.c=0.001"]), runs)[0])
    one, two = seconds
    numpy, _ = timed(lambda: subprocess.run([sys.executable, "-c", "import numpy"], check=True), 2)
    gain = one / two
    name = f"sweep, {runs} runs of 400 users in rounds, 2 workers"
    return [
        Row(
            "sweep, 2 workers start (s)",
            f"{started:.2f} s",
            "–",
            started,
            "–",
            None,
            least(numpy, started, "import numpy"),
        ),
        Row(
            name, f"{two:.2f} s", f"{one:.2f} s, 1 worker", gain, "≥ 1.7", gain >= 1.7, Limit("2, one a core", gain / 2)
        ),
    ]


def ended(pool, function, jobs):
    """All that a pool makes of so many jobs."""
    return list(pool.completed(function, range(jobs)))


def up(job):
    """Long enough that another worker gets the next."""
    time.sleep(0.05)


def swept(executor, scenario, points, replications, direct=False):
    """(Seconds, folder's parent) of a sweep into a folder that is gone afterwards."""
    with tempfile.TemporaryDirectory() as out:
        options = {"replications": replications, "direct": direct, "out": out, "progress": False}
        return timed(partial(sweep, scenario, points, executor=executor, **options), 1)


class OneByOne(InProcess):
    """This process, without runs side by side."""

    task_seconds = 0.0


def overhead(replications):
    """Milliseconds a run costs beyond itself: processor time of a sweep over that of its runs, and handing them over.

    Processor time, since a difference of milliseconds drowns in what else a machine does.
    """
    runs = len(PRICES) * replications
    scenario = load(USERS_400)
    alone = min(spent(lambda: [run(scenario, replication=k, direct=True) for k in range(runs)]) for _ in range(2))
    whole = min(spent(partial(swept, OneByOne(), USERS_400, PRICES, replications, True)) for _ in range(2))
    with Here(1) as pool:
        ended(pool, str, 10)
        handing = 1e3 * timed(partial(ended, pool, str, 500), 3)[0] / 500
    more = 1e3 * max(whole - alone, 0.0) / runs
    ours = f"{more:.2f} ms, {handing:.2f} ms to hand over"
    against = f"{1e3 * alone / runs:.1f} ms, the run"
    name = f"sweep, {runs} rows, each beyond its run (ms)"
    each = 1e3 * alone / runs
    limit = Limit(f"{each:.1f} ms, the run alone", each / (each + more + handing))
    return Row(name, ours, against, more + handing, "≤ 5", more + handing <= 5, limit)


def rate(replications):
    """Direct equilibria of 200 users a second on two cores, by the processor time of a sweep of them on one."""
    runs, scenario = len(PRICES) * replications, load("small_alone")
    each = spent(partial(swept, InProcess(), "small_alone", PRICES, replications, True)) / runs
    drawn = spent(lambda: [draw(scenario, k) for k in range(replications)]) / replications
    name = f"sweep, {runs:,} equilibria of 200 users, a second on 2 cores"
    limit = least(drawn, each, "drawing the users")
    return Row(name, f"{1e3 * each:.2f} ms each", "–", 2 / each, "≥ 1,500", 2 / each >= 1_500, limit)


def spent(function):
    """Processor seconds of a call."""
    started = time.process_time()
    function()
    return time.process_time() - started


def cluster(jobs):
    """A Dask cluster of two workers on loopback against two processes, busy runs; no row without Dask."""
    if find_spec("distributed") is None:
        return []
    seconds = []
    options = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": None}
    with import_module("distributed").LocalCluster(**options) as there:
        for place in (Here(2), Cluster(there.scheduler_address)):
            with place as pool:
                ended(pool, busy, 20)
                seconds.append(timed(partial(ended, pool, busy, jobs), 1)[0])
    here, dask = seconds
    name = f"sweep, {jobs} runs of {1e3 * BUSY:.0f} ms on Dask, loopback"
    limit = least(BUSY * jobs / 2, dask, "the runs alone, one a core")
    return [Row(name, f"{dask:.2f} s", f"{here:.2f} s, 2 processes", dask / here, "≤ 1.3", dask / here <= 1.3, limit)]


def busy(job):
    """Work of BUSY seconds."""
    end = time.thread_time() + BUSY
    while time.thread_time() < end:
        pass
    return job


class Canned(InProcess):
    """Answers every job with the same facts, and notes when the first job was asked for."""

    asked = None

    def completed(self, function, jobs):
        """As of every executor, without running anything."""
        self.asked = time.perf_counter()
        facts = {"status": "solved", "rounds": 0, "gap": 1e-16, "price": 1.25, "welfare": 1234.5678901234}
        return ((job, facts, None) for job in jobs)


def resuming(known):
    """Seconds until a sweep with so many rows goes on, the first of its missing runs included."""
    points = product(["price.c=" + ",".join(f"{c:.6f}" for c in np.linspace(0.001, 0.002, 100))])
    with tempfile.TemporaryDirectory() as out:
        options = {"replications": known // 100 + 1, "direct": True, "out": out, "progress": False}
        place = Canned()
        sweep(USERS_400, points, executor=place, **(options | {"replications": known // 100}))
        started = time.perf_counter()
        sweep(USERS_400, points, executor=place, **options)
        seconds = place.asked - started
        read, _ = timed(lambda: [path.read_bytes() for path in Path(out).rglob("*.csv")])
    limit = least(read, seconds, "reading the rows")
    return Row(f"sweep of {known:,} rows goes on (s)", f"{seconds:.2f} s", "–", seconds, "≤ 2", seconds <= 2, limit)


def memory(few, many):
    """Peak memory of a process of its own after many runs over that after few."""
    code = f"from benchmarks.sweeps import peaks; print(*peaks({few}, {many}))"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    before, after = map(int, answer.stdout.split())
    name, ratio = f"memory after {many:,} runs of a sweep", after / before
    mib = 2**20 if sys.platform == "darwin" else 2**10
    texts = f"{after / mib:.0f} MiB", f"{before / mib:.0f} MiB, after {few:,}"
    return Row(name, *texts, ratio, "≤ 1.1", ratio <= 1.1, Limit("1, as after few", min(1.0, 1 / ratio)))


def peaks(*sizes):
    """This process's peak memory after sweeps of so many runs in all, in the system's unit."""
    points, found = product(["fee=0"]), []
    with tempfile.TemporaryDirectory() as out:
        for runs in sizes:
            sweep(SMALL, points, replications=runs, out=out, executor=InProcess(), progress=False)
            found.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
    return found
