"""What a behaviour leads to: flows on both kinds of lines, losses, the main grid's supply, and proof or reason."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from math import inf
from typing import TYPE_CHECKING, NamedTuple, TypedDict, Unpack

import numpy as np

from market.arrays import Array, Integers, Mask
from market.grid.lines import sent
from market.grid.power_flow import Grid
from market.microgrid.least_loss import proves_infeasible
from market.microgrid.lossy_flow import half_losses, lossy_flows
from market.microgrid.network import Network, no_lines
from market.microgrid.programme import Programme, by_physics, help_needed, least_supply
from market.microgrid.tariff import Tariff
from market.outcome import Status

if TYPE_CHECKING:

    class Known(TypedDict, total=False):
        """What else is known of an outcome: fields of Dispatch."""

        gap: float | None
        relax_gap: float
        accurate: bool
        private_prices: Array | None


LOSSES = ("priced", "lossy")
NO_FLOWS = ()  # proven: no flows serve everybody
UNSERVED_SHARE = 1e-7  # share of the largest injection from which a node without supply counts as not served
BOUND_ROUNDING = 1e-8  # share of the bill by which a cost may seem to be below its bound, for rounding
SMALL_BILL = 1e-3  # share of what all injections cost at the tariff that stands for a smaller bill


class Flows(NamedTuple):
    """What a dispatch that serves everybody has, as Dispatch says it."""

    g: Array
    f: Array
    p: Array
    public_loss: float
    private_loss: float
    grid_supply: float

    @property
    def loss(self) -> float:
        """Total loss in p.u."""
        return self.public_loss + self.private_loss


@dataclass(frozen=True, eq=False)
class Dispatch:
    """An outcome of the microgrid market.

    g, f: flows on private and public lines, shape (lines,); p: what each node puts into the public grid, shape (n,),
    the slack's minus the sum of the others'; losses and grid_supply in p.u.; prices: money per p.u. at the nodes, shape
    (n,), or None; gap: relative to the bill; relax_gap: largest r (l − f²) of a relaxed programme, 0 without one;
    accurate: False where a programme ended short of its precision or its relaxation is not exact; private_prices: those
    of the private market, self-interested only; unserved: the nodes that are not served. Without flows it is
    infeasible, which is proven, or inaccurate: none were found, and it is not proven that there are none.
    """

    status: Status
    lossy: bool
    g: Array | None = None
    f: Array | None = None
    p: Array | None = None
    public_loss: float | None = None
    private_loss: float | None = None
    grid_supply: float | None = None
    prices: Array | None = None
    gap: float | None = None
    relax_gap: float = 0.0
    accurate: bool = True
    private_prices: Array | None = None
    unserved: tuple[int, ...] = ()

    @property
    def in_use(self) -> int:
        """How many private lines carry power."""
        return 0 if self.g is None else int(np.count_nonzero(self.g))

    @property
    def flows(self) -> Flows:
        """Its flows with their losses and supply; raises ValueError where it has none."""
        if self.g is None or self.f is None or self.p is None:
            raise ValueError(f"a dispatch that is {self.status} has no flows")
        if self.public_loss is None or self.private_loss is None or self.grid_supply is None:
            raise ValueError(f"a dispatch that is {self.status} has no losses or supply")
        return Flows(self.g, self.f, self.p, self.public_loss, self.private_loss, self.grid_supply)

    @property
    def loss(self) -> float | None:
        """Total loss in p.u., None where infeasible."""
        return None if self.public_loss is None or self.private_loss is None else self.public_loss + self.private_loss


def fits(dispatch: object, network: Network) -> bool:
    """Is it a Dispatch of the network, with finite numbers of the right shapes, or one that says it found no flows?"""
    if not isinstance(dispatch, Dispatch):
        return False
    if dispatch.status == Status.INFEASIBLE or (dispatch.status == Status.INACCURATE and dispatch.g is None):
        return True
    arrays = ((dispatch.g, len(network.private)), (dispatch.f, len(network.public)), (dispatch.p, network.nodes))
    numbers = (dispatch.public_loss, dispatch.private_loss, dispatch.grid_supply)
    return all(_finite(values, (size,)) for values, size in arrays) and all(_finite(one, ()) for one in numbers)


def _finite(values, shape):
    values = np.asarray(values)
    return values.dtype.kind in "iuf" and values.shape == shape and bool(np.all(np.isfinite(values)))


def infeasible(lossy: bool, nodes: Iterable[int]) -> Dispatch:
    """An infeasible outcome that names the nodes."""
    return Dispatch(Status.INFEASIBLE, lossy, unserved=tuple(int(node) for node in nodes))


def not_found(network: Network, lossy: bool) -> Dispatch:
    """The outcome where no flows were found and none are proven not to exist; it names all nodes in need."""
    needy = network.agents[network.injection[network.agents] < 0]
    nodes = needy if len(needy) else network.agents
    return Dispatch(Status.INACCURATE, lossy, accurate=False, unserved=tuple(nodes.tolist()))


def priced_dispatch(network: Network, g: Array, f: Array, prices: Array | None, **known: Unpack[Known]) -> Dispatch:
    """The outcome of flows with losses bought at the main grid (L1): grid supply u = −Σe + L.

    g, f: p.u., shape (lines,); prices: money per p.u., shape (n,) (docs/microgrid/model.md, (M1) and (M2)).
    """
    p = put_in(network, g, lossy=False)
    public, private = float(network.public.r @ f**2), float(network.private.r @ g**2)
    supply = public + private - float(np.sum(network.injection))
    return Dispatch(Status.SOLVED, False, g, f, p, public, private, supply, prices, **known)


def lossy_dispatch(
    network: Network, g: Array, f: Array, prices: Array | None = None, **known: Unpack[Known]
) -> Dispatch:
    """The outcome of mid-line flows (L2): grid supply is what the slack's lines take in.

    g, f: p.u., shape (lines,); prices: money per p.u., shape (n,) (docs/microgrid/model.md, Nodes and lines).
    """
    p = put_in(network, g, lossy=True)
    taken = network.public_incidence @ f + half_losses(network.public_incidence, network.public.r, f)
    public, private = float(network.public.r @ f**2), float(network.private.r @ g**2)
    return Dispatch(Status.SOLVED, True, g, f, p, public, private, float(taken[network.slack]), prices, **known)


def at_main_grid(network: Network, dispatch: Dispatch) -> Dispatch:
    """A dispatch with what the main grid's own node has or needs in its supply; no behaviour can change that."""
    if dispatch.grid_supply is None or network.own == 0:
        return dispatch
    return replace(dispatch, grid_supply=dispatch.grid_supply - network.own)


