"""Lines as a circuit of resistances: flows of least loss that serve injections, and what they lose at the margin."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from market.arrays import Array, Integers
from market.grid.lines import Ends, components, incidence
from market.grid.systems import Potentials

TINY_RESISTANCE = 1e-8  # share of the largest resistance up to which a line joins its ends, to be looked at on its own


@dataclass(frozen=True, eq=False)
class Served:
    """Flows of least loss: what they lose in p.u., half the marginal loss at each node (nodes,), and a proof.

    least: the least that any flows lose, worked out from the marginal losses alone, in p.u.
    """

    loss: float
    potential: Array
    least: float


def serve(tail: Integers, head: Integers, r: Array, slack: int, put_in: Array) -> Served:
    """Serve injections, p.u., shape (nodes,), by lines of resistance r ≥ 0 at the least loss (Thomson's principle).

    tail, head, r: shape (lines,), r in p.u. Lines of far less resistance than others join their nodes; among themselves
    they are a circuit of their own, so that resistances may be far apart. Potentials are 0 at the slack and at a node
    of each part that does not reach it.
    """
    nodes = len(put_in)
    if not np.any(r > 0):
        return Served(0.0, np.zeros(nodes), 0.0)
    tiny = r <= TINY_RESISTANCE * np.max(r)
    group = components(nodes, Ends(tail[tiny], head[tiny]))
    outer = np.flatnonzero(group[tail] != group[head])
    level = _potentials(group[tail[outer]], group[head[outer]], r[outer], group[slack], np.bincount(group, put_in))
    across = level[group[tail[outer]]] - level[group[head[outer]]]
    flow = across / r[outer]
    rest = put_in - incidence(Ends(tail[outer], head[outer]), nodes) @ flow
    inner = serve(tail[tiny], head[tiny], r[tiny], slack, rest)
    least = 2 * level[group] @ put_in - np.sum(across**2 / r[outer])
    return Served(float(r[outer] @ flow**2) + inner.loss, level[group] + inner.potential, float(least) + inner.least)


def _potentials(tail, head, r, slack, put_in):
    """Potentials of nodes that lines of like resistance join, shape (nodes,), 0 at the slack."""
    nodes = len(put_in)
    part = components(nodes, Ends(tail, head))
    held = np.zeros(nodes, dtype=bool)
    held[np.unique(part, return_index=True)[1]] = True
    held[part == part[slack]] = False
    held[slack] = True
    return Potentials(incidence(Ends(tail, head), nodes), 1 / r, held).of(put_in)
