"""Flows on lines whose users see a price at each end, and the prices that balance them.

A line moves power from the cheap to the dear end until the next bit would earn no more than it loses.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from market.microgrid.network import components
from market.microgrid.power_flow import FLOOR, assembled, solve

MOST_ROUNDS = 60
NEAR_BOUND = 1e-6  # share of the price range within which a price counts as on its bound
ROUNDING = 1e-15
MOST_CORRECTIONS = 5
EXACT = 1e-11  # balance in p.u. relative to the largest injection


@dataclass(frozen=True, eq=False)
class Wires:
    """Lines that prices drive: ends and resistance, shape (lines,); lossy or priced.

    Priced, r is money per p.u.²: the resistance times what a unit of loss costs. Where resistances are divided by,
    those below FLOOR count as it.
    """

    nodes: int
    tail: np.ndarray
    head: np.ndarray
    r: np.ndarray
    lossy: bool

    def __len__(self):
        return len(self.tail)

    @cached_property
    def divisor(self):
        return np.maximum(self.r, FLOOR)

    def flows(self, prices):
        """Best flow of each line, shape (lines,), for prices λ at the nodes, shape (n,).

        Lossy: argmax of λ_j (g − ½ r g²) − λ_i (g + ½ r g²); priced: argmax of (λ_j − λ_i) g − r g².
        """
        low, high = prices[self.tail], prices[self.head]
        if not self.lossy:
            return (high - low) / (2 * self.divisor)
        total = low + high
        return np.divide(high - low, self.divisor * total, out=np.zeros(len(self)), where=total > 0)

    def most_rents(self, prices):
        """What each line earns at its best flow, money, shape (lines,), ≥ 0."""
        return self.flows(prices) * (prices[self.head] - prices[self.tail]) / 2

    def left(self, injection, g):
        """What flows g leave at each node, shape (n,): e − P g, lossy also − ½|P| r g²."""
        loss = self.r * g**2 / 2 if self.lossy else 0.0
        sent = np.bincount(self.tail, g + loss, self.nodes)
        return injection - sent + np.bincount(self.head, g - loss, self.nodes)

    def rounding(self, prices):
        """Balance in p.u. that flows computed from these prices cannot be told from, because resistances are small."""
        return ROUNDING * np.max(np.abs(prices)) / np.min(self.divisor, initial=np.inf)

    def slope(self, prices):
        """Derivative of what is left by the prices, shape (n, n), dense or sparse."""
        low, high = prices[self.tail], prices[self.head]
        if self.lossy:
            total = np.maximum(low + high, 1e-300)
            by_tail, by_head = -2 * high / (self.divisor * total**2), 2 * low / (self.divisor * total**2)
            bend = self.r * self.flows(prices)
        else:
            by_head, bend = 1 / (2 * self.divisor), 0.0
            by_tail = -by_head
        sends, gets = -(1 + bend), 1 - bend
        rows = np.concatenate([self.tail, self.tail, self.head, self.head])
        columns = np.concatenate([self.tail, self.head, self.tail, self.head])
        values = np.concatenate([sends * by_tail, sends * by_head, gets * by_tail, gets * by_head])
        return assembled(self.nodes, rows, columns, values)


def wires(lines, nodes, lossy, loss_price=1.0):
    """Wires of some lines (anything with tail, head, r); `loss_price` is what a unit of loss costs if priced."""
    r = lines.r if lossy else lines.r * loss_price
    return Wires(nodes, lines.tail, lines.head, r, lossy)


def dual_bound(lines, injection, prices):
    """Least cost any flows can have, by weak duality: −λᵀe − Σ most_rents; valid for λ within the tariff's bounds."""
    return -prices @ injection - np.sum(lines.most_rents(prices))


def balanced(lines, injection, start, low, high):
    """Prices within [low, high] whose flows leave nothing but at nodes on a bound: surplus at `low`, need at `high`.

    Newton's method with an active set, from prices that are nearly right. Arguments: Wires, e (n,), start (n,), bounds
    (n,), infinite where there are none. Returns prices (n,) and flows (lines,), or None where it does not settle.
    """
    scale = max(1.0, np.max(np.abs(injection)))
    near = NEAR_BOUND * np.where(np.isfinite(high - low), high - low, 0.0)
    prices = np.clip(start, low, high)
    at_low, at_high = prices <= low + near, prices >= high - near
    groups = components(lines.nodes, lines)
    for _ in range(MOST_ROUNDS):
        prices = np.where(at_high, high, np.where(at_low, low, prices))
        aim = max(EXACT * scale, lines.rounding(prices))
        flows = lines.flows(prices)
        left = lines.left(injection, flows)
        held = at_low | at_high
        eased = (at_low & ~at_high & (left < -aim)) | (at_high & ~at_low & (left > aim))
        level = _first_of_loose(groups, ~held | eased)
        total = np.bincount(groups, left)[groups]
        rows = np.flatnonzero((~held | eased) & ~level)
        if not np.any(eased) and np.max(np.abs(left[~held]), initial=0.0) <= aim:
            return prices, _corrected(lines, injection, flows, rows)
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


def _corrected(lines, injection, flows, rows):
    """Flows that leave nothing at some nodes but for rounding of the flows, not of the prices behind them."""
    priced = Wires(lines.nodes, lines.tail, lines.head, lines.r, lossy=False)
    laplacian = priced.slope(np.ones(lines.nodes))[rows][:, rows]
    change = np.zeros(lines.nodes)
    for _ in range(MOST_CORRECTIONS):
        left = lines.left(injection, flows)[rows]
        if not np.max(np.abs(left), initial=0.0) > ROUNDING * max(1.0, np.max(np.abs(injection))):
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
