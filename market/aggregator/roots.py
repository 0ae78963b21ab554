"""Every total at which the replies add up: the roots of F(Y) = outside + Σ_j y_j(Y) − Y.

With all blocks these are the candidates for an equilibrium; with one player and the others' total as `outside`, the
candidates for its best response. F is continuous between kinks of the price and reservation prices, and may jump up
at either; it is evaluated cell by cell between them, finer where its slopes tell of a turn.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence
from typing import NamedTuple

import numpy as np

from market.aggregator.game import Block
from market.aggregator.reply import (
    STUCK_ERROR,
    Prices,
    common_roof,
    first_guess,
    longest_step,
    multiplier_step,
    player_sums,
    replies,
)
from market.arrays import Array, Mask, Numbers, distinct
from market.brackets import brent
from market.prices import PriceRule
from market.searches import alone

MOST_CELL_USERS = 10_000  # above it the cells follow the kinks of the price alone
MOST_USER_NODES = 500_000_000  # users times nodes one scan may cost
SPARE_SPAN = 1e-4  # share of the span at which users have to want as much, or it is made shorter
MOST_DECADES = 400.0
HALVINGS = 40
LEAST_NODES = 4  # in a cell
NODES_OVER_CELLS = 400  # spread over the cells of a small market
STEEP_NODES = 60  # further nodes of many sizes where the price rises without bound at first
USER_NODES_AT_ONCE = 1 << 17  # users times nodes handled at once
EDGE_SHARE = 1e-9  # how near to a cell's edge its outer nodes stand, as a share of its width
REFINEMENTS = 6
MOST_STEPS = 40
LEAST_TOTAL = 1e-300  # that errors are shares of
LAST_STEP = 1e-9  # relative; each of Newton's steps squares the error: after such a one it is below rounding
STRAYED = (np.nan, np.nan, np.nan)  # where Newton's method has nothing to go by


class Root(NamedTuple):
    """A total where F falls through zero; `slope` is the price slope all players reply to, nan where `at_kink`."""

    total: float
    price: float
    slope: float
    at_kink: bool
    multipliers: list[Array | None] | None = None  # by block, where they are known


class Scan(NamedTuple):
    """The roots of F, ascending, and whether every cell between kinks and reservation prices was looked at."""

    roots: tuple[Root, ...]
    exhaustive: bool


def prices_at(rule: PriceRule, totals: Numbers) -> Prices:
    """Price, slope and curvature just below totals, shape (nodes,)."""
    totals = np.atleast_1d(np.asarray(totals, dtype=float))
    return Prices(*(np.asarray(v(totals), dtype=float) for v in (rule.value, rule.left_slope, rule.curvature)))


def excess_reply(blocks: Sequence[Block], prices: Prices, totals: Array, outside: float = 0.0) -> tuple[Array, Array]:
    """F and its slope at given totals, energy, shapes (nodes,) (docs/aggregator/model.md, (D1))."""
    value, slope = outside - totals, np.full(len(totals), -1.0)
    for block in blocks:
        y, rise, _ = replies(block, prices)
        value, slope = value + y.sum(axis=1), slope + rise.sum(axis=1)
    return value, slope


def scan(
    rule: PriceRule,
    blocks: Sequence[Block],
    outside: float = 0.0,
    within: Sequence[tuple[float, float]] | None = None,
    known: Iterable[tuple[float, list[Array | None]]] = (),
    work: int = MOST_USER_NODES,
) -> Scan:
    """All downward crossings of F, by cells (docs/aggregator/model.md, The direct solution).

    `within` restricts the totals to a list of (low, high) intervals; `known` are roots found before, as `newton`
    returns them; `work` limits users times nodes, neighbouring cells being taken together beyond it.
    """
    low, high = span(rule, blocks, outside)
    if high <= low:
        return Scan((), True)
    edges, every_user = cell_edges(rule, blocks, low, high)
    start, stop, every_cell = cells(edges, within or [(low, high)], work // (LEAST_NODES * users_of(blocks)))
    exhaustive = every_user and every_cell
    nodes = spread_nodes(start, stop, edges[0])
    if np.isinf(rule.right_slope(edges[0])):
        nodes = distinct(np.concatenate([nodes, edges[0] + (high - edges[0]) * np.geomspace(1e-20, 1e-2, STEEP_NODES)]))
    nodes = nodes[demand_reaches(rule, blocks, nodes, outside)]
    if len(nodes) == 0:
        return Scan((), exhaustive)
    nodes, value = refined(rule, blocks, nodes, outside)
    kinks = kink_roots(rule, blocks, outside, low, high)
    brackets = [
        (nodes[i], nodes[i + 1])
        for i in np.flatnonzero((value[:-1] > 0) & (value[1:] <= 0))
        if not any(nodes[i] <= root.total <= nodes[i + 1] for root in kinks)
    ]
    roots = kinks + [smooth_root(rule, blocks, outside, *bracket, known) for bracket in brackets]
    return Scan(tuple(sorted(roots, key=lambda root: root.total)), exhaustive)


def span(rule: PriceRule, blocks: Sequence[Block], outside: float) -> tuple[float, float]:
    """Totals between which every root lies: from the others' purchases to where the price keeps everybody out."""
    top = max(block.utility.reservation.max() for block in blocks)
    high = float(rule.supply(top))
    if np.isinf(high):
        demand = sum(
            block.utility.demand(np.asarray(top if top <= 0 else rule.value(np.inf))).sum() for block in blocks
        )
        high = max(rule.last_kink, outside) + 2 * float(demand) + 1.0
    return max(outside, 0.0), lowered(rule, blocks, outside, high)


