"""Fairness objectives: the gain and its unit against the formulas as written."""

import math

import numpy as np
import pytest

from market.fairness import AlphaFair, MaxMin, objective
from market.fairness.one_player import OnePlayer
from market.parameters import made, parameters_of

ALPHAS = (0.0, 0.3, 0.5, 0.75, 1.0, 2.0, 5.0, 30.0, 50.0)


def phi(s, alpha, offset):
    """The objective as the paper writes it (eqs. 2 and 3), with an offset."""
    return np.log(s + offset).sum(-1) if alpha == 1 else ((s + offset) ** (1 - alpha) / (1 - alpha)).sum(-1)


@pytest.mark.parametrize("offset", [0.0, 0.01, 1.0])
@pytest.mark.parametrize("alpha", ALPHAS)
def test_gain_is_the_rise_of_the_objective_over_its_unit(alpha, offset):
    rng = np.random.default_rng(3)
    old, new = rng.uniform(0.5, 4, 7), rng.uniform(0.5, 4, (5, 7))
    unit = ((old + offset) ** (1 - alpha)).sum()
    expected = (phi(new, alpha, offset) - phi(old, alpha, offset)) / unit
    found = objective(alpha, offset).gain(new, old, old > 0)
    np.testing.assert_allclose(found, expected, rtol=1e-11)


@pytest.mark.parametrize("alpha", ALPHAS)
def test_small_gains_keep_their_digits(alpha):
    old, share = np.array([1.0, 2.0, 5.0]), 1e-9
    found = objective(alpha, 0.0).gain(old * (1 + share), old, old > 0)
    weights = old ** (1 - alpha)
    assert found == pytest.approx(share * (weights.sum() / weights.sum()), rel=1e-6)


@pytest.mark.parametrize("alpha", [2.0, 30.0, 50.0])
def test_users_priced_out_in_both_outcomes_do_not_swallow_the_rest(alpha):
    old, new = np.array([1.0, 1.5]), np.array([1.0 + 1e-7, 1.5])
    alone = objective(alpha, 0.01).gain(new, old, old > 0)
    beside = objective(alpha, 0.01).gain(np.append(new, 0.0), np.append(old, 0.0), np.array([True, True, False]))
    assert beside == pytest.approx(alone, rel=1e-9)


@pytest.mark.parametrize("offset", [0.0, 1e-9, 0.01])
@pytest.mark.parametrize("alpha", [30.0, 50.0])
def test_extreme_surpluses_neither_overflow_nor_lose_their_sign(alpha, offset):
    rule = objective(alpha, offset)
    tiny, huge = np.array([1e-12, 1.0]), np.array([1e12, 1.0])
    served = np.array([True, True])
    assert rule.gain(huge, tiny, served) > 0 > rule.gain(tiny, huge, served)
    assert rule.gain(np.zeros(2), huge, served) < 0
    assert np.isfinite(rule.gain(huge, np.zeros(2), np.array([False, False]))) or offset == 0


@pytest.mark.parametrize("alpha", ALPHAS)
def test_log_scale_is_the_logarithm_of_the_unit(alpha):
    s, served = np.array([0.3, 2.0, 7.0]), np.array([True, False, True])
    unit = ((s[served] + 0.01) ** (1 - alpha)).sum()
    assert AlphaFair(alpha, 0.01).log_scale(s, served) == pytest.approx(math.log(unit), rel=1e-12, abs=1e-12)


def test_alpha_near_one_is_close_to_proportional_fairness():
    old, new = np.array([1.0, 3.0]), np.array([[1.1, 2.9], [0.9, 3.3]])
    one = objective(1.0, 0.01).gain(new, old, old > 0)
    np.testing.assert_allclose(objective(1 + 1e-7, 0.01).gain(new, old, old > 0), one, rtol=1e-5)


def test_max_min_gains_what_the_least_surplus_gains():
    old, new = np.array([2.0, 3.0]), np.array([[2.5, 9.0], [1.0, 9.0]])
    np.testing.assert_allclose(objective(math.inf, 0.0).gain(new, old, old > 0), [0.25, -0.5])
    assert MaxMin(0.0).gain(np.array([0.5, 1.0]), np.zeros(2), np.zeros(2, bool)) == 0.5


def test_what_a_file_leaves_out_of_fairness_is_what_its_keys_say():
    alpha, offset = (parameters_of(AlphaFair)[key].default for key in ("alpha", "surplus_offset"))
    assert made(AlphaFair, {}) == AlphaFair(alpha, offset)
    assert made(AlphaFair, {"alpha": 2.0}) == AlphaFair(2.0, offset)
    assert made(AlphaFair, {"alpha": math.inf, "surplus_offset": 0.5}) == MaxMin(0.5)


@pytest.mark.parametrize("money", [1e-6, 1.0, 1e6])
def test_max_mins_regret_is_a_share_and_at_least_all_of_it_where_somebody_who_counts_has_nothing(money):
    everybody = np.ones(2, bool)
    for least, share in ((0.4, 0.25), (0.0, 1.0)):
        new, old = money * np.array([least + 0.1, 3.0]), money * np.array([least, 2.0])
        found = MaxMin(0.0).regret(new, old, everybody, everybody, money * np.full(2, 9.0), OnePlayer)
        assert found == pytest.approx([share])
