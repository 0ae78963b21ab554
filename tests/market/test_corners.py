"""Corners: the others' purchases all but price out one user of a max-min player, and all it may buy is worth nothing.

No equilibrium is there. With a little more from the others the user counts no longer, with a little less the player
serves it, if by next to nothing. No rounding and no offset may hide that.
"""

from dataclasses import replace

import numpy as np
import pytest

from market.aggregator.certificate import gap
from market.aggregator.clearing import clear
from market.aggregator.equilibrium import solve
from market.aggregator.game import Game
from market.outcome import Status

SOLVED = [0, 1, 3, 7, 9, 12, 4, 6, 14]  # whose corner is at no kink


@pytest.mark.share
@pytest.mark.parametrize("seed", [*SOLVED, 2, 8, 10, 15])
def test_on_both_sides_of_a_corner_somebody_gains(small_markets, seed):
    game, y = small_markets.cornered(seed)
    assert min(gap(game, at, clear(game, at).x)[0] for at in small_markets.beside(y)) > 1e-3


@pytest.mark.share
@pytest.mark.parametrize("alpha", [1.0, 1.5, 3.0, 150.0])
@pytest.mark.parametrize("seed", SOLVED[:4])
def test_a_literal_objective_regrets_every_corner(small_markets, seed, alpha):
    game, y = small_markets.cornered(seed)
    game = Game(game.price, (replace(game.blocks[0], alpha=alpha, surplus_offset=0.0), game.blocks[1]))
    assert all(np.isinf(gap(game, at, clear(game, at).x)[0]) for at in small_markets.beside(y))


@pytest.mark.parametrize("seed", SOLVED[:6])
def test_just_before_a_corner_a_little_serves_everyone(small_markets, brute, seed):
    """By plain formulas: at least as much as the least surplus, which is nothing at the purchase held."""
    game, y = small_markets.cornered(seed)
    y = y * np.array([1.0, 1 - 1e-3])
    payoff = brute.payoff_of(game.price, game.player(0), y[1])[1]
    room = float(game.price.supply(game.blocks[0].utility.reservation[1])) - y[1]
    held, little = payoff(np.array([y[0]]))[0], payoff(room * np.array([0.25]))[0]
    assert np.max(little) > 0 and np.min(held) <= 0


@pytest.mark.share
@pytest.mark.parametrize("seed", SOLVED[:5])
def test_a_corner_is_all_that_bounds_leave_beside_the_equilibria(small_markets, reply_boxes, seed):
    """So what `unique` and no-equilibrium say is true: every other pair of purchases is excluded, box by box."""
    game, y = small_markets.cornered(seed)
    found, boxes = solve(game), reply_boxes.left(game)
    assert found.unique or found.status == Status.NO_EQUILIBRIUM
    doubtful = reply_boxes.far(*boxes, [outcome.y for outcome in found.equilibria])
    assert np.all(np.abs(doubtful[:, 1] - y[1]) <= boxes[1][1] * (0.5 + 1e-6))


def test_a_market_of_two_in_which_a_corner_was_taken_for_an_equilibrium(small_markets):
    game = small_markets.market(704, small_markets.KINKED, (1, 4))
    found, profiles = solve(game), small_markets.crossings(game)
    assert (found.status, profiles) == (Status.NO_EQUILIBRIUM, [])
    corner = np.array([0.05024671, float(game.price.supply(game.blocks[0].utility.reservation[0]))])
    assert min(gap(game, at, clear(game, at).x)[0] for at in small_markets.beside(corner)) > 1e-3
