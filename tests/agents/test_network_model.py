"""The network market as Mesa agents: who decides, what can be seen of the grid, seats of one's own."""

import numpy as np
import pytest

from agents import NetworkModel
from agents.network.players import Generator, GridLine, GridNode, Producer
from agents.seats import Player, SeatError
from market.outcome import Status
from scenarios import build, draw, load


class Stubborn(Player):
    """Buys or sells the same in every round."""

    def decide(self):
        return 2.0


def test_nodes_lines_and_generators_show_the_last_clearing():
    model = build("data_centre_five_bus", rounds=2)
    assert isinstance(model, NetworkModel) and model.cleared.demand.tolist() == [0, 300, 300, 400, 0]
    before = [node.price for node in model.nodes]
    model.step()
    cleared = model.outcome.cleared
    assert [node.price for node in model.nodes] == cleared.prices.tolist() != before
    assert [line.flow for line in model.lines] == cleared.flows.tolist()
    assert [line.full for line in model.lines] == [False] * 5 + [True]
    assert model.lines[5].multiplier < 0 and model.lines[5].limit == 240 and model.lines[5].ends == (3, 4)
    assert [unit.output for unit in model.generators] == cleared.generation.tolist()
    assert [unit.node for unit in model.generators] == ["1", "1", "3", "4", "5"]
    withdrawn = np.array([node.withdrawn for node in model.nodes])
    assert abs(withdrawn.sum()) < 1e-9 and model.nodes[3].demand > 400
    assert all(node.cell is model.grid[node.number] for node in model.nodes)
    assert {cell.coordinate for cell in model.nodes[0].cell.neighborhood} == {1, 3, 4}
    earned = sum(unit.surplus for unit in model.generators)
    assert earned == pytest.approx(
        float(cleared.generation @ cleared.prices[cleared.grid.generators.node]) - cleared.generation_cost
    )


def test_another_run_on_the_same_draw_has_the_same_bits():
    """The page's reset builds anew on the population it has; the last rounds' clearing must not be remembered."""
    drawn, ends = draw(load("data_centre_five_bus")), []
    for _ in range(2):
        model = build("data_centre_five_bus", drawn=drawn, rounds=2)
        model.run()
        ends.append(model.history.to_csv())
    assert ends[0] == ends[1]


def test_the_data_collector_has_nodes_lines_and_players():
    model = build("cournot_three_hours", rounds=3)
    model.run()
    for kind, columns in ((GridNode, 4), (Generator, 2), (Producer, 2)):
        table = model.datacollector.get_agenttype_vars_dataframe(kind)
        assert table.shape == (model.round * len(list(model.agents_by_type[kind])), columns)
    table = build("two_nodes_wide", rounds=2)
    table.run()
    assert len(table.datacollector.get_agenttype_vars_dataframe(GridLine)) == 2
    assert {"price at A", "flow A-B", "rent", "full lines", "price A", "purchase B"} <= set(table.history.columns)


def test_a_player_of_ones_own_is_heard_and_collected():
    model = build("two_nodes_wide", players={"A": Stubborn}, rounds=30)
    model.run()
    (own,) = model.own
    assert model.y[0] == 2.0 and own.heard.own == 2.0 and own.heard.price == model.outcome.paid[0]
    assert own.view.price == pytest.approx(own.heard.price)
    # What it would have had by another purchase, beside the same others.
    again = own.heard.payoff_at(np.array([2.0, 5.0]))
    assert again[0] == pytest.approx(own.heard.payoff) and again[1] > again[0]
    assert len(model.datacollector.get_agenttype_vars_dataframe(Stubborn)) == model.round
    assert model.status is Status.INACCURATE and model.gap > 1e-3


def test_a_producer_of_ones_own_hears_its_profit():
    model = build("cournot_duopoly", players={"one": Stubborn}, rounds=30)
    model.run()
    (own,) = model.own
    price = model.outcome.paid[0]
    assert own.heard.payoff == pytest.approx(price * 2 - 10 * 2 - 0.1 * 4)
    assert own.heard.payoff_at(2.0) == pytest.approx(own.heard.payoff)
    # The other one answers it: q = (100 - 2 - 5) / 2.4.
    assert model.y[1] == pytest.approx(93 / 2.4, rel=1e-6)


class Crowd(Player):
    def decide_many(self):
        return 1.0


@pytest.mark.parametrize(
    ("who", "said"),
    [
        ({"C": Stubborn}, "no group 'C'"),
        ({"A": Crowd}, "decide() is needed"),
        ({"A": type("Bad", (Player,), {"decide": lambda self: -1.0})}, "purchases from 0 to"),
    ],
)
def test_who_cannot_sit_there_is_told_in_one_line(who, said):
    with pytest.raises(SeatError, match=said.replace("(", r"\(").replace(")", r"\)")) as refused:
        build("two_nodes_wide", players=who).step()
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("order", ["in-turn", "random", "together"])
def test_every_order_ends_at_cournots_quantities(order):
    model = build("cournot_duopoly", set=[f'order="{order}"', "damping=0.7"])
    model.run()
    assert model.status is Status.SETTLED
    np.testing.assert_allclose(model.y, [28.27102804, 27.80373832], rtol=1e-6)


def test_a_start_and_a_drawn_game_are_taken():
    scenario = load("two_nodes_wide", rounds=1)
    drawn = draw(scenario)
    model = build(scenario, drawn=drawn, start=[160 / 17, 160 / 17])
    model.run()
    assert model.game.blocks is drawn.game.blocks and model.status is Status.SETTLED
