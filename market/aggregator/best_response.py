"""The globally best purchase of one player, given the total of all others.

J(y) may have several peaks (docs/aggregator/model.md): when a rising purchase prices a user out, J can fall and rise
again. So every peak that can matter is looked for: Newton's method finds one, and it is tested whether none is higher
(one_peak). Where that is not certain, weak duality rules out all purchases that cannot beat it, and the rest is scanned
for further roots of the first-order condition.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from market.aggregator.allocation import quantities, split
from market.aggregator.game import Block, Game
from market.aggregator.one_peak import Peaks, highest, peaks_of
from market.aggregator.reply import eager
from market.aggregator.roots import SPARE_SPAN, cell_edges, scan, span
from market.aggregator.single import best_quantities
from market.arrays import Array, Mask, distinct
from market.prices import PriceRule

SAME_PAYOFF = 1e-12  # peaks this close in payoff, as a share of it, count as equal: the nearer one is kept
MOST_CELL_USERS = 2_000_000  # users times cells that weak duality looks at
MOST_USER_NODES = 1_000_000  # users times nodes that the scan for further peaks may cost
FINEST_SPLIT = 1e-14  # of the multiplier, where payoffs are compared
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
    return float(best_responses(rule, player, np.array([float(outside)]), np.array([float(now)]))[0])


def best_responses(rule: PriceRule, block: Block, outside: Array, now: Array) -> Array:
    """The same of each player of a block against others' totals of its own, each alone.

    With the bits that each has alone, where answers are in closed form and no player has more than PIECE users.
    outside, now: shape (players,), energy.
    """
    price = np.asarray(rule.right_value(outside), dtype=float)
    above = block.utility.reservation > block.to_users(price)
    if literal(block) and not np.all(above):
        raise PricedOut(int(np.argmin(above)))
    best, open_ = np.zeros(block.players), block.by_player(np.maximum, above)
    if not np.all(above):
        if not np.any(open_):
            return best
        sizes = block.by_player(np.add, above.astype(int))[open_]
        block = replace(block, utility=block.utility.take(above), sizes=sizes)
    price, outside, now = price[open_], outside[open_], now[open_]
    parts = [_best(rule, part, price[some], outside[some], now[some]) for some, part in block.unmixed_parts]
    best[open_] = np.concatenate(parts)
    return best


def _best(rule, block, price, outside, now):
    """Best responses of players all of whose users are above the price before they buy, shape (players,)."""
    if block.single:
        return best_quantities(rule, block.utility, outside, each_alone=True)
    wanted = _wanted(block, price, ~(now > 0))
    small = outside + wanted == outside  # too small for its own price to move
    high = ceilings(rule, block, outside, wanted)
    start = np.where((now > 0) & (outside + now < high), outside + now, np.nan)
    peaks, sure = _peaks(rule, block, outside, high, start)
    best = np.where(small, wanted, peaks.total - outside)
    for j in np.flatnonzero(~(sure | small)).tolist():
        known = None if np.isnan(peaks.total[j]) else (float(peaks.total[j]), peaks.z[j : j + 1, None])
        best[j] = searched(rule, block.player(j), float(outside[j]), float(now[j]), float(high[j]), known)
    return best


def _wanted(block, price, fresh):
    """What players' users want at a price, (players,); a fresh player's search starts in the middle of it, so that its
    last digits tell: they are those of a plain sum.
    """
    with np.errstate(divide="ignore"):
        demand = block.utility.demand(block.to_users(price)) * np.ones(block.users)
    wanted = block.by_player(np.add, demand)
    for j in np.flatnonzero(fresh).tolist():
        wanted[j] = np.sum(demand[block.starts[j] : block.starts[j] + block.sizes[j]])
    return wanted


def _peaks(rule, block, outside, high, start):
    """Peaks by Newton's method where the price is smooth up to `high`, and which of them are surely the highest."""
    smooth = np.searchsorted(rule.kinks, outside, "right") == np.searchsorted(rule.kinks, high, "right")
    smooth &= np.isfinite(high)
    if np.all(smooth):
        peaks = peaks_of(rule, block, outside, high, start)
        return peaks, highest(rule, block, outside, high, peaks)
    found, sure = Peaks(np.full(block.players, np.nan), np.full(block.players, np.nan)), np.zeros_like(smooth)
    if np.any(smooth):
        some, known = _peaks(rule, block.only(smooth), outside[smooth], high[smooth], start[smooth])
        found.total[smooth], found.z[smooth], sure[smooth] = some.total, some.z, known
    return found, sure


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


