"""Scenarios of the aggregator market on a network: what their files say, and one line for what cannot be used."""

import json

import numpy as np
import pytest

import run
from market.aggregator.network.producers import Producers
from scenarios import draw, load
from scenarios.loading import keys_of
from scenarios.markets import MARKETS, TOLD_BY, market_of, named
from tests.scenarios.refusals import check, refusal

GOOD = """market = "aggregator"
network = { case = "five_bus" }
[[group]]
name = "homes"
kind = "aggregator"
users = 4
count = 2
nodes = { 2 = 0.25, 3 = 0.75 }
anticipates = "energy"
utility = { form = "quadratic", a = { uniform = [1, 2] }, b = 60 }
[[group]]
name = "centre"
kind = "large"
node = 4
utility = { form = "quadratic", a = 0.1, size = "small-users" }
[[group]]
name = "plant"
kind = "producer"
node = "1"
capacity = [10, { N }]
cost = { uniform = [10, 20] }
""".replace("{ N }", "20")
ISLANDS = """market = "aggregator"
[[network.node]]
name = "a"
[[network.node]]
name = "b"
[[network.generator]]
node = "a"
capacity = 5
cost = 1
[[group]]
name = "g"
kind = "direct"
users = 1
node = "b"
utility = { form = "quadratic", a = 1, b = 5 }
"""


def test_a_network_makes_another_market_of_the_same_word(written):
    scenario = load(written(GOOD))
    assert scenario.market == "network" and scenario.table["market"] == "aggregator"
    assert market_of({"market": "aggregator"}) == "aggregator"
    assert market_of({"market": "microgrid", "network": {}}) == "microgrid"
    assert "network" not in named() and set(TOLD_BY.values()) <= set(MARKETS)
    choice = next(key for key in keys_of("network") if key.path == "market")
    assert choice.range == tuple(named())


def test_what_is_drawn(written):
    scenario = load(written(GOOD), seed=3)
    game = draw(scenario).game
    assert [block.name for block in game.blocks] == ["homes", "centre", "plant"]
    assert (game.players, game.users, game.conducts) == (5, 5, ("energy", "network", "network"))
    assert [place.tolist() for place in game.places] == [[0, 0.25, 0.75, 0, 0], [0, 0, 0, 1, 0], [1, 0, 0, 0, 0]]
    homes, centre, plant = game.blocks
    assert isinstance(plant, Producers) and plant.capacity.tolist() == [10, 20] and plant.rise.tolist() == [0, 0]
    assert np.all((plant.cost >= 10) & (plant.cost <= 20)) and plant.cost[0] != plant.cost[1]
    # The large one is as large as all small users, producers left out.
    assert float(centre.utility.b[0] / centre.utility.a[0]) == pytest.approx(np.sum(homes.utility.b / homes.utility.a))
    y = np.array([4.0, 8.0, 5.0, 1.0, 2.0])
    np.testing.assert_allclose(game.taken(y) - game.grid.demand, [0, 3, 9, 5, 0])
    np.testing.assert_allclose(game.put_in(y), [3, 0, 0, 0, 0])
    np.testing.assert_allclose(game.prices_of(np.arange(5.0)), [1.75, 1.75, 3, 0, 0])


def test_draws_are_those_of_the_market_without_a_network(written):
    plain = GOOD[: GOOD.index('[[group]]\nname = "centre"')].replace('network = { case = "five_bus" }\n', "")
    plain = plain.replace('nodes = { 2 = 0.25, 3 = 0.75 }\nanticipates = "energy"\n', "")
    without = draw(load(written('price = { rule = "linear", c = 1 }\n' + plain, "plain.toml"))).game.blocks[0]
    with_one = draw(load(written(GOOD))).game.blocks[0]
    np.testing.assert_array_equal(without.utility.a, with_one.utility.a)


def test_a_scenario_written_out_is_the_same(written, tmp_path):
    (tmp_path / "net.m").write_text((run.Path(run.__file__).parent / "examples" / "five_bus.m").read_text())
    for text in (GOOD, GOOD.replace("five_bus", "net.m"), ISLANDS.replace('node = "b"\nut', 'node = "a"\nut')):
        scenario = load(written(text))
        assert load(written(scenario.to_toml())).table == scenario.table
        assert load(written(scenario.given_toml())).table == scenario.table
        assert load(scenario, seed=5).with_seed(1) == scenario


@pytest.mark.parametrize("change", ["group.centre.node=2", 'group.centre.node="2"'])
def test_a_node_may_be_a_number(written, change):
    assert load(written(GOOD), set=[change]).groups[1].shares == {"2": 1.0}


def test_limits_are_set_from_the_command_line(written):
    grid = load(written(GOOD), set=['network.line_limits."4-5"=100', "network.line_limits.1-2=inf"]).grid
    assert grid.lines.limit.tolist() == [np.inf] * 5 + [100]


def test_show_tells_the_network(written, capsys):
    assert run.main(["show", str(written(GOOD))]) == 0
    said = capsys.readouterr().out
    check(said, ['network.case = "five_bus"', "group.0.nodes = { 2 = 0.25, 3 = 0.75 }", "network, energy or nothing"])


