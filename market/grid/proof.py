"""Dispatches along a direction, told by its path, and a proof that each is of least cost, which trusts no path.

The proof is weak duality in the programme over voltage angles (market/grid/interior.py), whose data it takes from the
grid alone: an output that keeps all limits, multipliers that are feasible, and costs of both that are equal.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import sparse

from market.arrays import Array, Mask
from market.grid.active_set import LIMITS_MISSED, Active, Answer
from market.grid.clearing import Operator
from market.grid.interior import Angles
from market.grid.path import Path, Piece

SAME_COST = 1e-9  # of turnover: by how much costs of a dispatch and of its multipliers may differ
MOST_PIECES = 2_000  # of a path; dispatches beyond are not told


class Dispatches(NamedTuple):
    """Dispatches at some points: outputs (points, offers), multipliers of balances (points, nodes) and of lines.

    The lines' (points, lines) are ≥ 0 where full from tail to head, ≤ 0 the other way; all in the units of offers. Rows
    of NaN where none is told.
    """

    outputs: Array
    balances: Array
    lines: Array


class PiecesTold:
    """The dispatches along a direction, piece by piece of its path; weights as `trace` has them, until: the last."""

    def __init__(self, operator: Operator, weights: Array, demand: Array, injected: Array, until: float) -> None:
        self.programme = programme = operator.programme
        load = programme.load(demand, injected)
        active, met = operator.settled(load)
        self._starts: list[float] = []
        self._values: list[tuple[Array, ...]] = []
        self._rates: list[tuple[Array, ...]] = []
        self.end = 0.0
        if met:
            self._walk(Path(programme, active.copy(), load, programme.rate(weights)), until / programme.offers.energy)

    def _walk(self, path, until):
        while len(self._starts) < MOST_PIECES:
            piece = path.piece()
            self._starts.append(path.at)
            self._values.append(self._vectors(path.active, piece, piece.now))
            self._rates.append(self._vectors(path.active, piece, piece.change))
            self.end = min(path.at + piece.length, until)
            if piece.event is None or self.end == until or not path.go(piece.length, piece.event):
                return

    def _vectors(self, active: Active, piece: Piece, answer: Answer) -> tuple[Array, ...]:
        """Outputs, multipliers of balances and of all lines of an answer, or their rates."""
        lines = np.zeros(len(self.programme.grid.lines))
        held = np.array(active.signs) * answer.p[self.programme.islands :]
        np.add.at(lines, self.programme.transfer.limited[active.lines], held)
        return answer.q, answer.p @ piece.system.rows, lines

    def at(self, points: Array) -> Dispatches:
        """The dispatches at points (points,) ≥ 0; where two pieces meet, that of the first."""
        t = points / self.programme.offers.energy
        grid, known = self.programme.grid, bool(self._starts)
        sizes = (len(self.programme.node), grid.nodes, len(grid.lines))
        if not known:
            return Dispatches(*(np.full((len(t), size), np.nan) for size in sizes))
        piece = np.maximum(np.searchsorted(self._starts, t) - 1, 0)
        gone = np.where(t <= self.end, t - np.array(self._starts)[piece], np.nan)[:, None]
        pairs = zip(zip(*self._values, strict=True), zip(*self._rates, strict=True), strict=True)
        return Dispatches(*(np.array(value)[piece] + gone * np.array(rate)[piece] for value, rate in pairs))


def proven(angles: Angles, demand: Array, injected: Array, told: Dispatches) -> Mask:
    """Are dispatches of least cost, and their multipliers prices, where so much is taken and put in (points, nodes)?

    Costs alone tell a price only up to the root of what they differ by, so signs of multipliers are checked as well.
    """
    offers, grid = angles.offers, angles.grid
    ends, shifted, weight = angles.physics
    fixed = np.maximum(-grid.demand, 0.0)
    net = (demand - injected) / offers.energy
    low, high = (np.repeat(bound[None], len(net), axis=0) for bound in (offers.low, offers.high))
    high[:, offers.shed] = np.maximum((demand + fixed) / offers.energy, 0.0)
    low[:, offers.spill] -= np.maximum((injected + fixed) / offers.energy, 0.0)
    q, price, multipliers = told
    with np.errstate(invalid="ignore"):
        flows, missing = _flows(angles, net, q, ends, shifted, weight)
        limits = grid.lines.limit / offers.energy
        kept = (missing <= LIMITS_MISSED) & _all(q <= high + LIMITS_MISSED) & _all(q >= low - LIMITS_MISSED)
        kept &= _all(np.abs(flows) <= limits + LIMITS_MISSED)
        unit = LIMITS_MISSED * (1 + np.max(np.abs(price), axis=1, keepdims=True))
        driven = (ends.T @ price.T).T + multipliers
        signs = _all(np.abs((ends @ (weight * driven).T).T) <= unit * _largest(ends, weight))
        gain = price[:, offers.node] - offers.a - offers.m * q
        signs &= _all((gain <= unit) | (q >= high - LIMITS_MISSED)) & _all((gain >= -unit) | (q <= low + LIMITS_MISSED))
        signs &= _all((multipliers <= unit) | (flows >= limits - LIMITS_MISSED))
        signs &= _all((multipliers >= -unit) | (flows <= LIMITS_MISSED - limits))
        return kept & signs & _same_cost(offers, (q, price, multipliers), net, low, high, limits, shifted, driven)


def _flows(angles, net, q, ends, shifted, weight):
    """Flows of outputs (points, lines) by angles, and the largest balance that they miss, (points,)."""
    node, rows = angles.offers.node, np.arange(q.shape[1])
    placed = sparse.csc_array((np.ones(len(node)), (node, rows)), (net.shape[1], len(node)))
    into = (placed @ q.T).T - net
    right = np.where(np.isfinite(into), into, 0.0) + ends @ shifted
    flows = weight * (ends.T @ angles.angles(right.T)).T - shifted
    return flows, np.max(np.abs((ends @ flows.T).T - into), axis=1)


def _largest(ends, weight):
    """The largest sum of susceptances at a node, or 1."""
    return max(float(np.max(np.abs(ends) @ np.abs(weight), initial=0.0)), 1.0)


def _same_cost(offers, told, net, low, high, limits, shifted, driven):
    """Is the cost of the outputs the bound that the multipliers prove?"""
    q, price, multipliers = told
    at = price[:, offers.node]
    cost = np.sum(offers.a * q + offers.m * q**2 / 2, axis=1)
    wanted = np.where(offers.m > 0, (at - offers.a) / np.where(offers.m > 0, offers.m, 1.0), q)
    best = np.clip(wanted, low, high)
    flat = np.where(at > offers.a, high, low)
    best = np.where((offers.m == 0) & np.isfinite(flat), flat, best)
    bound = np.sum(offers.a * best + offers.m * best**2 / 2 - at * best, axis=1) + np.sum(price * net, axis=1)
    held = np.where(multipliers != 0, np.abs(multipliers) * np.where(multipliers != 0, limits, 0.0), 0.0)
    bound = bound - np.sum(held, axis=1) - driven @ shifted
    turnover = np.sum(np.abs(at * q), axis=1) + np.sum(np.abs(price * net), axis=1)
    return np.abs(cost - bound) <= SAME_COST * (turnover + np.abs(cost))


def _all(fine: Mask) -> Mask:
    return np.all(fine, axis=1)
