"""A cooperative optimum with lossy flows made exact: Newton's method on what makes it one.

Unknown are the potentials θ behind public flows f and the prices λ = 1 + unit q, which drive private flows. Met are the
balance of every node but the slack, and, for every potential, the marginal worth of the flows that it moves:
Σ w (q_i − q_j + r (λ_i + λ_j) f / unit) = 0.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy import sparse

from market.grid.power_flow import Grid
from market.grid.systems import solve
from market.microgrid.least_loss import private_kind
from market.microgrid.lossy_flow import half_losses
from market.microgrid.network import Network
from market.microgrid.price_driven import NODES_BALANCED
from market.microgrid.programme import NOT_RELAXED, Found

MOST_ROUNDS = 12


def exact(network: Network, grid: Grid, found: Found) -> Found:
    """The programme's answer with exact private flows and prices; as it was where Newton's method does not settle."""
    private, power = private_kind(network, 1.0, found.unit), network.power
    weight = grid.weight / np.max(np.abs(grid.weight), initial=1e-300)
    sends = sparse.csr_array(grid.incidence @ sparse.diags_array(weight))
    nodes = np.flatnonzero(network.reaches & (np.arange(network.nodes) != network.slack))
    rest = np.flatnonzero(~grid.reference & network.reaches)
    q, theta = found.q.copy(), np.zeros(network.nodes)
    theta[rest] = _potentials(grid, found.f - grid.loop, rest)
    for _ in range(MOST_ROUNDS):
        missing, worth, slopes = _system(network, grid, private, sends, weight, q, theta)
        off = np.concatenate([missing[nodes], power * worth[rest]])
        if not np.all(np.isfinite(off)) or np.any(private.both_ends(q) <= 0):
            return found
        if np.max(np.abs(off), initial=0.0) <= max(NODES_BALANCED * power, private.rounding(q)):
            g = private.flows(q)
            return replace(found, g=g, q=q, accurate=found.relax_gap <= NOT_RELAXED * power)
        (by_q, by_theta), (worth_q, worth_theta) = slopes
        matrix = sparse.block_array(
            [
                [by_q[nodes][:, nodes], by_theta[nodes][:, rest]],
                [power * worth_q[rest][:, nodes], power * worth_theta[rest][:, rest]],
            ]
        ).tocsr()
        try:
            with np.errstate(all="ignore"):
                step = solve(matrix, -off)
        except (np.linalg.LinAlgError, RuntimeError):
            return found
        q[nodes] += step[: len(nodes)]
        theta[rest] += step[len(nodes) :]
    return found


def _potentials(grid, f, rest):
    """Potentials behind flows that follow physics, at the nodes `rest`."""
    scale = np.max(np.abs(grid.weight), initial=1e-300)
    return grid.potentials(grid.incidence @ f)[rest] * scale


def _system(network, grid, private, sends, weight, q, theta):
    """(Missing balance (n,), marginal worth by potential (n,), their slopes by q and θ, sparse (n, n) each)."""
    ends, r, unit = grid.incidence, grid.r, private.unit
    both, f = abs(ends), weight * (ends.T @ theta) + grid.loop
    total = 2 + unit * (both.T @ q)
    missing = private.left(network.injection, private.flows(q)) - ends @ f - half_losses(ends, r, f)
    worth = sends @ (ends.T @ q + r * total * f / unit)
    by_theta = -(ends + both @ sparse.diags_array(r * f)) @ sends.T
    worth_q = sends @ (ends.T + sparse.diags_array(r * f) @ both.T)
    worth_theta = sends @ sparse.diags_array(r * total / unit) @ sends.T
    by_q = sparse.csr_array(private.slope(q))
    return missing, worth, ((by_q, sparse.csr_array(by_theta)), (sparse.csr_array(worth_q), worth_theta))
