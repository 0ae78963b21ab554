"""What is said to be the highest peak is it, against dense grids; players worked out together have their own bits."""

import numpy as np
import pytest

from market.aggregator import rounds
from market.aggregator.best_response import best_response, best_responses
from market.aggregator.game import Block
from market.aggregator.one_peak import _concave, highest, peaks_of
from market.prices import Affine, Linear, Power
from market.utilities import Logarithmic, Quadratic
from tests.shares import part_of

RULES = (Linear(0.5), Affine(1.0, 0.1), Power(0.05, 2.0), Linear(0.001))


def players(utility, alpha, offset, sizes=None):
    return Block("a", "aggregator", utility, alpha, offset, np.array([len(utility)] if sizes is None else sizes))


def awkward(rng, rule, outside):
    """A player whose users' worths lie far apart, as where payoffs have two peaks; all above the first price."""
    users = int(rng.integers(2, 7))
    worth = float(rule.value(outside)) + 10 ** rng.uniform(-1.0, 1.0, users)
    log = rng.random() < 0.3
    utility = Logarithmic(worth, rng.uniform(0.1, 3, users)) if log else Quadratic(rng.uniform(0.1, 1, users), worth)
    return players(utility, float(rng.choice([0.4, 0.75, 1.0, 3.0])), float(rng.choice([0.0, 0.01, 0.3])))


def test_no_grid_finds_more_than_a_peak_that_is_surely_the_highest(brute):
    """From starts all over, so that lower peaks and valleys are found, and have to be refused."""
    rng, answers = np.random.default_rng(3), []
    for _ in range(part_of(120)):
        rule, outside = RULES[rng.integers(4)], float(rng.choice([0.0, 0.5, 2.0]))
        player = awkward(rng, rule, outside)
        surpluses = brute.payoff_of(rule, player, outside)[1]
        tried = surpluses(brute.purchases(rule, player.utility, outside, 150))
        at, high = np.array([outside]), np.array([outside + 1.01 * player.utility.demand(rule.value(outside)).sum()])
        for share in (np.nan, 0.02, 0.3, 0.8):
            peaks = peaks_of(rule, player, at, high, at + share * (high - at))
            answers.append(bool(highest(rule, player, at, high, peaks)[0]))
            if answers[-1]:
                gains = brute.gain_of(player)(tried, surpluses(peaks.total - outside))
                assert np.nanmax(gains) <= 1e-7, (player, rule, outside)
    assert 0.3 < np.mean(answers) < 1


def test_a_peak_is_surely_the_highest_beside_one_that_is_told_so_at_once():
    """The first player's users are worth much alike, so that its sum is concave; the second's lie far apart."""
    rng, outside, rule = np.random.default_rng(0), np.ones(2), Linear(0.2)
    utility = Quadratic(rng.uniform(0.1, 0.9, 6), np.append(rng.uniform(4, 5, 3), rng.uniform(1, 9, 3)))
    block = players(utility, 0.5, 0.01, [3, 3])
    high = outside + 1.01 * block.wanted(rule.value(outside))
    peaks = peaks_of(rule, block, outside, high, np.full(2, np.nan))
    assert _concave(rule, block, outside, peaks).tolist() == [True, False]
    assert highest(rule, block, outside, high, peaks).tolist() == [True, True]


@pytest.mark.parametrize("alpha", [0.0, 1.0, np.inf])
def test_players_worked_out_together_have_the_bits_of_each_alone(alpha):
    """Of one user and of many, in markets that leave all of their users, some or none above the price."""
    rng, sizes = np.random.default_rng(1), np.array([3, 40, 1, 2, 200, 1, 9])
    users = int(sizes.sum())
    block = players(Quadratic(rng.uniform(0.1, 0.9, users), rng.uniform(0, 10, users)), alpha, 0.01, sizes)
    for rule in (Linear(0.01), Power(0.001, 2.0)):
        outside, now = rng.uniform(0, 500, len(sizes)), np.array([0, 9, 0, 1, 90, 2, 0.0])
        outside[0] = 5000.0
        together = best_responses(rule, block, outside, now)
        alone = [best_response(rule, block.player(j), outside[j], now[j]) for j in range(len(sizes))]
        np.testing.assert_array_equal(together, alone)


@pytest.mark.parametrize("rule", [Linear(1e-4), Linear(3.0), Power(0.001, 2.0)], ids=repr)
@pytest.mark.parametrize("at_once", [3, 1024])
def test_turns_in_a_row_have_the_bits_of_one_after_another(rule, at_once, monkeypatch):
    """However steep the price: a guess that is far off at first is right in the end."""
    monkeypatch.setattr(rounds, "TURNS_AT_ONCE", at_once)
    rng = np.random.default_rng(2)
    block = Block("a", "direct", Quadratic(rng.uniform(0.1, 0.9, 40), rng.uniform(0, 10, 40)), 0, 0, np.ones(40, int))
    now, y, total = rng.uniform(0, 1, 40), [], 3.0
    alone = [best_response(rule, block.player(j), 0.0) for j in range(40)]
    assert np.ptp(alone) > 0

    def reply(some, outside, own):
        return best_responses(rule, block.players_from(some), outside, own)

    total = float(now.sum())
    for j, own in enumerate(now):
        best = best_response(rule, block.player(j), max(total - own, 0.0), own)
        y.append(own + 0.7 * (best - own))
        total += y[-1] - own
    found = rounds.turns_in_a_row(reply, float(now.sum()), now, 0.7)
    np.testing.assert_array_equal(found[1], y)
    assert found[2] == total
