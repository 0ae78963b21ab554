"""Every way to write a bilateral market down gives the market it says, and comes back from its own TOML."""

import csv
import math
from pathlib import Path

import numpy as np
import pytest

import scenarios
from engine import run
from scenarios import build, describe, draw, load
from tests.shipped import names_of
from views.bilateral.words import summary_text

HEAD = 'market = "bilateral"\n'
SIDES = (
    "buyers = { count = 3, demand = { uniform = [1, 5] }, value = { uniform = [0.15, 0.25] } }\n"
    "sellers = { count = 2, supply = { uniform = [1, 5] }, ask = { uniform = [0.05, 0.15] } }\n"
)
GAME = "pair_value = [[5, 7, 2], [8, 9, 3], [2, 6, 0]]\n"
DAY = "prosumer,period,net,value,ask\n0,0,2,0.2,0.1\n1,0,-1,0.3,0.1\n0,1,-1,0.2,0.1\n1,1,0,0.3,0.1\n4,1,3,0.2,0.1\n"
FULL = """
title = "everything a file can say"
market = "bilateral"
contracts = "single"               # single | multi
fair = "tau"
negotiation = { rule = "bilateral", tolerance = 1e-3, relaxation = 1.0, repair = true }
network = { kind = "periodic", drop = 0.0 }
tariff = { buy = 0.25, sell = 0.05 }
buyers = { count = 20, demand = { uniform = [1, 5] }, value = { uniform = [0.15, 0.25] } }
sellers = { count = 20, supply = { uniform = [1, 5] }, ask = { uniform = [0.05, 0.15] } }
preference = { uniform = [-0.03, 0.03] }
fee = 0.0
matching = "optimal"
"""


@pytest.fixture
def write(tmp_path):
    """write(text, **files): the path of a scenario beside files, a name's _ for its dot."""

    def save(text, **files):
        for name, content in files.items():
            (tmp_path / name.replace("_", ".")).write_text(content)
        (tmp_path / "own.toml").write_text(text if "market" in text else HEAD + text)
        return tmp_path / "own.toml"

    return save


def back(scenario, tmp_path):
    """The scenario, checked to come back from its own TOML without any other file."""
    place = tmp_path / "elsewhere"
    place.mkdir(exist_ok=True)
    (place / "scenario.toml").write_text(scenario.to_toml(), encoding="utf-8")
    again = load(place / "scenario.toml")
    assert again.table == {**scenario.table, "name": again.table["name"]}
    assert again.digest() == scenario.digest()
    assert load(scenario) == scenario
    assert describe(again)
    return again


def market(scenario, period=0, replication=0):
    return draw(scenario, replication).game.periods[period].market


