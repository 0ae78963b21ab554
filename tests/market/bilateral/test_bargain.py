"""A bargain's sums, prices and mirrored sides, contract by contract; tastes by tag, seller by seller."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from market.bilateral.bargain import single_contracts
from market.bilateral.core import equal_split, mismatch, violation, violation_without_pairs
from market.bilateral.market import Market, MarketError, RetailTariff, assignment_game, per_pair
from market.bilateral.preferences import tag_preference
from market.bilateral.signing import signed
from tests.shares import part_of

FEW = settings(max_examples=part_of(120), deadline=None, derandomize=True, database=None)
SEEDS = st.integers(0, 10_000)


def random_bargain(seed, several):
    rng = np.random.default_rng(seed)
    m, n = rng.integers(1, 5, 2)
    cap = rng.integers(1, 4, (m, n)).astype(float) if several and seed % 2 else None
    given_by = rng.integers(0, 8, m) / 8, rng.integers(0, 5, m), rng.integers(0, 4, n) / 8, rng.integers(0, 5, n)
    tastes = rng.integers(-1, 2, (m, n)) / 8, rng.integers(0, 2, (m, n)) / 8
    market = Market(*given_by, *tastes, RetailTariff(0.75, 0.125), cap)
    bargain = signed(market, "multi" if several else "single")
    claims = [rng.integers(-2, 5, len(side)) / 8 for side in (bargain.buyer_size, bargain.seller_size)]
    return bargain, *claims


@FEW
@given(SEEDS, st.booleans())
def test_each_contract_by_hand(seed, several):
    bargain, u, v = random_bargain(seed, several)
    market = bargain.market
    bids, asks, prices = bargain.bids(u), bargain.asks(v), bargain.prices(u, v)
    money_u, money_v = u * bargain.buyer_size, v * bargain.seller_size
    welfare, half_u, half_v, broken = 0.0, np.zeros(len(u)), np.zeros(len(v)), [0.0]
    for k, (i, j) in enumerate(zip(bargain.buyer, bargain.seller, strict=True)):
        value, unit, amount = bargain.value[i, j], bargain.unit[k], bargain.amount[k]
        assert bids[k] == pytest.approx(market.worth[i, j] - u[i] / unit)
        assert asks[k] == pytest.approx(market.cost[j] + v[j] / unit)
        assert prices[k] == np.clip((bids[k] + asks[k]) / 2, market.cost[j], market.worth[i, j])
        assert bargain.contract_value[k] == value
        rest = value - u[i] - v[j]
        if bargain.capped[k]:
            money_u[i], money_v[j] = money_u[i] + amount * rest / 2, money_v[j] + amount * rest / 2
        off = max(-rest, 0) if bargain.capped[k] else abs(rest)
        assert mismatch(bargain, u, v)[k] == off
        broken.append(off)
        welfare += value * amount / unit
        half_u[i] += value / 2 * amount / unit / bargain.buyer_size[i]
        half_v[j] += value / 2 * amount / unit / bargain.seller_size[j]
    assert bargain.welfare == pytest.approx(welfare)
    assert bargain.mean_contract == (pytest.approx(np.mean(bargain.contract_value)) if len(bargain) else 0)
    for found, expected in ((bargain.payoffs(u, v), (money_u, money_v)), (equal_split(bargain), (half_u, half_v))):
        assert found[0] == pytest.approx(expected[0]) and found[1] == pytest.approx(expected[1])
    broken += [*-u, *-v, *u[bargain.buyer_idle], *v[bargain.seller_idle]]
    assert violation_without_pairs(bargain, u, v) == pytest.approx(max(broken))
    held = {(i, j) for i, j in zip(bargain.buyer, bargain.seller, strict=True)}
    full = {(i, j) for i, j, k in zip(bargain.buyer, bargain.seller, bargain.capped, strict=True) if k}
    for pair in np.ndindex(bargain.value.shape):
        assert bargain.outside_value[pair] == (-np.inf if pair in held else bargain.value[pair])
        assert bargain.open_value[pair] == (-np.inf if pair in full else bargain.value[pair])
        broken.append(bargain.open_value[pair] - u[pair[0]] - v[pair[1]])
    assert violation(bargain, u, v) == pytest.approx(max(broken))


@FEW
@given(SEEDS, st.booleans())
def test_partners_are_those_of_the_contracts_and_sides_can_be_exchanged(seed, several):
    bargain, u, v = random_bargain(seed, several)
    pairs = list(zip(bargain.buyer.tolist(), bargain.seller.tolist(), strict=True))
    assert bargain.single == all(len(set(side)) == len(pairs) for side in (bargain.buyer, bargain.seller))
    assert bargain.partner.tolist() == [dict(pairs).get(i, -1) for i in range(len(u))]
    other = bargain.mirrored
    assert violation(other, v, u) == pytest.approx(violation(bargain, u, v))
    for ours, theirs in ((equal_split(bargain), equal_split(other)), (bargain.payoffs(u, v), other.payoffs(v, u))):
        assert ours[0] == pytest.approx(theirs[1]) and ours[1] == pytest.approx(theirs[0])


def test_agents_without_a_contract_are_idle_and_others_not():
    bargain = single_contracts(assignment_game(np.ones((3, 4))), np.array([2, -1, 0]))
    assert bargain.buyer_idle.tolist() == [False, True, False]
    assert bargain.seller_idle.tolist() == [False, True, False, True]
    assert (bargain.buyer.tolist(), bargain.seller.tolist(), bargain.capped.tolist()) == ([0, 2], [2, 0], [False] * 2)
    assert bargain.buyer_size.tolist() == [1] * 3 and bargain.seller_size.tolist() == [1] * 4


@FEW
@given(SEEDS)
def test_tastes_are_sums_over_tags_for_each_pair(seed):
    rng = np.random.default_rng(seed)
    m, n = rng.integers(1, 5, 2)
    weights = {"a": rng.normal(size=m), "b": float(rng.normal()), "c": rng.normal(size=m), "d": 0.5}
    marks = {"a": rng.integers(0, 2, n), "b": rng.integers(0, 2, (m, n)), "c": rng.random((m, n)), "d": rng.random(n)}
    found = tag_preference(weights, marks, m, n)
    for i, j in np.ndindex(m, n):
        each = {tag: weights[tag][i] if np.ndim(weights[tag]) else weights[tag] for tag in weights}
        borne = {tag: marks[tag][i, j] if np.ndim(marks[tag]) == 2 else marks[tag][j] for tag in marks}
        assert found[i, j] == pytest.approx(sum(each[tag] * borne[tag] for tag in weights))


@FEW
@given(SEEDS)
def test_worth_cost_and_margin_of_each_pair_beside_the_grid(seed):
    rng = np.random.default_rng(seed)
    m, n = rng.integers(1, 5, 2)
    numbers = rng.random(m), rng.integers(0, 4, m), rng.random(n), rng.integers(0, 4, n)
    taste, fee = rng.normal(size=(m, n)), rng.random((m, n))
    market = Market(*numbers, taste, fee, RetailTariff(0.6, 0.3))
    for i, j in np.ndindex(m, n):
        worth = min(numbers[0][i], 0.6) + taste[i, j] - fee[i, j]
        margin, energy = worth - max(numbers[2][j], 0.3), min(numbers[1][i], numbers[3][j])
        assert (market.worth[i, j], market.margin[i, j]) == pytest.approx((worth, margin))
        assert market.quantity[i, j] == energy and market.pair_value[i, j] == pytest.approx(energy * max(margin, 0))
    assert (market.buyers, market.sellers) == (m, n)


def test_one_number_stands_for_all_agents_and_pairs():
    for number in (0.25, np.float64(0.25), np.array(0.25)):
        market = Market(number, [1, 2, 3], number, [4, 5], number, number, cap=number)
        assert market.willingness.tolist() == [0.25] * 3 and market.ask.tolist() == [0.25] * 2
        for each in (market.preference, market.fee, market.cap):
            assert np.array_equal(np.broadcast_to(each, (3, 2)), np.full((3, 2), 0.25))
    assert per_pair("x", [], (0, 3)).shape == (0, 3) and per_pair("x", [[], []], (2, 0)).shape == (2, 0)
    with pytest.raises(MarketError, match=r"x of shape \(1, 2\) must have shape \(2, 1\)"):
        per_pair("x", [[1, 2]], (2, 1))
    for rows, shape in (([], (2, 2)), ([[1.0]], (0, 3)), ([[1.0]], (3, 0))):
        with pytest.raises(MarketError, match="must have shape"):
            per_pair("x", rows, shape)
    assert RetailTariff(0.1, 0.1).buy == 0.1


@pytest.mark.parametrize("kind", ["buyer", "seller"])
def test_who_leaves_has_no_energy_and_all_others_theirs(kind):
    market = Market(np.ones(3), [1, 2, 3], np.zeros(3), [4, 5, 6])
    after = market.without(**{f"{kind}s": [2, 0]})
    expected = {"buyer": [1, 2, 3], "seller": [4, 5, 6]}
    expected[kind] = [0, expected[kind][1], 0]
    assert (after.demand.tolist(), after.supply.tolist()) == (expected["buyer"], expected["seller"])
    for number in (-1, 3, 0.5):
        with pytest.raises(MarketError, match=f"{kind} {number} leaves; must be one of 0 to 2"):
            market.without(**{f"{kind}s": [0, number]})
