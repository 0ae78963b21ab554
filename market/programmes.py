"""Convex programmes handed to cvxpy and Clarabel: a status instead of warnings."""

from __future__ import annotations

import warnings

import cvxpy as cp

SOLVED = {"optimal": True, "optimal_inaccurate": False}  # cvxpy's status to: is it accurate?
TOLERANCES = ("tol_gap_abs", "tol_gap_rel", "tol_feas")
TIGHT = {f"{kind}{name}": size for kind, size in (("", 1e-10), ("reduced_", 1e-8)) for name in TOLERANCES}


def solved(problem: cp.Problem) -> bool | None:
    """Solve with Clarabel; True if accurate, False if solved at reduced accuracy, None if not solved."""
    return SOLVED.get(_handed(problem))


def solved_tightly(problem: cp.Problem) -> bool | None:
    """As `solved`, but as exactly as the solver can; no less accurate answers count as accurate than do there."""
    return True if SOLVED.get(_handed(problem, **TIGHT)) is not None else solved(problem)


def _handed(problem, **options):
    """The status after handing a problem to Clarabel."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            problem.solve(solver=cp.CLARABEL, warm_start=False, **options)
        except cp.SolverError:
            return None
    return problem.status
