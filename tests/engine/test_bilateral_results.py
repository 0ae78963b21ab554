"""Results of bilateral markets: what the summary holds, known examples, proof, costs, comparisons, storage."""

import json

import numpy as np
import pandas as pd
import pytest

from engine import compare, run, save_comparison, save_result, verify
from market.bilateral.core import FAIR
from market.bilateral.negotiation import RULES
from scenarios import load

NEAR = pytest.approx
COMMON = {"scenario", "market", "seed", "replication", "status", "advice", "rounds", "gap"}
PROMISED = {"welfare", "contracts", "corners", "fair", "outcome", "violation", "messages"}
BESIDE = {"contracts_per_agent", "rule", "best_welfare", "negotiated_gap", "ending", "costs", "ledger", "periods"}
SMALL = ("buyers.count=6", "sellers.count=5", "negotiation.tolerance=0.01")
BY_BLOCKS = ("half-space", "benchmark")
MULTI = """
market = "bilateral"
contracts = "multi"
tariff = { buy = 1, sell = 0 }
buyers = { demand = [3, 2], value = 0 }
sellers = { supply = %s, ask = [0.10, 0.12] }
preference = [[0.30, 0.28], [0.26, 0.27]]
"""
UNITS = {
    "welfare": "money",
    "efficiency": "1",
    "buyers' share": "1",
    "jain": "1",
    "distance to tau": "1",
    "rounds": "rounds",
    "messages": "scalars",
    "violation": "money",
    "contracts": "contracts",
    "traded": "kWh",
    "mean price": "money/kWh",
    "cost of energy": "money",
    "saved against the grid": "money",
}


@pytest.fixture
def game(write):
    """game(values, *changes, **options): the summary of a bare assignment game."""

    def play(values, *changes, **options):
        return summary(write(f'market = "bilateral"\npair_value = {values}\n'), *changes, **options)

    return play


def summary(name, *changes, **options):
    """The summary, checked to be plain JSON."""
    found = run(name, set=changes, **options).summary()
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    return found


def both(point):
    return [*point["u"], *point["v"]]


# the summary


@pytest.mark.parametrize("contracts", ["single", "multi"])
@pytest.mark.parametrize("rule", RULES)
def test_the_summary_has_every_key_in_its_shape(rule, contracts):
    found = summary("p2p_single", *SMALL, f"negotiation.rule={rule}", f"contracts={contracts}", rounds=100)
    assert set(found) == COMMON | PROMISED | BESIDE
    assert (found["market"], found["rule"], found["contracts_per_agent"]) == ("bilateral", rule, contracts)
    assert found["status"] in ("settled", "round-limit") and type(found["rounds"]) is int
    assert type(found["messages"]) is int and found["messages"] > 0
    for point in (found["corners"]["buyer"], found["corners"]["seller"], found["fair"], found["outcome"]):
        assert (len(point["u"]), len(point["v"])) == (6, 5)
        assert all(type(value) is float and value >= -1e-12 for value in both(point))
    assert found["fair"]["point"] == "tau"
    assert set(found["corners"]) == {"buyer", "seller"}
    keys = ["buyer", "seller", "quantity", "price", "buyer_gain", "seller_gain"]
    assert [list(row) for row in found["contracts"]] == [keys] * len(found["contracts"])
    assert all(type(row["buyer"]) is int and type(row["price"]) is float for row in found["contracts"])
    assert {key: len(value) for key, value in found["costs"].items()} == {"with_contracts": 11, "grid_only": 11}
    assert all(set(line) == {"sender", "receiver", "numbers", "when"} for line in found["ledger"])
    assert (found["periods"], found["ending"]) == (1, [found["ending"][0]])


