"""Sweeps on a Dask cluster: real schedulers and workers on loopback, killed in the middle; TLS; what is refused."""

import asyncio
import os
import re
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import BrokenExecutor, Future
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest
import trustme

from engine import Cluster, ClusterError, InProcess, compare, executors, plug, sweep
from engine.sweeps.points import product

ROOT = Path(__file__).parents[2]
VARY = product(["price.c=0.001,0.002,0.003,0.004"])
OPTIONS = {"replications": 30, "direct": True, "progress": False}
pytestmark = [
    pytest.mark.long,
    pytest.mark.filterwarnings("default"),  # Dask warns of sockets and of tasks when workers are killed
]


class Processes:
    """Processes of a cluster with their logs, ended together."""

    def __init__(self, logs):
        self.logs, self.running = logs, []

    def start(self, *words, path=ROOT, cwd=ROOT):
        """A process of `python -m words` and the path of its log; path: its PYTHONPATH."""
        log = self.logs / f"log{len(self.running)}"
        with open(log, "wb") as file:
            env = os.environ | {"PYTHONPATH": str(path)}
            process = subprocess.Popen([sys.executable, "-m", *words], cwd=cwd, stdout=file, stderr=file, env=env)
        self.running.append(process)
        return process, log

    def said(self, process, log, awaited):
        """The log of a process once it says what is awaited."""
        deadline = time.monotonic() + 60
        while awaited not in log.read_text():
            assert time.monotonic() < deadline and process.poll() is None, log.read_text()[-2000:]
            time.sleep(0.02)
        return log.read_text()

    def scheduler(self, *options):
        """(Process, address) of a scheduler on loopback, which does not know this project."""
        where = ("--host", "127.0.0.1", "--port", "0", "--no-dashboard")
        words = ("distributed.cli.dask_scheduler", *where, *options)
        process, log = self.start(*words, path="", cwd=self.logs)
        text = self.said(process, log, "Scheduler at:")
        return process, next(word for word in text.split() if "://127.0.0.1" in word)

    def workers(self, count, address, *options, path=ROOT, cwd=ROOT):
        """Workers that have joined a scheduler."""
        alone = ("--nthreads", "1", "--no-dashboard", "--no-nanny", "--local-directory", str(self.logs))
        words = ("distributed.cli.dask_worker", address, *alone, *options)
        started = [self.start(*words, path=path, cwd=cwd) for _ in range(count)]
        for process, log in started:
            self.said(process, log, "Registered to")
        return [process for process, _ in started]

    def end(self):
        """End all of them, stopped ones as well."""
        for process in reversed(self.running):
            process.kill()
            process.wait()


@pytest.fixture
def processes(tmp_path):
    """Processes that are ended after the test."""
    (tmp_path / "logs").mkdir()
    started = Processes(tmp_path / "logs")
    yield started
    started.end()


def doing(pool, number, act):
    """The pool, which does something when that many answers are there."""
    completed = pool.completed

    def acting(function, jobs):
        for count, answer in enumerate(completed(function, jobs)):
            if count == number:
                act()
            yield answer

    pool.completed = acting
    return pool


@pytest.mark.usefixtures("unplugged")
def test_a_cluster_gives_the_bits_of_one_process_whatever_is_killed(processes, tmp_path):
    here = sweep("direct_400", VARY, out=tmp_path / "here", executor=InProcess(), **OPTIONS)
    scheduler, address = processes.scheduler()
    one, other = processes.workers(2, address)
    pool = doing(Cluster(address), 20, lambda: os.kill(one.pid, signal.SIGKILL))
    there = sweep("direct_400", VARY, out=tmp_path / "there", executor=pool, **OPTIONS)
    assert (there / "runs.csv").read_bytes() == (here / "runs.csv").read_bytes()
    assert one.wait(timeout=10) == -signal.SIGKILL
    assert other.poll() is None
    assert pd.read_csv(there / "runs.csv")["status"].tolist() == ["solved"] * 120

    one, two = (
        compare(["small_alone", "large_direct"], replications=2, direct=True, progress=False, executor=place)
        for place in (InProcess(), Cluster(address))
    )
    assert one.runs.equals(two.runs)
    one, two = (
        compare(["learning_duopoly"], set=["rounds=40"], replications=2, progress=False, executor=place)
        for place in (InProcess(), Cluster(address))
    )
    assert one.runs.equals(two.runs)

    plug(ROOT / "examples" / "plugins" / "slackening.py")
    own = sweep(
        ROOT / "examples" / "plugins" / "slackening.toml", VARY, out=tmp_path, executor=Cluster(address), **OPTIONS
    )
    assert set(pd.read_csv(own / "runs.csv")["status"]) == {"solved"}

    many = OPTIONS | {"replications": 10 * OPTIONS["replications"]}  # else all is answered before the loss is noticed
    pool = doing(Cluster(address), 20, lambda: os.kill(scheduler.pid, signal.SIGKILL))
    with pytest.raises(ClusterError, match=r"the scheduler was lost; finished runs are kept"):
        sweep("direct_400", VARY, out=tmp_path / "lost", executor=pool, **many)
    rows = next((tmp_path / "lost").glob("sweep/*/*/runs.csv"))
    assert 20 <= rows.read_bytes().count(b"\n") < 1201
    sweep("direct_400", VARY, out=tmp_path / "lost", executor=InProcess(), **many)
    assert rows.read_bytes().count(b"\n") == 1201
    assert set((here / "runs.csv").read_bytes().splitlines()) <= set(rows.read_bytes().splitlines())


