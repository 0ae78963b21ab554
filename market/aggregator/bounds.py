"""Bounds of the aggregate reply over whole cells of totals: the proof that a search overlooked no root.

A margin falls in the price and rises with the player's multiplier, so prices and slopes at a cell's ends bound every
quantity in it (docs/aggregator/model.md). A cell is free of roots where the bounds of Σ y_j(Y) − Y keep off zero;
others are halved, down to a narrow core around each known root, in which the slope of F has to be negative.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from market.aggregator.game import Block
from market.aggregator.reply import Prices, eager, replies, solve_multipliers
from market.aggregator.roots import Root, excess_reply, prices_at, span
from market.arrays import Array, Mask, distinct
from market.prices import PriceRule

MOST_USER_CELLS = 100_000  # users times cells one proof may look at
MOST_CELLS = 2_000  # at a time: where so many are unsure the bounds are of no use
CORE_HALF_WIDTH = 1e-6  # half the width of a known root's core, as a share of its total
CORE_NODES = 5
SURELY_NOT_ZERO = 1e-9  # how far F keeps off zero, as a share of the total
LEAST_CELL = 1e-9  # width of a cell that is not halved again, as a share of its total
FIRST_CELLS = 24  # cells to begin with
MOST_EDGES = 200  # reservation prices that bound cells where players are max-min or take no offset
BESIDE_A_PRICE = 1e-12  # of a price: on which side of a reservation price an end of a cell stands
MULTIPLIER_GUARD = 1e-9  # by which multipliers are wider than computed
FARTHEST_MULTIPLIER = 1e5  # log kappa that stands for an infinite one, times alpha above 1
MOST_DOUBLINGS = 16
LEAST_FALL = (
    0.1  # of the pressure's logarithm with the multiplier that a first move counts on, divided by alpha above 1
)


class CellEnds(NamedTuple):
    """Prices and slopes at the lower and the upper end of cells, each of shape (cells,)."""

    p1: Array
    p2: Array
    s1: Array
    s2: Array

    def rows(self, rows: Mask) -> CellEnds:
        return CellEnds(*(v[rows] for v in self))


def nothing_else(rule: PriceRule, blocks: Sequence[Block], roots: Sequence[Root]) -> bool:
    """Is it certain that F has no roots beside the known ones and, where a price is flat or jumps, its kinks?

    By halving cells of totals (docs/aggregator/model.md, What `unique` and *no-equilibrium* rest on, any α).
    """
    high = span(rule, blocks, 0.0)[1]
    first = empty_below(rule, blocks, high)
    if high <= 0 or first is None:
        return high <= 0
    roots = [root for root in roots if root.at_kink or root.total >= first]  # those below are rounding
    if not all(_falls(rule, blocks, root) for root in roots):
        return False
    start, stop = _first_cells(rule, blocks, first, high, roots)
    work = 0
    while len(start):
        work += len(start) * sum(block.users for block in blocks)
        if work > MOST_USER_CELLS or len(start) > MOST_CELLS:
            return False
        least, most = excess_bounds(rule, blocks, start, stop)
        unsure = ~((least > SURELY_NOT_ZERO * stop) | (most < -SURELY_NOT_ZERO * start))
        start, stop = start[unsure], stop[unsure]
        if np.any(stop - start <= LEAST_CELL * stop):
            return False
        middle = np.where(stop > 4 * start, np.sqrt(start * stop), (start + stop) / 2)
        start, stop = np.concatenate([start, middle]), np.concatenate([middle, stop])
    return True


def empty_below(rule: PriceRule, blocks: Sequence[Block], high: float) -> float | None:
    """A total below which nothing is bought in equilibrium but nothing at all, None where none is known.

    At a root every purchase is at most Y, so some served user's margin is at most Y p'(Y), which rises from 0; none is
    as long as all who are above the first price keep a larger one at the quantity Y.
    """
    tried = high * np.geomspace(1e-300, 1e-2, 120)
    tried = tried[tried > 0]
    if len(rule.kinks):
        tried = tried[tried < rule.kinks[0]]
    least = np.full(len(tried), np.inf)
    for block in blocks:
        above = block.utility.take(block.utility.reservation > float(rule.right_value(0.0)))
        if len(above):
            margin = above.marginal(tried[:, None]) - np.asarray(rule.value(tried))[:, None]
            least = np.minimum(least, margin.min(axis=1))
    fine = np.flatnonzero(least > tried * rule.left_slope(tried) * (1 + BESIDE_A_PRICE))
    return float(tried[fine[-1]]) if len(fine) else None


def _falls(rule, blocks, root):
    """Does F fall all through the core of a root (a root at a kink has none)?"""
    if root.at_kink:
        return True
    totals = root.total * (1 + CORE_HALF_WIDTH * np.linspace(-1, 1, CORE_NODES))
    value, slope = excess_reply(blocks, prices_at(rule, totals), totals)
    return bool(np.all(slope < 0) and value[0] > 0 > value[-1])


def _first_cells(rule, blocks, low, high, roots):
    """Cells from low to high without the cores: between kinks, and the reservation prices where replies jump."""
    cores = np.array([root.total for root in roots if not root.at_kink])
    sudden = [b.utility.reservation for b in blocks if not b.single and b.objective.sudden]
    marks = np.concatenate([np.ravel(rule.supply(np.concatenate(sudden)))]) if sudden else np.empty(0)
    marks = marks if len(marks) <= MOST_EDGES else np.empty(0)
    even = np.concatenate([np.geomspace(low, high, FIRST_CELLS), np.linspace(low, high, FIRST_CELLS)])
    edges = np.concatenate([even, marks, rule.kinks, cores * (1 - CORE_HALF_WIDTH), cores * (1 + CORE_HALF_WIDTH)])
    edges = distinct(edges[(edges >= low) & (edges <= high)])
    start, stop = edges[:-1], edges[1:]
    middle = (start + stop) / 2
    inside = np.any(np.abs(middle[:, None] - cores) <= CORE_HALF_WIDTH * cores, axis=1)
    keep = ~inside & (stop - start > 1e-13 * stop)
    return start[keep], stop[keep]


def excess_bounds(rule: PriceRule, blocks: Sequence[Block], start: Array, stop: Array) -> tuple[Array, Array]:
    """Bounds of F over cells [start, stop] of totals without a kink inside, all of shape (cells,), energy."""
    ends = _ends(rule, start, stop)
    least, most = -stop, -start
    for block in blocks:
        low, high = reply_bounds(block, ends)
        least, most = least + low.sum(axis=1), most + high.sum(axis=1)
    return least, most


def _ends(rule, start, stop):
    last = np.asarray(rule.left_slope(stop), dtype=float)
    first = last if len(rule.kinks) else np.asarray(rule.left_slope(start), dtype=float)
    p1 = np.asarray(rule.right_value(start), dtype=float)
    p2 = np.maximum(np.asarray(rule.value(stop), dtype=float), p1)
    return CellEnds(p1, p2, np.minimum(first, last), np.maximum(first, last))


def reply_bounds(block: Block, ends: CellEnds) -> tuple[Array, Array]:
    """The least and the most every player of a block may reply in cells, shapes (cells, players)."""
    if block.objective.welfare:
        return _replies(block, ends.p2, ends.s2), _replies(block, ends.p1, ends.s1)
    low = np.zeros((len(ends.p1), block.players))
    high = block.by_player(np.add, block.utility.demand(ends.p1[:, None]))
    flat = ends.s2 == 0
    bounds = _max_min_bounds if block.objective.common_surplus else _fair_bounds
    if np.any(flat):
        low[flat] = eager(block, ends.p2[flat, None]) if block.objective.common_surplus else high[flat]
    inner = (ends.s1 > 0) & np.isfinite(ends.s2)
    if np.any(inner):
        low[inner], high[inner] = bounds(block, ends.rows(inner))
    return low, high


def _replies(block, price, slope):
    return replies(block, Prices(price, slope, np.zeros_like(price)))[0]


def _fair_bounds(block, ends):
    """Bounds at a finite alpha: multipliers within which p' Σ x/m = 1 can hold, and quantities between those."""
    middle = Prices((ends.p1 + ends.p2) / 2, np.sqrt(ends.s1 * ends.s2), np.zeros_like(ends.p1))
    z, sums = solve_multipliers(block, middle)
    fall = np.where(sums.pressure > 0, -sums.pressure_z / np.maximum(sums.pressure, 1e-300), 1.0)
    step = 1 / np.maximum(fall, LEAST_FALL / max(1.0, block.objective.steepness))
    lower = _moved(block, ends, z, -step, upper=False)
    upper = _moved(block, ends, z, step, upper=True)
    return _in_cell(block, ends, upper)[0], _in_cell(block, ends, lower)[2]


