"""Pictures of runs that end in every way, of markets without contrast, and of very large ones."""

import time

import pytest

from engine import compare, run
from views.pictures import pictures

HEAD = 'title = "t"\nmarket = "aggregator"\nsource = "test"\nseed = 1\nrounds = 5\nprice = { rule = "linear", c = 1 }\n'
ONE = '[[group]]\nname = "small"\nkind = "%s"\nusers = %d\nutility = { form = "quadratic", a = %s, b = %s }\n'
LARGE = '[[group]]\nname = "%s"\nkind = "large"\nutility = { form = "quadratic", a = 1, size = %s }\n'
FAIR = "fairness = { alpha = %s, surplus_offset = %s }\n"
MARKETS = {
    "one user": ONE % ("direct", 1, 1, 3),
    "one user in an aggregator": ONE % ("aggregator", 1, 1, 3) + FAIR % (1, 0.01),
    "nobody wants anything": ONE % ("direct", 3, 1, 0),
    "equal users": ONE % ("direct", 5, 1, 3),
    "equal users, max-min": ONE % ("aggregator", 5, 1, 3) + FAIR % ("inf", 0),
    "two large users alone": LARGE % ("first", 5) + LARGE % ("second", 3),
    "a large user of no size": ONE % ("direct", 3, 1, "{ uniform = [0, 5] }") + LARGE % ("large", 0),
    "twenty-five players": ONE % ("direct", 25, 1, "{ uniform = [0, 5] }"),
    "infeasible at once": ONE % ("aggregator", 2, 1, "[0.5, 9]") + FAIR % (1, 0) + LARGE % ("large", 20),
}
STATUSES = {"no_equilibrium": "cycling", "continuum": "settled", "village_from_csv": "settled", "two_peaks": "settled"}


@pytest.mark.share
@pytest.mark.parametrize("name", MARKETS)
@pytest.mark.parametrize("direct", [False, True])
def test_degenerate_markets(tmp_path, name, direct):
    path = tmp_path / "market.toml"
    path.write_text(HEAD + MARKETS[name])
    made = pictures(run(path, direct=direct), tmp_path)
    assert made
    assert all(file.stat().st_size > 1000 for file in made)
    assert direct == all(file.stem != "convergence" for file in made) or name.startswith("infeasible")


@pytest.mark.share
@pytest.mark.parametrize("name", STATUSES)
def test_shipped_endings(tmp_path, name):
    result = run(name)
    assert result.status == STATUSES[name]
    assert {file.stem for file in pictures(result, tmp_path)} >= {"convergence", "purchases"}


def test_a_run_that_ends_at_its_round_limit(tmp_path):
    result = run("two_aggregators", rounds=1)
    assert result.status == "round-limit"
    assert pictures(result, tmp_path)


def test_purchases_beyond_capacity(tmp_path):
    (tmp_path / "fleet.csv").write_text("max_p_mw,cost_quadratic,cost_linear\n10,0.01,1\n")
    dispatch = HEAD.replace('{ rule = "linear", c = 1 }', '{ rule = "dispatch", generators = "fleet.csv", cap = 5 }')
    (tmp_path / "market.toml").write_text(dispatch + ONE % ("direct", 9, 0.5, 9))
    result = run(tmp_path / "market.toml", rounds=50)
    assert result.status == "short"
    assert pictures(result, tmp_path)


def test_a_hundred_thousand_users_in_a_thousand_aggregators_within_three_seconds(tmp_path):
    result = run("large_market", direct=True, certify=False)
    before = time.process_time()
    assert pictures(result, tmp_path)
    assert time.process_time() - before < 3


def test_rounds_of_very_many_players(tmp_path):
    result = run("large_market", set=("group.0.users=600", "group.0.count=300"), rounds=2, certify=False)
    assert "convergence" in {file.stem for file in pictures(result, tmp_path)}


@pytest.mark.parametrize("replications", [1, 3])
def test_comparisons(tmp_path, replications):
    names = ["small_alone", "large_direct", "large_two_maxmin"]
    comparison = compare(names, replications=replications, direct=True, workers=1, progress=False)
    made = {file.stem for file in pictures(comparison, tmp_path)}
    assert made == {"surplus", "consumption", "price", "fairness", "densities", "differences"}


def test_a_comparison_with_an_infeasible_scenario(tmp_path):
    for name, text in MARKETS.items():
        (tmp_path / f"{name.replace(' ', '_')}.toml").write_text(HEAD + text)
    scenarios = [tmp_path / "infeasible_at_once.toml", tmp_path / "two_large_users_alone.toml"]
    comparison = compare(scenarios, replications=2, progress=False)
    assert pictures(comparison, tmp_path)
