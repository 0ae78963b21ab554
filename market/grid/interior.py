"""A second road to nodal prices: the dispatch over voltage angles, by an interior-point solver (Clarabel).

It shares nothing with the active set but the grid's data: the balance of every node is a row of its own and its
multiplier the price; lines' flows are differences of angles.
"""

from __future__ import annotations

from functools import cached_property

import clarabel
import numpy as np
from scipy import sparse

from market.arrays import Array, Integers
from market.grid.lines import components, incidence
from market.grid.nodal import NodalGrid
from market.grid.offers import Offers, offers_of
from market.grid.systems import Factors

SOLVED = ("Solved", "AlmostSolved")
SOLVER_PRECISION = 1e-11


class Angles:
    """The dispatch of one grid over outputs q (offers,) and angles θ (nodes,), laid out once for many demands."""

    def __init__(self, grid: NodalGrid) -> None:
        self.grid, self.offers = grid, offers_of(grid)
        settings = clarabel.DefaultSettings()
        settings.verbose = False
        settings.tol_gap_abs = settings.tol_gap_rel = settings.tol_feas = SOLVER_PRECISION
        self.settings = settings

    @cached_property
    def _parts(self):
        grid, offers, n = self.grid, self.offers, self.grid.nodes
        lines = grid.lines
        unit = np.max(np.abs(lines.susceptance), initial=0.0) or 1.0
        weight = lines.susceptance / unit
        ends = incidence(lines, n)
        shifted = lines.susceptance * grid.power * np.radians(lines.shift) / offers.energy
        places = sparse.csc_array(
            (np.ones(len(offers.node)), (offers.node, np.arange(len(offers.node)))), (n, len(offers.node))
        )
        carried = sparse.csc_array(sparse.diags_array(weight) @ ends.T)
        limited = np.flatnonzero(np.isfinite(lines.limit))
        first = np.unique(components(n, lines), return_index=True)[1]
        return ends, shifted, places, carried, limited, first

    @property
    def physics(self) -> tuple[sparse.csr_array, Array, Array]:
        """(Incidence of lines, flows that shifts take away, susceptances up to their unit), own units."""
        ends, shifted = self._parts[:2]
        unit = np.max(np.abs(self.grid.lines.susceptance), initial=0.0) or 1.0
        return ends, shifted, self.grid.lines.susceptance / unit

    @cached_property
    def _rest(self):
        return np.setdiff1d(np.arange(self.grid.nodes), self._parts[-1])

    @cached_property
    def _factors(self):
        ends, carried, rest = self._parts[0], self._parts[3], self._rest
        return Factors(sparse.csc_array(sparse.csc_array(ends @ carried)[rest][:, rest]))

    def angles(self, put_in: Array) -> Array:
        """Angles, 0 at the first node of every island, at which lines carry what is put in, both (nodes, points)."""
        found = np.zeros(put_in.shape)
        found[self._rest] = self._factors.solve(put_in[self._rest])
        return found

    def balances(self, demand: Array, injected: Array) -> Array | None:
        """Multipliers λ of the nodes' balances (nodes,), the grid's unit; None where it is not solved."""
        found = self.solve(demand, injected)
        return None if found is None else found[0]

    def solve(self, demand: Array, injected: Array) -> tuple[Array, Array] | None:
        """(Multipliers of balances (nodes,), outputs of all offers (offers,)), the grid's units; None if not solved."""
        ends, shifted, places, _, limited, first = self._parts
        offers: Offers = self.offers
        fixed = np.maximum(-self.grid.demand, 0.0)
        net = (demand - injected) / offers.energy
        low, high = offers.bounds((demand + fixed) / offers.energy, (injected + fixed) / offers.energy)
        held = low == high
        free, above, below = np.flatnonzero(~held), np.flatnonzero(~held & np.isfinite(high)), np.flatnonzero(~held)
        n, u = len(net), len(free)
        taken = net - places[:, np.flatnonzero(held)] @ low[held] + ends @ -shifted
        rows = self._rows(free, above, below)
        limits, shift = self.grid.lines.limit[limited] / offers.energy, shifted[limited]
        right = np.concatenate([taken, np.zeros(len(first)), high[above], -low[below], limits + shift, limits - shift])
        equal = n + len(first)
        cones = [clarabel.ZeroConeT(equal), clarabel.NonnegativeConeT(len(right) - equal)]
        bend = sparse.csc_array(sparse.diags_array(np.concatenate([offers.m[free], np.zeros(n)])))
        cost = np.concatenate([offers.a[free], np.zeros(n)])
        found = clarabel.DefaultSolver(bend, cost, rows, right, cones, self.settings).solve()
        if str(found.status) not in SOLVED:
            return None
        q = low.copy()
        q[free] = np.array(found.x)[:u]
        return -np.array(found.z)[:n] * offers.price, q * offers.energy

    def _rows(self, free: Integers, above: Integers, below: Integers) -> sparse.csc_array:
        """Rows of balances, angles of 0, offers' bounds and lines' limits over outputs of free offers and angles."""
        ends, _, places, carried, limited, first = self._parts
        chosen = sparse.eye_array(places.shape[1], format="csc")[:, free]
        flows = carried[limited]
        rows = [
            [places[:, free], -(ends @ carried)],
            [None, sparse.eye_array(self.grid.nodes, format="csc")[first]],
            [chosen[above], None],
            [-chosen[below], None],
            [None, flows],
            [None, -flows],
        ]
        return sparse.csc_array(sparse.block_array(rows, format="csc"))
