"""Mixed equilibria over alpha by nashpy, beside closed forms of games of two strategies."""

import numpy as np
import pytest

from engine.choosing import AlphaGame


def mixed(first, second, names=("a", "b")):
    """Weights of the mixed equilibria of a game, the same in two draws."""
    payoffs = np.array([[first, second]] * 2, dtype=float)
    game = AlphaGame(names, tuple(range(len(first))), "surplus", payoffs, 0, 0.0, False)
    return [one.weights for one in game.mixed_equilibria()]


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_doves_and_hawks(scale):
    value, cost = 2.0, 6.0
    hawk = scale * np.array([[(value - cost) / 2, value], [0, value / 2]])
    (weights,) = mixed(hawk, hawk.T)
    np.testing.assert_allclose(weights, [[value / cost, 1 - value / cost]] * 2)


def test_replies_that_go_in_circles_by_the_closed_form():
    """Each mixes such that the other's two strategies are worth the same."""
    rng = np.random.default_rng(0)
    for _ in range(20):
        a, b, c, d = rng.random(4)
        first, second = np.array([[1 + a, 0], [0, 1 + b]]), np.array([[0, 1 + c], [1 + d, 0]])
        (weights,) = mixed(first, second)
        p, q = (1 + d) / (2 + c + d), (1 + b) / (2 + a + b)
        np.testing.assert_allclose(weights, [[p, 1 - p], [q, 1 - q]])


def test_a_mixture_is_never_certain_where_payoffs_vary():
    pennies = np.array([[1.0, -1.0], [-1.0, 1.0]])
    payoffs = np.array([[pennies * (1 + n), -pennies * (1 - n)] for n in (-0.1, 0.0, 0.1)])
    payoffs[:, :, 0, 0] += np.array([0.3, -0.3, 0.0])[:, None]
    game = AlphaGame(("a", "b"), (0.0, 1.0), "surplus", payoffs, 0, 0.0, False)
    assert game.pure_equilibria() == []
    (found,) = game.mixed_equilibria()
    assert not found.certain and not found.is_pure and found.upper > 0


def test_games_without_a_mixture_with_ties_or_of_one_strategy():
    dilemma = np.array([[3.0, 0.0], [5.0, 1.0]])
    assert mixed(dilemma, dilemma.T) == []
    assert mixed(np.zeros((2, 2)), np.zeros((2, 2))) == []
    assert mixed([[1.0]], [[1.0]]) == []


def test_more_than_two_aggregators_are_not_looked_at():
    game = AlphaGame(("a", "b", "c"), (0.0, 1.0), "surplus", np.ones((2, 3, 2, 2, 2)), 0, 0.0, True)
    assert game.mixed_equilibria() is None
