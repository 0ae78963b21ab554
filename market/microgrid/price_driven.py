"""Flows on lines whose users see a price at each end, and the prices that balance them.

A line moves power from the cheap to the dear end until the next bit would earn no more than it loses.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import sparse

from market.arrays import Array, Integers, Numbers
from market.grid.lines import RESISTANCE_FLOOR, Ends, PublicLines, components
from market.grid.systems import assembled, solve
from market.microgrid.network import Network, PrivateLines

MOST_ROUNDS = 60
NEAR_BOUND = 1e-6  # share of the price range within which a price may be on its bound
NUMBER_ROUNDING = 1e-15
MOST_CORRECTIONS = 5
NODES_BALANCED = 1e-11  # balance in p.u. relative to the largest injection
FINEST_RESISTANCE = 1e-10  # resistance that prices still tell from none, beside a price over the largest injection


@dataclass(frozen=True, eq=False)
class Wires:
    """Lines that prices drive: ends and resistance, shape (lines,); lossy or priced.

    Priced, r is money per p.u.²: the resistance times what a unit of loss costs. Where resistances are divided by,
    those below `floor` count as it. Prices may be given as λ = base + unit q, which keeps the digits of prices that
    hardly differ: every function then takes q, and most rents are in the unit's money.
    """

    nodes: int
    tail: Integers
    head: Integers
    r: Array
    lossy: bool
    floor: float
    base: float = 0.0
    unit: float = 1.0

    def __len__(self):
        return len(self.tail)

    @cached_property
    def divisor(self) -> Array:
        return np.maximum(self.r, self.floor)

    @cached_property
    def merged(self) -> Integers:
        """Number of the group of each node, shape (n,): lines with less than the least resistance join its nodes."""
        least = self.r < self.floor
        return components(self.nodes, Ends(self.tail[least], self.head[least]))

    def both_ends(self, q: Array) -> Array:
        """Sum of the prices at the two ends of each line, shape (lines,)."""
        return 2 * self.base + self.unit * (q[self.tail] + q[self.head])

    def flows(self, q: Array) -> Array:
        """Best flow of each line, shape (lines,), for prices λ at the nodes, shape (n,).

        Lossy: argmax of λ_j (g − ½ r g²) − λ_i (g + ½ r g²); priced: argmax of (λ_j − λ_i) g − r g².
        """
        across = self.unit * (q[self.head] - q[self.tail])
        if not self.lossy:
            return across / (2 * self.divisor)
        total = self.both_ends(q)
        return np.divide(across, self.divisor * total, out=np.zeros(len(self)), where=total > 0)

    def most_rents(self, q: Array) -> Array:
        """The most each line could earn, money, shape (lines,), ≥ 0: true resistances, ∞ where there is no most."""
        across, weight = q[self.head] - q[self.tail], 2 * self.r
        if self.lossy:
            weight = self.r * self.both_ends(q)
        if np.any(weight < 0) or np.any((weight == 0) & (across != 0)):
            return np.full(len(self), np.inf)
        return self.unit / 2 * np.divide(across**2, weight, out=np.zeros(len(self)), where=weight > 0)

    def left(self, injection: Array, g: Array) -> Array:
        """What flows g leave at each node, shape (n,): e − P g, lossy also − ½|P| r g²."""
        loss = self.r * g**2 / 2 if self.lossy else 0.0
        sent = np.bincount(self.tail, g + loss, self.nodes)
        return injection - sent + np.bincount(self.head, g - loss, self.nodes)

    def rounding(self, q: Array) -> float:
        """Balance in p.u. that flows computed from these prices cannot be told from, because resistances are small."""
        return NUMBER_ROUNDING * self.unit * np.max(np.abs(q)) / np.min(self.divisor, initial=np.inf)

    def slope(self, q: Array) -> Array | sparse.csr_array:
        """Derivative of what is left by the prices, shape (n, n), dense or sparse."""
        bend: Numbers = 0.0
        if self.lossy:
            total = np.maximum(self.both_ends(q), np.finfo(float).tiny)
            low, high = (self.base + self.unit * q[end] for end in (self.tail, self.head))
            by_tail, by_head = -2 * high / (self.divisor * total**2), 2 * low / (self.divisor * total**2)
            bend = self.r * self.flows(q)
        else:
            by_head = 1 / (2 * self.divisor)
            by_tail = -by_head
        sends, gets = -(1 + bend), 1 - bend
        rows = np.concatenate([self.tail, self.tail, self.head, self.head])
        columns = np.concatenate([self.tail, self.head, self.tail, self.head])
        values = np.concatenate([sends * by_tail, sends * by_head, gets * by_tail, gets * by_head])
        return assembled(self.nodes, rows, columns, self.unit * values)


def wires(
    lines: PublicLines | PrivateLines | Wires,
    network: Network,
    lossy: bool,
    loss_price: Numbers = 1.0,
    price: float = 1.0,
) -> Wires:
    """Wires of some lines (anything with tail, head, r) of a network.

    loss_price: what a unit of loss costs if priced, a number or shape (lines,); price: the size of prices, 1 where
    they are in units of the main grid's.
    """
    r = lines.r if lossy else lines.r * loss_price
    finest = FINEST_RESISTANCE / network.power * (1.0 if lossy else price)
    return Wires(
        network.nodes, lines.tail, lines.head, r, lossy, max(RESISTANCE_FLOOR * np.max(r, initial=0.0), finest)
    )


def dual_bound(lines: Wires, injection: Array, prices: Array, low: Array, high: Array) -> float:
    """Least cost any flows can have, by weak duality: −λᵀe − Σ most_rents, λ within [low, high], all of shape (n,).

    In money, of the unit where the lines have one (docs/microgrid/model.md, How sure, how fast).
    """
    level = levelled(lines, prices, low, high)
    return float(-level @ injection - np.sum(lines.most_rents(level)))


def levelled(lines: Wires, prices: Array, low: Array, high: Array) -> Array:
    """Prices within [low, high] made equal where lines without notable resistance join nodes, shape (n,).

    What such lines could earn then needs no division by next to nothing, whatever stood for it when flows were found.
    """
    least, most = (_tightest(lines.merged, bound, side) for bound, side in ((low, 1), (high, -1)))
    mean = np.bincount(lines.merged, prices) / np.bincount(lines.merged)
    return np.clip(mean[lines.merged], least, most)


def _tightest(groups, bound, side):
    """The tightest of each group's bounds, shape (n,): the largest lower (side 1), the least upper (side −1)."""
    most = np.full(groups.max() + 1, -np.inf)
    np.maximum.at(most, groups, side * bound)
    return side * most[groups]


