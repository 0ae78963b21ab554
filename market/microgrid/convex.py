"""Parts of the microgrid's convex programmes."""

from __future__ import annotations

import cvxpy as cp
import numpy as np
from scipy import sparse

from market.arrays import Array


def half(ends: sparse.csr_array, r: Array, square: cp.Variable) -> cp.Expression:
    """Expression of the half losses at the nodes, ½ |ends| diag(r) square, shape (n,).

    ends: incidence, shape (n, lines); r, square: shape (lines,) (docs/microgrid/model.md, Nodes and lines).
    """
    return cp.Constant(abs(ends) * (r / 2)) @ square


def squares(r: Array, flow: cp.Variable) -> tuple[cp.Variable, list[cp.Constraint]]:
    """A variable for the squares of flows and the constraint that it is no less; only lines with resistance count."""
    square = cp.Variable(flow.shape, nonneg=True)
    lossy = np.flatnonzero(r > 0)
    return square, ([cp.square(flow[lossy]) <= square[lossy]] if len(lossy) else [])


def relaxation_gap(r: Array, flow: Array, square: Array) -> float:
    """Largest r (square − flow²), p.u., ≥ 0; arguments of shape (lines,) (docs/microgrid/model.md, Five behaviours)."""
    lossy = r > 0
    return float(np.max(r[lossy] * (square[lossy] - flow[lossy] ** 2), initial=0.0))
