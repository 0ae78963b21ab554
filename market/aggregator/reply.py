"""The reply of every player to a total: what it buys at price p(Y) and slope p'(Y), by the first-order condition."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from market.aggregator.allocation import least_best
from market.aggregator.game import Block
from market.arrays import Array, Mask

MULTIPLIER_FOUND = 1e-11  # relative error of p' Σ x/m at which a multiplier counts as found
STUCK_ERROR = 1e-6  # below it an error that a step does not halve is rounding: a straight utility's margin tells little
MOST_STEPS = 100
NEWTON_STEPS_FIRST = 8  # Newton steps before every second one halves the bracket
NODES_AT_ONCE = 1 << 15  # users times prices handled at once
FEW_NODES = 4096  # users times nodes whose sums are taken in one call
LONGEST_MULTIPLIER_STEP = 8.0  # longest Newton step in log kappa, up to alpha = USUAL_ALPHA; log kappa grows with alpha
USUAL_ALPHA = 50.0


class Prices(NamedTuple):
    """Prices, slopes and curvatures at some totals, each of shape (nodes,)."""

    value: Array
    slope: Array
    curvature: Array

    def rows(self, rows: Mask | slice) -> Prices:
        return Prices(*(v[rows] for v in self))


class Sums(NamedTuple):
    """Per player, shape (nodes, players): quantity Σx and pressure Σx/m, with their slopes in z and in the price."""

    quantity: Array
    pressure: Array
    quantity_z: Array
    quantity_p: Array
    pressure_z: Array
    pressure_p: Array


def replies(block: Block, prices: Prices, z: Array | None = None) -> tuple[Array, Array, Array | None]:
    """What each player of a block buys at given prices, with its slope in the total, shapes (nodes, players).

    docs/aggregator/model.md, (R1) and (R2): every served user has margin m = kappa (s + offset)^alpha and the player's
    kappa solves p' Σ x/m = 1, so all players and users are independent. Returns (y, dy/dY, z); z warm-starts a next
    call.
    """
    if block.single:
        return (*_single_replies(block, prices), None)
    nodes = len(prices.value)
    step = max(1, NODES_AT_ONCE // block.users)
    parts = []
    for lo in range(0, nodes, step):
        rows = slice(lo, min(lo + step, nodes))
        parts.append(_aggregator_replies(block, prices.rows(rows), None if z is None else z[rows]))
    if len(parts) == 1:
        return parts[0]
    y, slope, z = (np.concatenate(part) for part in zip(*parts, strict=True))
    return y, slope, z


def _single_replies(block, prices):
    """A user alone buys where U'(x) = p + p' x."""
    price, slope, curvature = (np.asarray(v, dtype=float)[:, None] for v in prices)
    finite = np.where(np.isfinite(slope), slope, 0.0)
    x = np.where(np.isfinite(slope), block.utility.meets(price, finite), 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        bend = 1 / block.utility.demand_slope(block.utility.marginal(x))
        fall = -(finite + curvature * x) / (bend + finite)
    return x, np.where(x > 0, fall, 0.0)


def _aggregator_replies(block, prices, z):
    slope = np.asarray(prices.slope, dtype=float)
    inner = (slope > 0) & np.isfinite(slope)
    if np.all(inner):
        return _inner_replies(block, prices, z)
    demand = block.by_player(np.add, block.utility.demand(prices.value[:, None]))
    y = np.where(slope[:, None] == 0, demand, 0.0)
    rise, z_out = np.zeros_like(y), np.zeros_like(y)
    if np.any(inner):
        y[inner], rise[inner], z_out[inner] = _inner_replies(block, prices.rows(inner), None if z is None else z[inner])
    return y, rise, z_out


def eager(block: Block, price: Array) -> Array:
    """The least a max-min player needs at a flat price to give all users the best surplus of the worst-off one.

    Prices of shape (nodes, 1), result (nodes, players); any purchase from there to what they want is worth as much.
    """
    best, least = least_best(block, price)
    lost = np.where(np.isfinite(best), np.maximum(best - block.to_users(least), 0.0), 0.0)
    margin = block.utility.margin_that_loses(price, lost)
    served = block.utility.reservation > price
    return block.by_player(np.add, np.where(served, block.utility.demand(price + margin), 0.0))


def _inner_replies(block, prices, z):
    z, sums = solve_multipliers(block, prices, z)
    return sums.quantity, reply_slope(prices, sums), z


def reply_slope(prices: Prices, sums: Sums) -> Array:
    """dy/dY along p' Σ x/m = 1, shape (nodes, players)."""
    slope, curvature = prices.slope[:, None], prices.curvature[:, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        drift = -(sums.pressure_p * slope + curvature / slope**2) / sums.pressure_z
        return np.where(sums.pressure > 0, sums.quantity_p * slope + sums.quantity_z * drift, 0.0)


def solve_multipliers(block: Block, prices: Prices, z: Array | None = None) -> tuple[Array, Sums]:
    """Multipliers z with p' Σ x/m = 1 for every player, by Newton's method on logarithms inside a bracket.

    (docs/aggregator/model.md, (R2).) Returns (z, sums), shapes (nodes, players). Players whom the price keeps out
    have zero sums.
    """
    if z is None:
        z = first_guess(block, prices)
    z = np.where(np.isfinite(z), z, 0.0)
    search, left = _first(block, prices, z), np.arange(len(z))
    for count in range(MOST_STEPS):
        search, sums, done = _step(block, search, count)
        if np.all(done):
            break
        if count % NEWTON_STEPS_FIRST == NEWTON_STEPS_FIRST - 1:  # nodes that are found wait no longer
            z[left] = search.z
            rows = ~np.all(done, axis=1)
            search, left = search.rows(rows), left[rows]
    if len(left) == len(z):
        return search.z, sums
    z[left] = search.z
    return z, player_sums(block, prices.value, z, common_roof(block, prices.value))


class _Search(NamedTuple):
    """Multipliers of some nodes and what is known of them, each of shape (nodes, 1 or players)."""

    price: Array
    slope: Array
    roof: tuple[Array, Array] | None
    buyers: Mask
    z: Array
    low: Array
    high: Array
    before: Array  # |excess| one step ago
    rounded: Mask  # has a step not halved an excess as small as rounding?

    def rows(self, rows: Mask) -> _Search:
        roof = None if self.roof is None else (self.roof[0][rows], self.roof[1][rows])
        price, slope, buyers, z = self.price[rows], self.slope[rows], self.buyers[rows], self.z[rows]
        return _Search(
            price, slope, roof, buyers, z, self.low[rows], self.high[rows], self.before[rows], self.rounded[rows]
        )


def _first(block, prices, z):
    high = np.full(z.shape, np.inf)
    buyers = block.highest_reservation > prices.value[:, None]
    roof, slope = common_roof(block, prices.value), prices.slope[:, None]
    return _Search(prices.value, slope, roof, buyers, z, -high, high, high, np.zeros(z.shape, dtype=bool))


def _step(block, search, count):
    """A search after one step, the sums before it and which multipliers are found."""
    far, z = longest_step(block), search.z
    sums = player_sums(block, search.price, z, search.roof)
    excess, step = multiplier_step(search.slope, sums, far)
    stepped = count <= NEWTON_STEPS_FIRST or count % 2 == 0  # the last step was Newton's
    off = np.abs(excess)
    rounded = search.rounded | (stepped & (off <= STUCK_ERROR) & (off > search.before / 2))
    narrow = search.high - search.low <= 4e-16 * np.abs(z)
    done = (off <= MULTIPLIER_FOUND) | rounded | ~search.buyers | narrow
    low, high = np.where(excess > 0, z, search.low), np.where(excess < 0, z, search.high)
    stuck = (count >= NEWTON_STEPS_FIRST) & (count % 2 == 0) & np.isfinite(low) & np.isfinite(high)
    new = np.where(stuck, np.inf, z + step)  # beyond the bracket: halve it
    z = np.where(done, z, inside(new, z, low, high, far))
    return search._replace(z=z, low=low, high=high, before=off, rounded=rounded), sums, done


def first_guess(block: Block, prices: Prices) -> Array:
    """Multipliers for Newton's method to start from, (nodes, players): of players too small to move the price."""
    sample, weight = block.sample
    price, slope = for_users(sample, prices.value), by_node(prices.slope) * weight
    z = block.objective.first_guess(sample.utility, price, slope, sample.by_player)
    return np.where(np.isfinite(z), z, 0.0)


def longest_step(block: Block) -> float:
    """The longest step in log kappa that Newton's method takes."""
    return LONGEST_MULTIPLIER_STEP * max(1.0, block.objective.steepness / USUAL_ALPHA)


def multiplier_step(slope: Array, sums: Sums, far: float) -> tuple[Array, Array]:
    """log(p' Σ x/m), positive where z is too low, and Newton's step in z; shapes (nodes, players).

    The step is that of the logarithm, but of the pressure itself where z is so high that hardly a user is served and
    the logarithm all but vertical.
    """
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        excess = np.log(slope * sums.pressure)
        log_step = -excess * sums.pressure / sums.pressure_z
        step = np.where(excess < -1, (1 / slope - sums.pressure) / sums.pressure_z, log_step)
    return excess, np.minimum(np.maximum(np.where(np.isfinite(step), step, -far), -far), far)  # np.clip is slower


def inside(new: Array, old: Array, low: Array, high: Array, far: float = LONGEST_MULTIPLIER_STEP) -> Array:
    """The new point where it lies strictly between low and high, else their middle (a far step on an open side)."""
    with np.errstate(invalid="ignore"):
        middle = np.where(np.isfinite(low) & np.isfinite(high), (low + high) / 2, np.clip(new, old - far, old + far))
    return np.where((new > low) & (new < high), new, middle)


def by_node(values: Array) -> Array:
    """Values (nodes,) as (nodes, 1), those of each player, (nodes, players), as they are."""
    return values[:, None] if values.ndim == 1 else values


def for_users(block: Block, values: Array) -> Array:
    """Values (nodes,) or (nodes, players) so that they broadcast against the users, (nodes, 1 or users)."""
    return values[:, None] if values.ndim == 1 else block.to_users(values)


def common_roof(block: Block, price: Array) -> tuple[Array, Array] | None:
    """For max-min: each player's least best_surplus of the users above the price, and its relative slope; else None."""
    if not block.objective.common_surplus:
        return None
    price = for_users(block, np.asarray(price, dtype=float))
    best, least = least_best(block, price)
    at_least = best <= block.to_users(least)
    fall = block.by_player(np.maximum, np.where(at_least, block.utility.demand(price), 0.0))
    with np.errstate(divide="ignore", invalid="ignore"):
        return least, -fall / least


def player_sums(block: Block, price: Array, z: Array, roof: tuple[Array, Array] | None = None) -> Sums:
    """Quantities and pressures of players at prices (nodes,) or (nodes, players) and multipliers (nodes, players)."""
    if len(block.pieces) == 1 and block.pieces[0][0].players == block.players:
        return Sums(*_chunk_sums(block.objective, block, for_users(block, price), z, roof, slice(None)))
    total = np.zeros((6, *z.shape))
    for chunk, player in block.pieces:
        at = for_users(chunk, price if price.ndim == 1 else price[:, player])
        total_of_pieces = _chunk_sums(block.objective, chunk, at, z[:, player], roof, player)
        first = np.flatnonzero(np.concatenate([[True], player[1:] != player[:-1]]))
        total[:, :, player[first]] += np.add.reduceat(total_of_pieces, first, axis=-1)
    return Sums(*total)


def _chunk_sums(objective, chunk, price, z, roof, player):
    z = chunk.to_users(z)
    if roof is not None:
        roof = tuple(chunk.to_users(part[:, player]) for part in roof)
    x, margin, bend, share, margin_p = objective.respond(chunk.utility, price, z, roof)
    with np.errstate(over="ignore", invalid="ignore"):  # what costs nothing may be wanted without end
        press = x / margin
        fall = bend * (1 + margin_p)
        terms = (x, press, bend * margin * share, fall, (bend + press) * share, (fall + press * margin_p) / margin)
    if x.size <= FEW_NODES:
        sums = chunk.by_player(np.add, np.array(terms))  # np.stack is slower
    else:
        sums = np.stack([chunk.by_player(np.add, term) for term in terms])
    sums[2:] *= -1
    return sums
