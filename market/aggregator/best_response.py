"""The globally best purchase of one player, given the total of all others.

J(y) may have several peaks (docs/aggregator/model.md): when a rising purchase prices a user out, J can fall and rise
again. So every peak that can matter is looked for: Newton's method finds one, weak duality rules out all purchases that
cannot beat it, and the rest is scanned for further roots of the first-order condition.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from market.aggregator.allocation import quantities, split
from market.aggregator.game import Block, Game
from market.aggregator.reply import eager
from market.aggregator.roots import cell_edges, newton, scan, span
from market.aggregator.single import best_quantities
from market.arrays import Array, Mask, distinct
from market.prices import PriceRule

SAME_PAYOFF = 1e-12  # peaks this close in payoff, as a share of it, count as equal: the nearer one is kept
MOST_CELL_USERS = 2_000_000  # users times cells that weak duality looks at
MOST_USER_NODES = 1_000_000  # users times nodes that the scan for further peaks may cost
BEYOND_WANTED = 1.01  # a little more than users want, so that a peak there lies inside
EVEN_CUTS = 17  # further cuts between no purchase and the highest


class PricedOut(Exception):
    """A player's objective is minus infinity at every purchase: `user` of it is priced out by the others alone."""

    def __init__(self, user: int) -> None:
        super().__init__(f"user {user} is priced out")
        self.user = user


def best_response(rule: PriceRule, player: Block, outside: float, now: float = 0.0) -> float:
    """The purchase y ≥ 0 that maximises J(y) over all y, for a block of one player (Li, Motoki, Zhang, eq. 3).

    `outside` is the others' total, energy; `now`, the present purchase, starts the search and settles ties.
    Raises PricedOut where alpha ≥ 1 without a surplus offset and a user's reservation price is at most p(outside).
    """
    price = float(rule.right_value(outside))
    above = player.utility.reservation > price
    if literal(player) and not np.all(above):
        raise PricedOut(int(np.argmin(above)))
    if not np.any(above):
        return 0.0
    if not np.all(above):
        player = only(player, above)
    if player.single:
        return float(best_quantities(rule, player.utility, np.array([outside]))[0])
    with np.errstate(divide="ignore"):
        wanted = float(np.sum(player.utility.demand(price)))
    if outside + wanted == outside:  # too small for its own price to move
        return wanted
    best = best_peak(rule, player, outside, now, peaks(rule, player, outside, now))
    return nearest(rule, player, outside, now, best) if player.objective.common_surplus else best


def reply_curve(game: Game, j: int, others: Array) -> Array:
    """Player j's best purchase against each total of the others, shape as `others`."""
    player = game.player(j)
    return np.array([best_response(game.price, player, float(total)) for total in others])


def literal(block: Block) -> bool:
    """Is the objective minus infinity as soon as one user has no surplus?"""
    return block.objective.literal


def only(player: Block, rows: Mask) -> Block:
    """A block of one player with some of its users."""
    return replace(player, utility=player.utility.take(rows), sizes=np.array([np.sum(rows)]))


def ceiling(rule: PriceRule, player: Block, outside: float) -> float:
    """Total above which the player certainly gains nothing.

    It never buys more than its users want at the price without it; under max-min and the literal objectives all
    users must keep a surplus.
    """
    with np.errstate(divide="ignore"):
        wanted = outside + BEYOND_WANTED * float(np.sum(player.utility.demand(rule.right_value(outside))))
    if player.objective.common_surplus or literal(player):
        return max(min(float(rule.supply(player.utility.reservation.min())), wanted), outside)
    return min(span(rule, (player,), outside)[1], wanted)


def peaks(rule: PriceRule, player: Block, outside: float, now: float) -> list[float]:
    """All peaks of J that can be the highest, as purchases (docs/aggregator/model.md, Replies)."""
    high = ceiling(rule, player, outside)
    smooth = not np.any((rule.kinks > outside) & (rule.kinks <= high))
    start = outside + now if now > 0 and outside + now < high else None
    known = newton(rule, (player,), outside, outside, high, start) if smooth and np.isfinite(high) else (None, None)
    total, z = known
    multiplier = None if z is None else z[0]
    if total is not None and has_one_peak(rule, player, total):
        return [total - outside]
    if start is not None and not smooth and not player.objective.common_surplus:
        within, fallback = promising(rule, player, outside, start, multiplier_of(rule, player, start, now)), now
    elif total is None or multiplier is None or player.objective.common_surplus:
        within, fallback = [(outside, high)], 0.0
    else:
        within, fallback = promising(rule, player, outside, total, multiplier), total - outside
    starts = [] if total is None or not z else [(total, z)]
    roots = scan(rule, (player,), outside, within, starts, MOST_USER_NODES).roots
    return [root.total - outside for root in roots] or [fallback]