@pytest.mark.parametrize("contracts", ["single", "multi"])
@pytest.mark.parametrize("rule", RULES)
def test_contracts_gains_and_payoffs_add_up(rule, contracts):
    options = [*SMALL, f"negotiation.rule={rule}", f"contracts={contracts}"]
    result = run("p2p_single", set=options, rounds=100)
    found, market = result.summary(), result.game.periods[0].market
    u, v = np.zeros(6), np.zeros(5)
    for row in found["contracts"]:
        i, j, q = row["buyer"], row["seller"], row["quantity"]
        assert row["buyer_gain"] == NEAR(q * (market.worth[i, j] - row["price"]), abs=1e-12)
        assert row["seller_gain"] == NEAR(q * (row["price"] - market.cost[j]), abs=1e-12)
        assert market.cost[j] - 1e-12 <= row["price"] <= market.worth[i, j] + 1e-12
        assert contracts == "multi" or q == min(market.demand[i], market.supply[j])
        u[i] += row["buyer_gain"]
        v[j] += row["seller_gain"]
    assert both(found["outcome"]) == NEAR([*u, *v], abs=1e-12)
    assert found["welfare"] == NEAR(sum(both(found["outcome"])), abs=1e-12)
    assert found["welfare"] == NEAR(found["best_welfare"], rel=1e-9)
    used = [(row["buyer"], row["seller"]) for row in found["contracts"]]
    assert len(set(used)) == len(used)
    if contracts == "single":
        assert len({i for i, _ in used}) == len({j for _, j in used}) == len(used)


CASES = {  # values: (welfare, buyers' corner, sellers' corner, tau, nearest to the equal split)
    "Shapley and Shubik": (
        [[5, 7, 2], [8, 9, 3], [2, 6, 0]],
        (16, [2, 5, 1, 3, 5, 0], [1, 3, 0, 5, 6, 1], [1.5, 4, 0.5, 4, 5.5, 0.5], [2, 4, 1, 4, 5, 0]),
    ),
    "one pair": ([[4]], (4, [4, 0], [0, 4], [2, 2], [2, 2])),
    "one buyer": ([[5, 3, 4]], (5, [5, 0, 0, 0], [4, 1, 0, 0], [4.5, 0.5, 0, 0], [4, 1, 0, 0])),
    "ties": ([[4, 4], [4, 4]], (8, [4, 4, 0, 0], [0, 0, 4, 4], [2] * 4, [2] * 4)),
    "a single point": ([[3], [3]], (3, [0, 0, 3], [0, 0, 3], [0, 0, 3], [0, 0, 3])),
    "no trade": ([[0, 0], [0, 0]], (0, [0] * 4, [0] * 4, [0] * 4, [0] * 4)),
    "one profitable pair": ([[2, 0], [0, 0]], (2, [2, 0, 0, 0], [0, 0, 2, 0], [1, 0, 1, 0], [1, 0, 1, 0])),
    "off the diagonal": ([[6, 5], [5, 3]], (10, [5, 4, 1, 0], [1, 0, 5, 4], [3, 2, 3, 2], [3, 2, 3, 2])),
}


@pytest.mark.share
@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("name", CASES)
def test_corners_and_fair_points_belong_to_the_core_whatever_rule_ran(game, name, rule):
    values, (welfare, buyers, sellers, tau, split) = CASES[name]
    found = game(values, f"negotiation.rule={rule}", "negotiation.tolerance=0.01", rounds=300)
    assert (found["welfare"], found["best_welfare"]) == NEAR((welfare, welfare), abs=1e-9)
    assert both(found["corners"]["buyer"]) == NEAR(buyers, abs=1e-9)
    assert both(found["corners"]["seller"]) == NEAR(sellers, abs=1e-9)
    assert both(found["fair"]) == NEAR(tau, abs=1e-9)
    assert both(game(values, "fair=equal-split", direct=True)["fair"]) == NEAR(split, abs=1e-9)
    assert found["violation"] == NEAR(0, abs=1e-9)


