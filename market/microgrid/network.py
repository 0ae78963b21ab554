"""The microgrid's data: nodes with injections, public lines everybody shares, private lines with owners."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from typing import ClassVar

import networkx as nx
import numpy as np
from scipy import sparse

from market.arrays import Array, Integers, Mask
from market.grid.lines import (
    RESISTANCE_FLOOR,
    NetworkError,
    PublicLines,
    check,
    check_length,
    checked_ends,
    checked_public,
    components,
    floats,
    incidence,
    lines_of,
)

SHARED = -1  # owner of a private line that belongs to its two ends in halves


@dataclass(frozen=True, eq=False)
class PrivateLines:
    """Private lines, arrays of shape (lines,): ends, resistance r ≥ 0 in p.u., length in km, owner.

    A flow is positive from tail to head. `owner` is a node, or SHARED where the two ends own a half each.
    """

    label: ClassVar[str] = "private line"

    tail: Integers
    head: Integers
    r: Array
    length: Array
    owner: Integers

    def __len__(self):
        return len(self.tail)

    def take(self, rows: Integers | Mask) -> PrivateLines:
        """Some of the lines (a mask or index array)."""
        return PrivateLines(*(getattr(self, f.name)[rows] for f in fields(self)))


def no_lines() -> PrivateLines:
    """Private lines of a network that has none."""
    return lines_of(PrivateLines, [])


def no_public_lines() -> PublicLines:
    """Public lines of a network that has none."""
    return lines_of(PublicLines, [])


@dataclass(frozen=True, eq=False)
class Topology:
    """What lines join, whatever flows on them; networks at several times share one."""

    nodes: int
    slack: int
    public: PublicLines
    private: PrivateLines

    @cached_property
    def agents(self) -> Integers:
        """The nodes but the slack, ascending."""
        return np.delete(np.arange(self.nodes), self.slack)

    @cached_property
    def resistance(self) -> float:
        """The largest resistance of any line in p.u., 1 where there is none."""
        return max(float(np.max(lines.r, initial=0.0)) for lines in (self.public, self.private)) or 1.0

    @cached_property
    def public_incidence(self) -> sparse.csr_array:
        """A, sparse, shape (n, public lines): +1 at a line's tail, −1 at its head."""
        return incidence(self.public, self.nodes)

    @cached_property
    def private_incidence(self) -> sparse.csr_array:
        """P, sparse, shape (n, private lines): +1 at a line's tail, −1 at its head."""
        return incidence(self.private, self.nodes)

    @cached_property
    def public_island(self) -> Integers:
        """Number of the public island each node lies on, shape (n,)."""
        return components(self.nodes, self.public)

    @cached_property
    def private_group(self) -> Integers:
        """Number of the private group each node lies in, shape (n,)."""
        return components(self.nodes, self.private)

    @cached_property
    def reaches(self) -> Mask:
        """Which nodes reach the slack by lines of either kind, shape (n,)."""
        group = components(self.nodes, self.public, self.private)
        return group == group[self.slack]


@dataclass(frozen=True, eq=False)
class Network:
    """Nodes 0 … n−1, one of them the main grid ("slack"), with public and private lines.

    injection: net endowment e in p.u., shape (n,), > 0 surplus, < 0 deficit; the slack's own entry moves to `own`, 0 is
    left. own: what the main grid's node has itself, in p.u., which its supply comes on top of. positions: shape (n, 2),
    in km, or None. cost: what a node's own generation costs it, money per p.u., shape (n,), ≥ 0. Raises NetworkError.
    """

    injection: Array
    slack: int
    public: PublicLines
    private: PrivateLines = field(default_factory=no_lines)
    positions: Array | None = None
    cost: Array | None = None
    own: float = 0.0

    def __post_init__(self):
        n = len(floats("injection", self.injection))
        if isinstance(self.slack, bool) or self.slack != int(self.slack) or not 0 <= self.slack < n:
            raise NetworkError(f"slack(={self.slack}) must be a node, 0 to {n - 1}")
        injection, own = _split(self.injection, int(self.slack))
        cost = np.zeros(n) if self.cost is None else floats("cost", self.cost)
        check_length("cost", cost, n, "one for each node")
        check("cost", "node", cost, np.isfinite(cost) & (cost >= 0), "finite and >= 0")
        positions = None if self.positions is None else floats("positions", self.positions, dimensions=2)
        if positions is not None and positions.shape != (n, 2):
            raise NetworkError(f"positions of shape {positions.shape} must have shape ({n}, 2), a row for each node")
        checked = {
            "injection": injection,
            "slack": int(self.slack),
            "public": checked_public(self.public, n),
            "private": _checked_private(self.private, n, int(self.slack)),
            "positions": positions,
            "cost": cost,
            "own": self.own + own,
        }
        for name, value in checked.items():
            object.__setattr__(self, name, value)

    @property
    def nodes(self) -> int:
        """How many nodes there are, the slack included."""
        return len(self.injection)

    @cached_property
    def topology(self) -> Topology:
        """What its lines join."""
        return Topology(self.nodes, self.slack, self.public, self.private)

    @property
    def agents(self) -> Integers:
        """The nodes but the slack, ascending."""
        return self.topology.agents

    @cached_property
    def power(self) -> float:
        """The largest injection in p.u., 1 where there is none: what powers are measured by."""
        return float(np.max(np.abs(self.injection), initial=0.0)) or 1.0

    @property
    def resistance(self) -> float:
        """The largest resistance of any line in p.u., 1 where there is none: what resistances are measured by."""
        return self.topology.resistance

    @property
    def floor(self) -> float:
        """Resistance in p.u. that stands for less where resistances are divided by."""
        return RESISTANCE_FLOOR * self.resistance

    @property
    def public_incidence(self) -> sparse.csr_array:
        """A, sparse, shape (n, public lines): +1 at a line's tail, −1 at its head."""
        return self.topology.public_incidence

    @property
    def private_incidence(self) -> sparse.csr_array:
        """P, sparse, shape (n, private lines): +1 at a line's tail, −1 at its head."""
        return self.topology.private_incidence

    @property
    def public_island(self) -> Integers:
        """Number of the public island each node lies on, shape (n,); nodes on one island reach each other publicly."""
        return self.topology.public_island

    @property
    def private_group(self) -> Integers:
        """Number of the private group each node lies in, shape (n,); its nodes reach each other by private lines."""
        return self.topology.private_group

    @property
    def reaches_publicly(self) -> Mask:
        """Which nodes reach the slack by public lines, shape (n,)."""
        return self.public_island == self.public_island[self.slack]

    @property
    def reaches(self) -> Mask:
        """Which nodes reach the slack by lines of either kind, shape (n,)."""
        return self.topology.reaches

    @property
    def endowments(self) -> Array:
        """What every node has, the main grid's included, in p.u., shape (n,)."""
        endowments = self.injection.copy()
        endowments[self.slack] = self.own
        return endowments

    def with_injection(self, injection: Array) -> Network:
        """The same network at another time: other injections, shape (n,)."""
        check_length("injection", injection, self.nodes, "one for each node")
        left, own = _split(injection, self.slack)
        changed = object.__new__(Network)  # what was checked is not checked again, what lines join is found once
        changed.__dict__.update({f.name: getattr(self, f.name) for f in fields(self)})
        changed.__dict__.update(injection=left, own=own, topology=self.topology)
        return changed

    def with_private(self, private: PrivateLines, positions: Array | None = None) -> Network:
        """The same network with other private lines."""
        return replace(self, private=private, positions=self.positions if positions is None else positions)


