"""All pairs of purchases of two players, in boxes: which boxes may hold an equilibrium, by bounds that leave none out.

In a box [a, b] × [c, d] a player who buys a to b pays at least the price at a + c, and payoffs rise with the purchase
at one price up to what users want: so it has at most what b is worth at that price. As payoffs fall in the other's
purchase, it could have at least what any purchase of its own is worth beside d. Where that is more, no pair in the box
is an equilibrium. Boxes that are left are cut in four. (Nothing is shared with the direct search, and a best response
only proposes purchases.)
"""

import numpy as np

from market.aggregator.allocation import split
from market.aggregator.best_response import PricedOut, best_response
from market.aggregator.roots import span

FIRST, CUTS, MOST_BOXES = 24, 8, 30_000
REPLIES = 97  # best responses that propose purchases
ROUNDING = 1e-11
NEAR = 0.05  # of the total: boxes around an equilibrium cannot be told from it


def left(game):
    """Middles of the boxes that may hold an equilibrium, shape (boxes, 2), and their sides, (2,).

    None where there were too many.
    """
    rule, high = game.price, span(game.price, game.blocks, 0.0)[1]
    top = np.array([min(_wanted(rule, game.player(j), 0.0), high) for j in (0, 1)])
    if np.all(top <= 0):
        return np.zeros((1, 2)), top
    top = np.maximum(top, 1e-6 * top.max())  # one that never buys has a narrow box
    proposed = [_proposed(rule, game.player(j), top[1 - j]) for j in (0, 1)]
    edge = np.linspace(0, 1, FIRST + 1)
    low = np.stack(np.meshgrid(edge[:-1], edge[:-1], indexing="ij"), axis=-1).reshape(-1, 2) * top
    side = top / FIRST
    for cut in range(CUTS + 1):
        kept = np.ones(len(low), dtype=bool)
        for j in (0, 1):
            kept[kept] = ~_beaten(rule, game.player(j), low[kept][:, [j, 1 - j]], side[[j, 1 - j]], proposed[j])
        low = low[kept]
        if len(low) > MOST_BOXES:
            return None
        if cut < CUTS:
            side = side / 2
            low = np.concatenate([low + side * np.array(corner) for corner in ((0, 0), (0, 1), (1, 0), (1, 1))])
    return low + side / 2, side


def _wanted(rule, player, outside):
    with np.errstate(divide="ignore"):
        return float(np.sum(player.utility.demand(np.asarray(rule.right_value(outside)))))


def _proposed(rule, player, top):
    """(Others' purchases, best responses beside them), of which any may be tried; nan where a user is priced out."""
    others = np.linspace(0, top, REPLIES)
    found = np.full(REPLIES, np.nan)
    for k, other in enumerate(others):
        try:
            found[k] = best_response(rule, player, float(other))
        except PricedOut:
            break
    return others, found


def _beaten(rule, player, low, side, proposed):
    """Does a player do better elsewhere, wherever in its box it is (own purchase first)?"""
    own, other = low[:, 0], low[:, 1]
    beyond = other + side[1]
    price = np.asarray(rule.value(own + other), dtype=float)
    reservation = player.utility.reservation
    counted_low = reservation > np.asarray(rule.right_value(other))[:, None]
    counted_high = reservation > np.asarray(rule.right_value(beyond))[:, None]
    with np.errstate(divide="ignore"):
        wanted = player.utility.demand(price[:, None]).sum(axis=1)
    most = _worth(player, price, np.clip(wanted, own, own + side[0]), counted_high)
    gone = player.objective.literal & ~np.all(counted_low, axis=1)  # minus infinity whatever it buys
    least = np.full(len(low), -np.inf)
    others, found = proposed
    place = np.clip(np.searchsorted(others, beyond) - 1, 0, REPLIES - 2)
    share = (beyond - others[place]) / (others[1] - others[0])
    ends = found[place], found[place + 1]
    last = np.where(reservation > np.asarray(rule.right_value(beyond))[:, None], rule.supply(reservation), np.inf)
    little = np.maximum(last.min(axis=1) - beyond, 0.0) / 4  # prices nobody out
    for y in (*ends, ends[0] + share * (ends[1] - ends[0]), found[np.maximum(place - 1, 0)], little):
        y = np.where(np.isfinite(y), y, 0.0)
        at = np.asarray(rule.value(beyond + y), dtype=float)
        least = np.maximum(least, _worth(player, at, y, counted_low))
    with np.errstate(invalid="ignore"):
        more = least - most > ROUNDING * np.maximum(np.abs(least), np.abs(most))
    return gone | (np.isfinite(least) & (more | np.isneginf(most)))


def _worth(player, price, y, counted):
    x = split(player, price, y[:, None], 1e-8)
    return player.objective.value(player.utility.surplus(price[:, None], x), counted, player)[:, 0]


def held(middles, side, y):
    """Is a pair of purchases in one of the boxes?"""
    return bool(np.any(np.all(np.abs(middles - y) <= side * (0.5 + 1e-6), axis=1)))


def far(middles, side, equilibria):
    """Middles of boxes that are not beside one of some equilibria."""
    for y in equilibria:
        reach = NEAR * max(y.sum(), 1e-300) + side
        middles = middles[np.any(np.abs(middles - y) > reach, axis=1)]
    return middles
