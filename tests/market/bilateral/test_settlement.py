"""Ends of negotiations: prices, gains and bills add up; a deadline is met by repair, or by the grid."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from market.bilateral.core import violation
from market.bilateral.market import Market, RetailTariff, assignment_game
from market.bilateral.negotiation import Bilateral, Corner, MessageNetwork, Tight, negotiate
from market.bilateral.settlement import Ending, bills_of, conclude, grid_bills, violation_in_money
from market.bilateral.signing import signed
from tests.shares import part_of

FEW = settings(max_examples=part_of(30), deadline=None, derandomize=True, database=None)
SEEDS = st.integers(0, 10_000)


def bills(market, settled):
    """Bills with the contracts of a settlement."""
    signed = settled.bargain
    return bills_of(market, signed.buyer, signed.seller, signed.amount, settled.price)


def drawn(seed, buyers=4, sellers=5):
    """Buyers who all would buy from the grid, sellers who all would sell to it, tastes of zero, a fee."""
    rng = np.random.default_rng(seed)
    return Market(
        rng.uniform(0.25, 0.4, buyers),
        rng.uniform(0, 5, buyers),
        rng.uniform(0.0, 0.05, sellers),
        rng.uniform(0, 5, sellers),
        fee=rng.uniform(0, 0.05, (buyers, sellers)),
    )


@FEW
@given(SEEDS, st.sampled_from(["single", "multi"]), st.sampled_from([Bilateral(), Corner(), Tight(tolerance=1e-2)]))
def test_gains_are_what_bills_save(seed, contracts, rule):
    """Where everybody would trade with the grid and nobody has tastes, a gain is cash."""
    market = drawn(seed)
    settled = conclude(negotiate(rule, signed(market, contracts)))
    before, after = grid_bills(market), bills(market, settled)
    u, v = settled.payoffs
    assert before.paid - after.paid == pytest.approx(u, abs=1e-9)
    assert after.earned - before.earned == pytest.approx(v, abs=1e-9)
    assert u.sum() + v.sum() == pytest.approx(settled.bargain.welfare, abs=1e-9)
    assert np.all((settled.price >= market.tariff.sell) & (settled.price <= market.tariff.buy))


@FEW
@given(SEEDS, st.sampled_from([0.0, 0.6]))
def test_repaired_contracts_are_stable_to_the_last_digit(seed, drop):
    market = drawn(seed, 5, 5)
    state = negotiate(Bilateral(network=MessageNetwork(drop=drop)), signed(market), np.random.default_rng(seed))
    settled = conclude(state, repair=True)
    assert settled.violation <= 1e-12
    assert settled.gap <= 1e-9
    assert np.concatenate(settled.payoffs) == pytest.approx(np.concatenate([settled.u, settled.v]), abs=1e-12)
    if len(settled.bargain):
        moved = np.max(np.abs(np.concatenate([settled.u - state.u, settled.v - state.v])))
        assert moved <= 11.5 * 1e-3 * settled.bargain.mean_contract


def test_without_repair_the_price_is_half_way(shapley_shubik):
    state = negotiate(Tight(tolerance=1e-2, network=MessageNetwork("ring")), shapley_shubik)
    settled = conclude(state, repair=False)
    assert settled.ending is Ending.HALF_WAY
    assert settled.price == pytest.approx(state.prices)
    bid, ask = shapley_shubik.bids(state.u), shapley_shubik.asks(state.v)
    assert settled.price == pytest.approx((bid + ask) / 2)
    assert settled.buyer_gain + settled.seller_gain == pytest.approx(shapley_shubik.contract_value)


def test_an_exact_end_is_not_touched(shapley_shubik):
    settled = conclude(negotiate(Corner(), shapley_shubik))
    assert settled.ending is Ending.HALF_WAY
    assert np.concatenate([settled.u, settled.v]).tolist() == [1.5, 4, 0.5, 4, 5.5, 0.5]


def test_a_deadline_is_met_by_repair(shapley_shubik):
    rule = Bilateral(tolerance=1e-6)
    settled = conclude(negotiate(rule, shapley_shubik, rounds=1), deadline=True)
    assert settled.ending is Ending.REPAIRED
    assert settled.violation <= 1e-12


@pytest.mark.parametrize("repair", [True, False])
def test_a_deadline_without_stable_prices_leaves_all_to_the_grid(repair, game):
    bargain = game([[5, 7, 2], [8, 9, 3], [2, 6, 0]], [0, 1, 2])
    rule = Bilateral()
    state = rule.round(rule.start(bargain))
    settled = conclude(state, repair, deadline=True)
    assert settled.ending is Ending.GRID
    assert len(settled.price) == 0 and not np.any(np.concatenate(settled.payoffs))
    assert (settled.violation, settled.gap) == (9, 1)
    kept = conclude(state, repair)
    assert kept.ending is Ending.HALF_WAY
    assert kept.gap >= 2 / 3 / 7


def test_the_grid_alone_leaves_bills_as_they_were():
    market = drawn(1)
    state = Bilateral().start(signed(market))
    settled = conclude(state, repair=False, deadline=True)
    assert bills(market, settled).paid == pytest.approx(grid_bills(market).paid)
    assert bills(market, settled).earned == pytest.approx(grid_bills(market).earned)


def test_who_does_without_the_grid_pays_for_contracts_only():
    market = Market([0.2], [4], [0.1], [3], tariff=RetailTariff(0.25, 0.05))
    settled = conclude(negotiate(Corner(), signed(market)))
    assert settled.price == pytest.approx([0.15])
    assert grid_bills(market).paid.tolist() == [0]
    assert bills(market, settled).paid == pytest.approx([0.45])
    assert bills(market, settled).earned == pytest.approx([0.45])


def test_at_a_price_that_is_just_its_own_an_agent_trades_with_the_grid():
    """Who would gain or lose nothing buys, and sells; a trace beyond its own price it does without."""
    for side, trades in ((1 - 1e-9, 0.0), (1.0, 1.0), (1 + 1e-9, 1.0)):
        market = Market([0.25 * side], [4], [0.05 / side], [3], tariff=RetailTariff(0.25, 0.05))
        bills = grid_bills(market)
        assert (bills.paid[0], bills.earned[0]) == pytest.approx((4 * 0.25 * trades, 3 * 0.05 * trades))


@FEW
@given(SEEDS)
def test_violation_in_money_is_what_the_worst_pair_gains(seed):
    """By hand: a pair of agents with several contracts gains at most its margin's gap times its energy."""
    market = drawn(seed)
    bargain = signed(market, "multi")
    rng = np.random.default_rng(seed)
    u, v = rng.uniform(0, 0.2, 4), rng.uniform(0, 0.2, 5)
    worst = 0.0
    held = set(zip(bargain.buyer.tolist(), bargain.seller.tolist(), strict=True))
    for i in range(4):
        for j in range(5):
            gain = max(market.margin[i, j], 0) - u[i] - v[j]
            worst = max(worst, gain * min(market.demand[i], market.supply[j]))
            if (i, j) in held:
                amount = bargain.amount[(bargain.buyer == i) & (bargain.seller == j)][0]
                worst = max(worst, abs(gain) * amount)
    worst = max(worst, *(u * market.demand)[bargain.buyer_idle], *(v * market.supply)[bargain.seller_idle], 0)
    assert violation_in_money(bargain, u, v) == pytest.approx(worst, abs=1e-12)


