"""The bilateral market's data: who wants and has how much energy, what it is worth to whom, what the grid offers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from market.arrays import Array, Integers, Mask, Numbers
from market.errors import Refused


class MarketError(Refused):
    """Data that make no market; the message names what, row, value and what is allowed."""


@dataclass(frozen=True)
class RetailTariff:
    """Everyone's outside option: what the grid charges (buy) and pays (sell), money per kWh, sell ≤ buy."""

    buy: float = 0.25
    sell: float = 0.05

    def __post_init__(self):
        for name in ("buy", "sell"):
            if not math.isfinite(getattr(self, name)):
                raise MarketError(f"tariff.{name}(={getattr(self, name)!r}) must be finite")
        if self.sell > self.buy:
            raise MarketError(f"tariff: sell(={self.sell:g}) must be <= buy(={self.buy:g})")


@dataclass(frozen=True, eq=False)
class Market:
    """Buyers (rows) and sellers (columns) of one period; either side may be empty.

    What follows from them stands in docs/bilateral/model.md, Buyers, sellers and what a pair gains.

    willingness: what a kWh is worth to each buyer, money per kWh, shape (m,); demand: kWh, shape (m,); ask: the least
    each seller takes for a kWh, shape (n,); supply: kWh, shape (n,); preference: how much more a buyer likes a kWh from
    a seller, money per kWh, (m, n) or what broadcasts to it; fee: network charge of a pair that the buyer pays, money
    per kWh, ≥ 0, likewise; cap: most kWh of a pair, ≥ 0, may be infinite, likewise, for several contracts an agent.
    Raises MarketError.
    """

    willingness: Array
    demand: Array
    ask: Array
    supply: Array
    preference: Numbers = 0.0
    fee: Numbers = 0.0
    tariff: RetailTariff = RetailTariff()
    cap: Numbers | None = None

    def __post_init__(self):
        demand, supply = amounts("buyer", "demand", self.demand), amounts("seller", "supply", self.supply)
        shape = len(demand), len(supply)
        checked = {
            "demand": demand,
            "supply": supply,
            "willingness": per_agent("buyer", "willingness", self.willingness, len(demand)),
            "ask": per_agent("seller", "ask", self.ask, len(supply)),
            "preference": per_pair("preference", self.preference, shape),
            "fee": per_pair("fee", self.fee, shape),
        }
        check_pairs("fee", checked["fee"], checked["fee"] >= 0, "finite and >= 0")
        if self.cap is not None:
            checked["cap"] = per_pair("cap", self.cap, shape, finite=False)
            check_pairs("cap", checked["cap"], checked["cap"] >= 0, ">= 0")
        for name, value in checked.items():
            object.__setattr__(self, name, value)

    @property
    def buyers(self) -> int:
        """How many buyers there are, m."""
        return len(self.demand)

    @property
    def sellers(self) -> int:
        """How many sellers there are, n."""
        return len(self.supply)

    @cached_property
    def worth(self) -> Array:
        """h_ij = min(b_i, buy) + θ_ij − fee_ij, a kWh of each seller's worth to a buyer, money per kWh, (m, n)."""
        own = np.minimum(self.willingness, self.tariff.buy)
        return own[:, None] + self.preference - self.fee

    @cached_property
    def cost(self) -> Array:
        """c_j = max(c0_j, sell), the least each seller takes beside the feed-in price, money per kWh, shape (n,)."""
        return np.maximum(self.ask, self.tariff.sell)

    @cached_property
    def margin(self) -> Array:
        """h_ij − c_j, what a kWh traded by a pair gains, money per kWh, shape (m, n)."""
        return self.worth - self.cost

    @cached_property
    def quantity(self) -> Array:
        """q_ij = min(d_i, s_j), what a pair can trade in a contract of its own, kWh, shape (m, n)."""
        return np.minimum(self.demand[:, None], self.supply)

    @cached_property
    def pair_value(self) -> Array:
        """a_ij = q_ij max(0, h_ij − c_j), a pair's gain by a contract, money, (m, n) (Shapley and Shubik 1971)."""
        return self.quantity * np.maximum(self.margin, 0.0)

    def without(self, buyers: Sequence[int] | Integers = (), sellers: Sequence[int] | Integers = ()) -> Market:
        """The market after some left: they keep their numbers, with no energy to trade.

        >>> assignment_game([[5, 4]]).without(sellers=[0]).pair_value.tolist()
        [[0.0, 4.0]]
        """
        demand, supply = self.demand.copy(), self.supply.copy()
        for kind, gone, amount in (("buyer", buyers, demand), ("seller", sellers, supply)):
            rows = np.asarray(gone, dtype=float).reshape(-1)
            fine = (rows >= 0) & (rows < len(amount)) & (rows == np.floor(rows))
            if not np.all(fine):
                raise MarketError(f"{kind} {rows[np.argmin(fine)]:g} leaves; must be one of 0 to {len(amount) - 1}")
            amount[rows.astype(np.intp)] = 0.0
        return replace(self, demand=demand, supply=supply)


