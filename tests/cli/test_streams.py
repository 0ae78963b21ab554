"""Closed, broken and full standard streams: no result is lost, no traceback is shown."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import run as command_line
from engine import run, save_result
from engine.sweeps.sweep_folder import read_rows
from papers.aggregator import feasible
from tests.shares import NIGHTLY
from views import drawing
from views.console import steady
from views.plots import PLOTS

COMMANDS = {
    "run": ["run", "two_peaks", "--no-plots"],
    "compare": ["compare", "two_peaks", "small_alone", "--replications", "2", "--workers", "1", "--no-plots"],
    "workers": ["compare", "two_peaks", "--replications", "6", "--workers", "2", "--no-plots"],
    "sweep": ["sweep", "two_peaks", "--vary", "price.c=0.5,1", "--direct", "--workers", "1"],
    "reproduce": ["reproduce", "fig02", "--workers", "1"],
}
STORED = {
    "run": "two_peaks/*/summary.json",
    "compare": "compare/*/summary.json",
    "workers": "compare/*/summary.json",
    "sweep": "sweep/two_peaks/*/manifest.json",
    "reproduce": "reproduce/fig02/claims.json",
}
SHELL = {
    "output closed": ">&-",
    "error closed": "2>&-",
    "all closed": "<&- >&- 2>&-",
    "nobody reads": "| true",
    "one line is read": "2>errors | head -n 1 >/dev/null; cat errors >&2; exit ${PIPESTATUS[0]}",
}
USUAL = [("run", "one line is read"), ("sweep", "all closed"), ("workers", "all closed")]


def shell(process, words, how):
    """A command in bash with redirections."""
    line = subprocess.list2cmdline([*process["args"], *words])
    return subprocess.run(
        ["bash", "-c", f"{line} {how}"],
        capture_output=True,
        timeout=120,
        **{name: value for name, value in process.items() if name != "args"},
    )


ALL = [(name, how) for name in COMMANDS for how in SHELL]


@pytest.mark.parametrize(("name", "how"), ALL if NIGHTLY else USUAL)
def test_a_result_is_stored_whatever_becomes_of_the_streams(name, how, process, tmp_path):
    done = shell(process, COMMANDS[name], SHELL[how])
    assert (done.returncode, done.stderr) == (0, "")
    assert list((tmp_path / "results").glob(STORED[name]))
    assert not list((tmp_path / "results").rglob(".*.new.*"))


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no full device here")
def test_a_full_disk_below_the_output_is_a_line_and_costs_no_result(process, tmp_path):
    done = shell(process, COMMANDS["run"], ">/dev/full")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert done.stderr.startswith("error: standard output: No space left on device")
    assert list((tmp_path / "results").glob(STORED["run"]))


def test_a_failed_verification_is_told_by_the_exit_code_without_output(process, tmp_path):
    folder = save_result(run("two_peaks"), tmp_path / "results")
    (folder / "rounds.csv").write_text("changed")
    assert shell(process, ["verify", str(folder)], ">&-").returncode == 1


class Broken:
    """A stream nobody reads any more, from the second write on."""

    encoding, writes = "utf-8", 0

    def write(self, text):
        self.writes += 1
        if self.writes > 1:
            raise BrokenPipeError(32, "Broken pipe")
        return len(text)

    def flush(self):
        if self.writes > 1:
            raise BrokenPipeError(32, "Broken pipe")

    def isatty(self):
        return False


@pytest.mark.parametrize("name", [name for name in COMMANDS if name != "workers"])
def test_output_that_breaks_at_its_second_word_loses_nothing(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.stdout", Broken())
    assert command_line.main(COMMANDS[name]) == 0
    assert list((tmp_path / "results").glob(STORED[name]))
    if name == "sweep":
        assert len(list(read_rows(next((tmp_path / "results" / "sweep" / "two_peaks").iterdir())))) == 2


def test_streams_are_what_they_were_afterwards(capsys):
    before = sys.stdout, sys.stderr
    with steady() as output:
        print("told")
    assert (sys.stdout, sys.stderr) == before
    assert output.error is None
    assert capsys.readouterr().out == "told\n"


def broken_plot(*given, **options):
    raise ValueError("Too many bins\nfor this range")


@pytest.mark.parametrize("words", [COMMANDS["run"][:2], COMMANDS["compare"][:-1]], ids=["run", "compare"])
def test_a_picture_that_fails_is_one_line_and_the_others_are_drawn(words, command, monkeypatch):
    monkeypatch.setattr(drawing, "save", lambda figure, path, dpi: path.touch() or path)  # which are drawn is asked
    usual = command(*words, "--out", "usual")
    for name in ("purchases", "bars"):
        monkeypatch.setitem(PLOTS, name, broken_plot)
    answer = command(*words, "--out", "results")
    failed = answer.err.splitlines()
    assert (answer.code, usual.code, usual.err) == (0, 0, "")
    assert failed == [
        f"{line.partition(':')[0]}: not drawn: ValueError: Too many bins for this range" for line in failed
    ]
    drawn = {root: {path.name for path in pictures_below(root)} for root in ("usual", "results")}
    assert drawn["usual"] - drawn["results"] == {line.partition(":")[0] for line in failed}
    assert drawn["results"]
    if words[0] == "run":
        folder = next(path.parent for path in pictures_below("results"))
        assert command("verify", folder).code == 0


def pictures_below(root):
    return list(Path(root).rglob("*.png"))


def test_a_picture_of_a_reproduction_that_fails_is_one_line(command, monkeypatch):
    monkeypatch.setattr(feasible, "feasible_set", broken_plot)
    answer = command("reproduce", "fig02", "--workers", "1")
    assert answer.code == 0
    assert answer.err == "results/reproduce/fig02: fig02.png: not drawn: ValueError: Too many bins for this range\n"
