"""Bad input: one line on standard error, exit code 2, nothing on standard output, nothing written, no traceback."""

import json

import pytest

import run
from engine import run as run_scenario
from engine import save_result

SIMPLE = """
market = "aggregator"
price = { rule = "linear", c = 1 }
[[group]]
name = "users"
kind = "direct"
users = 2
utility = { form = "quadratic", a = 1, b = 3 }
"""
RUN = ("run", "two_peaks", "--no-plots")

BAD = {
    # commands and options
    "unknown command": (("frobnicate",), ["'frobnicate'", "run", "compare"]),
    "misspelt command": (("verfy", "x"), ["'verfy'", "nearest known name: verify"]),
    "empty command": (("",), ["invalid choice"]),
    "unknown option": ((*RUN, "--xyzzy"), ["'--xyzzy'"]),
    "misspelt option": ((*RUN, "--sede", "3"), ["'--sede'", "nearest known name: --seed"]),
    "misspelt option with value": ((*RUN, "--sede=3"), ["'--sede=3'", "nearest known name: --seed"]),
    "misspelt option, no command": (("--replicatoins", "2"), ["nearest known name: --replications"]),
    "no scenario with such words": (("list", "data", "xyzzy"), ["no scenario has all these words"]),
    "no such market": (("list", "--market", "bilaterel"), ["got 'bilaterel'", 'did you mean "bilateral"?']),
    "option of another command": (("list", "--seed", "3"), ["'--seed'"]),
    "option before the command": (("--seed", "3", *RUN), ["'run'"]),
    "two scenarios for run": (("run", "two_peaks", "small_alone"), ["'small_alone'"]),
    "no scenario for run": (("run",), ["required", "SCENARIO"]),
    "no scenario for show": (("show",), ["required", "SCENARIO"]),
    "no scenario for compare": (("compare",), ["required", "SCENARIO"]),
    "no folder for verify": (("verify",), ["required", "FOLDER"]),
    "two folders for verify": (("verify", "a", "b"), ["'b'"]),
    "value for a switch": ((*RUN, "--json=yes"), ["--json", "yes"]),
    "seed without value": ((*RUN, "--seed"), ["--seed", "expected one argument"]),
    "set without value": ((*RUN, "--set"), ["--set", "expected one argument"]),
    "out without value": ((*RUN, "--out"), ["--out", "expected one argument"]),
    "seed twice": ((*RUN, "--seed", "1", "--seed", "2"), ["--seed", "twice"]),
    "rounds twice": ((*RUN, "--rounds", "1", "--rounds=1"), ["--rounds", "twice"]),
    "replications twice": (("--replications", "1", "--replications", "2"), ["--replications", "twice"]),
    "out twice": ((*RUN, "--out", "a", "--out", "b"), ["--out", "twice"]),
    # numbers
    "seed negative": ((*RUN, "--seed", "-1"), ["--seed", "'-1'", ">= 0"]),
    "seed a fraction": ((*RUN, "--seed", "1.5"), ["--seed", "'1.5'", "whole number"]),
    "seed a word": ((*RUN, "--seed", "one"), ["--seed", "'one'"]),
    "seed empty": ((*RUN, "--seed", ""), ["--seed", "''"]),
    "seed too large": ((*RUN, "--seed", "9" * 19), ["--seed", "18 digits"]),
    "seed endless": ((*RUN, "--seed", "9" * 5000), ["--seed", "18 digits"]),
    "seed in other digits": ((*RUN, "--seed", "٣"), ["--seed", "whole number"]),
    "seed signed": ((*RUN, "--seed", "+3"), ["--seed", "'+3'"]),
    "rounds zero": ((*RUN, "--rounds", "0"), ["--rounds", "'0'", ">= 1"]),
    "rounds above the limit": ((*RUN, "--rounds", "1000001"), ["rounds", "1000001", "1,000,000"]),
    "rounds in powers": ((*RUN, "--rounds", "1e3"), ["--rounds", "'1e3'"]),
    "replications zero": ((*RUN, "--replications", "0"), ["--replications", ">= 1"]),
    "replications negative": (("--replications", "-5"), ["--replications", "'-5'"]),
    "users of many replications": ((*RUN, "--replications", "2", "--users", "--json"), ["--users", "one replication"]),
    "users without json": ((*RUN, "--users"), ["--users", "--json"]),
    "no folder": ((*RUN, "--out", ""), ["--out", "a new name"]),
    "a name too long for a folder": ((*RUN, "--set", "name=" + "n" * 180), ["name", "150 bytes"]),
    # scenarios
    "misspelt scenario": (("run", "two_agregators"), ["two_agregators", 'did you mean "two_aggregators"?']),
    "misspelt scenario to show": (("show", "two_peak"), ["two_peak", 'did you mean "two_peaks"?']),
    "misspelt among several": (("compare", "two_peaks", "smal_alone"), ["smal_alone", '"small_alone"?']),
    "scenario unlike any": (("run", "xyzzy"), ["xyzzy: no such scenario or file", "list"]),
    "scenario empty": (("run", ""), ["no such scenario"]),
    "scenario a folder": (("run", "{tmp}"), ["cannot read it", "directory"]),
    "scenario not there": (("run", "{tmp}/none.toml"), ["none.toml: no such scenario or file"]),
    "scenario not TOML": (("run", "{tmp}/broken.toml"), ["broken.toml", "not TOML", "line 2"]),
    "scenario of bytes": (("run", "{tmp}/bytes.toml"), ["bytes.toml", "UTF-8"]),
    "scenario without its CSV": (("run", "{tmp}/nocsv.toml"), ["nocsv.toml", "group.users.utility.a", "gone.csv"]),
    "unknown key in a file": (("run", "{tmp}/key.toml"), ["key.toml", "tolerence", 'did you mean "tolerance"?']),
    "scenario that is minus infinity": (("run", "{tmp}/unbounded.toml"), ["surplus_offset", "user 1", "b = 0"]),
    "the same twice": (("compare", "two_peaks", "two_peaks"), ["two_peaks", "name"]),
    # changes
    "set an unknown key": ((*RUN, "--set", "tolerence=1e-6"), ["tolerence", 'did you mean "tolerance"?']),
    "set an unknown group": ((*RUN, "--set", "group.pear.users=2"), ["'pear'", 'did you mean "pair"?']),
    "set a group beyond": ((*RUN, "--set", "group.1.users=2"), ["'1'", "0 to 0"]),
    "set without a value": ((*RUN, "--set", "price.c"), ["--set", "KEY=VALUE"]),
    "set without a key": ((*RUN, "--set", "=3"), ["--set", "KEY=VALUE"]),
    "set a wrong type": ((*RUN, "--set", "price.c=cheap"), ["price.c", "'cheap'", "number"]),
    "set out of range": ((*RUN, "--set", "damping=2"), ["damping", "got 2", "<= 1"]),
    "set no number": ((*RUN, "--set", "price.c=nan"), ["price.c", "nan"]),
    "set an unknown choice": ((*RUN, "--set", "order=in_turn"), ["order", 'did you mean "in-turn"?']),
    "set another market": ((*RUN, "--set", "market=agregator"), ["market", 'did you mean "aggregator"?']),
    "set below a value": ((*RUN, "--set", "seed.x=1"), ["seed"]),
    "set a list of other length": ((*RUN, "--set", "group.pair.utility.a=[1,2,3]"), ["group.pair", "agree"]),
    "set for several": (("compare", "two_peaks", "two_equilibria", "--set", "group.pair.users=2"), ["'pair'"]),
    "a bad change to show": (("show", "two_peaks", "--set", "rounds=0"), ["rounds", "got 0"]),
    # places
    "out is a file": ((*RUN, "--out", "{tmp}/file"), ["--out", "is not a folder"]),
    "out below a file": ((*RUN, "--out", "{tmp}/file/below/it"), ["--out", "is not a folder"]),
    "out too long": ((*RUN, "--out", "x" * 300), ["too long"]),
    "out a file, comparison": (("compare", "two_peaks", "--out", "{tmp}/file", "--no-plots"), ["is not a folder"]),
    "out a file, headline": (("--out", "{tmp}/file", "--no-plots"), ["is not a folder"]),
    # verify
    "verify nothing": (("verify", "{tmp}/none"), ["manifest.json: missing"]),
    "verify a file": (("verify", "{tmp}/file"), ["cannot be unpacked", "an archive as"]),
    "verify a folder of other things": (("verify", "{tmp}"), ["manifest.json: missing"]),
    "verify broken JSON": (("verify", "{tmp}/json"), ["cannot be read"]),
    "verify another version": (("verify", "{tmp}/version"), ["schema_version: got 99"]),
    "archive a file": (("archive", "{tmp}/file"), ["manifest.json"]),
    "archive nothing": (("archive", "{tmp}/none"), ["manifest.json: missing"]),
    "verify without its scenario": (("verify", "{tmp}/bare"), ["scenario.toml"]),
}


