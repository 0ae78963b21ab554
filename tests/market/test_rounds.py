"""Rounds of replies: one after another counted by hand, and what is a purchase."""

import numpy as np
import pytest

from market.aggregator.rounds import are_purchases, move_together, take_turns, users_in_turn
from market.aggregator.single import best_quantities
from market.prices import Linear, Power
from market.utilities import Quadratic

USERS = Quadratic(np.array([0.5, 0.3, 0.8, 0.2]), np.array([4.0, 9.0, 6.0, 2.0]))
NOW = np.array([0.5, 2.0, 0.0, 1.0])


def seats(rule, outside):
    """One seat a user, beside what all others buy."""

    def decide(i):
        return lambda others, now: best_quantities(rule, USERS.take(slice(i, i + 1)), np.array([outside + others]))

    return [(slice(i, i + 1), decide(i)) for i in range(4)]


@pytest.mark.parametrize("damping", [0.3, 1.0])
@pytest.mark.parametrize("rule", [Linear(0.4), Power(0.2, 2.0)], ids=repr)
def test_users_in_turn_are_players_in_turn(rule, damping):
    target, y = users_in_turn(rule, USERS, 1.5, NOW, damping)
    told = take_turns(seats(rule, 1.5), NOW, range(4), damping)
    np.testing.assert_allclose((y, target), told, rtol=1e-12)
    np.testing.assert_allclose(y, NOW + damping * (target - NOW))


def test_in_turn_and_together_in_closed_form():
    """U' = b − 2 a x meets p + p' x: x = (b − c others) / (2 a + 2 c), none below 0."""
    c, a, b = 0.4, USERS.a, USERS.b
    y = NOW.copy()
    for i in range(4):
        y[i] = max((b[i] - c * (y.sum() - y[i])) / (2 * a[i] + 2 * c), 0.0)
    np.testing.assert_allclose(take_turns(seats(Linear(c), 0.0), NOW, range(4), 1.0)[0], y)
    both, target = move_together(seats(Linear(c), 0.0), NOW, 0.5)
    np.testing.assert_allclose(target, np.maximum((b - c * (NOW.sum() - NOW)) / (2 * a + 2 * c), 0.0))
    np.testing.assert_allclose(both, (NOW + target) / 2)


@pytest.mark.parametrize(
    ("answer", "players", "fine"),
    [
        (1, 1, True),
        (0.0, 1, True),
        ([1, 2.5], 2, True),
        (np.arange(3), 3, True),
        ([1, 2], 3, False),
        ([[1, 2]], 2, False),
        ([[1], [2, 3]], 2, False),
        (-1e-9, 1, False),
        (np.inf, 1, False),
        (np.nan, 1, False),
        (True, 1, False),
        (1e101, 1, False),
        (np.ma.masked_array([1.0, 2.0], [False, True]), 2, False),
        ("1", 1, False),
        (b"1", 1, False),
        (None, 1, False),
        (1j, 1, False),
    ],
)
def test_a_purchase_is_a_finite_number_of_at_least_none_for_each(answer, players, fine):
    assert are_purchases(answer, players) is fine
