"""What numbers suggest about units, and replications that are all one, on the command line and in a comparison."""

import json

from engine import InProcess, compare, save_comparison


def test_replications_of_what_is_not_drawn_are_one(command, tmp_path):
    comparison = compare(["village_from_csv", "two_aggregators"], replications=3, direct=True, executor=InProcess())
    line = "village_from_csv: nothing is drawn: its 3 replications are one and the same run"
    assert comparison.warnings == [line]
    stored = json.loads((save_comparison(comparison, tmp_path) / "summary.json").read_text())
    assert stored["warnings"] == [line]
    how = ("--replications", 2, "--direct", "--no-plots", "--workers", 1)
    said = command("run", "village_from_csv", *how)
    assert said.code == 0 and "warning: village_from_csv: nothing is drawn: its 2 replications are one" in said.out
    said = command("run", "village_from_csv", "--replication", 2)
    assert said.code == 2 and "'--replication'" in said.err and "nearest known name: --replications" in said.err


def test_a_comparison_and_the_command_line_tell_of_units(command):
    changes = ("--set", "price.c=1e-7", "--direct", "--no-plots")
    assert "\nwarning: the price limits nobody" in command("run", "two_aggregators", *changes).out
    said = command("compare", "two_aggregators", "small_alone", *changes, "--replications", 2, "--workers", 1)
    assert "\nwarning: two_aggregators: the price limits nobody" in said.out
