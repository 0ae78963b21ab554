"""Sweeps: points, rows, resuming after any end, workers that die, failed runs."""

import gc
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import BrokenExecutor, Future
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import mesa
import numpy as np
import pandas as pd
import pytest

from engine import (
    FolderError,
    Here,
    InProcess,
    SweepError,
    TooLong,
    compare,
    executors,
    run,
    save_comparison,
    save_result,
    sweep,
    verify,
)
from engine.executors import Executor
from engine.store import digest
from engine.sweeps import sweeping as sweeping_module
from engine.sweeps import telling
from engine.sweeps.points import Rows, check, from_csv, parted, product
from engine.sweeps.sweep_folder import counts, in_order
from engine.sweeps.telling import telling_rows
from scenarios import ScenarioError, load
from views.sweep_pictures import sweep_pictures

ROOT = Path(__file__).parents[2]
VARY = ["price.c=0.001,0.002", "group.0.fairness.alpha=0,1,inf"]
FEW = load("two_aggregators", set=["group.0.users=6", "group.1.users=4"])
OPTIONS = {"replications": 2, "direct": True, "progress": False}
DOZEN = OPTIONS | {"replications": 6, "executor": InProcess()}


def rows(folder):
    return (folder / "runs.csv").read_text()


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return sweep(FEW, product(VARY), out=tmp_path_factory.mktemp("whole"), executor=InProcess(), **OPTIONS)


def test_a_sweep_is_the_full_product_with_the_runs_own_numbers(whole):
    table = pd.read_csv(whole / "runs.csv", dtype={"group.0.fairness.alpha": str})
    assert len(table) == 2 * 3 * 2
    assert table["point"].tolist() == np.repeat(range(6), 2).tolist()
    assert table["replication"].tolist() == [0, 1] * 6
    for row in table.sample(4, random_state=0).itertuples():
        changes = [f"price.c={row[2]}", f"group.0.fairness.alpha={row[3]}"]
        result = run(FEW, set=changes, replication=row.replication, direct=True)
        assert (row.price, row.welfare, row.gap) == (result.outcome.price, result.outcome.welfare, result.gap)
        assert row.status == result.status


def test_means_are_those_of_the_rows(whole):
    table, means = pd.read_csv(whole / "runs.csv"), pd.read_csv(whole / "means.csv")
    expected = table.groupby("point")["welfare"].mean()
    assert means["welfare mean"].to_numpy() == pytest.approx(expected.to_numpy(), rel=1e-15)
    assert means["runs"].tolist() == [2] * 6
    assert means["failed"].tolist() == [0] * 6


@pytest.fixture(scope="module")
def quick(tmp_path_factory):
    """A sweep of a dozen runs that take some milliseconds each."""
    return sweep("direct_400", product(VARY[:1]), out=tmp_path_factory.mktemp("quick"), **DOZEN)


@pytest.mark.parametrize("cut", [0, 1, 40, 700, 1500, -1, -5])
def test_a_file_cut_anywhere_is_completed_to_the_same_bits(quick, cut, tmp_path):
    again = tmp_path / quick.relative_to(quick.parents[2])
    shutil.copytree(quick, again)
    content = (again / "runs.csv").read_bytes()
    assert len(content) > 1500
    (again / "runs.csv").write_bytes(content[:cut])
    sweep("direct_400", product(VARY[:1]), out=tmp_path, **DOZEN)
    assert (again / "runs.csv").read_bytes() == content
    assert (again / "means.csv").read_bytes() == (quick / "means.csv").read_bytes()
    assert verify(again).passed


def test_finished_runs_are_not_run_again(whole, monkeypatch):
    def never(job):
        raise AssertionError("this run was done")

    monkeypatch.setattr(sweeping_module, "run_point", never)
    before = rows(whole)
    sweep(FEW, product(VARY), out=whole.parents[2], executor=InProcess(), **OPTIONS)
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


def test_a_key_with_the_name_of_a_fact_or_measure_has_a_column_of_its_own(tmp_path):
    points = product(["contracts=single,multi", "rounds=5,7"])
    folder = sweep("p2p_homogeneous", points, out=tmp_path, executor=InProcess(), progress=False)
    table = pd.read_csv(folder / "runs.csv")
    assert table.columns.is_unique
    assert table["set contracts"].tolist() == ["single", "single", "multi", "multi"]
    assert table["set rounds"].tolist() == [5, 7, 5, 7]
    assert (table["contracts"] > 0).all()
    assert (table["rounds"] <= table["set rounds"]).all()
    assert pd.read_csv(folder / "means.csv")["contracts"].tolist() == ["single", "single", "multi", "multi"]
    assert verify(folder).passed


