"""Periods of a bilateral market: claims remembered, who leaves, and what contracts and costs come to, by hand."""

from types import SimpleNamespace

import numpy as np
import pytest

from market.bilateral.market import Market, RetailTariff
from market.bilateral.negotiation import Bilateral, negotiate
from market.bilateral.settlement import Ending
from market.bilateral.trading import Period, Trading, remember, remembered
from market.outcome import Status

NAN = np.nan


def period_of(seed=0, buyers=3, sellers=2):
    rng = np.random.default_rng(seed)
    given_by = rng.uniform(0.2, 0.3, buyers), rng.integers(1, 5, buyers), rng.uniform(0, 0.1, sellers)
    market = Market(*given_by, rng.integers(2, 5, sellers), tariff=RetailTariff(0.3, 0.02), fee=0.01)
    numbers = rng.permutation(6)
    return Period(market, numbers[:buyers], numbers[buyers : buyers + sellers])


def trading_of(*periods, **options):
    return Trading(periods, 6, Bilateral(tolerance=1e-3), **options)


def test_claims_are_remembered_by_agent_as_buyers_and_as_sellers():
    period, nothing = period_of(), np.full((6, 2), NAN)
    state = SimpleNamespace(u=np.array([1.0, 2.0, 3.0]), v=np.array([4.0, 5.0]))
    claims = remember(nothing, period, state)
    assert np.all(np.isnan(nothing))
    assert claims[period.buyer, 0].tolist() == [1, 2, 3] and claims[period.seller, 1].tolist() == [4, 5]
    assert np.isnan(claims).sum() == 12 - 5
    back = remembered(trading_of(period), period, claims)
    assert (back[0].tolist(), back[1].tolist()) == ([1, 2, 3], [4, 5])
    for options in ({"warm": False}, {"blockwise": True}):
        assert remembered(trading_of(period, **options), period, claims) is None
    for odd in (SimpleNamespace(u=np.ones(4), v=state.v), SimpleNamespace(u=state.u, v=np.ones(3))):
        assert np.array_equal(remember(claims, period, odd), claims, equal_nan=True)


def test_who_leaves_has_no_energy_in_any_period():
    period = period_of()
    gone = (int(period.buyer[1]), int(period.seller[0]), 5 if 5 not in [*period.buyer, *period.seller] else 4)
    left = trading_of(period, leavers=(3, gone)).left(period)
    assert left.demand.tolist() == [period.market.demand[0], 0, period.market.demand[2]]
    assert left.supply.tolist() == [0, period.market.supply[1]]


@pytest.mark.parametrize("contracts", ["single", "multi", "blocks"])
@pytest.mark.parametrize("seed", range(4))
def test_what_a_closed_period_comes_to_is_the_sum_of_its_contracts(contracts, seed):
    period = period_of(seed)
    blockwise = contracts == "blocks"
    options = {"blockwise": True} if blockwise else {"contracts": contracts}
    trading, market = trading_of(period, **options), period.market
    bargain, blocks = trading.open(market)
    assert (blocks is not None) == blockwise
    closed = trading.close(period, market, negotiate(trading.rule, bargain), blocks)
    assert closed.state.status is Status.SETTLED
    columns, end = closed.contracts, closed.settlement
    pairs = {}
    for k, (i, j) in enumerate(zip(end.bargain.buyer, end.bargain.seller, strict=True)):
        pair = (int(blocks.buyer[i]), int(blocks.seller[j])) if blockwise else (int(i), int(j))
        amount, paid, gains = pairs.get(pair, (0.0, 0.0, np.zeros(2)))
        more, price = end.bargain.amount[k], end.price[k]
        gains = gains + np.array([end.buyer_gain[k], end.seller_gain[k]])
        pairs[pair] = amount + more, paid + more * price, gains
    assert list(zip(columns["buyer"], columns["seller"], strict=True)) == sorted(pairs)
    for k, pair in enumerate(sorted(pairs)):
        amount, paid, gains = pairs[pair]
        assert (columns["quantity"][k], columns["price"][k]) == pytest.approx((amount, paid / amount))
        assert [columns["buyer_gain"][k], columns["seller_gain"][k]] == pytest.approx(gains)
    bought = [sum(pairs[pair][2][0] for pair in pairs if pair[0] == i) for i in range(3)]
    sold = [sum(pairs[pair][2][1] for pair in pairs if pair[1] == j) for j in range(2)]
    assert closed.payoffs[0] == pytest.approx(bought, abs=1e-12) and closed.payoffs[1] == pytest.approx(sold, abs=1e-12)
    assert closed.welfare == pytest.approx(sum(bought) + sum(sold))
    assert closed.traded == pytest.approx(sum(amount for amount, _, _ in pairs.values()))
    with_contracts, alone = closed.costs
    assert alone == pytest.approx([*np.where(market.willingness >= 0.3, 0.3 * market.demand, 0), *_earned(market)])
    paid = [sum(pairs[pair][1] + 0.01 * pairs[pair][0] for pair in pairs if pair[0] == i) for i in range(3)]
    assert with_contracts[:3] == pytest.approx(paid)
    assert closed.mean_prices[0] == pytest.approx(columns["price"] @ columns["quantity"] / columns["quantity"].sum())
    assert (
        closed.mean_prices[1] <= closed.mean_prices[0] + 1e-3 and closed.mean_prices[0] <= closed.mean_prices[2] + 1e-3
    )
    for tau, low, high in zip(closed.tau, closed.corners.buyer, closed.corners.seller, strict=True):
        assert tau == pytest.approx((low + high) / 2)


def _earned(market):
    """Minus what sellers get from the grid alone."""
    return np.where(market.ask <= 0.02, -0.02 * market.supply, 0.0)


@pytest.mark.parametrize("deadline", [None, 5])
def test_refused_contracts_leave_a_period_unsettled(deadline):
    period = period_of()
    trading = trading_of(period, deadline=deadline)
    state = negotiate(trading.rule, trading.open(period.market)[0])
    nobody = np.full(3, -np.inf), np.full(2, -np.inf)
    fine = trading.close(period, period.market, state, None, nobody)
    assert fine.state.status is Status.SETTLED and len(fine.settlement.bargain) == len(state.bargain)
    much = trading.close(period, period.market, state, None, (np.full(3, 9.0), nobody[1]))
    assert much.state.status is Status.ROUND_LIMIT and len(much.settlement.bargain) == 0
    just = trading.close(period, period.market, state, None, (state.u, state.v))
    assert just.state.status is Status.SETTLED, "within twice the tolerance of what they claimed"


@pytest.mark.parametrize("deadline", [None, 5])
def test_the_fair_point_is_no_late_end(deadline):
    period = period_of()
    trading = trading_of(period, deadline=deadline)
    closed = trading.solve(period)
    assert closed.state.status is Status.SOLVED and closed.settlement.ending is not Ending.GRID
    assert closed.payoffs[0] == pytest.approx(closed.fair_payoffs[0])
    assert closed.state.spread == 0 and closed.state.violation < 1e-12
    low, high = trading.core_prices(period.market, closed.settlement.bargain)
    assert np.all(low <= closed.settlement.price + 1e-12) and np.all(closed.settlement.price <= high + 1e-12)
    assert closed.fair_prices(closed.settlement.bargain) == pytest.approx(closed.settlement.price)