FORMS = {
    "as told": FULL,
    "schedule": FULL.replace("repair = true", 'schedule = "disjoint"'),
    "meeting": FULL.replace("repair = true", 'meeting = "cyclic"'),
    "half-space in turn": FULL.replace('"bilateral", tol', '"half-space", meeting = "cyclic", tol', 1),
    "start": FULL.replace("repair = true", 'start = "tau"'),
    "solver": FULL.replace('"bilateral", tol', '"benchmark", solver = "exact", tol', 1),
    "auction": FULL.replace('"optimal"', '"auction"'),
    "matching": FULL.replace('"optimal"', str([*range(19), -1])),
    "links": FULL.replace("periodic", "random") + "link_probability = 0.5\n",
    "phases": FULL + "phases = 2\nlink_probability = 1\n",
    "ring and drop": FULL.replace('"periodic", drop = 0.0', '"ring", drop = 0.9'),
    "deadline": FULL + "deadline = 3\n",
    "leave count": FULL + "leave = { count = 40, round = 2 }\n",
    "leave by number": FULL + "leave = { buyers = [19], sellers = [0, 0] }\n",
    "periods": FULL + "periods = 3\nwarm_start = false\n",
    "multi": FULL.replace('"single" ', '"multi" '),
    "cap": FULL.replace('"single" ', '"multi" ') + "cap = { uniform = [1, 2] }\n",
    "cap inf": FULL.replace('"single" ', '"multi" ') + "cap = inf\n",
    "block": FULL.replace('"single" ', '"multi" ') + "block = 0.5\n",
    "tags": FULL + '[[tag]]\nname = "green"\nshare = 0.4\n[[tag]]\nweight = { normal = [0, 1] }\nsellers = [0, 19]\n',
    "game": GAME,
    "game with a matching": GAME + "matching = [2, 0, 1]\n",
    "game at auction": GAME + 'matching = "auction"\n',
    "game of negative pairs": "pair_value = [[-1, 0], [0, -1]]\n",
    "game of whole numbers": f"pair_value = [[{10**25}, 1]]\n",
    "no rows": "pair_value = []\n",
    "empty rows": "pair_value = [[], []]\n",
    "no buyers": SIDES.replace("count = 3", "count = 0"),
    "no sellers": SIDES.replace("count = 2", "count = 0"),
    "no buyers without numbers": "buyers = { count = 0 }\nsellers = { count = 2, supply = 1, ask = 0.1 }\n",
    "nobody": "buyers = { count = 0 }\nsellers = { count = 0 }\npreference = []\n",
    "empty rows of preference": "buyers = { count = 2, demand = 1, value = 1 }\nsellers = { count = 0 }\n"
    "preference = [[], []]\nfee = []\n",
    "lists": "buyers = { demand = [1, 2], value = 0.2 }\nsellers = { supply = 1, ask = [0.1] }\nfee = [[0], [0.01]]\n",
    "normal and lognormal": SIDES + "preference = { normal = [0, 0.01] }\nfee = { lognormal = [-5, 1] }\n",
    "prosumers": "prosumers = { prosumer = [3, 1], net = [1, -1], value = [0.2, 0.2], ask = [0.1, 0.1] }\n",
    "prosumers by load": "prosumers = { prosumer = [0, 1], load = [1, 0], generation = [0, 1], value = [0.2, 0.2], "
    "ask = [0.1, 0.1] }\n",
    "prosumers with tags": 'prosumers = "day.csv"\n[[tag]]\nsellers = [4]\nweight = [1, 2, 3, 4, 5]\n',
    "first periods": 'prosumers = "day.csv"\nperiods = 1\n',
    "prosumers leave": 'prosumers = "day.csv"\nleave = { buyers = [1], sellers = [4], round = 1 }\n',
    "prosumers at auction": 'prosumers = "day.csv"\nmatching = "auction"\n',
    "prosumers of several contracts": 'prosumers = "day.csv"\ncontracts = "multi"\ncap = 1.5\n',
}


@pytest.mark.share
@pytest.mark.parametrize("form", FORMS)
def test_every_form_runs_and_comes_back_from_its_own_toml(write, tmp_path, form):
    scenario = load(write(FORMS[form], day_csv=DAY), rounds=25)
    again = back(scenario, tmp_path)
    one, other = (run(each, set=["negotiation.tolerance=0.02"]) for each in (scenario, again))
    assert one.status in ("settled", "round-limit", "no-equilibrium")
    assert one.summary() | {"scenario": ""} == other.summary() | {"scenario": ""}


@pytest.mark.parametrize("name", names_of("bilateral"))
def test_every_shipped_file_comes_back_from_its_own_toml(name, tmp_path):
    scenario = load(name)
    assert scenario.title and scenario.source
    back(scenario, tmp_path)


def test_what_is_left_out_is_filled_in(write):
    table = load(write(SIDES)).table
    assert table["tariff"] == {"buy": 0.25, "sell": 0.05}
    assert table["negotiation"] == {
        "rule": "bilateral",
        "tolerance": 1e-3,
        "relaxation": 1.0,
        "repair": True,
        "start": "whole",
        "schedule": "sequential",
        "meeting": "worst",
    }
    assert table["network"] == {"kind": "complete", "drop": 0.0}
    kept = ("contracts", "fair", "matching", "preference", "fee", "warm_start", "rounds", "link_probability", "phases")
    assert [table[key] for key in kept] == ["single", "tau", "optimal", 0.0, 0.0, True, 10_000, 0.3, 3]
    assert not {"cap", "block", "leave", "deadline", "periods", "prosumers", "pair_value", "tag"} & set(table)


