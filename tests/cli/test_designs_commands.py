"""Several designs on the command line."""

import json

import pytest

NAME = "designs_eight_nodes"
MANY = 'class=[{ name = "homes", count = 2000, a = 0.5, b = 3 }]'


def test_a_run_has_a_row_for_each_design_and_verifies(command):
    answer = command("run", NAME, "--no-plots")
    assert (answer.code, answer.err) == (0, "")
    lines = answer.out.splitlines()
    for name in ("direct", "tariff", "aggregators inf", "bilateral", "microgrid cooperative", "planner"):
        assert sum(line.startswith(f"{name} ") for line in lines) == 2  # measures, and surplus by class
    assert "7 agents; at the tariff 4 buy and 2 sell." in lines
    assert "Not comparable:" in answer.out
    folder = answer.out.rpartition("results: ")[2].strip()
    verified = command("verify", folder)
    assert verified.code == 0, verified.out


def test_json_is_one_object(command):
    answer = command("run", NAME, "--json", "--direct", "--no-plots", "--set", 'behaviours=["none"]')
    found = json.loads(answer.out)
    assert (found["status"], found["market"], len(found["designs"])) == ("solved", "designs", 8)


def test_a_population_is_compared_like_a_scenario(command, tmp_path):
    words = ("--replications", "2", "--no-plots", "--direct")
    by_file = command("compare", "--population", NAME, *words)
    as_scenario = command("compare", NAME, *words)
    assert by_file.code == as_scenario.code == 0
    assert by_file.out == as_scenario.out
    assert "Difference to direct, paired by replication (the same in all: agents" in by_file.out
    assert "Mean surplus of an agent by class" in by_file.out


def test_a_comparison_as_json(command):
    found = json.loads(command("compare", "--population", NAME, "--replications", "1", "--json", "--no-plots").out)
    assert found["scenarios"][0] == "direct"
    assert found["means"]["planner"]["price of anarchy"]["mean"] == 1


def test_undefined_indices_are_dashes(command):
    costly = ("--set", 'behaviours=["cooperative"]', "--set", "tariff.buy=9", "--set", "class.solar.b=30")
    answer = command("compare", NAME, "--replications", "1", "--no-plots", "--direct", *costly)
    assert answer.code == 0
    assert "nan" not in answer.out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("compare", "--population"), "expected one argument"),
        (("compare", "--population", "no_such.toml"), "no_such.toml: no such scenario or file"),
        (("compare", "--population", "two_aggregators"), "market: got 'aggregator'; --population needs market"),
        (("compare", NAME, "--population", NAME), "compare: got both; scenarios, or one population"),
        (("compare",), "required: SCENARIO, or --population FILE"),
        (("compare", NAME, "two_aggregators"), "scenarios of one market are needed"),
        (("serve", NAME, "--set", MANY), f"{NAME}: 2,000 agents; the browser takes at most 1,000"),
        (("run", NAME, "--set", "tariff.sell=3"), "tariff: sell 3 is above buy 2"),
    ],
)
def test_bad_input_is_one_line_and_writes_nothing(command, words, said, tmp_path):
    answer = command(*words)
    assert (answer.code, answer.out) == (2, "")
    assert said in answer.err
    assert len(answer.err.splitlines()) == 1
    assert not list((tmp_path / "home").iterdir())