def certificates(folder):
    """Paths of "ca", "cert" and "key" made for loopback."""
    folder.mkdir()
    authority = trustme.CA()
    leaf = authority.issue_cert("127.0.0.1", "localhost")
    files = {what: folder / f"{what}.pem" for what in ("ca", "cert", "key")}
    authority.cert_pem.write_to_path(files["ca"])
    leaf.cert_chain_pems[0].write_to_path(files["cert"])
    leaf.private_key_pem.write_to_path(files["key"])
    return files


def test_the_command_line_sweeps_over_tls_with_the_right_certificate_only(processes, tmp_path):
    ours, others = (certificates(tmp_path / name) for name in ("ours", "others"))
    secured = [word for what in ours for word in (f"--tls-{what.replace('ca', 'ca-file')}", str(ours[what]))]
    _, address = processes.scheduler("--protocol", "tls", *secured)
    processes.workers(1, address, *secured)
    assert address.startswith("tls://")

    def answer(files, *words):
        tls = [word for what, file in files.items() for word in (f"--tls-{what}", str(file))]
        words = ["--cluster", address, *tls, *words, "--out", str(tmp_path / "out")]
        command = [sys.executable, "run.py", "sweep", "eight_nodes_none", "--vary", "behaviour=none,ad-hoc", *words]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)

    swept = answer(ours)
    assert (swept.returncode, swept.stderr) == (0, "")
    assert "2 runs at 2 points: 2 settled" in swept.stdout
    with pytest.raises(ClusterError, match=f"{address}: cannot be reached: .*") as error, Cluster(address, others, 2):
        pass
    assert "\n" not in str(error.value)
    with pytest.raises(ClusterError, match="cannot be reached"), Cluster(address, timeout=2):
        pass
    missing = answer(ours | {"cert": tmp_path / "none.pem"})
    assert (missing.returncode, missing.stdout) == (2, "")
    assert missing.stderr.startswith(f"error: {tmp_path}/none.pem: No such file")


def other_numpy(folder):
    """Make a folder say that it has another NumPy."""
    (folder / "numpy-0.0.dist-info").mkdir()
    (folder / "numpy-0.0.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: numpy\nVersion: 0.0\n")


def test_nothing_is_written_where_the_workers_are_none_or_of_other_versions(processes, tmp_path):
    _, address = processes.scheduler()
    with pytest.raises(ClusterError, match="has no workers; start some with `dask worker"):
        sweep("direct_400", VARY, out=tmp_path / "out", executor=Cluster(address), **OPTIONS)
    other_numpy(tmp_path)
    processes.workers(1, address, path=f"{tmp_path}{os.pathsep}{ROOT}")
    with pytest.raises(ClusterError, match=r"numpy 0\.0 at worker tcp.*the same versions are needed"):
        sweep("direct_400", VARY, out=tmp_path / "out", executor=Cluster(address), **OPTIONS)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("nowhere", ["tcp://127.0.0.1:9", "127.0.0.1:9", "nonsense://x"])
def test_a_cluster_that_is_not_there_is_told_in_one_line(nowhere):
    with pytest.raises(ClusterError, match=r"--cluster: .*: cannot be reached") as error, Cluster(nowhere, timeout=1):
        pass
    assert "\n" not in str(error.value)


