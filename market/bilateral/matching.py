"""Who signs with whom, where an agent signs at most one contract: the optimal matching, an auction, a given list."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import optimize

from market.arrays import Array, Integers
from market.bilateral.market import Market, MarketError

NOBODY = -1


def optimal_matching(market: Market) -> Integers:
    """Seller of each buyer in a matching of greatest value, NOBODY where none, shape (m,); no contract is worth 0.

    (docs/bilateral/model.md, Who signs with whom)

    >>> from market.bilateral.market import assignment_game
    >>> optimal_matching(assignment_game([[5, 7, 2], [8, 9, 3], [2, 6, 0]])).tolist()
    [2, 0, 1]
    """
    rows, columns = optimize.linear_sum_assignment(market.pair_value, maximize=True)
    return _gainful(market, rows, columns)


def given_matching(market: Market, sellers: Sequence[int]) -> Integers:
    """A matching written down: the seller of each buyer, −1 for none; pairs worth 0 sign no contract.

    Raises MarketError where it is no matching. Whether it is optimal only the core can tell.
    """
    try:
        partner = np.asarray(sellers, dtype=float)
    except (TypeError, ValueError):
        raise MarketError("matching must be a list of numbers, the seller of each buyer, -1 for none") from None
    if partner.shape != (market.buyers,):
        raise MarketError(f"matching of shape {partner.shape} must have shape ({market.buyers},), one for each buyer")
    fine = (partner >= NOBODY) & (partner < market.sellers) & (partner == np.floor(partner))
    if not np.all(fine):
        first = int(np.argmin(fine))
        raise MarketError(f"buyer {first}: matching(={partner[first]:g}) must be a seller, -1 to {market.sellers - 1}")
    rows = np.flatnonzero(partner > NOBODY)
    columns = partner[rows].astype(np.intp)
    taken, count = np.unique(columns, return_counts=True)
    if np.any(count > 1):
        twice = int(np.argmax(count > 1))
        first, second = rows[np.flatnonzero(columns == taken[twice])[:2]]
        raise MarketError(f"buyer {second}: matching(={taken[twice]}) must be a seller of its own, not buyer {first}'s")
    return _gainful(market, rows, columns)


@dataclass(frozen=True, eq=False)
class Auction:
    """How an auction ended: seller of each buyer (m,), sellers' prices in money (n,), rounds, single bids made.

    Prices overshoot the core's corner; use the matching only.
    """

    partner: Integers
    prices: Array
    rounds: int
    bids: int


def auction(market: Market, share: float = 1e-3) -> "Auction":
    """A matching by bidding (Bertsekas 1988, Jacobi form): only price bids travel.

    1. Every buyer without a contract bids for the seller that leaves it most, up to what makes it indifferent to its
       second best, plus a step: `share` of its own best value, or of the buyers' mean best value where that is more.
    2. Every seller that got bids signs with the highest bidder and lets its former buyer go.
    3. Buyers whom no seller leaves a gain stop. Value lost against the optimum: at most a step for each contract.
    A step of its own lets the few large buyers of a market outbid each other in few rounds.
    """
    if not share > 0:
        raise MarketError(f"share(={share:g}) must be > 0")
    values = market.pair_value
    best = values.max(axis=1, initial=0.0)
    step = share * np.maximum(best, np.mean(best[best > 0])) if np.any(best > 0) else best
    partner, holder = np.full(market.buyers, NOBODY), np.full(market.sellers, NOBODY)
    prices, bidding = np.zeros(market.sellers), np.flatnonzero(best > 0)
    rounds = bids = 0
    while len(bidding):
        wanted, limit = _bids(values[bidding] - prices, step[bidding])
        keen = wanted >= 0
        bidding, wanted, limit = bidding[keen], wanted[keen], limit[keen]
        if not len(bidding):
            break
        rounds, bids = rounds + 1, bids + len(bidding)
        order = np.lexsort((-np.arange(len(bidding)), limit))
        winner = np.full(market.sellers, NOBODY)
        winner[wanted[order]] = order
        sold = np.flatnonzero(winner > NOBODY)
        won = winner[sold]
        lost = holder[sold][holder[sold] > NOBODY]
        partner[lost] = NOBODY
        prices[sold] += limit[won]
        holder[sold], partner[bidding[won]] = bidding[won], sold
        bidding = np.sort(np.concatenate([lost, np.delete(bidding, won)]))
    rows = np.flatnonzero(partner > NOBODY)
    return Auction(_gainful(market, rows, partner[rows]), prices, rounds, bids)


def _bids(left, step):
    """(Seller wanted, rise of its price) of buyers whom sellers leave so much, shape (bidders, n); −1: none gains."""
    rows = np.arange(len(left))
    wanted = np.argmax(left, axis=1)
    most = left[rows, wanted]
    others = left.copy()
    others[rows, wanted] = 0.0
    second = np.maximum(others.max(axis=1), 0.0)
    return np.where(most > 0, wanted, NOBODY), most - second + step


def _gainful(market, rows, columns):
    """Seller of each buyer from pairs, those worth nothing left out, shape (m,)."""
    partner = np.full(market.buyers, NOBODY, dtype=np.intp)
    gains = market.pair_value[rows, columns] > 0
    partner[rows[gains]] = columns[gains]
    return partner
