"""Both kinds of lines used for the least cost of the main grid, public flows free of physics."""

from dataclasses import dataclass, replace

import numpy as np

from market.microgrid.behaviours.behaviour import Behaviour
from market.microgrid.behaviours.lossy_programme import Programme, least_supply, outcome_of
from market.microgrid.dispatch import RELAXED, beyond_reach, infeasible, priced_dispatch, relative
from market.microgrid.power_flow import solve
from market.microgrid.price_driven import Wires, balanced


@dataclass(frozen=True)
class Integrated(Behaviour):
    """All flows are chosen for the least cost of the main grid.

    Priced: the flow of least loss on both kinds of lines together, a network of resistances, one linear system with an
    unknown a node; resistances below FLOOR count as it, but not in the loss. Lossy: a cone programme. The gap is the
    cost above the dual bound.
    """

    def priced(self, network, grid, tariff):
        if np.any(beyond_reach(network)):
            return infeasible(False, np.flatnonzero(beyond_reach(network)))
        union = both_kinds(network, lossy=False)
        rows = np.flatnonzero(network.reaches & (np.arange(network.nodes) != network.slack))
        laplacian = 2 * union.slope(np.ones(network.nodes))[rows][:, rows]
        potential = np.zeros(network.nodes)
        potential[rows] = solve(laplacian, network.injection[rows])
        flows = _flows(union, potential)
        correction = np.zeros(network.nodes)
        correction[rows] = solve(laplacian, union.left(network.injection, flows)[rows])
        flows += _flows(union, correction)
        f, g = np.split(flows, [len(network.public)])
        dispatch = priced_dispatch(network, g, f, tariff.generation * (1 - 2 * potential))
        bound = 2 * potential @ network.injection - np.sum(_flows(union, potential) ** 2 * union.divisor)
        excess = tariff.generation * (dispatch.loss - bound)
        gap = relative(excess, tariff.bill(dispatch.grid_supply), network, tariff)
        return priced_dispatch(network, g, f, dispatch.prices, gap=gap)

    def lossy(self, network, grid, tariff):
        if np.any(beyond_reach(network)):
            return infeasible(True, np.flatnonzero(beyond_reach(network)))
        programme = Programme(network)
        found = least_supply(network, programme)
        if found.unserved:
            return infeasible(True, found.unserved)
        union = both_kinds(network, lossy=True)
        found = _balanced(network, union, found)
        rents = union.most_rents(found.prices)[: len(network.public)]
        bound = -found.prices @ network.injection - np.sum(rents)
        return outcome_of(network, tariff, found, found.g, found.f, bound)


def both_kinds(network, lossy):
    """Wires of the public lines, then the private ones."""
    public, private = network.public, network.private
    tail, head, r = (np.concatenate([getattr(public, k), getattr(private, k)]) for k in ("tail", "head", "r"))
    return Wires(network.nodes, tail, head, r, lossy)


def _flows(union, potential):
    """Flows of a network of resistances from high to low potential."""
    return (potential[union.tail] - potential[union.head]) / union.divisor


def _balanced(network, union, found):
    """The programme's answer made exact: balanced flows and their prices by Newton's method."""
    low, high = np.full(network.nodes, -np.inf), np.full(network.nodes, np.inf)
    low[network.slack] = high[network.slack] = 1.0
    exact = balanced(union, network.injection, found.prices, low, high)
    if exact is None:
        return found
    f, g = np.split(exact[1], [len(network.public)])
    return replace(found, f=f, g=g, prices=exact[0], accurate=found.relax_gap <= RELAXED)
