"""Networks that ship clear at the costs and prices that others published, by a plain programme of angles."""

from pathlib import Path

import cvxpy as cp
import numpy as np
import pytest

from scenarios.grid import nodal_tables
from scenarios.grid.nodal_tables import grid_of, read_network, spelt_out
from scenarios.reading.errors import Place, ScenarioError
from scenarios.reading.schema import read_table

HERE = Place("my.toml", Path())


def read(table):
    return read_network(read_table(table, nodal_tables.KEYS, "network", HERE), HERE)


def cleared(grid):
    """(Cost, prices) of least-cost DC dispatch in nodes' angles, without elastic demand."""
    lines, gens = grid.lines, grid.generators
    angle, output = cp.Variable(grid.nodes), cp.Variable(len(gens))
    turned = angle[lines.tail] - angle[lines.head] - np.radians(lines.shift)
    flow = grid.power * cp.multiply(lines.susceptance, turned)
    ends, at = np.zeros((grid.nodes, len(lines))), np.zeros((grid.nodes, len(gens)))
    ends[lines.tail, range(len(lines))] = 1
    ends[lines.head, range(len(lines))] = -1
    at[gens.node, range(len(gens))] = 1
    limited = np.flatnonzero(np.isfinite(lines.limit))
    balance = ends @ flow == at @ output - grid.demand
    bounds = [angle[0] == 0, output >= gens.least, output <= gens.capacity]
    limits = [cp.abs(flow[limited]) <= lines.limit[limited]]
    cost = gens.cost @ output + cp.sum(cp.multiply(gens.rise / 2, cp.square(output)))
    programme = cp.Problem(cp.Minimize(cost), [balance, *bounds, *limits])
    programme.solve(solver=cp.CLARABEL)
    return programme.value, balance.dual_value


