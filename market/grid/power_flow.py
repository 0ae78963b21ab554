"""How power flows on the public grid by its physics: DC flow or a circuit of resistances, and what that loses, r f²."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Protocol

import numpy as np
from scipy import sparse

from market.arrays import Array, Integers, Mask
from market.grid.lines import RESISTANCE_FLOOR, NetworkError, PublicLines, components, incidence
from market.grid.systems import Effects, Potentials

MOST_DENSE_NODES = 400  # nodes up to which products with laid-out matrices are about as fast as sparse solutions
PHYSICS = ("x", "r")
LEAST_RESISTANCE = 1e-6  # share of the largest resistance that stands for less under "r": flows follow it to the digit
LEAST_LOOP = 1e-11  # share of what shifts drive below which a flow round in circles is rounding


@dataclass(frozen=True, eq=False)
class Grid:
    """The public grid under one physics, built once and used for any injections.

    Potentials θ follow from the injections p, weight_e (θ_i − θ_j) is the flow on line e from i to j. `reference` marks
    the nodes with θ = 0: the slack and one node of each island apart from it. `factors`: the Laplacian without them,
    factorised. tail, head, r and weight have shape (lines,); loop: flows that phase shifts drive round in circles
    whatever the injections, shape (lines,), 0 without shifts and where r rules.

    Matrices of all pairs of nodes are laid out up to MOST_DENSE_NODES, above only where they are asked for by name.
    """

    physics: str
    nodes: int
    slack: int
    island: Integers
    reference: Mask
    incidence: sparse.csr_array
    tail: Integers
    head: Integers
    r: Array
    weight: Array
    factors: Potentials
    loop: Array

    @property
    def dense(self) -> bool:
        """Are matrices of all pairs of its nodes laid out?"""
        return self.nodes <= MOST_DENSE_NODES

    @property
    def inverse(self) -> Array:
        """The inverse Laplacian X, shape (n, n), zero at references: θ = X p."""
        return self.factors.inverse

    @cached_property
    def resistive(self) -> Grid:
        """The same lines as a circuit of resistances: its flows are those of least loss, its X is their M."""
        weight = 1 / floored(self.r)
        factors = Potentials(self.incidence, weight, self.reference)
        return replace(self, physics="r", weight=weight, factors=factors, loop=np.zeros(len(weight)))

    @cached_property
    def loss(self) -> Array:
        """M = Sᵀ diag(r) S, shape (n, n), flows f = S p: the public loss of injections p is pᵀ M p, without shifts.

        p: p.u., shape (n,) (docs/microgrid/model.md, Nodes and lines).
        """
        product = self.inverse.T @ (self._middle @ self.inverse)
        return (product + product.T) / 2

    @cached_property
    def _middle(self) -> sparse.csr_array:
        """B, shape (n, n): the public loss of potentials θ is θᵀ B θ, without shifts."""
        return sparse.csr_array(self.incidence @ sparse.diags_array(self.weight**2 * self.r) @ self.incidence.T)

    @cached_property
    def effects(self) -> Array | Effects:
        """M for products with it."""
        return self.loss if self.dense else Effects(self.factors, self._middle)

    def potentials(self, p: Array) -> Array:
        """θ = X p of injections p in p.u., both of shape (n,)."""
        return self.inverse @ p if self.dense else self.factors.of(p)

    @cached_property
    def loop_pull(self) -> Array:
        """m = Sᵀ diag(r) loop, shape (n,): with phase shifts the public loss is pᵀ M p + 2 mᵀ p + loop_loss."""
        pushed = self.incidence @ (self.weight * self.r * self.loop)
        return self.inverse.T @ pushed if self.dense else self.factors.of(pushed)

    @cached_property
    def loop_loss(self) -> float:
        """Public loss in p.u. without any injection, which phase shifts cause."""
        return float(self.r @ self.loop**2)

    def marginal_loss(self, p: Array) -> Array:
        """Half of what the public loss grows by with each injection, M p + m, shape (n,); p: p.u., shape (n,)."""
        return self.effects @ p + self.loop_pull

    @cached_property
    def apart(self) -> sparse.csc_array:
        """Islands that do not reach the slack as 0/1 columns, shape (n, islands): what they take in must sum to 0."""
        members = sparse.csc_array((np.ones(self.nodes), (np.arange(self.nodes), self.island)))
        return members[:, np.delete(np.arange(members.shape[1]), self.island[self.slack])]

    def flows(self, p: Array) -> Array:
        """Flows f on all lines, shape (lines,), of injections p, shape (n,), in p.u., losses priced."""
        theta = self.potentials(p)
        return self.weight * (theta[self.tail] - theta[self.head]) + self.loop


class Shared(Protocol):
    """What a network's public grid is made of: how many nodes there are, which is the slack, and its public lines."""

    @property
    def nodes(self) -> int: ...

    @property
    def slack(self) -> int: ...

    @property
    def public(self) -> PublicLines: ...


def build_grid(network: Shared, physics: str = "x") -> Grid:
    """The grid of a network's public lines: DC power flow ("x") or a circuit of resistances ("r").

    Under "r" a resistance below LEAST_RESISTANCE of the largest counts as that. Raises NetworkError where the
    reactances of a cut cancel.
    """
    if physics not in PHYSICS:
        raise NetworkError(f"physics(={physics!r}) must be one of {', '.join(PHYSICS)}")
    lines, n = network.public, network.nodes
    weight = 1 / (lines.x if physics == "x" else floored(lines.r, LEAST_RESISTANCE))
    ends, island = incidence(lines, n), components(n, lines)
    reference = np.zeros(n, dtype=bool)
    reference[np.unique(island, return_index=True)[1]] = True
    reference[island == island[network.slack]] = False
    reference[network.slack] = True
    try:
        factors = Potentials(ends, weight, reference)
    except RuntimeError:
        raise NetworkError("public lines: reactances of opposite sign cancel; flows are not defined") from None
    place = (network.slack, island, reference, ends)
    grid = Grid(physics, n, *place, lines.tail, lines.head, lines.r, weight, factors, np.zeros(len(lines)))
    return replace(grid, loop=_loop(grid, lines.shift)) if physics == "x" and np.any(lines.shift) else grid


def _loop(grid, shift):
    """Flows that phase shifts in degrees drive without injections, shape (lines,): a shift is a pair of injections."""
    driven = -grid.weight * np.radians(shift)
    loop = driven - grid.weight * (grid.incidence.T @ grid.potentials(grid.incidence @ driven))
    return np.where(np.abs(loop) > LEAST_LOOP * np.max(np.abs(driven)), loop, 0.0)


def floored(r: Array, share: float = RESISTANCE_FLOOR) -> Array:
    """Resistances with those below a share of the largest as that, all as 1 where none has any, shape (lines,)."""
    largest = np.max(r, initial=0.0)
    return np.maximum(r, share * largest) if largest > 0 else np.ones(len(r))
