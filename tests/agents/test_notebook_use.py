"""The model as a notebook user meets it: build, step, look at agents and collected data."""

import numpy as np
import pytest

from agents import Aggregator, AggregatorModel, Crowd, LargeUser, MarketOperator, SmallUser
from agents.aggregator.players import View
from agents.seats import Seat
from market.outcome import Status
from scenarios import build

COLUMNS = ["round", "status", "move", "price", "quantity", "welfare", "unserved", "jain", "gini"]


@pytest.fixture
def model():
    return build("two_aggregators", seed=1)


@pytest.fixture
def settled(model):
    model.run()
    return model


def test_nothing_has_happened_before_the_first_round(model):
    assert (model.round, model.status, model.outcome, model.gap, model.running) == (0, Status.RUNNING, None, None, True)
    assert model.operator.price == 0.0
    assert model.user(0).quantity == model.user(0).surplus == 0.0
    assert model.datacollector.get_model_vars_dataframe().empty


def test_a_step_is_a_round(model):
    for played in (1, 2, 3):
        model.step()
        assert model.round == played
        assert model.outcome.quantity == pytest.approx(model.y.sum())
        assert len(model.datacollector.get_model_vars_dataframe()) == played
        assert len(model.trajectory.quantities) == played


def test_the_collected_table_has_a_row_a_round_and_the_promised_columns(settled):
    table = settled.datacollector.get_model_vars_dataframe()
    groups = [f"{what} {name}" for name in ("north", "south", "data centre") for what in ("consumption", "surplus")]
    players = [f"purchase {name}" for name in ("north", "south", "data centre")]
    assert list(table.columns) == COLUMNS + groups + players
    assert list(table["round"]) == list(range(1, settled.round + 1))
    last, outcome = table.iloc[-1], settled.outcome
    assert last["status"] == "settled"
    assert last["price"] == outcome.price
    assert last["welfare"] == outcome.welfare == pytest.approx(outcome.s.sum())
    assert last["consumption south"] == pytest.approx(outcome.x[100:200].mean())
    assert last["surplus data centre"] == outcome.s[200]
    assert [last[name] for name in players] == list(settled.y)


def test_more_than_fifty_players_share_one_column_of_purchases():
    model = build("small_alone")
    model.step()
    table = model.datacollector.get_model_vars_dataframe()
    assert not [name for name in table if name.startswith("purchase ")]
    np.testing.assert_array_equal(table["purchases"].iloc[0], model.y)


@pytest.mark.parametrize(("kind", "rows"), [(SmallUser, range(200)), (LargeUser, range(200, 201))])
def test_the_collected_table_of_a_type_of_users_is_what_the_agents_say(settled, kind, rows):
    table = settled.datacollector.get_agenttype_vars_dataframe(kind).xs(settled.round, level="Step")
    agents = list(settled.agents_by_type[kind])
    assert [agent.row for agent in agents] == list(rows)
    np.testing.assert_array_equal(table["quantity"], settled.outcome.x[list(rows)])
    np.testing.assert_array_equal(table["surplus"], settled.outcome.s[list(rows)])


def test_agents_by_type(model):
    counts = {kind: len(agents) for kind, agents in model.agents_by_type.items()}
    assert counts == {SmallUser: 200, LargeUser: 1, Aggregator: 2, MarketOperator: 1}


def test_a_user_is_a_view_on_its_row(settled):
    user = settled.user(150)
    assert (type(user), user.row, user.group, user.seat) == (SmallUser, 150, "south", Seat("south", 50, None))
    assert user.quantity == settled.outcome.x[150]
    assert user.surplus == settled.outcome.s[150]
    assert user.utility.a[0] == settled.game.blocks[1].utility.a[50]
    centre = settled.user(200)
    assert (type(centre), centre.group, centre.seat.place) == (LargeUser, "data centre", 2)
    assert centre.quantity == settled.y[2]


@pytest.mark.parametrize("row", [-1, 201])
@pytest.mark.parametrize("threshold", [0, 10_000])
def test_there_is_no_user_outside_the_population(row, threshold):
    with pytest.raises(IndexError, match=f"user {row} of 201"):
        build("two_aggregators", agent_threshold=threshold).user(row)


def test_an_aggregator_is_a_view_on_its_users(settled):
    north, south = settled.agents_by_type[Aggregator]
    assert (north.group, north.alpha, south.group) == ("north", 1.0, "south")
    assert south.purchase == settled.y[1] == pytest.approx(south.quantities.sum())
    np.testing.assert_array_equal(south.quantities, settled.outcome.x[100:200])
    np.testing.assert_array_equal(south.surpluses, settled.outcome.s[100:200])


def test_the_operator_clears_at_the_price_of_the_total(settled):
    assert settled.operator.price == pytest.approx(0.001 * settled.y.sum())
    assert settled.operator.outcome is settled.outcome


def test_a_crowd_stands_for_users_who_buy_for_themselves():
    model = build("small_alone", agent_threshold=0)
    (crowd,) = model.agents_by_type[Crowd]
    assert crowd.group == "small"
    assert len(model.agents) == 2
    model.run()
    assert model.user(7).quantity == model.y[7]
    assert model.user(7).seat.place == 7


def test_an_agent_decides_the_best_response_that_the_settled_run_played(settled):
    for _, agent in settled.seats:
        mine = settled.y[agent.seat.place]
        agent.observe(View(1, settled.y.sum() - mine, mine, settled.outcome.price, settled.game.price))
        reply = np.ravel(agent.decide())[0]
        assert reply == pytest.approx(mine, abs=1e-6 * settled.y.sum())


def test_the_gap_is_searched_when_the_run_settles_or_when_asked_and_then_remembered(settled):
    assert 0 <= settled.outcome.gap == settled.gap <= 1e-6
    assert settled.outcome.regrets.shape == (3,)
    later = build("two_aggregators")
    later.certify = False
    later.run()
    assert later.outcome.gap is None
    assert later.gap == later.outcome.gap == settled.gap


def test_a_model_built_by_hand():
    model = AggregatorModel(build("two_peaks").game)
    assert model.run() == Status.SETTLED
    assert model.y[0] == pytest.approx(2.9032, abs=1e-4)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"order": "backwards"}, "order='backwards'"),
        ({"damping": 0.0}, "damping=0.0"),
        ({"damping": 1.1}, "damping=1.1"),
        ({"start": [1.0, 2.0]}, "start must hold 1 purchases"),
        ({"start": [-1.0]}, "start must hold 1 purchases"),
        ({"start": [np.nan]}, "start must hold 1 purchases"),
    ],
    ids=str,
)
def test_a_bad_option_is_named(options, said):
    with pytest.raises(ValueError, match=said):
        AggregatorModel(build("two_peaks").game, **options)
