"""Whatever a scenario file holds, it is loaded and drawn, or refused in one line, and soon.

10,000 files by `make nightly`, a quarter of them in the usual suite. A failure names its mutant; `Mutant(number).text`
is the file.
"""

import json
import tomllib
import traceback

import pytest

import run
from engine.limits import TooLarge, check
from scenarios import ScenarioError, draw, load
from tests.hardening.cases import TooSlow, at_most, chunks, named
from tests.hardening.mutations import SHIPPED, Mutant, written

SECONDS = 2
LONGEST = 1_500  # letters of a message
ROOM = 200_000_000  # bytes: more users than fit there are not drawn


def trouble(path):
    """What is wrong with how a file is received, None where nothing is."""
    try:
        with at_most(SECONDS):
            scenario = load(path)
            check([scenario], room=ROOM)
            draw(scenario)
    except (ScenarioError, TooLarge) as error:
        text = str(error)
        return None if text.isprintable() and 0 < len(text) <= LONGEST else f"message of {len(text)}: {text[:200]!r}"
    except TooSlow:
        return f"took more than {SECONDS} s"
    except Exception:
        return traceback.format_exc(limit=-3)


@pytest.mark.parametrize("numbers", chunks(10_000, 600), ids=named)
def test_a_broken_file_is_refused_in_one_line_or_drawn(numbers, tmp_path):
    mutants = (Mutant(number) for number in numbers)
    found = {repr(mutant): trouble(mutant.write(tmp_path / "broken")) for mutant in mutants}
    assert {mutant: said for mutant, said in found.items() if said} == {}


def test_mutants_are_many_kinds_of_wrong_and_some_are_right(tmp_path):
    """The fuzzer would find nothing if all its files failed at the first line."""
    answers = []
    for mutant in map(Mutant, range(300)):
        try:
            draw(load(mutant.write(tmp_path / "broken"), set=["seed=1"]))
            answers.append("")
        except ScenarioError as error:
            answers.append(str(error).removeprefix(f"{tmp_path}/broken/mutant.toml: ")[:20])
    assert 20 < answers.count("") < 200
    assert len(set(answers)) > 100


def test_a_mutant_is_the_same_whenever_it_is_made():
    assert [Mutant(number).text for number in range(50)] == [Mutant(number).text for number in range(50)]
    assert len({Mutant(number, seed).text for number in range(50) for seed in (1, 2)}) > 90


def test_what_is_written_as_toml_means_the_same():
    """The fuzzer's own writing breaks nothing it does not mean to."""
    for path in SHIPPED:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
        assert tomllib.loads(written(table)) == table


@pytest.mark.parametrize("numbers", chunks(2_000, 75), ids=named)
def test_the_command_line_says_it_in_one_line_and_writes_nothing(numbers, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    odd = {}
    for mutant in map(Mutant, numbers):
        path = mutant.write(tmp_path / "broken")
        command = ("run", path, "--no-plots", "--json") if refused(path) else ("show", path, "--json")
        with at_most(5 * SECONDS):
            code = run.main([*map(str, command), "--out", "results"] if command[0] == "run" else [*map(str, command)])
        out, err = capsys.readouterr()
        fine = (
            code == 2 and err.startswith("error: ") and err.count("\n") == 1 and not out
            if command[0] == "run"
            else code == 0 and json.loads(out) and not err
        )
        if not fine or (tmp_path / "results").exists():
            odd[repr(mutant)] = (code, err[:300])
    assert odd == {}


def refused(path):
    """Is it a file that cannot be loaded?"""
    try:
        load(path)
    except ScenarioError:
        return True
    return False
