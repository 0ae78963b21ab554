"""What a settled negotiation promises: no settlement's gap is beyond it, and it is the same in any unit."""

import numpy as np
import pytest

from market.bilateral.endings import gap, promised
from market.bilateral.market import Market, RetailTariff
from market.bilateral.negotiation import Bilateral, negotiate
from market.bilateral.settlement import Ending
from market.bilateral.trading import Period, Trading
from market.outcome import Status


def market_in(energy, money, seed):
    rng = np.random.default_rng(seed)
    price = money / energy
    demand, supply = energy * rng.uniform(0.5, 5, 4), energy * rng.uniform(0.5, 5, 4)
    worth, ask = price * rng.uniform(0.15, 0.3, 4), price * rng.uniform(0.0, 0.15, 4)
    return Market(worth, demand, ask, supply, tariff=RetailTariff(0.3 * price, 0.0))


def closed(market, contracts):
    """(Trading, its one period as it closed, without prices moved into the core)."""
    period = Period(market, np.arange(4), 4 + np.arange(4))
    trading = Trading((period,), 8, Bilateral(tolerance=1e-2), contracts, repair=False)
    state = negotiate(trading.rule, trading.open(market)[0], np.random.default_rng(0), rounds=500)
    return trading, trading.close(period, market, state, None)


@pytest.mark.parametrize("contracts", ["single", "multi"])
def test_fair_is_half_way_between_the_corners(contracts):
    _, one = closed(market_in(1.0, 1.0, 3), contracts)
    for fair, buyers, sellers in zip(one.fair_payoffs, one.corners.buyer, one.corners.seller, strict=True):
        assert fair == pytest.approx((buyers + sellers) / 2)
        assert contracts == "multi" or np.any(np.abs(buyers - sellers) > 1e-3)


@pytest.mark.parametrize("contracts", ["single", "multi"])
@pytest.mark.parametrize("seed", range(6))
def test_gaps_stay_within_the_promise_which_no_unit_changes(contracts, seed):
    told = []
    for energy, money in ((1.0, 1.0), (1e3, 1.0), (1e-3, 1e6)):
        trading, one = closed(market_in(energy, money, seed), contracts)
        assert one.state.status is Status.SETTLED
        told.append(promised(trading, Status.SETTLED, [one]))
        assert gap([one]) <= told[-1]
        assert promised(trading, Status.ROUND_LIMIT, [one]) is None
        half_way = one.settlement.ending is Ending.HALF_WAY and one.state.gap > 1e-9
        assert (told[-1] > 1.1e-2) == half_way
    assert told == pytest.approx([told[0]] * 3, rel=1e-6)