def test_a_scheduler_that_takes_a_call_and_never_answers_is_told_in_one_line():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"tcp://127.0.0.1:{silent.getsockname()[1]}"
        with (
            pytest.raises(ClusterError, match="cannot be reached: no answer for 1 s; a running"),
            Cluster(address, timeout=1),
        ):
            pass


def test_dask_that_does_not_start_in_time_is_told_in_one_line(monkeypatch):
    def late(*given, **named):
        raise AssertionError

    async def answered(*given):
        pass

    monkeypatch.setattr(Cluster, "_knock", answered)
    monkeypatch.setattr("distributed.Client", late)
    with (
        pytest.raises(ClusterError, match=r"cannot be reached: AssertionError; .*needed$"),
        Cluster("tcp://127.0.0.1:1"),
    ):
        pass


def test_a_frozen_workers_runs_go_to_others_and_late_workers_that_do_not_fit_get_none(processes, tmp_path, capfd):
    _, address = processes.scheduler()
    one, other = processes.workers(2, address)
    jobs = [0.1 + number / 1e5 for number in range(80)]  # enough that each worker has some whenever it freezes
    with doing(Cluster(address, timeout=60), 10, lambda: os.kill(one.pid, signal.SIGSTOP)) as pool:
        pool.patience = 5  # once they have answered: imports may take long
        assert sorted(job for job, _, error in pool.completed(time.sleep, jobs) if error is None) == jobs
    said = capfd.readouterr().err
    assert said.count("has not been heard of for 5 s: others do its runs") == 1

    said = ""
    with Cluster(address, timeout=2) as pool, pytest.raises(ClusterError, match="no usable worker for 5 s; finished"):
        pool.patience = 5
        other_numpy(tmp_path)
        for number, _ in enumerate(pool.completed(time.sleep, [0.5] * 500)):
            if number == 3:
                processes.workers(1, address, path="", cwd=tmp_path / "logs")
                processes.workers(1, address, path=f"{tmp_path}{os.pathsep}{ROOT}")
            said += capfd.readouterr().err
            if "numpy 0.0 at worker" in said:
                other.kill()
    assert "has not answered for 2 s: left out until it does" in said
    assert "is left out: its workers cannot run this project (ModuleNotFoundError: No module named 'engine')" in said
    assert "numpy 0.0 at worker" in said


@pytest.mark.parametrize(("status", "of_the_worker"), [("lost", True), ("pending", True), ("error", False)])
def test_an_answer_whose_worker_dies_as_it_is_fetched_is_no_error_of_its_run(status, of_the_worker):
    async def result(raiseit):
        try:
            raise ZeroDivisionError("the run's")
        except ZeroDivisionError as error:
            return (type(error), error, error.__traceback__) if status == "error" else (0.1, ["an answer"])

    async def fetched():
        await pytest.importorskip("distributed.cfexecutor")._cascade_future(now, future)

    now, cluster, future = SimpleNamespace(status=status, _result=result), Cluster("tcp://127.0.0.1:1"), Future()
    cluster.deaths = (pytest.importorskip("distributed").KilledWorker,)
    asyncio.run(fetched())
    assert cluster._of_the_worker(future.exception()) == of_the_worker


def test_a_run_that_kills_its_worker_twice_fails_and_a_scheduler_that_freezes_is_given_up(
    processes, monkeypatch, capfd
):
    scheduler, address = processes.scheduler()
    processes.workers(3, address)
    jobs = [signal.SIGCONT] * 10 + [signal.SIGKILL] + [signal.SIGCONT] * 30
    with Cluster(address) as pool:
        ended = list(pool.completed(signal.raise_signal, jobs))
    failed = [(job, error) for job, _, error in ended if error is not None]
    assert [(job, type(error)) for job, error in failed] == [(signal.SIGKILL, BrokenExecutor)], failed
    assert sorted(job for job, _, error in ended if error is None) == [signal.SIGCONT] * 40
    assert [process.poll() for process in processes.running[1:]].count(-signal.SIGKILL) == 2

    monkeypatch.setattr(executors, "WORD_AFTER", 1.0)
    with doing(Cluster(address), 2, lambda: os.kill(scheduler.pid, signal.SIGSTOP)) as pool:
        pool.patience = 3
        with pytest.raises(ClusterError, match=r"the scheduler has not answered for \d s; finished runs are kept"):
            list(pool.completed(time.sleep, [1.5] * 50))
    said = capfd.readouterr().err
    assert "no run has ended for 1 s; handed over: 1; workers that can be used: 1, that cannot: 0" in said
    assert re.search(r"the scheduler has not answered for \d s\n", said)
