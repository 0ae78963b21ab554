"""Tariffs from file to table: who pays what, budgets, days, networks, joining, payments, learners, refusals."""

import json

import cvxpy as cp
import numpy as np
import pandas as pd
import pytest

import run as command
from engine import compare, run
from scenarios import ScenarioError, load

TWO = {
    "market": "aggregator",
    "price": {"rule": "affine", "p0": 0.2, "c": 0.02},
    "group": [
        {
            "name": "north",
            "kind": "aggregator",
            "users": 4,
            "count": 2,
            "utility": {"form": "quadratic", "a": {"uniform": [0.1, 0.9]}, "b": {"uniform": [2, 10]}},
            "fairness": {"alpha": 1.0, "surplus_offset": 1.0},
        },
        {"name": "plant", "kind": "large", "utility": {"form": "quadratic", "a": 0.5, "b": 12}},
    ],
}
TARIFFS = [
    {"rule": "two-part", "fixed": 0.5, "rate": 0.1, "groups": ["north"]},
    {"rule": "tax", "per_unit": 0.3},
    {"rule": "carbon", "factor": 0.4, "price": 0.5, "groups": ["plant"]},
    {"rule": "rebate", "amount": 0.2},
]


def having(tariffs, base=TWO, **more):
    return load(base | {"tariffs": tariffs} | more)


@pytest.mark.parametrize("direct", [False, True])
def test_users_pay_the_market_and_the_tariffs_and_nothing_else(direct):
    result = run(having(TARIFFS), direct=direct)
    summary, users = result.summary(), result.to_dataframe("users")
    assert summary["gap"] < 1e-6 and summary["proven"]
    x, north = users["quantity"].to_numpy(), (users["group"] == "north").to_numpy()
    paid = 0.5 * north + 0.1 * x * north + 0.3 * x + 0.2 * x * ~north - 0.2
    np.testing.assert_allclose(users["bill"], summary["price"] * x + paid, rtol=1e-12)
    np.testing.assert_allclose(users.filter(like="tariff ").sum(axis=1), paid, rtol=1e-12)
    worth = np.concatenate(
        [b.utility.value(x[r]) for b, r in zip(result.game.untaxed.blocks, result.game.user_slices, strict=True)]
    )
    np.testing.assert_allclose(users["surplus"], worth - users["bill"], rtol=1e-9)
    told = summary["tariffs"]
    np.testing.assert_allclose(told["revenue"], paid.sum(), rtol=1e-12)
    np.testing.assert_allclose(told["paid"]["tax"]["groups"]["plant"], 0.3 * x[~north].sum(), rtol=1e-12)
    np.testing.assert_allclose(users["bill"].sum(), told["at_market_price"]["total"] + told["revenue"], rtol=1e-12)
    np.testing.assert_allclose(summary["total_welfare"], worth.sum() - (0.2 + 0.01 * x.sum()) * x.sum(), rtol=1e-12)


