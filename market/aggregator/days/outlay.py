"""What purchases cost whoever moves the price by them: p_t(R_t + y_t) y_t, in pieces of which each is quadratic."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from market.prices import Affine

if TYPE_CHECKING:
    from collections.abc import Sequence

    from market.arrays import Array, Integers, Mask
    from market.prices import PriceRule

NEAR_NOTHING = 1e-9  # of the scale of loads: where a slope is looked up that may be infinite at no load
CONCAVE_FALL = 1e-9  # a marginal outlay that falls by this share at a kink makes the outlay concave there
PAST_A_JUMP = 1 + 1e-12  # times a load at which the price jumps: there it has the slope that it goes on with
AT_KINK = 1e-7  # of the loads: how near a purchase stands to a kink that counts as at it
SAMPLED_SHARES = np.linspace(0.0, 1.0, 17)


@dataclass(frozen=True, eq=False)
class Pieces:
    """y = base + Σ of pieces, each in [low, high], at cost · piece + square · piece², in money.

    place: which (player, period), counted row by row, a piece adds to; base: shape (players, periods). Pieces end where
    the outlay bends down; ends: does the purchase stand there, shape (players, periods)?
    """

    base: Array
    place: Integers
    low: Array
    high: Array
    cost: Array
    square: Array
    ends: Mask


def prices_at(rules: Sequence[PriceRule], total: Array) -> Array:
    """Prices at total loads, shape (…, periods); affine ones go on falling below no load, others do not."""
    return np.stack([_price(rule, total[..., t]) for t, rule in enumerate(rules)], axis=-1)


def costs_at(rules: Sequence[PriceRule], total: Array) -> Array:
    """Costs of production ∫₀^total p of total loads, money, shape (…, periods); below no load as prices go on there."""
    return np.stack([_cost(rule, total[..., t]) for t, rule in enumerate(rules)], axis=-1)


def slopes_at(rules: Sequence[PriceRule], total: Array) -> Array:
    """Slopes of the prices at total loads, just above them, shape (…, periods)."""
    return np.stack([_slope(rule, total[..., t]) for t, rule in enumerate(rules)], axis=-1)


def bends_at(rules: Sequence[PriceRule], total: Array) -> Array:
    """Second derivatives of the prices at total loads, shape (…, periods), 0 below no load."""
    bends = [np.where(total[..., t] > 0, rule.curvature(_above(total[..., t])), 0.0) for t, rule in enumerate(rules)]
    return np.stack(bends, axis=-1)


def pieces(rules: Sequence[PriceRule], others: Array, y: Array, own: float = 1.0) -> Pieces:
    """The outlay around purchases y with the others' loads, both (players, periods): exact between kinks where prices
    are straight, to the second order at y where they are not.

    own = 0: the cost of production ∫ p in place of the outlay, for whom takes prices as given.
    """
    if all(isinstance(rule, Affine) for rule in rules):
        slope = np.array([rule.c for rule in rules])  # type: ignore[attr-defined]
        wide = np.full(y.size, np.inf)
        cost, square = prices_at(rules, others).ravel(), np.broadcast_to((1 + own) / 2 * slope, y.shape).ravel()
        return Pieces(np.zeros_like(y), np.arange(y.size), -wide, wide, cost, square, np.zeros(y.shape, dtype=bool))
    periods = y.shape[1]
    found = [_cells(rule, others[:, t], y[:, t], own) for t, rule in enumerate(rules)]
    ends = np.stack([end for _, end in found], axis=1)
    parts = [np.concatenate(part) for part in zip(*(cells for cells, _ in found), strict=True)]
    player, low, high, cost, square = parts
    period = np.repeat(np.arange(periods), [len(cells[0]) for cells, _ in found])
    return Pieces(y.copy(), (player * periods + period).astype(np.intp), low, high, cost, square, ends)


def convex(rules: Sequence[PriceRule], others: Array, least: Array) -> Mask:
    """Is the outlay convex from purchases `least` on, shape (players,)? Between kinks by samples, at them surely."""
    good = np.ones(len(others), dtype=bool)
    for t, rule in enumerate(rules):
        if isinstance(rule, Affine):
            continue
        below = np.minimum(least[:, t], 0.0)
        y = below[:, None] * SAMPLED_SHARES
        total = np.maximum(others[:, t, None] + y, 0.0)
        with np.errstate(divide="ignore", invalid="ignore"):
            bend = 2 * np.asarray(rule.left_slope(total)) + np.where(y < 0, rule.curvature(total) * y, 0.0)
        good &= ~np.any((bend < 0) & (total > 0), axis=1)
        totals = np.concatenate([[0.0], rule.kinks])
        edges = totals - others[:, t, None]
        good &= ~np.any(_falls(rule, totals, edges) & (edges > least[:, t, None]), axis=1)
    return good


def _price(rule, total):
    if isinstance(rule, Affine):
        return rule.p0 + rule.c * total
    return np.asarray(rule.value(np.maximum(total, 0.0)), dtype=float)


def _cost(rule, total):
    if isinstance(rule, Affine):
        return rule.cost(total)
    return np.asarray(rule.cost(np.maximum(total, 0.0))) + float(rule.value(0.0)) * np.minimum(total, 0.0)


def _slope(rule, total):
    if isinstance(rule, Affine):
        return np.full_like(total, rule.c)
    slope = np.asarray(rule.right_slope(_above(total)), dtype=float)
    slope = np.where(np.isfinite(slope), slope, rule.left_slope(_above(total)))
    return np.where(total >= 0, slope, 0.0)


def _above(total):
    return np.maximum(total, NEAR_NOTHING * (np.max(np.abs(total), initial=0.0) or 1.0))


def _cells(rule, others, y, own):
    """((player, low, high, cost, square) of all pieces of one period, is the purchase where the outlay bends down?)."""
    if isinstance(rule, Affine):
        wide = np.full(len(y), np.inf)
        cost = rule.p0 + rule.c * (others + (1 + own) * y)
        bend = np.full(len(y), (1 + own) / 2 * rule.c)
        return (np.arange(len(y)), -wide, wide, cost, bend), np.zeros(len(y), dtype=bool)
    totals = np.concatenate([[0.0], rule.kinks])
    edges = totals - others[:, None]
    falls = _falls(rule, totals, edges) if own else np.zeros(edges.shape, dtype=bool)
    ends = np.concatenate([np.full((len(y), 1), -np.inf), edges, np.full((len(y), 1), np.inf)], axis=1)
    low, high = ends[:, :-1], ends[:, 1:]
    now = y[:, None]
    right, left = low >= now, high <= now
    anchor = np.where(right, low, np.where(left, high, now))
    marginal, bend = _marginal(rule, others[:, None], anchor, right, left, own)
    kept = ~_beyond(falls, right, left)
    player = np.broadcast_to(np.arange(len(y))[:, None], low.shape)
    width = low - anchor, high - anchor
    some = kept & (width[1] > width[0])
    parts = (player[some], width[0][some], width[1][some], marginal[some], np.maximum(bend[some] / 2, 0.0))
    near = np.abs(edges - now) <= AT_KINK * (np.abs(others) + np.abs(y))[:, None]
    return parts, np.any(falls & near, axis=1)


def _falls(rule, totals, edges):
    """At which kinks the marginal outlay falls or the price jumps, shape (players, kinks)."""
    below, above = rule.value(totals), rule.right_value(totals)
    before, after = np.asarray(rule.left_slope(totals), dtype=float), np.asarray(rule.right_slope(_above(totals)))
    before = np.where(totals > 0, before, 0.0)
    jump = above > below * (1 + 1e-12)
    after = np.where(np.isfinite(after), after, before)
    return jump | ((after - before) * edges < -CONCAVE_FALL * (np.abs(below) + np.abs(before * edges)))


def _marginal(rule, others, y, right, left, weight):
    """Marginal outlay and its slope at the anchors of cells: seen from the right, from the left, or in between."""
    total = others + y
    inside = np.where(right, total > -1e-12 * np.abs(others), total > 1e-12 * np.abs(others))
    at = np.where(inside, np.maximum(total, 0.0), 0.0)
    price = np.where(right, rule.right_value(at), rule.value(at))
    near = _above(np.where(np.isfinite(at), at, 0.0))
    with np.errstate(invalid="ignore"):
        rising = rule.right_slope(near)
        rising = np.where(np.isfinite(rising), rising, rule.right_slope(near * PAST_A_JUMP))
        slope = np.where(right, rising, rule.left_slope(np.where(left, at, near)))
    slope = np.where(inside & np.isfinite(slope), slope, 0.0)
    bend = np.where(inside, rule.curvature(near), 0.0)
    own = weight * np.where(np.isfinite(y), y, 0.0)
    return price + slope * own, (1 + weight) * slope + bend * own


def _beyond(falls, right, left):
    """Which cells lie behind an end of the convex stretch around the present purchase, shape (players, cells)."""
    nothing = np.zeros((len(falls), 1), dtype=bool)
    upward = np.concatenate([nothing, falls], axis=1)  # the edge on a cell's left
    downward = np.concatenate([falls, nothing], axis=1)  # the edge on its right
    behind_right = np.cumsum(upward & right, axis=1) > 0
    behind_left = np.cumsum((downward & left)[:, ::-1], axis=1)[:, ::-1] > 0
    return behind_right | behind_left
