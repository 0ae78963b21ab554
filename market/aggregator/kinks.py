"""Equilibria at a kink of the price: every player has a set of purchases there, and any that add up to it will do.

At the total K of a convex kink or a jump a purchase is stationary where the player's first-order condition holds with
some slope between the left and the right one, its own: an interval, between the replies to the two slopes. The total
is a candidate as soon as the *sum* of these sets holds it (docs/aggregator/model.md).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from market.aggregator.allocation import split
from market.aggregator.best_response import PricedOut, best_response
from market.aggregator.certificate import SPLIT_PRECISION
from market.aggregator.game import Block, Game
from market.aggregator.reply import Prices, replies
from market.arrays import Array
from market.prices import PriceRule

NO_GAIN = 1e-9  # relative gain up to which a purchase counts as best
FINE_ENDS = 1e-7  # how well the ends of a set are found, as a share of the total
COARSE_ENDS = 1.0  # the same where only a few purchases are tried
FIRST, FIRST_COARSE = 5, 3  # purchases tried in a set before it is looked at more finely
MOST_TRIED = 300  # best responses that one player's set may cost
MOST_PLAYERS = 200  # whose sets are looked for
MOST_PIECES = 64  # of a sum of sets


class Held(NamedTuple):
    """Purchases of one player at a kink, as (low, high): certainly best ones, and all that are not ruled out."""

    best: list[tuple[float, float]]
    left: list[tuple[float, float]]


Known = dict[float, tuple["Array | None", "Array"]]  # by purchase, the surpluses of `_worth`


def sides(rule: PriceRule, blocks: Sequence[Block], kink: float) -> tuple[Array, Array]:
    """What every player replies to a kink's right and to its left slope, shapes (players,).

    (docs/aggregator/model.md, Kinks.)
    """
    price = np.array([float(rule.value(kink))])

    def at(slope):
        prices = Prices(price, np.array([float(slope)]), np.zeros(1))
        return np.minimum(np.concatenate([replies(block, prices)[0][0] for block in blocks]), kink)

    most = at(rule.left_slope(kink))
    return np.minimum(at(rule.right_slope(kink)), most), most


def best_sets(game: Game, kink: float, fine: float, order: Iterable[int], known: Sequence[Known]) -> list[Held]:
    """The purchases every player may hold at a kink, a list of `Held`, whose ends are found to a share of the total.

    Players are looked at in an `order`; after one whose set is empty the kink holds nothing, and the others' are left
    empty. `known`, a dictionary a player, keeps what purchases were found to be worth for a next call.
    """
    least, most = sides(game.price, game.blocks, kink)
    sets = [Held([], [])] * game.players
    for j in order:
        sets[j] = best_set(game.price, game.player(j), kink, float(least[j]), float(most[j]), fine, known[j])
        if not sets[j].left:
            break
    return sets


def best_set(
    rule: PriceRule,
    player: Block,
    kink: float,
    low: float,
    high: float,
    fine: float = FINE_ENDS,
    known: Known | None = None,
) -> Held:
    """Purchases between low and high that no other beats while all together buy the kink.

    (docs/aggregator/model.md, Kinks.) Payoffs fall in the others' total and rise in a purchase at one price. So a best
    response at the lower end of a cell that beats what the upper end is worth rules out all between; cells with mixed
    ends are halved.
    """
    known = {} if known is None else known

    def gain(y, over):
        for at in (y, over):
            if at not in known:
                known[at] = _worth(rule, player, kink, at)
        best, held = known[y][0], known[over][1]
        if best is None:
            return np.inf
        return float(player.objective.gain(best, held, held > 0)) if len(held) else 0.0

    width = high - low
    first = FIRST_COARSE if fine == COARSE_ENDS else FIRST
    points = np.linspace(low, high, first).tolist() if width > FINE_ENDS * kink else [low]
    best = [(y, y) for y in points if gain(y, y) <= NO_GAIN]
    left, cells = list(best), list(pairwise(points))
    while cells:
        a, b = cells.pop()
        if gain(a, b) > NO_GAIN:
            continue
        inside = [y for y in (a, b) if gain(y, y) <= NO_GAIN]
        best += [(inside[0], inside[-1])] if inside else []
        if len(inside) == 2 or b - a <= fine * kink or len(known) > MOST_TRIED:
            left.append((a, b))
        else:
            cells += [(a, (a + b) / 2), ((a + b) / 2, b)]
    return Held(joined(best), joined(left))


def _worth(rule, player, kink, y):
    """(Surpluses of the best response, None where it is better than any y here; those of y), others buying the rest."""
    outside, at_kink = max(kink - y, 0.0), float(rule.value(kink))

    def surpluses(price, y):
        return player.utility.surplus(price, split(player, np.array([price]), np.array([[y]]), SPLIT_PRECISION)[0])

    held = surpluses(at_kink, y)
    rows = slice(None)
    if player.objective.common_surplus:  # it never prices out one whom it counts
        rows = player.utility.reservation > at_kink
        counted = player.utility.reservation > float(rule.right_value(outside))
        if np.any(rows != counted):
            return (None if np.any(counted) else held[rows]), held[rows]
    try:
        found = best_response(rule, player, outside, y)
    except PricedOut:
        return None, held[rows]
    price = float(rule.value(outside + found))
    return surpluses(price, found)[rows], held[rows]


def joined(pieces: Iterable[tuple[float, float]]) -> list[tuple[float, float]]:
    """A union of intervals (low, high), ascending, those that touch made one."""
    union: list[tuple[float, float]] = []
    for low, high in sorted(pieces):
        if union and low <= union[-1][1]:
            union[-1] = (union[-1][0], max(high, union[-1][1]))
        else:
            union.append((low, high))
    return union


def sums(sets: Iterable[list[tuple[float, float]]]) -> list[list[tuple[float, float]]]:
    """The sums of the first 0, 1, … sets, each a union of intervals, or one hull where it has too many pieces."""
    total = [[(0.0, 0.0)]]
    for pieces in sets:
        added = joined([(a + c, b + d) for a, b in total[-1] for c, d in pieces])
        total.append(added if len(added) <= MOST_PIECES else [(added[0][0], added[-1][1])])
    return total


def holds(sets: Sequence[list[tuple[float, float]]], total: float) -> bool:
    """May purchases of each set add up to a total?"""
    slack = len(sets) * FINE_ENDS * total
    return any(low - slack <= total <= high + slack for low, high in sums(sets)[-1])


def play(least: Array, most: Array, total: float) -> float:
    """How far a purchase may move while all add up to a total and stay between their least and most: the widest."""
    low = np.maximum(least, total - (most.sum() - most))
    high = np.minimum(most, total - (least.sum() - least))
    return float(np.max(high - low))


def shares(sets: Sequence[list[tuple[float, float]]], total: float) -> Array | None:
    """One purchase of each set, as far inside as may be, that add up to a total; None where none do."""
    room, y = sums(sets), []
    rest = total
    for pieces, before in zip(sets[::-1], room[-2::-1], strict=True):
        fits = [(max(a, rest - d), min(b, rest - c)) for a, b in pieces for c, d in before]
        fits = [(low, high) for low, high in fits if high >= low - FINE_ENDS * total]
        if not fits:
            return None
        low, high = max(fits, key=lambda fit: fit[1] - fit[0])
        y.append(max((low + high) / 2, 0.0))
        rest -= y[-1]
    return np.array(y[::-1])
