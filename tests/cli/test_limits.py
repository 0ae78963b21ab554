"""Work that may not fit in memory: refused in a pipe, asked about on a terminal, done with --yes."""

import io

import pytest

from engine import limits

COMMANDS = {
    "run": ("run", "small_alone"),
    "compare": ("compare", "small_alone", "direct_400", "--replications", "2"),
    "sweep": ("sweep", "small_alone", "--vary", "price.c=0.001,0.002"),
    "reproduce": ("reproduce", "fig02", "--replications", "2"),
    "choose": ("choose", "choosing_alpha_stay", "--replications", "2"),
}


@pytest.fixture
def little(monkeypatch):
    """A machine with a kilobyte left."""
    monkeypatch.setattr(limits, "available", lambda: 1_000)


@pytest.mark.parametrize("words", COMMANDS.values(), ids=COMMANDS)
def test_too_little_memory_is_refused_in_one_line_and_nothing_is_written(command, little, words, tmp_path):
    answer = command(*words)
    assert answer.code == 2 and not answer.out
    assert answer.err.startswith("error: ") and answer.err.count("\n") == 1
    assert "of memory" in answer.err and "--yes to go on" in answer.err
    assert list((tmp_path / "home").iterdir()) == []


@pytest.mark.parametrize("name", ["run", "sweep"])
def test_yes_goes_on(command, little, name):
    answer = command(*COMMANDS[name], "--yes", *(["--no-plots"] if name == "run" else ["--workers", "1"]))
    assert answer.code == 0 and "memory" not in answer.err


@pytest.mark.parametrize(("said", "code"), [("y\n", 0), ("yes\n", 0), ("n\n", 2), ("\n", 2), ("", 2)])
def test_on_a_terminal_it_is_a_question(command, little, monkeypatch, said, code):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    monkeypatch.setattr("sys.stdin", Terminal(said))
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    answer = command("run", "small_alone", "--no-plots")
    assert answer.code == code
    assert "go on? [y/N]" in answer.err
    assert bool(answer.out) == (code == 0)
