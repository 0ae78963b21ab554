"""Parts of the microgrid's convex programmes."""

import cvxpy as cp
import numpy as np


def half(ends, r, square):
    """Expression of the half losses at the nodes, ½ |ends| diag(r) square, shape (n,)."""
    return cp.Constant(abs(ends) * (r / 2)) @ square


def squares(r, flow):
    """A variable for the squares of flows and the constraint that it is no less; only lines with resistance count."""
    square = cp.Variable(flow.shape, nonneg=True)
    lossy = np.flatnonzero(r > 0)
    return square, ([cp.square(flow[lossy]) <= square[lossy]] if len(lossy) else [])


def relaxation_gap(r, flow, square):
    """Largest r (square − flow²), in p.u., ≥ 0."""
    lossy = r > 0
    return float(np.max(r[lossy] * (square[lossy] - flow[lossy] ** 2), initial=0.0))
