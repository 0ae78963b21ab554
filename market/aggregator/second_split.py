"""How a player would split a purchase, found by halving alone: the certificate's own road beside `allocation`."""

from __future__ import annotations

import numpy as np

from market.aggregator.game import Block
from market.arrays import Array

MOST_HALVINGS = 100  # of a multiplier's interval, and of every user's between two of them
SPLIT_FOUND = 1e-9  # share of a purchase up to which its split may be open


def second_split(block: Block, price: Array, y: Array) -> Array:
    """The split of each purchase that maximises its player's objective at a fixed price.

    Prices and purchases of shape (nodes, players), quantities (nodes, users). By the first-order condition
    (Li, Motoki, Zhang, section II-C) every user served has the same multiplier, at a finite alpha
    log(U' − p) − alpha log(s + offset), or with a common surplus that one; both fall as a user gets more, so the
    common value is between those that give all users together too much and too little. Where a purchase is nothing, or
    as much as its users want or more, the answer is none: not a number.
    """
    spread = block.to_users(price)
    demand = block.utility.demand(spread)
    inside = (y > 0) & (y < block.by_player(np.add, demand))
    low, high = np.zeros_like(demand), np.minimum(demand, block.to_users(y))
    below, above = _ends(block, spread, low, high)
    for _ in range(MOST_HALVINGS):
        middle = (below + above) / 2
        least, most, more = _between(block, spread, low, high, middle, y)
        below, above = np.where(more, middle, below), np.where(more, above, middle)
        low, high = np.where(block.to_users(more), low, least), np.where(block.to_users(more), most, high)
        if np.all(block.by_player(np.add, high - low) <= SPLIT_FOUND * y, where=inside):
            break
    x = (low + high) / 2
    total = block.by_player(np.add, x)
    return x * block.to_users(np.where(inside, y / np.where(total > 0, total, 1.0), np.nan))


def _worth_of_more(block, price, x):
    """What falls as a user gets more and is the same for all users served, shape (nodes, users)."""
    if block.objective.common_surplus:
        return np.where(block.utility.reservation > price, -block.utility.surplus(price, x), -np.inf)
    return block.objective.multiplier(block.utility, price, x)


def _ends(block, price, low, high):
    """Values at which all users of a player get all they want, and nothing, (nodes, players) each."""
    wants = high > 0
    some = _worth_of_more(block, price, high)
    none = _worth_of_more(block, price, low)
    below = block.by_player(np.minimum, np.where(wants, some, np.inf))
    above = block.by_player(np.maximum, np.where(wants, none, -np.inf))
    return np.where(np.isfinite(below), below, 0.0), np.where(np.isfinite(above), above, 0.0)


def _between(block, price, low, high, value, y):
    """Bounds on what users get at a common value, halved until it is clear whether that is more than y."""
    for _ in range(MOST_HALVINGS):
        middle = (low + high) / 2
        more = _worth_of_more(block, price, middle) > block.to_users(value)
        low, high = np.where(more, middle, low), np.where(more, high, middle)
        too_much = block.by_player(np.add, low) >= y
        if np.all(too_much | (block.by_player(np.add, high) <= y)):
            break
    return low, high, too_much
