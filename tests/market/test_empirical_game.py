"""Empirical games: pure equilibria by hand and by trying every move, gains by enumeration, players who are alike."""

from itertools import product

import numpy as np
import pytest

from market.empirical_game import exchanged, gains, nobody_gains, pure

DILEMMA = ([[3, 0], [5, 1]], [[3, 5], [0, 1]])
PENNIES = ([[1, -1], [-1, 1]], [[-1, 1], [1, -1]])
COORDINATION = ([[2, 0], [0, 1]], [[2, 0], [0, 1]])


@pytest.mark.parametrize(
    ("game", "known"), [(DILEMMA, [[1, 1]]), (PENNIES, []), (COORDINATION, [[0, 0], [1, 1]])], ids=str
)
def test_pure_equilibria_of_two_by_two_games_by_hand(game, known):
    assert np.argwhere(nobody_gains(np.array(game, dtype=float))).tolist() == known


@pytest.mark.parametrize(("players", "strategies"), [(2, 4), (3, 3), (4, 2)])
def test_pure_equilibria_by_trying_every_move(players, strategies):
    payoffs = np.random.default_rng(players).integers(0, 4, (players, *(strategies,) * players)).astype(float)
    stable = nobody_gains(payoffs)
    for profile in product(range(strategies), repeat=players):
        moves = [(i, (*profile[:i], to, *profile[i + 1 :])) for i in range(players) for to in range(strategies)]
        assert stable[profile] == all(payoffs[(i, *after)] <= payoffs[(i, *profile)] for i, after in moves)
    assert 0 < stable.sum() < stable.size


def test_gains_of_mixtures_by_enumeration():
    rng = np.random.default_rng(1)
    payoffs, weights = rng.random((2, 3, 2, 2, 2)), rng.dirichlet(np.ones(2), 3)

    def expected(draw, i, mixture):
        return sum(
            payoffs[(draw, i, *profile)] * np.prod([mixture[j][k] for j, k in enumerate(profile)])
            for profile in product(range(2), repeat=3)
        )

    found = gains(payoffs, weights)
    for draw, i, k in product(range(2), range(3), range(2)):
        instead = [pure(np.array([k]), 2)[0] if j == i else row for j, row in enumerate(weights)]
        assert found[draw, i, k] == pytest.approx(expected(draw, i, instead) - expected(draw, i, weights))


def test_players_who_are_alike_have_means_over_their_exchanges():
    payoffs = np.random.default_rng(2).random((5, 2, 3, 3))
    mean = exchanged(payoffs)
    np.testing.assert_allclose(mean[:, 0], (payoffs[:, 0] + payoffs[:, 1].transpose(0, 2, 1)) / 2)
    three = exchanged(np.random.default_rng(3).random((1, 3, 2, 2, 2)))[0]
    for profile in product(range(2), repeat=3):
        a, b, c = profile
        assert three[(0, *profile)] == pytest.approx(three[0, a, c, b]) == pytest.approx(three[1, b, a, c])
        assert three[(0, *profile)] == pytest.approx(three[2, c, b, a])
    np.testing.assert_allclose(exchanged(mean), mean)
