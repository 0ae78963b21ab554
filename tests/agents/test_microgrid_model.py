"""The microgrid's model as a notebook user meets it: trades appear one by one, agents are views, endings tell why."""

import mesa
import networkx as nx
import numpy as np
import pytest
from mesa.discrete_space import Network as Space

from agents import GridOperator, MicrogridModel, MicrogridNode, PrivateLine, PublicLine
from market.outcome import Status
from scenarios import build, draw, load

COLUMNS = ["round", "period", "status", "loss", "public_loss", "private_loss", "grid_supply", "gap", "payments"]
ARRAYS = ("g", "f", "p")
BEHAVIOURS = ("none", "self-interested", "cooperative", "integrated")
CHAIN = """
market = "microgrid"
behaviour = "ad-hoc"
network = { injection = [0, 1, -1, 1, -1, 1, -1], public = [[0, 1, 0.1, 0.1], [0, 2, 0.1, 0.1], [0, 3, 0.1, 0.1],
    [0, 4, 0.1, 0.1], [0, 5, 0.1, 0.1], [0, 6, 0.1, 0.1]], private = [[5, 6, 0.01, 3.0], [4, 3, 0.01, 1.0],
    [1, 2, 0.01, 2.0], [1, 6, 0.01, 0.5]] }
"""
CUT_OFF = """
market = "microgrid"
behaviour = "ad-hoc"
[network]
injection = [0, 1, -1, 1, -1]
public = [[0, 1, 0.1, 0.1], [0, 3, 0.1, 0.1], [0, 4, 0.1, 0.1]]
private = [[3, 4, 0.1, 1.0], [1, 2, 0.1, 2.0]]
"""


@pytest.fixture
def model():
    return build("eight_nodes_ad_hoc")


def stepped(name, **options):
    """The model of a scenario stepped to its end, with the dispatch after every round."""
    model, seen = build(name, **options), []
    while model.running:
        model.step()
        seen.append(model.dispatch)
    return model, seen


def trades(dispatch):
    """Numbers of the private lines in use."""
    return set(np.flatnonzero(dispatch.g).tolist())


# line by line


