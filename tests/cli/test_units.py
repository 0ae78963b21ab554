"""What the command line prints says money and energy as the scenario calls them."""

import json
import re

import pytest

CALLED = ("--set", "units.money=£", "--set", "units.energy=GWh")
EVER = ("--set", "units.money=money", "--set", "units.energy=energy")
PLAIN = re.compile(r"[\d–] (?:money|energy)\b|illionths? (?:money|energy)\b|(?:money|energy)/|, money")
SHORT = {
    "aggregator": ("large_two_taxed",),
    "payments": ("large_two_payments",),
    "days": ("storage_duopoly",),
    "microgrid": ("four_nodes_circles",),
    "bilateral": ("p2p_single", "--set", "buyers.count=3", "--set", "sellers.count=3"),
    "network": ("two_nodes_wide",),
}


@pytest.mark.parametrize("words", SHORT.values(), ids=list(SHORT))
def test_a_run_is_told_in_the_scenario_s_units(command, words):
    code, told, _ = command("run", *words, *CALLED, "--no-plots")
    assert code == 0 and PLAIN.findall(told) == [] and "£" in told
    ever = command("run", *words, *EVER, "--no-plots").out
    assert PLAIN.search(ever) and ever == told.replace("£", "money").replace("GWh", "energy")


def test_comparisons_scenarios_and_certificates_too(command, tmp_path):
    file = tmp_path / "mine.csv"
    file.write_text("player,purchase\n0,1\n1,1\n")
    for words in (
        ("compare", "large_two_taxed", "--replications", "1", "--no-plots"),
        ("show", "two_nodes_wide"),
        ("certify", "cournot_duopoly", file),
    ):
        code, told, _ = command(*words, *CALLED)
        assert code == 0 and PLAIN.findall(told) == [] and "£" in told, words


@pytest.mark.parametrize(("other", "unit"), [("two_nodes_enough", "$/MWh"), ("cournot_three_hours", "money/energy")])
def test_a_comparison_says_units_that_all_its_scenarios_share(command, other, unit):
    words = ("compare", "two_nodes_wide", other, "--replications", "1", "--no-plots")
    code, told, _ = command(*words, "--json")
    assert code == 0 and json.loads(told)["units"]["price"] == unit
