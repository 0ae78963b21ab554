"""How power flows on the public grid.

Losses are quadratic, r f². Priced (L1): a line delivers what it is sent, the main grid supplies the loss. Lossy (L2):
f is the flow in the middle of a line, each end supplies half of the loss.
"""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from scipy.linalg import cho_factor, cho_solve, lu_factor, lu_solve
from scipy.sparse import csc_array, csr_array, diags_array
from scipy.sparse.linalg import splu

from market.microgrid.network import FLOOR, NetworkError, incidence

PHYSICS = ("x", "r")
CIRCUIT = 1e-6  # share of the largest resistance that stands for less under physics "r": flows follow it to the digit
MOST_NEWTON = 30
SMALL = 100  # unknowns up to which dense elimination is the faster one
FILLED = 0.03  # share of entries above which it is
LEAST_LOOP = 1e-11  # share of what shifts drive below which a flow round in circles is rounding
LOOSE = 1e3  # times EXACT is still balance, where rounding ends Newton's method
EXACT = 1e-12  # balance in p.u. at which Newton's method ends, relative to the largest injection


@dataclass(frozen=True, eq=False)
class Grid:
    """The public grid under one physics, built once and used for any injections.

    Potentials θ follow from the injections p, weight_e (θ_i − θ_j) is the flow on line e from i to j. `reference` marks
    the nodes with θ = 0: the slack and one node of each island apart from it. `inverse` is the inverse Laplacian X,
    shape (n, n), zero at references: θ = X p. tail, head, r and weight have shape (lines,); loop: flows that phase
    shifts drive round in circles whatever the injections, shape (lines,), 0 without shifts and where r rules.
    """

    physics: str
    nodes: int
    slack: int
    island: np.ndarray
    reference: np.ndarray
    incidence: csr_array
    tail: np.ndarray
    head: np.ndarray
    r: np.ndarray
    weight: np.ndarray
    inverse: np.ndarray
    loop: np.ndarray

    @cached_property
    def resistive(self):
        """The same lines as a circuit of resistances: its flows are those of least loss, its X is their M."""
        weight = 1 / floored(self.r)
        inverse = _inverse(self.incidence, weight, self.reference)
        return replace(self, physics="r", weight=weight, inverse=inverse, loop=np.zeros(len(weight)))

    @cached_property
    def ptdf(self):
        """S, shape (lines, n): flow on each line for a unit put in at a node and taken out at the reference."""
        return self.weight[:, None] * (self.incidence.T @ self.inverse)

    @cached_property
    def loss(self):
        """M = Sᵀ diag(r) S, shape (n, n): the public loss of injections p is pᵀ M p, without phase shifts."""
        middle = self.incidence @ diags_array(self.weight**2 * self.r) @ self.incidence.T
        product = self.inverse.T @ (middle @ self.inverse)
        return (product + product.T) / 2

    @cached_property
    def loop_pull(self):
        """m = Sᵀ diag(r) loop, shape (n,): with phase shifts the public loss is pᵀ M p + 2 mᵀ p + loop_loss."""
        return self.inverse.T @ (self.incidence @ (self.weight * self.r * self.loop))

    @cached_property
    def loop_loss(self):
        """Public loss in p.u. without any injection, which phase shifts cause."""
        return float(self.r @ self.loop**2)

    def marginal_loss(self, p):
        """Half of what the public loss grows by with each injection, M p + m, shape (n,)."""
        return self.loss @ p + self.loop_pull

    @cached_property
    def apart(self):
        """Islands that do not reach the slack as 0/1 columns, shape (n, islands): what they take in must sum to 0."""
        references = np.flatnonzero(self.reference)
        numbers = self.island[references[references != self.slack]]
        return (self.island[:, None] == numbers).astype(float)

    def flows(self, p):
        """Flows f on all lines, shape (lines,), of injections p, losses priced."""
        theta = self.inverse @ p
        return self.weight * (theta[self.tail] - theta[self.head]) + self.loop


def build_grid(network, physics="x"):
    """The grid of a network's public lines: DC power flow ("x") or a circuit of resistances ("r").

    Under "r" a resistance below CIRCUIT of the largest counts as that. Raises NetworkError where the reactances of a
    cut cancel.
    """
    if physics not in PHYSICS:
        raise NetworkError(f"physics(={physics!r}) must be one of {', '.join(PHYSICS)}")
    lines, n = network.public, network.nodes
    weight = 1 / (lines.x if physics == "x" else floored(lines.r, CIRCUIT))
    ends = incidence(lines, n)
    reference = np.zeros(n, dtype=bool)
    reference[np.unique(network.public_island, return_index=True)[1]] = True
    reference[network.reaches_publicly] = False
    reference[network.slack] = True
    try:
        inverse = _inverse(ends, weight, reference)
    except RuntimeError:
        raise NetworkError("public lines: reactances of opposite sign cancel; flows are not defined") from None
    place = (network.slack, network.public_island, reference, ends)
    loop = _loop(ends, weight, inverse, lines.shift if physics == "x" else np.zeros(len(lines)))
    return Grid(physics, n, *place, lines.tail, lines.head, lines.r, weight, inverse, loop)


