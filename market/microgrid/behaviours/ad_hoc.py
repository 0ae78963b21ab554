"""Ad hoc trade between the ends of a private line, shortest line first."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, sqrt

import numpy as np

from market.arrays import Array, Integers
from market.grid.power_flow import Grid
from market.microgrid.behaviours.behaviour import Behaviour
from market.microgrid.dispatch import Dispatch, put_in, relative, served_publicly
from market.microgrid.network import Network
from market.microgrid.tariff import Tariff


@dataclass(frozen=True, eq=False)
class Visits:
    """How far trading has come: lines in the order of visits, how many were visited, what nodes have left, flows.

    order: lines whose ends can trade, nearest first; left: shape (n,), what is left of each injection; g: flows so far,
    shape (private lines,); trades: the lines that traded, in order.
    """

    order: Integers
    visited: int
    left: Array
    g: Array
    trades: tuple[int, ...] = ()

    @property
    def over(self) -> bool:
        """Has every line been visited?"""
        return self.visited == len(self.order)


@dataclass(frozen=True)
class AdHoc(Behaviour):
    """Neighbours trade what they can, by length of their line, then by its ends.

    A surplus end sells to a needy end as much as both want, but no more than `most_trade`: there the private loss eats
    up the spread of the tariff. Nothing is passed on over a second line (docs/microgrid/model.md, Five behaviours).
    """

    optimal = False

    def priced(self, network: Network, grid: Grid, tariff: Tariff) -> Dispatch:
        return self.so_far(self.advance(self.start(network), network, tariff, False), network, grid, tariff, False)

    def lossy(self, network: Network, grid: Grid, tariff: Tariff) -> Dispatch:
        return self.so_far(self.advance(self.start(network), network, tariff, True), network, grid, tariff, True)

    def start(self, network: Network) -> Visits:
        """Trading before the first trade."""
        lines, e = network.private, network.injection
        order = np.lexsort((lines.head, lines.tail, lines.length))
        order = order[(e[lines.tail] * e[lines.head])[order] < 0]
        return Visits(order, 0, e.copy(), np.zeros(len(lines)))

    def advance(
        self,
        trading: Visits,
        network: Network,
        tariff: Tariff,
        lossy: bool,
        trades: int | None = None,
        most: Array | None = None,
    ) -> Visits:
        """Trading after the next so many trades, nearest first, or after all; visits without a trade do not count.

        most: what owners let flow on each line, p.u., shape (lines,), None: anything.
        """
        lines, left, g = network.private, trading.left.tolist(), trading.g.copy()
        made: list[int] = []
        visited, limit = trading.visited, inf if trades is None else trades
        cap = most_trade(lines.r, tariff) if most is None else np.minimum(most_trade(lines.r, tariff), most)
        rows = trading.order[visited:]
        table = (values[rows].tolist() for values in (lines.tail, lines.head, lines.r, cap))
        for line, tail, head, r, highest in zip(rows.tolist(), *table, strict=True):
            if len(made) >= limit:
                break
            visited += 1
            if left[tail] * left[head] >= 0:
                continue
            seller, buyer = (tail, head) if left[tail] > 0 else (head, tail)
            amount = min(highest, *_limits(left[seller], -left[buyer], r if lossy else 0.0))
            if amount <= 0:
                continue
            loss = r * amount**2 / 2 if lossy else 0.0
            left[seller] = max(left[seller] - amount - loss, 0.0)
            left[buyer] = min(left[buyer] + amount - loss, 0.0)
            g[line] = amount if seller == tail else -amount
            made.append(line)
        return Visits(trading.order, visited, np.array(left), g, trading.trades + tuple(made))

    def so_far(
        self, trading: Visits, network: Network, grid: Grid, tariff: Tariff, lossy: bool, most: Array | None = None
    ) -> Dispatch:
        """The outcome of the trades made so far; its gap is the largest profit left in one private pair.

        most: what owners let flow on each line, as in `advance`; what they do not let flow is no profit left.
        """
        left = put_in(network, trading.g, lossy)
        agents = left[network.agents]
        bill = float(tariff.buy * np.sum(np.maximum(-agents, 0)) - tariff.sell * np.sum(np.maximum(agents, 0)))
        profit = float(np.max(profits_left(network, tariff, trading.g, left, lossy, most), initial=0.0))
        gap = relative(profit, bill, network, tariff)
        return served_publicly(network, grid, tariff, trading.g, lossy, gap=gap)


def most_trade(r: Array, tariff: Tariff) -> Array:
    """Trade at which a line's marginal loss eats up the spread, (c_b − c_s) / (r (c_b + c_s)), p.u.; ∞ at r = 0.

    r: p.u., shape (lines,), as the result (docs/microgrid/model.md, Five behaviours).
    """
    worth, spread = r * (tariff.buy + tariff.sell), np.full(len(r), tariff.buy - tariff.sell)
    return np.divide(spread, worth, out=np.full(len(r), np.inf), where=worth > 0)


def _limits(surplus, need, r):
    """Mid-line amounts at which the seller, and the buyer, has done all it can: t + ½rt² = surplus, t − ½rt² = need."""
    sells = 2 * surplus / (sqrt(1 + 2 * r * surplus) + 1)
    buys = 2 * need / (sqrt(1 - 2 * r * need) + 1) if 2 * r * need < 1 else inf
    return sells, buys


def profits_left(
    network: Network, tariff: Tariff, g: Array, left: Array, lossy: bool, most: Array | None = None
) -> Array:
    """What the two ends of each line could still gain by trading more on it, money, shape (private lines,).

    g: flows so far, p.u., shape (private lines,); left: what nodes have left, p.u., shape (n,). Both ends valued at the
    tariff: (c_b − c_s) t − ½ (c_b + c_s) r t² for t in the middle of the line, t at most `most`, shape (private
    lines,), where it is given.
    """
    lines = network.private
    low, high = left[lines.tail], left[lines.head]
    way = np.sign(low - high)
    surplus, need = np.maximum(low, high), -np.minimum(low, high)
    before = g * way
    r = lines.r if lossy else np.zeros(len(lines))
    with np.errstate(divide="ignore", invalid="ignore"):
        sent, got = surplus + before + r * before**2 / 2, need + before - r * before**2 / 2
        sells = 2 * sent / (np.sqrt(1 + 2 * r * sent) + 1)
        buys = np.where(2 * r * got < 1, 2 * got / (np.sqrt(np.maximum(1 - 2 * r * got, 0)) + 1), np.inf)
    cap = most_trade(lines.r, tariff) if most is None else np.minimum(most_trade(lines.r, tariff), most)
    after = np.maximum(np.minimum(np.minimum(sells, buys), cap), before)
    spread, loss = tariff.buy - tariff.sell, (tariff.buy + tariff.sell) / 2
    gain = spread * (after - before) - loss * lines.r * (after**2 - before**2)
    return np.where((surplus > 0) & (need > 0), gain, 0.0)
