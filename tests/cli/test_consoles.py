"""What stands on the console: any encoding, any name of a file, one line of bounded length, whole names of options."""

import json
import os
import subprocess

import pytest

import run
from scenarios.finding import shipped
from scenarios.reading.errors import LONGEST_SAID, one_line

ENCODINGS = {"ascii": {"PYTHONIOENCODING": "ascii"}, "Latin": {"PYTHONIOENCODING": "latin-1"}, "C": {"LC_ALL": "C"}}


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_console_of_few_letters_gets_every_result(process, encoding):
    environment = process["env"] | ENCODINGS[encoding]
    for words in [["list"], ["run", "two_peaks", "--no-plots", "--json"]][: 2 if encoding == "ascii" else 1]:
        done = subprocess.run(
            **process | {"args": [*process["args"], *words], "env": environment, "text": False}, capture_output=True
        )
        assert (done.returncode, done.stderr) == (0, b"")
        if encoding == "ascii":
            assert done.stdout.isascii()
        if words[-1] == "--json":
            assert json.loads(done.stdout.decode("latin-1"))["status"]


@pytest.mark.parametrize("name", [b"x\xff.toml", b"e\x1b[31m.toml", b"line\nend.toml", "‮right.toml".encode()])
def test_files_of_odd_names_are_told_in_printable_words(command, tmp_path, name):
    path = os.fsdecode(os.path.join(os.fsencode(tmp_path), name))
    for words in (["run", path, "--no-plots"], ["sweep", "two_peaks", "--points", path], ["verify", path]):
        answer = command(*words)
        assert answer.code == 2 and not answer.out
        assert answer.err.startswith("error: ") and answer.err[:-1].isprintable() and answer.err.endswith("\n")
    with open(path, "wb") as file:
        file.write(shipped("two_peaks").read_bytes())
    answer = command("run", path, "--no-plots")
    assert answer.code == 2 and "can be printed" in answer.err and answer.err[:-1].isprintable()
    answer = command("run", path, "--no-plots", "--set", "name=plain")
    assert answer.code == 0 and "results/plain/" in answer.out


def test_results_go_into_a_folder_of_any_name(process):
    args = [os.fsencode(word) for word in process["args"]] + [b"run", b"two_peaks", b"--no-plots", b"--out", b"r\xff"]
    done = subprocess.run(**process | {"args": args, "text": False}, capture_output=True)
    assert (done.returncode, done.stderr) == (0, b"")
    assert os.path.isdir(os.fsencode(process["cwd"]) + b"/r\xff")


@pytest.mark.parametrize("length", [10_000, 1_000_000])
@pytest.mark.parametrize(
    "words", [["run"], ["run", "two_peaks", "--set"], ["verify"], ["sweep", "two_peaks", "--vary"], []]
)
def test_no_message_is_longer_than_a_screen(command, words, length):
    answer = command(*words, "\x1bx" * length)
    assert answer.code == 2 and answer.err.count("\n") == 1
    assert len(answer.err) <= LONGEST_SAID + 20 and answer.err[:-1].isprintable()


def test_a_long_message_keeps_its_ends():
    said = one_line("first " + "x" * 5_000 + " last")
    assert said.startswith("first x") and said.endswith("x last") and len(said) <= LONGEST_SAID + 3


SHORTENED = {"--replication": "--replications", "--see": "--seed", "--no-plot": "--no-plots", "--jso": "--json"}


@pytest.mark.parametrize("word", SHORTENED)
@pytest.mark.parametrize("name", ["run", "compare", "sweep", "headline", "reproduce"])
def test_an_option_is_its_whole_name(command, name, word):
    answer = command(name, *([] if name in ("headline", "reproduce") else ["two_peaks"]), word, "3")
    assert answer.code == 2
    assert f"'{word}'" in answer.err and f"nearest known name: {SHORTENED[word]}" in answer.err


def test_a_sweep_takes_the_common_options(command):
    words = ["--vary", "price.c=0.1,0.2", "--no-plots", "--workers", "1", "--seed", "3", "--rounds", "5", "--json"]
    answer = command("sweep", "two_peaks", *words)
    assert answer.code == 0 and json.loads(answer.out)["runs"] == 2


TOO_MANY = {
    "sweep": ("sweep", "two_peaks", "--vary", "price.c=0.1,0.2", "--replications"),
    "compare": ("compare", "two_peaks", "--replications"),
    "run": ("run", "two_peaks", "--replications"),
    "reproduce": ("reproduce", "fig02", "--replications"),
    "headline": ("--replications",),
}


@pytest.mark.parametrize("count", [900_000_000, 5_000_000_000, 10**17, 10**18])
@pytest.mark.parametrize("name", TOO_MANY)
def test_more_replications_than_anybody_has_room_for_are_refused_before_a_folder_is_made(
    command, name, count, tmp_path
):
    answer = command(*TOO_MANY[name], str(count))
    assert answer.code == 2 and answer.err.count("\n") == 1
    assert list((tmp_path / "home").iterdir()) == []


@pytest.mark.parametrize("word", ["Inf", "infinity", "+Inf", "INFINITY"])
def test_another_word_for_infinity_gets_a_hint(command, word):
    answer = command("run", "two_peaks", "--set", f"group.pair.fairness.alpha={word}")
    assert answer.code == 2 and 'did you mean "inf"?' in answer.err


def test_every_command_takes_whole_names_alone():
    commands = next(action for action in run.parser()._actions if action.choices)
    assert all(not parser.allow_abbrev for parser in commands.choices.values())