def test_a_market_is_the_numbers_written_down(write):
    text = (
        "tariff = { buy = 0.3, sell = 0.02 }\nbuyers = { demand = [1, 2], value = [0.28, 0.4] }\n"
        "sellers = { supply = [3, 4, 5], ask = [0.1, 0.2, 0.01] }\npreference = [[0, 0.1, 0], [0, 0, -0.1]]\n"
        "fee = 0.01\n"
    )
    found = market(load(write(text)))
    np.testing.assert_allclose(found.worth, [[0.27, 0.37, 0.27], [0.29, 0.29, 0.19]], rtol=1e-14)
    np.testing.assert_array_equal(found.cost, [0.1, 0.2, 0.02])
    np.testing.assert_array_equal(found.quantity, [[1, 1, 1], [2, 2, 2]])


def test_tags_add_up_seller_by_seller(write):
    text = SIDES + (
        '[[tag]]\nname = "green"\nweight = [0.01, 0.02, 0.03]\nsellers = [1]\n'
        '[[tag]]\nname = "local"\nweight = 0.1\nsellers = [0, 1]\n[[tag]]\nname = "none"\nshare = 0\nweight = 9\n'
    )
    np.testing.assert_allclose(market(load(write(text))).preference, [[0.1, 0.11], [0.1, 0.12], [0.1, 0.13]])
    all_bear = market(load(write(SIDES + "[[tag]]\nshare = 1\nweight = 2\n")))
    np.testing.assert_array_equal(all_bear.preference, np.full((3, 2), 2.0))


def test_a_matrix_and_columns_can_stand_in_csv_files(write, tmp_path):
    text = (
        'buyers = { demand = { csv = "b.csv", column = "kwh" }, value = { csv = "b.csv", column = "worth" } }\n'
        'sellers = { count = 2, supply = 1, ask = 0.1 }\nfee = { csv = "f.csv" }\n'
    )
    scenario = load(write(text, b_csv="worth,kwh\n0.2,1\n0.3,2\n", f_csv="0,1\n0.01,0.02\n0.03,0.04\n"))
    found = market(back(scenario, tmp_path))
    assert (found.demand.tolist(), found.willingness.tolist()) == ([1, 2], [0.2, 0.3])
    assert found.fee.tolist() == [[0.01, 0.02], [0.03, 0.04]]


# sides that are empty, alone, or gain nothing


@pytest.mark.parametrize("contracts", ["single", "multi"])
@pytest.mark.parametrize("rule", ["bilateral", "tight", "half-space", "corner", "benchmark"])
@pytest.mark.parametrize("sides", [(0, 0), (0, 3), (3, 0)])
def test_an_empty_side_signs_nothing_and_settles(write, sides, rule, contracts):
    m, n = sides
    text = f"buyers = {{ count = {m}, demand = 1, value = 1 }}\nsellers = {{ count = {n}, supply = 1, ask = 0 }}\n"
    text += f'contracts = "{contracts}"\nnegotiation = {{ rule = "{rule}" }}\n'
    for direct in (False, True):
        found = run(write(text), direct=direct).summary()
        assert found["status"] == ("solved" if direct else "settled")
        assert (found["contracts"], found["welfare"], found["gap"], found["violation"]) == ([], 0, 0, 0)
        assert found["outcome"] == {"u": [0] * m, "v": [0] * n}


