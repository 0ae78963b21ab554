"""The benchmark: distributed bargaining by projection onto bounding sets (Nedić and Bauso 2013)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import clarabel
import cvxpy as cp
import numpy as np
from scipy import sparse

from market.arrays import Array, Integers
from market.bilateral.bargain import Bargain
from market.bilateral.ledger import Knowledge
from market.bilateral.market import MarketError
from market.bilateral.negotiation.consensus import Consensus, Known, known_to
from market.bilateral.negotiation.hinge import hinge_root
from market.on_demand import later
from market.parameters import parameter

osqp: Any = later("osqp") if find_spec("osqp") else None  # cvxpy may come without it


def known_projection(known: Known, average: Array) -> Array:
    """One agent's averaged proposal (m + n,) projected onto its bounding set by the sorted search."""
    return exact_rows(average[None], np.array([known.row]), known.value, known.theirs, known.total)[0]  # type: ignore[arg-type]  # it is told


def exact(bargain: Bargain, proposals: Array) -> Array:
    """Projections of all agents at once by a sorted search in one dimension, shape (m + n, m + n).

    With multipliers λ of the sum and μ_q of the pairs: x_r = y_r − λ, x_q = max(y_q − λ, a_kq − x_k) and
    x_k = max(0, y_k − λ + Σ μ). Written in s = λ − x_k the sum is one line met by hinges; where x_k would fall below 0
    it is 0, and the sum is another.
    """
    after, m, agents = proposals.copy(), len(bargain.buyer_idle), len(proposals)
    for side, mine, theirs in ((bargain, slice(0, m), slice(m, None)), (bargain.mirrored, slice(m, None), slice(0, m))):
        if len(proposals[mine]):
            after[mine] = exact_rows(proposals[mine], np.arange(agents)[mine], side.value, theirs, bargain.welfare)
    return after


def exact_rows(y: Array, number: Integers, value: Array, theirs: slice, total: float) -> Array:
    """Projections of the proposals y (r, m + n) of agents of one side, see `exact`; a new array.

    number (r,): their numbers, buyers first; value (r, q): of their pairs; theirs: where proposals name the other side;
    total: v(N), what all gain together; all in units of claims.
    """
    row, agents = np.arange(len(y)), y.shape[1]
    own = y[row, number]
    rest = y.sum(axis=1) - own
    knot = value - y[:, theirs]
    ones = np.ones(knot.shape)
    level = np.full(len(y), float(agents))
    constant = total - rest - own * (2 - agents) / 2
    s = -hinge_root(level / 2, constant, ones * (agents - 4) / 2, knot)
    t = (own - s + np.sum(np.maximum(knot + s[:, None], 0.0), axis=1)) / 2
    pinned = t < 0
    if np.any(pinned):
        s = np.where(pinned, -hinge_root(level - 1, total - rest, -ones, knot), s)
        t = np.where(pinned, 0.0, t)
    after = y - (s + t)[:, None]
    after[:, theirs] = np.maximum(after[:, theirs], value - t[:, None])
    after[row, number] = t
    return after


@dataclass(frozen=True, eq=False)
class BoundingSet:
    """An agent's set: rows · x ≥ least, with equality in the first row; sparse rows (constraints, m + n)."""

    rows: sparse.csc_matrix
    least: Array


def bounding_set(bargain: Bargain, agent: int) -> BoundingSet:
    """The bounding set of an agent, buyers numbered first: sum, pairs, own claim ≥ 0 (Nedić and Bauso 2013)."""
    m, n = bargain.value.shape
    buys = agent < m
    values = bargain.value[agent] if buys else bargain.value[:, agent - m]
    mine = np.arange(m + n) == agent
    theirs = np.eye(m + n)[m:] if buys else np.eye(m + n)[:m]
    rows = np.vstack([np.ones(m + n), theirs + mine, mine])
    return BoundingSet(sparse.csc_matrix(rows), np.concatenate([[bargain.welfare], values, [0.0]]))


def general(limits: BoundingSet) -> Callable[[Array], Array]:
    """A function that projects a proposal (m + n,) onto a BoundingSet: Clarabel through cvxpy, compiled once."""
    x, y = cp.Variable(limits.rows.shape[1]), cp.Parameter(limits.rows.shape[1])
    sides = [limits.rows[:1] @ x == limits.least[:1], limits.rows[1:] @ x >= limits.least[1:]]
    problem = cp.Problem(cp.Minimize(cp.sum_squares(x - y)), sides)

    def project(proposal):
        y.value = proposal
        problem.solve(solver=cp.CLARABEL)
        return x.value

    return project