def test_what_told_of_fewer_rows_goes_before_more_are_added(whole, tmp_path, monkeypatch):
    again = tmp_path / whole.relative_to(whole.parents[2])
    shutil.copytree(whole, again)
    (again / "runs.parquet").write_text("of 12 rows")
    options = {"out": tmp_path, "executor": InProcess(), **OPTIONS}
    sweep(FEW, product(VARY), **options)
    assert json.loads((again / "manifest.json").read_text())["files"].keys() >= {"runs.csv", "runs.parquet"}
    (again / "my notes.txt").write_text("mine")

    def cut(job):
        raise KeyboardInterrupt

    monkeypatch.setattr(sweeping_module, "run_point", cut)
    with pytest.raises(KeyboardInterrupt):
        sweep(FEW, product(VARY), **(options | {"replications": 3}))
    there = {path.name for path in again.iterdir()}
    assert there == {".lock", "my notes.txt", "runs.csv", "scenario.toml", "sweep.json"}
    with pytest.raises(FolderError, match="a finished run, comparison or sweep is needed"):
        verify(again)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("sweep.json", '{"schema_version": 0}', "schema_version: got 0; 1 is needed; move the folder away"),
        ("sweep.json", "[1]", r"cannot be read \(ValueError\)"),
        ("sweep.json", "{", r"cannot be read \(JSONDecodeError\)"),
        ("runs.csv", "point,price\n0,1\n", "header: other columns"),
        ("runs.csv", None, "row 3: not one of this sweep"),
    ],
)
def test_a_folder_of_another_version_is_refused_in_words(whole, name, text, said, tmp_path):
    again = tmp_path / whole.relative_to(whole.parents[2])
    shutil.copytree(whole, again)
    lines = rows(again).splitlines(keepends=True)
    (again / name).write_text(text or "".join([*lines[:2], "99" + lines[2], *lines[3:]]))
    before = {path.name: path.read_bytes() for path in again.iterdir()}
    with pytest.raises(SweepError, match=said) as error:
        sweep(FEW, product(VARY), out=tmp_path, executor=InProcess(), **OPTIONS)
    assert "\n" not in str(error.value)
    assert {path.name: path.read_bytes() for path in again.iterdir()} == before


