"""Several contracts an agent: the transportation programme, its prices, and the same market as blocks of energy."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import optimize, sparse

from market.arrays import Array, Integers, sums
from market.bilateral.bargain import Bargain
from market.bilateral.core import VALUE_ROUNDING
from market.bilateral.market import Market, MarketError

NO_ENERGY = 1e-9  # share of the largest quantity up to which energy counts as none, or as all there is
WHOLE_BLOCK = 1e-9  # share of a block by which a quantity may miss a whole number of blocks
PRECISE_OPTIONS = {"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10}
MOST_BLOCKS = 20_000  # on a side
MOST_PAIRS = 10_000  # handed to the programme at once
FIRST_PAIRS, MORE_PAIRS = 8, 3  # of each agent, at first and when prices show better ones


@dataclass(frozen=True, eq=False)
class Transported:
    """The best quantities and what more capacity would be worth.

    x: kWh, shape (m, n); demand_price y (m,), supply_price z (n,), rent r (m, n) of caps: money per kWh, ≥ 0, with
    y + z + r ≥ h − c, equal where x > 0.
    """

    x: Array
    demand_price: Array
    supply_price: Array
    rent: Array


def in_blocks(market: Market, block: float) -> Market:
    """The market with quantities, and caps, cut to whole blocks of so many kWh; what is left stays with the grid.

    >>> in_blocks(Market([1], [2.5], [0], [3]), 1.0).demand.tolist()
    [2.0]
    """
    if not (np.isfinite(block) and block > 0):
        raise MarketError(f"block(={block:g}) must be finite and > 0")
    cap = None if market.cap is None else _whole(market.cap, block) * block
    demand, supply = (_whole(each, block) * block for each in (market.demand, market.supply))
    return Market(market.willingness, demand, market.ask, supply, market.preference, market.fee, market.tariff, cap)


def _whole(quantity, block):
    return np.floor(quantity / block + WHOLE_BLOCK)


def optimal_flows(market: Market, block: float | None = None) -> Transported:
    """The transportation programme: max Σ (h − c) x within demand, supply and caps; HiGHS's dual simplex.

    (docs/bilateral/model.md, Who signs with whom)
    block: kWh; with it every quantity is a whole number of blocks, and prices of the cut market are given. Large
    markets start with each agent's best pairs and take in others that the prices found show to be better.
    """
    cut = market if block is None else in_blocks(market, block)
    unit = block or max(float(np.max(market.quantity, initial=0.0)), np.finfo(float).tiny)
    most = cut.quantity if cut.cap is None else np.minimum(cut.quantity, cut.cap)
    left = np.where(most > 0, cut.margin, 0.0)
    chosen = left > 0
    if chosen.sum() > MOST_PAIRS:
        chosen = _best_pairs(left, FIRST_PAIRS)
    while True:
        flows = _flows_among(cut, unit, chosen, block is not None)
        over = np.where((most > 0) & ~chosen, cut.margin - flows.demand_price[:, None] - flows.supply_price, 0.0)
        over[over <= VALUE_ROUNDING * np.max(left, initial=0.0)] = 0.0
        if not np.any(over):
            return flows
        chosen = chosen | _best_pairs(over, MORE_PAIRS)


def _best_pairs(values, count):
    """Marks of the largest values in each row and each column, so many of each, those above 0 only; shape of values."""
    marks = np.zeros(values.shape, dtype=bool)
    for axis in (0, 1):
        few = min(count, values.shape[axis])
        np.put_along_axis(marks, np.argpartition(-values, few - 1, axis).take(range(few), axis), True, axis)
    return marks & (values > 0)


def _flows_among(market, unit, chosen, whole):
    """The programme with the chosen pairs (m, n) alone; whole: quantities are whole multiples of unit."""
    m, n = chosen.shape
    i, j = np.nonzero(chosen)
    x, rent = np.zeros((m, n)), np.zeros((m, n))
    if not len(i):
        return Transported(x, np.zeros(m), np.zeros(n), rent)
    scale, pair = float(np.max(market.margin[i, j])), np.arange(len(i))
    where = np.concatenate([i, j + m]), np.concatenate([pair, pair])
    rows = sparse.coo_array((np.ones(2 * len(i)), where), shape=(m + n, len(i)))
    there = np.concatenate([market.demand, market.supply]) / unit
    upper = np.full(len(i), np.inf) if market.cap is None else market.cap[i, j] / unit
    bounds = np.stack([np.zeros(len(i)), upper], axis=1)
    found = optimize.linprog(
        -market.margin[i, j] / scale, rows.tocsr(), there, bounds=bounds, method="highs-ds", options=PRECISE_OPTIONS
    )
    if found.status != 0:
        raise MarketError(f"quantities: the programme was not solved: {found.message}")
    flow = np.round(found.x) if whole else found.x
    x[i, j] = np.where(flow < NO_ENERGY, 0.0, flow) * unit
    worth = -found.ineqlin.marginals * scale
    rent[i, j] = -found.upper.marginals * scale
    return Transported(x, worth[:m], worth[m:], rent)


def multi_contracts(market: Market, block: float | None = None) -> Bargain:
    """The bargain where agents may sign several contracts; claims are money per kWh, payoffs d_i y_i and s_j z_j.

    y_i + z_j = h_ij − c_j on traded pairs (docs/bilateral/model.md, Stable: the core).

    >>> market = Market([1, 1], [3, 2], [0.10, 0.12], [2, 4], [[0.05, 0.03], [0.01, 0.02]])
    >>> multi_contracts(market).amount.tolist()
    [2.0, 1.0, 2.0]
    """
    flows = optimal_flows(market, block)
    cut = market if block is None else in_blocks(market, block)
    x, near = flows.x, NO_ENERGY * float(np.max(market.quantity, initial=0.0))
    buyer, seller = np.nonzero(x > 0)
    amount = x[buyer, seller]
    most = np.full(len(amount), np.inf) if cut.cap is None else np.asarray(cut.cap)[buyer, seller]
    able = (cut.demand > near)[:, None] & (cut.supply > near)
    if cut.cap is not None:
        able &= cut.cap > near
    return Bargain(
        market=cut,
        value=np.where(able, np.maximum(cut.margin, 0.0), 0.0),
        buyer=buyer,
        seller=seller,
        amount=amount,
        unit=np.ones(len(amount)),
        buyer_idle=(x.sum(axis=1) < cut.demand - near) | (cut.demand <= near),
        seller_idle=(x.sum(axis=0) < cut.supply - near) | (cut.supply <= near),
        capped=amount >= most - near,
        buyer_size=cut.demand,
        seller_size=cut.supply,
    )


@dataclass(frozen=True, eq=False)
class Blocks:
    """A market cut into blocks: virtual agents of one block each who sign one contract each.

    market: the virtual agents' market; buyer, seller: whose block each virtual buyer (M,) and seller (N,) is.
    """

    market: Market
    buyer: Integers
    seller: Integers
    sides: tuple[int, int]

    def payoffs(self, u: Array, v: Array) -> tuple[Array, Array]:
        """Money of the agents whose blocks claim u (M,), v (N,), money: shapes (m,), (n,)."""
        return sums(self.buyer, u, self.sides[0]), sums(self.seller, v, self.sides[1])

    def quantities(self, bargain: Bargain) -> Array:
        """kWh between the agents when their blocks hold a bargain's contracts, shape (m, n)."""
        x = np.zeros(self.sides)
        np.add.at(x, (self.buyer[bargain.buyer], self.seller[bargain.seller]), bargain.amount)
        return x


