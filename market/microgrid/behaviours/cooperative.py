"""Private lines used for the least cost of the main grid, public losses included; public flows follow physics."""

from dataclasses import dataclass

import cvxpy as cp
import numpy as np
from scipy import linalg
from scipy.sparse import csr_array, diags_array

from market.microgrid.behaviours.behaviour import Behaviour
from market.microgrid.behaviours.lossy_programme import Programme, least_supply, outcome_of
from market.microgrid.dispatch import beyond_reach, infeasible, priced_dispatch, put_in, relative, served_publicly
from market.microgrid.power_flow import FLOOR, half_losses, lossy_flows, solve

MOST_CORRECTIONS = 20


@dataclass(frozen=True)
class Cooperative(Behaviour):
    """All agents and the main grid minimise its cost.

    Priced: min (e − Pg)ᵀ M (e − Pg) + gᵀ R g, by whichever linear system is smaller, one unknown a node or one a
    private line. Lossy: a cone programme. The gap is the cost above the dual bound. Private resistances below FLOOR
    count as it where they are divided by, not in the loss.
    """

    def priced(self, network, grid, tariff):
        if np.any(beyond_reach(network)):
            return infeasible(False, np.flatnonzero(beyond_reach(network)))
        lines = network.private
        usable = network.reaches[lines.tail]
        islands = grid.apart[:, network.reaches @ grid.apart > 0]
        r = np.maximum(lines.r, FLOOR)
        by_lines = np.count_nonzero(usable) + islands.shape[1] < network.nodes
        system = by_line if by_lines else by_node
        g, potential = system(network, grid.loss, r, usable, islands)
        g = g + _island_flows(network, r, usable, islands, islands.T @ put_in(network, g, lossy=False))
        prices = tariff.generation * (1 - 2 * potential)
        p = network.injection - network.private_incidence @ g
        loss = float(p @ grid.loss @ p + lines.r @ g**2)
        bound = loss_bound(network, grid.loss, r, p, potential)
        bill = tariff.bill(loss - network.injection.sum())
        gap = relative(tariff.generation * (loss - bound), bill, network, tariff)
        return priced_dispatch(network, g, grid.flows(p), prices, gap=gap)

    def lossy(self, network, grid, tariff):
        if np.any(beyond_reach(network)):
            return infeasible(True, np.flatnonzero(beyond_reach(network)))
        theta = cp.Variable(network.nodes)
        programme = Programme(network)
        follows = [
            cp.multiply(1 / grid.weight, programme.f) == cp.Constant(grid.incidence.T) @ theta,
            theta[np.flatnonzero(grid.reference)] == 0,
        ]
        found = least_supply(network, programme, follows)
        if found.unserved:
            return infeasible(True, found.unserved)
        g = _islands_served(network, grid, found.g)
        outcome = served_publicly(network, grid, tariff, g, lossy=True)
        if outcome.unserved:
            return outcome
        return outcome_of(network, tariff, found, g, outcome.f, lossy_bound(network, grid, found.prices))


def by_line(network, loss, r, usable, islands):
    """Flows and potentials from (R + PᵀMP) g − PᵀZα = PᵀMe, Zᵀ(e − Pg) = 0, Z the islands apart from the main grid.

    Returns g, shape (lines,), and a = M(e − Pg) + Zα, shape (n,).
    """
    tail, head = network.private.tail[usable], network.private.head[usable]
    across = loss[:, tail] - loss[:, head]
    square = across[tail] - across[head]
    square[np.diag_indices_from(square)] += r[usable]
    right = across.T @ network.injection
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
        g[usable] = linalg.solve(square, right, assume_a="pos")
    return g, loss @ (network.injection - network.private_incidence @ g) + islands @ level


def by_node(network, loss, r, usable, islands):
    """Flows and potentials from (I + KM) p + KZα = e, Zᵀp = 0, with K = P R⁻¹ Pᵀ, one unknown a node.

    Returns g, shape (lines,), and a = Mp + Zα, shape (n,).
    """
    ends = network.private_incidence
    laplacian = csr_array(ends @ diags_array(usable / r) @ ends.T)
    n, k = network.nodes, islands.shape[1]
    system = np.zeros((n + k, n + k))
    system[:n, :n] = laplacian @ loss
    system[:n, :n][np.diag_indices(n)] += 1
    system[:n, n:] = laplacian @ islands
    system[n:, :n] = islands.T
    found = linalg.solve(system, np.concatenate([network.injection, np.zeros(k)]))
    potential = loss @ found[:n] + islands @ found[n:]
    return usable / r * (ends.T @ potential), potential


def _island_flows(network, r, usable, islands, excess):
    """Small private flows of least loss that take what islands have in excess, shape (islands,), to the main grid."""
    if not islands.shape[1]:
        return 0.0
    across = usable[:, None] * (network.private_incidence.T @ islands)
    return across @ np.linalg.solve(across.T @ (across / r[:, None]), excess) / r


def _islands_served(network, grid, g):
    """Private flows changed so slightly that islands apart from the main grid balance, losses included."""
    islands = grid.apart[:, network.reaches @ grid.apart > 0]
    r, usable = np.maximum(network.private.r, FLOOR), network.reaches[network.private.tail]
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


def loss_bound(network, loss, r, p, potential):
    """Least loss any private flows can have, by weak duality at potentials a = Mp + Zα: 2aᵀe − pᵀMp − Σ (Pᵀa)²/R."""
    across = network.private_incidence.T @ potential
    return 2 * potential @ network.injection - p @ loss @ p - np.sum(across**2 / r)


def lossy_bound(network, grid, prices):
    """Least grid supply (L2) by weak duality at prices λ (slack 1): the public part under physics is quadratic in θ."""
    lines, rest = network.public, np.flatnonzero(~grid.reference)
    total = prices[lines.tail] + prices[lines.head]
    sends = csr_array(grid.incidence @ diags_array(grid.weight))
    square = csr_array(sends @ diags_array(np.maximum(lines.r, FLOOR) * total) @ sends.T)[rest][:, rest]
    slope = (sends @ (grid.incidence.T @ prices))[rest]
    return -prices @ network.injection - slope @ solve(square, slope) / 2