@pytest.mark.parametrize(
    "change",
    [
        {"keys": []},
        {"keys": ["price.c", "price.c"]},
        {"product": []},
        {"product": [[], []]},
        {"keys": [], "product": []},
    ],
    ids=str,
)
def test_keys_without_their_values_are_refused_also_where_the_manifest_agrees(whole, change, tmp_path):
    folder = shutil.copytree(whole, tmp_path / "sweep")
    settings, manifest = (json.loads((folder / name).read_text()) for name in ("sweep.json", "manifest.json"))
    (folder / "sweep.json").write_text(json.dumps(settings | change))
    manifest["files"]["sweep.json"] = digest(folder / "sweep.json")
    (folder / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(SweepError, match=r"sweep.json: keys: got .*; as they were written is needed"):
        sweep_pictures(folder)
    assert not verify(folder).passed


@pytest.mark.parametrize("version", [0, 2, None])
@pytest.mark.parametrize("kind", ["run", "sweep", "comparison"])
def test_results_of_another_version_are_refused_in_words(whole, kind, version, tmp_path):
    if kind == "run":
        folder = save_result(run("two_peaks", direct=True), tmp_path)
    elif kind == "comparison":
        folder = save_comparison(compare(["small_alone"], direct=True, workers=1, progress=False), tmp_path)
    else:
        folder = shutil.copytree(whole, tmp_path / "sweep")
    manifest = json.loads((folder / "manifest.json").read_text()) | {"schema_version": version}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(FolderError, match=f"manifest.json: schema_version: got {version}; 1 is needed"):
        verify(folder)
    if kind == "sweep":
        with pytest.raises(FolderError, match=f"manifest.json: schema_version: got {version}; 1 is needed"):
            sweep_pictures(folder)


def test_a_sweep_whose_files_are_spoilt_fails_its_verification_in_words(whole, tmp_path):
    folder = shutil.copytree(whole, tmp_path / "copy")
    (folder / "sweep.json").write_text("{}")
    verification = verify(folder)
    assert not verification.passed
    assert [line.partition(":")[0] for line in verification.lines] == ["FAIL  files", "FAIL  rows"]


def test_models_are_freed_run_by_run(tmp_path):
    def alive():
        gc.collect()
        return sum(isinstance(thing, mesa.Model) for thing in gc.get_objects())

    class Counting(InProcess):
        def completed(self, function, jobs):
            for number, answer in enumerate(super().completed(function, jobs)):
                if number in (2, 30):
                    found.append(alive())
                yield answer

    before, found = alive(), []
    options = {"replications": 32, "out": tmp_path, "executor": Counting(), "progress": False}
    sweep("p2p_homogeneous", product(["fee=0"]), **options)
    assert found == [before, before]


def test_more_replications_add_to_the_same_sweep(whole, tmp_path):
    few = sweep(FEW, product(VARY), out=tmp_path, executor=InProcess(), **(OPTIONS | {"replications": 1}))
    more = sweep(FEW, product(VARY), out=tmp_path, executor=InProcess(), **OPTIONS)
    assert few == more
    assert rows(more) == rows(whole)


MANY = {"replications": 120, "direct": True, "progress": False, "executor": InProcess()}
COMMAND = [sys.executable, "run.py", "sweep", "direct_400", "--direct", "--replications", "120", "--workers", "2"]


@pytest.fixture(scope="module")
def never_killed(tmp_path_factory):
    return sweep("direct_400", product(VARY[:1]), out=tmp_path_factory.mktemp("never"), **MANY)


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_a_sweep_that_is_killed_goes_on_and_leaves_no_worker(end, never_killed, tmp_path):
    command = [*COMMAND, "--vary", VARY[0], "--out", str(tmp_path)]
    streams = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE}
    process = subprocess.Popen(command, cwd=ROOT, **streams, start_new_session=True)
    rows_file, deadline = None, time.monotonic() + 60
    while rows_file is None or rows_file.read_bytes().count(b"\n") < 10:
        assert time.monotonic() < deadline and process.poll() is None
        time.sleep(0.005)
        rows_file = next(tmp_path.glob("sweep/*/*/runs.csv"), None)
    workers = [Path("/proc", child) for child in children(process.pid)]
    os.kill(process.pid, end)
    said = process.communicate(timeout=60)[1]
    assert b"semaphore" not in said
    assert process.returncode == (130 if end == signal.SIGINT else -end)
    deadline = time.monotonic() + 20
    while any(worker.exists() for worker in workers):
        assert time.monotonic() < deadline, "workers outlive the command"
        time.sleep(0.01)
    assert 10 <= rows_file.read_bytes().count(b"\n") <= 240
    assert not (rows_file.parent / "manifest.json").exists()
    again = sweep("direct_400", product(VARY[:1]), out=tmp_path, **MANY)
    assert again / "runs.csv" == rows_file
    assert rows(again) == rows(never_killed)


def children(pid):
    """Numbers of a process's children, where they can be told."""
    found = Path(f"/proc/{pid}/task/{pid}/children")
    return found.read_text().split() if found.exists() else []


def test_two_workers_give_the_same_bits_though_one_dies_and_sweeps_share_them(whole, tmp_path):
    def killing(answers):
        for number, answer in enumerate(answers):
            if number == 3:
                os.kill(next(iter(pool.pool._processes)), signal.SIGKILL)
            yield answer

    with Here(2) as pool:
        first = sweep(FEW, product(VARY), out=tmp_path / "first", executor=pool, **OPTIONS)
        before = set(pool.pool._processes)
        plain = pool.completed
        pool.completed = lambda function, jobs: killing(plain(function, jobs))
        second = sweep(FEW, product(VARY), out=tmp_path / "second", executor=pool, **OPTIONS)
        pool.completed = plain
        assert len(before) == 2
        assert before.isdisjoint(pool.pool._processes)
        ended = list(plain(squared, range(8)))
    assert rows(first) == rows(second) == rows(whole)
    good = {job: answer for job, answer, error in ended if error is None}
    assert good == {job: job * job for job in range(8) if job != 3}
    assert [(job, type(error)) for job, _, error in ended if error is not None] == [(3, BrokenProcessPool)]


