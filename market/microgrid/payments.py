"""Who pays whom: the main grid's tariff, prices by location with rents of lines, and shares of what cooperation saves.

All rules hand out minus the main grid's bill: agents and grid together pay exactly what the supply costs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from market.arrays import Array, Numbers, sums
from market.grid.lines import PublicLines
from market.grid.power_flow import Grid
from market.microgrid.behaviours import SelfInterested
from market.microgrid.behaviours.self_interested import loss_price
from market.microgrid.dispatch import Dispatch
from market.microgrid.lossy_flow import half_losses
from market.microgrid.network import SHARED, Network, PrivateLines
from market.microgrid.tariff import Tariff
from market.outcome import Status


@dataclass(frozen=True, eq=False)
class Payments:
    """Money everybody receives (negative: pays).

    agents: shape (n,), 0 at the slack, with the rents of the lines an agent owns; lines: rent of each private line,
    shape (lines,), already part of `agents`; grid: what the main grid has left after its supply is paid for; shares:
    what part of the savings each node gets, the grid's at the slack, shape (n,), or None.
    """

    agents: Array
    lines: Array
    grid: float
    shares: Array | None = None

    @property
    def total(self) -> float:
        """Everything handed out, minus the main grid's bill."""
        return float(np.sum(self.agents)) + self.grid

    def with_bill(self, more: float) -> Payments:
        """The same payments where the main grid's bill is so much more money."""
        return replace(self, grid=self.grid - more) if more else self


def rents(lines: PublicLines | PrivateLines, flows: Array, prices: Array, lossy: bool, loss_price: Numbers) -> Array:
    """What lines earn by buying at one end and selling at the other, money, shape (lines,).

    Lossy: λ_j (f − ½ r f²) − λ_i (f + ½ r f²). Priced: (λ_j − λ_i) f − loss_price r f².
    flows: p.u., shape (lines,); prices: λ, money per p.u., shape (n,); loss_price: money per p.u., a number or shape
    (lines,), not asked for where lossy (docs/microgrid/model.md, Prices and payments).
    """
    low, high = prices[lines.tail], prices[lines.head]
    lost = (low + high) / 2 if lossy else loss_price
    return (high - low) * flows - lost * lines.r * flows**2


def by_owner(network: Network, values: Array) -> Array:
    """Sum an amount of each private line over the nodes that own it, shape (n,); halves where it is shared."""
    lines, n = network.private, network.nodes
    shared = lines.owner == SHARED
    halves = np.where(shared, values / 2, 0.0)
    ends = sums(lines.tail, halves, n) + sums(lines.head, halves, n)
    return ends + sums(lines.owner[~shared], values[~shared], n)


def tariff_payments(network: Network, grid: Grid, tariff: Tariff, dispatch: Dispatch) -> Payments | None:
    """Agents pay the tariff for what they take from the public grid; private trade is paid between them.

    Self-interested: the private market's own prices and rents. Else a private trade costs (c_b + c_s)/2 a unit in the
    middle of the line; priced, each end also pays the main grid for half of the loss at that price
    (docs/microgrid/model.md, Prices and payments).
    """
    if dispatch.status is not Status.SOLVED:
        return None
    if dispatch.private_prices is not None:
        return _private_market(network, tariff, dispatch)
    flows, middle = dispatch.flows, (tariff.buy + tariff.sell) / 2
    losses = np.zeros(network.nodes)
    if not dispatch.lossy:
        losses = middle * half_losses(network.private_incidence, network.private.r, flows.g)
    p = flows.p.copy()
    p[network.slack] = 0.0
    to_grid = tariff.buy * np.maximum(-p, 0.0) - tariff.sell * np.maximum(p, 0.0) + losses
    agents = middle * (network.private_incidence @ flows.g) - to_grid
    left = float(np.sum(to_grid)) - tariff.bill(flows.grid_supply)
    return Payments(agents, np.zeros(len(network.private)), left)


def _private_market(network, tariff, dispatch):
    prices = dispatch.private_prices
    cost = np.nan if dispatch.lossy else loss_price(network, tariff)
    earned = rents(network.private, dispatch.g, prices, dispatch.lossy, cost)
    agents = prices * network.injection + by_owner(network, earned)
    return Payments(agents, earned, -float(np.sum(agents)) - tariff.bill(dispatch.grid_supply))


def lmp_payments(network: Network, grid: Grid, tariff: Tariff, dispatch: Dispatch) -> Payments | None:
    """Locational marginal prices: λ_i e_i and private rents to agents, public rents to the grid.

    Exports are worth less to the main grid than c_g; it bears the difference. None where the outcome has no prices
    (docs/microgrid/model.md, Prices and payments).
    """
    if dispatch.status is not Status.SOLVED or dispatch.prices is None:
        return None
    flows, lossy, prices, cost = dispatch.flows, dispatch.lossy, dispatch.prices, tariff.generation
    private = rents(network.private, flows.g, prices, lossy, cost)
    public = rents(network.public, flows.f, prices, lossy, cost)
    export = cost * flows.grid_supply - tariff.bill(flows.grid_supply)
    agents = prices * network.injection + by_owner(network, private)
    return Payments(agents, private, float(np.sum(public)) + export)


def savings_share(
    network: Network, grid: Grid, tariff: Tariff, dispatch: Dispatch, shares: Sequence[float] | Array | None = None
) -> Payments | None:
    """Everybody gets what self-interest brings and a share of what this outcome saves on the bill.

    shares: shape (n,), sum 1, the grid's part at the slack; equal if not given. None where self-interest is infeasible
    (docs/microgrid/model.md, Prices and payments).
    """
    alone = SelfInterested().dispatch(network, grid, tariff, "lossy" if dispatch.lossy else "priced")
    before = tariff_payments(network, grid, tariff, alone)
    if dispatch.status is not Status.SOLVED or before is None:
        return None
    shares = np.full(network.nodes, 1 / network.nodes) if shares is None else np.asarray(shares, dtype=float)
    if shares.shape != (network.nodes,) or not np.all(shares >= 0) or abs(shares.sum() - 1) > 1e-9:
        raise ValueError(f"shares must be {network.nodes} numbers >= 0 that sum to 1")
    saved = tariff.bill(alone.flows.grid_supply) - tariff.bill(dispatch.flows.grid_supply)
    agents = before.agents + saved * shares
    agents[network.slack] = 0.0
    return replace(before, agents=agents, grid=before.grid + saved * float(shares[network.slack]), shares=shares)


def generation_cost(network: Network) -> Array:
    """What each node's own surplus costs it to generate, money, shape (n,); not part of any payment."""
    return network.cost * np.maximum(network.injection, 0.0)


PAYMENTS = {"tariff": tariff_payments, "lmp": lmp_payments, "savings-share": savings_share}
