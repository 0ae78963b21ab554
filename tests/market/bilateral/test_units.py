"""The bilateral market in other units of energy and money: the same contracts, every number scaled."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from market.bilateral.core import FAIR, equal_split, fair_point
from market.bilateral.market import Market, RetailTariff
from market.bilateral.negotiation import RULES, negotiate
from market.bilateral.settlement import conclude
from market.bilateral.signing import signed
from tests.market.bilateral.blocking import blocking_pairs
from tests.shares import part_of

FEW = settings(max_examples=part_of(12), deadline=None, derandomize=True, database=None)
UNITS = st.sampled_from([1e-4, 1e-2, 1e3, 1e6])


def market_in(energy, money, seed):
    """A random market with quantities in another unit of energy, prices in another one of money."""
    rng = np.random.default_rng(seed)
    m, n = rng.integers(2, 6, 2)
    price = money / energy
    return Market(
        price * rng.uniform(0.15, 0.3, m),
        energy * rng.uniform(0, 5, m),
        price * rng.uniform(0.0, 0.2, n),
        energy * rng.uniform(0, 5, n),
        price * rng.uniform(-0.05, 0.05, (m, n)),
        tariff=RetailTariff(0.25 * price, 0.05 * price),
    )


def ended(market, rule, contracts, matching="optimal"):
    state = negotiate(rule, signed(market, contracts, matching), np.random.default_rng(0), rounds=60)
    return state, conclude(state)


@pytest.mark.share
@pytest.mark.parametrize(
    ("name", "contracts"), [*((name, "single") for name in RULES), ("bilateral", "multi"), ("corner", "multi")]
)
@FEW
@given(st.integers(0, 10_000), UNITS, UNITS)
def test_a_negotiation_in_other_units_is_the_same(name, contracts, seed, energy, money):
    rule = RULES[name](tolerance=1e-2)
    (before, one), (after, other) = (ended(market_in(*u, seed), rule, contracts) for u in ((1, 1), (energy, money)))
    assert (before.status, before.round, one.ending) == (after.status, after.round, other.ending)
    assert np.array_equal(one.bargain.buyer, other.bargain.buyer)
    assert other.bargain.amount / energy == pytest.approx(one.bargain.amount, rel=1e-9)
    assert other.price * energy / money == pytest.approx(one.price, rel=1e-6)
    for here, there in zip(one.payoffs, other.payoffs, strict=True):
        assert there / money == pytest.approx(here, abs=1e-6)
    assert other.gap == pytest.approx(one.gap, abs=1e-9)


@pytest.mark.share
@pytest.mark.parametrize("contracts", ["single", "multi"])
@pytest.mark.parametrize("fair", FAIR)
@FEW
@given(st.integers(0, 10_000), UNITS, UNITS)
def test_fair_points_in_other_units_are_the_same(fair, contracts, seed, energy, money):
    unit = money if contracts == "single" else money / energy
    points = [fair_point(signed(market_in(*u, seed), contracts), fair) for u in ((1, 1), (energy, money))]
    for here, there in zip(*points, strict=True):
        assert there / unit == pytest.approx(here, abs=1e-6)


@FEW
@given(st.integers(0, 10_000), UNITS, UNITS)
def test_auctions_and_blocking_pairs_in_other_units_are_the_same(seed, energy, money):
    one, other = (signed(market_in(*u, seed), matching="auction") for u in ((1, 1), (energy, money)))
    assert np.array_equal(one.buyer, other.buyer) and np.array_equal(one.seller, other.seller)
    pairs, again = (blocking_pairs(bargain, *equal_split(bargain)) for bargain in (one, other))
    assert sorted(zip(*pairs[:2], strict=True)) == sorted(zip(*again[:2], strict=True))
