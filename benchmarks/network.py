"""How fast grids are cleared and residual curves traced, beside an interior-point solver of the same programme."""

import numpy as np

from benchmarks.rows import Row, timed
from market.grid.clearing import Operator
from market.grid.interior import Angles
from market.grid.nodal import nodal_grid
from market.grid.residual import curve

SEED = 0
SIZES = ((118, 0.010), (2_000, 0.3))  # nodes, and the most seconds that one curve may take
WANTED = 100.0  # energy: how far a curve goes
OFTEN_FULL = 0.9  # of what lines carry without limits, those with one may carry


def rows(quick=False):
    """A clearing and a curve on grids of each size; `quick` takes the small one."""
    return [row for nodes, most in SIZES[: 1 if quick else None] for row in of_size(nodes, most)]


def of_size(nodes, most):
    """A clearing from nothing against an interior point's, and a curve against a clearing of it for each piece."""
    grid = meshed(nodes)
    ours, cleared = timed(lambda: Operator(grid).clear())
    theirs, _ = timed(lambda: Angles(grid).balances(grid.demand, np.zeros(nodes)))
    operator, weights = Operator(grid), np.eye(nodes)[nodes // 2]
    traced, found = timed(lambda: curve(operator, weights, until=WANTED))
    pieces, full = len(found.starts), int(np.sum(cleared.multipliers != 0))
    return [
        Row(
            f"clearing, {nodes:,} nodes, {full} full lines",
            f"{ours * 1e3:.1f} ms",
            f"{theirs * 1e3:.1f} ms, Clarabel over angles",
            theirs / ours,
            "≥ 0.33",
            theirs / ours >= 1 / 3,
        ),
        Row(
            f"residual curve, {nodes:,} nodes, {pieces} pieces",
            f"{traced * 1e3:.1f} ms",
            f"{theirs * pieces * 1e3:.0f} ms, a clearing by Clarabel for each piece",
            theirs * pieces / traced,
            f"≤ {most * 1e3:.0f} ms",
            traced <= most,
        ),
    ]


def meshed(nodes):
    """A random grid with about one and a half lines and half a generator a node, on which a few lines are full."""
    rng = np.random.default_rng(SEED)
    tree = [(k, int(rng.integers(max(0, k - 8), k))) for k in range(1, nodes)]
    more = [(int(k), int(rng.integers(max(0, k - 20), k))) for k in rng.integers(1, nodes, nodes // 2)]
    ends, units = np.array(tree + more), nodes // 2
    susceptance = rng.uniform(5, 50, len(ends))
    demand = rng.uniform(0, 100, nodes)
    size = rng.uniform(0.5, 1.5, units) * demand.sum() * 2 / units
    generators = np.column_stack([rng.integers(0, nodes, units), rng.uniform(10, 40, units), 20 / size, size])
    open_lines = np.column_stack([ends, susceptance, np.full(len(ends), np.inf)])
    data = {"demand": demand, "generators": generators}
    flows = np.abs(Operator(nodal_grid(range(nodes), lines=open_lines, **data)).clear().flows)
    limit = np.where(rng.random(len(ends)) < 10 / len(ends), OFTEN_FULL, 1.5) * flows + 1
    return nodal_grid(range(nodes), lines=np.column_stack([ends, susceptance, limit]), **data)
