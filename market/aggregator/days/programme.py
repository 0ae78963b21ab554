"""Convex quadratic programmes with a diagonal square, behind one door: piqp solves, Clarabel checks."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import clarabel
import numpy as np
import piqp
from scipy import sparse

if TYPE_CHECKING:
    from collections.abc import Sequence

    from market.arrays import Array

SOLVER_PRECISION = 1e-13  # in units in which prices and quantities are of the size of 1
USABLE_RESIDUAL = 1e-7  # residuals up to which an answer that stopped short is an answer
MOST_STEPS = 120
SOLVED = "solved"
USABLE = (SOLVED, "inaccurate")  # statuses of answers that are one


@dataclass(frozen=True, eq=False)
class Programme:
    """Minimise cost v + square v² for v in [low, high] and rows @ v in [least, most]; shapes (n,) and (m,)."""

    cost: Array
    square: Array
    low: Array
    high: Array
    rows: sparse.csr_array
    least: Array
    most: Array

    def value(self, v: Array) -> float:
        """What v costs."""
        return float(np.dot(self.cost + self.square * v, v))

    def scaled(self, energy: float) -> tuple[Programme, float]:
        """The programme with quantities in a unit of energy and costs in one of money, and the money."""
        steep = np.max(np.abs(self.cost), initial=0.0) or 2 * energy * np.max(self.square, initial=0.0) or 1.0
        money = float(steep) * energy
        sides = (side / energy for side in (self.low, self.high, self.least, self.most))
        low, high, least, most = sides
        return Programme(
            self.cost * (energy / money), self.square * (energy**2 / money), low, high, self.rows, least, most
        ), money


@dataclass(frozen=True, eq=False)
class Answer:
    """v minimises, to `residual` in the programme's own units; prices: multipliers of the rows, what one unit more of
    the limit would cost, (m,); status: "solved", "inaccurate", "infeasible" or "not-solved"."""

    v: Array
    prices: Array
    status: str
    residual: float


def solve(programme: Programme, energy: float = 1.0, solver: str = "piqp", steps: int = MOST_STEPS) -> Answer:
    """Solve a programme whose quantities are of the size of `energy`, see SOLVERS; steps: its most.

    Where piqp finds no answer Clarabel is asked, and only what both find infeasible is.
    """
    scaled, money = programme.scaled(energy)
    v, prices, status, residual = SOLVERS[solver](scaled, steps)
    if status not in USABLE and solver == "piqp" and steps == MOST_STEPS:
        v, prices, status, residual = by_clarabel(scaled, steps)
    return Answer(np.clip(v * energy, programme.low, programme.high), prices * (money / energy), status, residual)


def stacked(parts: Sequence[Programme]) -> Programme:
    """Programmes side by side as one."""
    names = ("cost", "square", "low", "high", "least", "most")
    joined = {name: np.concatenate([getattr(part, name) for part in parts]) for name in names}
    return Programme(rows=sparse.block_diag([part.rows for part in parts], format="csr"), **joined)


def joined(programme: Programme, rows: sparse.csr_array, least: Array, most: Array) -> Programme:
    """The programme with more rows."""
    return replace(
        programme,
        rows=sparse.vstack([programme.rows, rows], format="csr"),
        least=np.concatenate([programme.least, least]),
        most=np.concatenate([programme.most, most]),
    )


def free(cost: Array, square: Array) -> Programme:
    """A programme of columns without bounds or rows."""
    infinite = np.full(len(cost), np.inf)
    return Programme(cost, square, -infinite, infinite, sparse.csr_array((0, len(cost))), np.empty(0), np.empty(0))


def by_piqp(programme: Programme, steps: int) -> tuple[Array, Array, str, float]:
    """Proximal interior points (Schwan, Jiang, Kuhn, Jones, PIQP, 2023)."""
    same, other = _sides(programme)
    solver = piqp.SparseSolver()
    settings = solver.settings
    settings.eps_abs = settings.eps_duality_gap_abs = SOLVER_PRECISION
    settings.eps_rel = settings.eps_duality_gap_rel = SOLVER_PRECISION
    settings.max_iter = steps
    rows = programme.rows
    square = sparse.diags_array(2 * programme.square, format="csc")
    equal = [_matrix(rows[same]), programme.least[same]] if len(same) else [None, np.empty(0)]
    between = [_matrix(rows[other]), programme.least[other], programme.most[other]]
    limits = between if len(other) else [None, np.empty(0), np.empty(0)]
    solver.setup(_matrix(square), programme.cost, *equal, *limits, programme.low, programme.high)
    solver.solve()
    result = solver.result
    prices = np.zeros(rows.shape[0])
    prices[same], prices[other] = -result.y, result.z_l - result.z_u
    residual = max(result.info.primal_res, result.info.dual_res, abs(result.info.duality_gap))
    status = PIQP.get(result.info.status, "inaccurate" if residual <= USABLE_RESIDUAL else "not-solved")
    return np.array(result.x), prices, status, float(residual)


def by_clarabel(programme: Programme, steps: int) -> tuple[Array, Array, str, float]:
    """Homogeneous interior points (Goulart, Chen, Clarabel, 2024)."""
    same, other = _sides(programme)
    n, rows = len(programme.cost), programme.rows
    box = sparse.eye_array(n, format="csr")
    lower, upper = (np.flatnonzero(np.isfinite(side)) for side in (programme.low, programme.high))
    least, most = (other[np.isfinite(side[other])] for side in (programme.least, programme.most))
    matrix = sparse.vstack([rows[same], -rows[least], rows[most], -box[lower], box[upper]], format="csc")
    p = programme
    sides = [p.least[same], -p.least[least], p.most[most], -p.low[lower], p.high[upper]]
    cones = [clarabel.ZeroConeT(len(same)), clarabel.NonnegativeConeT(matrix.shape[0] - len(same))]
    options = clarabel.DefaultSettings()
    options.verbose, options.max_iter = False, steps
    options.tol_gap_abs = options.tol_gap_rel = options.tol_feas = SOLVER_PRECISION
    square = sparse.diags_array(2 * programme.square, format="csc")
    solution = clarabel.DefaultSolver(square, programme.cost, matrix, np.concatenate(sides), cones, options).solve()
    duals = np.array(solution.z)
    prices = np.zeros(rows.shape[0])
    prices[same] = -duals[: len(same)]
    stops = len(same) + np.cumsum([0, len(least), len(most)])
    prices[least] += duals[stops[0] : stops[1]]
    prices[most] -= duals[stops[1] : stops[2]]
    residual = max(solution.r_prim, solution.r_dual)
    status = CLARABEL.get(str(solution.status), "inaccurate" if residual <= USABLE_RESIDUAL else "not-solved")
    return np.array(solution.x), prices, status, float(residual)


def _sides(programme):
    """Rows that are equations, and the others that limit anything."""
    same = programme.least == programme.most
    limits = np.isfinite(programme.least) | np.isfinite(programme.most)
    return np.flatnonzero(same), np.flatnonzero(~same & limits)


def _matrix(matrix: sparse.csr_array) -> sparse.csc_matrix:
    """The kind of matrix that piqp takes."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return sparse.csc_matrix(matrix)


PIQP = {piqp.PIQP_SOLVED: "solved", piqp.PIQP_PRIMAL_INFEASIBLE: "infeasible"}
CLARABEL = {"Solved": "solved", "PrimalInfeasible": "infeasible"}
SOLVERS = {"piqp": by_piqp, "clarabel": by_clarabel}
