"""A result's summary has the form that users and programs rely on."""

import json
import math

import numpy as np
import pytest

from engine import run
from market.measures import gini, jain

TOP = {"scenario", "market", "seed", "status", "rounds", "gap", "price", "quantity", "welfare", "players", "groups"}
GROUP = {"kind", "users", "alpha", "quantity", "surplus", "jain", "gini", "priced_out", "unserved"}
STEPPED = ["two_aggregators", "no_equilibrium_maxmin", "village_from_csv", "small_alone", "continuum"]
DIRECT = ["two_aggregators", "no_equilibrium", "two_equilibria", "continuum", "large_two_maxmin"]

INFEASIBLE = """
market = "aggregator"
price = { rule = "linear", c = 1 }
[[group]]
name = "big"
kind = "direct"
users = 1
utility = { form = "quadratic", a = 0.5, b = 20 }
[[group]]
name = "pair"
kind = "aggregator"
utility = { form = "quadratic", a = [1, 1], b = [3, 9] }
fairness = { alpha = 1, surplus_offset = 0 }
"""
SHORT = """
market = "aggregator"
[price]
rule = "dispatch"
cap = 5
generators = { max_p_mw = [1, 1], cost_quadratic = [0.5, 0.5], cost_linear = [0, 1] }
[[group]]
name = "users"
kind = "direct"
users = 4
utility = { form = "quadratic", a = 0.5, b = 9 }
"""


def assert_is_json(summary):
    assert json.loads(json.dumps(summary, allow_nan=False)) == summary


@pytest.mark.parametrize(("name", "direct"), [(n, False) for n in STEPPED] + [(n, True) for n in DIRECT])
def test_a_summary_has_the_promised_keys_and_plain_values(name, direct):
    result = run(name, direct=direct)
    summary = result.summary()
    assert_is_json(summary)
    assert summary.keys() >= TOP
    assert (summary["scenario"], summary["market"], summary["seed"]) == (name, "aggregator", 1)
    assert len(summary["players"]) == result.game.players
    assert [*summary["groups"]] == [group.name for group in result.scenario.groups]
    for group in summary["groups"].values():
        assert group.keys() >= GROUP
        assert "x" not in group
        assert group["quantity"].keys() == {"total", "mean", "std"}
        assert group["surplus"].keys() == {"total", "mean", "std", "least"}


@pytest.mark.parametrize("name", STEPPED)
def test_the_numbers_of_a_summary_are_those_of_the_outcome(name):
    result = run(name)
    summary, outcome = result.summary(users=True), result.outcome
    assert summary["quantity"] == pytest.approx(sum(summary["players"])) == pytest.approx(outcome.quantity)
    assert summary["welfare"] == pytest.approx(sum(g["surplus"]["total"] for g in summary["groups"].values()))
    assert (summary["price"], summary["gap"]) == (outcome.price, result.gap)
    for group, block in zip(summary["groups"].values(), result.game.blocks, strict=True):
        x, s = np.array(group["x"]), np.array(group["s"])
        assert (group["users"], group["kind"]) == (len(x), block.kind) == (block.users, block.kind)
        assert group["quantity"] == pytest.approx({"total": x.sum(), "mean": x.mean(), "std": x.std(ddof=0)})
        spread = {"total": s.sum(), "mean": s.mean(), "std": s.std(ddof=0), "least": s.min()}
        assert group["surplus"] == pytest.approx(spread)
        assert (group["jain"], group["gini"]) == pytest.approx((jain(s), gini(s)))
        assert group["priced_out"] == sum(b <= outcome.price for b in block.utility.reservation)
        assert group["unserved"] == sum(value == 0 for value in x)


def test_users_are_listed_in_the_order_of_the_population():
    result = run("two_aggregators")
    groups = result.summary(users=True)["groups"]
    assert [*groups["north"]["x"], *groups["south"]["x"], *groups["data centre"]["x"]] == result.outcome.x.tolist()
    assert groups["south"]["s"] == result.outcome.s[100:200].tolist() == result.group("south")[1].tolist()
    with pytest.raises(KeyError, match="'east' is not a group"):
        result.group("east")


def test_alpha_is_inf_a_number_or_null():
    summary = run("large_two_maxmin", direct=True).summary()
    assert (summary["groups"]["small"]["alpha"], summary["groups"]["large"]["alpha"]) == ("inf", None)
    assert run("two_aggregators", direct=True).summary()["groups"]["north"]["alpha"] == 1.0
    assert run("small_alone", direct=True).summary()["groups"]["small"]["alpha"] is None


def test_a_settled_run_promises_its_gap_and_has_no_period():
    summary = run("two_aggregators").summary()
    assert (summary["status"], summary.get("period", "none")) == ("settled", "none")
    assert 0 <= summary["gap"] <= 1e-6
    assert summary["rounds"] == 7


def test_a_cycle_has_its_period():
    summary = run("no_equilibrium").summary()
    assert (summary["status"], summary["period"]) == ("cycling", 2)


