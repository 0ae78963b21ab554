"""What a behaviour leads to: flows on both kinds of lines, losses, the main grid's supply, and proof or reason."""

from dataclasses import dataclass

import numpy as np

from market.microgrid.power_flow import half_losses, lossy_flows
from market.outcome import Status

LOSSES = ("priced", "lossy")
UNSERVED = 1e-7  # p.u. relative to the largest injection from which a node without supply counts as not served
RELAXED = 1e-6  # largest r (l − f²) at which lossy flows count as exact (microgrid.md 2.2)
SMALL_BILL = 1e-3  # share of what all injections cost at the tariff that stands for a smaller bill


@dataclass(frozen=True, eq=False)
class Dispatch:
    """An outcome of the microgrid market (FORMATS.md, microgrid).

    g, f: flows on private and public lines, shape (lines,); p: what each node puts into the public grid, shape (n,), the
    slack's minus the sum of the others'; losses and grid_supply in p.u.; prices: money per p.u. at the nodes, shape (n,),
    or None; gap: relative to the bill; relax_gap: largest r (l − f²) of a relaxed programme, 0 without one; accurate:
    False where a programme ended short of its precision or its relaxation is not exact; private_prices: those of the
    private market, self-interested only; unserved: the nodes that make it infeasible.
    """

    status: Status
    lossy: bool
    g: np.ndarray | None = None
    f: np.ndarray | None = None
    p: np.ndarray | None = None
    public_loss: float | None = None
    private_loss: float | None = None
    grid_supply: float | None = None
    prices: np.ndarray | None = None
    gap: float | None = None
    relax_gap: float = 0.0
    accurate: bool = True
    private_prices: np.ndarray | None = None
    unserved: tuple = ()

    @property
    def loss(self):
        """Total loss in p.u., None where infeasible."""
        return None if self.public_loss is None else self.public_loss + self.private_loss


def infeasible(lossy, nodes):
    """An infeasible outcome that names the nodes."""
    return Dispatch(Status.INFEASIBLE, lossy, unserved=tuple(int(node) for node in nodes))


def priced_dispatch(network, g, f, prices, **known):
    """The outcome of flows with losses bought at the main grid (L1): grid supply u = −Σe + L."""
    p = network.injection - network.private_incidence @ g
    p[network.slack] = -np.sum(np.delete(p, network.slack))
    public, private = float(network.public.r @ f**2), float(network.private.r @ g**2)
    supply = public + private - float(np.sum(network.injection))
    return Dispatch(Status.SOLVED, False, g, f, p, public, private, supply, prices, **known)


def lossy_dispatch(network, g, f, prices=None, **known):
    """The outcome of mid-line flows (L2): grid supply is what the slack's lines take in."""
    p = put_in(network, g, lossy=True)
    taken = network.public_incidence @ f + half_losses(network.public_incidence, network.public.r, f)
    public, private = float(network.public.r @ f**2), float(network.private.r @ g**2)
    return Dispatch(Status.SOLVED, True, g, f, p, public, private, float(taken[network.slack]), prices, **known)


def put_in(network, g, lossy):
    """What each node puts into the public grid beside private flows g, shape (n,), the slack's minus the others' sum."""
    ends = network.private_incidence
    p = network.injection - ends @ g
    if lossy:
        p -= half_losses(ends, network.private.r, g)
    p[network.slack] = -np.sum(np.delete(p, network.slack))
    return p


def served_publicly(network, grid, tariff, g, lossy, **known):
    """The outcome when private flows are g and the public grid carries the rest by its physics."""
    p = put_in(network, g, lossy)
    cut_off = not_served(network, grid, p)
    if len(cut_off):
        return infeasible(lossy, cut_off)
    if not lossy:
        prices = tariff.generation * (1 - 2 * (grid.loss @ p))
        return priced_dispatch(network, g, grid.flows(p), prices, **known)
    f = lossy_flows(grid, p)
    if f is None:
        return infeasible(lossy, overloaded(network, grid, p))
    return lossy_dispatch(network, g, f, **known)


def not_served(network, grid, p):
    """Nodes that the public grid cannot serve: those out of all lines' reach, and those on an island whose p do not sum to 0."""
    least = UNSERVED * max(1.0, np.max(np.abs(network.injection)))
    missing = np.abs(grid.apart.T @ p) > least
    on_such = grid.apart @ missing > 0
    return np.flatnonzero((on_such & (np.abs(p) > least)) | beyond_reach(network))


def beyond_reach(network):
    """Marks nodes with an injection that no line connects with the main grid, shape (n,)."""
    return ~network.reaches & (network.injection != 0)


def overloaded(network, grid, p):
    """Needy nodes of the island at the ends of lines sent more than they deliver (r |f| > ½ without losses), else all needy."""
    f = grid.flows(p)
    heavy = network.public.r * np.abs(f) > 0.5
    behind = np.unique(np.where(f > 0, network.public.head, network.public.tail)[heavy])
    behind = behind[behind != network.slack]
    needy = network.agents[p[network.agents] < 0]
    named = behind[p[behind] < 0] if np.any(p[behind] < 0) else behind
    return named if len(named) else needy


def relative(excess, bill, network, tariff):
    """An excess cost as a share of the bill (of SMALL_BILL of all injections' worth, where the bill is less), at least 0."""
    turnover = tariff.buy * float(np.sum(np.abs(network.injection)))
    scale = max(abs(bill), SMALL_BILL * turnover)
    return max(float(excess), 0.0) / scale if scale > 0 else 0.0


def balance_residual(network, dispatch):
    """Largest imbalance of any node, in p.u.: what it has, gets and sends, the slack with the main grid's supply."""
    left = network.injection - network.private_incidence @ dispatch.g - network.public_incidence @ dispatch.f
    if dispatch.lossy:
        left -= half_losses(network.private_incidence, network.private.r, dispatch.g)
        left -= half_losses(network.public_incidence, network.public.r, dispatch.f)
        left[network.slack] += dispatch.grid_supply
    else:
        left[network.slack] += dispatch.grid_supply - dispatch.loss
    return float(np.max(np.abs(left)))
