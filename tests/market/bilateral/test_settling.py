"""What settlement is made of, each part against sums written out contract by contract."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from market.bilateral.market import Market, RetailTariff, assignment_game
from market.bilateral.negotiation import Bilateral, negotiate
from market.bilateral.settlement import (
    Ending,
    Least,
    Settlement,
    accepted,
    bills_of,
    claims_are_money,
    conclude,
    met_half_way,
    most_in_money,
    signed_only,
    violation_in_money,
    without_contracts,
)
from market.bilateral.signing import signed
from tests.shares import part_of

FEW = settings(max_examples=part_of(120), deadline=None, derandomize=True, database=None)
SEEDS = st.integers(0, 10_000)


def random_bargain(seed, several):
    """Whole numbers, so that ties and energies of 0 are common; prices in eighths."""
    rng = np.random.default_rng(seed)
    m, n = rng.integers(1, 5, 2)
    market = Market(
        rng.integers(0, 8, m) / 8,
        rng.integers(0, 5, m),
        rng.integers(0, 4, n) / 8,
        rng.integers(0, 5, n),
        rng.integers(-1, 2, (m, n)) / 8,
        rng.integers(0, 2, (m, n)) / 8,
        RetailTariff(0.75, 0.125),
        rng.integers(1, 4, (m, n)).astype(float) if several and seed % 2 else None,
    )
    return signed(market, "multi" if several else "single"), rng


def some_claims(bargain, rng, least=0):
    return [rng.integers(least, 5, len(side)) / 8 for side in (bargain.buyer_size, bargain.seller_size)]


def contracts_of(bargain):
    """(Number, buyer, seller) of each contract."""
    return list(zip(range(len(bargain)), bargain.buyer.tolist(), bargain.seller.tolist(), strict=True))


@FEW
@given(SEEDS, st.booleans())
def test_gains_are_what_a_kwh_is_worth_beside_its_price_times_energy(seed, several):
    bargain, rng = random_bargain(seed, several)
    settled = Settlement(bargain, *some_claims(bargain, rng), Ending.HALF_WAY)
    bought, sold = np.zeros(len(settled.u)), np.zeros(len(settled.v))
    for k, i, j in contracts_of(bargain):
        worth, cost = bargain.market.worth[i, j], bargain.market.cost[j]
        bid, ask = worth - settled.u[i] / bargain.unit[k], cost + settled.v[j] / bargain.unit[k]
        price = min(max((bid + ask) / 2, cost), worth)
        assert settled.price[k] == pytest.approx(price, abs=1e-12)
        assert settled.buyer_gain[k] == pytest.approx((worth - price) * bargain.amount[k], abs=1e-12)
        assert settled.seller_gain[k] == pytest.approx((price - cost) * bargain.amount[k], abs=1e-12)
        bought[i] += settled.buyer_gain[k]
        sold[j] += settled.seller_gain[k]
    assert settled.payoffs[0] == pytest.approx(bought, abs=1e-12)
    assert settled.payoffs[1] == pytest.approx(sold, abs=1e-12)


@FEW
@given(SEEDS, st.booleans())
def test_the_violation_in_money_is_the_worst_broken_constraint(seed, several):
    bargain, rng = random_bargain(seed, several)
    u, v = some_claims(bargain, rng, least=-2)
    money = np.full(bargain.value.shape, 1.0) if not several else bargain.market.quantity
    open_pairs = {(i, j) for k, i, j in contracts_of(bargain) if not bargain.capped[k]} | {
        pair for pair in np.ndindex(money.shape) if pair not in {(i, j) for _, i, j in contracts_of(bargain)}
    }
    broken = [0.0] + [(bargain.value[i, j] - u[i] - v[j]) * money[i, j] for i, j in open_pairs]
    for k, i, j in contracts_of(bargain):
        over = u[i] + v[j] - bargain.value[i, j]
        broken.append((max(over, 0) if bargain.capped[k] else abs(over)) * (bargain.amount[k] if several else 1))
    for claims, size, idle in (
        (u, bargain.buyer_size, bargain.buyer_idle),
        (v, bargain.seller_size, bargain.seller_idle),
    ):
        broken += [-claim * of for claim, of in zip(claims, size, strict=True)]
        broken += [claim * of for claim, of, can in zip(claims, size, idle, strict=True) if can]
    settled = Settlement(bargain, u, v, Ending.HALF_WAY)
    assert violation_in_money(bargain, u, v) == settled.violation == pytest.approx(max(broken), abs=1e-12)
    gains = [bargain.value[i, j] * money[i, j] for i, j in np.ndindex(money.shape)]
    assert most_in_money(bargain) == pytest.approx(max(gains, default=0), abs=1e-12)
    welfare = sum(bargain.value[i, j] * (bargain.amount[k] if several else 1) for k, i, j in contracts_of(bargain))
    beside = welfare / len(bargain) if len(bargain) else max(gains, default=0)
    assert settled.gap == pytest.approx(max(broken) / beside if beside else 0, abs=1e-12)


def test_claims_are_money_only_where_every_agent_and_contract_is_one():
    bargain = signed(assignment_game([[3.0, 1.0], [1.0, 2.0]]))
    assert claims_are_money(bargain)
    for name in ("buyer_size", "seller_size", "amount", "unit"):
        assert not claims_are_money(replace(bargain, **{name: np.array([1.0, 2.0])}))
    assert claims_are_money(signed(Market([0.2], [3], [0.1], [2])))


@FEW
@given(SEEDS, st.booleans())
def test_a_contract_is_accepted_where_both_get_what_they_stand_by(seed, several):
    bargain, rng = random_bargain(seed, several)
    settled, slack = Settlement(bargain, *some_claims(bargain, rng), Ending.HALF_WAY), rng.integers(0, 2) / 4
    least = Least(*some_claims(bargain, rng), slack)
    least.u[rng.random(len(least.u)) < 0.3] = -np.inf
    for k, i, j in contracts_of(bargain):
        bought = (bargain.market.worth[i, j] - settled.price[k]) * bargain.unit[k]
        sold = (settled.price[k] - bargain.market.cost[j]) * bargain.unit[k]
        assert accepted(settled, least)[k] == (bought + slack >= least.u[i] and sold + slack >= least.v[j])


def test_who_gets_just_what_it_stands_by_accepts():
    """A price of 5/8 between a worth of 6/8 and a cost of 4/8, 4 kWh: half a unit of money for each."""
    bargain = signed(Market([0.75], [4], [0.5], [4], tariff=RetailTariff(0.75, 0.0)))
    settled = Settlement(bargain, np.array([0.5]), np.array([0.5]), Ending.HALF_WAY)
    for u, v, slack, fine in (
        (0.5, 0.5, 0, 1),
        (0.75, 0, 0.25, 1),
        (0, 0.75, 0.25, 1),
        (0.75, 0, 0.125, 0),
        (0, 0.75, 0, 0),
    ):
        assert accepted(settled, Least(np.array([u]), np.array([v]), slack)).tolist() == [bool(fine)]


@FEW
@given(SEEDS, st.booleans())
def test_contracts_refused_leave_capacity_and_without_any_no_claim(seed, several):
    bargain, rng = random_bargain(seed, several)
    settled = Settlement(bargain, *(each + 0.125 for each in some_claims(bargain, rng)), Ending.REPAIRED)
    rows = rng.random(len(bargain)) < 0.5
    found = signed_only(settled, rows)
    left = found.bargain
    kept = [(i, j) for k, i, j in contracts_of(bargain) if rows[k]]
    assert [(i, j) for _, i, j in contracts_of(left)] == kept
    for name in ("amount", "unit", "capped"):
        assert getattr(left, name).tolist() == getattr(bargain, name)[rows].tolist()
    assert found.ending is Ending.REPAIRED and left.market is bargain.market
    if np.all(rows):
        assert found is settled
        return
    for side, name in enumerate(("buyer", "seller")):
        before, after = (settled.u, settled.v)[side], (found.u, found.v)[side]
        lost = {pair[1 + side] for pair in contracts_of(bargain) if not rows[pair[0]]}
        for agent in range(len(before)):
            idle = bool(getattr(bargain, f"{name}_idle")[agent]) or agent in lost
            assert getattr(left, f"{name}_idle")[agent] == idle
            nothing = idle and agent not in {pair[side] for pair in kept}
            assert after[agent] == (0 if nothing else before[agent])


@FEW
@given(SEEDS, st.booleans())
def test_partners_of_one_contract_meet_half_way(seed, several):
    bargain, rng = random_bargain(seed, several)
    u, v = some_claims(bargain, rng)
    found = met_half_way(bargain, u, v)
    if not bargain.single or np.any(bargain.capped):
        assert (found[0].tolist(), found[1].tolist()) == (u.tolist(), v.tolist())
        return
    half = np.zeros(len(u)), np.zeros(len(v))
    for _, i, j in contracts_of(bargain):
        value = bargain.value[i, j]
        half[0][i] = min(max(u[i] + (value - u[i] - v[j]) / 2, 0), value)
        half[1][j] = value - half[0][i]
    assert found[0] == pytest.approx(half[0], abs=1e-12)
    assert found[1] == pytest.approx(half[1], abs=1e-12)


@FEW
@given(SEEDS)
def test_bills_are_contracts_fees_and_what_is_left_with_the_grid(seed):
    bargain, rng = random_bargain(seed, True)
    market, price = bargain.market, rng.integers(1, 6, len(bargain)) / 8
    paid, earned = np.zeros(market.buyers), np.zeros(market.sellers)
    rest = market.demand.astype(float).copy(), market.supply.astype(float).copy()
    for k, i, j in contracts_of(bargain):
        paid[i] += bargain.amount[k] * (price[k] + market.fee[i, j])
        earned[j] += bargain.amount[k] * price[k]
        rest[0][i] -= bargain.amount[k]
        rest[1][j] -= bargain.amount[k]
    paid += np.where(market.willingness >= 0.75, 0.75 * rest[0], 0)
    earned += np.where(market.ask <= 0.125, 0.125 * rest[1], 0)
    found = bills_of(market, bargain.buyer, bargain.seller, bargain.amount, price)
    assert found.paid == pytest.approx(paid, abs=1e-9)
    assert found.earned == pytest.approx(earned, abs=1e-9)


@FEW
@given(SEEDS, st.booleans())
def test_without_contracts_all_have_capacity_left(seed, several):
    bargain, _ = random_bargain(seed, several)
    nothing = without_contracts(bargain)
    assert len(nothing) == len(nothing.amount) == len(nothing.unit) == len(nothing.capped) == len(nothing.seller) == 0
    assert np.all(nothing.buyer_idle) and np.all(nothing.seller_idle)
    assert nothing.buyer_idle.dtype == nothing.seller_idle.dtype == bool
    assert np.array_equal(nothing.value, bargain.value)


def ended(rounds):
    """A negotiation of Shapley and Shubik's market after so many rounds."""
    game = signed(assignment_game([[5, 7, 2], [8, 9, 3], [2, 6, 0]]))
    return negotiate(Bilateral(tolerance=1e-6), game, rounds=rounds)