@pytest.mark.share
@pytest.mark.parametrize("fair", FAIR)
@pytest.mark.parametrize("name", CASES)
def test_the_corner_rule_and_direct_settle_at_the_fair_point(game, name, fair):
    _, (_, buyers, sellers, tau, split) = CASES[name]
    point = {"tau": tau, "equal-split": split, "buyer": buyers, "seller": sellers}[fair]
    for options in ({}, {"direct": True}):
        found = game(CASES[name][0], "negotiation.rule=corner", f"fair={fair}", **options)
        assert both(found["outcome"]) == NEAR(point, abs=1e-9)
        assert both(found["fair"]) == NEAR(point, abs=1e-9)
        assert (found["fair"]["point"], found["status"]) == (fair, "solved" if options else "settled")
    assert (found["rounds"], found["messages"]) == (0, 0)


@pytest.mark.parametrize(
    "name", ["p2p_single", "p2p_multi", "p2p_green", "p2p_multi_capped", "p2p_deadline", "p2p_day"]
)
def test_direct_is_the_fair_point_of_negotiated_markets_too(name):
    small = SMALL[:2] if name in ("p2p_single", "p2p_multi", "p2p_multi_capped", "p2p_deadline") else ()
    found = summary(name, *small, direct=True)
    assert both(found["outcome"]) == NEAR(both(found["fair"]), abs=1e-9)
    assert (found["status"], found["rounds"]) == ("solved", 0)
    assert found["welfare"] == NEAR(found["best_welfare"], rel=1e-9) and found["welfare"] > 0
    assert found["gap"] < 1e-9
    assert len(found["contracts"]) > 1


def test_a_wrong_matching_is_told_at_once_and_the_core_is_that_of_the_best():
    for options in ({}, {"direct": True}):
        found = summary("wrong_matching", **options)
        assert (found["status"], found["rounds"], found["welfare"], found["best_welfare"]) == (
            "no-equilibrium",
            0,
            14,
            16,
        )
        assert both(found["corners"]["buyer"]) == [2, 5, 1, 3, 5, 0]
        assert [(row["buyer"], row["seller"]) for row in found["contracts"]] == [(0, 0), (1, 1)]
        assert "optimal matching" in found["advice"]
        assert found["violation"] >= 2 / 3 - 1e-9
        assert found["gap"] == NEAR(found["violation"] / 7, rel=1e-12)


@pytest.mark.parametrize("rule", ["bilateral", "corner"])
def test_a_wrong_matching_given_a_deadline_leaves_all_to_the_grid(rule):
    found = summary("wrong_matching", "deadline=5", f"negotiation.rule={rule}")
    assert (found["ending"], found["contracts"], found["welfare"]) == (["grid"], [], 0)
    assert (found["violation"], found["gap"]) == (9, 1)  # the second buyer and seller could gain all they are worth


def test_nearly_the_best_contracts_have_no_fair_point(game):
    found = game([[5, 5], [5, 4.999]], "matching=[0, 1]", direct=True)
    assert (found["status"], found["rounds"]) == ("no-equilibrium", 0)


def test_preferences_turn_contracts_round(write):
    text = (
        'market = "bilateral"\ntariff = { buy = 0.3, sell = 0 }\nbuyers = { count = 2, demand = 1, value = 0.2 }\n'
        "sellers = { count = 2, supply = 1, ask = 0.1 }\nfee = [[0, 0.02], [0.02, 0]]\n"
        "preference = [[0.02, 0.02], [0.02, 0.02]]\n"
    )
    plain = summary(write(text), "negotiation.rule=corner")
    assert [(row["buyer"], row["seller"]) for row in plain["contracts"]] == [(0, 0), (1, 1)]
    assert plain["welfare"] == NEAR(0.24, abs=1e-9)
    taste = "preference=[[-0.01, 0.06], [0.06, -0.01]]"
    green = summary(write(text), "negotiation.rule=corner", taste)
    assert [(row["buyer"], row["seller"]) for row in green["contracts"]] == [(0, 1), (1, 0)]
    assert green["welfare"] == NEAR(0.28, abs=1e-9)
    assert both(green["outcome"]) == NEAR([0.07] * 4, abs=1e-9)


TRACE = [
    [1, 4, 3, 4, 3, 1],
    [1.75, 4.125, 2.125, 3.875, 3.875, 0.25],
    [2, 4.203125, 1.703125, 3.796875, 4.296875, 0],
    [2, 4.240234375, 1.490234375, 3.759765625, 4.509765625, 0],
]