def bare(limits: BoundingSet) -> Callable[[Array], Array]:
    """A function that projects a proposal (m + n,) onto a BoundingSet: Clarabel itself, without the modelling layer."""
    agents = limits.rows.shape[1]
    rows, right = sparse.vstack([limits.rows[:1], -limits.rows[1:]], format="csc"), limits.least.copy()
    right[1:] *= -1
    cones = [clarabel.ZeroConeT(1), clarabel.NonnegativeConeT(len(right) - 1)]
    options = clarabel.DefaultSettings()
    options.verbose = False
    square = sparse.csc_matrix(np.eye(agents))

    def project(proposal):
        return np.array(clarabel.DefaultSolver(square, -proposal, rows, right, cones, options).solve().x)

    return project


def reused(limits: BoundingSet) -> Callable[[Array], Array]:
    """A function that projects a proposal (m + n,) onto a BoundingSet: OSQP, its set-up kept, to 1e-6."""
    upper = np.full(len(limits.least), np.inf)
    upper[0] = limits.least[0]
    agents = limits.rows.shape[1]
    solver = osqp.OSQP()
    solver.setup(
        sparse.csc_matrix(np.eye(agents)),
        np.zeros(agents),
        limits.rows,
        limits.least,
        upper,
        eps_abs=1e-6,
        eps_rel=1e-6,
        verbose=False,
    )

    def project(proposal):
        solver.update(q=-proposal)
        return solver.solve(raise_error=False).x

    return project


def one_by_one(proposals: Array, projections: list[Callable[[Array], Array]]) -> Array:
    """Projections by every agent's own solver, shape (m + n, m + n)."""
    pairs = zip(projections, proposals, strict=True)
    return np.array([project(proposal) for project, proposal in pairs]).reshape(proposals.shape)


SOLVERS = {
    "exact": None,
    "general": general,
    "clarabel": bare,
}  # name: a function of a BoundingSet, None for all agents at once
if osqp is not None:
    SOLVERS["osqp"] = reused


@dataclass(frozen=True)
class Benchmark(Consensus):
    """Consensus in which each agent projects onto its bounding set, knowing v(N), what all gain together.

    The set of agent k: Σ x = v(N), x_k + x_q ≥ a_kq for everybody on the other side, x_k ≥ 0 (Nedić and Bauso
    2013). One contract an agent.
    solver: "exact", the sorted search for all agents at once; "general", a quadratic programme handed to Clarabel
    through cvxpy; "clarabel", the same without cvxpy; "osqp", handed to OSQP with its set-up kept from round to round.
    """

    begin: str = "whole"  # no key of files
    solver: str = parameter(default="exact", type="choice", range=tuple(SOLVERS), meaning="of its projections")

    single = True

    def __post_init__(self):
        super().__post_init__()
        if self.solver not in SOLVERS:
            raise MarketError(f"solver={self.solver!r} is not one of {', '.join(SOLVERS)}")

    @property
    def ledger(self) -> tuple[Knowledge, ...]:
        return (*super().ledger, Knowledge("the platform", "everybody", "v(N), what all gain together", "at the start"))

    def check(self, bargain: Bargain) -> None:
        super().check(bargain)
        if not bargain.single:
            raise MarketError("rule: benchmark works with one contract an agent; cut the market into blocks")

    def prepare(self, bargain: Bargain) -> list[Callable[[Array], Array]] | None:
        build, agents = SOLVERS[self.solver], len(bargain.buyer_idle) + len(bargain.seller_idle)
        return None if build is None else [build(bounding_set(bargain, agent)) for agent in range(agents)]

    def operator(
        self, bargain: Bargain, proposals: Array, number: int, tools: list[Callable[[Array], Array]] | None
    ) -> Array:
        projected = exact(bargain, proposals) if tools is None else one_by_one(proposals, tools)
        return proposals + self.relaxation * (projected - proposals)

    def known(self, bargain: Bargain, row: int) -> Known:
        return known_to(bargain, row, bargain.welfare)

    def answer(self, known: Known, average: Array, number: int, tool: Callable[[Array], Array] | None = None) -> Array:
        projected = known_projection(known, average) if tool is None else tool(average)
        return average + self.relaxation * (projected - average)