def balanced(lines: Wires, injection: Array, start: Array, low: Array, high: Array) -> tuple[Array, Array] | None:
    """Prices within [low, high] whose flows leave nothing but at nodes on a bound: surplus at `low`, need at `high`.

    Newton's method with an active set, from prices that are nearly right. Arguments: Wires, e (n,), start (n,), bounds
    (n,), infinite where there are none. Returns prices (n,) and flows (lines,), or None where it does not settle.
    """
    scale = np.max(np.abs(injection))
    near = NEAR_BOUND * np.where(np.isfinite(high - low), high - low, 0.0)
    prices = np.clip(start, low, high)
    at_low, at_high = prices <= low + near, prices >= high - near
    groups = components(lines.nodes, lines)
    for _ in range(MOST_ROUNDS):
        prices = np.where(at_high, high, np.where(at_low, low, prices))
        aim = max(NODES_BALANCED * scale, lines.rounding(prices))
        flows = lines.flows(prices)
        left = lines.left(injection, flows)
        held = at_low | at_high
        eased = (at_low & ~at_high & (left < -aim)) | (at_high & ~at_low & (left > aim))
        level = _first_of_loose(groups, ~held | eased)
        total = np.bincount(groups, left)[groups]
        rows = np.flatnonzero((~held | eased) & ~level)
        if not np.any(eased) and np.max(np.abs(left[~held]), initial=0.0) <= aim:
            return prices, corrected(lines, injection, flows, rows)
        prices = prices + _newton_step(lines, prices, left, rows)
        if not np.all(np.isfinite(prices)):
            return None
        still = held & ~eased
        at_low = still & at_low | (prices < low) | level & (total > aim) & np.isfinite(low)
        at_high = still & at_high | (prices > high) | level & (total < -aim) & np.isfinite(high)
    return None


def _newton_step(lines, prices, left, rows):
    """Change of the prices of some nodes that brings what they have left to 0, shape (n,); NaN where there is none."""
    step = np.zeros(lines.nodes)
    try:
        with np.errstate(all="ignore"):
            step[rows] = solve(lines.slope(prices)[rows][:, rows], -left[rows])
    except (np.linalg.LinAlgError, RuntimeError):
        step[rows] = np.nan
    return step


def corrected(lines: Wires, injection: Array, flows: Array, rows: Integers) -> Array:
    """Flows that leave nothing at some nodes but for rounding of the flows, not of the prices behind them."""
    priced = Wires(lines.nodes, lines.tail, lines.head, lines.r, False, lines.floor)
    laplacian = priced.slope(np.ones(lines.nodes))[rows][:, rows]
    change = np.zeros(lines.nodes)
    for _ in range(MOST_CORRECTIONS):
        left = lines.left(injection, flows)[rows]
        if not np.max(np.abs(left), initial=0.0) > NUMBER_ROUNDING * np.max(np.abs(injection)):
            break
        change[rows] = solve(laplacian, -left)
        flows = flows + priced.flows(change)
    return flows


def _first_of_loose(groups, free):
    """Marks one node of every group that has no held node: its price sets the group's level."""
    firsts = np.zeros(len(groups), dtype=bool)
    loose = np.bincount(groups, ~free, groups.max() + 1) == 0
    number, first = np.unique(groups, return_index=True)
    firsts[first[loose[number]]] = True
    return firsts