@pytest.fixture
def places(tmp_path):
    """Files and folders that cannot be used."""
    (tmp_path / "file").write_text("a file")
    (tmp_path / "broken.toml").write_text('market = "aggregator"\nseed = = 1\n')
    (tmp_path / "bytes.toml").write_bytes(b'market = "\xff"')
    (tmp_path / "nocsv.toml").write_text(SIMPLE.replace("a = 1", 'a = { csv = "gone.csv", column = "a" }'))
    (tmp_path / "key.toml").write_text("tolerence = 1\n" + SIMPLE)
    unbounded = SIMPLE.replace("direct", "aggregator").replace("b = 3", "b = [3, 0]")
    (tmp_path / "unbounded.toml").write_text(unbounded + "fairness = { alpha = 2, surplus_offset = 0 }\n")
    for name, content in (("json", "{"), ("version", json.dumps({"schema_version": 99}))):
        (tmp_path / name).mkdir()
        (tmp_path / name / "manifest.json").write_text(content)
    return tmp_path


def assert_refused(answer):
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith("error: ")
    assert answer.err.endswith("\n")
    assert answer.err.count("\n") == 1
    assert "Traceback" not in answer.err
    assert len(answer.err) < 700


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_one_line_and_writes_nothing(case, command, places):
    words, said = BAD[case]
    if case == "verify without its scenario":
        save_result(run_scenario("two_peaks"), places).rename(places / "bare")
        (places / "bare" / "scenario.toml").unlink()
    before = sorted(places.rglob("*"))
    answer = command(*(word.replace("{tmp}", str(places)) for word in words))
    assert_refused(answer)
    for part in said:
        assert part in answer.err
    assert sorted(places.rglob("*")) == before