def multiplier_of(rule: PriceRule, player: Block, total: float, y: float) -> Array:
    """The multiplier of a purchase y at the price of a total, shape (1, 1): that of the largest user."""
    price = np.array([float(rule.value(total))])
    x = split(player, price, np.array([[y]]))[0]
    z = player.objective.multiplier(player.utility, price, np.minimum(x, player.utility.demand(price)))
    return np.array([[z[np.argmax(x)]]])


def has_one_peak(rule: PriceRule, player: Block, total: float) -> bool:
    """Is a peak on a smooth price the only one? At alpha = 0 always, under max-min where the price is convex."""
    return player.objective.welfare or (player.objective.common_surplus and float(rule.curvature(total)) >= 0)


def best_peak(rule: PriceRule, player: Block, outside: float, now: float, purchases: Sequence[float]) -> float:
    """The purchase with the highest payoff; of equals the one nearest to the present purchase."""
    if len(purchases) == 1:
        return float(purchases[0])
    y = np.array(purchases)
    surplus = surpluses(rule, player, outside, y)
    gain = player.objective.gain(surplus, surplus[0], surplus[0] > 0)
    equal = np.flatnonzero(gain >= gain.max() - SAME_PAYOFF)
    return float(y[equal[np.argmin(np.abs(y[equal] - now))]])


def nearest(rule: PriceRule, player: Block, outside: float, now: float, best: float) -> float:
    """Of the purchases on a flat stretch that are worth as much to a max-min player the one nearest to the present."""
    price, total = float(rule.value(outside + best)), outside + best
    if rule.left_slope(total) > 0 or now >= best:
        return best
    other = min(max(now, float(eager(player, np.array([[price]]))[0, 0])), best)
    return other if float(rule.value(outside + other)) == price else best


def surpluses(rule: PriceRule, player: Block, outside: float, y: Array, precision: float = 1e-14) -> Array:
    """Surplus of every user at the best split of each purchase y, shape (purchases, users)."""
    price = rule.value(outside + y)
    x = split(player, price, y[:, None], precision)
    return player.utility.surplus(price[:, None], x)


def promising(rule: PriceRule, player: Block, outside: float, found: float, z: Array) -> list[tuple[float, float]]:
    """Intervals of the total that may hold a higher payoff than the peak found with multiplier z, by weak duality.

    (docs/aggregator/model.md, Replies.) z: shape (1, 1). For y between y1 and y2 the price is at least that at y1, so
    with any multiplier kappa the payoff is at most Σ max_x [phi(s_i(x)) − kappa x] + kappa y2 at that price; kappa of
    the peak makes the bound tight beside it.
    """
    objective, utility = player.objective, player.utility
    at = float(rule.value(found))
    peak = utility.surplus(at, quantities(player, np.array([[at]]), z)[0])
    high = ceiling(rule, player, outside)
    edges = cell_edges(rule, (player,), outside, high)[0]
    edges = edges[:: max(1, len(edges) * player.users // MOST_CELL_USERS)]
    edges = distinct(np.concatenate([edges, np.linspace(outside, high, EVEN_CUTS)]))
    price = np.asarray(rule.right_value(edges[:-1]))[:, None]
    x = quantities(player, price, np.broadcast_to(z, (len(price), 1)))
    bound = objective.gain(utility.surplus(price, x), peak, peak > 0)
    kappa = np.exp(np.minimum(z[0, 0] - objective.log_scale(peak, peak > 0), 700.0))
    bound = bound + kappa * (edges[1:] - outside - x.sum(axis=1))
    keep = (bound > -SAME_PAYOFF) | ((edges[:-1] <= found) & (found <= edges[1:]))
    return merged(edges[:-1][keep], edges[1:][keep])


def merged(low: Array, high: Array) -> list[tuple[float, float]]:
    """Join intervals that touch."""
    new = np.concatenate([[True], low[1:] > high[:-1]])
    return list(zip(low[new], high[np.concatenate([np.flatnonzero(new)[1:] - 1, [len(high) - 1]])], strict=True))
