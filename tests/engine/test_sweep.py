"""Sweeps: points, rows, resuming after any end, workers that die, failed runs."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from engine import Here, InProcess, SweepError, TooLong, run, sweep, verify
from engine import sweeping as sweeping_module
from engine.points import from_csv, parted, product
from engine.sweep_folder import counts, in_order
from scenarios import ScenarioError

ROOT = Path(__file__).parents[2]
VARY = ["price.c=0.001,0.002", "group.0.fairness.alpha=0,1,inf"]
OPTIONS = {"replications": 2, "direct": True, "progress": False}


def rows(folder):
    return (folder / "runs.csv").read_text()


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return sweep(
        "two_aggregators", product(VARY), out=tmp_path_factory.mktemp("whole"), executor=InProcess(), **OPTIONS
    )


def test_a_sweep_is_the_full_product_with_the_runs_own_numbers(whole):
    table = pd.read_csv(whole / "runs.csv", dtype={"group.0.fairness.alpha": str})
    assert len(table) == 2 * 3 * 2
    assert table["point"].tolist() == np.repeat(range(6), 2).tolist()
    assert table["replication"].tolist() == [0, 1] * 6
    for row in table.sample(4, random_state=0).itertuples():
        changes = [f"price.c={row[2]}", f"group.0.fairness.alpha={row[3]}"]
        result = run("two_aggregators", set=changes, replication=row.replication, direct=True)
        assert (row.price, row.welfare, row.gap) == (result.outcome.price, result.outcome.welfare, result.gap)
        assert row.status == result.status


def test_means_are_those_of_the_rows(whole):
    table, means = pd.read_csv(whole / "runs.csv"), pd.read_csv(whole / "means.csv")
    expected = table.groupby("point")["welfare"].mean()
    assert means["welfare mean"].to_numpy() == pytest.approx(expected.to_numpy(), rel=1e-15)
    assert means["runs"].tolist() == [2] * 6
    assert means["failed"].tolist() == [0] * 6


@pytest.mark.parametrize("cut", [0, 1, 40, 700, 1500, -1, -5])
def test_a_file_cut_anywhere_is_completed_to_the_same_bits(whole, cut, tmp_path):
    again = sweep("two_aggregators", product(VARY), out=tmp_path, executor=InProcess(), **OPTIONS)
    content = (again / "runs.csv").read_bytes()
    (again / "runs.csv").write_bytes(content[:cut])
    sweep("two_aggregators", product(VARY), out=tmp_path, executor=InProcess(), **OPTIONS)
    assert (again / "runs.csv").read_bytes() == content == (whole / "runs.csv").read_bytes()


def test_finished_runs_are_not_run_again(whole, monkeypatch):
    def never(job):
        raise AssertionError("this run was done")

    monkeypatch.setattr(sweeping_module, "run_point", never)
    before = rows(whole)
    sweep("two_aggregators", product(VARY), out=whole.parents[2], executor=InProcess(), **OPTIONS)
    assert rows(whole) == before


def test_a_sweep_is_verified_by_running_rows_again(whole, tmp_path):
    verification = verify(whole)
    assert verification.passed
    assert verification.lines[1] == "pass  same bits: 12 of 12 rows run again"
    copy = tmp_path / "copy"
    shutil.copytree(whole, copy)
    content = (copy / "runs.csv").read_text()
    price = pd.read_csv(copy / "runs.csv", dtype=str)["price"][0]
    (copy / "runs.csv").write_text(content.replace(price, repr(float(price) * (1 + 1e-6)), 1))
    broken = verify(copy)
    assert not broken.passed
    assert [line[:4] for line in broken.lines] == ["FAIL", "FAIL"]


def test_a_sweep_of_a_choice_can_be_verified(tmp_path):
    points = product(["negotiation.rule=corner,tight"])
    folder = sweep("p2p_homogeneous", points, out=tmp_path, executor=InProcess(), progress=False)
    assert verify(folder).passed


def test_more_replications_add_to_the_same_sweep(whole, tmp_path):
    few = sweep("two_aggregators", product(VARY), out=tmp_path, executor=InProcess(), **(OPTIONS | {"replications": 1}))
    more = sweep("two_aggregators", product(VARY), out=tmp_path, executor=InProcess(), **OPTIONS)
    assert few == more
    assert rows(more) == rows(whole)


def test_two_workers_give_the_same_bits(whole, tmp_path):
    again = sweep("two_aggregators", product(VARY), out=tmp_path, executor=Here(2), **OPTIONS)
    assert rows(again) == rows(whole)


COMMAND = [sys.executable, "run.py", "sweep", "two_aggregators", "--replications", "30", "--workers", "2"]


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_a_sweep_that_is_killed_goes_on(end, tmp_path):
    command = [*COMMAND, "--vary", VARY[0], "--out", str(tmp_path)]
    process = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True
    )
    rows_file = None
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        rows_file = next(tmp_path.glob("sweep/*/*/runs.csv"), None)
        if rows_file is not None and rows_file.read_bytes().count(b"\n") >= 6:
            break
        time.sleep(0.02)
    os.killpg(process.pid, end)
    process.communicate(timeout=60)
    kept = rows_file.read_bytes().count(b"\n") - 1
    assert 5 <= kept < 60
    assert subprocess.run(command, cwd=ROOT, capture_output=True).returncode == 0
    there = pd.read_csv(rows_file)
    assert len(there) == 60
    assert not there.duplicated(["point", "replication"]).any()
    fresh = sweep("two_aggregators", product(VARY[:1]), out=tmp_path / "fresh", replications=30, progress=False)
    assert rows(fresh) == rows_file.read_text()


def test_a_worker_that_dies_takes_only_its_own_run_with_it():
    with Here(2) as pool:
        ended = list(pool.completed(dies_at_three, range(8)))
    good = {job: answer for job, answer, error in ended if error is None}
    assert good == {job: job * job for job in range(8) if job != 3}
    assert [job for job, _, error in ended if error is not None] == [3]


def dies_at_three(job):
    if job == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return job * job


def test_a_failed_run_is_a_row_and_the_sweep_goes_on(tmp_path, monkeypatch):
    good = sweeping_module.run_point

    def sometimes(job):
        if job[-1] == 1:
            raise RuntimeError("the solver\nis tired")
        return good(job)

    monkeypatch.setattr(sweeping_module, "run_point", sometimes)
    folder = sweep("two_aggregators", product(VARY[:1]), out=tmp_path, executor=InProcess(), **OPTIONS)
    table = pd.read_csv(folder / "runs.csv")
    assert table["status"].tolist() == ["solved", "error"] * 2
    assert table["error"].tolist()[1] == "RuntimeError: the solver is tired"
    assert pd.read_csv(folder / "means.csv")["failed"].tolist() == [1, 1]
    assert counts(folder) == {"runs": 4, "points": 2, "status": {"solved": 2, "error": 2}}


def test_a_combination_that_cannot_be_is_a_failed_run(tmp_path):
    points = product(["price.rule=linear,power", "price.c=0.001"])
    with pytest.raises(ScenarioError, match=r"price.k: is missing"):
        sweep("two_aggregators", points, out=tmp_path, executor=InProcess(), **OPTIONS)
    assert not list(tmp_path.iterdir())


def test_a_choice_can_be_swept_whose_keys_differ(tmp_path):
    points = product(["negotiation.rule=corner,bilateral"])
    folder = sweep("p2p_single", points, out=tmp_path, executor=InProcess(), progress=False)
    assert pd.read_csv(folder / "runs.csv")["status"].tolist() == ["settled"] * 2


def test_points_from_a_csv_file(tmp_path):
    (tmp_path / "points.csv").write_text("behaviour,tariff.buy\nnone,2\ncooperative,3\n")
    points = from_csv(tmp_path / "points.csv")
    assert [points.changes(k) for k in range(len(points))] == [
        ("behaviour=none", "tariff.buy=2"),
        ("behaviour=cooperative", "tariff.buy=3"),
    ]
    folder = sweep("eight_nodes_none", points, out=tmp_path / "out", executor=InProcess(), progress=False)
    assert pd.read_csv(folder / "runs.csv")["loss"].tolist() == pytest.approx([0.532754, 0.180113], abs=1e-6)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "got 0 rows"),
        ("a,b\n", "got 1 rows"),
        ("a,a\n1,2\n", "each key once"),
        ("a,b\n1\n", "row 2: got 1 cells"),
        ("a,b\n1,\n", "none blank"),
        ("a,b\n1,2\n3,4,5\n", "row 3"),
    ],
)
def test_bad_files_of_points(text, said, tmp_path):
    (tmp_path / "points.csv").write_text(text)
    with pytest.raises(ScenarioError, match=said):
        from_csv(tmp_path / "points.csv")


@pytest.mark.parametrize("text", ["price.c", "=1,2", "price.c=", "price.c=1,,2", "price.c=1,1"])
def test_bad_products(text):
    with pytest.raises(ScenarioError, match="--vary"):
        product([text])
    with pytest.raises(ScenarioError, match="given twice"):
        product(["price.c=1", "price.c=2"])


def test_commas_within_brackets_do_not_part():
    assert list(parted('a, "b,c", [1, [2, 3]], { d = [4, 5] }')) == ["a", '"b,c"', "[1, [2, 3]]", "{ d = [4, 5] }"]


def test_products_of_millions_take_no_memory():
    points = product([f"k{i}=" + ",".join(map(str, range(100))) for i in range(4)])
    assert len(points) == 100**4
    assert points[12_345_678] == ("12", "34", "56", "78")


def test_a_sweep_that_would_take_days_asks_first(tmp_path, monkeypatch):
    monkeypatch.setattr(sweeping_module, "PATIENCE", 0.0)
    with pytest.raises(TooLong, match="--yes"):
        sweep("two_aggregators", product(VARY), out=tmp_path, executor=InProcess(), **OPTIONS)
    sweep("two_aggregators", product(VARY), out=tmp_path, executor=InProcess(), patient=True, **OPTIONS)


def test_two_sweeps_do_not_write_into_one_folder(whole):
    holder = "import fcntl, sys, time; f = open(sys.argv[1], 'w'); fcntl.flock(f, 2); print('held', flush=True); "
    with subprocess.Popen(
        [sys.executable, "-c", holder + "time.sleep(60)", str(whole / ".lock")], stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout.readline() == "held\n"
            with pytest.raises(SweepError, match="another sweep"):
                sweep("two_aggregators", product(VARY), out=whole.parents[2], executor=InProcess(), **OPTIONS)
        finally:
            process.kill()


def test_rows_are_sorted_by_point_then_replication(tmp_path):
    path = tmp_path / "runs.csv"
    lines = [f"{point},x,{replication},{point * 10 + replication}" for point in (2, 0, 10, 1) for replication in (1, 0)]
    path.write_text("\n".join(["point,key,replication,value", *lines]) + "\n")
    in_order(path, 2)
    table = pd.read_csv(path)
    assert table["value"].tolist() == [0, 1, 10, 11, 20, 21, 100, 101]