def squared(job):
    """The square of a number; 3 kills the process."""
    if job == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return job * job


NO_FILE = """
from engine import ExecutorError, Here
try:
    with Here(2) as pool:
        print(list(pool.completed(abs, range(8))))
except ExecutorError as error:
    print(error)
"""


def test_workers_that_cannot_start_are_told_at_once():
    done = subprocess.run([sys.executable, "-"], input=NO_FILE, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.stdout.startswith("workers: processes do not start here; ")
    assert done.stdout.count("\n") == 1
    assert done.stderr.count("Traceback") <= 8


class Clumsy(Executor):
    """Two workers that take some milliseconds, lose tasks of several jobs with a 5 in them, and never do 7."""

    workers, task_seconds = 2, 1e9
    start = stop = lambda self, cut=False: None

    def __init__(self):
        self.handed = []  # (task, how many others were under way, its future)

    def submit(self, function, do, task, seconds):
        under_way, future = sum(not future.done() for _, _, future in self.handed), Future()
        self.handed.append((task, under_way, future))
        if 7 in task or (5 in task and len(task) > 1):
            end = partial(future.set_exception, BrokenExecutor("a worker died"))
        else:
            end = partial(future.set_result, function(do, task, seconds))
        threading.Timer(0.003, end).start()
        return future


def test_jobs_of_a_lost_task_are_run_again_one_by_one_and_alone():
    with Clumsy() as pool:
        ended = list(pool.completed(abs, range(60, -1, -1)))
    assert sorted(job for job, answer, error in ended if answer == abs(job)) == sorted({*range(61)} - {7})
    assert [job for job, _, error in ended if error is not None] == [7]
    lost = {job for task, _, _ in pool.handed if 5 in task and len(task) > 1 for job in task}
    alone = [number for number, (task, _, _) in enumerate(pool.handed) if len(task) == 1 and task[0] in lost]
    assert {5, 7} < lost
    assert sorted(pool.handed[number][0][0] for number in alone) == sorted(lost)
    assert all(pool.handed[number][1] == 0 for number in alone)
    assert all(under_way == 0 for number in alone for _, under_way, _ in pool.handed[number + 1 : number + 2])


def test_tiny_jobs_go_out_together_and_a_batch_that_turns_out_long_is_cut(monkeypatch):
    now, batches = [0.0], []
    monkeypatch.setattr(executors, "time", SimpleNamespace(perf_counter=lambda: now[0]))

    def spend(seconds):
        now[0] += seconds

    class Noting(InProcess):
        task_seconds = 0.5

        def submit(self, function, do, task, seconds):
            started, future = now[0], super().submit(function, do, task, seconds)
            batches.append((len(task), len(future.result()[1]), now[0] - started))
            return future

    jobs = [1 / 1024] * 3_000 + [0.75] * 12 + [1 / 1024] * 900
    with Noting() as pool:
        ended = list(pool.completed(spend, jobs))
    assert [job for job, _, _ in ended] == jobs
    assert max(done for _, done, _ in batches) == 512
    assert any(done < handed for handed, done, _ in batches)
    assert max(seconds for _, _, seconds in batches) <= 2 * 0.5 + 0.75
    assert len(batches) < 30


def test_a_failed_run_is_a_row_and_the_sweep_goes_on(tmp_path, monkeypatch):
    good = sweeping_module.run_point

    def sometimes(job):
        if job[-1] == 1:
            raise RuntimeError("the solver\nis tired")
        return good(job)

    monkeypatch.setattr(sweeping_module, "run_point", sometimes)
    folder = sweep(FEW, product(VARY[:1]), out=tmp_path, executor=InProcess(), **OPTIONS)
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
        ("", "is empty"),
        ("a,b\n", "has no rows"),
        ("a,a\n1,2\n", "each key once"),
        ("a,b\n1\n", "row 2 of .*has 1 cells"),
        ("a,b\n1,\n", "row 2 of .*blank cell"),
        ("a,b\n1,2\n3,4,5\n", "row 3"),
        ("price.c;group.0.fairness.alpha\n0,001;0\n", "separated by semicolons; commas"),
        (",price.c\n0,0.001\n1,0.002\n", "column 1 .*no name.*index"),
    ],
)
def test_bad_files_of_points(text, said, tmp_path):
    (tmp_path / "points.csv").write_text(text)
    with pytest.raises(ScenarioError, match=said):
        from_csv(tmp_path / "points.csv")