def test_tariffs_stand_in_files_words_pictures_comparisons_and_sweeps(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.toml").write_text(TOML)
    assert command.main(["run", "mine.toml", "--no-plots", "--against"]) == 0
    said = capsys.readouterr().out
    assert "Tariffs bring" in said and "market price" in said
    (folder,) = [path.parent for path in tmp_path.rglob("tariffs.csv")]
    table = pd.read_csv(folder / "tariffs.csv")
    summary = json.loads((folder / "summary.json").read_text())
    assert list(table["tariff"]) == ["market price"] * 2 + ["levy"] * 2
    np.testing.assert_allclose(table["paid"][2:].sum(), summary["tariffs"]["revenue"])
    assert "plant costs small users" in said  # held against the market without it
    assert command.main(["verify", str(folder)]) == 0
    assert (
        command.main(["sweep", "mine.toml", "--vary", "tariffs.0.per_unit=0,0.5", "--no-plots", "--workers", "1"]) == 0
    )
    (runs,) = tmp_path.rglob("runs.csv")
    revenue = pd.read_csv(runs)["tariff revenue"]
    assert revenue[0] == 0 and revenue[1] > 0


TOML = """
market = "aggregator"
price = { rule = "linear", c = 0.1 }
tariffs = [{ rule = "tax", name = "levy", per_unit = 0.5, groups = ["plant"] }]
[[group]]
name = "homes"
kind = "aggregator"
users = 3
utility = { form = "quadratic", a = 1, b = [5, 6, 7] }
[[group]]
name = "plant"
kind = "large"
utility = { form = "quadratic", a = 1, b = 9 }
"""


def test_a_comparison_pairs_the_same_users_with_and_without_tariffs():
    plain = load(TWO | {"name": "plain"})
    found = compare([plain, having(TARIFFS, name="taxed")], replications=2, workers=1)
    assert np.all(found.values("taxed", "tariff revenue") > 0) and np.all(found.values("plain", "tariff revenue") == 0)


def taxed_and_dearer(base, tax, **more):
    """A market with a tax on all, and the same where energy is worth so much less to everybody."""
    rng = np.random.default_rng(3)
    groups, other = [], []
    for group in base["group"]:
        if group["kind"] == "producer":
            groups.append(group)
            other.append(group)
            continue
        users = group.get("users", 1)
        b = rng.uniform(4, 10, users)
        utility = {"form": "quadratic", "a": rng.uniform(0.2, 0.6, users).tolist()}
        groups.append(group | {"utility": utility | {"b": b.tolist()}})
        other.append(group | {"utility": utility | {"b": (b - tax).tolist()}})
    taxes = {"tariffs": [{"rule": "tax", "per_unit": tax}]}
    return load(base | {"group": groups} | taxes | more), load(base | {"group": other} | more)


NODES = {
    "node": [{"name": "1"}, {"name": "2", "demand": 2.0}],
    "line": [{"from": "1", "to": "2", "x": 0.1, "limit": 6.0}],
    "generator": [
        {"node": "1", "capacity": 90, "cost": 1.0, "rise": 0.1},
        {"node": "2", "capacity": 90, "cost": 2, "rise": 0.3},
    ],
}
NETWORK = {
    "market": "aggregator",
    "network": NODES,
    "group": [
        TWO["group"][0] | {"node": "2", "users": 2, "fairness": {"alpha": 0.0}},
        TWO["group"][1] | {"node": "1", "anticipates": "energy"},
        {"name": "maker", "kind": "producer", "node": "2", "capacity": 5.0, "cost": 1.5},
    ],
}
PAYING = TWO | {
    "group": [TWO["group"][0] | {"fairness": {"alpha": 1.0, "by": "payments", "floor": "alone"}}, TWO["group"][1]]
}
JOINING = TWO | {"joining": {}}
LEARNING = TWO | {"group": [TWO["group"][0], TWO["group"][1] | {"conduct": {"rule": "fictitious-play"}}], "rounds": 8}


STATES = TWO | {"scenarios_of": {"p0": [0.1, 0.9], "information": True, "weight": 0.5}}
BASES = {"plain": TWO, "network": NETWORK, "paying": PAYING, "joining": JOINING, "learning": LEARNING, "states": STATES}


@pytest.mark.share
@pytest.mark.parametrize("base", BASES.values(), ids=BASES)
def test_a_tax_is_energy_worth_less_whatever_players_do(base):
    one, other = (run(scenario) for scenario in taxed_and_dearer(base, 0.7))
    assert (one.status, one.rounds) == (other.status, other.rounds)
    np.testing.assert_allclose(one.outcome.y, other.outcome.y, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(one.outcome.s, other.outcome.s, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(one.gap, other.gap, atol=1e-12)
    np.testing.assert_allclose(one.outcome.revenue, 0.7 * one.outcome.x.sum(), rtol=1e-12)
    if one.learned:
        assert one.learned.collusion == pytest.approx(other.learned.collusion)
        np.testing.assert_allclose(one.surpluses, other.surpluses, rtol=1e-9)
    if base is STATES:
        mine, theirs = (result.by_state.facts() for result in (one, other))
        assert mine["welfare"] == pytest.approx(theirs["welfare"])
        assert mine["information"]["public"] == pytest.approx(theirs["information"]["public"])


@pytest.mark.share
@pytest.mark.parametrize("base", [PAYING, JOINING, LEARNING, STATES], ids=["paying", "joining", "learning", "states"])
def test_a_charge_is_off_what_everybody_has(base):
    weighed = {"fairness": base["group"][0]["fairness"] | {"surplus_offset": 1.0}}
    raised = {"fairness": base["group"][0]["fairness"] | {"surplus_offset": 1.4}}
    plain = load(base | {"group": [base["group"][0] | weighed, base["group"][1]]})
    charged = load(
        base
        | {"group": [base["group"][0] | raised, base["group"][1]]}
        | {"tariffs": [{"rule": "two-part", "fixed": 0.4}]}
    )
    one, other = run(charged), run(plain)
    np.testing.assert_allclose(one.outcome.x, other.outcome.x, rtol=1e-9)
    np.testing.assert_allclose(one.outcome.s, other.outcome.s - 0.4, rtol=1e-9)
    if one.joined:
        assert one.joined.stable == other.joined.stable
        np.testing.assert_allclose(one.joined.best.gain, other.joined.best.gain, atol=1e-9)
    if one.learned:
        assert one.learned.collusion == pytest.approx(other.learned.collusion - 0.4)
        np.testing.assert_allclose(one.surpluses, other.surpluses - 0.4, rtol=1e-9)
    if base is STATES:
        mine, theirs = (result.by_state for result in (one, other))
        np.testing.assert_allclose(mine.welfare, theirs.welfare - 0.4 * one.game.users, rtol=1e-9)
        assert (mine.of_planner, mine.of_public) == pytest.approx((theirs.of_planner, theirs.of_public))


HOUSE = {
    "market": "aggregator",
    "periods": {"count": 4, "hours": 6.0},
    "price": {"rule": "affine", "p0": [0.1, 0.4, 0.2, 0.6], "c": 0.01},
    "background": [3.0, 1.0, -2.0, 5.0],
    "group": [
        {
            "name": "home",
            "kind": "large",
            "utility": {"a": 0.05, "b": 1.0},
            "solar": {"peak": [2.0], "profile": [0.0, 0.5, 1.0, 0.1]},
            "battery": {"capacity": [6.0], "power": [1.0], "efficiency": 0.9},
        }
    ],
}
DAY_TARIFFS = [
    {"rule": "capacity", "charge": 0.3},
    {"rule": "time-of-use", "surcharge": [0.0, 0.05, 0.0, 0.2]},
    {"rule": "two-part", "fixed": 0.7, "rate": 0.02},
    {"rule": "rebate", "per_unit": 0.01, "baseline": 20.0},
]


@pytest.mark.parametrize("sell", [True, False])
def test_a_home_s_day_is_the_best_one_by_a_programme_of_its_own(sell):
    groups = [HOUSE["group"][0] | {"sell": sell}]
    result = run(load(HOUSE | {"group": groups, "tariffs": DAY_TARIFFS}), direct=True)
    assert result.summary()["proven"] and result.gap < 1e-9
    x, charged, discharged, curtailed = (cp.Variable(4, nonneg=True) for _ in range(4))
    level = cp.Variable(4, nonneg=True)
    z = x + charged - discharged - 6.0 * np.array([0.0, 1.0, 2.0, 0.2]) + (0 if sell else 1) * curtailed
    p0, background, bought = np.array([0.1, 0.4, 0.2, 0.6]), np.array([3.0, 1.0, -2.0, 5.0]), cp.pos(z)
    market = p0 @ z + 0.01 * (cp.sum_squares(z) + background @ z)
    tariffs = 0.3 * cp.max(bought) + np.array([0.03, 0.08, 0.03, 0.23]) @ bought + 0.7 - 0.2
    before = cp.hstack([level[3], level[:3]])
    limits = [level == before + 0.9 * charged - discharged / 0.9, level <= 6, charged <= 6, discharged <= 6]
    goal = cp.sum(x - 0.05 * cp.square(x)) - market - tariffs
    best = cp.Problem(cp.Maximize(goal), limits + ([] if sell else [z >= 0])).solve(solver=cp.CLARABEL)
    np.testing.assert_allclose(result.outcome.s[0] + result.outcome.outcomes[0].alone[0], best, atol=1e-6)
    np.testing.assert_allclose(result.outcome.bills[0], market.value, atol=1e-4)
    np.testing.assert_allclose(result.outcome.revenue, tariffs.value, atol=1e-4)


STREET = {
    "market": "aggregator",
    "periods": {"count": 2, "hours": 12.0, "days": 2},
    "price": {"rule": "affine", "p0": 0.2, "c": 0.01},
    "tolerance": 1e-7,
    "group": [
        {"name": "homes", "kind": "direct", "users": 3, "utility": {"a": 0.1, "b": [0.9, 1.2, 1.0]}},
        {
            "name": "club",
            "kind": "aggregator",
            "users": 3,
            "utility": {"a": 0.2, "b": [0.9, 1.2, 1.5]},
            "fairness": {"alpha": 1.0, "surplus_offset": 0.4},
        },
    ],
}


def test_a_surcharge_on_all_who_never_sell_is_a_higher_price_in_its_period():
    surcharge = [0.0, 0.3, 0.1, 0.2]
    one = run(load(STREET | {"tariffs": [{"rule": "time-of-use", "surcharge": surcharge}]}))
    prices = {"rule": "affine", "p0": (0.2 + np.array(surcharge)).tolist(), "c": 0.01}
    other = run(load(STREET | {"price": prices}))
    np.testing.assert_allclose(one.outcome.joined("z"), other.outcome.joined("z"), atol=1e-5)
    np.testing.assert_allclose(one.outcome.s, other.outcome.s, atol=1e-5)
    np.testing.assert_allclose(one.outcome.revenue, np.array(surcharge) @ one.outcome.joined("z").sum(axis=0))
    users = one.to_dataframe("users")
    np.testing.assert_allclose(users["bill"], one.outcome.bills + users["tariff time-of-use"])
    assert abs(one.summary()["efficiency"] - 1) < 0.1 < one.summary()["tariffs"]["revenue"]


def test_tariffs_are_paid_in_every_state_of_a_day_s_prices():
    states = {"scenarios_of": {"p0": [[0.1, 0.3], [0.4, 0.2]], "information": True}, "periods": {"count": 2}}
    higher = {"scenarios_of": {"p0": [[0.3, 0.5], [0.6, 0.4]], "information": True}, "periods": {"count": 2}}
    base = STREET | {"group": STREET["group"][:1]}
    taxed = [{"rule": "tax", "per_unit": 0.2}, {"rule": "two-part", "fixed": 0.1}]
    one, other = run(load(base | states | {"tariffs": taxed}), direct=True), run(load(base | higher), direct=True)
    np.testing.assert_allclose(one.by_state.welfare, other.by_state.welfare - 0.3, rtol=1e-6)
    np.testing.assert_allclose(one.by_state.of_planner, other.by_state.of_planner, atol=1e-8)


def test_a_charge_each_day_is_weighed_by_a_fair_player_of_days():
    charged = run(load(STREET | {"tariffs": [{"rule": "two-part", "fixed": 0.3}]}))
    homes, club = STREET["group"]
    plain = run(load(STREET | {"group": [homes, club | {"fairness": {"alpha": 1.0, "surplus_offset": 0.1}}]}))
    np.testing.assert_allclose(charged.outcome.s, plain.outcome.s - 0.6, atol=1e-6)
    np.testing.assert_allclose(charged.gap, plain.gap, atol=1e-6)


@pytest.mark.parametrize("base", [TWO, STREET | {"periods": {"count": 2}}], ids=["plain", "days"])
def test_tariffs_of_nothing_change_no_bit(base):
    nothing = [{"rule": "tax", "per_unit": 0.0}, {"rule": "capacity", "charge": 0.0}, {"rule": "rebate"}]
    plain, same = run(load(base)).summary(users=True), run(load(base | {"tariffs": nothing})).summary(users=True)
    assert same.pop("tariffs")["revenue"] == 0
    assert same == plain


FAIR = "group.north.fairness.surplus_offset"
REFUSED = {  # tariffs, what else, what is said
    "unknown rule": ([{"rule": "tacks", "per_unit": 1}], {}, "tariffs.0.rule: got 'tacks'"),
    "wrong sign": ([{"rule": "tax", "per_unit": -1}], {}, "tariffs.0.per_unit: got -1"),
    "key of another": ([{"rule": "tax", "per_unit": 1, "fixed": 2}], {}, "only to rule = two-part"),
    "unknown group": ([{"rule": "tax", "per_unit": 1, "groups": ["nord"]}], {}, 'did you mean "north"'),
    "name of another row": (
        [{"rule": "tax", "per_unit": 1, "name": "market price"}],
        {},
        "tariffs.0.name: got 'market",
    ),
    "two of a name": ([{"rule": "tax", "per_unit": 1}] * 2, {}, "names must differ"),
    "by period": (
        [{"rule": "time-of-use", "surcharge": [1, 2]}],
        {},
        "which differs by period; periods, or two-part, capacity",
    ),
    "numbers by period": ([{"rule": "tax", "per_unit": [1, 2]}], {}, "one number is needed"),
    "baseline alone": ([{"rule": "rebate", "baseline": 3}], {}, "a per_unit is needed"),
    "too much back": ([{"rule": "rebate", "share": 0.6, "name": str(k)} for k in range(2)], {}, "at most 1 in all"),
    "fair and back": ([{"rule": "rebate", "share": 0.5}], {}, "alpha = 0, or a rebate of an amount, is needed"),
    "charge above offset": ([{"rule": "two-part", "fixed": 1.0}], {}, f"{FAIR}: group 'north' weighs"),
    "movers apart": (
        [{"rule": "tax", "per_unit": 1, "groups": ["north"]}],
        {"direct": True},
        "a tariff belongs to a user",
    ),
    "movers and back": ([{"rule": "rebate", "share": 0.5}], {"direct": True, "alpha": 0}, "would move with every move"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_does_not_go_together_is_one_line(case):
    tariffs, more, said = REFUSED[case]
    groups = [dict(TWO["group"][0]), TWO["group"][1]]
    if "alpha" in more:
        groups[0]["fairness"] = {"alpha": more["alpha"]}
    base = TWO | {"group": groups}
    if more.get("direct"):
        base = base | {"joining": {"direct": True}}
        base["group"] = [*groups, groups[0] | {"name": "lone", "kind": "direct"}]
        base["group"][2] = {key: value for key, value in base["group"][2].items() if key not in ("count", "fairness")}
    with pytest.raises(ScenarioError) as error:
        load(base | {"tariffs": tariffs})
    assert said in str(error.value) and "\n" not in str(error.value)


def test_tariffs_need_somebody_who_buys():
    with pytest.raises(ScenarioError, match="tariffs: nobody buys"):
        load("cournot_duopoly", set=["tariffs=[{rule='tax',per_unit=0.1}]"])


def test_what_comes_back_in_full_leaves_nothing_not_even_rounding():
    result = run("data_centre_carbon", direct=True)
    told = result.summary()["tariffs"]
    assert told["revenue"] == 0 and told["paid"]["carbon"]["total"] > 0


def test_a_discount_below_nothing_is_refused_where_users_sell():
    with pytest.raises(ScenarioError, match="to buy what is sold would pay"):
        run(load(HOUSE | {"tariffs": [{"rule": "time-of-use", "surcharge": [0.0, -0.1, 0.0, 0.0]}]}))
    with pytest.raises(ScenarioError, match="got 3 numbers; 4, one for each period"):
        load(HOUSE | {"tariffs": [{"rule": "time-of-use", "surcharge": [0.0, 0.1, 0.0]}]})
