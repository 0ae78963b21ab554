"""Flows on lines whose users see a price at each end, and the prices that balance them.

A line moves power from the cheap to the dear end until the next bit would earn no more than it loses (microgrid.md 2.4, 3).
"""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from market.microgrid.network import components
from market.microgrid.power_flow import FLOOR, solve

MOST_ROUNDS = 60
NEAR_BOUND = 1e-6  # share of the price range within which a price counts as on its bound
EXACT = 1e-11  # balance in p.u. relative to the largest injection


@dataclass(frozen=True, eq=False)
class Wires:
    """Lines that prices drive: ends and resistance, shape (lines,), at least FLOOR; lossy or priced.

    Priced, r is money per p.u.²: the resistance times what a unit of loss costs.
    """

    nodes: int
    tail: np.ndarray
    head: np.ndarray
    r: np.ndarray
    lossy: bool

    def __len__(self):
        return len(self.tail)

    def flows(self, prices):
        """Best flow of each line, shape (lines,), for prices λ at the nodes, shape (n,).

        Lossy: argmax of λ_j (g − ½ r g²) − λ_i (g + ½ r g²); priced: argmax of (λ_j − λ_i) g − r g².
        """
        low, high = prices[self.tail], prices[self.head]
        if not self.lossy:
            return (high - low) / (2 * self.r)
        total = low + high
        return np.divide(high - low, self.r * total, out=np.zeros(len(self)), where=total > 0)

    def most_rents(self, prices):
        """What each line earns at its best flow, money, shape (lines,), ≥ 0."""
        return self.flows(prices) * (prices[self.head] - prices[self.tail]) / 2

    def left(self, injection, g):
        """What flows g leave at each node, shape (n,): e − P g, lossy also − ½|P| r g²."""
        loss = self.r * g**2 / 2 if self.lossy else 0.0
        sent = np.bincount(self.tail, g + loss, self.nodes)
        return injection - sent + np.bincount(self.head, g - loss, self.nodes)

    def slope(self, prices):
        """Derivative of what is left by the prices, sparse, shape (n, n), symmetric."""
        low, high = prices[self.tail], prices[self.head]
        if self.lossy:
            scale = 4 / (self.r * np.maximum(low + high, 1e-300) ** 3)
            tail, cross, head = scale * high**2, -scale * low * high, scale * low**2
        else:
            tail = head = 1 / (2 * self.r)
            cross = -tail
        rows = np.concatenate([self.tail, self.tail, self.head, self.head])
        columns = np.concatenate([self.tail, self.head, self.tail, self.head])
        return csr_array((np.concatenate([tail, cross, cross, head]), (rows, columns)), (self.nodes, self.nodes))


def wires(lines, nodes, lossy, loss_price=1.0):
    """Wires of some lines (anything with tail, head, r); `loss_price` is what a unit of loss costs if priced."""
    r = lines.r if lossy else lines.r * loss_price
    return Wires(nodes, lines.tail, lines.head, np.maximum(r, FLOOR), lossy)


def dual_bound(lines, injection, prices):
    """Least cost any flows can have, by weak duality: −λᵀe − Σ most_rents; valid for λ within the tariff's bounds."""
    return -prices @ injection - np.sum(lines.most_rents(prices))


def balancing_prices(lines, injection, start, low, high):
    """Prices within [low, high] at which flows leave nothing but at nodes on a bound: a surplus at `low`, a need at `high`.

    Newton's method with an active set, from prices that are nearly right. Arguments: Wires, e (n,), start (n,),
    bounds (n,), infinite where there are none. Returns prices, shape (n,), or None where the method does not settle.
    """
    aim = EXACT * max(1.0, np.max(np.abs(injection)))
    near = NEAR_BOUND * np.where(np.isfinite(high - low), high - low, 0.0)
    prices = np.clip(start, low, high)
    at_low, at_high = prices <= low + near, prices >= high - near
    groups = components(lines.nodes, lines)
    for _ in range(MOST_ROUNDS):
        prices = np.where(at_high, high, np.where(at_low, low, prices))
        held = at_low | at_high
        left = lines.left(injection, lines.flows(prices))
        eased = (at_low & ~at_high & (left < -aim)) | (at_high & ~at_low & (left > aim))
        free = ~held | eased
        if not np.any(eased) and np.max(np.abs(left[~held]), initial=0.0) <= aim:
            return prices
        free &= ~_first_of_loose(groups, free)
        step = np.zeros(lines.nodes)
        rows = np.flatnonzero(free)
        try:
            with np.errstate(all="ignore"):
                step[rows] = solve(lines.slope(prices)[rows][:, rows], -left[rows])
        except (np.linalg.LinAlgError, RuntimeError):
            return None
        if not np.all(np.isfinite(step)):
            return None
        prices = prices + step
        at_low, at_high = ~free & at_low | (prices < low), ~free & at_high | (prices > high)
    return None


def _first_of_loose(groups, free):
    """Marks one node of every group that has no held node: its price sets the group's level."""
    firsts = np.zeros(len(groups), dtype=bool)
    loose = np.bincount(groups, ~free, groups.max() + 1) == 0
    number, first = np.unique(groups, return_index=True)
    firsts[first[loose[number]]] = True
    return firsts