@pytest.mark.parametrize(
    "words", [("reproduce", "fig99"), ("reproduce", "fig06", "--seed", "3"), ("reproduce", "--no-plots")]
)
def test_what_cannot_be_reproduced_is_refused(words, command, places):
    assert_refused(command(*words))


def test_an_unknown_figure_names_the_nearest(command):
    assert "fig06" in command("reproduce", "fig6").err


@pytest.mark.parametrize(
    "failure", [PermissionError(13, "Permission denied", "there"), OSError(28, "No space left on device")]
)
def test_a_place_that_turns_out_unwritable_is_one_line(failure, command, monkeypatch):
    def fail(*args, **options):
        raise failure

    monkeypatch.setattr("engine.store.write_facts", fail)
    answer = command(*RUN)
    assert answer.code == 2
    assert answer.err.startswith("error: ")
    assert answer.err.count("\n") == 1
    assert failure.strerror in answer.err


def test_lack_of_memory_is_one_line(command, monkeypatch):
    def fail(*args, **options):
        raise MemoryError

    monkeypatch.setattr("engine.run", fail)
    answer = command(*RUN)
    assert_refused(answer)
    assert "does not fit in memory" in answer.err


def test_an_unwritable_place_is_known_from_its_permissions(command, monkeypatch):
    monkeypatch.setattr(run.os, "access", lambda path, mode: False)
    answer = command(*RUN)
    assert_refused(answer)
    assert "cannot be written to" in answer.err


def test_a_defect_is_not_dressed_up_as_bad_input(command, monkeypatch):
    def fail(*args, **options):
        raise ZeroDivisionError

    monkeypatch.setattr("engine.run", fail)
    with pytest.raises(ZeroDivisionError):
        command(*RUN)