def lowered(rule: PriceRule, blocks: Sequence[Block], outside: float, high: float) -> float:
    """The end of the span, made lower where users want far less there at any price: above what they want F < 0."""

    def wanted(total):
        return outside + sum(block.utility.demand(np.asarray(rule.value(total))).sum() for block in blocks)

    if not (outside < SPARE_SPAN * high and wanted(SPARE_SPAN * high) < SPARE_SPAN * high):
        return high
    low, high = max(np.log10(high) - MOST_DECADES, -300.0), np.log10(SPARE_SPAN * high)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if wanted(10.0**middle) >= 10.0**middle else (low, middle)
    return 2 * 10.0**high


def cell_edges(rule: PriceRule, blocks: Sequence[Block], low: float, high: float) -> tuple[Array, bool]:
    """Kinks of the price and totals at reservation prices between low and high, with both; exhaustive or not."""
    fair = [block for block in blocks if not block.objective.welfare]
    few = sum(block.users for block in fair) <= MOST_CELL_USERS
    marks: list[Array] | Array = [rule.kinks] + [rule.supply(block.utility.reservation) for block in fair if few]
    marks = np.concatenate([np.ravel(mark) for mark in marks])
    inner = distinct(marks[(marks > low) & (marks < high)])
    edges = np.concatenate([[low], inner, [high]])
    apart = np.diff(edges, prepend=-np.inf) > 4e-15 * high
    return edges[apart], few


