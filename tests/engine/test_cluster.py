"""Sweeps on a Dask cluster: a real scheduler and workers on loopback, one of them killed in the middle."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

from engine import Cluster, ClusterError, InProcess, sweep
from engine.points import product

ROOT = Path(__file__).parents[2]
VARY = product(["price.c=0.001,0.002", "group.0.fairness.alpha=0,1"])
OPTIONS = {"replications": 40, "direct": True, "progress": False}
pytestmark = pytest.mark.filterwarnings("default")  # Dask warns of sockets and of tasks when workers are killed


def started(*words, said, log, path=ROOT):
    """A process of `python -m words`, once its log says what is awaited, and the log's text; path: its PYTHONPATH."""
    with open(log, "wb") as file:
        env = os.environ | {"PYTHONPATH": str(path)}
        process = subprocess.Popen([sys.executable, "-m", *words], cwd=ROOT, stdout=file, stderr=file, env=env)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        text = Path(log).read_text()
        if said in text:
            return process, text
        time.sleep(0.05)
    process.kill()
    raise AssertionError(f"{words}: {Path(log).read_text()[-2000:]}")


@pytest.fixture
def processes():
    """A list of processes to be ended after the test."""
    running = []
    yield running
    for process in reversed(running):
        process.kill()
        process.wait()


@pytest.fixture
def address(tmp_path, processes):
    """Address of a scheduler on loopback."""
    where = ("--host", "127.0.0.1", "--port", "0", "--no-dashboard")
    scheduler, text = started(
        "distributed.cli.dask_scheduler", *where, said="Scheduler at:", log=tmp_path / "scheduler"
    )
    processes.append(scheduler)
    return next(word for word in text.split() if word.startswith("tcp://127.0.0.1"))


def joined(address, tmp_path, processes, name, path=ROOT):
    """A worker that has joined the scheduler."""
    options = ("--nthreads", "1", "--no-dashboard", "--no-nanny", "--local-directory", str(tmp_path))
    words = ("distributed.cli.dask_worker", address, *options)
    worker, _ = started(*words, said="Registered to", log=tmp_path / name, path=path)
    processes.append(worker)
    return worker


@pytest.fixture
def cluster(address, tmp_path, processes):
    """(Address, two workers' processes) of a scheduler on loopback."""
    return address, [joined(address, tmp_path, processes, f"worker{number}") for number in (0, 1)]


def test_a_cluster_gives_the_bits_of_one_process_even_when_a_worker_is_killed(cluster, tmp_path):
    address, workers = cluster
    here = sweep("two_aggregators", VARY, out=tmp_path / "here", executor=InProcess(), **OPTIONS)
    pool = Cluster(address)
    ended = pool.completed

    def killing(function, jobs):
        for number, answer in enumerate(ended(function, jobs)):
            if number == 20:
                os.kill(workers[0].pid, signal.SIGKILL)
            yield answer

    pool.completed = killing
    there = sweep("two_aggregators", VARY, out=tmp_path / "there", executor=pool, **OPTIONS)
    assert (there / "runs.csv").read_bytes() == (here / "runs.csv").read_bytes()
    assert workers[0].wait(timeout=10) == -signal.SIGKILL
    assert pd.read_csv(there / "runs.csv")["status"].tolist() == ["solved"] * 160


def test_the_command_line_uses_a_cluster(cluster, tmp_path):
    words = [
        "sweep",
        "eight_nodes_none",
        "--vary",
        "behaviour=none,ad-hoc",
        "--cluster",
        cluster[0],
        "--out",
        str(tmp_path),
    ]
    answer = subprocess.run([sys.executable, "run.py", *words], cwd=ROOT, capture_output=True, text=True)
    assert (answer.returncode, answer.stderr) == (0, "")
    assert "2 runs at 2 points: 2 settled" in answer.stdout


OTHER_NUMPY = """
import importlib.metadata as metadata
real = metadata.version
metadata.version = lambda name: "0.0" if name == "numpy" else real(name)
"""


def test_a_worker_with_other_versions_is_refused(address, tmp_path, processes):
    (tmp_path / "sitecustomize.py").write_text(OTHER_NUMPY)
    joined(address, tmp_path, processes, "odd", path=f"{tmp_path}{os.pathsep}{ROOT}")
    with pytest.raises(ClusterError, match=r"numpy 0\.0 at worker tcp.*the same versions are needed"), Cluster(address):
        pass


def test_a_scheduler_without_workers_is_told(address):
    with pytest.raises(ClusterError, match="has no workers; start some with `dask worker"), Cluster(address):
        pass


def test_nothing_is_written_where_the_cluster_cannot_be_used(address, tmp_path):
    with pytest.raises(ClusterError):
        sweep("two_aggregators", VARY, out=tmp_path / "out", executor=Cluster(address), **OPTIONS)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("nowhere", ["tcp://127.0.0.1:9", "127.0.0.1:9", "nonsense://x"])
def test_a_cluster_that_is_not_there_is_told_in_one_line(nowhere):
    with pytest.raises(ClusterError, match=r"--cluster: .*: cannot be reached") as error, Cluster(nowhere, timeout=1):
        pass
    assert "\n" not in str(error.value)