def assignment_game(pair_value: Sequence[Sequence[float]] | Array) -> Market:
    """The market given by what each pair gains, money, (m, n), rows are buyers: a unit each, asks of 0.

    >>> assignment_game([[5, 7, 2], [8, 9, 3], [2, 6, 0]]).pair_value.shape
    (3, 3)
    >>> assignment_game([[5, 7], [8]])
    Traceback (most recent call last):
    market.bilateral.market.MarketError: pair_value: row 1 has 1 entries; 2 are needed, as in row 0
    """
    values = matrix("pair_value", pair_value)
    m, n = values.shape
    check_pairs("pair_value", values, np.isfinite(values), "finite")
    return Market(np.zeros(m), np.ones(m), np.zeros(n), np.ones(n), values, tariff=RetailTariff(0.0, 0.0))


def matrix(name: str, rows: Any) -> Array:
    """Rows of numbers as a matrix of floats; no rows are a matrix without any. Raises MarketError."""
    if not isinstance(rows, np.ndarray):
        try:
            rows = [list(row) for row in rows]
        except TypeError:
            raise MarketError(f"{name} must be rows of numbers") from None
        for number, row in enumerate(rows):
            if len(row) != len(rows[0]):
                needed = f"{len(rows[0])} are needed, as in row 0"
                raise MarketError(f"{name}: row {number} has {len(row)} entries; {needed}")
    values = floats(name, rows)
    if values.ndim == 1 and not len(values):
        return values.reshape(0, 0)
    if values.ndim != 2:
        raise MarketError(f"{name} of shape {values.shape} must be a matrix, a row for each buyer")
    return values


def floats(name: str, values: ArrayLike) -> Array:
    """Numbers as an array of floats. Raises MarketError."""
    try:
        return np.asarray(values, dtype=float)
    except (TypeError, ValueError):
        raise MarketError(f"{name} must be numbers, in rows of one length") from None


def per_agent(kind: str, name: str, values: ArrayLike, count: int) -> Array:
    """One finite number for each agent, shape (count,); a single number stands for all. Raises MarketError."""
    array = floats(name, values)
    if array.ndim == 0:
        array = np.full(count, float(array))
    if array.shape != (count,):
        raise MarketError(f"{name} of shape {array.shape} must have shape ({count},), one for each {kind}")
    check(kind, name, array, np.isfinite(array), "finite")
    return array


def amounts(kind: str, name: str, values: ArrayLike) -> Array:
    """Energy of each agent, kWh ≥ 0, shape (count,). Raises MarketError."""
    array = floats(name, values)
    if array.ndim != 1:
        raise MarketError(f"{name} of shape {array.shape} must be a list, one for each {kind}")
    check(kind, name, array, np.isfinite(array) & (array >= 0), "finite and >= 0")
    return array


def per_pair(
    name: str, values: Numbers | Sequence[Sequence[float]], shape: tuple[int, int], finite: bool = True
) -> Array:
    """A number for each pair, shape (m, n), from what broadcasts to it. Raises MarketError."""
    alone = isinstance(values, Real) or (isinstance(values, np.ndarray) and values.ndim == 0)
    array = np.full(shape, np.asarray(values, dtype=float)) if alone else matrix(name, values)
    if not array.size and 0 in shape:
        array = np.zeros(shape)
    if array.shape != shape:
        raise MarketError(f"{name} of shape {array.shape} must have shape {shape}, a row for each buyer")
    if finite:
        check_pairs(name, array, np.isfinite(array), "finite")
    return array


def check(kind: str, name: str, values: Array, fine: Mask, allowed: str) -> None:
    """Complain about the first agent whose value (count,) is not fine (count,). Raises MarketError."""
    if not np.all(fine):
        first = int(np.argmin(fine))
        raise MarketError(f"{kind} {first}: {name}(={values[first]:g}) must be {allowed}")


def check_pairs(name: str, values: Array, fine: Mask, allowed: str) -> None:
    """Complain about the first pair whose value (m, n) is not fine (m, n). Raises MarketError."""
    if not np.all(fine):
        i, j = np.unravel_index(np.argmin(fine), fine.shape)
        raise MarketError(f"buyer {i}, seller {j}: {name}(={values[i, j]:g}) must be {allowed}")
