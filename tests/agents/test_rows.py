"""Agents who are worked out together decide as each does alone, to the bit, and see what they would have seen."""

import numpy as np
import pytest

from agents import AggregatorModel
from agents.aggregator.players import Aggregator, LargeUser, SmallUser
from market.aggregator.game import Block, Game
from market.joining import ORDERS
from market.prices import Linear
from market.utilities import Quadratic


class OwnAggregator(Aggregator):
    """Decides as shipped ones do, but for itself: nobody else knows how."""


class OwnUser(SmallUser):
    """The same of a user."""


def game():
    """Two groups of aggregators, one with a member of one user, small users and a large one."""
    rng = np.random.default_rng(4)
    utility = Quadratic(rng.uniform(0.1, 0.9, 60), rng.uniform(0, 10, 60))
    blocks = (
        Block("fair", "aggregator", utility.take(slice(0, 26)), 1.0, 0.01, np.array([12, 1, 13])),
        Block("small", "direct", utility.take(slice(26, 50)), 0.0, 0.0, np.ones(24, int)),
        Block("least", "aggregator", utility.take(slice(50, 59)), np.inf, 0.01, np.array([4, 5])),
        Block("large", "large", utility.take(slice(59, 60)), 0.0, 0.0, np.ones(1, int)),
    )
    return Game(Linear(0.05), blocks)


@pytest.mark.parametrize("order", ORDERS)
def test_agents_in_rows_decide_as_each_does_alone(order):
    own = {"fair": OwnAggregator, "small": OwnUser, "least": OwnAggregator, "large": OwnUser}
    one, other = (
        AggregatorModel(game(), order=order, damping=0.8, rng=np.random.default_rng(0), players=players)
        for players in (None, own)
    )
    assert one.seats[0][1].view is None
    for _ in range(4):
        one.step()
        other.step()
        np.testing.assert_array_equal(one.y, other.y)
        for (_, agent), (_, alone) in zip(one.seats, other.seats, strict=True):
            assert agent.view == alone.view


def test_a_crowd_mixes_with_all_others_as_its_users_do_one_by_one():
    crowd, single = (
        AggregatorModel(game(), order="random", rng=np.random.default_rng(0), agent_threshold=most) for most in (5, 100)
    )
    assert (len(crowd.seats), len(single.seats)) == (7, 30)
    for _ in range(3):
        crowd.step()
        single.step()
    np.testing.assert_array_equal(crowd.y, single.y)
    assert {type(agent) for _, agent in single.seats} == {Aggregator, SmallUser, LargeUser}