@pytest.mark.parametrize("number", range(1, 5))
def test_the_trace_of_shapley_and_shubik_round_by_round(number):
    options = ["negotiation={ rule = 'bilateral', tolerance = 1e-9, repair = false }"]
    result = run("assignment_game", set=options, rounds=number)
    assert both(result.summary()["outcome"]) == TRACE[number - 1]
    assert (result.status, result.rounds) == ("round-limit", number)
    found = result.summary()
    assert (found["violation"], found["ending"]) == (found["negotiated_gap"] * 16 / 3, ["half-way"])


def test_the_trace_ends_after_68_rounds():
    options = "negotiation={ rule = 'bilateral', tolerance = 1e-9, repair = false }"
    found = summary("assignment_game", options)
    assert (found["status"], found["rounds"]) == ("settled", 68)
    assert both(found["outcome"]) == NEAR([2, 4.241455, 1, 3.758545, 5, 0], abs=1e-6)


@pytest.mark.parametrize("number", [1, 2, 3, 4, 20])
def test_the_trace_of_one_buyer(game, number):
    changes = "negotiation={ tolerance = 1e-9, repair = false }"
    found = game([[5, 4]], changes, rounds=number)
    assert found["outcome"]["u"][0] == NEAR(4 - 1.5 * 2.0 ** (1 - number), abs=1e-12)


def test_price_raising_takes_one_round_and_one_to_notice():
    for fair, point in (("buyer", [2, 5, 1, 3, 5, 0]), ("seller", [1, 3, 0, 5, 6, 1])):
        found = summary("assignment_game", f"fair={fair}", rounds=2)
        assert (found["status"], found["rounds"], both(found["outcome"])) == ("settled", 2, point)


@pytest.mark.parametrize("rule", RULES)
def test_several_contracts_with_unique_prices(write, rule):
    tolerance = 1e-2 if rule in BY_BLOCKS else 1e-3
    found = summary(write(MULTI % [2, 4]), f"negotiation.rule={rule}", f"negotiation.tolerance={tolerance}")
    assert found["status"] == "settled"
    rows = {(row["buyer"], row["seller"]): (row["quantity"], row["price"]) for row in found["contracts"]}
    assert {pair: quantity for pair, (quantity, _) in rows.items()} == NEAR({(0, 0): 2, (0, 1): 1, (1, 1): 2}, abs=1e-9)
    assert [price for _, price in rows.values()] == NEAR([0.14, 0.12, 0.12], abs=1e-9)
    assert found["welfare"] == NEAR(0.86, abs=1e-9)
    payoffs = [3 * 0.16, 2 * 0.15, 2 * 0.04, 0]
    for point in (found["outcome"], found["fair"], *found["corners"].values()):
        assert both(point) == NEAR(payoffs, abs=1e-9)


@pytest.mark.parametrize("rule", RULES)
def test_several_contracts_with_a_range_of_prices(write, rule):
    found = summary(write(MULTI % [2, 3]), f"negotiation.rule={rule}", "negotiation.tolerance=1e-2", rounds=4000)
    assert found["welfare"] == NEAR(0.86, abs=1e-9)
    assert both(found["corners"]["buyer"]) == NEAR([3 * 0.16, 2 * 0.15, 2 * 0.04, 0], abs=1e-9)
    assert both(found["corners"]["seller"]) == NEAR([3 * 0.01, 0, 2 * 0.19, 3 * 0.15], abs=1e-9)
    tau = [3 * 0.085, 2 * 0.075, 2 * 0.115, 3 * 0.075]
    assert both(found["fair"]) == NEAR(tau, abs=1e-9)
    if rule == "corner":
        assert both(found["outcome"]) == NEAR(tau, abs=1e-9)
        assert [row["price"] for row in found["contracts"]] == NEAR([0.215, 0.195, 0.195], abs=1e-9)
    assert found["gap"] <= 1e-9