FAULTS = [
    ("-0.1,5,1", "price.c: got -0.1"),
    ("x,5,1", "price.c: got 'x'"),
    (".5,5,1", "price.c: got '.5'"),
    ("nan,5,1", "price.c"),
    ("0.1,5.0,1", "users: got 5.0; a whole number"),
    ("0.1,2.5,1", "users: got 2.5; a whole number"),
    ("0.1,0,1", "users: got 0"),
    ("0.1,100000000000,1", "users: got 100000000000"),
    ("0.1,5,-1", "alpha: got -1"),
    ("0.1,5,maximal", "alpha: got 'maximal'"),
    ('0.1,5,"[1, 2]"', "alpha"),
]


@pytest.mark.parametrize(("row", "said"), FAULTS)
@pytest.mark.parametrize("at", [0.6, 1.0])
def test_a_fault_far_down_a_file_of_points_is_found_before_anything_is_made(row, said, at, tmp_path, monkeypatch):
    monkeypatch.setattr(telling, "ROWS_AT_ONCE", 700)
    rows = [f"{0.001 * (k % 5 + 1):g},{5 + k % 3},{'inf' if k % 7 == 0 else k % 4}" for k in range(2_500)]
    rows.insert(int(at * len(rows)), row)
    path = tmp_path / "points.csv"
    path.write_text("price.c,group.0.users,group.0.fairness.alpha\n" + "\n".join(rows) + "\n")
    with pytest.raises(ScenarioError, match=rf"row {int(at * 2_500) + 2} \(the header is row 1\).*{re.escape(said)}"):
        sweep("two_aggregators", from_csv(path), out=tmp_path / "out", executor=InProcess(), **OPTIONS)
    assert not (tmp_path / "out").exists()


def test_draws_and_lists_in_a_file_of_points_are_tried_by_their_extremes(tmp_path):
    rows = [f'"{{ uniform = [0.{k % 90 + 10}, {k % 50 + 1}] }}",linear' for k in range(3_000)]
    rows[2_900] = '"{ uniform = [0.5, 0.1] }",linear'  # the greatest is the least there is
    path = tmp_path / "points.csv"
    path.write_text("group.0.utility.b,price.rule\n" + "\n".join(rows) + "\n")
    with pytest.raises(ScenarioError, match=r"row 2902 .*utility.b"):
        check(from_csv(path), load("two_aggregators"))
    rows[2_900] = "3,linaer"
    path.write_text("group.0.utility.b,price.rule\n" + "\n".join(rows) + "\n")
    with pytest.raises(ScenarioError, match=r"row 2902 .*linaer"):
        check(from_csv(path), load("two_aggregators"))


def test_few_rows_of_many_good_ones_are_tried():
    rows = [(f"{k % 977 + 1}e-5", str(k % 50 + 1), "a" if k % 2 else "b") for k in range(5_000)]
    assert len(telling_rows(Rows(rows), 3)) < 12


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
    monkeypatch.setattr(sweeping_module, "LONGEST_UNASKED", 0.0)
    with pytest.raises(TooLong, match="--yes"):
        sweep("direct_400", product(VARY[:1]), out=tmp_path, **DOZEN)
    sweep("direct_400", product(VARY[:1]), out=tmp_path, patient=True, **DOZEN)


def test_two_sweeps_do_not_write_into_one_folder(whole):
    holder = "import fcntl, sys, time; f = open(sys.argv[1], 'w'); fcntl.flock(f, 2); print('held', flush=True); "
    with subprocess.Popen(
        [sys.executable, "-c", holder + "time.sleep(60)", str(whole / ".lock")], stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout.readline() == "held\n"
            with pytest.raises(SweepError, match="another sweep"):
                sweep(FEW, product(VARY), out=whole.parents[2], executor=InProcess(), **OPTIONS)
        finally:
            process.kill()


def test_rows_are_sorted_by_point_then_replication(tmp_path):
    path = tmp_path / "runs.csv"
    lines = [f"{point},x,{replication},{point * 10 + replication}" for point in (2, 0, 10, 1) for replication in (1, 0)]
    path.write_text("\n".join(["point,key,replication,value", *lines]) + "\n")
    in_order(path, 2)
    table = pd.read_csv(path)
    assert table["value"].tolist() == [0, 1, 10, 11, 20, 21, 100, 101]
