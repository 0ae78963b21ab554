"""Fairness objectives against the formulas as written: regrets, planes above them, values and first guesses."""

import math
from decimal import Decimal, getcontext

import numpy as np
import pytest

from market.fairness import AlphaFair, MaxMin
from market.fairness.one_player import OnePlayer
from market.utilities import Quadratic
from tests.market.test_fairness import phi

ALPHAS = (0.0, 0.3, 0.75, 1.0, 2.0, 5.0, 100.0)
OFFSETS = (0.0, 0.01, 1.0, 50.0)  # the last is above all that is worth
USERS = 5
ALL = np.ones(USERS, dtype=bool)


def drawn(seed, unit=1.0):
    """(Old and new surpluses, what they could be worth), money."""
    rng = np.random.default_rng(seed)
    return unit * rng.uniform(0.5, 4, USERS), unit * rng.uniform(0.5, 4, (6, USERS)), unit * rng.uniform(4, 9, USERS)


def written_out(new, old, unit, alpha, offset, most):
    """The rise of Φ over Σ (unit + offset)^−alpha (unit + offset, but no more than all that is worth)."""
    scale = np.sum((unit + offset) ** -alpha * (unit + min(offset, most)))
    return (phi(new, alpha, offset) - phi(old, alpha, offset)) / scale


@pytest.mark.parametrize("money", [1e-5, 1.0, 1e5])
@pytest.mark.parametrize("offset", OFFSETS)
@pytest.mark.parametrize("alpha", ALPHAS)
def test_a_regret_is_the_rise_over_its_measure(alpha, offset, money):
    old, new, worth = drawn(1, money)
    rule = AlphaFair(alpha, offset * money)
    found = rule.regret(new, old, ALL, ALL, worth, OnePlayer)[:, 0]
    expected = written_out(new / money, old / money, old / money, alpha, offset, worth.max() / money)
    np.testing.assert_allclose(found, expected, rtol=1e-7, atol=1e-12)


@pytest.mark.parametrize("offset", OFFSETS)
@pytest.mark.parametrize("alpha", ALPHAS)
def test_only_the_served_are_the_measure_and_all_counted_where_nobody_is(alpha, offset):
    old, new, worth = drawn(2)
    rule, some, most = AlphaFair(alpha, offset), np.array([True, False, True, False, True]), worth.max()
    new = np.where(some, new, old)
    found = rule.regret(new, old, ALL, some, worth, OnePlayer)[:, 0]
    expected = written_out(new[:, some], old[some], old[some], alpha, offset, most)
    np.testing.assert_allclose(found, expected, rtol=1e-7, atol=1e-12)
    nobody = rule.regret(new, old, some, ~ALL, worth, OnePlayer)[:, 0]
    unit, most = (old if offset else worth)[some], worth[some].max()
    np.testing.assert_allclose(nobody, written_out(new[:, some], old[some], unit, alpha, offset, most), rtol=1e-7)


@pytest.mark.parametrize("alpha", [0.0, 0.3, 0.75])
def test_who_loses_more_than_the_offset_is_measured_at_what_it_could_be_worth(alpha):
    old, new, worth = drawn(3)
    lost = old.copy()
    lost[1] = -0.5
    rule, unit = AlphaFair(alpha, 0.01), np.where(lost < 0, worth, old)
    found = rule.regret(new, lost, ALL, ALL, worth, OnePlayer)[:, 0]
    if alpha == 0:
        expected = (new - lost).sum(axis=1) / (unit + 0.01).sum()
        np.testing.assert_allclose(found, expected, rtol=1e-9)
    scale = ((unit + 0.01) ** (1 - alpha)).sum()
    step = np.where(np.arange(USERS) == 0, 1e-3, 0.0)
    slope = phi(old + step, alpha, 0.01) - phi(old, alpha, 0.01)
    assert rule.regret(lost + step, lost, ALL, ALL, worth, OnePlayer)[0] == pytest.approx(slope / scale, rel=1e-6)


