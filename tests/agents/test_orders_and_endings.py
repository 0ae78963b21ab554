"""Rounds in turn, in random order and together, damped or not; and every way in which a run ends."""

import numpy as np
import pytest

from agents import AggregatorModel
from market.aggregator.best_response import best_response
from market.aggregator.game import Block, Game
from market.outcome import Status
from market.prices import Dispatch, Linear, Piecewise
from market.utilities import Quadratic
from scenarios import build

CYCLES = {
    "no_equilibrium": [(0.277805, 1.140732), (2.535248, 0.388251)],
    "no_equilibrium_offset": [(0.151256, 1.182915), (2.521640, 0.392787)],
}


def block(name, a, b, alpha=0.0, offset=0.0, sizes=None, kind="aggregator"):
    a, b = np.atleast_1d(np.asarray(a, float)), np.atleast_1d(np.asarray(b, float))
    return Block(name, kind, Quadratic(a, b), alpha, offset, np.array([len(a)] if sizes is None else sizes))


def direct(name, a, b):
    return block(name, a, b, sizes=[1] * len(np.atleast_1d(a)), kind="direct")


def duopoly(c=1.0):
    """Two direct users, U = 4x − x²/2: the reply is (4 − c·others)/(1 + 2c), the equilibrium 4/(1 + 3c) each."""
    return Game(Linear(c), (direct("users", [0.5, 0.5], [4.0, 4.0]),))


def reply(others, c=1.0):
    return max(4 - c * others, 0) / (1 + 2 * c)


def played(order, damping=1.0, start=(0.0, 0.0), **options):
    model = AggregatorModel(duopoly(), order=order, damping=damping, start=start, **options)
    model.step()
    return model


def test_in_turn_the_second_sees_what_the_first_has_just_bought():
    np.testing.assert_allclose(played("in-turn").y, [reply(0), reply(reply(0))], rtol=1e-12)


def test_together_all_see_the_last_round():
    np.testing.assert_allclose(played("together").y, [reply(0), reply(0)], rtol=1e-12)


def test_random_order_is_one_of_the_orders_and_the_draws_decide_which():
    first = [reply(0), reply(reply(0))]
    seen = set()
    for seed in range(20):
        y = played("random", rng=np.random.default_rng(seed)).y
        assert np.allclose(y, first) or np.allclose(y, first[::-1])
        seen.add(bool(y[0] > y[1]))
    assert seen == {True, False}


@pytest.mark.parametrize("damping", [0.25, 0.5, 1.0])
def test_damping_is_the_share_of_the_way_that_is_gone(damping):
    y = played("together", damping, start=(1.0, 2.0)).y
    np.testing.assert_allclose(y, [1 + damping * (reply(2) - 1), 2 + damping * (reply(1) - 2)], rtol=1e-12)
    y = played("in-turn", damping, start=(1.0, 2.0)).y
    first = 1 + damping * (reply(2) - 1)
    np.testing.assert_allclose(y, [first, 2 + damping * (reply(first) - 2)], rtol=1e-12)


@pytest.mark.parametrize("order", ["in-turn", "random", "together"])
@pytest.mark.parametrize("damping", [0.3, 1.0])
def test_every_order_and_damping_settles_a_calm_market(order, damping):
    model = AggregatorModel(duopoly(), order=order, damping=damping)
    assert model.run() == Status.SETTLED
    np.testing.assert_allclose(model.y, [1.0, 1.0], rtol=1e-6)
    assert model.gap <= 1e-6


def test_many_who_move_together_overshoot_and_damping_calms_them():
    crowd = Game(Linear(1.0), (direct("users", [0.5] * 12, [4.0] * 12),))
    assert AggregatorModel(crowd, order="together").run() == Status.CYCLING
    calm = AggregatorModel(crowd, order="together", damping=0.1)
    assert calm.run() == Status.SETTLED
    np.testing.assert_allclose(calm.y, 4 / 14, rtol=1e-6)
    assert AggregatorModel(crowd, order="in-turn").run() == Status.SETTLED


