"""Q-learning by hand: which class a price falls into, how far a worth moves, how the chance of exploring fades."""

import math
from types import SimpleNamespace

import numpy as np
import pytest

from market.conduct import QLearning

GRID = np.array([[0.0, 1.0, 2.0]])


def begun(conduct, prices, price):
    """The state of one learner before its first round, which no energy pays 0.5."""
    faced = SimpleNamespace(price=np.array([price]), of_actions=lambda count: np.full((1, count), 0.5))
    start = SimpleNamespace(grid=lambda count: GRID, rounds=100, prices=prices, faced=faced)
    return conduct.begin(start)


def met(price, payoff):
    return SimpleNamespace(price=np.array([price]), payoff=np.array([payoff]))


@pytest.mark.parametrize(
    ("price", "number"), [(0.0, 0), (1.0, 0), (1.9, 0), (2.1, 1), (3.5, 2), (4.9, 3), (5.0, 3), (9.0, 3)]
)
def test_prices_fall_into_even_classes_and_those_beyond_into_the_last(price, number):
    assert begun(QLearning(3, states=4), (1.0, 5.0), price)["class"] == [number]
    assert begun(QLearning(3, states=4), (2.0, 2.0), price)["class"] == [0]


def test_a_worth_moves_to_what_is_met_and_what_may_come():
    conduct = QLearning(3, rate=0.25, discount=0.5, states=4)
    state = begun(conduct, (1.0, 5.0), 1.5)
    state["action"] = np.array([2])
    conduct.learn(state, met(4.5, 2.5))  # from class 0 to class 3: 0.25 × (2.5 − 0.5)
    state["action"] = np.array([1])
    conduct.learn(state, met(1.5, 0.9))  # back to class 0, where 0.5 may come: 0.25 × (0.9 − 0.5 + 0.5 × 0.5)
    assert state["class"] == [0] and state["round"] == 2
    expected = np.zeros((1, 4, 3))
    expected[0, 0, 2], expected[0, 3, 1] = 0.5, 0.1625
    np.testing.assert_allclose(state["worth"], expected)


def test_the_chance_of_exploring_fades_and_is_spread_over_all_actions():
    for conduct, fade in ((QLearning(3, explore=0.6), 10.0), (QLearning(3, explore=0.6, fade=4.0), 4.0)):
        state = begun(conduct, (1.0, 5.0), 1.5)
        state["worth"][0, 0, 1], state["round"] = 1.0, 3
        chance = 0.6 * math.exp(-3 / fade)
        np.testing.assert_allclose(conduct.beliefs(state), [[chance / 3, 1 - 2 * chance / 3, chance / 3]])