def equal_surplus(surplus, alpha, offset):
    """The surplus that, had by all, is worth as much, with the offset; to sixty digits."""
    getcontext().prec = 60
    power = 1 - Decimal(alpha)
    each = [(Decimal(float(s)) + Decimal(offset)) ** power for s in surplus]
    return (sum(each) / len(each)) ** (1 / power)


@pytest.mark.parametrize("offset", [0.0, 0.01, 50.0])
@pytest.mark.parametrize("alpha", [101.0, 300.0, 5e4])
def test_beyond_alpha_100_a_regret_is_the_rise_of_the_equal_surplus(alpha, offset):
    old, new, worth = drawn(4)
    near = np.concatenate([new, old + 1e-7 * new, old - 1e-11 * new])
    found = AlphaFair(alpha, offset).regret(near, old, ALL, ALL, worth, OnePlayer)[:, 0]
    before = equal_surplus(old, alpha, offset)
    base = before - max(Decimal(offset) - Decimal(float(worth.max())), 0)
    expected = [float((equal_surplus(s, alpha, offset) - before) / base) for s in near]
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    some = np.array([True, True, False, True, False])
    found = AlphaFair(alpha, offset).regret(new, old, some, some, worth, OnePlayer)[:, 0]
    before, most = equal_surplus(old[some], alpha, offset), Decimal(float(worth[some].max()))
    base = before - max(Decimal(offset) - most, 0)
    expected = [float((equal_surplus(s[some], alpha, offset) - before) / base) for s in new]
    np.testing.assert_allclose(found, expected, rtol=1e-6)


@pytest.mark.parametrize("alpha", ALPHAS)
def test_where_nobody_is_served_a_gain_is_the_rise_itself(alpha):
    old, new, _ = drawn(5)
    found = AlphaFair(alpha, 0.1).gain(new, old, ~ALL)
    np.testing.assert_allclose(found, phi(new, alpha, 0.1) - phi(old, alpha, 0.1), rtol=1e-9)


@pytest.mark.parametrize("offset", [0.0, 0.01, 50.0])
@pytest.mark.parametrize("alpha", [*ALPHAS, math.inf])
def test_a_plane_touches_regrets_where_it_is_laid_and_none_lies_above_it(alpha, offset):
    old, new, worth = drawn(6)
    rule = MaxMin(offset) if alpha == math.inf else AlphaFair(alpha, offset)
    some = np.array([True, True, True, False, True])
    for at in (old, new[0]):
        at = np.full(USERS, at.mean()) if alpha == math.inf else at
        height, slopes = rule.plane(at, np.ones(USERS), old, some, some, worth, OnePlayer)
        here = rule.regret(at, old, some, some, worth, OnePlayer)
        assert height[0] == pytest.approx(here[0], rel=1e-9, abs=1e-12)
        for s in new:
            regret = rule.regret(s, old, some, some, worth, OnePlayer)[0]
            assert regret <= height[0] + slopes @ (s - at) + 1e-9 * (1 + abs(regret))
        if alpha <= 5:  # differences of larger powers are rounding
            step = 1e-6
            for i in np.flatnonzero(some):
                up = rule.regret(at + step * np.eye(USERS)[i], old, some, some, worth, OnePlayer)[0]
                down = rule.regret(at - step * np.eye(USERS)[i], old, some, some, worth, OnePlayer)[0]
                assert slopes[i] == pytest.approx((up - down) / (2 * step), rel=1e-5, abs=1e-9)


def test_beyond_alpha_100_no_plane_is_known():
    old, new, worth = drawn(7)
    height, slopes = AlphaFair(101.0, 0.01).plane(new[0], old, old, ALL, ALL, worth, OnePlayer)
    assert height.tolist() == [np.inf] and slopes.tolist() == [0] * USERS
    assert np.isfinite(AlphaFair(100.0, 0.01).plane(new[0], old, old, ALL, ALL, worth, OnePlayer)[0][0])


