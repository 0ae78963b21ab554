"""The best sale of a producer who knows how its price falls (textbook Cournot on one straight piece)."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from market.aggregator.network.game import Producers
from market.arrays import Array

SAME_PROFIT = 1e-12  # sales whose profits differ by less than this share count as equal: the nearer one is kept


class Falling(Protocol):
    """A price that falls, straight between points, with a last slope ≤ 0 beyond them."""

    quantities: Array
    prices: Array
    last_slope: float


def best_sale(rule: Falling, producer: Producers, others: float, now: float) -> float:
    """The sale 0 ≤ q ≤ capacity that brings most, p(others + q) q − cost(q), found on every piece of the price.

    On a piece p = α + β t the profit is concave, its peak at q = (α + β others − c) / (m − 2 β). now: the present sale,
    which settles ties. (docs/network/model.md, Players.)
    """
    capacity, cost, rise = (float(part[0]) for part in (producer.capacity, producer.cost, producer.rise))
    low = np.clip(rule.quantities - others, 0.0, capacity)
    high = np.append(low[1:], capacity)
    with np.errstate(divide="ignore", invalid="ignore"):
        slopes = np.append(np.diff(rule.prices) / np.diff(rule.quantities), rule.last_slope)
    slopes = np.where(np.isfinite(slopes), slopes, 0.0)
    start = rule.prices + slopes * (others - rule.quantities)  # the price at no sale if the piece went on to there
    bend = rise - 2 * slopes
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        peak = np.where(bend > 0, (start - cost) / bend, np.where(start > cost, capacity, 0.0))
    sales = np.concatenate([[0.0], np.clip(peak, low, high), low, high])
    price = np.concatenate([[0.0], *(start + slopes * at for at in np.split(sales[1:], 3))])
    profit = (price - cost - rise * sales / 2) * sales
    wide = np.concatenate([[True], *[high > low] * 3])
    profit = np.where(wide, profit, -np.inf)
    best = float(np.max(profit))
    near = profit >= best - SAME_PROFIT * abs(best)
    return float(sales[near][np.argmin(np.abs(sales[near] - now))])
