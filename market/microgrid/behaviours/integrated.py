"""Both kinds of lines used for the least cost of the main grid, public flows free of physics."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from market.arrays import Array, Integers, Mask, Numbers
from market.grid.lines import Ends, incidence, sent
from market.grid.power_flow import Grid
from market.grid.systems import MOST_SPARSE_FILL, Effects, Potentials, factorised_in_place, laplacian, missing, uneven
from market.microgrid.behaviours.behaviour import Behaviour
from market.microgrid.behaviours.cooperative import least_loss, of_least_cost
from market.microgrid.behaviours.lossy_programme import nowhere, outcome_of
from market.microgrid.dispatch import Dispatch, beyond_reach, infeasible, put_in, reached
from market.microgrid.least_loss import both_kinds, free_bound, pinned
from market.microgrid.network import Network
from market.microgrid.price_driven import balanced, dual_bound
from market.microgrid.programme import NOT_RELAXED, Programme, least_supply
from market.microgrid.tariff import Tariff


@dataclass(frozen=True)
class Integrated(Behaviour):
    """All flows are chosen for the least cost of the main grid (docs/microgrid/model.md, Five behaviours).

    Priced: the flow of least loss on both kinds of lines together, a network of resistances, by whichever linear system
    is smaller, one unknown a node or one a private line; resistances below RESISTANCE_FLOOR of the largest count as
    that, but not in the loss. Lossy: a cone programme. The gap is the cost above the dual bound.
    """

    def priced(self, network: Network, grid: Grid, tariff: Tariff) -> Dispatch:
        cut_off = beyond_reach(network, grid)
        if len(cut_off):
            return infeasible(False, cut_off)
        public = grid.resistive
        held = np.append(np.flatnonzero(~reached(network, grid)), network.slack)
        g, potential = least_loss(network, public, _resistances(network, public), partial(by_node, held))
        p = put_in(network, g, lossy=False)
        f = public.flows(p)
        f += public.flows(p - sent(public, f, network.nodes))
        circuit = replace(both_kinds(network), lossy=False)
        bound = dual_bound(circuit, network.injection, -2 * potential, *pinned(network, 0.0))
        return of_least_cost(network, tariff, g, f, potential, bound)

    def lossy(self, network: Network, grid: Grid, tariff: Tariff) -> Dispatch:
        cut_off = beyond_reach(network, grid)
        if len(cut_off):
            return infeasible(True, cut_off)
        programme = Programme(network)
        found = least_supply(network, programme)
        if found is None:
            return nowhere(network, None, programme)
        found = _balanced(network, found)
        return outcome_of(network, tariff, found, found.g, found.f, free_bound(network, found.q, 1.0, found.unit))


def _resistances(network, public):
    """The matrix of the loss of free public flows, shape (n, n), for products with it."""
    unit = 1.0 if np.any(public.r > 0) else network.floor
    return unit * public.inverse if public.dense else Effects(public.factors, scale=unit)


def by_node(
    held: Integers, network: Network, loss: Array | Effects, r: Array, usable: Mask, islands: Array, pull: Numbers = 0.0
) -> tuple[Array, Array]:
    """Flows and potentials of both kinds of lines as one circuit of resistances, one unknown a node.

    held: the nodes with potential 0, the slack and those out of reach; pull: none, for public flows are free. Returns
    g, shape (private lines,), and a, shape (n,) (docs/microgrid/model.md, Five behaviours).
    """
    public, private = network.public, network.private
    tail, head = np.append(public.tail, private.tail), np.append(public.head, private.head)
    weight = 1 / np.append(np.maximum(public.r, network.floor), r)
    system = laplacian(tail, head, weight, network.nodes, 0.0 if isinstance(loss, np.ndarray) else MOST_SPARSE_FILL)
    if isinstance(system, np.ndarray):
        system[held] = system[:, held] = 0.0
        system[held, held] = 1.0
        solved = factorised_in_place(system, definite=True)
        potential = solved(network.injection)
        if uneven(weight):
            rest = missing(incidence(Ends(tail, head), network.nodes), weight, potential, network.injection)
            rest[held] = 0.0
            potential += solved(rest)
    else:
        reference = np.isin(np.arange(network.nodes), held)
        potential = Potentials(incidence(Ends(tail, head), network.nodes), weight, reference).of(network.injection)
    return (potential[private.tail] - potential[private.head]) / r, potential


def _balanced(network, found):
    """The programme's answer made exact: balanced flows and their prices by Newton's method."""
    union = both_kinds(network, 1.0, found.unit)
    exact = balanced(union, network.injection, found.q, *pinned(network, 0.0))
    if exact is None:
        return found
    f, g = np.split(exact[1], [len(network.public)])
    return replace(found, f=f, g=g, q=exact[0], accurate=found.relax_gap <= NOT_RELAXED * network.power)