def test_violation_of_single_contracts_is_in_money_already(shapley_shubik):
    u, v = np.ones(3), np.ones(3)
    assert violation_in_money(shapley_shubik, u, v) == violation(shapley_shubik, u, v) == 7


def test_prices_of_a_bare_game_are_sellers_payoffs():
    settled = conclude(negotiate(Corner(), signed(assignment_game([[4]]))))
    assert settled.price.tolist() == [2]


@pytest.mark.parametrize("scale", [1e-4, 1.0, 1e6])
def test_a_pair_that_could_trade_and_has_no_contract_is_seen_in_the_gap(scale):
    """Nobody signs although the second buyer and seller would gain 9 together."""
    bargain = signed(assignment_game(scale * np.array([[5, 7, 2], [8, 9, 3], [2, 6, 0]])), matching=[-1, -1, -1])
    state = negotiate(Corner(), bargain)
    settled = conclude(state)
    assert settled.violation == pytest.approx(9 * scale)
    assert settled.gap == pytest.approx(1) and state.gap == pytest.approx(1)


def test_without_contracts_a_gap_by_kwh_is_told_in_money():
    """A deadline passed: 3 kWh at 0.2 a kWh were to be gained by one pair, nothing by the other."""
    market = Market([0.3, 0.1], [3, 2], [0.1], [4], tariff=RetailTariff(0.3, 0.1))
    settled = conclude(negotiate(Bilateral(tolerance=1e-12), signed(market, "multi"), rounds=0), False, deadline=True)
    assert settled.ending is Ending.GRID and not len(settled.bargain)
    assert settled.violation == pytest.approx(0.6) and settled.gap == pytest.approx(1)


def test_without_anything_to_gain_the_gap_is_0():
    settled = conclude(negotiate(Corner(), signed(assignment_game([[-1, 0]]))))
    assert (settled.violation, settled.gap) == (0, 0)