@pytest.mark.parametrize(
    "rows, sides", [("[]", (0, 0)), ("[[], []]", (2, 0)), ("[[0, 0]]", (1, 2)), ("[[-3]]", (1, 1))]
)
def test_a_game_without_gain(write, rows, sides):
    scenario = load(write(f"pair_value = {rows}"))
    assert scenario.sides == sides
    found = run(scenario).summary()
    assert (found["status"], found["rounds"], found["contracts"], found["welfare"]) == ("settled", 1, [], 0)
    assert tuple(len(found["fair"][side]) for side in "uv") == sides


@pytest.mark.parametrize("rule", ["bilateral", "tight", "half-space", "corner"])
@pytest.mark.parametrize("sides", [(1, 6), (6, 1)])
def test_one_against_many_trades_with_the_best(write, sides, rule):
    m, n = sides
    text = f"buyers = {{ count = {m}, demand = 1, value = {{ uniform = [0.15, 0.25] }} }}\n"
    text += f"sellers = {{ count = {n}, supply = 1, ask = {{ uniform = [0.05, 0.15] }} }}\n"
    found = run(write(text), set=[f"negotiation.rule={rule}"]).summary()
    (contract,), best = found["contracts"], market(load(write(text))).margin
    assert (contract["buyer"], contract["seller"]) == np.unravel_index(best.argmax(), best.shape)
    assert found["status"] == "settled"
    second = np.sort(best.ravel())[-2]
    alone = contract["buyer_gain"] if m == 1 else contract["seller_gain"]
    assert alone >= second - 1e-12  # others would offer it that much


# a user's own prosumers


def test_a_user_s_csv_of_prosumers_runs_without_a_line_of_code(write):
    scenario = load(write('prosumers = "day.csv"', day_csv=DAY))
    assert scenario.sides is None
    game = draw(scenario).game
    assert [(p.buyer.tolist(), p.seller.tolist()) for p in game.periods] == [([1], [0]), ([0], [4])]
    assert (game.agents, game.periods[0].market.demand.tolist(), game.periods[1].market.supply.tolist()) == (
        5,
        [1],
        [3],
    )
    found = run(scenario).summary()
    assert [(row["period"], row["buyer"], row["seller"], row["quantity"]) for row in found["contracts"]] == [
        (0, 1, 0, 1.0),
        (1, 0, 4, 1.0),
    ]
    assert found["welfare"] == pytest.approx(0.15 + 0.10)  # the grid sells for 0.25


ONE_PERIOD = {
    "net": "prosumer,net,value,ask\n7,2,0.2,0.1\n5,-1,0.2,0.1\n",
    "load and generation": "ask,value,generation,load,prosumer\n0.1,0.2,3,1,7\n0.1,0.2,0,1,5\n",
    "bom, crlf and spaces": "\ufeffprosumer, net, value, ask, name\r\n7, 2, 0.2, 0.1, A\r\n5, -1, 0.2, 0.1, B\r\n\r\n",
}


@pytest.mark.parametrize("content", ONE_PERIOD.values(), ids=ONE_PERIOD)
def test_prosumers_of_one_period_keep_their_numbers(write, content):
    found = run(write('prosumers = "day.csv"', day_csv=content)).summary()
    assert [(row["buyer"], row["seller"], row["quantity"]) for row in found["contracts"]] == [(5, 7, 1.0)]
    assert [k for k, gain in enumerate(found["outcome"]["u"]) if gain] == [5]
    assert [k for k, gain in enumerate(found["outcome"]["v"]) if gain] == [7]


def test_tastes_of_prosumers_are_by_prosumer(write):
    taste = np.arange(25).reshape(5, 5).tolist()
    game = draw(load(write(f'prosumers = "day.csv"\npreference = {taste}\n', day_csv=DAY))).game
    assert [period.market.preference.tolist() for period in game.periods] == [[[5.0]], [[4.0]]]