@pytest.mark.share
@pytest.mark.parametrize("losses", ["priced", "lossy"])
@pytest.mark.parametrize("pace", [1, 2, 7])
@pytest.mark.parametrize("name", ["eight_nodes_ad_hoc", "ieee300_ad_hoc"])
def test_ad_hoc_trade_ends_where_the_direct_dispatch_does(name, pace, losses):
    model, seen = stepped(name, set=[f"lines_per_round={pace}", f"losses={losses}"])
    direct = model.market.dispatch(model.network)
    assert model.status == Status.SETTLED
    for array in ARRAYS:
        np.testing.assert_array_equal(getattr(model.dispatch, array), getattr(direct, array))
    assert (model.dispatch.loss, model.gap) == (direct.loss, direct.gap)
    assert model.round == len(seen) == -(-len(trades(direct)) // pace)
    assert len(trades(direct)) > 1


def test_trades_appear_one_after_another_nearest_first(write):
    model, seen = stepped(write(CHAIN))
    assert [trades(dispatch) for dispatch in seen] == [{3}, {3, 1}]
    assert seen[0].g.tolist() == [0, 0, 0, 1]
    assert seen[1].g.tolist() == [0, -1, 0, 1]  # from 3, the head, to 4
    assert model.dispatch.gap == 0


def test_so_many_lines_a_round(write):
    _, seen = stepped("ieee300_ad_hoc", set=["lines_per_round=7"])
    used = [len(trades(dispatch)) for dispatch in seen]
    assert used[:-1] == list(range(7, 7 * len(used), 7))
    assert 7 * (len(used) - 1) < used[-1] <= 7 * len(used)
    assert all(before < after for before, after in zip(map(trades, seen), map(trades, seen[1:]), strict=False))


def test_what_traded_before_stays_as_it_was():
    _, (first, second) = stepped("eight_nodes_ad_hoc")
    assert (trades(first), trades(second)) == ({0}, {0, 2})
    assert first.g[0] == second.g[0] > 1


def test_large_networks_trade_several_lines_a_round_by_default():
    model, _ = stepped("ieee300_ad_hoc", set=["private.density=log(n)/n"])
    assert len(model.network.private) > 500
    assert model.owners.trades == -(-len(model.network.private) // 50)
    assert model.round <= 50
    assert build("eight_nodes_ad_hoc").owners.trades == 1


def test_the_round_limit_ends_trade_in_the_middle():
    model, seen = stepped("eight_nodes_ad_hoc", rounds=1)
    assert (model.status, model.round, model.outcomes) == (Status.ROUND_LIMIT, 1, [])
    assert trades(seen[-1]) == {0}
    assert model.gap > 0.1  # the other pair could still gain


def test_trade_done_in_the_last_round_allowed_is_settled():
    assert stepped("eight_nodes_ad_hoc", rounds=2)[0].status == Status.SETTLED


def test_nothing_to_trade_takes_one_round():
    model, (only,) = stepped("eight_nodes_ad_hoc", set=["injection=[0, -1, -1, -1, -1, -1, -1, -1]"])
    assert (model.status, model.round, trades(only)) == (Status.SETTLED, 1, set())


def test_a_node_cut_off_until_its_own_trade_comes_settles(write):
    model, (first, second) = stepped(write(CUT_OFF))
    assert (first.status, first.unserved, first.loss) == (Status.INFEASIBLE, (2,), None)
    assert (model.status, second.unserved, model.outcome.status) == (Status.SETTLED, (), Status.SOLVED)
    assert second.g.tolist() == [1, 1]
    table = model.datacollector.get_model_vars_dataframe()
    assert np.isnan(table["loss"].iloc[0]) and table["loss"].iloc[1] == pytest.approx(0.2)


def test_a_network_nobody_can_serve_ends_infeasible_and_names_the_nodes(write):
    for behaviour in ("none", "ad-hoc", "self-interested", "cooperative", "integrated"):
        text = CUT_OFF.replace("[1, 2, 0.1, 2.0]", "[1, 3, 0.1, 2.0]").replace('"ad-hoc"', f'"{behaviour}"')
        model, seen = stepped(write(text))
        assert (model.status, seen[-1].unserved, model.gap) == (Status.INFEASIBLE, (2,), None)
        assert model.nodes[2].put_in is model.nodes[2].price is model.nodes[2].payment is model.nodes[2].gain is None
        assert [line.flow for line in model.lines] == [line.loss for line in model.lines] == [None] * len(model.lines)


# all at once, and period by period


@pytest.mark.parametrize("behaviour", BEHAVIOURS)
def test_who_decides_at_once_needs_one_round(behaviour):
    model, (only,) = stepped("eight_nodes_ad_hoc", set=[f"behaviour={behaviour}"])
    direct = model.market.dispatch(model.network)
    assert (model.status, model.round) == (Status.SETTLED, 1)
    np.testing.assert_array_equal(only.g, direct.g)
    np.testing.assert_array_equal(only.f, direct.f)


@pytest.mark.parametrize("behaviour", ["ad-hoc", *BEHAVIOURS])
def test_a_round_is_a_period(behaviour):
    options = ["losses=priced", "payments=tariff", f"behaviour={behaviour}"]
    model = build("eight_nodes_day", set=options)
    while model.running:
        model.step()
        assert model.period == model.round - 1 == len(model.outcomes) - 1
        np.testing.assert_array_equal(model.network.injection[1:], model.market.profile[model.period][1:])
        assert [node.injection for node in model.nodes] == model.network.injection.tolist()
        direct = model.market.dispatch(model.market.at(model.period))
        np.testing.assert_array_equal(model.dispatch.f, direct.f)
    assert (model.status, model.round, len(model.outcomes)) == (Status.SETTLED, 24, 24)
    assert model.gap == max(outcome.dispatch.gap for outcome in model.outcomes)


def test_the_round_limit_cuts_a_day_short():
    model, seen = stepped("eight_nodes_day", rounds=3, set=["losses=priced"])
    assert (model.status, len(model.outcomes), len(seen)) == (Status.ROUND_LIMIT, 3, 3)


def test_one_period_nobody_can_serve_makes_the_day_infeasible(write):
    day = "[[0, 1, -1], [0, 1, -100], [0, 1, -1]]"
    text = f'market = "microgrid"\nlosses = "lossy"\nnetwork = {{ injection = {day}, public = [[0, 1, 0.01, 0.1], '
    model, seen = stepped(write(text + "[1, 2, 0.01, 0.1]] }"))
    assert [dispatch.unserved for dispatch in seen] == [(), (2,), ()]
    assert (model.status, model.gap, model.round) == (Status.INFEASIBLE, None, 3)


# agents


def test_nothing_has_happened_before_the_first_round(model):
    assert (model.round, model.period, model.status, model.running) == (0, 0, Status.RUNNING, True)
    assert model.outcome is model.dispatch is model.gap is None
    assert model.nodes[1].injection == 3
    assert model.nodes[1].put_in is model.nodes[1].price is model.nodes[1].payment is model.nodes[1].gain is None
    assert model.lines[0].flow is model.lines[0].loss is None
    assert model.datacollector.get_model_vars_dataframe().empty


@pytest.mark.parametrize("name", ["eight_nodes_cooperative", "eight_nodes_ad_hoc", "who_joins_whom", "ieee300_none"])
def test_nodes_are_views_on_the_outcome(name):
    model, _ = stepped(name)
    outcome, nodes = model.outcome, model.nodes
    assert [node.number for node in nodes] == list(range(model.network.nodes))
    assert [node.injection for node in nodes] == model.network.injection.tolist()
    assert [node.put_in for node in nodes] == outcome.dispatch.p.tolist()
    assert [node.payment for node in nodes] == outcome.payments.agents.tolist()
    assert [node.gain for node in nodes] == (outcome.payments.agents - outcome.idle).tolist()
    prices = [None] * len(nodes) if outcome.dispatch.prices is None else outcome.dispatch.prices.tolist()
    assert [node.price for node in nodes] == prices
    assert (outcome.dispatch.prices is None) == (name == "eight_nodes_ad_hoc")


@pytest.mark.parametrize("name", ["eight_nodes_cooperative", "ieee300_integrated"])
def test_lines_are_views_on_the_outcome(name):
    model, _ = stepped(name)
    for kind, flows, agents in (("public", "f", PublicLine), ("private", "g", PrivateLine)):
        lines, found = getattr(model.network, kind), list(model.agents_by_type[agents])
        assert [line.ends for line in found] == list(zip(lines.tail.tolist(), lines.head.tolist(), strict=True))
        assert [line.flow for line in found] == getattr(model.dispatch, flows).tolist()
        assert sum(line.loss for line in found) == pytest.approx(getattr(model.dispatch, f"{kind}_loss"), rel=1e-12)
    assert len(model.lines) == len(model.network.public) + len(model.network.private)


def test_agents_by_type(model):
    counts = {kind.__name__: len(agents) for kind, agents in model.agents_by_type.items()}
    assert counts == {"MicrogridNode": 8, "PublicLine": 8, "PrivateLine": 3, "GridOperator": 1, "Neighbours": 1}
    assert isinstance(model.operator, GridOperator)


def test_very_many_lines_have_no_agents_of_their_own():
    model = build("ieee300_ad_hoc", set=["private.density=0.3"])
    assert len(model.network.private) > 10_000
    assert model.lines == []
    model.step()
    assert model.dispatch.loss > 0


def test_the_grid_is_a_mesa_network_with_a_node_in_each_cell(model):
    assert isinstance(model, mesa.Model)
    assert isinstance(model.grid, Space)
    assert len(model.grid.all_cells) == 8
    assert {cell.coordinate: [agent.number for agent in cell.agents] for cell in model.grid.all_cells} == {
        number: [number] for number in range(8)
    }
    neighbours = {agent.number for cell in model.nodes[1].cell.neighborhood for agent in cell.agents}
    assert neighbours == {0, 2, 4}  # public lines to 0 and 4, a private one to 2
    assert nx.number_of_edges(model.grid.G) == 11


# what is collected


@pytest.mark.parametrize("name", ["eight_nodes_ad_hoc", "who_joins_whom"])
def test_the_collected_table_has_a_row_a_round_and_the_promised_columns(name):
    model, seen = stepped(name)
    table = model.datacollector.get_model_vars_dataframe()
    assert list(table.columns) == COLUMNS
    assert list(table["round"]) == list(range(1, model.round + 1))
    for column in ("loss", "public_loss", "private_loss", "grid_supply", "gap"):
        assert list(table[column]) == [getattr(dispatch, column) for dispatch in seen]
    last = table.iloc[-1]
    assert (last["status"], last["payments"]) == ("settled", model.outcome.payments.agents.sum())
    nodes = model.datacollector.get_agenttype_vars_dataframe(MicrogridNode).xs(model.round, level="Step")
    assert list(nodes.columns) == ["put_in", "price", "payment", "gain"]
    np.testing.assert_array_equal(nodes["put_in"], model.dispatch.p)
    np.testing.assert_array_equal(nodes["payment"], model.outcome.payments.agents)


# use


def test_a_step_after_the_end_does_nothing():
    model, _ = stepped("eight_nodes_ad_hoc")
    before = (model.round, model.outcome, len(model.datacollector.get_model_vars_dataframe()))
    model.step()
    assert (model.round, model.outcome, len(model.datacollector.get_model_vars_dataframe())) == before
    assert model.run() == Status.SETTLED


def test_the_few_lines_of_a_notebook():
    model = build("eight_nodes_cooperative", set=["behaviour=ad-hoc", "payments=tariff"], seed=3)
    model.step()
    assert model.nodes[2].put_in == pytest.approx(0, abs=1e-12)
    assert model.run() == "settled"
    assert (model.round, round(model.dispatch.loss, 4)) == (2, 0.4330)


def test_a_model_of_a_market_drawn_before():
    scenario = load("eight_nodes_ad_hoc")
    game = draw(scenario).game
    for model in (MicrogridModel(game, rounds=5), MicrogridModel(game, lines_per_round=2)):
        model.run()
        assert model.market is game
        assert trades(model.dispatch) == {0, 2}
    assert build(scenario, drawn=draw(scenario), lines_per_round=2).owners.trades == 2


@pytest.mark.parametrize("name", ["ieee300_ad_hoc", "ieee300_cooperative"])
def test_the_same_seed_gives_the_same_bits(name):
    (one, _), (same, _), (other, _) = (stepped(name, seed=seed) for seed in (5, 5, 6))
    for array in ARRAYS:
        np.testing.assert_array_equal(getattr(one.dispatch, array), getattr(same.dispatch, array))
    assert len(one.network.private) != len(other.network.private)