def put_in(network: Network, g: Array, lossy: bool) -> Array:
    """What each node puts into the public grid beside private flows g, shape (n,); the slack minus the others' sum.

    p = e − P g in p.u., lossy less half of the losses (docs/microgrid/model.md, (M1)).
    """
    p = network.injection - sent(network.private, g, network.nodes)
    if lossy:
        p -= half_losses(network.private_incidence, network.private.r, g)
    p[network.slack] = 0.0
    p[network.slack] = -np.sum(p)
    return p


def served_publicly(
    network: Network, grid: Grid, tariff: Tariff, g: Array, lossy: bool, **known: Unpack[Known]
) -> Dispatch:
    """The outcome when private flows are g and the public grid carries the rest by its physics."""
    p = put_in(network, g, lossy)
    f = _lossy(network, grid, p) if lossy else grid.flows(p)
    if f is None:
        return not_found(network, True)
    cut_off = overloaded(network, grid, p) if f is NO_FLOWS else not_served(network, grid, p, f, lossy)
    if len(cut_off):
        return infeasible(lossy, cut_off)
    if lossy:
        return lossy_dispatch(network, g, f, **known)
    return priced_dispatch(network, g, f, tariff.generation * (1 - 2 * grid.marginal_loss(p)), **known)


def _lossy(network, grid, p):
    """Flows of injections p; where Newton's method finds none, a programme looks for others.

    NO_FLOWS where prices prove that there are none, None where that is not known.
    """
    f = lossy_flows(grid, p)
    if f is not None:
        return f
    public = network.with_injection(p).with_private(no_lines())
    programme = Programme(public)
    follows = by_physics(grid, programme)
    found = least_supply(public, programme, follows)
    if found is not None:
        return lossy_flows(grid, p, start=found.f)
    needed = help_needed(public, programme, follows)
    proven = needed is not None and proves_infeasible(public, grid, needed[1])
    return NO_FLOWS if proven else None


def not_served(network: Network, grid: Grid, p: Array, f: Array, lossy: bool) -> Integers:
    """Nodes the public grid cannot serve: their island is out of balance, or they are cut off."""
    if not grid.apart.shape[1]:
        return np.zeros(0, dtype=np.intp)
    least = UNSERVED_SHARE * network.power
    wanting = p - grid.incidence @ f - (half_losses(grid.incidence, grid.r, f) if lossy else 0.0)
    astray = (np.abs(wanting) > least) & grid.reference
    astray[network.slack] = False
    on_such = np.isin(network.public_island, network.public_island[astray])
    return np.union1d(np.flatnonzero(on_such & (np.abs(p) > least)), beyond_reach(network, grid))


def reached(network: Network, grid: Grid) -> Mask:
    """Marks nodes that lines of either kind connect with the main grid, shape (n,)."""
    return network.reaches if grid.apart.shape[1] else np.ones(network.nodes, dtype=bool)


def beyond_reach(network: Network, grid: Grid) -> Integers:
    """Nodes with an injection that no line connects with the main grid."""
    return np.flatnonzero(~reached(network, grid) & (network.injection != 0))


def overloaded(network: Network, grid: Grid, p: Array) -> Integers:
    """Needy nodes behind lines asked for more than they deliver (r |f| > ½ without losses), else all needy or busy."""
    f = grid.flows(p)
    heavy = network.public.r * np.abs(f) > 0.5
    behind = np.unique(np.where(f > 0, network.public.head, network.public.tail)[heavy])
    behind = behind[behind != network.slack]
    agents = network.agents
    choices = (behind[p[behind] < 0], agents[p[agents] < 0], behind, agents[p[agents] != 0], agents)
    return next(nodes for nodes in choices if len(nodes))


def relative(excess: float, bill: float, network: Network, tariff: Tariff) -> float:
    """An excess cost as a share of the bill; of SMALL_BILL of what all injections cost where that is more.

    0 where it is below 0 by no more than rounding; ∞ beyond, since a cost below its bound proves that bound wrong
    (docs/microgrid/model.md, How sure, how fast).
    """
    turnover = tariff.buy * float(np.sum(np.abs(network.injection)))
    if turnover == 0:
        return 0.0
    share = float(excess) / max(abs(bill), SMALL_BILL * turnover)
    if not share >= -BOUND_ROUNDING:
        return inf
    return max(share, 0.0)