@pytest.mark.share
@pytest.mark.parametrize("alpha", [0.0, 1.0, np.inf])
@pytest.mark.parametrize("users", [1, 2])
@pytest.mark.parametrize("money", [1.0, 1e6])
def test_a_damped_run_that_prices_a_player_out_proves_its_gap(alpha, users, money):
    """Damped, its purchase halves each round and never is 0 but by the last step; a regret in any unit of money."""
    poor = block("poor", [money] * users, [money] * users, alpha, 0.01)
    rich = direct("rich", [0.5 * money] * 3, [9.0 * money] * 3)
    model = AggregatorModel(Game(Linear(money), (poor, rich)), damping=0.5)
    assert model.run() == Status.SETTLED
    assert model.y[0] == 0
    assert model.gap <= 1e-6


def test_settled_is_judged_by_the_undamped_reply():
    """A damped step is as small as one likes; the best response it aims at may still be far away."""
    model = AggregatorModel(duopoly(), damping=1e-9, rounds=5, tolerance=1e-8, start=[2.0, 0.5])
    assert model.run() == Status.ROUND_LIMIT
    assert model.move > 0.5


@pytest.mark.parametrize(("tolerance", "rounds"), [(1e-2, 4), (1e-4, 7), (1e-12, 15)])
def test_a_smaller_tolerance_takes_more_rounds(tolerance, rounds):
    model = AggregatorModel(duopoly(), tolerance=tolerance)
    assert model.run() == Status.SETTLED
    assert abs(model.round - rounds) <= 2
    assert model.move <= tolerance * model.y.sum()


@pytest.mark.parametrize("name", CYCLES)
def test_replies_in_turn_cycle_between_the_two_known_profiles(name):
    model = build(name)
    assert (model.run(), model.cycle) == (Status.CYCLING, 2)
    table = model.datacollector.get_model_vars_dataframe()
    last = table[["purchase uneven", "purchase equal"]].to_numpy()[-2:]
    assert sorted(map(tuple, np.round(last, 6))) == CYCLES[name]
    assert model.gap > 1e-3


def test_max_min_replies_in_turn_cycle_with_period_two():
    model = build("no_equilibrium_maxmin")
    assert (model.run(), model.cycle) == (Status.CYCLING, 2)
    table = model.datacollector.get_model_vars_dataframe()
    (few, many), (plenty, rest) = sorted(map(tuple, table[["purchase uneven", "purchase equal"]].to_numpy()[-2:]))
    assert many == pytest.approx((3.7 - few) / 3, abs=1e-9)
    assert rest == pytest.approx((3.7 - plenty) / 3, abs=1e-9)
    assert rest < 0.85 < many  # the first user, b = 0.85, is served only beside the smaller purchase
    assert plenty == pytest.approx((9 - many) / (2 * (1 + 0.55)), abs=1e-9)
    assert few < 0.85 - rest


@pytest.mark.parametrize("name", [*CYCLES, "no_equilibrium_maxmin"])
def test_every_step_of_a_cycle_is_a_best_response(name):
    model = build(name)
    for _ in range(4):
        before = model.y.copy()
        model.step()
        game = model.game
        first = best_response(game.price, game.player(0), before[1], before[0])
        assert model.y[0] == pytest.approx(first, rel=1e-9)
        assert model.y[1] == pytest.approx(best_response(game.price, game.player(1), first, before[1]), rel=1e-9)


@pytest.mark.parametrize("name", [*CYCLES, "no_equilibrium_maxmin"])
def test_random_order_is_never_called_cycling(name):
    model = build(name, set=["order=random"], rounds=30)
    assert (model.run(), model.round, model.cycle) == (Status.ROUND_LIMIT, 30, None)


def test_a_longer_cycle_has_its_period():
    """Undamped replies of 12 users who move together jump between nothing and too much."""
    model = AggregatorModel(Game(Linear(1.0), (direct("users", [0.5] * 12, [4.0] * 12),)), order="together")
    model.run()
    ends = [model.trajectory.quantities[-1 - k] for k in (0, model.cycle)]
    np.testing.assert_allclose(ends[0], ends[1], atol=1e-6)
    assert all(np.abs(model.trajectory.quantities[-1 - k] - ends[0]).max() > 1e-3 for k in range(1, model.cycle))


def test_the_round_limit_ends_a_run():
    model = build("two_aggregators", rounds=3)
    assert (model.run(), model.round) == (Status.ROUND_LIMIT, 3)
    assert model.gap > 0


