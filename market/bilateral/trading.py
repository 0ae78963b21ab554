"""A bilateral market through its periods: who is on which side when, who signs with whom, how prices are found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from market.arrays import Array, Integers
from market.bilateral import stable
from market.bilateral.bargain import Bargain
from market.bilateral.contracts import mean_price
from market.bilateral.core import Corners, NoStablePrices, corners, fair_point, rounding, violation
from market.bilateral.ledger import MATCHING_LEDGER, Knowledge
from market.bilateral.market import Market
from market.bilateral.negotiation import Negotiation, State
from market.bilateral.settlement import Least, Settlement, bills_of, conclude, grid_bills
from market.bilateral.signing import signed
from market.bilateral.transport import Blocks, block_market
from market.outcome import Status

DEFAULT_BLOCK = 1.0  # kWh


@dataclass(frozen=True, eq=False)
class Period:
    """A market of one period; buyer (m,), seller (n,): numbers of the agents who are its buyers and sellers."""

    market: Market
    buyer: Integers
    seller: Integers


@dataclass(frozen=True, eq=False)
class Trading:
    """What agents 0 … agents − 1 trade how, period by period.

    rule: how prices are found; contracts "single" or "multi"; matching: "optimal", "auction" or a list; fair: the
    stable point called fair; block: kWh, several contracts in whole blocks only; blockwise: does the rule price single
    blocks? repair: are final prices moved into the core? deadline: rounds after which the grid steps in, or None;
    leavers: (round, agents who leave after that round of every period); warm: are claims remembered?
    """

    periods: tuple[Period, ...]
    agents: int
    rule: Negotiation
    contracts: str = "single"
    matching: str | Sequence[int] = "optimal"
    fair: str = "tau"
    block: float | None = None
    blockwise: bool = False
    repair: bool = True
    deadline: int | None = None
    leavers: tuple[int, Sequence[int]] = (0, ())
    warm: bool = True

    def open(self, market: Market, matching: str | Sequence[int] | None = None) -> tuple[Bargain, Blocks | None]:
        """(Bargain, Blocks or None) of a market: the contracts whose prices are negotiated."""
        if self.blockwise:
            blocks = block_market(market, self.block or DEFAULT_BLOCK)
            return signed(blocks.market, "single"), blocks
        return signed(market, self.contracts, self.matching if matching is None else matching, self.block), None

    def core_prices(self, market: Market, bargain: Bargain) -> tuple[Array, Array]:
        """Lowest and highest stable price of each contract of a bargain of a market, (k,); NaN where none is stable."""
        best, _ = self.open(market, "optimal")
        try:
            return stable.core_prices(bargain, best)
        except NoStablePrices:
            low, high = np.full((2, len(bargain)), np.nan)
            return low, high

    def left(self, period: Period) -> Market:
        """The period's market once those have left who leave in the middle."""
        gone = np.array(self.leavers[1], dtype=np.intp)
        buyers, sellers = (np.flatnonzero(np.isin(side, gone)) for side in (period.buyer, period.seller))
        return period.market.without(buyers, sellers)

    @property
    def ledger(self) -> tuple[Knowledge, ...]:
        """Who learns which numbers, while matching and while negotiating."""
        matching = self.matching if isinstance(self.matching, str) else "given"
        return (*MATCHING_LEDGER[matching], *self.rule.ledger)

    def solve(self, period: Period) -> ClosedPeriod:
        """What the period closes with at the fair point without negotiation, where its contracts are the best."""
        bargain, blocks = self.open(period.market)
        state = self.rule.start(bargain, np.random.default_rng(0))
        if state.status is Status.RUNNING:
            state = self._at_fair_point(bargain, state)
        return self.close(period, period.market, state, blocks)

    def _at_fair_point(self, bargain, state):
        """The state with claims at the fair point, or NO_EQUILIBRIUM where contracts are only nearly the best ones."""
        try:
            u, v = fair_point(bargain, self.fair)
        except NoStablePrices:
            return replace(state, status=Status.NO_EQUILIBRIUM)
        off = violation(bargain, u, v)
        return replace(state, u=u, v=v, violation=off, spread=0.0, status=Status.SOLVED)

    def close(
        self,
        period: Period,
        market: Market,
        state: State,
        blocks: Blocks | None,
        least: tuple[Array, Array] | None = None,
    ) -> ClosedPeriod:
        """The period as it stands after the negotiation's last state.

        least: claims (u, v) of the state's rows that some stand by, −∞ for all others; what they refuse is not signed,
        and a period with such contracts is not settled.
        """
        late = self.deadline is not None and state.status is not Status.SOLVED
        held = None
        if least is not None:
            held = Least(*least, slack=2 * self.rule.goal(state.bargain) + 4 * rounding(state.bargain))
        settled = conclude(state, self.repair, late, held)
        if len(settled.bargain) < len(state.bargain) and state.status is Status.SETTLED:
            state = replace(state, status=Status.ROUND_LIMIT)
        best, best_blocks = self.open(market, "optimal")
        return ClosedPeriod(period, market, settled, state, blocks, best, best_blocks, self.fair)


