"""What lossy flows must lose at least, by weak duality at any prices, and prices that prove that there are no flows.

The Lagrangian at prices λ = base + unit q splits into lines: free ones earn at most their rent, those under physics
share a quadratic of the potentials. No floor stands for a resistance here that is not paid for.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse

from market.arrays import Array
from market.grid.lines import RESISTANCE_FLOOR
from market.grid.power_flow import Grid
from market.grid.systems import solve
from market.microgrid.network import Network
from market.microgrid.price_driven import Wires, dual_bound, levelled

SYSTEM_MISSED = 1e-7  # share of the right side by which a system may be missed
SURELY_MISSING = 1e-7  # power beyond doubt, as a share of the largest injection, missing where nothing can serve
FLOW_SPARE = 4.0  # times the flows found: more than any best flows have on lines without notable resistance


def both_kinds(network: Network, base: float = 0.0, unit: float = 1.0) -> Wires:
    """Wires of the public lines, then the private ones, with lossy flows."""
    public, private = network.public, network.private
    tail, head, r = (np.concatenate([getattr(public, k), getattr(private, k)]) for k in ("tail", "head", "r"))
    return Wires(network.nodes, tail, head, r, True, network.floor, base, unit)


def private_kind(network: Network, base: float, unit: float) -> Wires:
    """Wires of the private lines alone, with lossy flows."""
    lines = network.private
    return Wires(network.nodes, lines.tail, lines.head, lines.r, True, network.floor, base, unit)


def pinned(network: Network, value: float) -> tuple[Array, Array]:
    """Bounds of prices, each (n,): the slack's is fixed at a value, the others' infinite."""
    low, high = np.full(network.nodes, -np.inf), np.full(network.nodes, np.inf)
    low[network.slack] = high[network.slack] = value
    return low, high


def free_bound(network: Network, q: Array, base: float, unit: float) -> float:
    """Least of what balance is worth at prices where all flows are free, −qᵀe − Σ rents; −∞ where there is none.

    Prices are base + unit q, q of shape (n,); the bound is in the unit's money
    (docs/microgrid/model.md, How sure, how fast).
    """
    return dual_bound(both_kinds(network, base, unit), network.injection, q, *pinned(network, 0.0))


def physical_bound(network: Network, grid: Grid, q: Array, base: float, unit: float, f: Array) -> float:
    """The same where public flows follow potentials, from public flows f, shape (lines,), of about the right size."""
    lines = private_kind(network, base, unit)
    q = levelled(lines, q, *pinned(network, 0.0))
    private = -q @ network.injection - np.sum(lines.most_rents(q))
    return float(private) + public_bound(network, grid, q, base, unit, f)


def public_bound(network: Network, grid: Grid, q: Array, base: float, unit: float, f: Array) -> float:
    """Least of Σ unit (q_i − q_j) f + ½ r (λ_i + λ_j) f² over flows of potentials, in the unit's money; or −∞."""
    lines, rest = network.public, np.flatnonzero(~grid.reference)
    total = 2 * base + unit * (q[lines.tail] + q[lines.head])
    if np.any(lines.r * total < 0):
        return -np.inf
    least = RESISTANCE_FLOOR * (np.max(lines.r, initial=0.0) or 1.0)
    weight = grid.weight / np.max(np.abs(grid.weight), initial=1e-300)
    sends = sparse.csr_array(grid.incidence @ sparse.diags_array(weight))
    lost = sparse.diags_array(np.maximum(lines.r, least) * total / unit)
    square = sparse.csr_array(sends @ lost @ sends.T)[rest][:, rest]
    across, weighed = grid.incidence.T @ q, lines.r * total * grid.loop / unit
    slope = (sends @ (across + weighed))[rest]
    driven = float((across + weighed / 2) @ grid.loop)
    found = _solved(square, slope)
    if found is None:
        return -np.inf
    unpaid = np.maximum(least - lines.r, 0.0) * total / unit
    return driven - slope @ found / 2 - FLOW_SPARE / 2 * float(unpaid @ f**2)


def _solved(matrix, right):
    """Solution of a semidefinite system, shape of right; None where there is none to within rounding."""
    if not len(right):
        return right
    size = np.max(np.abs(right))
    for way in (solve, _least_squares):
        try:
            with np.errstate(all="ignore"):
                found = way(matrix, right)
        except (np.linalg.LinAlgError, RuntimeError):
            continue
        if np.all(np.isfinite(found)) and np.max(np.abs(matrix @ found - right)) <= SYSTEM_MISSED * size:
            return found
    return None


def _least_squares(matrix, right):
    dense = matrix if isinstance(matrix, np.ndarray) else matrix.toarray()
    return np.linalg.lstsq(dense, right, rcond=None)[0]


def proves_infeasible(network: Network, grid: Grid | None, prices: Array) -> bool:
    """Do prices (n,), 0 at the slack, show that no lossy flows serve everybody? grid: None where flows are free."""
    if not np.any(prices > 0):
        return False
    if grid is None:
        bound = free_bound(network, prices, 0.0, 1.0)
    else:
        bound = physical_bound(network, grid, prices, 0.0, 1.0, np.full(len(network.public), network.power))
    return bool(bound > SURELY_MISSING * network.power * np.max(prices))