def cells(edges: Array, within: Sequence[tuple[float, float]], most: int) -> tuple[Array, Array, bool]:
    """Ends of the cells that meet the intervals `within`, and whether there were at most `most` of them."""
    start, stop = edges[:-1], edges[1:]
    met = np.any([(stop >= low) & (start <= high) for low, high in within], axis=0)
    start, stop = np.maximum(start[met], within[0][0]), np.minimum(stop[met], within[-1][1])
    together = -(-len(start) // max(most, LEAST_NODES))
    if together > 1:
        start, stop = (start[::together], np.append(stop[together - 1 :: together], stop[-1])[: len(start[::together])])
    return start, np.maximum(stop, start), together <= 1


def spread_nodes(start: Array, stop: Array, lowest: float) -> Array:
    """Nodes inside every cell, even ones and ones that crowd towards its upper edge, where a user is priced out."""
    each = int(np.clip(NODES_OVER_CELLS // max(len(start), 1), 2, 32))
    even = np.linspace(0, 1, each + 1)[1:-1]
    crowded: Array | list[float] = 1 - np.geomspace(1e-6, 0.3, each) if each > 2 else []
    shares = distinct(np.concatenate([[EDGE_SHARE, 1 - EDGE_SHARE], even, crowded]))
    nodes = (start[:, None] + (stop - start)[:, None] * shares).ravel()
    if len(start) and start[0] == lowest:
        near = lowest + (stop[0] - lowest) * np.geomspace(1e-30, 1e-9, 8)
        nodes = np.concatenate([near[near > lowest], nodes])
    return distinct(nodes)


def users_of(blocks: Iterable[Block]) -> int:
    """Number of users in all blocks."""
    return sum(block.users for block in blocks)


def demand_reaches(rule: PriceRule, blocks: Sequence[Block], nodes: Array, outside: float) -> Mask:
    """Could the users want as much as each node's total? Above the price-taking demand F is negative."""
    reach = np.zeros(len(nodes), dtype=bool)
    step = max(1, USER_NODES_AT_ONCE // users_of(blocks))
    for lo in range(0, len(nodes), step):
        price = rule.value(nodes[lo : lo + step])[:, None]
        wanted = outside + sum(block.utility.demand(price).sum(axis=1) for block in blocks)
        reach[lo : lo + step] = wanted >= nodes[lo : lo + step]
    last = np.flatnonzero(reach)[-1] if reach.any() else -1
    reach[: last + 2] = True
    return reach


def refined(rule: PriceRule, blocks: Sequence[Block], nodes: Array, outside: float) -> tuple[Array, Array]:
    """The nodes with F at each, more of them where F turns between two: beside a hidden pair of roots."""
    value, slope = excess_reply(blocks, prices_at(rule, nodes), nodes, outside)
    for _ in range(REFINEMENTS):
        new = turning_points(nodes, value, slope)
        if len(new) == 0:
            break
        more, rise = excess_reply(blocks, prices_at(rule, new), new, outside)
        nodes, value, slope = (np.concatenate(pair) for pair in ((nodes, new), (value, more), (slope, rise)))
        order = np.argsort(nodes)
        nodes, value, slope = nodes[order], value[order], slope[order]
    return nodes, value


def turning_points(nodes: Array, value: Array, slope: Array) -> Array:
    """Where the tangents at two neighbouring nodes meet beyond zero, or the slopes tell of more than one crossing."""
    left, right, width = slice(None, -1), slice(1, None), np.diff(nodes)
    sign, turned = np.sign(value[left]), np.sign(slope[left]) != np.sign(slope[right])
    with np.errstate(divide="ignore", invalid="ignore"):
        meet = (value[right] - value[left] - slope[right] * width) / (slope[left] - slope[right])
    meet = np.where((meet > 0) & (meet < width), meet, width / 2)
    beyond = (sign * (value[left] + slope[left] * meet) < 0) & (sign * slope[left] < 0) & (sign * slope[right] > 0)
    doubtful = np.where(sign == np.sign(value[right]), turned & beyond, turned)
    wide = width > 1e-7 * nodes[right]
    return (nodes[left] + meet)[doubtful & wide]


def kink_roots(rule: PriceRule, blocks: Sequence[Block], outside: float, low: float, high: float) -> list[Root]:
    """Roots at convex kinks and jumps: the replies to the left slope reach the kink, those to the right one do not."""
    kinks = rule.kinks[(rule.kinks > low) & (rule.kinks <= high)]
    if len(kinks) == 0:
        return []
    before = prices_at(rule, kinks)
    after = before._replace(slope=np.asarray(rule.right_slope(kinks), dtype=float))
    above, _ = excess_reply(blocks, before, kinks, outside)
    below, _ = excess_reply(blocks, after, kinks, outside)
    found = np.flatnonzero((after.slope > before.slope) & (above >= 0) & (below <= 0))
    return [Root(float(kinks[i]), float(before.value[i]), np.nan, True) for i in found]


def common_slope(rule: PriceRule, blocks: Sequence[Block], kink: float) -> float:
    """The slope between a kink's left and right one at which all replies add up to the kink.

    (docs/aggregator/model.md, Kinks.) It is sought as the share u of a slope typical of this market in itself and the
    rise above the left slope.
    """
    at, least, most = prices_at(rule, kink), float(rule.left_slope(kink)), float(rule.right_slope(kink))
    typical = float(max(block.utility.reservation.max() for block in blocks)) / kink

    def slope(u):
        return least + typical * (1 / u - 1)

    def excess(u):
        return excess_reply(blocks, at._replace(slope=np.array([slope(u)])), np.array([kink]))[0][0]

    last = max(1 / (1 + (most - least) / typical), 1e-15)
    if excess(1.0) <= 0:
        return least
    if excess(last) >= 0:
        return min(slope(last), most)
    return slope(brent(excess, last, 1.0, xtol=1e-300, rtol=8.9e-16))


def smooth_root(
    rule: PriceRule,
    blocks: Sequence[Block],
    outside: float,
    low: float,
    high: float,
    known: Iterable[tuple[float, list[Array | None]]] = (),
) -> Root:
    """The root of F between two totals with F(low) > 0 ≥ F(high)."""
    total, z = next((found for found in known if low <= found[0] <= high), (None, None))
    if total is None:
        total, z = newton(rule, blocks, outside, low, high)
    if total is None:

        def excess(at):
            return excess_reply(blocks, prices_at(rule, at), np.array([at]), outside)[0][0]

        if excess(high) >= 0 or excess(low) <= 0:  # an end, but for rounding
            total = high if excess(high) >= 0 else low
        else:
            total = brent(excess, low, high, xtol=1e-300, rtol=8.9e-16)
    return Root(float(total), float(rule.value(total)), float(rule.left_slope(total)), False, z)


def newton(
    rule: PriceRule,
    blocks: Sequence[Block],
    outside: float,
    low: float,
    high: float,
    start: float | None = None,
    last_step: float = LAST_STEP,
) -> tuple[float, list[Array | None]] | tuple[None, None]:
    """Newton's method on the total and all multipliers at once, one pass over the users a step.

    The equations are p' Σ x/m = 1 for every player and F = 0: an arrow, solved by eliminating the multipliers.
    It ends with a step below `last_step` times the total; each step squares the error. Returns (total, multipliers by
    block), or (None, None) where it strays.
    """
    z: list[Array | None] = [None] * len(blocks)

    def answer(total):
        nonlocal z
        prices = prices_at(rule, total)
        if not (prices.slope[0] > 0 and np.isfinite(prices.slope[0])):
            return STRAYED
        *told, z = _arrow(blocks, prices, z, outside - total)
        return told

    total = alone(newtons_totals(low, high, (low + high) / 2 if start is None else start, last_step), answer)
    return (None, None) if total is None else (total, z)


def newtons_totals(
    low: float, high: float, total: float, last_step: float
) -> Generator[float, Sequence[float], float | None]:
    """The totals of `newton`, each to be answered by F there, dF/dY and the largest excess; returns None astray."""
    last = np.inf
    for _ in range(MOST_STEPS):
        value, slope, excess = yield total
        if not (slope < 0 and np.isfinite(value)):
            break
        step = -value / slope
        error = max(excess, abs(step) / max(total, LEAST_TOTAL))
        found = excess <= 100 * last_step and abs(step) <= last_step * total
        if found or last / 2 < error <= STUCK_ERROR:  # what a step does not halve is rounding
            return total + step
        last = error
        new = total + step
        total = new if low < new < high else (total + (high if step > 0 else low)) / 2
    return None


def _arrow(blocks, prices, z, value):
    """One pass: F and dF/dY with the multipliers eliminated, the largest excess of p' Σ x/m, the next multipliers."""
    slope, largest, moves = -1.0, 0.0, []
    for block, at in zip(blocks, z, strict=True):
        if block.single:
            y, rise, _ = replies(block, prices)
            value, slope = value + y.sum(), slope + rise.sum()
            moves.append((at, 0.0, None))
            continue
        if at is None:
            at = first_guess(block, prices)
        sums = player_sums(block, prices.value, at, common_roof(block, prices.value))
        buys = block.highest_reservation > prices.value[:, None]
        with np.errstate(divide="ignore", invalid="ignore"):
            excess, step = multiplier_step(prices.slope[:, None], sums, longest_step(block))
            lean = sums.pressure_p * prices.slope[0] + sums.pressure * prices.curvature[0] / prices.slope[0]
            lean = np.where(buys & (sums.pressure_z < 0), -lean / sums.pressure_z, 0.0)
        step = np.where(buys, step, 0.0)
        largest = max(largest, float(np.max(np.abs(excess[buys]), initial=0.0)))
        value += float((sums.quantity + sums.quantity_z * step).sum())
        slope += float((sums.quantity_p * prices.slope[0] + sums.quantity_z * lean).sum())
        moves.append((at, step, lean))
    move = -value / slope if slope < 0 else 0.0
    return (
        value,
        slope,
        largest,
        [
            at if lean is None else at + np.clip(step + lean * move, -longest_step(block), longest_step(block))
            for block, (at, step, lean) in zip(blocks, moves, strict=True)
        ],
    )
