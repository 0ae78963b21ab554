"""Private lines used for the least cost of the main grid, public losses included; public flows follow physics."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from scipy import linalg

from market.arrays import Array, Integers, Mask, Numbers
from market.grid.lines import Ends, incidence, sent
from market.grid.power_flow import Grid
from market.grid.systems import Effects, laplacian, solve_in_place
from market.microgrid.behaviours.behaviour import Behaviour
from market.microgrid.behaviours.lossy_programme import nowhere, outcome_of
from market.microgrid.dispatch import (
    Dispatch,
    beyond_reach,
    infeasible,
    priced_dispatch,
    put_in,
    reached,
    relative,
    served_publicly,
)
from market.microgrid.least_loss import FLOW_SPARE, physical_bound
from market.microgrid.lossy_flow import half_losses, lossy_flows
from market.microgrid.network import Network
from market.microgrid.programme import Programme, by_physics, least_supply
from market.microgrid.stationary import exact
from market.microgrid.tariff import Tariff

MOST_CORRECTIONS = 20
LINES_AT_ONCE = 100  # private lines whose effects on all nodes of a large grid are worked out side by side
DENSE_PRODUCT = 0.2  # share of entries, repeated ones counted, from which a dense product is the faster one


@dataclass(frozen=True)
class Cooperative(Behaviour):
    """All agents and the main grid minimise its cost (docs/microgrid/model.md, Five behaviours).

    Priced: min (e − Pg)ᵀ M (e − Pg) + gᵀ R g, by whichever linear system is smaller, one unknown a node or one a
    private line. Lossy: a cone programme. The gap is the cost above the dual bound. Private resistances below
    RESISTANCE_FLOOR of the largest count as that where they are divided by, not in the loss.
    """

    def priced(self, network: Network, grid: Grid, tariff: Tariff) -> Dispatch:
        cut_off = beyond_reach(network, grid)
        if len(cut_off):
            return infeasible(False, cut_off)
        g, potential = least_loss(network, grid, grid.effects, by_node, grid.loop_pull)
        p = put_in(network, g, lossy=False)
        bound = loss_bound(network, g, p, potential, grid.loop_pull, grid.loop_loss)
        return of_least_cost(network, tariff, g, grid.flows(p), potential, bound)

    def lossy(self, network: Network, grid: Grid, tariff: Tariff) -> Dispatch:
        cut_off = beyond_reach(network, grid)
        if len(cut_off):
            return infeasible(True, cut_off)
        programme = Programme(network)
        follows = by_physics(grid, programme)
        found = least_supply(network, programme, follows)
        if found is None:
            return nowhere(network, grid, programme, follows)
        found = exact(network, grid, found)
        g = _islands_served(network, grid, found.g)
        outcome = served_publicly(network, grid, tariff, g, lossy=True)
        if outcome.f is None:
            return outcome
        bound = physical_bound(network, grid, found.q, 1.0, found.unit, outcome.f)
        return outcome_of(network, tariff, found, g, outcome.f, bound)


def least_loss(
    network: Network,
    grid: Grid,
    loss: Array | Effects,
    otherwise: Callable[[Network, Array | Effects, Array, Mask, Array, Numbers], tuple[Array, Array]],
    pull: Numbers = 0.0,
) -> tuple[Array, Array]:
    """Private flows of least loss beside a public loss pᵀ M p + 2 mᵀ p, by whichever linear system is smaller.

    otherwise: the system with an unknown a node, arguments and answer as by_line; pull: m, shape (n,). Returns g, shape
    (lines,), and potentials a = Mp + m + Zα, shape (n,), Z the islands apart from the main grid.
    """
    usable, islands = _reach(network, grid)
    r = np.maximum(network.private.r, network.floor)
    few = np.count_nonzero(usable) + islands.shape[1] < network.nodes
    g, potential = (by_line if few else otherwise)(network, loss, r, usable, islands, pull)
    if islands.shape[1]:
        g = g + _island_flows(network, r, usable, islands, islands.T @ put_in(network, g, lossy=False))
    return g, potential


def of_least_cost(network: Network, tariff: Tariff, g: Array, f: Array, potential: Array, bound: float) -> Dispatch:
    """The outcome of flows of least loss and their potentials; its gap is the cost above that of the least loss."""
    outcome = priced_dispatch(network, g, f, tariff.generation * (1 - 2 * potential))
    excess = tariff.generation * (outcome.flows.loss - bound)
    return replace(outcome, gap=relative(excess, tariff.bill(outcome.flows.grid_supply), network, tariff))


def by_line(
    network: Network, loss: Array | Effects, r: Array, usable: Mask, islands: Array, pull: Numbers = 0.0
) -> tuple[Array, Array]:
    """Flows and potentials from (R + PᵀMP) g − PᵀZα = Pᵀ(Me + m), Zᵀ(e − Pg) = 0, Z the islands apart from the slack.

    loss: M, shape (n, n); r, usable: shape (lines,); islands: Z, shape (n, islands); pull: m, shape (n,). Returns g,
    shape (lines,), and a = M(e − Pg) + m + Zα, shape (n,) (docs/microgrid/model.md, Five behaviours).
    """
    pull = np.broadcast_to(pull, network.nodes)
    tail, head = network.private.tail[usable], network.private.head[usable]
    square, right = _across(loss, tail, head, network.injection)
    square[np.diag_indices_from(square)] += r[usable]
    right = right + (pull[tail] - pull[head])
    g = np.zeros(len(network.private))
    level = np.zeros(islands.shape[1])
    if islands.shape[1]:
        edge = islands[tail] - islands[head]
        corner = np.zeros((islands.shape[1], islands.shape[1]))
        found = linalg.solve(
            np.block([[square, -edge], [edge.T, corner]]), np.concatenate([right, islands.T @ network.injection])
        )
        g[usable], level = found[: len(tail)], found[len(tail) :]
    elif len(tail):
        g[usable] = solve_in_place(square, right, definite=True)
    return g, loss @ (network.injection - sent(network.private, g, network.nodes)) + pull + islands @ level


def _across(loss: Array | Effects, tail: Integers, head: Integers, injection: Array) -> tuple[Array, Array]:
    """PᵀMP and PᵀMe of some lines, shapes (lines, lines) and (lines,)."""
    if isinstance(loss, np.ndarray):
        across = loss[tail] - loss[head]
        return across[:, tail] - across[:, head], across @ injection
    square, level = np.empty((len(tail), len(tail))), loss @ injection
    for first in range(0, len(tail), LINES_AT_ONCE):
        some = slice(first, first + LINES_AT_ONCE)
        effects = loss @ incidence(Ends(tail[some], head[some]), len(injection)).toarray()
        square[:, some] = effects[tail] - effects[head]
    return square, level[tail] - level[head]


def by_node(
    network: Network, loss: Array | Effects, r: Array, usable: Mask, islands: Array, pull: Numbers = 0.0
) -> tuple[Array, Array]:
    """Flows and potentials from (I + KM) p + KZα = e − Km, Zᵀp = 0, with K = P R⁻¹ Pᵀ, one unknown a node.

    Arguments as by_line. Returns g, shape (lines,), and a = Mp + m + Zα, shape (n,)
    (docs/microgrid/model.md, Five behaviours).
    """
    lines, n, k = network.private, network.nodes, islands.shape[1]
    pull = np.broadcast_to(pull, n)
    private = laplacian(lines.tail, lines.head, usable / r, n, DENSE_PRODUCT)
    loss = loss if isinstance(loss, np.ndarray) else loss @ np.eye(n)
    system = private @ loss
    system[np.diag_indices(n)] += 1
    if k:
        system = np.block([[system, private @ islands], [islands.T, np.zeros((k, k))]])
    found = solve_in_place(system, np.concatenate([network.injection - private @ pull, np.zeros(k)]))
    potential = loss @ found[:n] + pull + islands @ found[n:]
    return usable / r * (potential[lines.tail] - potential[lines.head]), potential


def loss_bound(
    network: Network, g: Array, p: Array, potential: Array, pull: Numbers = 0.0, least: Numbers = 0.0
) -> float:
    """Least loss in p.u. any flows can have, by weak duality at a = Mp + m + Zα where Zᵀp = 0.

    2aᵀe − (a − m)ᵀp − Σ (Pᵀa)²/R beside the public loss that there is without injections, `least`. What the least
    resistance adds to those below it is taken off again, at more than any best flows would have there
    (docs/microgrid/model.md, How sure, how fast).
    """
    lines, r = network.private, np.maximum(network.private.r, network.floor)
    across = potential[lines.tail] - potential[lines.head]
    least = least + pull @ p if np.any(pull) else least
    unpaid = FLOW_SPARE * float((r - lines.r) @ g**2)
    return float(least + potential @ (2 * network.injection - p) - np.sum(across**2 / r)) - unpaid


def _reach(network, grid):
    """Which private lines the main grid can use, shape (lines,), and islands they join to it, shape (n, islands)."""
    reach = reached(network, grid)
    return reach[network.private.tail], grid.apart[:, np.flatnonzero(reach @ grid.apart > 0)].toarray()


def _island_flows(network, r, usable, islands, excess):
    """Small private flows of least loss that take what islands have in excess, shape (islands,), to the main grid."""
    if not islands.shape[1]:
        return 0.0
    across = usable[:, None] * (network.private_incidence.T @ islands)
    return across @ np.linalg.solve(across.T @ (across / r[:, None]), excess) / r


def _islands_served(network, grid, g):
    """Private flows changed so slightly that islands apart from the main grid balance, losses included."""
    usable, islands = _reach(network, grid)
    r = np.maximum(network.private.r, network.floor)
    best, least = g, np.inf
    for _ in range(MOST_CORRECTIONS if islands.shape[1] else 0):
        p = put_in(network, g, lossy=True)
        f = lossy_flows(grid, p)
        if f is None:
            break
        excess = islands.T @ (p - half_losses(grid.incidence, grid.r, f))
        if not np.max(np.abs(excess)) < least:
            break
        best, least = g, np.max(np.abs(excess))
        g = g + _island_flows(network, r, usable, islands, excess)
    return best
