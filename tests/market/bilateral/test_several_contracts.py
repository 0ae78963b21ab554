"""Several contracts an agent: the programme against enumeration and its dual, corners by other programmes, blocks."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from market.bilateral import transport
from market.bilateral.core import corners, fair_point, violation
from market.bilateral.market import Market, RetailTariff
from market.bilateral.signing import signed
from market.bilateral.transport import block_market, in_blocks, multi_contracts, optimal_flows
from tests.shares import part_of

FEW = settings(max_examples=part_of(40), deadline=None, derandomize=True, database=None)
SEEDS = st.integers(0, 10_000)


def random_market(seed, whole=False, capped=False, balanced=False):
    """Up to 5 × 5; whole: quantities in whole kWh, 0 included."""
    rng = np.random.default_rng(seed)
    m, n = rng.integers(1, 6, 2)
    demand, supply = rng.uniform(0, 5, m), rng.uniform(0, 5, n)
    if whole:
        demand, supply = rng.integers(0, 4, m).astype(float), rng.integers(0, 4, n).astype(float)
    if balanced:
        supply *= demand.sum() / supply.sum()
    cap = rng.uniform(0, 2, (m, n)) if capped else None
    worth = rng.uniform(0, 1, (m, n))
    return Market(np.zeros(m), demand, rng.uniform(0, 0.5, n), supply, worth, tariff=RetailTariff(0, 0), cap=cap)


def dense_duals(market, buyers_best):
    """A corner of the dual optima by two programmes over y, z and a rent r for every pair."""
    w = np.maximum(market.margin, 0)
    m, n = w.shape
    pairs = np.hstack([np.repeat(np.eye(m), n, axis=0), np.tile(np.eye(n), (m, 1)), np.eye(m * n)])
    cap = np.zeros(m * n) if market.cap is None else market.cap.ravel()
    price = np.concatenate([market.demand, market.supply, cap])
    free = [(0, None)] * (m + n) + [(0, 0 if market.cap is None else None)] * (m * n)
    total = linprog(price, -pairs, -w.ravel(), bounds=free, method="highs").fun
    goal = np.zeros(m + n + m * n)
    goal[: m if buyers_best else 0] = -1
    goal[m : m if buyers_best else m + n] = -1
    rows, right = np.vstack([-pairs, price]), np.append(-w.ravel(), total + 1e-12)
    found = linprog(goal, rows, right, bounds=free, method="highs").x
    return total, found[:m], found[m : m + n]


@FEW
@given(SEEDS, st.booleans(), st.booleans())
def test_flows_keep_to_limits_and_prices_prove_them_best(seed, whole, capped):
    market = random_market(seed, whole, capped)
    flows = optimal_flows(market)
    assert np.all(flows.x >= 0)
    assert np.all(flows.x.sum(axis=1) <= market.demand + 1e-9)
    assert np.all(flows.x.sum(axis=0) <= market.supply + 1e-9)
    prices = flows.demand_price, flows.supply_price, flows.rent
    assert min(np.min(each) for each in prices) >= -1e-9
    reach = flows.demand_price[:, None] + flows.supply_price + flows.rent
    able = np.ones(flows.x.shape, dtype=bool) if market.cap is None else market.cap > 0
    able &= (market.demand > 0)[:, None] & (market.supply > 0)
    assert np.all((reach >= market.margin - 1e-9)[able])
    dual = market.demand @ flows.demand_price + market.supply @ flows.supply_price
    if market.cap is not None:
        assert np.all(flows.x <= market.cap + 1e-9)
        dual += np.sum(market.cap * flows.rent)
    assert np.sum(market.margin * flows.x) == pytest.approx(dual, abs=1e-8)


@FEW
@given(SEEDS, st.booleans(), st.booleans())
def test_corners_are_those_of_the_dual(seed, capped, balanced):
    market = random_market(seed, capped=capped, balanced=balanced)
    bargain = multi_contracts(market)
    found = corners(bargain)
    for corner, buyers_best in ((found.buyer, True), (found.seller, False)):
        total, y, z = dense_duals(market, buyers_best)
        assert bargain.welfare == pytest.approx(total, abs=1e-8)
        assert violation(bargain, *corner) <= 1e-10
        side, best = (corner[0], y) if buyers_best else (corner[1], z)
        busy = ~(bargain.buyer_idle if buyers_best else bargain.seller_idle)
        assert side[busy] == pytest.approx(best[busy], abs=1e-6)
        paid_u, paid_v = bargain.payoffs(*corner)
        assert paid_u.sum() + paid_v.sum() == pytest.approx(total, abs=1e-8)


@FEW
@given(SEEDS)
def test_prices_are_the_duals_where_they_are_unique(seed):
    market = random_market(seed)
    bargain, flows = multi_contracts(market), optimal_flows(market)
    found = corners(bargain)
    assert np.concatenate(found.buyer) == pytest.approx(np.concatenate(found.seller), abs=1e-9)
    assert found.buyer[0] == pytest.approx(flows.demand_price, abs=1e-9)
    assert bargain.prices(*found.tau) == pytest.approx((market.cost + flows.supply_price)[bargain.seller], abs=1e-9)


@pytest.mark.parametrize("capped", [False, True])
def test_pairs_taken_in_one_after_another_make_the_same_programme(capped, energy_market, monkeypatch):
    market = energy_market(12, 15, seed=4, cap=1.0 if capped else None)
    few = transport._best_pairs
    monkeypatch.setattr(transport, "_best_pairs", None)  # all pairs are handed over at once
    whole = optimal_flows(market)
    monkeypatch.setattr(transport, "_best_pairs", few)
    monkeypatch.setattr(transport, "MOST_PAIRS", 0)
    monkeypatch.setattr(transport, "FIRST_PAIRS", 1)
    monkeypatch.setattr(transport, "MORE_PAIRS", 1)
    parts = optimal_flows(market)
    assert parts.x == pytest.approx(whole.x, abs=1e-9)
    assert parts.supply_price == pytest.approx(whole.supply_price, abs=1e-9)


def test_a_balanced_market_leaves_a_range_to_bargain_about():
    worth = np.random.default_rng(3).uniform(1, 2, (3, 4))
    market = Market(np.zeros(3), [2.5, 1.5, 4.0], np.zeros(4), [1.0, 2.2, 3.8, 1.0], worth, tariff=RetailTariff(0, 0))
    found = corners(multi_contracts(market))
    assert np.max(np.abs(found.buyer[0] - found.seller[0])) > 1e-3


@FEW
@given(SEEDS)
def test_blocks_are_the_same_market(seed):
    """The assignment game between blocks has the corners of the transportation programme."""
    market = random_market(seed, whole=True)
    bargain, blocks = multi_contracts(market, 1.0), block_market(market, 1.0)
    virtual = signed(blocks.market)
    assert virtual.welfare == pytest.approx(bargain.welfare, abs=1e-9)
    x = blocks.quantities(virtual)
    assert np.all(x.sum(axis=1) <= market.demand) and np.all(x.sum(axis=0) <= market.supply)
    assert np.sum(x * np.maximum(market.margin, 0)) == pytest.approx(bargain.welfare, abs=1e-9)
    ours, theirs = corners(bargain), corners(virtual)
    for one, other in ((ours.buyer, theirs.buyer), (ours.seller, theirs.seller)):
        assert np.concatenate(bargain.payoffs(*one)) == pytest.approx(np.concatenate(blocks.payoffs(*other)), abs=1e-9)


@FEW
@given(SEEDS, st.sampled_from([0.5, 0.7, 2.0]), st.booleans())
def test_contracts_in_blocks_are_whole_blocks(seed, block, capped):
    market = random_market(seed, capped=capped)
    bargain = multi_contracts(market, block)
    share = bargain.amount / block
    assert share == pytest.approx(np.round(share), abs=1e-9)
    assert bargain.welfare <= multi_contracts(market).welfare + 1e-9
    assert violation(bargain, *corners(bargain).tau) <= 1e-10
    assert in_blocks(market, block).demand == pytest.approx(np.floor(market.demand / block + 1e-9) * block)


@FEW
@given(SEEDS)
def test_several_contracts_gain_no_less_than_one(seed):
    market = random_market(seed)
    assert multi_contracts(market).welfare >= signed(market).welfare - 1e-9


def test_a_pair_at_its_cap_shares_the_rent():
    """One buyer, two sellers; the better pair is capped, so the other sets the buyer's price."""
    market = Market([0], [3], [0, 0], [5, 5], [[4, 1]], tariff=RetailTariff(0, 0), cap=[[2, 9]])
    bargain = multi_contracts(market)
    assert bargain.amount.tolist() == [2, 1]
    assert bargain.capped.tolist() == [True, False]
    u, v = corners(bargain).tau
    assert (u.tolist(), v.tolist()) == ([1], [0, 0])
    assert [side.tolist() for side in bargain.payoffs(u, v)] == [[6], [3, 0]]
    assert bargain.prices(u, v).tolist() == [1.5, 0]


def test_a_cap_of_none_is_no_cap():
    market = random_market(8)
    free = Market(
        market.willingness,
        market.demand,
        market.ask,
        market.supply,
        market.preference,
        tariff=market.tariff,
        cap=float("inf"),
    )
    assert multi_contracts(free).amount == pytest.approx(multi_contracts(market).amount)


@pytest.mark.parametrize("seed", range(5))
def test_the_split_point_of_several_contracts_is_stable(seed):
    bargain = multi_contracts(random_market(seed, balanced=True, capped=True))
    assert violation(bargain, *fair_point(bargain, "equal-split")) <= 1e-9