@pytest.mark.parametrize("rule", ["bilateral", "tight", "corner"])
def test_a_seller_has_one_price_for_all_its_buyers(rule):
    found = summary("p2p_multi", *SMALL, f"negotiation.rule={rule}")
    prices = {}
    for row in found["contracts"]:
        prices.setdefault(row["seller"], []).append(row["price"])
    assert max(len(each) for each in prices.values()) > 1
    assert max(np.ptp(each) for each in prices.values()) < 1e-9


@pytest.mark.parametrize("rule", BY_BLOCKS)
def test_rules_of_single_blocks_sign_whole_blocks(rule):
    found = summary("p2p_multi", *SMALL, f"negotiation.rule={rule}", "block=0.5", rounds=200)
    assert all((row["quantity"] / 0.5).is_integer() for row in found["contracts"])
    by_corner = summary("p2p_multi", *SMALL, "negotiation.rule=corner", "block=0.5")
    assert found["welfare"] == NEAR(by_corner["welfare"], rel=1e-9)
    for side in ("buyer", "seller"):
        assert both(found["corners"][side]) == NEAR(both(by_corner["corners"][side]), abs=1e-9)


# proof


@pytest.mark.share
@pytest.mark.parametrize("contracts", ["single", "multi"])
@pytest.mark.parametrize("repair", ["true", "false"])
@pytest.mark.parametrize("rule", RULES)
def test_the_gap_is_what_was_promised_and_violation_is_in_money(rule, repair, contracts):
    options = [*SMALL, f"negotiation.rule={rule}", f"negotiation.repair={repair}", f"contracts={contracts}"]
    for seed in (1, 2):
        result = run("p2p_single", set=[*options, "network.drop=0.2"], seed=seed, rounds=100)
        found, (outcome,) = result.summary(), result.outcomes
        if result.promised is not None:
            assert found["gap"] <= result.promised
            assert repair == "false" or (result.promised <= 0.01 + 1e-8 and found["gap"] < 1e-9)
        bargain = outcome.settlement.bargain
        assert found["gap"] == NEAR(found["violation"] * len(bargain) / bargain.welfare, rel=1e-9)
        if contracts == "single":
            u, v = outcome.payoffs
            gains = outcome.market.pair_value - u[:, None] - v
            assert found["violation"] == NEAR(max(gains.max(), 0), abs=1e-9)


def test_an_exact_result_promises_the_tolerance():
    assert run("p2p_single", set=SMALL, direct=True).promised == NEAR(0.01, abs=1e-8)
    assert run("assignment_game", set=["matching=[0, 1, 2]"]).promised is None


# money


def test_costs_are_grid_costs_less_gains_agent_by_agent():
    result = run("p2p_day", set=["periods=14", "fee=0.01"])
    now, alone = np.zeros(24), np.zeros(24)
    for outcome in result.outcomes:
        period, market = outcome.period, outcome.period.market
        for i, k in enumerate(period.buyer):
            at_grid = market.willingness[i] >= 0.25
            mine = outcome.contracts["buyer"] == i
            bought = outcome.contracts["quantity"][mine]
            paid = bought @ (outcome.contracts["price"][mine] + 0.01)
            now[k] += paid + 0.25 * (market.demand[i] - bought.sum()) * at_grid
            alone[k] += 0.25 * market.demand[i] * at_grid
        for j, k in enumerate(period.seller):
            at_grid = market.ask[j] <= 0.05
            mine = outcome.contracts["seller"] == j
            sold = outcome.contracts["quantity"][mine]
            now[k] -= sold @ outcome.contracts["price"][mine] + 0.05 * (market.supply[j] - sold.sum()) * at_grid
            alone[k] -= 0.05 * market.supply[j] * at_grid
    costs = result.summary()["costs"]
    assert costs["with_contracts"] == NEAR(now, abs=1e-9)
    assert costs["grid_only"] == NEAR(alone, abs=1e-9)
    assert alone.sum() - now.sum() > 0.1