def ceilings(rule: PriceRule, block: Block, outside: Array, wanted: Array) -> Array:
    """Totals above which players certainly gain nothing, each alone, shape (players,).

    They never buy more than their users want at the price without them, `wanted`; under max-min and the literal
    objectives all users must keep a surplus.
    """
    wanted = outside + BEYOND_WANTED * wanted
    if block.objective.common_surplus or literal(block):
        least = np.asarray(rule.supply(block.by_player(np.minimum, block.utility.reservation)), dtype=float)
        return np.maximum(np.minimum(least, wanted), outside)
    high = np.array(rule.supply(block.highest_reservation), dtype=float)
    for j in np.flatnonzero(np.isinf(high) | (outside < SPARE_SPAN * high)).tolist():
        high[j] = span(rule, (block.player(j),), float(outside[j]))[1]
    return np.minimum(high, wanted)


def searched(
    rule: PriceRule, player: Block, outside: float, now: float, high: float, known: tuple[float, Array] | None
) -> float:
    """The highest of all peaks that can matter up to `high`; known: one peak's total and its multiplier, (1, 1)."""
    purchases = peaks(rule, player, outside, now, high, known)
    best = best_peak(rule, player, outside, now, purchases)
    return nearest(rule, player, outside, now, best) if player.objective.common_surplus else best


def peaks(
    rule: PriceRule, player: Block, outside: float, now: float, high: float, known: tuple[float, Array] | None
) -> list[float]:
    """All peaks of J that can be the highest, as purchases (docs/aggregator/model.md, Replies)."""
    common = player.objective.common_surplus
    start = outside + now if now > 0 and outside + now < high else None
    smooth = not np.any((rule.kinks > outside) & (rule.kinks <= high))
    if start is not None and not smooth and not common:
        z = multiplier_of(rule, player, start, now)
        within, fallback = promising(rule, player, outside, high, start, z), now
    elif known is None or common:
        within, fallback = [(outside, high)], 0.0
    else:
        within, fallback = promising(rule, player, outside, high, *known), known[0] - outside
    starts: list[tuple[float, list[Array | None]]] = [] if known is None else [(known[0], [known[1]])]
    roots = scan(rule, (player,), outside, within, starts, MOST_USER_NODES).roots
    return [root.total - outside for root in roots] or [fallback]


def multiplier_of(rule: PriceRule, player: Block, total: float, y: float) -> Array:
    """The multiplier of a purchase y at the price of a total, shape (1, 1): that of the largest user."""
    price = np.array([float(rule.value(total))])
    x = split(player, price, np.array([[y]]))[0]
    z = player.objective.multiplier(player.utility, price, np.minimum(x, player.utility.demand(price)))
    return np.array([[z[np.argmax(x)]]])


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


def surpluses(rule: PriceRule, player: Block, outside: float, y: Array) -> Array:
    """Surplus of every user at the best split of each purchase y, shape (purchases, users)."""
    price = rule.value(outside + y)
    x = split(player, price, y[:, None], FINEST_SPLIT)
    return player.utility.surplus(price[:, None], x)


def promising(
    rule: PriceRule, player: Block, outside: float, high: float, found: float, z: Array
) -> list[tuple[float, float]]:
    """Intervals of the total that may hold a higher payoff than the peak found with multiplier z, by weak duality.

    (docs/aggregator/model.md, Replies.) z: shape (1, 1). For y between y1 and y2 the price is at least that at y1, so
    with any multiplier kappa the payoff is at most Σ max_x [phi(s_i(x)) − kappa x] + kappa y2 at that price; kappa of
    the peak makes the bound tight beside it.
    """
    objective, utility = player.objective, player.utility
    at = float(rule.value(found))
    peak = utility.surplus(at, quantities(player, np.array([[at]]), z)[0])
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
