"""How a negotiation ends: prices of contracts, what everybody gains, and bills beside the grid's."""

from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

from market.arrays import Array, Integers, Mask
from market.bilateral.bargain import Bargain
from market.bilateral.core import NoStablePrices, mismatch, repaired, rounding, violation
from market.bilateral.market import Market
from market.bilateral.negotiation.negotiation import State


class Ending(StrEnum):
    """How prices came about."""

    HALF_WAY = "half-way"  # between the last bid and ask
    REPAIRED = "repaired"  # to the core, by raising asks to the best counter-offer
    GRID = "grid"  # no agreement in time: everybody trades with the grid


@dataclass(frozen=True, eq=False)
class Settlement:
    """Contracts as they are settled; u (m,), v (n,): claims in the bargain's units, met by the prices."""

    bargain: Bargain
    u: Array
    v: Array
    ending: Ending

    @property
    def price(self) -> Array:
        """Price of each contract, money per kWh, shape (k,)."""
        return self.bargain.prices(self.u, self.v)

    @property
    def buyer_gain(self) -> Array:
        """What each contract brings its buyer beside the grid, money, shape (k,)."""
        worth = self.bargain.market.worth[self.bargain.buyer, self.bargain.seller]
        return (worth - self.price) * self.bargain.amount

    @property
    def seller_gain(self) -> Array:
        """What each contract brings its seller beside the grid, money, shape (k,)."""
        return (self.price - self.bargain.market.cost[self.bargain.seller]) * self.bargain.amount

    @property
    def payoffs(self) -> tuple[Array, Array]:
        """Money all buyers (m,) and all sellers (n,) gain beside the grid."""
        bought = np.bincount(self.bargain.buyer, self.buyer_gain, len(self.u)).astype(float)
        sold = np.bincount(self.bargain.seller, self.seller_gain, len(self.v)).astype(float)
        return bought, sold

    @property
    def violation(self) -> float:
        """The most a pair gains by leaving, or a contract or claim is off, money."""
        return violation_in_money(self.bargain, self.u, self.v)

    @property
    def gap(self) -> float:
        """Violation beside the mean contract's value in money; without contracts beside the most a pair could gain."""
        mean = self.bargain.welfare / len(self.bargain) if len(self.bargain) else 0.0
        beside = mean if mean > 0 else most_in_money(self.bargain)
        return self.violation / beside if beside > 0 else 0.0


def violation_in_money(bargain: Bargain, u: Array, v: Array) -> float:
    """The worst broken constraint of the core, money: claims by kWh count with the energy they could concern.

    u (m,), v (n,): claims, in the bargain's units (docs/bilateral/model.md, Stable: the core).
    """
    if claims_are_money(bargain):
        return violation(bargain, u, v)
    gaps = np.maximum(bargain.open_value - v - u[:, None], 0.0) * bargain.market.quantity
    pinned = np.concatenate(
        [(u * bargain.buyer_size)[bargain.buyer_idle], (v * bargain.seller_size)[bargain.seller_idle]]
    )
    negative = np.concatenate([-u * bargain.buyer_size, -v * bargain.seller_size])
    off = mismatch(bargain, u, v) * bargain.amount
    return float(max(np.max(each, initial=0.0) for each in (gaps, off, pinned, negative)))


def claims_are_money(bargain: Bargain) -> bool:
    """Are claims amounts of money, as where an agent signs one contract, not money per kWh?"""
    sizes_of_one = np.all(bargain.buyer_size == 1) and np.all(bargain.seller_size == 1)
    return bool(sizes_of_one and np.array_equal(bargain.unit, bargain.amount))


def most_in_money(bargain: Bargain) -> float:
    """The most any one pair could gain by a contract, money; 0 where none could."""
    value = bargain.value if claims_are_money(bargain) else bargain.value * bargain.market.quantity
    return float(np.max(value, initial=0.0))


@dataclass(frozen=True, eq=False)
class Least:
    """What agents stand by when contracts are settled: claims u (m,), v (n,), −∞ for who takes what comes.

    slack: what they let go all the same, in units of claims.
    """

    u: Array
    v: Array
    slack: float