def _loop(ends, weight, inverse, shift):
    """Flows that phase shifts in degrees drive without injections, shape (lines,): a shift is a pair of injections."""
    if not np.any(shift):
        return np.zeros(len(shift))
    driven = -weight * np.radians(shift)
    loop = driven - weight * (ends.T @ (inverse @ (ends @ driven)))
    return np.where(np.abs(loop) > LEAST_LOOP * np.max(np.abs(driven)), loop, 0.0)


def _inverse(ends, weight, reference):
    """Inverse of the Laplacian ends diag(weight) endsᵀ without the references, where it is 0, shape (n, n)."""
    inverse = np.zeros((len(reference), len(reference)))
    rest = np.flatnonzero(~reference)
    if len(rest):
        matrix = (ends @ diags_array(weight) @ ends.T).tocsc()[rest][:, rest]
        inverse[np.ix_(rest, rest)] = splu(matrix).solve(np.eye(len(rest)))
    return inverse


def floored(r, share=FLOOR):
    """Resistances with those below a share of the largest as that, all as 1 where none has any, shape (lines,)."""
    largest = np.max(r, initial=0.0)
    return np.maximum(r, share * largest) if largest > 0 else np.ones(len(r))


def sent(lines, flows, nodes):
    """What flows take out of their nodes, the incidence matrix times them, shape (nodes,)."""
    return np.bincount(lines.tail, flows, nodes) - np.bincount(lines.head, flows, nodes)


def assembled(n, rows, columns, values, filled=FILLED):
    """A square matrix from its entries, repeated ones added: dense where small or well filled, else sparse."""
    if n <= SMALL or len(values) > filled * n**2:
        return np.bincount(rows * n + columns, values, n**2).reshape(n, n)
    return csr_array((values, (rows, columns)), (n, n))


def laplacian(tail, head, weight, n, filled=0.0):
    """Laplacian of weighted lines, shape (n, n), dense from a share of entries on."""
    rows, columns = np.concatenate([tail, head, tail, head]), np.concatenate([tail, head, head, tail])
    return assembled(n, rows, columns, np.concatenate([weight, weight, -weight, -weight]), filled)


def solve(matrix, right):
    """Solution of a system, by dense elimination where the matrix is small or well filled."""
    n = matrix.shape[0]
    if isinstance(matrix, np.ndarray):
        return np.linalg.solve(matrix, right)
    if n <= SMALL or matrix.nnz > FILLED * n**2:
        return np.linalg.solve(matrix.toarray(), right)
    return splu(csc_array(matrix)).solve(right)


def solve_in_place(matrix, right, definite=False):
    """Solution of a dense system, by Cholesky's method if it is symmetric and definite; the matrix is overwritten."""
    # LAPACK wants columns one after another: the transpose of rows is that without a copy.
    known = {"overwrite_a": True, "check_finite": False}
    if definite:
        return cho_solve(cho_factor(matrix.T, lower=True, **known), right, check_finite=False)
    return lu_solve(lu_factor(matrix.T, **known), right, trans=1, check_finite=False)


def half_losses(ends, r, f):
    """What the ends supply of the loss r f² of each line, shape (n,), half each."""
    return abs(ends) @ (r * f**2) / 2


def lossy_flows(grid, p, start=None):
    """Mid-line flows f with A f + ½|A| r f² = p at all nodes but references, shape (lines,); None where there are none.

    Newton's method on the potentials, from the flows without losses, or from flows `start` of potentials. Flows with
    r |f| > 1 deliver less the more is sent and count as none.
    """
    ends, r, weight, rest = grid.incidence, grid.r, grid.weight, np.flatnonzero(~grid.reference)
    sends = ends @ diags_array(weight) @ ends.T
    theta = grid.inverse @ (p if start is None else ends @ start)
    aim = EXACT * np.max(np.abs(p))
    with np.errstate(all="ignore"):
        for _ in range(MOST_NEWTON):
            f = weight * (ends.T @ theta) + grid.loop
            missing = (p - ends @ f - half_losses(ends, r, f))[rest]
            error = np.max(np.abs(missing), initial=0.0)
            if not aim < error < np.inf:
                break
            slope = csr_array(sends + abs(ends) @ diags_array(r * f * weight) @ ends.T)
            try:
                theta[rest] += solve(slope[rest][:, rest], missing)
            except (np.linalg.LinAlgError, RuntimeError):
                return None
        fine = error <= LOOSE * aim and np.all(r * np.abs(f) <= 1)
    return f if fine else None
