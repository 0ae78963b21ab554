"""Best responses are globally best: against grids, against the published numbers, and on awkward random markets."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq

from market.aggregator.best_response import PricedOut, best_response, literal
from market.aggregator.game import Block
from market.aggregator.single import best_quantities
from market.prices import Affine, Dispatch, Linear, Piecewise, Power
from market.utilities import Logarithmic, Quadratic
from tests.shares import part_of

RANDOM = settings(
    max_examples=part_of(60),
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)

ALPHAS = (0.0, 0.3, 0.75, 1.0, 2.0, 5.0, 30.0, np.inf)


def aggregator(a, b, alpha, offset=0.0, kind=Quadratic):
    utility = Quadratic(np.array(a, float), np.array(b, float)) if kind is Quadratic else kind
    return Block("a", "aggregator", utility, alpha, offset, np.array([len(utility)]))


def payoff(brute, rule, player, outside, y):
    """J(y) as the paper writes it."""
    s = brute.payoff_of(rule, player, outside)[1](np.array([float(y)]))[0] + player.surplus_offset
    alpha = player.alpha
    return np.log(s).sum() if alpha == 1 else (s ** (1 - alpha)).sum() / (1 - alpha)


# The published examples


def test_two_peaks_the_global_one_is_found(brute):
    player, rule = aggregator([0.8, 0.55], [0.85, 9], 0.75), Linear(1.0)
    y = best_response(rule, player, 0.0)
    assert y == pytest.approx(2.9032, abs=5e-5)
    assert payoff(brute, rule, player, 0.0, y) == pytest.approx(7.60472, abs=5e-6)
    assert payoff(brute, rule, player, 0.0, 0.65) == pytest.approx(7.1446, abs=5e-5)
    assert payoff(brute, rule, player, 0.0, 0.85) == pytest.approx(6.39426, abs=5e-6)


@pytest.mark.parametrize("now", [0.0, 0.6, 0.65, 0.85, 2.9, 5.0])
def test_the_global_peak_is_found_from_every_start(now):
    player = aggregator([0.8, 0.55], [0.85, 9], 0.75)
    assert best_response(Linear(1.0), player, 0.0, now) == pytest.approx(2.9032, abs=5e-5)


@pytest.mark.parametrize("money", [1e-24, 1e-6, 1e6, 1e24])
def test_of_two_peaks_the_higher_is_found_in_any_unit_of_money(money):
    """At alpha 0.4 what one is above the other is in money^0.6, next to nothing where money is counted in 1e24."""
    player = aggregator([0.8 * money, 0.55 * money], [0.85 * money, 9 * money], 0.75)
    assert best_response(Linear(money), player, 0.0, 0.65) == pytest.approx(2.9032, abs=5e-5)
    player = aggregator([0.09 * money, 0.2 * money], [4.14 * money, 10 * money], 0.4)
    assert best_response(Linear(money), player, 0.14034, 4.10819) == pytest.approx(3.72921, abs=5e-6)


def test_two_peaks_at_alpha_04_the_lower_total_wins_by_a_hair(brute):
    player, rule, outside = aggregator([0.09, 0.2], [4.14, 10], 0.4), Linear(1.0), 0.14034
    y = best_response(rule, player, outside, now=4.10819)
    assert y == pytest.approx(3.72921, abs=5e-6)
    assert payoff(brute, rule, player, outside, y) == pytest.approx(10.135927, abs=2e-6)
    assert payoff(brute, rule, player, outside, 4.10819) == pytest.approx(10.133008, abs=2e-6)


def test_the_papers_own_draw_has_two_peaks_at_alpha_2(brute):
    rng = np.random.default_rng(1)
    player = aggregator(rng.uniform(0.1, 0.9, 100), rng.uniform(0, 10, 100), 2.0, 0.01)
    rule = Linear(0.001)
    y = best_response(rule, player, 168.0, now=62.7)
    assert y == pytest.approx(124.3, abs=0.06)
    users = player.utility.reservation > 0.168
    constant = np.sum(~users) / 0.01
    assert payoff(brute, rule, player, 168.0, y) - constant == pytest.approx(-352.537, abs=5e-4)
    assert payoff(brute, rule, player, 168.0, 62.7) - constant == pytest.approx(-353.538, abs=5e-4)


@pytest.mark.parametrize("alpha", ALPHAS)
def test_a_concave_kink_of_the_price_makes_two_peaks_for_any_alpha(alpha):
    rule = Piecewise([0, 1], [0, 10], 0.01)
    utility = Quadratic(np.array([0.5]), np.array([20.0]))
    player = Block("a", "aggregator", utility, alpha, 0.01, np.array([1]))
    y = best_response(rule, player, 0.0, now=20 / 21)
    assert y == pytest.approx(9.8137, abs=5e-5)
    surplus = [float(utility.surplus(rule.value(at), at)[0]) for at in (20 / 21, y)]
    assert surplus == pytest.approx([9.5238, 49.1177], abs=5e-5)


@pytest.mark.parametrize("now", [None, 0.2, 1.0, 1.9])
def test_of_purchases_equally_good_the_one_nearest_the_present_is_kept_without_one_the_least(now):
    """Max-min at a price of 2: x = 1/2 lifts the first user to 1/4, the other has that from x = (3 − √8) / 2 to 3/2."""
    rule, player = Piecewise([0, 9], [2, 2], 1.0), aggregator([1.0, 1.0], [3.0, 5.0], np.inf)
    least, present = 0.5 + (3 - np.sqrt(8)) / 2, () if now is None else (now,)
    assert best_response(rule, player, 0.0, *present) == pytest.approx(max(now or 0.0, least), rel=1e-6)


@pytest.mark.parametrize(("alpha", "y"), [(0.0, 475.237), (1.0, 393.89), (2.0, 31.974)])
def test_reference_best_responses_of_a_hundred_users(alpha, y):
    rng = np.random.default_rng(0)
    player = aggregator(rng.uniform(0.1, 0.9, 100), rng.uniform(0, 10, 100), alpha, 0.01)
    assert best_response(Linear(0.001), player, 500.0) == pytest.approx(y, abs=5e-4 if alpha != 1 else 0.01)


# Against the grid


def check(brute, rule, player, outside, now=0.0):
    try:
        y = best_response(rule, player, outside, now)
    except PricedOut as problem:
        assert literal(player)
        assert player.utility.reservation[problem.user] <= rule.right_value(outside)
        return
    assert y >= 0
    # under max-min a user may get less than rounding lets its margin tell
    assert brute.regret(rule, player, outside, y) <= (1e-7 if np.isinf(player.alpha) else 1e-9)


@RANDOM
@given(data=st.data())
def test_no_purchase_on_a_refined_grid_is_better(brute, markets, data):
    rule, player = data.draw(markets.rules()), data.draw(markets.players())
    outside = data.draw(st.one_of(st.just(0.0), markets.powers_of_ten(-3, 3)))
    check(brute, rule, player, outside)


@pytest.mark.share
@pytest.mark.parametrize("alpha", ALPHAS)
@pytest.mark.parametrize("kind", ["quadratic", "log"])
@pytest.mark.parametrize(
    "rule",
    [
        Linear(1.0),
        Affine(0.5, 0.3),
        Power(1.0, 0.5),
        Power(0.2, 2.5),
        Piecewise([0, 1, 1, 2, 3], [0, 1, 2, 2, 2.5], 0.2),
        Dispatch([1, 1.5], [0.4, 0.8], [0, 3], 8.0),
    ],
    ids=["linear", "affine", "concave", "convex", "piecewise", "dispatch"],
)
def test_small_markets_where_users_are_priced_out_one_by_one(brute, rule, kind, alpha):
    rng = np.random.default_rng(8)
    a, b = rng.uniform(0.05, 1, 4), np.array([0.85, 3.0, 3.0, 9.0])
    utility = Quadratic(a, b) if kind == "quadratic" else Logarithmic(b, 1 / a)
    check(brute, rule, aggregator(0, 0, alpha, 1e-3, utility), 0.2, now=float(rng.uniform(0, 3)))


@RANDOM
@given(data=st.data())
def test_users_alone_buy_what_is_best_on_a_grid(brute, markets, data):
    rule, utility = data.draw(markets.rules()), data.draw(markets.utilities((1, 4)))
    outside = data.draw(st.one_of(st.just(0.0), markets.powers_of_ten(-3, 3)))
    found = best_quantities(rule, utility, np.full(len(utility), outside))
    for j, x in enumerate(found):
        player = Block("u", "direct", utility.take(slice(j, j + 1)), 0.0, 0.0, np.array([1]))
        assert brute.regret(rule, player, outside, x) <= 1e-9


@pytest.mark.parametrize("k", [0.3, 1.0, 1.5, 2.8])
@pytest.mark.parametrize("kind", ["quadratic", "log"])
def test_users_alone_buy_what_is_best_however_the_price_bends(brute, kind, k):
    rng = np.random.default_rng(11)
    size, b = 10.0 ** rng.uniform(-2, 2, 8), rng.uniform(1, 10, 8)
    utility = Quadratic(size, b) if kind == "quadratic" else Logarithmic(b, size)
    for outside in (0.0, 0.1, 1.0):
        found = best_quantities(Power(0.7, k), utility, np.full(8, outside))
        for j, x in enumerate(found):
            player = Block("u", "direct", utility.take(slice(j, j + 1)), 0.0, 0.0, np.array([1]))
            assert brute.regret(Power(0.7, k), player, outside, x) <= 1e-9


@pytest.mark.parametrize("alpha", ALPHAS)
def test_equal_users_buy_together_what_each_wants(brute, alpha):
    rule, n = Linear(0.1), 6
    player = aggregator([0.4] * n, [5.0] * n, alpha, 0.01)
    y = best_response(rule, player, 3.0)
    surplus = lambda at: (5 - 0.1 * (3 + at)) * at / n - 0.4 * (at / n) ** 2  # noqa: E731
    grid = np.linspace(0, 30, 300_001)
    assert y == pytest.approx(grid[np.argmax(surplus(grid))], abs=2e-4)


@pytest.mark.parametrize("alpha", ALPHAS)
def test_a_purchase_is_polished_beyond_what_payoffs_can_tell(alpha):
    player = aggregator([0.5, 0.5], [4.0, 4.0], alpha, 0.0)
    assert best_response(Linear(1.0), player, 1.0) == pytest.approx(3 / 2.5, rel=1e-11)


# Users priced out


@pytest.mark.parametrize("alpha", [1.0, 2.0, 50.0])
def test_without_an_offset_a_user_priced_out_by_others_is_named(alpha):
    player = aggregator([0.5, 0.5, 0.5], [5.0, 1.0, 3.0], alpha, 0.0)
    with pytest.raises(PricedOut) as problem:
        best_response(Linear(1.0), player, 2.0)
    assert problem.value.user == 1


@pytest.mark.parametrize("alpha", [0.0, 0.3, 0.75, np.inf])
def test_below_alpha_1_users_priced_out_are_left_out(alpha):
    with_them = aggregator([0.5, 0.5, 0.5], [5.0, 1.0, 3.0], alpha)
    without = aggregator([0.5, 0.5], [5.0, 3.0], alpha)
    assert best_response(Linear(1.0), with_them, 2.0) == pytest.approx(
        best_response(Linear(1.0), without, 2.0), rel=1e-12
    )


@pytest.mark.parametrize("alpha", ALPHAS)
def test_nobody_buys_where_the_others_price_everybody_out(alpha):
    assert best_response(Linear(1.0), aggregator([0.5, 0.5], [5.0, 1.0], alpha, 0.01), 5.0) == 0
    assert best_response(Linear(1.0), aggregator([0.5, 0.5], [0.0, 0.0], alpha, 0.01), 0.0) == 0


@pytest.mark.parametrize("alpha", ALPHAS)
def test_a_player_too_small_to_move_the_total_buys_what_it_wants(alpha):
    player = aggregator([1e30, 1e30], [3.4, 3.1], alpha, 0.01)
    y = best_response(Power(0.0013, 1.6), player, 4e-11)
    assert y == pytest.approx((3.4 + 3.1) / 2e30, rel=1e-9)


def test_of_two_equal_peaks_the_nearer_one_is_kept():
    player, low, high = aggregator([0.8, 0.55], [0.85, 9], 0.85), 0.0, 0.8
    for _ in range(60):  # the others' total at which both peaks are worth the same
        middle = (low + high) / 2
        low, high = (middle, high) if best_response(Linear(1.0), player, middle) < 1 else (low, middle)
    replies = [best_response(Linear(1.0), player, low, now) for now in (0.3, 2.5)]
    assert replies[0] < 1 < replies[1]


# Edges of the price


@pytest.mark.parametrize("alpha", ALPHAS)
def test_a_jump_across_the_reservation_price_ends_the_purchase(alpha):
    rule = Dispatch([0.3, 0.3], [0.1, 0.1], [2.0, 5.4], cap=8.0)
    assert best_response(rule, aggregator([0.5, 0.4], [5.0, 5.0], alpha, 0.01), 0.0) == pytest.approx(0.3, rel=1e-12)
    assert best_response(rule, aggregator([0.5], [5.0], alpha, 0.01), 0.1) == pytest.approx(0.2, rel=1e-12)


@pytest.mark.parametrize("alpha", ALPHAS)
def test_beyond_capacity_users_buy_what_they_want_at_the_cap(alpha):
    rule = Dispatch([0.3], [0.35], [0.0], cap=0.7)
    users = Logarithmic(np.array([5.0, 5.0]), np.array([1.0, 2.0]))
    y = best_response(rule, aggregator(0, 0, alpha, 0.01, users), 27.0)
    wanted = users.demand(np.full(2, 0.7))
    if alpha == np.inf:  # once the worst-off has all it wants, more for the other changes nothing
        first, second = users.take([0]), users.take([1])
        most = float(first.surplus(0.7, wanted[:1])[0])
        wanted[1] = brentq(lambda x: float(second.surplus(0.7, np.array([x]))[0]) - most, 0.0, wanted[1])
    assert y == pytest.approx(wanted.sum(), rel=1e-9)


@pytest.mark.share
@pytest.mark.parametrize("alpha", ALPHAS)
def test_users_who_value_nothing_change_no_reply(alpha):
    with_them = Logarithmic(np.array([0.0, 4.66, 6.0]), np.array([2.0, 0.01, 1.0]))
    for rule in (Affine(3.56, 0.01), Linear(1.0), Power(1.0, 0.5)):
        one, other = (
            best_response(rule, aggregator(0, 0, alpha, 0.01, u), 0.1) for u in (with_them, with_them.take([1, 2]))
        )
        assert one == pytest.approx(other, rel=1e-9)


def test_a_multiplier_far_from_its_first_guess_is_found(brute):
    player = aggregator(0, 0, 0.3, 0.0, Logarithmic(np.full(4, 5.0), np.array([2.0, 2.0, 1.0, 2.0])))
    assert best_response(Linear(1.0), player, 1.0) == pytest.approx(1.54286, abs=5e-6)
    check(brute, Linear(1.0), player, 1.0)