def priced_out_later():
    """A big user arrives after the aggregator's first purchase and prices its first user (b = 3) out."""
    return Game(Linear(1.0), (block("pair", [1, 1], [3, 9], 1.0), direct("big", 0.5, 20.0)))


@pytest.mark.parametrize("alpha", [1.0, 2.0, 30.0])
def test_infeasible_names_the_player_and_the_user_priced_out(alpha):
    pair = block("pairs", [1, 1, 1, 1], [8, 9, 9, 3], alpha, sizes=[2, 2])
    model = AggregatorModel(Game(Linear(1.0), (direct("big", 0.5, 20.0), pair)))
    assert model.run() == Status.INFEASIBLE
    assert model.blame == {"player": "pairs 2", "user": 4}
    assert (model.gap, model.outcome, model.round) == (None, None, 0)


def test_infeasible_in_a_later_round_keeps_the_last_outcome():
    model = AggregatorModel(priced_out_later())
    model.step()
    before = model.outcome
    assert (model.status, model.round) == (Status.RUNNING, 1)
    assert model.run() == Status.INFEASIBLE
    assert (model.blame, model.round, model.gap) == ({"player": "pair", "user": 0}, 1, None)
    assert model.outcome is before
    np.testing.assert_array_equal(model.y, before.y)


@pytest.mark.parametrize(("alpha", "offset"), [(1.0, 0.01), (0.9, 0.0), (np.inf, 0.0), (0.0, 0.0)])
def test_an_offset_or_a_bounded_objective_is_never_infeasible(alpha, offset):
    model = AggregatorModel(Game(Linear(1.0), (block("pair", [1, 1], [3, 9], alpha, offset), direct("big", 0.5, 20.0))))
    assert model.run() == Status.SETTLED
    assert model.outcome.x[0] == 0
    assert model.gap <= 1e-6


def small_fleet(cap=5.0):
    return Dispatch(max_p_mw=[1.0, 1.0], cost_quadratic=[0.5, 0.5], cost_linear=[0.0, 1.0], cap=cap)


def test_purchases_beyond_capacity_are_short_and_say_by_how_much():
    model = AggregatorModel(Game(small_fleet(), (direct("users", [0.5] * 4, [9.0] * 4),)))
    assert model.run() == Status.SHORT
    assert model.outcome.price == 5.0
    np.testing.assert_allclose(model.y, 4.0)  # 9 − x = the cap
    assert model.outcome.unserved == pytest.approx(4 * 4.0 - 2.0)
    assert model.datacollector.get_model_vars_dataframe()["unserved"].iloc[-1] == model.outcome.unserved


def test_enough_capacity_is_not_short():
    model = AggregatorModel(Game(small_fleet(), (direct("users", [0.5] * 2, [1.0] * 2),)))
    assert model.run() == Status.SETTLED
    assert model.outcome.unserved == 0


def test_nobody_buys_where_the_price_starts_above_every_reservation():
    model = AggregatorModel(Game(Piecewise([0.0, 1.0], [5.0, 6.0], 1.0), (direct("users", [0.5, 1.0], [4.0, 0.0]),)))
    assert model.run() == Status.SETTLED
    assert not model.y.any()
    assert model.gap == 0


@pytest.mark.parametrize(
    "make",
    [
        lambda: build("two_aggregators"),
        lambda: build("no_equilibrium"),
        lambda: build("two_aggregators", rounds=2),
        lambda: AggregatorModel(priced_out_later()),
        lambda: AggregatorModel(Game(small_fleet(), (direct("users", [0.5] * 4, [9.0] * 4),))),
    ],
    ids=["settled", "cycling", "round-limit", "infeasible", "short"],
)
def test_a_step_after_the_end_changes_nothing(make, request):
    model = make()
    assert model.run() == request.node.callspec.id
    before = (model.round, model.status, model.cycle, model.outcome, model.move, model.running)
    y, rows = model.y.copy(), len(model.trajectory.quantities)
    model.step()
    model.step()
    assert (model.round, model.status, model.cycle, model.outcome, model.move, model.running) == before
    np.testing.assert_array_equal(model.y, y)
    assert len(model.datacollector.get_model_vars_dataframe()) == rows == len(model.trajectory.quantities)


@pytest.mark.parametrize("status", list(Status))
def test_every_status_has_its_advice(status):
    assert status.advice.endswith(".")
    assert str(status) == status.value
