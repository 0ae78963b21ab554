"""Convex programmes handed to cvxpy and Clarabel: a status instead of warnings."""

import warnings

import cvxpy as cp

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
