"""Matchings: the optimum against enumeration, what an auction may lose, what contracts a list signs."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from market.bilateral.core import is_stable
from market.bilateral.ledger import MATCHING_LEDGER
from market.bilateral.market import assignment_game
from market.bilateral.matching import auction, given_matching, optimal_matching
from market.bilateral.signing import MATCHINGS, signed
from tests.shares import part_of

FEW = settings(max_examples=part_of(60), deadline=None, derandomize=True, database=None)


def best_by_enumeration(values):
    m, n = values.shape
    padded = np.zeros((m, n + m))
    padded[:, :n] = np.maximum(values, 0)
    return max(sum(padded[i, j] for i, j in enumerate(order)) for order in permutations(range(n + m), m))


@FEW
@given(st.integers(0, 10_000))
def test_the_optimal_matching_is_worth_most(seed):
    rng = np.random.default_rng(seed)
    values = rng.integers(-3, 7, rng.integers(1, 5, 2)).astype(float)
    bargain = signed(assignment_game(values))
    assert bargain.welfare == best_by_enumeration(values)
    assert np.all(bargain.contract_value > 0)


@FEW
@given(st.integers(0, 10_000), st.sampled_from([1e-3, 1e-2, 0.1]))
def test_an_auction_loses_no_more_than_a_step_a_contract(seed, share):
    rng = np.random.default_rng(seed)
    values = rng.integers(0, 7, rng.integers(1, 8, 2)).astype(float)
    market = assignment_game(values)
    found = auction(market, share)
    best = values.max(axis=1)
    step = share * np.maximum(best, best[best > 0].mean()) if np.any(best > 0) else best
    signed_to = found.partner[found.partner >= 0]
    assert len(np.unique(signed_to)) == len(signed_to)
    profits = values - found.prices
    for i in np.flatnonzero(found.partner >= 0):
        assert profits[i, found.partner[i]] >= max(profits[i].max(), 0) - step[i] - 1e-9
    lost = signed(market).welfare - signed(market, matching=found.partner).welfare
    assert lost <= step[found.partner >= 0].sum() + 1e-9


def test_large_buyers_outbid_each_other_in_few_rounds():
    """Three of 300 buyers want the same two sellers, ten thousand times as much as anybody wants anything."""
    values = np.random.default_rng(0).uniform(0, 1, (300, 300))
    usual = auction(assignment_game(values)).rounds
    values[:3, :2] += 1e4
    market = assignment_game(values)
    found = auction(market)
    assert found.rounds < 3 * usual
    assert signed(market, matching=found.partner).welfare >= (1 - 1e-3) * signed(market).welfare


@pytest.mark.parametrize("size", [5, 20, 50])
def test_an_auction_matches_energy_markets_nearly_optimally(energy_market, size):
    market = energy_market(size, size, seed=2)
    best, found = signed(market), auction(market)
    assert signed(market, matching=found.partner).welfare >= (1 - 1e-3) * best.welfare
    assert found.bids >= found.rounds > 0
    assert is_stable(signed(market, matching=found.partner), 1e-3 * best.mean_contract)


def test_an_auction_without_a_gain_to_bid_for():
    found = auction(assignment_game([[0, -1], [0, 0]]))
    assert (found.partner.tolist(), found.rounds, found.bids) == ([-1, -1], 0, 0)


def test_a_list_is_taken_as_it_is_but_for_worthless_pairs():
    market = assignment_game([[5, 7, 2], [8, 9, 3], [2, 6, 0]])
    assert given_matching(market, [-1, 0, 2]).tolist() == [-1, 0, -1]
    assert given_matching(market, [2, 0, 1]).tolist() == optimal_matching(market).tolist()


def test_every_matching_has_its_line_in_the_privacy_ledger():
    assert set(MATCHING_LEDGER) == {*MATCHINGS, "given"}
