"""One agent a user or one for a block: the same numbers; the same seed: the same bits; a finished model is let go."""

import gc
import random
import weakref

import numpy as np
import pytest

from agents import Aggregator, AggregatorModel, Crowd, MarketOperator, SmallUser
from market.outcome import Status
from scenarios import build

MIXED = ["group.north.users=30", "group.south.users=20"]


def facts(model):
    model.run()
    return [
        model.y,
        model.outcome.x,
        model.outcome.s,
        model.trajectory.quantities,
        model.trajectory.surpluses,
        np.array([model.round, model.outcome.price, model.gap, model.move]),
    ]


def assert_same_bits(one, other):
    for mine, theirs in zip(facts(one), facts(other), strict=True):
        np.testing.assert_array_equal(mine, theirs)


@pytest.mark.share
@pytest.mark.parametrize("name", ["two_aggregators", "small_alone", "village_from_csv", "continuum", "steep_price"])
@pytest.mark.parametrize("order", ["in-turn", "random", "together"])
@pytest.mark.parametrize("damping", [1.0, 0.5])
def test_individual_agents_and_blocks_give_the_same_numbers(name, order, damping):
    changes = [f"order={order}", f"damping={damping}"]
    one, block = (build(name, set=changes, rounds=12, agent_threshold=threshold) for threshold in (10_000, 0))
    for _ in range(12):
        one.step()
        block.step()
        assert (one.status, one.round) == (block.status, block.round)
        np.testing.assert_allclose(block.y, one.y, rtol=1e-9, atol=1e-9 * one.y.sum())
        np.testing.assert_allclose(block.outcome.s, one.outcome.s, rtol=1e-7, atol=1e-7)


def test_a_block_has_no_agent_per_user_until_one_is_asked_for():
    model = build("two_aggregators", agent_threshold=0)
    assert {kind: len(agents) for kind, agents in model.agents_by_type.items()} == {
        Aggregator: 2,
        Crowd: 1,
        MarketOperator: 1,
    }
    model.run()
    user = model.user(150)
    assert (type(user), user.group, user.quantity) == (SmallUser, "south", model.outcome.x[150])


@pytest.mark.parametrize(("threshold", "dtype"), [(200, np.float32), (201, np.float64)])
def test_trajectories_are_float32_above_the_threshold(threshold, dtype):
    model = build("two_aggregators", agent_threshold=threshold)
    model.run()
    assert model.trajectory.quantities.dtype == model.trajectory.surpluses.dtype == dtype
    assert model.trajectory.quantities.shape == (model.round, 201)
    np.testing.assert_array_equal(model.trajectory.quantities[-1], model.outcome.x.astype(dtype))
    assert model.outcome.x.dtype == np.float64


def test_only_the_last_round_is_kept_where_all_rounds_would_not_fit(monkeypatch):
    monkeypatch.setattr("agents.aggregator.trajectory.MOST_REMEMBERED", 201 * 99)
    model = build("two_aggregators")
    model.run()
    assert model.round > 1
    np.testing.assert_array_equal(model.trajectory.quantities, [model.outcome.x])


@pytest.mark.parametrize("name", ["two_aggregators", "steep_price", "data_centre_before"])
def test_the_same_seed_gives_the_same_bits(name):
    assert_same_bits(build(name, seed=3), build(name, seed=3))


def test_another_seed_or_replication_gives_other_users():
    y = [
        build("two_aggregators", **draws).game.blocks[0].utility.a[0] for draws in ({}, {"seed": 2}, {"replication": 1})
    ]
    assert len(set(y)) == 3


def test_nothing_is_drawn_from_mesa_or_from_global_generators():
    """Otherwise results would depend on Mesa's version, or on what ran before."""
    quiet, loud = build("steep_price"), build("steep_price")
    state = quiet.random.getstate(), quiet.rng.bit_generator.state
    loud.random.seed(99)
    loud.rng = np.random.default_rng(99)
    random.seed(5)
    np.random.seed(5)
    before = random.getstate(), np.random.get_state()[1].tolist()
    assert_same_bits(quiet, loud)
    assert (quiet.random.getstate(), quiet.rng.bit_generator.state) == state
    assert (random.getstate(), np.random.get_state()[1].tolist()) == before


def test_the_generator_given_decides_the_order_of_activation():
    game = build("steep_price").game
    paths = []
    for seed in (1, 1, 2):
        model = AggregatorModel(game, order="random", rng=np.random.default_rng(seed))
        model.step()
        paths.append(model.y)
    np.testing.assert_array_equal(paths[0], paths[1])
    assert not np.array_equal(paths[0], paths[2])


def test_without_a_generator_runs_repeat_too():
    game = build("steep_price").game
    assert_same_bits(AggregatorModel(game, order="random"), AggregatorModel(game, order="random"))


@pytest.mark.parametrize("threshold", [0, 10_000])
def test_finished_models_are_freed(threshold):
    kept = []
    for replication in range(8):
        model = build("two_aggregators", replication=replication, set=MIXED, agent_threshold=threshold)
        assert model.run() == Status.SETTLED
        kept.append(weakref.ref(model))
    del model
    gc.collect()
    assert [ref() for ref in kept] == [None] * 8