def block_market(market: Market, block: float) -> Blocks:
    """The market of single blocks: every agent as so many virtual agents. Raises MarketError, also where caps are set.

    >>> block_market(Market([1], [2], [0], [3]), 1.0).market.pair_value.shape
    (2, 3)
    """
    if market.cap is not None and np.any(market.cap < market.quantity):
        raise MarketError("cap: a cap of a pair cannot be told to single blocks; leave out cap, or take another rule")
    cut = in_blocks(market, block)
    counts = [np.rint(each / block).astype(np.intp) for each in (cut.demand, cut.supply)]
    for kind, count in zip(("buyers", "sellers"), counts, strict=True):
        if count.sum() > MOST_BLOCKS:
            raise MarketError(
                f"block(={block:g}) makes {count.sum()} blocks of {kind}; at most {MOST_BLOCKS} are allowed"
            )
    buyer, seller = (np.repeat(np.arange(len(count)), count) for count in counts)
    alike = np.ix_(buyer, seller)
    virtual = Market(
        market.willingness[buyer],
        np.full(len(buyer), float(block)),
        market.ask[seller],
        np.full(len(seller), float(block)),
        np.asarray(market.preference)[alike],
        np.asarray(market.fee)[alike],
        market.tariff,
    )
    return Blocks(virtual, buyer, seller, (market.buyers, market.sellers))
