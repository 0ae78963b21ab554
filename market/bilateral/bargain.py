"""What is negotiated about: which pairs hold contracts, what each is worth, and who has nothing to ask for."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from market.arrays import Array, Integers, Mask
from market.bilateral.market import Market


@dataclass(frozen=True, eq=False)
class Bargain:
    """Contracts to be priced. Claims are what agents want above their outside option: of buyers (m,), of sellers (n,).

    value: what a pair's claims are held against, shape (m, n): money where an agent signs one contract, money per kWh
    where it may sign several; buyer, seller: the two ends of each contract, shape (k,); amount: its energy, kWh, (k,);
    unit: energy a claim stands for, kWh, (k,); buyer_idle, seller_idle: who has capacity left and so can claim nothing,
    (m,), (n,); capped: contracts at their cap, which may be worth more than both claims, (k,); buyer_size, seller_size:
    what turns a claim into money, (m,), (n,).
    """

    market: Market
    value: Array
    buyer: Integers
    seller: Integers
    amount: Array
    unit: Array
    buyer_idle: Mask
    seller_idle: Mask
    capped: Mask
    buyer_size: Array
    seller_size: Array

    def __len__(self):
        return len(self.buyer)

    @property
    def single(self) -> bool:
        """Does nobody hold more than one contract?"""
        return max(np.bincount(self.buyer).max(initial=0), np.bincount(self.seller).max(initial=0)) <= 1

    @cached_property
    def contract_value(self) -> Array:
        """What each contract's two claims are held against, shape (k,)."""
        return self.value[self.buyer, self.seller]

    @cached_property
    def mean_contract(self) -> float:
        """Mean of the contracts' values; 0 without contracts."""
        return float(np.mean(self.contract_value)) if len(self) else 0.0

    @cached_property
    def welfare(self) -> float:
        """What all contracts gain together, money."""
        return float(np.sum(self.contract_value * self.amount / self.unit))

    @cached_property
    def open_value(self) -> Array:
        """Values with −∞ where a pair is at its cap and cannot trade more, shape (m, n)."""
        return _struck(self.value, self.buyer[self.capped], self.seller[self.capped])

    @cached_property
    def outside_value(self) -> Array:
        """Values with −∞ where a pair holds a contract, shape (m, n)."""
        return _struck(self.value, self.buyer, self.seller)

    @cached_property
    def mirrored(self) -> Bargain:
        """The same contracts with the two sides' roles exchanged (only for what asks no prices of it)."""
        return replace(
            self,
            value=np.ascontiguousarray(self.value.T),
            buyer=self.seller,
            seller=self.buyer,
            buyer_idle=self.seller_idle,
            seller_idle=self.buyer_idle,
            buyer_size=self.seller_size,
            seller_size=self.buyer_size,
        )

    @cached_property
    def partner(self) -> Integers:
        """Seller of each buyer, −1 for none, shape (m,); where several, the last."""
        return _partners(len(self.buyer_idle), self.buyer, self.seller)

    def payoffs(self, u: Array, v: Array) -> tuple[Array, Array]:
        """Money buyers and sellers gain with claims u (m,), v (n,), a cap's rent in halves; shapes (m,), (n,)."""
        money_u, money_v = u * self.buyer_size, v * self.seller_size
        c = self.capped
        rent = self.amount[c] * (self.contract_value[c] - u[self.buyer[c]] - v[self.seller[c]]) / 2
        money_u += np.bincount(self.buyer[c], rent, len(u))
        money_v += np.bincount(self.seller[c], rent, len(v))
        return money_u, money_v

    def bids(self, u: Array) -> Array:
        """Price each contract's buyer bids with claims u (m,), h − u/q, money per kWh, shape (k,)."""
        return self.market.worth[self.buyer, self.seller] - u[self.buyer] / self.unit

    def asks(self, v: Array) -> Array:
        """Price each contract's seller asks with claims v (n,), c + v/q, money per kWh, shape (k,)."""
        return self.market.cost[self.seller] + v[self.seller] / self.unit

    def prices(self, u: Array, v: Array) -> Array:
        """Half-way between bid and ask, within cost and worth, money per kWh, shape (k,)."""
        low, high = self.market.cost[self.seller], self.market.worth[self.buyer, self.seller]
        return np.clip((self.bids(u) + self.asks(v)) / 2, low, high)


def single_contracts(market: Market, partner: Integers) -> Bargain:
    """The bargain where every agent signs at most one contract; partner: seller of each buyer, −1 for none, (m,).

    >>> from market.bilateral.market import assignment_game
    >>> single_contracts(assignment_game([[5, 7, 2], [8, 9, 3], [2, 6, 0]]), np.array([2, 0, 1])).welfare
    16.0
    """
    buyer = np.flatnonzero(partner >= 0)
    seller = partner[buyer]
    amount = market.quantity[buyer, seller]
    return Bargain(
        market=market,
        value=market.pair_value,
        buyer=buyer,
        seller=seller,
        amount=amount,
        unit=amount,
        buyer_idle=_missing(market.buyers, buyer),
        seller_idle=_missing(market.sellers, seller),
        capped=np.zeros(len(buyer), dtype=bool),
        buyer_size=np.ones(market.buyers),
        seller_size=np.ones(market.sellers),
    )


def _missing(count, rows):
    marks = np.ones(count, dtype=bool)
    marks[rows] = False
    return marks


def _partners(count, here, there):
    partner = np.full(count, -1, dtype=np.intp)
    partner[here] = there
    return partner


def _struck(value, rows, columns):
    if not len(rows):
        return value
    value = value.copy()
    value[rows, columns] = -np.inf
    return value
