"""The exact price of a player's direction on a grid, by parametric programming (docs/network/model.md).

Along a direction the least-cost dispatch changes its active set at finitely many points; between them every price is
affine. From one solved clearing the reduced optimality conditions tell how outputs and prices move, a ratio test where
the next limit is met or the next multiplier gone, and a pivot what holds beyond.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from market.arrays import Array
from market.grid.active_set import RATE_ROUNDING, Active, Load, Programme
from market.grid.clearing import Operator
from market.grid.path import NO_STEP, Path

MOST_PIECES = 100_000


@dataclass(frozen=True, eq=False)
class Curve:
    """A price along a direction: straight between (starts, before) and (ends, after), shapes (pieces,), rising.

    It ends where more cannot be had at any price (`ended`), or where it need not go on: beyond the last end it has the
    last piece's slope. end: the active set there.
    """

    starts: Array
    ends: Array
    before: Array
    after: Array
    slopes: Array
    ended: bool
    active: Active

    def value(self, t: Array) -> Array:
        """Prices at t, the limit from the left where it jumps, shape of t."""
        piece = np.minimum(np.searchsorted(self.ends, t), len(self.ends) - 1)
        return self.before[piece] + self.slopes[piece] * (t - self.starts[piece])

    def points(self) -> tuple[Array, Array, float]:
        """(Quantities, prices, last slope) of the line through all pieces, a quantity twice where the price jumps."""
        quantities = np.stack([self.starts, self.ends], axis=1).ravel()
        prices = np.maximum.accumulate(np.stack([self.before, self.after], axis=1).ravel())
        new = np.append(True, (np.diff(quantities) > 0) | (np.diff(prices) > 0))
        finite = np.isfinite(quantities)
        return quantities[new & finite], prices[new & finite], float(self.slopes[-1])


def trace(programme: Programme, active: Active, load: Load, weights: Array, until: float, top: float) -> Curve:
    """The price weights · λ of demand moved by t weights, for 0 ≤ t ≤ until, in the grid's units.

    Where all that a node buys is shed, or all that is sold there spilled, the price is that of lost load, either way.
    active: of the clearing at t = 0; weights (nodes,): ≥ 0 of a buyer, ≤ 0 of a seller, whose price is −weights · λ and
    falls. The curve ends early where a buyer's price reaches `top`, or a seller's that far down.
    """
    path = Path(programme, active.copy(), load, programme.rate(weights))
    sign = -1.0 if np.any(weights < 0) else 1.0
    pieces: list[tuple[float, float, float, float, float]] = []
    end, stop = until / programme.offers.energy, top / programme.offers.price
    more = True
    while more and len(pieces) < MOST_PIECES:
        piece = path.piece()
        price, slope = _priced(programme, path.active, piece, weights)
        step = min(piece.length, end - path.at)
        after = price + slope * step if slope > 0 else price
        pieces.append((path.at, path.at + step, sign * price, sign * after, sign * slope))
        if piece.event is None or piece.length >= end - path.at or after >= stop:
            break
        more = path.go(step, piece.event)
    starts, ends, before, last, slopes = _joined(np.array(pieces).T)
    energy, money = programme.offers.energy, programme.offers.price
    lines = (starts * energy, ends * energy, before * money, last * money, slopes * money / energy)
    return Curve(*lines, not more, path.active)


def _priced(programme, active, piece, weights):
    """(Price, slope) of a piece, own units; where all that is bought is shed, or sold spilled, that of lost load."""
    offers, buys = programme.offers, weights > 0
    last = (weights != 0) & np.where(buys, active.side[offers.shed] > 0, active.side[offers.spill] < 0)
    rest = piece.system.rows @ np.where(last, 0.0, weights)
    worth = float(np.abs(weights[last]).sum() * offers.a[offers.shed][0])
    return float(piece.now.p @ rest) + worth, max(float(piece.change.p @ rest), 0.0)


def curve(
    operator: Operator,
    weights: Array,
    demand: Array | None = None,
    injected: Array | None = None,
    until: float = np.inf,
    top: float = np.inf,
) -> Curve | None:
    """`trace` from the least-cost dispatch of a demand and an injection (nodes,); None where there is none."""
    nothing = np.zeros(operator.grid.nodes)
    demand, injected = operator.grid.demand if demand is None else demand, nothing if injected is None else injected
    load = operator.programme.load(demand, injected)
    active, met = operator.settled(load)
    return trace(operator.programme, active, load, weights, until, top) if met else None


def _joined(pieces):
    """Pieces that are no more than points left out, and straight neighbours made one."""
    starts, ends, before, after, slopes = pieces
    starts[1:] = ends[:-1]
    kept = ends - starts > NO_STEP
    kept[-1] |= not np.any(kept)
    starts, ends, before, after, slopes = (part[kept] for part in (starts, ends, before, after, slopes))
    starts[0] = 0.0
    smooth = np.abs(before[1:] - after[:-1]) <= RATE_ROUNDING * (1 + np.abs(before[1:]))
    same = smooth & (np.abs(slopes[1:] - slopes[:-1]) <= RATE_ROUNDING * np.abs(slopes[1:]))
    first, last = np.append(True, ~same), np.append(~same, True)
    return starts[first], ends[last], before[first], after[last], slopes[first]