@dataclass(frozen=True, eq=False)
class ClosedPeriod:
    """One period: how its contracts were settled, and the core they are measured against.

    market: without those who left; state: the negotiation's last; blocks: of the settlement, where single blocks were
    priced; best: the bargain of an optimal matching, whoever signed with whom, and its blocks; fair: name of its point.
    """

    period: Period
    market: Market
    settlement: Settlement
    state: State
    blocks: Blocks | None
    best: Bargain
    best_blocks: Blocks | None
    fair: str

    @cached_property
    def corners(self) -> Corners:
        """Money of buyers (m,) and sellers (n,) at the core's corners, as Corners."""
        found = corners(self.best)
        return Corners(self._money(*found.buyer), self._money(*found.seller))

    def core_prices(self, bargain: Bargain) -> tuple[Array, Array]:
        """Lowest and highest stable price of each contract of a bargain of the period, shapes (k,), or NaN."""
        return stable.core_prices(bargain, self.best)

    def fair_prices(self, bargain: Bargain) -> Array:
        """Price of each contract of a bargain of the period at the core's fair point, money per kWh, (k,), or NaN."""
        return stable.fair_prices(bargain, self.best, self.fair)

    @cached_property
    def mean_prices(self) -> tuple[float, float, float]:
        """Mean price by energy, money per kWh: as settled, at the buyers' corner, at the sellers'; NaN without any."""
        settled = mean_price(self.contracts["price"], self.contracts["quantity"])
        return settled, *stable.mean_prices(self.best)

    @cached_property
    def fair_payoffs(self) -> tuple[Array, Array]:
        """Money of buyers (m,) and sellers (n,) at the core's fair point.

        (docs/bilateral/model.md, Fair: which point of the core?)
        """
        return self._money(*fair_point(self.best, self.fair))

    @cached_property
    def tau(self) -> tuple[Array, Array]:
        """Money of buyers (m,) and sellers (n,) at the tau value (Núñez and Rafels 2002)."""
        return self.corners.tau

    def _money(self, u, v):
        paid = self.best.payoffs(u, v)
        return paid if self.best_blocks is None else self.best_blocks.payoffs(*paid)

    @cached_property
    def payoffs(self) -> tuple[Array, Array]:
        """Money buyers (m,) and sellers (n,) gain beside the grid, as settled."""
        paid = self.settlement.payoffs
        return paid if self.blocks is None else self.blocks.payoffs(*paid)

    @property
    def traded(self) -> float:
        """Energy of all contracts, kWh."""
        return float(self.contracts["quantity"].sum())

    @property
    def welfare(self) -> float:
        """What all gain together beside the grid, money."""
        return float(sum(np.sum(side) for side in self.payoffs))

    @cached_property
    def contracts(self) -> dict[str, np.ndarray]:
        """Columns buyer, seller (rows of the market), quantity, price, buyer_gain, seller_gain, each (k,)."""
        bargain, end = self.settlement.bargain, self.settlement
        ends = np.stack([bargain.buyer, bargain.seller])
        if self.blocks is not None:
            ends = np.stack([self.blocks.buyer[ends[0]], self.blocks.seller[ends[1]]])
        pairs, where = np.unique(ends, axis=1, return_inverse=True)
        where, count = where.reshape(-1), pairs.shape[1]
        quantity = np.bincount(where, bargain.amount, count)
        return {
            "buyer": pairs[0],
            "seller": pairs[1],
            "quantity": quantity,
            "price": np.bincount(where, bargain.amount * end.price, count) / quantity,
            "buyer_gain": np.bincount(where, end.buyer_gain, count),
            "seller_gain": np.bincount(where, end.seller_gain, count),
        }

    @cached_property
    def costs(self) -> tuple[Array, Array]:
        """Net cost of energy of buyers, then sellers, (m + n,), money: with contracts, and with the grid alone."""
        columns = self.contracts
        alone = grid_bills(self.period.market)
        now = bills_of(self.period.market, *(columns[name] for name in ("buyer", "seller", "quantity", "price")))
        with_contracts, without = (np.concatenate([each.paid, -each.earned]) for each in (now, alone))
        return with_contracts, without


def remembered(trading: Trading, period: Period, claims: Array) -> tuple[Array, Array] | None:
    """Claims (u, v) of a period's agents out of all agents' last ones, (agents, 2), NaN where nothing is known."""
    if not trading.warm or trading.blockwise:
        return None
    return claims[period.buyer, 0], claims[period.seller, 1]


def remember(claims: Array, period: Period, state: State) -> Array:
    """What all agents (agents, 2) claimed last, as buyers and as sellers, after a period; a new array."""
    claims = claims.copy()
    if len(state.u) == len(period.buyer) and len(state.v) == len(period.seller):
        claims[period.buyer, 0], claims[period.seller, 1] = state.u, state.v
    return claims
