"""What purchases cost whoever moves the price, piece by piece, against the outlay itself at many purchases."""

import numpy as np
import pytest

from market.aggregator.days.outlay import bends_at, convex, pieces, slopes_at
from market.prices import Affine, Dispatch, Piecewise, Power

NEAR, TELLING = 1e-6, 1e-4  # beside a kink; how far marginal outlays there are apart that differ


def straight(rng):
    """Rules whose prices are straight between kinks: one line, a broken one with a jump, generators."""
    steps = np.cumsum(rng.uniform(1, 4, 3))
    broken = Piecewise([0.0, *steps, steps[-1]], [*np.sort(rng.uniform(0, 6, 4)), 7.0], rng.uniform(0.1, 1))
    fleet = Dispatch(rng.uniform(1, 4, 3), rng.uniform(0.1, 1, 3) * [1, 0, 1], rng.uniform(0, 6, 3), 20.0)
    return Affine(*rng.uniform(0.1, 1, 2)), broken, fleet


def price(rule, total):
    """A price, affine ones below no load too."""
    return rule.value(total if isinstance(rule, Affine) else max(total, 0.0))


def outlay(rule, others, z, own):
    """What z costs beside the others' load, or what its production costs."""
    if own:
        return z * price(rule, others + z)
    total = others + z
    below = 0.0 if isinstance(rule, Affine) else min(total, 0.0)
    return rule.cost(total - below) + price(rule, 0.0) * below


def falls(rule, others, edge):
    """Does the marginal outlay fall at a kink, or the outlay jump?"""
    at, after, later, before = (outlay(rule, others, edge + k * NEAR, 1.0) for k in (0, 1, 2, -1))
    return abs(after - at) > TELLING or later - after < at - before - TELLING * NEAR


def kinks(rule, others):
    """Purchases at which the price has a kink."""
    return [] if isinstance(rule, Affine) else [total - others for total in (0.0, *rule.kinks)]


def filled(found, mine, moved):
    """Cost of a move, the pieces filled from where the purchase is."""
    cost, rest = 0.0, moved
    for k in mine if moved > 0 else mine[::-1]:
        part = np.clip(rest, found.low[k], found.high[k])
        cost, rest = cost + found.cost[k] * part + found.square[k] * part**2, rest - part
    assert rest == pytest.approx(0.0, abs=1e-12)
    return cost


@pytest.mark.parametrize("own", [1.0, 0.0])
@pytest.mark.parametrize("seed", range(6))
def test_pieces_add_up_to_the_outlay_as_far_as_it_bends_up(seed, own):
    rng = np.random.default_rng(seed)
    rules = straight(rng)
    others, y = rng.uniform(1, 9, (4, 3)), rng.uniform(-6, 6, (4, 3))
    found = pieces(rules, others, y, own)
    assert not found.ends.any()
    for (j, t), here in np.ndenumerate(y):
        rule, beside = rules[t], others[j, t]
        mine = np.flatnonzero(found.place == j * len(rules) + t)
        stops = [edge for edge in kinks(rule, beside) if own and falls(rule, beside, edge)]
        low = max((edge for edge in stops if edge < here), default=-np.inf)
        high = min((edge for edge in stops if edge > here), default=np.inf)
        assert here + found.low[mine].sum() == pytest.approx(low)
        assert here + found.high[mine].sum() == pytest.approx(high)
        for z in rng.uniform(max(low, here - 9), min(high, here + 9), 12):
            cost = outlay(rule, beside, z, own) - outlay(rule, beside, here, own)
            assert filled(found, mine, z - here) == pytest.approx(cost, abs=1e-9)


@pytest.mark.parametrize("own", [1.0, 0.0])
def test_a_purchase_just_at_a_kink_costs_on_each_side_what_that_side_costs(own):
    rule, beside, here = Piecewise([0.0, 3.0], [0.0, 3.0], 2.0), 1.0, 2.0
    found = pieces([rule], np.array([[beside]]), np.array([[here]]), own)
    for z in (0.5, 1.5, 2.5, 5.0):
        cost = outlay(rule, beside, z, own) - outlay(rule, beside, here, own)
        assert filled(found, np.arange(len(found.place)), z - here) == pytest.approx(cost, abs=1e-12)


@pytest.mark.parametrize("seed", range(6))
def test_an_outlay_is_convex_from_the_last_kink_on_at_which_it_bends_down(seed):
    rng = np.random.default_rng(seed)
    rules = straight(rng)
    others = rng.uniform(1, 9, (1, 3))
    stops = [[e for e in kinks(rule, others[0, t]) if falls(rule, others[0, t], e)] for t, rule in enumerate(rules)]
    for t, rule in enumerate(rules[1:], 1):
        last = max(stops[t])
        assert [convex([rule], others[:, [t]], np.array([[last + side]]))[0] for side in (0.01, -0.01)] == [True, False]
        assert pieces([rule], others[:, [t]], np.array([[last]])).ends.all()
    assert convex(rules[:1], others[:, :1], np.array([[-99.0]]))[0]


@pytest.mark.parametrize("exponent", [0.6, 1.7, 3.0])
def test_a_bent_price_is_followed_to_the_second_order(exponent):
    rule, others, y = Power(0.3, exponent), np.array([[2.0], [5.0]]), np.array([[1.5], [-2.0]])
    found = pieces([rule], others, y)
    for j, here in enumerate(y[:, 0]):
        now, above, below = (outlay(rule, others[j, 0], here + step, 1.0) for step in (0.0, 1e-4, -1e-4))
        (around,) = np.flatnonzero((found.place == j) & (found.low < 0) & (found.high > 0))
        assert found.cost[around] == pytest.approx((above - below) / 2e-4, rel=1e-6)
        assert found.square[around] == pytest.approx(max((above - 2 * now + below) / 2e-8, 0.0), rel=1e-5)


@pytest.mark.parametrize("unit", [1e-12, 1.0, 1e12])
def test_slopes_are_those_of_the_price_in_any_unit_and_finite_where_nothing_is_bought(unit):
    rule, total, k = Power(2.0 / unit**0.5, 0.5), np.array([0.0, 1e-6, 3.0])[:, None] * unit, np.array([0.5, -0.25])
    slope, bend = slopes_at([rule], total), bends_at([rule], total)
    assert np.isfinite(slope[0, 0]) and slope[0, 0] > slope[1, 0] and bend[0] == 0.0
    np.testing.assert_allclose(slope[1:, 0] * unit, 2.0 * k[0] * np.array([1e-6, 3.0]) ** -0.5, rtol=1e-12)
    np.testing.assert_allclose(bend[1:, 0] * unit**2, 2.0 * k[1] * np.array([1e-6, 3.0]) ** -1.5, rtol=1e-12)