def test_a_day_s_totals_are_sums_of_its_periods(write):
    day = summary("p2p_day", "periods=12", "warm_start=false")
    columns = load("p2p_day").table["prosumers"]
    taste = load("p2p_day").table["preference"]
    assert day["periods"] == 12 == len(day["by_period"])
    totals = {"welfare": 0.0, "rounds": 0, "messages": 0}
    u = np.zeros(24)
    from scenarios import draw

    tastes = np.zeros((24, 24))
    for period in draw(load("p2p_day")).game.periods:
        tastes[np.ix_(period.buyer, period.seller)] = period.market.preference
    assert taste == {"uniform": (-0.02, 0.02)}
    for k in range(12):
        rows = [r for r, period in enumerate(columns["period"]) if period == k]
        lists = {name: [columns[name][r] for r in rows] for name in columns if name != "period"}
        text = "".join(f"{name} = {values}\n" for name, values in lists.items())
        one = summary(write(f'market = "bilateral"\npreference = {tastes.tolist()}\n[prosumers]\n{text}'))
        assert one["periods"] == 1
        for name in totals:
            totals[name] += one[name]
        assert day["by_period"][k]["welfare"] == NEAR(one["welfare"], abs=1e-12)
        assert day["by_period"][k]["rounds"] == one["rounds"]
        ours = [row for row in day["contracts"] if row["period"] == k]
        assert [{"period": k} | row for row in one["contracts"]] == ours
        u += one["outcome"]["u"]
    assert day["outcome"]["u"] == NEAR(u, abs=1e-12)
    assert {name: day[name] for name in totals} == NEAR(totals, abs=1e-9)
    assert day["violation"] == max(row["violation"] for row in day["by_period"])


# comparisons


@pytest.fixture(scope="module")
def three():
    names = ("p2p_single", "p2p_multi", "p2p_corner")
    return compare(names, replications=2, workers=1, progress=False, set=SMALL)


def test_a_comparison_measures_what_runs_say(three):
    assert three.units == UNITS
    assert three.shared == ("users", "preferences")
    for name in three.names:
        for replication in range(2):
            result = run(name, set=SMALL, replication=replication)
            found = result.summary()
            row = three.runs[(three.runs["scenario"] == name) & (three.runs["replication"] == replication)].iloc[0]
            u, v = (np.array(found["outcome"][side]) for side in "uv")
            corners = [np.array(both(found["corners"][side])) for side in ("buyer", "seller")]
            gains, tau = np.concatenate([u, v]), sum(corners) / 2
            quantity, price = (np.array([row[key] for row in found["contracts"]]) for key in ("quantity", "price"))
            now, alone = (np.array(found["costs"][key]) for key in ("with_contracts", "grid_only"))
            expected = {
                "welfare": gains.sum(),
                "efficiency": 1.0,
                "buyers' share": u.sum() / gains.sum(),
                "jain": gains.sum() ** 2 / (11 * (gains**2).sum()),
                "distance to tau": np.abs(gains - tau).sum() / gains.sum(),
                "rounds": found["rounds"],
                "messages": found["messages"],
                "violation": found["violation"],
                "contracts": len(quantity),
                "traded": quantity.sum(),
                "mean price": (price * quantity).sum() / quantity.sum(),
                "cost of energy": now.sum(),
                "saved against the grid": alone.sum() - now.sum(),
            }
            assert {key: row[key] for key in UNITS} == NEAR(expected, rel=1e-9, abs=1e-9)
            assert three.agents[name][0][replication] == NEAR(gains, abs=1e-12)
            assert three.agents[name][1][replication] == NEAR(alone - now, abs=1e-12)


def test_several_contracts_gain_no_less_and_the_corner_rule_is_fair(three):
    single, multi = (three.values(name, "welfare") for name in ("p2p_single", "p2p_multi"))
    assert np.all(multi >= single - 1e-9) and np.any(multi > single + 1e-6)
    assert three.values("p2p_corner", "distance to tau") == NEAR([0, 0], abs=1e-9)
    assert np.all(three.values("p2p_single", "distance to tau") > 1e-3)
    assert three.values("p2p_corner", "welfare") == NEAR(single, rel=1e-12)


