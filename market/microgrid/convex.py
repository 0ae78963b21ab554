"""Convex programmes handed to cvxpy and Clarabel: a status instead of warnings."""

import warnings

import cvxpy as cp
import numpy as np

SOLVED = {cp.OPTIMAL: True, cp.OPTIMAL_INACCURATE: False}  # status to: is it accurate?


def solved(problem):
    """Solve with Clarabel; True if accurate, False if solved at reduced accuracy, None if not solved."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            problem.solve(solver=cp.CLARABEL)
        except cp.SolverError:
            return None
    return SOLVED.get(problem.status)


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
