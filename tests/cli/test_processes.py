"""run.py as a process of its own: exit codes, closed pipes, Ctrl-C."""

import contextlib
import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

ENDLESS = """
market = "aggregator"
order = "random"
rounds = 1000000
damping = 1e-9
price = { rule = "linear", c = 1 }
[[group]]
name = "users"
kind = "direct"
users = 2
utility = { form = "quadratic", a = 1, b = 3 }
"""

STARTED = []


def start(process, *words, **options):
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "start_new_session": True} | options
    started = subprocess.Popen(
        process["args"] + list(words), **{k: v for k, v in process.items() if k != "args"}, **options
    )
    STARTED.append(started)
    return started


@pytest.fixture(autouse=True)
def nothing_runs_on():
    """Ends what a failed test has left running, workers included."""
    yield
    while STARTED:
        started = STARTED.pop()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(started.pid, signal.SIGKILL)
        started.communicate()


def test_a_run_as_a_process(process, tmp_path):
    done = start(process, "run", "two_peaks", "--no-plots", "--json")
    out, err = done.communicate(timeout=60)
    assert (done.returncode, err) == (0, "")
    assert json.loads(out)["status"] == "settled"
    assert list((tmp_path / "results" / "two_peaks").iterdir())


def test_bad_input_as_a_process(process, tmp_path):
    done = start(process, "run", "two_peeks")
    out, err = done.communicate(timeout=60)
    assert (done.returncode, out) == (2, "")
    assert err.startswith("error: two_peeks: ")
    assert err.count("\n") == 1
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("words", [("list",), ("run", "two_aggregators", "--no-plots")], ids=str)
def test_output_into_a_closed_pipe_is_no_drama(process, words):
    read, write = os.pipe()
    os.close(read)
    done = start(process, *words, stdout=write)
    os.close(write)
    assert done.communicate(timeout=60)[1] == ""
    assert done.returncode == 0


def test_ctrl_c_in_the_rounds_leaves_nothing_and_no_traceback(process, tmp_path):
    path = tmp_path / "endless.toml"
    path.write_text(ENDLESS)
    running = start(process, "run", str(path))
    assert running.stdout.readline().startswith("round    1")
    running.send_signal(signal.SIGINT)
    _, err = running.communicate(timeout=60)
    assert running.returncode == 130
    assert err == "interrupted; nothing half-written was left behind\n"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("everybody", [True, False], ids=["from the terminal", "to the process alone"])
def test_ctrl_c_among_workers_leaves_nothing_and_no_traceback(process, tmp_path, everybody):
    path = tmp_path / "endless.toml"
    path.write_text(ENDLESS)
    running = start(process, "compare", str(path), "--replications", "6")
    children = Path(f"/proc/{running.pid}/task/{running.pid}/children")
    if not children.exists():
        pytest.skip("children cannot be watched here")
    while running.poll() is None and len(children.read_text().split()) < 2:
        time.sleep(0.01)
    workers = [Path("/proc", word) for word in children.read_text().split()]
    (os.killpg if everybody else os.kill)(running.pid, signal.SIGINT)
    _, err = running.communicate(timeout=60)
    assert running.returncode == 130
    assert err == "interrupted; nothing half-written was left behind\n"
    assert list(tmp_path.iterdir()) == [path]
    give_up = time.monotonic() + 20
    while any(worker.exists() for worker in workers):
        assert time.monotonic() < give_up, "workers outlive the command"
        time.sleep(0.01)