def test_the_shipped_day_is_its_formula():
    with (Path(scenarios.__file__).parent / "data" / "prosumers_day.csv").open() as file:
        rows = [{key: float(value) for key, value in row.items()} for row in csv.DictReader(file)]
    assert [(row["period"], row["prosumer"]) for row in rows] == [(h, k) for h in range(24) for k in range(24)]
    for row in rows:
        h, k = int(row["period"]), int(row["prosumer"])
        shape = 0.7 + 0.3 * math.cos(2 * math.pi * (h - 19) / 24) + 0.15 * math.cos(4 * math.pi * (h - 7) / 24)
        sun = 0.0 if k % 3 == 0 else (0.8 + 0.15 * (5 * k % 11)) * max(0.0, math.sin(math.pi * (h - 6) / 12))
        assert row["load"] == pytest.approx((0.5 + 0.05 * (7 * k % 13)) * shape, abs=5.1e-5)
        assert row["generation"] == pytest.approx(sun, abs=5.1e-5)
        assert row["value"] == pytest.approx(0.16 + 0.005 * (3 * k % 17) if k % 4 == 1 else 0.30, abs=1e-9)
        assert row["ask"] == pytest.approx(0.06 + 0.005 * (2 * k % 15) if k % 5 == 2 else 0.03, abs=1e-9)


# draws


def arrays(found):
    return [getattr(found, name) for name in ("demand", "willingness", "supply", "ask", "preference", "fee")]


def same(one, other):
    return [np.array_equal(a, b) for a, b in zip(arrays(one), arrays(other), strict=True)]


def test_the_same_seed_draws_the_same_bits():
    assert all(same(market(load("p2p_single")), market(load("p2p_single"))))
    assert not any(same(market(load("p2p_single")), market(load("p2p_single", seed=2)))[:5])


def test_draws_fill_their_intervals_and_have_streams_of_their_own():
    found = market(load("p2p_single", set=["fee={ uniform = [0, 1] }", "preference={ uniform = [-1, 1] }"]))
    assert -1 <= found.preference.min() < -0.9 and 0.9 < found.preference.max() <= 1
    assert 0 <= found.fee.min() < 0.1 and 0.9 < found.fee.max() <= 1
    assert abs(np.corrcoef(found.fee.ravel(), found.preference.ravel())[0, 1]) < 0.2


def test_replications_differ_in_every_draw():
    scenario = load("p2p_single")
    assert not any(same(market(scenario), market(scenario, replication=1))[:5])
    assert all(same(market(scenario, replication=1), market(scenario, replication=1)))


CHANGED = {"preference={ uniform = [-0.1, 0.1] }": 4, "fee={ uniform = [0, 0.01] }": 5}


@pytest.mark.parametrize("change", CHANGED)
def test_a_key_s_draws_do_not_touch_the_others(change):
    expected = [number != CHANGED[change] for number in range(6)]
    assert same(market(load("p2p_single")), market(load("p2p_single", set=[change]))) == expected


@pytest.mark.parametrize("key, number", [("buyers.demand", 0), ("buyers.value", 1), ("sellers.supply", 2)])
def test_users_numbers_have_streams_of_their_own(key, number):
    changed = same(market(load("p2p_single")), market(load("p2p_single", set=[f"{key}={{ uniform = [7, 8] }}"])))
    assert changed == [other != number for other in range(6)]


def test_more_buyers_change_no_seller_and_rules_change_nothing():
    one = market(load("p2p_single"))
    assert same(one, market(load("p2p_few_buyers")))[2:4] == [True, True]
    for name in ("p2p_multi", "p2p_corner", "p2p_lost_messages", "p2p_leavers", "p2p_deadline", "p2p_tight"):
        assert all(same(one, market(load(name))))


def test_quantities_are_drawn_anew_in_each_period_and_tastes_stay():
    scenario = load("p2p_single", set=["periods=2"])
    first, second = market(scenario), market(scenario, 1)
    assert same(first, second) == [False, True, False, True, True, True]
    assert all(same(first, market(load("p2p_single"))))