def test_what_is_shared_is_told():
    def shared(*names, changes=()):
        return compare(names, replications=1, workers=1, progress=False, direct=True, set=changes).shared

    assert shared("p2p_single", "p2p_corner") == ("users", "preferences")
    assert shared("p2p_single", "p2p_green") == ("users",)
    assert shared("p2p_single", "p2p_few_buyers") == ()
    assert shared("p2p_single", "p2p_day") == ()


def test_one_and_two_workers_give_the_same_bits(three):
    names = ("p2p_single", "p2p_multi", "p2p_corner")
    other = compare(names, replications=2, workers=2, progress=False, set=SMALL)
    pd.testing.assert_frame_equal(other.runs, three.runs, check_exact=True)
    for name in names:
        for one, same in zip(other.agents[name], three.agents[name], strict=True):
            np.testing.assert_array_equal(one, same)


def test_a_comparison_of_nothing_to_trade_is_legal(write):
    empty = [
        write(f'market = "bilateral"\nname = "{name}"\npair_value = {rows}', name)
        for name, rows in (("none", "[]"), ("zero", "[[0]]"))
    ]
    found = compare(empty, replications=2, workers=1, progress=False).summary()
    assert found["means"]["none"]["welfare"]["mean"] == 0
    assert found["means"]["zero"]["buyers' share"]["mean"] is None
    json.dumps(found, allow_nan=False)


# storage


STORED = {
    "single": (("p2p_single", *SMALL), {}),
    "unrepaired": (("p2p_multi", *SMALL, "negotiation.repair=false"), {}),
    "unrepaired consensus": (("p2p_half_space", *SMALL, "negotiation.repair=false"), {}),
    "blocks": (("p2p_multi", *SMALL, "negotiation.rule=half-space"), {"rounds": 50}),
    "leavers": (("p2p_leavers", *SMALL), {}),
    "no equilibrium": (("wrong_matching",), {}),
    "day": (("p2p_day", "periods=3"), {}),
    "direct": (("p2p_single", *SMALL), {"direct": True}),
    "grid": (("wrong_matching", "deadline=3"), {}),
    "nobody": (("p2p_single", "buyers.count=0"), {}),
}


@pytest.mark.parametrize("case", STORED)
def test_a_stored_run_is_verified_bit_for_bit(tmp_path, case):
    (name, *changes), options = STORED[case]
    result = run(name, set=changes, **options)
    folder = save_result(result, tmp_path)
    found = verify(folder)
    assert found.passed, found.lines
    assert any(line.startswith("pass  same bits") for line in found.lines)
    contracts = pd.read_csv(folder / "contracts.csv")
    assert len(contracts) == len(result.summary()["contracts"])
    agents = pd.read_csv(folder / "agents.csv")
    assert list(agents.columns) == ["agent", "gain_buying", "gain_selling", "cost", "cost_grid_only"]
    assert agents[["gain_buying", "gain_selling"]].to_numpy().sum() == NEAR(result.summary()["welfare"], abs=1e-9)


def test_prices_by_round_carry_the_names_of_their_contracts(tmp_path):
    result = run("p2p_day", set=["periods=10"])
    folder = save_result(result, tmp_path)
    table, last = pd.read_csv(folder / "prices.csv"), result.outcomes[-1]
    ends = {(row["buyer"], row["seller"]) for row in result.summary()["contracts"] if row["period"] == 9}
    assert set(table.columns[1:]) == {f"{i} {j}" for i, j in ends}
    assert list(table["round"]) == list(range(1, last.state.round + 1))
    assert table.iloc[-1, 1:].tolist() == NEAR(last.state.prices.tolist(), abs=1e-12)


def test_a_stored_comparison(tmp_path, three):
    folder = save_comparison(three, tmp_path)
    assert {path.name for path in folder.iterdir()} >= {"runs.csv", "means.csv", "agents.csv", "manifest.json"}
    agents = pd.read_csv(folder / "agents.csv")
    assert list(agents.columns) == ["scenario", "agent", "gain", "saved"]
    assert len(agents) == 3 * 11