def test_who_stands_by_more_than_the_core_leaves_keeps_to_half_way_prices_or_signs_nothing():
    state, nobody = ended(1), np.full(3, -np.inf)
    assert conclude(state, True).ending is Ending.REPAIRED
    assert conclude(state, True, least=Least(nobody, nobody, 0.0)).ending is Ending.REPAIRED
    for least in (Least(np.array([9.0, -np.inf, -np.inf]), nobody, 0.0), Least(nobody, np.full(3, 9.0), 0.0)):
        stubborn = conclude(state, True, least=least)
        half_way = conclude(state, False)
        assert stubborn.ending is half_way.ending is Ending.HALF_WAY
        kept = [pair[1:] for k, pair in enumerate(contracts_of(state.bargain)) if accepted(half_way, least)[k]]
        assert [pair[1:] for pair in contracts_of(stubborn.bargain)] == kept and len(kept) < 3


@pytest.mark.parametrize("repair", [True, False])
@pytest.mark.parametrize("deadline", [True, False])
@pytest.mark.parametrize("rounds", [1, 10_000])
def test_only_what_has_not_settled_goes_to_the_grid_and_only_at_a_deadline(repair, deadline, rounds):
    state = ended(rounds)
    found = conclude(state, repair, deadline)
    late = deadline and not repair and rounds == 1
    assert (found.ending is Ending.GRID) == late
    assert (found.ending is Ending.REPAIRED) == repair
    assert found.violation <= (9 if late else 1e-12 if repair else state.violation * 3)
    if late:
        assert not np.any(found.u) and not np.any(found.v) and len(found.u) == len(found.v) == 3
