"""How injections at nodes become flows on lines by DC power flow, sparse: flows of all, shares of lines one by one."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from market.arrays import Array, Integers
from market.grid.lines import NetworkError, components, incidence
from market.grid.nodal import NodalGrid
from market.grid.systems import Potentials

MOST_DENSE = 1_000_000  # lines with a limit times nodes up to which all their shares are laid out at once
LEAST_SHARE = 1e-13  # of an injection that a line carries, below which it carries nothing but rounding
LEAST_LOOP = 1e-12  # share of what shifts drive below which a flow round in circles is rounding


class Transfer:
    """Flows f = H p + loop of injections p, (nodes,), that add up to nothing on every island (DC power flow).

    H is the matrix of power transfer factors, with the first node of each island as its reference; loop: flows that
    phase shifts drive whatever the injections (MATPOWER's DC model: a shift is a pair of injections).
    limited: numbers of the lines with a finite limit; limits: theirs. Raises NetworkError where reactances cancel.
    """

    def __init__(self, grid: NodalGrid) -> None:
        lines, n = grid.lines, grid.nodes
        self.nodes, self.weight, self.ends = n, lines.susceptance, incidence(lines, n)
        self._tail, self._head = lines.tail, lines.head
        self.island = components(n, lines)
        reference = np.zeros(n, dtype=bool)
        reference[np.unique(self.island, return_index=True)[1]] = True
        self.limited: Integers = np.flatnonzero(np.isfinite(lines.limit))
        self.limits = lines.limit[self.limited]
        self._shift = grid.power * np.radians(lines.shift)
        self._rows: dict[int, Array] = {}
        try:
            self._potentials = Potentials(self.ends, self.weight, reference)
        except RuntimeError:
            raise NetworkError("lines: reactances of opposite sign cancel; flows are not defined") from None

    def carried(self, injections: Array) -> Array:
        """Flows H p on all lines, shape (lines,), without those that shifts drive."""
        return self.weight * (self.ends.T @ self._potentials.of(injections))

    @cached_property
    def loop(self) -> Array:
        """Flows that phase shifts drive round in circles, shape (lines,)."""
        driven = -self.weight * self._shift
        if not np.any(driven):
            return np.zeros(len(driven))
        loop = driven + self.carried(-(self.ends @ driven))
        return np.where(np.abs(loop) > LEAST_LOOP * np.max(np.abs(driven)), loop, 0.0)

    @cached_property
    def _dense(self):
        return np.array([self.row(k) for k in range(len(self.limited))]).reshape(-1, self.nodes)

    def on_limited(self, injections: Array) -> Array:
        """Flows H p on the lines with a limit alone, shape (limited lines,)."""
        if len(self.limited) * self.nodes <= MOST_DENSE:
            return self._dense @ injections
        return self.carried(injections)[self.limited]

    def row(self, k: int) -> Array:
        """What the k-th line with a limit carries of a unit put in at each node, shape (nodes,)."""
        if k not in self._rows:
            line = self.limited[k]
            pair = np.zeros(self.nodes)
            pair[[self._tail[line], self._head[line]]] = 1.0, -1.0
            row = self.weight[line] * self._potentials.of(pair)
            self._rows[k] = np.where(np.abs(row) > LEAST_SHARE, row, 0.0)
        return self._rows[k]