def _moved(block, ends, z, step, upper):
    """Multipliers moved until the pressure is certainly too high (below) or too low (above), shape (cells, players)."""
    move = np.zeros_like(z)
    for count in range(MOST_DOUBLINGS):
        _, less, _, more = _in_cell(block, ends, z + move)
        with np.errstate(divide="ignore", over="ignore"):
            off = np.log(ends.s2[:, None] * more) if upper else -np.log(ends.s1[:, None] * less)
        short = off > -MULTIPLIER_GUARD
        if not np.any(short):
            break
        further = np.where(np.isfinite(off), np.maximum(off, 0.0) * (1.2 + 0.5 * count) + MULTIPLIER_GUARD, 3.0**count)
        move = np.where(short, move + step * further, move)
    return np.where(short, np.inf * np.sign(step), z + move)


def _in_cell(block, ends, z):
    """Least quantity and pressure, most quantity and pressure of players with multipliers z anywhere in cells."""
    utility, objective = block.utility, block.objective
    p1, p2 = ends.p1[:, None], ends.p2[:, None]
    far = FARTHEST_MULTIPLIER * max(1.0, objective.steepness)
    at = block.to_users(np.clip(z, -far, far))
    widest1, widest2 = np.maximum(utility.reservation - p1, 0.0), np.maximum(utility.reservation - p2, 0.0)
    m1 = np.minimum(objective.margin(utility, p1, at), widest1)
    m2 = np.minimum(objective.margin(utility, p2, at), widest2)
    floor = objective.least_margin(at)
    if floor is not None:
        m2 = np.maximum(m2, np.minimum(floor, widest1))
    served = m1 < widest1
    most = np.where(served, utility.demand(p1 + m2), 0.0)
    least = np.where(m1 < widest2, utility.demand(p2 + m1), 0.0)
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        high = np.where(most > 0, most / m2, 0.0)
        low = np.where(least > 0, least / m1, 0.0)
        if objective.pressure_rises(utility):
            low = np.where(served, utility.demand(p1 + m1) / m1, 0.0)
        return tuple(block.by_player(np.add, v) for v in (least, low, most, high))