@pytest.mark.parametrize("alpha", [1.0, 2.0])
def test_without_an_offset_who_has_nothing_makes_any_regret_infinite(alpha):
    old, new, worth = drawn(8)
    old[2] = 0.0
    for counted, lost in ((ALL, True), (np.arange(USERS) != 2, False)):
        found = AlphaFair(alpha, 0.0).regret(new[0], old, counted, counted, worth, OnePlayer)
        assert np.isposinf(found[0]) == lost
    assert np.isfinite(AlphaFair(alpha, 0.01).regret(new[0], old, ALL, ALL, worth, OnePlayer)[0])
    assert np.isfinite(AlphaFair(0.5, 0.0).regret(new[0], old, ALL, ALL, worth, OnePlayer)[0])


@pytest.mark.parametrize("alpha", ALPHAS)
def test_values_are_the_formula_and_minus_infinity_where_a_surplus_is_below_none(alpha):
    old, new, _ = drawn(9)
    rule = AlphaFair(alpha, 0.1)
    np.testing.assert_allclose(rule.value(new, ALL, OnePlayer)[:, 0], phi(new, alpha, 0.1), rtol=1e-12)
    old[1] = -0.2
    value = rule.value(old, ALL, OnePlayer)[0]
    assert value == (pytest.approx(old.sum() + 0.5) if alpha == 0 else -np.inf)
    traces = np.array([1.0, -0.1 - 1e-12])
    assert alpha >= 1 or np.isfinite(AlphaFair(alpha, 0.1).value(traces, ALL[:2], OnePlayer)[0])


@pytest.mark.parametrize("offset", [0.0, 0.5])
@pytest.mark.parametrize("alpha", ALPHAS)
def test_the_first_guess_is_right_where_a_price_hardly_moves(alpha, offset):
    """slope × Σ demand / (best surplus + offset)^alpha, as kappa is at the price itself."""
    rng = np.random.default_rng(10)
    users, price, slope = Quadratic(rng.uniform(0.2, 2, USERS), rng.uniform(5, 9, USERS)), 2.0, 1e-3
    found = AlphaFair(alpha, offset).first_guess(users, price, slope, OnePlayer.by_player)
    kappa = slope * np.sum((users.b - 2) / (2 * users.a) * ((users.b - 2) ** 2 / (4 * users.a) + offset) ** -alpha)
    assert found == pytest.approx([math.log(kappa)])


def test_a_served_user_s_margin_is_at_least_what_its_offset_leaves():
    z = np.array([-1.0, 0.0, 2.0])
    assert AlphaFair(2.0, 0.5).least_margin(z) == pytest.approx(np.exp(z) / 4)
    assert AlphaFair(2.0, 0.0).least_margin(z) is None
    assert np.all(np.isfinite(AlphaFair(1e4, 0.01).least_margin(np.array([-1e6, 1e6]))))


def test_what_alpha_fairness_says_of_itself():
    for alpha, offset in ((0.0, 0.0), (0.5, 0.0), (1.0, 0.0), (1.0, 0.1), (2.0, 0.0)):
        rule = AlphaFair(alpha, offset)
        told = (rule.welfare, rule.literal, rule.sudden, rule.steepness)
        assert told == (alpha == 0, alpha >= 1 and offset == 0, offset == 0, alpha)
        assert rule.pressure_rises(Quadratic(np.ones(1), np.ones(1))) == (offset == 0 and alpha >= 0.5)
        assert not rule.pressure_rises(object())
    assert isinstance(AlphaFair.of_keys(1e6, 0.1), AlphaFair) and AlphaFair.of_keys(1e6 + 1, 0.1) == MaxMin(0.1)