BROKEN = {
    "price": (GOOD.replace("[[", 'price = { rule = "linear", c = 1 }\n[[', 1), ["price: does not go with a network"]),
    "joining": (GOOD.replace("[[", "joining = { direct = true }\n[[", 1), ["joining: does not go with a network"]),
    "no network": (GOOD.replace('network = { case = "five_bus" }\n', ""), ["price: is missing"]),
    "case": (GOOD.replace("five_bus", "fivebus"), ["network.case: got 'fivebus'", 'did you mean "five_bus"?']),
    "no node": (GOOD.replace("node = 4\n", ""), ["group.centre.node: is missing", "nodes with shares"]),
    "both": (GOOD.replace("node = 4", "node = 4\nnodes = { 4 = 1 }"), ["group.centre: got both node and nodes"]),
    "unknown node": (GOOD.replace("node = 4", 'node = "44"'), ["group.centre.node: there is no node '44'", '"4"?']),
    "unknown nodes": (GOOD.replace("{ 2 = 0.25", "{ 9 = 0.25"), ["group.homes.nodes: there is no node '9'"]),
    "shares": (GOOD.replace("0.75", "0.7"), ["group.homes.nodes: the shares add to 0.95", "must add to 1"]),
    "negative share": (GOOD.replace("0.25", "-0.25").replace("0.75", "1"), ["group.homes.nodes.2: got -0.25"]),
    "share above": (GOOD.replace("0.75", "1.75"), ["group.homes.nodes.3: got 1.75", "<= 1"]),
    "shares as text": (GOOD.replace("{ 2 = 0.25, 3 = 0.75 }", '"2"'), ["group.homes.nodes: got '2'", "NAME = number"]),
    "conduct": (GOOD.replace('"energy"', '"enrgy"'), ["group.homes.anticipates", 'did you mean "energy"?']),
    "kind": (GOOD.replace('"producer"', '"producers"'), ["group.plant.kind", 'did you mean "producer"?']),
    "producer's utility": (
        GOOD + 'utility = { form = "quadratic", a = 1, b = 1 }\n',
        ["group.plant.utility: does not belong to kind = 'producer'"],
    ),
    "producer's users": (GOOD + "users = 2\n", ["group.plant.users: does not belong to kind = 'producer'"]),
    "user's cost": (GOOD.replace("node = 4\n", "node = 4\ncost = 3\n"), ["group.centre.cost: does not belong"]),
    "no cost": (GOOD.replace("cost = {", "# {"), ["group.plant.cost: is missing"]),
    "no capacity": (GOOD.replace("[10, 20]", "0"), ["group.plant.capacity: got 0", "> 0"]),
    "negative rise": (GOOD + "rise = -1\n", ["group.plant.rise: got -1"]),
    "counts": (GOOD + "count = 3\n", ["group.plant.capacity: 2 values, but count says 3"]),
    "names": (GOOD.replace('"centre"', '"homes"'), ["'homes' is the name of another group too"]),
    "island": (ISLANDS, ["group.g.node: node 'b' is on an island without supply"]),
    "limits": (GOOD.replace('"five_bus"', '"five_bus", line_limits = { 4-5 = -1 }'), ["line_limits.4-5: got -1"]),
    "no line": (GOOD.replace('"five_bus"', '"five_bus", line_limits = { 4-6 = 1 }'), ["line_limits.4-6: there is no"]),
    "hub": (GOOD.replace('"five_bus"', '"five_bus", hub = "A"'), ["network.hub: there is no node 'A'"]),
    "scale": (GOOD.replace('"five_bus"', '"five_bus", demand_scale = -1'), ["network.demand_scale: got -1"]),
    "least rise": (
        GOOD.replace('"five_bus"', '"five_bus", least_rise = 0'),
        ["network: generator 0", "least_rise is 0"],
    ),
    "lost load": (GOOD.replace('"five_bus"', '"five_bus", value_of_lost_load = 20'), ["value_of_lost_load(=20)"]),
    "a text": (GOOD.replace('{ case = "five_bus" }', '"five_bus"'), ["network: got 'five_bus'", "a table is needed"]),
    "no .m": (GOOD.replace("five_bus", "none.m"), ["network.case: cannot read 'none.m'"]),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_cannot_be_used_is_one_line(name, written):
    text, words = BROKEN[name]
    check(refusal(lambda: load(written(text))), ["my.toml: ", *words])


def test_reactances_that_cancel_are_refused_before_anything_runs(written):
    rows = "".join(f'[[network.line]]\nfrom = "a"\nto = "b"\nx = {x}\n' for x in (1, -1))
    scenario = load(written(ISLANDS.replace("[[group]]", f"{rows}[[group]]", 1)))
    check(refusal(lambda: draw(scenario)), ["network: ", "cancel"])


def test_a_producer_is_supply_on_an_island(written):
    producer = '[[group]]\nname = "p"\nkind = "producer"\nnode = "b"\ncapacity = 1\ncost = 0\n'
    assert load(written(ISLANDS + producer)).market == "network"


def test_kinds_may_be_chosen_anew(written):
    scenario = load(written(GOOD), set=["group.plant.kind=large", 'group.plant.utility={form="quadratic",a=1,b=50}'])
    assert scenario.groups[2].users == 1 and "capacity" not in scenario.table["group"][2]
    other = load(written(GOOD), set=["group.centre.kind=producer", "group.centre.capacity=5", "group.centre.cost=3"])
    assert other.groups[1].count == 1 and "utility" not in other.table["group"][1]


def test_json_says_the_market_that_files_name(written, capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert run.main(["run", str(written(GOOD)), "--rounds", "1", "--json", "--no-plots"]) == 0
    assert json.loads(capsys.readouterr().out)["market"] == "aggregator"