def _max_min_bounds(block, ends):
    """Bounds at alpha = ∞: the common surplus falls in price and slope, quantities rise in it and in the price."""
    p1, p2 = ends.p1 * (1 + BESIDE_A_PRICE), np.maximum(ends.p2 * (1 - BESIDE_A_PRICE), ends.p1 * (1 + BESIDE_A_PRICE))
    utility = block.utility
    most, least = _common_surplus(block, p1, ends.s1), _common_surplus(block, p2, ends.s2)
    served = utility.reservation > p1[:, None]
    steady = block.by_player(np.minimum, ~served | (utility.reservation > p2[:, None]))
    wanted = utility.demand(ends.p1[:, None])
    low = _with_surplus(block, p1[:, None], served, least, utility.demand(p1[:, None]))
    high = _with_surplus(block, p2[:, None], served, most, wanted)
    ceiling = block.by_player(np.add, wanted)
    return np.where(steady, low, 0.0), np.where(steady, np.minimum(high, ceiling), ceiling)


def _common_surplus(block, price, slope):
    z, _ = solve_multipliers(block, Prices(price, slope, np.zeros_like(price)))
    at = price[:, None]
    best = np.where(block.utility.reservation > at, block.utility.best_surplus(at), np.inf)
    roof = block.by_player(np.minimum, best)
    with np.errstate(over="ignore"):
        return np.where(np.isfinite(roof), roof, 0.0) / (1 + np.exp(z))


def _with_surplus(block, at, served, surplus, wanted):
    """What gives every user served a common surplus, all that is wanted where none can."""
    best, surplus = block.utility.best_surplus(at), block.to_users(surplus)
    within = served & (best > surplus) & np.isfinite(best)
    margin = block.utility.margin_that_loses(at, np.where(within, best - surplus, 0.0))
    x = np.where(within, block.utility.demand(at + margin), wanted)
    return block.by_player(np.add, np.where(served, x, 0.0))
