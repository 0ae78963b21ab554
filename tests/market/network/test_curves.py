"""Curves for readers are the prices, payoffs and replies of the game, found by other roads."""

import numpy as np
import pytest

from market.aggregator.network.curves import replies_of_two, residual
from market.aggregator.network.facing import _shifted
from market.aggregator.network.learners import PlacedLearners
from market.grid.interior import Angles
from scenarios import draw, load

THIN = 0.5  # limit of the line


def game_of(name, *changes):
    return draw(load(name, set=list(changes))).game


@pytest.mark.parametrize("j", [0, 1])
def test_the_price_along_a_purchase_is_that_of_a_solver_and_the_payoff_that_of_its_user(j):
    game, y = game_of("two_nodes_thin"), np.array([8.0, 9.0])
    curve, angles = residual(game, y, j), Angles(game.grid)
    for k in range(0, len(curve.amounts), 20):
        moved = y.copy()
        moved[j] = t = curve.amounts[k]
        price = angles.balances(game.taken(moved), game.put_in(moved))[j]
        assert curve.price[k] == pytest.approx(price, abs=1e-5)
        assert curve.payoff[k] == pytest.approx(8 * t - t**2 / 20 - price * t, abs=1e-4)
    assert curve.best == pytest.approx(curve.amounts[np.argmax(curve.payoff)], abs=1e-6)
    other = y[1 - j]
    assert curve.breaks == pytest.approx([other - 2 * THIN, other + 2 * THIN])  # flow (y_j − y_other) / 2 = ±K
    beside = np.diff(curve.amounts)[np.flatnonzero(np.isin(curve.amounts, curve.breaks))] / curve.amounts[-1]
    assert np.all((beside > 1e-7) & (beside < 1e-5))  # points stand near enough, but told apart


def test_a_price_taker_believes_in_the_one_price_at_which_it_stays():
    game, y = game_of("two_nodes_thin", "group.0.anticipates=nothing"), np.array([8.0, 9.0])
    curve = residual(game, y, 0)
    assert np.ptp(curve.believed) == 0 and np.ptp(curve.price) > 1
    assert np.interp(curve.best, curve.amounts, curve.price) == pytest.approx(curve.believed[0])
    assert curve.best == pytest.approx(10 * (8 - curve.believed[0]))  # marginal utility 8 − x / 10 is the price


def test_replies_of_two_alike_in_closed_form():
    """Below the line's reach: (8 − y_B / 4) / 0.6, where less than 2K lies between them; alone: (8 ± K / 2) / 1.1."""
    game = game_of("two_nodes_unequal")  # K = 2, U_A = 8 x − x² / 20, U_B = 10 x − x² / 20
    amounts, first, second = replies_of_two(game, np.array([9.0, 12.9]), 0, 1)
    free, alone = (8 - amounts / 4) / 0.6, 70 / 11
    near = np.minimum(np.abs(first - free), np.abs(first - alone))
    met = np.minimum(near, np.minimum(np.abs(first - amounts - 4), np.abs(first - 90 / 11)))
    assert np.max(met) < 1e-6
    assert np.any(np.abs(first - free) < 1e-6) and np.any(np.abs(first - alone) < 1e-6)
    own = np.stack([(10 - amounts / 4) / 0.6, amounts + 4, amounts - 4])
    rest = np.append(own, [np.full(len(amounts), (10 + 1) / 1.1), np.full(len(amounts), (10 - 1) / 1.1)], axis=0)
    assert np.max(np.min(np.abs(rest - second), axis=0)) < 1e-6


def test_a_sellers_curve_falls_and_ends_at_its_capacity():
    game = game_of("cournot_duopoly")
    curve = residual(game, np.array([28.27, 27.8]), 0)
    assert np.all(np.diff(curve.price) <= 1e-9)
    assert curve.payoff == pytest.approx((curve.price - 10 - 0.1 * curve.amounts) * curve.amounts)
    assert curve.best == pytest.approx((100 - 27.8 - 10) / 2.2)


def test_nothing_is_told_of_sales_beyond_a_sellers_capacity():
    curve = residual(game_of("cournot_duopoly", "group.0.capacity=30"), np.array([28.27, 27.8]), 0)
    assert curve.amounts[-1] == 30 and curve.best == pytest.approx((100 - 27.8 - 10) / 2.2)


@pytest.mark.parametrize("rounding", [0.0, 5e-14, -5e-14])
def test_from_a_step_on_a_line_has_the_price_beyond_it(rounding):
    line = np.array([0.0, 2.0, 2.0, 4.0]), np.array([1.0, 3.0, 5.0, 6.0]), 1.0
    quantities, prices, last = _shifted(*line, 2.0 * (1 + rounding))
    assert quantities == pytest.approx([0.0, 2.0]) and prices.tolist() == [5.0, 6.0] and last == 1.0
    assert _shifted(*line, 1.0)[1].tolist() == [2.0, 3.0, 5.0, 6.0]


@pytest.mark.parametrize("j", [0, 1])
def test_a_learner_is_told_of_the_curve_that_it_faces(j):
    game, y = game_of("two_nodes_thin"), np.array([8.0, 9.0])
    learners = PlacedLearners(game, game.blocks[j], slice(j, j + 1))
    faced = learners.faced(y)
    curve, own = residual(game, y, j), y[j]
    price = np.interp(own, curve.amounts, curve.price)
    assert faced.seen.tolist() == [y.tolist()]
    assert faced.price == pytest.approx([price], abs=1e-5)
    assert faced.payoff == pytest.approx([8 * own - own**2 / 20 - price * own], abs=1e-4)
    assert faced.best(faced.seen) == pytest.approx([curve.best], abs=1e-6)
    assert faced.wanted() == pytest.approx(np.minimum(10 * (8 - price), learners.top), abs=1e-3)  # U' = 8 − x / 10


def test_kinks_beyond_what_is_shown_are_not_told():
    """The line fills where the other buys 60 less or more by twice what it carries."""
    game = game_of("two_nodes_thin")
    near, far = residual(game, np.array([8.0, 9.0]), 0), residual(game, np.array([8.0, 60.0]), 0)
    assert len(near.breaks) == 2 and far.amounts[-1] < 59
    assert not len(far.breaks) and len(far.amounts) <= len(near.amounts)
