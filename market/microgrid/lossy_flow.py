"""Public flows with lossy lines (L2): f is the flow in the middle of a line, each end supplies half of its loss."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from market.arrays import Array
from market.grid.power_flow import Grid
from market.grid.systems import solve

MOST_NEWTON = 30
NEWTON_BALANCED = 1e-12  # balance in p.u. at which Newton's method ends, relative to the largest injection
LOOSELY_BALANCED = 1e3  # times NEWTON_BALANCED is still balance, where rounding ends Newton's method


def half_losses(ends: sparse.csr_array, r: Array, f: Array) -> Array:
    """What the ends supply of the loss r f² of each line, p.u., shape (n,), half each.

    ends: incidence, shape (n, lines); r, f: shape (lines,) (docs/microgrid/model.md, Nodes and lines).
    """
    return abs(ends) @ (r * f**2) / 2


def lossy_flows(grid: Grid, p: Array, start: Array | None = None) -> Array | None:
    """Mid-line flows f with A f + ½|A| r f² = p at all nodes but references, shape (lines,); None where there are none.

    Newton's method on the potentials, from the flows without losses, or from flows `start` of potentials. Flows with
    r |f| > 1 deliver less the more is sent and count as none. p: p.u., shape (n,)
    (docs/microgrid/model.md, Nodes and lines).
    """
    ends, r, weight, rest = grid.incidence, grid.r, grid.weight, np.flatnonzero(~grid.reference)
    sends = ends @ sparse.diags_array(weight) @ ends.T
    theta = grid.potentials(p if start is None else ends @ start)
    aim = NEWTON_BALANCED * np.max(np.abs(p))
    with np.errstate(all="ignore"):
        for _ in range(MOST_NEWTON):
            f = weight * (ends.T @ theta) + grid.loop
            missing = (p - ends @ f - half_losses(ends, r, f))[rest]
            error = np.max(np.abs(missing), initial=0.0)
            if not aim < error < np.inf:
                break
            slope = sparse.csr_array(sends + abs(ends) @ sparse.diags_array(r * f * weight) @ ends.T)
            try:
                theta[rest] += solve(slope[rest][:, rest], missing)
            except (np.linalg.LinAlgError, RuntimeError):
                return None
        fine = error <= LOOSELY_BALANCED * aim and np.all(r * np.abs(f) <= 1)
    return f if fine else None
