"""The game of alphas of a user's own file on the command line: told, stored, drawn; what is not possible, a line."""

import csv
import json

import numpy as np
import pytest

from tests.cli.answers import one_object, said

FILE = """
market = "aggregator"
price = { rule = "linear", c = 0.01 }
choosing = { alphas = [0, 1], payoff = "users" }
[[group]]
name = "north"
kind = "aggregator"
users = 8
utility = { form = "quadratic", a = { uniform = [0.1, 0.9] }, b = { uniform = [0, 10] } }
[[group]]
name = "south"
kind = "aggregator"
users = 11
utility = { form = "quadratic", a = { uniform = [0.1, 0.9] }, b = { uniform = [0, 10] } }
"""


def means(folder, payoff):
    """Means of a stored table of payoffs, {(alpha of the first, alpha of the second): [of each]}."""
    found = {}
    with open(folder / "payoffs.csv", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            found.setdefault(tuple(row["alphas"].split()), {}).setdefault(row["aggregator"], []).append(row[payoff])
    return {key: [np.mean([float(v) for v in of[j]]) for j in "01"] for key, of in found.items()}


def test_the_game_of_a_file_is_told_stored_and_drawn(command, tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text(FILE)
    words = ("choose", file, "--replications", 2, "--workers", 1, "--seed", 5)
    text = said(command(*words))
    (folder,) = (tmp_path / "home/results/mine").iterdir()
    assert {one.name for one in folder.iterdir()} == {
        "alpha.png",
        "manifest.json",
        "payoffs.csv",
        "scenario.toml",
        "summary.json",
    }
    summary, found = json.loads((folder / "summary.json").read_text()), means(folder, "users")
    for (one, other), each in found.items():
        assert [summary["means"][j][int(one)][int(other)] for j in (0, 1)] == pytest.approx(each)
    rows = [line.split() for line in text.splitlines() if line.startswith("1 ")]
    assert float(rows[1][1]) == pytest.approx(found["0", "1"][1], abs=1e-3)  # south's at 1 beside north's 0
    assert "draws, 0 left out" in text and str(folder.name) in text
    again = one_object(command(*words, "--json", "--no-plots"))
    assert again["means"] == summary["means"] and again["scenario"] == "mine"
    stable = [
        (one, other)
        for one, other in found
        if found[one, other][0] >= found[str(1 - int(one)), other][0]
        and found[one, other][1] >= found[one, str(1 - int(other))][1]
    ]
    assert len(again["pure"]) == len(stable)


def test_what_cannot_be_chosen_is_a_line(command):
    answer = command("choose", "two_aggregators")
    assert answer.code == 2 and answer.err.count("\n") == 1 and "choosing: is missing" in answer.err
    answer = command("choose", "choosing_alpha", "--set", "choosing.payoff=fame")
    assert answer.code == 2 and "surplus or users is needed" in answer.err


def test_its_picture_is_in_the_format_that_is_asked_for(command, tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text(FILE)
    said(command("choose", file, "--replications", 1, "--workers", 1, "--format", "svg"))
    (folder,) = (tmp_path / "home/results/mine").iterdir()
    assert (folder / "alpha.svg").read_bytes().startswith(b"<?xml")
    assert not (folder / "alpha.png").exists()