PUBLISHED = {
    "five_bus": (17479.8969, [16.9774, 26.3845, 30, 39.9427, 10]),
    # By bus 1, 2, 30, 4 to 9 in the file's order.
    "nine_bus": (6392.9017, [19.6598, 24.035, 15, 19.6598, 18.0235, 15, 25.3156, 24.035, 21.1715]),
    "rts_24": (61001.24, None),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_shipped_case_clears_as_published(name):
    cost, prices = PUBLISHED[name]
    table = read({"case": name})
    found, dual = cleared(grid_of(table, HERE))
    assert found + spelt_out(table).get("fixed_cost", 0.0) == pytest.approx(cost, abs=6e-3 if prices is None else 5e-4)
    if prices is not None:
        np.testing.assert_allclose(np.abs(dual), prices, atol=1e-4)


@pytest.mark.parametrize("name", nodal_tables.CASES)
def test_a_shipped_case_has_a_place_for_every_node(name):
    grid = grid_of(read({"case": name}), HERE)
    assert grid.positions.shape == (grid.nodes, 2)
    assert len(np.unique(grid.positions, axis=0)) == grid.nodes


def test_changes_to_a_case():
    table = read(
        {"case": "five_bus", "line_limits": {"4-5": 300.0, "1-2": float("inf")}, "demand_scale": 0.5, "hub": "4"}
    )
    grid = grid_of(table, HERE)
    assert grid.lines.limit.tolist() == [np.inf, np.inf, np.inf, np.inf, np.inf, 300]
    assert grid.demand.tolist() == [0, 150, 150, 200, 0]
    assert grid.hub_weights.tolist() == [0, 0, 0, 1, 0]
    assert table["value_of_lost_load"] == 1000 and table["least_rise"] == 0.01


NODES = [{"name": "a", "demand": 5.0}, {"name": "b"}]
LINES = [{"from": "a", "to": "b", "x": 0.5}]
GENERATORS = [{"node": "b", "capacity": 9.0, "cost": 3.0}]
GOOD = {"node": NODES, "line": LINES, "generator": GENERATORS}


def with_row(key, **changes):
    (row,) = GOOD[key][-1:]
    return GOOD | {key: [*GOOD[key][:-1], row | changes]}


BROKEN = [
    ({}, ("network.node: is missing", "five_bus")),
    ({"case": "five_busses"}, ('did you mean "five_bus"?',)),
    ({"case": "none.m"}, ("cannot read 'none.m'", "No such file")),
    ({"case": "none.toml"}, ("cannot read 'none.toml'",)),
    (GOOD | {"case": "five_bus"}, ("network.node: goes with a network that is spelt out",)),
    (with_row("node", name="a"), ("network.node.1.name: 'a' is another node's too",)),
    (with_row("node", position=[1.0, 2.0]), ("network.node.0.position: is missing",)),
    (with_row("node", elastic=[1.0]), ("network.node.1.elastic", "price at no demand")),
    (with_row("node", elastic=[5000.0, 1.0]), ("price(=5000)", "value_of_lost_load(=1000)")),
    (with_row("line", limit=-1.0), ("network.line.0.limit: got -1.0", ">= 0")),
    (with_row("line", x=0.0), ("network.line.0.x: got 0",)),
    (with_row("line", to="c"), ("network.line.0.to: there is no node 'c'", "a or b is needed")),
    (with_row("line", to="a"), ("network.line.0.to: got 'a', as from",)),
    (with_row("line", ratio=0.0), ("network.line.0.ratio: got 0.0",)),
    (with_row("generator", node="bb"), ("network.generator.0.node: there is no node 'bb'", 'did you mean "b"?')),
    (with_row("generator", capacity=float("inf")), ("generator 0: capacity(=inf)", "at node b")),
    (with_row("generator", least=10.0), ("generator 0: least(=10)", "at node b")),
    (with_row("generator", cost=2000.0), ("value_of_lost_load(=1000)", "at node b")),
    (GOOD | {"least_rise": 0.0}, ("rise(=0)", "least_rise is 0")),
    (GOOD | {"line": []}, ("network.line: got none",)),
    ({"node": NODES, "generator": GENERATORS}, ("demand(=5)", "island without supply", "a")),
    (GOOD | {"hub": "c"}, ("network.hub: there is no node 'c'",)),
    (GOOD | {"line_limits": {"b-a": 1.0}}, ("network.line_limits.b-a: there is no such line", 'did you mean "a-b"?')),
    (GOOD | {"line_limits": {"a-b": -1.0}}, ("network.line_limits.a-b: got -1.0",)),
    (GOOD | {"line_limits": 3.0}, ("network.line_limits: got 3.0", "{ NAME = number }")),
    (GOOD | {"demand_scale": -1.0}, ("network.demand_scale: got -1.0",)),
    (
        GOOD | {"generator": [*GENERATORS * 2, {"node": "a", "capacity": 1.0}]},
        ("network.generator.2.cost: is missing",),
    ),
    (
        {"node": NODES, "line": LINES, "generator": [{**GENERATORS[0], "name": "g", "cost": c} for c in (3.0, 1.0)]},
        ("generator 1: cost(=1)", "no less than the piece before"),
    ),
]


@pytest.mark.parametrize(("table", "words"), BROKEN, ids=lambda part: None)
def test_a_broken_network_is_one_line(table, words):
    with pytest.raises(ScenarioError) as refused:
        place = HERE.at("network")
        read_network(read_table(table, nodal_tables.KEYS, "network", place), place)
    said = str(refused.value)
    assert said.startswith("my.toml: network") and "\n" not in said
    for word in words:
        assert word in said, said


def test_a_file_holds_its_tables_with_or_without_the_word_network(tmp_path):
    plain = 'node = [{ name = "a" }]\ngenerator = [{ node = "a", capacity = 2, cost = 1 }]\n'
    (tmp_path / "plain.toml").write_text(plain)
    (tmp_path / "headed.toml").write_text("".join(f"network.{line}\n" for line in plain.splitlines()))
    place = Place("my.toml", tmp_path)
    plain, headed = (read_network({"case": f"{name}.toml"}, place) for name in ("plain", "headed"))
    assert plain == headed and plain["generator"][0]["capacity"] == 2
    assert "case" not in plain


def test_rows_of_one_name_are_one_generator():
    grid = grid_of(read({"case": "nine_bus"}), HERE)
    assert grid.generators.unit.tolist() == [0, 0, 0, 1, 1, 2]
