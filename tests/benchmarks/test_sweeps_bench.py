"""The benchmark of sweeps: its stub writes whole sweeps, its rows judge by their numbers."""

import time

import pandas as pd
import pytest

from benchmarks import sweeps
from engine import Executor, sweep
from engine.sweeps.points import product


def test_canned_answers_make_a_whole_sweep(tmp_path):
    place = sweeps.Canned()
    folder = sweep(sweeps.USERS_400, product(["price.c=0.001,0.002"]), replications=3, out=tmp_path, executor=place)
    table = pd.read_csv(folder / "runs.csv")
    assert len(table) == 6
    assert table["price"].tolist()[1:] == [1.25] * 5
    assert place.asked <= time.perf_counter()


def test_a_resumed_sweep_starts_with_what_is_missing():
    row = sweeps.resuming(300)
    assert row.measurement == "sweep of 300 rows goes on (s)"
    assert 0 < row.ratio < 2
    assert row.reached


def test_memory_is_that_of_a_process_of_its_own():
    row = sweeps.memory(2, 6)
    assert row.reached == (row.ratio <= 1.1)
    assert 1 <= row.ratio < 1.5


def test_busy_runs_take_their_time():
    started = time.thread_time()
    sweeps.busy(0)
    assert sweeps.BUSY <= time.thread_time() - started < 2 * sweeps.BUSY


class Nowhere(Executor):
    """Does nothing."""

    start = stop = submit = lambda self, *given, cut=False: None


def test_rows_judge_by_their_numbers(monkeypatch):
    clock = iter([2.0, 0.0, 10.0, 3.0, 0.0, 6.0, 0.3])
    monkeypatch.setattr(sweeps, "Here", lambda workers: Nowhere())
    monkeypatch.setattr(sweeps, "timed", lambda function, repeats: (next(clock), None))
    started, gain = sweeps.two_workers(200)
    assert (started.ratio, started.reached) == (3.0, None)
    assert (gain.ratio, gain.reached) == (10 / 6, False)
    assert (started.limit.share, gain.limit.share) == pytest.approx((0.1, 10 / 12))
    assert "200 runs" in gain.measurement