def conclude(state: State, repair: bool = True, deadline: bool = False, least: Least | None = None) -> "Settlement":
    """Settle a negotiation's State at half-way prices, moved into the core where `repair` is asked for and possible.

    (docs/bilateral/model.md, Negotiation: who tells whom what)
    deadline: where it has not settled and cannot be repaired, everybody trades with the grid instead. least: the Least
    some stand by: no repair leaves them less, and a contract whose price would is not signed.
    """
    bargain, u, v = state.bargain, *met_half_way(state.bargain, state.u, state.v)
    if repair and state.violation > 2 * rounding(bargain):
        try:
            found = Settlement(bargain, *repaired(bargain, u, v), Ending.REPAIRED)
            if least is None or np.all(accepted(found, least)):
                return found
        except NoStablePrices:
            pass
    if deadline and state.status != "settled":
        return Settlement(without_contracts(bargain), np.zeros(len(u)), np.zeros(len(v)), Ending.GRID)
    found = Settlement(bargain, u, v, Ending.HALF_WAY)
    return found if least is None else signed_only(found, accepted(found, least))


def accepted(settlement: "Settlement", least: Least) -> Mask:
    """Marks of the contracts whose price leaves both partners the Least they stand by, shape (k,)."""
    bargain, price = settlement.bargain, settlement.price
    worth, cost = bargain.market.worth[bargain.buyer, bargain.seller], bargain.market.cost[bargain.seller]
    bought = (worth - price) * bargain.unit >= least.u[bargain.buyer] - least.slack
    return bought & ((price - cost) * bargain.unit >= least.v[bargain.seller] - least.slack)


def signed_only(settlement: "Settlement", rows: Mask) -> "Settlement":
    """The settlement with the marked contracts only (k,); who loses one has capacity left, and nothing without any."""
    if np.all(rows):
        return settlement
    bargain = settlement.bargain
    kept = {name: getattr(bargain, name)[rows] for name in ("buyer", "seller", "amount", "unit", "capped")}
    idle = {name: getattr(bargain, f"{name}_idle").copy() for name in ("buyer", "seller")}
    claims = {"buyer": settlement.u.copy(), "seller": settlement.v.copy()}
    for side, marks in idle.items():
        marks[getattr(bargain, side)[~rows]] = True
        claims[side][marks & ~np.isin(np.arange(len(marks)), kept[side])] = 0.0
    left = replace(bargain, **kept, buyer_idle=idle["buyer"], seller_idle=idle["seller"])
    return Settlement(left, claims["buyer"], claims["seller"], settlement.ending)


def met_half_way(bargain: Bargain, u: Array, v: Array) -> tuple[Array, Array]:
    """Claims (m,), (n,) after partners moved to the half-way price, where each has one contract; else as they are."""
    if not bargain.single or np.any(bargain.capped):
        return u, v
    i, j, value = bargain.buyer, bargain.seller, bargain.contract_value
    half = np.clip((u[i] + value - v[j]) / 2, 0.0, value)
    new_u, new_v = np.zeros(len(u)), np.zeros(len(v))
    new_u[i], new_v[j] = half, value - half
    return new_u, new_v


def without_contracts(bargain: Bargain) -> Bargain:
    """The bargain with nothing signed."""
    nothing = {name: getattr(bargain, name)[:0] for name in ("buyer", "seller", "amount", "unit", "capped")}
    idle = {name: np.ones_like(getattr(bargain, name)) for name in ("buyer_idle", "seller_idle")}
    return replace(bargain, **nothing, **idle)


@dataclass(frozen=True, eq=False)
class Bills:
    """Cash of a period: what each buyer pays (m,), what each seller gets (n,), money."""

    paid: Array
    earned: Array


def grid_bills(market: Market) -> "Bills":
    """Bills where everybody trades with the grid only; who would rather not, does without.

    >>> from market.bilateral.market import Market
    >>> grid_bills(Market([0.3, 0.2], [4, 4], [0.1], [2])).paid.tolist()
    [1.0, 0.0]
    """
    buys, sells = market.willingness >= market.tariff.buy, market.ask <= market.tariff.sell
    return Bills(market.tariff.buy * market.demand * buys, market.tariff.sell * market.supply * sells)


def bills_of(market: Market, buyer: Integers, seller: Integers, amount: Array, price: Array) -> "Bills":
    """Bills with contracts, arrays (k,): the network's fees paid by buyers, what is left traded with the grid."""
    rest = grid_bills(market)
    bought, sold = np.bincount(buyer, amount, market.buyers), np.bincount(seller, amount, market.sellers)
    met = np.divide(bought, market.demand, out=np.zeros(market.buyers), where=market.demand > 0)
    gone = np.divide(sold, market.supply, out=np.zeros(market.sellers), where=market.supply > 0)
    paid = np.bincount(buyer, amount * (price + np.asarray(market.fee)[buyer, seller]), market.buyers)
    earned = np.bincount(seller, amount * price, market.sellers)
    return Bills(paid + rest.paid * (1 - met), earned + rest.earned * (1 - gone))