@pytest.mark.parametrize("money", [1e-5, 1.0, 1e5])
@pytest.mark.parametrize("offset", OFFSETS)
def test_max_min_regrets_the_least_surplus_beside_itself_and_the_offset(offset, money):
    old, new, worth = drawn(11, money)
    some = np.array([True, False, True, True, False])
    found = MaxMin(offset * money).regret(new, old, some, some, worth, OnePlayer)[:, 0]
    base = old[some].min() + min(offset * money, worth[some].max())
    np.testing.assert_allclose(found, (new[:, some].min(axis=1) - old[some].min()) / base, rtol=1e-9)
    assert MaxMin(offset).value(new, some, OnePlayer)[:, 0] == pytest.approx(new[:, some].min(axis=1))
    assert MaxMin(offset).value(old, ~ALL, OnePlayer).tolist() == [0]
    gains = MaxMin(offset * money).gain(new, old, ALL)
    np.testing.assert_allclose(gains, (new.min(axis=1) - old.min()) / (old.min() + offset * money), rtol=1e-9)
    nobody = MaxMin(offset * money).regret(new, old, ~ALL, ~ALL, worth, OnePlayer)[:, 0]
    np.testing.assert_allclose(nobody, new.min(axis=1) / old.min() - 1, rtol=1e-9)


def test_a_max_min_plane_weighs_surpluses_as_one_over_margins():
    old, new, worth = drawn(12)
    margin = np.array([1.0, 2.0, 4.0, 8.0, 0.5])
    some = np.array([True, True, True, True, False])
    height, slopes = MaxMin(0.1).plane(new[0], margin, old, some, some, worth, OnePlayer)
    weight = np.where(some, 1 / margin, 0) / np.sum(1 / margin[some])
    base = old[some].min() + 0.1
    assert slopes == pytest.approx(weight / base)
    assert height == pytest.approx([(weight @ new[0] - old[some].min()) / base])
    old[0] = 0.0
    assert np.isposinf(MaxMin(0.1).plane(new[0], margin, old, some, some, worth, OnePlayer)[0][0])


def test_max_min_gives_up_a_share_of_the_roof():
    """A common surplus t = roof/(1 + e^z) of all who are served; slopes by finite differences."""
    rng = np.random.default_rng(13)
    users = Quadratic(rng.uniform(0.2, 2, USERS), np.append(rng.uniform(5, 9, USERS - 1), 1.0))
    price, step = 2.0, 1e-6

    def roof(at):
        best = users.best_surplus(at)[:-1]
        least = int(np.argmin(best))
        return np.array(best[least]), np.array(-users.demand(at)[least] / best[least])

    for z in (-2.0, 0.0, 3.0):
        x, margin, bend, share, margin_p = MaxMin(0.0).respond(users, price, np.array(z), roof(price))
        surplus = users.surplus(price, x)
        assert surplus[:-1] == pytest.approx(np.full(USERS - 1, roof(price)[0] / (1 + math.exp(z))))
        assert (x[-1], bend[-1], share[-1], margin_p[-1]) == (0, 0, 0, 0)
        assert margin[:-1] == pytest.approx((users.marginal(x) - price)[:-1])
        for found, ends in (
            (
                share * margin,
                [MaxMin(0.0).respond(users, price, np.array(z + d), roof(price))[1] for d in (step, -step)],
            ),
            (margin_p, [MaxMin(0.0).respond(users, price + d, np.array(z), roof(price + d))[1] for d in (step, -step)]),
            (-bend, [users.demand(price + margin + d) for d in (step, -step)]),
        ):
            assert found[:-1] == pytest.approx(((ends[0] - ends[1]) / (2 * step))[:-1], rel=1e-5, abs=1e-8)
    assert MaxMin(0.0).first_guess(users, price, 1.0, OnePlayer.by_player).tolist() == [0]
    with pytest.raises(ValueError, match="roof"):
        MaxMin(0.0).respond(users, price, np.array(0.0))


