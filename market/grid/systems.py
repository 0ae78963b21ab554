"""Systems of equations of a grid: dense where that is faster, else sparse."""

from __future__ import annotations

import numpy as np
from scipy import linalg, sparse

from market.arrays import Array, Integers

MOST_DENSE_UNKNOWNS = 100  # unknowns up to which dense elimination is the faster one
MOST_SPARSE_FILL = 0.03  # share of entries above which it is


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
    # LAPACK wants columns one after another: the transpose of rows is that without a copy.
    known = {"overwrite_a": True, "check_finite": False}
    if definite:
        return linalg.cho_solve(linalg.cho_factor(matrix.T, lower=True, **known), right, check_finite=False)
    return linalg.lu_solve(linalg.lu_factor(matrix.T, **known), right, trans=1, check_finite=False)