def test_a_run_infeasible_from_the_first_round_has_null_for_every_number(write):
    summary = run(write(INFEASIBLE)).summary(users=True)
    assert_is_json(summary)
    assert (summary["status"], summary["rounds"]) == ("infeasible", 0)
    assert [summary[key] for key in ("gap", "price", "quantity", "welfare")] == [None] * 4
    assert summary["players"] == [None, None]
    assert summary["priced_out"] == {"player": "pair", "user": 1}
    pair = summary["groups"]["pair"]
    assert pair.keys() >= GROUP
    assert pair["quantity"] == {"total": None, "mean": None, "std": None}
    assert pair["surplus"] == {"total": None, "mean": None, "std": None, "least": None}
    assert (pair["jain"], pair["gini"], pair["priced_out"], pair["unserved"]) == (None, None, None, None)


def test_on_round_is_called_once_a_round_also_where_the_run_becomes_infeasible(write):
    first, *rest = INFEASIBLE.split("[[group]]")
    later = "[[group]]".join([first, *rest[::-1]])
    seen = []
    result = run(write(later), on_round=lambda model: seen.append((model.round, model.outcome.price)))
    assert (result.status, result.rounds, [played for played, _ in seen]) == ("infeasible", 1, [1])
    assert result.summary()["gap"] is None
    assert result.summary()["price"] == seen[0][1]


@pytest.mark.parametrize("direct", [False, True])
def test_a_short_market_says_what_is_unserved(write, direct):
    summary = run(write(SHORT), direct=direct).summary()
    assert_is_json(summary)
    assert summary["price"] == 5.0
    assert summary["unserved"] == pytest.approx(4 * 4 - 2)
    assert summary["status"] == "short"


@pytest.mark.parametrize(
    ("name", "status", "unique", "totals"),
    [
        ("two_aggregators", "solved", True, [852.1466]),
        ("no_equilibrium", "no-equilibrium", None, []),
        ("no_equilibrium_offset", "no-equilibrium", None, []),
        ("no_equilibrium_maxmin", "no-equilibrium", None, []),
        ("two_equilibria", "solved", False, [2 * 0.31794942, 180 / 41]),
        ("two_equilibria_offset", "solved", False, [2 * 0.211698, 180 / 41]),
        ("continuum", "solved", False, [1.0]),
        ("two_peaks", "solved", True, [2.9032]),
        ("concave_kink", "solved", True, [9.8137]),
    ],
)
def test_a_direct_run_tells_how_many_equilibria_there_are(name, status, unique, totals):
    summary = run(name, direct=True).summary()
    assert (summary["status"], summary["rounds"], summary["unique"]) == (status, 0, unique)
    assert [e["quantity"] for e in summary["equilibria"]] == pytest.approx(totals, rel=1e-4)
    assert all(e.keys() == {"quantity", "price", "welfare", "gap"} for e in summary["equilibria"])
    assert all(e["gap"] <= 1e-6 for e in summary["equilibria"])
    if totals:
        best = max(summary["equilibria"], key=lambda e: e["welfare"])
        assert {key: summary[key] for key in best} == pytest.approx(best)
    else:
        assert summary["gap"] > 1e-6


def test_unique_is_null_where_the_search_was_not_exhaustive(monkeypatch):
    monkeypatch.setattr("market.aggregator.equilibrium.MOST_CELL_USERS", 100)
    assert run("two_aggregators", direct=True).summary()["unique"] is None


def test_the_false_root_is_no_equilibrium():
    totals = [e["quantity"] for e in run("false_root", direct=True).summary()["equilibria"]]
    assert all(abs(total - 0.762294) > 1e-3 for total in totals)


def test_seed_set_rounds_and_replication_reach_the_run():
    result = run("two_aggregators", seed=5, replication=2, set=["price.c=0.002"], rounds=2)
    summary = result.summary()
    assert (summary["seed"], summary["replication"], summary["rounds"], summary["status"]) == (5, 2, 2, "round-limit")
    assert result.game.price.value(1.0) == 0.002


def test_without_certify_no_gap_is_searched():
    assert run("two_aggregators", certify=False).summary()["gap"] is None


def test_the_history_has_a_row_a_round_and_the_trajectories_too():
    result = run("two_aggregators")
    assert len(result.history) == len(result.quantities) == len(result.surpluses) == result.rounds
    np.testing.assert_array_equal(result.quantities[-1], result.outcome.x)


def test_equal_values_are_fair_and_so_is_nothing():
    """All surpluses zero: Jain 1, Gini 0."""
    summary = run("small_alone", set=["group.small.utility.b=0"], direct=True).summary()
    small = summary["groups"]["small"]
    assert (small["jain"], small["gini"], small["unserved"], small["priced_out"]) == (1, 0, 200, 200)
    assert summary["price_of_anarchy"] is None or math.isfinite(summary["price_of_anarchy"])


def test_what_settles_far_from_an_equilibrium_is_not_called_settled():
    """At a coarse tolerance the first small step ends the run; the gap says how much is still to be gained."""
    known = ["damping=0.1", "order=together", "group.0.users=12", "group.1.users=8"]
    coarse = run("two_aggregators", set=[*known, "tolerance=0.5"], rounds=50)
    fine = run("two_aggregators", set=[*known, "tolerance=1e-8"], rounds=500)
    assert (coarse.status, fine.status) == ("inaccurate", "settled")
    assert coarse.gap > 1e-6 >= fine.gap
    assert coarse.promised is None and "tolerance" in coarse.summary()["advice"]
    assert fine.promised == 1e-6