@pytest.mark.parametrize("alpha", [0.0, 0.5, 1.0, 2.0])
def test_an_offset_beside_surpluses_that_are_worth_nothing_counts_whole(alpha):
    old, new, _ = drawn(14)
    found = AlphaFair(alpha, 0.5).regret(new, old, ALL, ALL, np.zeros(USERS), OnePlayer)[:, 0]
    np.testing.assert_allclose(found, written_out(new, old, old, alpha, 0.5, np.inf), rtol=1e-9)


def exact_rise(new, old, alpha, offset, most):
    """`written_out` to sixty digits, alpha not 1."""
    getcontext().prec = 60
    power, whole = 1 - Decimal(alpha), [[Decimal(float(s)) + Decimal(offset) for s in each] for each in (new, old)]
    rise = sum(after**power - before**power for after, before in zip(*whole, strict=True)) / power
    kept = Decimal(offset) - min(Decimal(offset), Decimal(most))
    return float(rise / sum(before ** -Decimal(alpha) * (before - kept) for before in whole[1]))


@pytest.mark.parametrize("alpha", [0.5, 2.0, 5.0])
def test_small_rises_beside_a_huge_offset_keep_their_digits(alpha):
    old, new, worth = drawn(15)
    near = old + 1e-6 * (new[0] - 2)
    found = AlphaFair(alpha, 1e8).regret(near, old, ALL, ALL, worth, OnePlayer)[0]
    assert found == pytest.approx(exact_rise(near, old, alpha, 1e8, float(worth.max())), rel=1e-6)


def test_beyond_the_largest_numbers_a_loss_grows_with_its_logarithm():
    """At alpha = 41 a user who keeps e^−t of a surplus of 1 loses e^(40 t); that is told to the digit up to e^600."""
    rule, old = AlphaFair(41.0, 0.0), np.ones(2)
    gains = [
        float(rule.gain(np.array([math.exp(-size / 40), 1.0]), old, ALL[:2]))
        for size in (599, 600.5, 601, 650, 690, 800, 910)
    ]
    unit = -math.exp(600) / 40 / 2
    assert np.array(gains) / unit == pytest.approx([math.exp(-1), 1.5, 2, 51, 91, 201, 311], rel=1e-6)
    more = float(rule.gain(np.array([math.exp(20), math.exp(-601 / 40)]), old, ALL[:2]))
    assert more == pytest.approx(2 * unit, rel=1e-6)


def test_a_max_min_plane_of_one_user_who_counts_is_its_surplus():
    old, worth = 1e-3 * np.array([2.0, 3.0]), 1e-3 * np.array([9.0, 9.0])
    at, one = 1e-3 * np.array([4.0, 5.0]), np.array([False, True])
    height, slopes = MaxMin(1e-3).plane(at, np.array([7.0, 9.0]), old, one, one, worth, OnePlayer)
    assert slopes == pytest.approx([0, 1 / 4e-3]) and height == pytest.approx([(5 - 3) / 4])
    both = ALL[:2]
    height, slopes = MaxMin(1e-3).plane(at, np.array([1.0, 3.0]), old, both, both, worth, OnePlayer)
    assert slopes == pytest.approx([0.75 / 3e-3, 0.25 / 3e-3]) and height == pytest.approx(
        [(0.75 * 4 + 0.25 * 5 - 2) / 3]
    )


@pytest.mark.parametrize("money", [1e-6, 1.0, 1e6])
def test_who_is_served_and_has_nothing_is_measured_at_nothing(money):
    old, new, worth = drawn(16, money)
    old[1] = 0.0
    found = AlphaFair(0.5, 0.0).regret(new, old, ALL, ALL, worth, OnePlayer)[:, 0]
    rise = 2 * (np.sqrt(new).sum(axis=1) - np.sqrt(old).sum())
    np.testing.assert_allclose(found, rise / np.sqrt(old).sum(), rtol=1e-9)
