"""Matchings: the optimum against enumeration, what an auction may lose, what contracts a list signs."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from market.bilateral.core import is_stable
from market.bilateral.ledger import MATCHING_LEDGER
from market.bilateral.market import MarketError, assignment_game
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


def auctioned(values, share):
    """The auction bid by bid: (seller of each buyer, prices, rounds, bids)."""
    best = [max([0.0, *row]) for row in values]
    above = [each for each in best if each > 0]
    step = [share * max(each, sum(above) / len(above)) if above else 0.0 for each in best]
    partner, prices = [-1] * len(values), [0.0] * values.shape[1]
    waiting, rounds, bids = [i for i, each in enumerate(best) if each > 0], 0, 0
    while waiting:
        offers = {}
        for i in waiting:
            left = [value - price for value, price in zip(values[i], prices, strict=True)]
            if max(left) > 0:
                j = left.index(max(left))
                second = max([0.0, *left[:j], *left[j + 1 :]])
                offers[i] = j, left[j] - second + step[i]
        rounds, bids = rounds + bool(offers), bids + len(offers)
        lost = []
        for j in range(len(prices)):
            bidders = [i for i in offers if offers[i][0] == j]
            if bidders:
                winner = max(bidders, key=lambda i: (offers[i][1], -i))
                lost += [i for i, at in enumerate(partner) if at == j] + [i for i in bidders if i != winner]
                partner = [-1 if at == j else at for at in partner]
                partner[winner], prices[j] = j, prices[j] + offers[winner][1]
        waiting = sorted(lost)
    return [j if j >= 0 and values[i, j] > 0 else -1 for i, j in enumerate(partner)], prices, rounds, bids


@FEW
@given(st.integers(0, 10_000), st.sampled_from([0.125, 0.5]))
def test_an_auction_goes_bid_by_bid(seed, share):
    rng = np.random.default_rng(seed)
    values = rng.integers(-2, 7, rng.integers(1, 6, 2)).astype(float)
    found = auction(assignment_game(values), share)
    partner, prices, rounds, bids = auctioned(np.maximum(values, 0), share)
    assert found.partner.tolist() == partner
    assert found.prices == pytest.approx(prices)
    assert (found.rounds, found.bids) == (rounds, bids)


@pytest.mark.parametrize("share", [0.0, -1.0, float("nan")])
def test_an_auction_without_a_step_is_refused(share):
    with pytest.raises(MarketError, match="share"):
        auction(assignment_game([[1.0]]), share)


def test_an_auction_without_sellers_or_buyers():
    assert auction(assignment_game(np.zeros((2, 0)))).partner.tolist() == [-1, -1]
    assert auction(assignment_game(np.zeros((0, 2)))).prices.tolist() == [0, 0]


def test_a_usual_step_is_a_small_share_of_the_best_value():
    """Nobody else is there to sell, so that each bids all the seller is worth to it and a thousandth more."""
    found = auction(assignment_game([[8.0], [4.0]]))
    assert found.partner.tolist() == [0, -1] and found.prices == pytest.approx([8 * 1.001])


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
