"""Systems of equations of a grid: dense where that is faster, else sparse."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import numpy as np
from scipy import linalg, sparse

from market.arrays import Array, Integers, Mask

MOST_DENSE_UNKNOWNS = 100  # unknowns up to which dense elimination is the faster one
MOST_SPARSE_FILL = 0.03  # share of entries above which it is
MOST_EVEN = 1e7  # ratio of the largest weight of a line to the smallest above which sums at nodes lose the small ones


class Factors:
    """A sparse system for many right sides: factorised once in the main thread, elsewhere for each.

    SuperLU's factors must not outlive the thread that made them; nor can they be pickled.
    """

    def __init__(self, matrix: sparse.csc_array) -> None:
        self.matrix = matrix
        self._kept: sparse.linalg.SuperLU | None = None

    def solve(self, right: Array) -> Array:
        """Solutions of right sides, shape (n,) or (n, k); raises RuntimeError where the matrix is singular."""
        if not self.matrix.shape[0]:
            return right
        factors = self._kept or sparse.linalg.splu(self.matrix)
        if threading.current_thread() is threading.main_thread():
            self._kept = factors
        return np.asarray(factors.solve(right), dtype=float)

    def __getstate__(self) -> dict[str, Any]:
        return vars(self) | {"_kept": None}


class Potentials:
    """Potentials of nodes, 0 at the references: lines' Laplacian without these, factorised for any injections.

    ends: incidence, sparse, shape (n, lines); weight: shape (lines,); reference: marks, shape (n,), at least one node
    of each part that lines join. Raises RuntimeError where weights of opposite sign cancel.
    """

    def __init__(self, ends: sparse.csr_array, weight: Array, reference: Mask) -> None:
        self.nodes, self.rest = len(reference), np.flatnonzero(~reference)
        self._lines = (ends, weight) if uneven(weight) else None
        self._factors = Factors((ends @ sparse.diags_array(weight) @ ends.T).tocsc()[self.rest][:, self.rest])
        self._factors.solve(np.zeros(len(self.rest)))

    def of(self, injections: Array) -> Array:
        """θ of injections, shape (n,), or of many side by side, shape (n, k).

        With uneven weights once more for what is missing at nodes, which flows line by line tell (iterative refinement:
        Higham, Accuracy and Stability of Numerical Algorithms, 2002, chapter 12).
        """
        theta = np.zeros(np.shape(injections))
        theta[self.rest] = self._factors.solve(injections[self.rest])
        if self._lines:
            theta[self.rest] += self._factors.solve(missing(*self._lines, theta, injections)[self.rest])
        return theta

    @cached_property
    def inverse(self) -> Array:
        """The inverse Laplacian X, 0 at references, shape (n, n): potentials of a unit put in at each node."""
        inverse = np.zeros((self.nodes, self.nodes))
        inverse[:, self.rest] = self.of(np.eye(self.nodes)[:, self.rest])
        return inverse


@dataclass(frozen=True, eq=False)
class Effects:
    """A symmetric matrix of all pairs of nodes as what it does to vectors: scale X, or scale X B X, not laid out.

    X: the inverse Laplacian whose factors these are; middle: B, sparse, shape (n, n).
    """

    factors: Potentials
    middle: sparse.csr_array | None = None
    scale: float = 1.0

    def __matmul__(self, injections: Array) -> Array:
        theta = self.factors.of(injections)
        return self.scale * (theta if self.middle is None else self.factors.of(self.middle @ theta))


def assembled(
    n: int, rows: Integers, columns: Integers, values: Array, filled: float = MOST_SPARSE_FILL
) -> Array | sparse.csr_array:
    """A square matrix from its entries, repeated ones added: dense where small or well filled, else sparse."""
    if n <= MOST_DENSE_UNKNOWNS or len(values) > filled * n**2:
        return np.bincount(rows * n + columns, values, n**2).reshape(n, n)
    return sparse.csr_array((values, (rows, columns)), (n, n))


def laplacian(tail: Integers, head: Integers, weight: Array, n: int, filled: float = 0.0) -> Array | sparse.csr_array:
    """Laplacian of weighted lines, shape (n, n), dense from a share of entries on."""
    rows, columns = np.concatenate([tail, head, tail, head]), np.concatenate([tail, head, head, tail])
    return assembled(n, rows, columns, np.concatenate([weight, weight, -weight, -weight]), filled)


def uneven(weight: Array) -> bool:
    """Do lines' weights, shape (lines,), lie so far apart that a sum of them loses the small ones?"""
    size = np.abs(weight)
    return bool(np.max(size, initial=0.0) > MOST_EVEN * np.min(size, initial=np.inf))


def missing(ends: sparse.csr_array, weight: Array, theta: Array, injections: Array) -> Array:
    """What flows of potentials θ, added up line by line, leave of the injections, shape as theirs."""
    return injections - ends @ (sparse.diags_array(weight) @ (ends.T @ theta))


def solve(matrix: Array | sparse.csr_array, right: Array) -> Array:
    """Solution of a system, shape (n,), by dense elimination where the matrix is small or well filled."""
    n = matrix.shape[0]
    if isinstance(matrix, np.ndarray):
        return np.asarray(np.linalg.solve(matrix, right), dtype=float)
    if n <= MOST_DENSE_UNKNOWNS or matrix.nnz > MOST_SPARSE_FILL * n**2:
        return np.linalg.solve(matrix.toarray(), right)
    return sparse.linalg.splu(sparse.csc_array(matrix)).solve(right)


def solve_in_place(matrix: Array, right: Array, definite: bool = False) -> Array:
    """Solution of a dense system, by Cholesky's method if it is symmetric and definite; the matrix is overwritten."""
    return factorised_in_place(matrix, definite)(right)


def factorised_in_place(matrix: Array, definite: bool = False) -> Callable[[Array], Array]:
    """The function that solves a dense system for any right sides, as solve_in_place; the matrix is overwritten."""
    # LAPACK wants columns one after another: the transpose of rows is that without a copy.
    known = {"overwrite_a": True, "check_finite": False}
    if definite:
        return partial(linalg.cho_solve, linalg.cho_factor(matrix.T, lower=True, **known), check_finite=False)
    return partial(linalg.lu_solve, linalg.lu_factor(matrix.T, **known), trans=1, check_finite=False)