def test_who_leaves_is_drawn_once_and_by_seed():
    gone = [draw(load("p2p_leavers"), k).game.leavers for k in (0, 0, 1)]
    assert gone[0] == gone[1] != gone[2]
    assert gone[0][0] == 5 and len(set(gone[0][1])) == 3


def test_redraws_are_counted_over_all_periods(write):
    text = SIDES.replace("count = 3, demand = { uniform = [1, 5] }", "count = 300, demand = { normal = [0, 1] }")
    one, two = (draw(load(write(text + extra))).redraws["buyers", "demand"] for extra in ("", "periods = 2\n"))
    assert two > one > 100
    assert draw(load(write(SIDES + "fee = { normal = [0, 1] }\n"))).redraws["pair", "fee"] >= 0


def test_the_limit_of_rounds_is_a_period_s(write):
    model = build(write('prosumers = "day.csv"', day_csv=DAY), rounds=1)
    model.run()
    assert [outcome.state.round for outcome in model.outcomes] == [1, 1]


TAG = '[[tag]]\nname = "{}"\nweight = {{ uniform = [0, 0.05] }}\nshare = 0.5\n'


def tastes(path):
    return draw(load(path)).game.periods[0].market.preference


def test_what_a_tag_draws_depends_on_its_name_not_on_its_place(write):
    alone = {name: tastes(write(SIDES + TAG.format(name))) for name in ("green", "local", "")}
    assert len({values.tobytes() for values in alone.values()}) == 3
    for order in (("green", "local", ""), ("", "local", "green"), ("local", "green", "")):
        together = tastes(write(SIDES + "".join(map(TAG.format, order))))
        np.testing.assert_allclose(together, sum(alone.values()), rtol=1e-14)


def test_two_tags_of_one_name_draw_apart(write):
    once, twice = (tastes(write(SIDES + TAG.format("green") * k)) for k in (1, 2))
    assert not np.allclose(twice, 2 * once)


@pytest.mark.parametrize("form", ['"pref.csv"', '{ csv = "pref.csv" }'])
def test_a_matrix_may_be_the_name_of_a_file(write, tmp_path, form):
    path = write(f"preference = {form}\n" + SIDES, pref_csv="0,1\n1,2\n3,4\n5,6\n")
    scenario = back(load(path), tmp_path)
    np.testing.assert_array_equal(draw(scenario).game.periods[0].market.preference, [[1, 2], [3, 4], [5, 6]])


NAMED = """prosumer,period,net,value,ask
house 2,2024-01-01 01:00,-1,0.3,0.1
house 1,2024-01-01 00:00,1,0.3,0.1
house 1,2024-01-01 01:00,2,0.3,0.1
house 2,2024-01-01 00:00,-1,0.3,0.1
"""
NUMBERED = "prosumer,period,net,value,ask\n0,1,-1,0.3,0.1\n1,0,1,0.3,0.1\n1,1,2,0.3,0.1\n0,0,-1,0.3,0.1\n"


def test_names_of_people_and_times_are_kept_and_count_like_numbers(write, tmp_path):
    """The market is that of the numbers; names and times stand beside it, in the result and in what is printed."""
    named = load(write('prosumers = "day.csv"', day_csv=NAMED))
    numbered = load(write('prosumers = "day.csv"', day_csv=NUMBERED))
    columns = named.table["prosumers"]
    assert columns["names"] == ("house 2", "house 1")
    assert columns["times"] == ("2024-01-01 00:00", "2024-01-01 01:00")
    assert {key: value for key, value in columns.items() if key not in ("names", "times")} == numbered.table[
        "prosumers"
    ]
    (tmp_path / "stored.toml").write_text(named.to_toml(), encoding="utf-8")
    assert load(tmp_path / "stored.toml").table["prosumers"] == columns
    found, plain = run(named).summary(), run(numbered).summary()
    assert (found.pop("names"), found.pop("times")) == (["house 2", "house 1"], list(columns["times"]))
    assert found == plain
    assert "house 1" in summary_text(run(named).summary()) and "2024-01-01 01:00" in summary_text(run(named).summary())