def _split(injection, slack):
    """Injections, 0 at the slack, and the slack's own; raises NetworkError."""
    injection = floats("injection", injection).copy()
    check("injection", "node", injection, np.isfinite(injection), "finite")
    own = float(injection[slack])
    injection[slack] = 0.0
    return injection, own


def as_networkx(network: Network) -> nx.MultiGraph:
    """A networkx MultiGraph of both kinds of lines, keys ("public", k) and ("private", k), all data as attributes.

    >>> from market.microgrid.network import network_of
    >>> graph = as_networkx(network_of([0, 1], public=[[0, 1, 0.1, 0.1]]))
    >>> graph.edges[0, 1, ("public", 0)]["r"], graph.nodes[0]["slack"]
    (0.1, True)
    """
    graph = nx.MultiGraph(slack=network.slack)
    numbers = zip(network.injection.tolist(), np.asarray(network.cost).tolist(), strict=True)
    for node, (injection, cost) in enumerate(numbers):
        position = None if network.positions is None else tuple(network.positions[node].tolist())
        graph.add_node(node, injection=injection, cost=cost, slack=node == network.slack, position=position)
    for kind in ("public", "private"):
        lines = getattr(network, kind)
        names = [f.name for f in fields(lines)]
        for k, row in enumerate(zip(*(getattr(lines, name).tolist() for name in names), strict=True)):
            graph.add_edge(row[0], row[1], key=(kind, k), kind=kind, **dict(zip(names, row, strict=True)))
    return graph


def network_of(
    injection: Sequence[float] | Array,
    public: Sequence[Sequence[float]],
    private: Sequence[Sequence[float]] = (),
    slack: int = 0,
    positions: Array | None = None,
    cost: Sequence[float] | Array | None = None,
) -> Network:
    """A network from rows of numbers: public [i, j, r, x, shift?], private [i, j, r, length?, owner?]."""
    return Network(
        floats("injection", injection),
        slack,
        lines_of(PublicLines, public, defaults=(0.0,)),
        lines_of(PrivateLines, private, defaults=(1.0, SHARED)),
        positions,
        None if cost is None else floats("cost", cost),
    )


def others(nodes: int, slack: int) -> str:
    """The numbers of all nodes but the slack, in words.

    >>> others(8, 0), others(8, 3), others(2, 1)
    ('1 to 7', '0 to 2 or 4 to 7', '0')
    """
    ranges = ((0, slack - 1), (slack + 1, nodes - 1))
    return " or ".join(f"{low} to {high}" if low < high else f"{low}" for low, high in ranges if low <= high)


def _checked_private(lines, nodes, slack):
    label, allowed = lines.label, f"an agent, {others(nodes, slack)}: the slack has no private lines"
    columns = checked_ends(lines, nodes, allowed)
    for name in ("tail", "head"):
        check(name, label, columns[name], columns[name] != slack, allowed)
    length, owner = columns["length"], columns["owner"]
    check("length", label, length, np.isfinite(length) & (length >= 0), "finite and >= 0")
    known = (owner == SHARED) | ((owner >= 0) & (owner < nodes) & (owner == np.floor(owner)) & (owner != slack))
    check("owner", label, owner, known, f"an agent, {others(nodes, slack)}, or {SHARED} for its two ends in halves")
    columns["owner"] = owner.astype(np.intp)
    return PrivateLines(**columns)
