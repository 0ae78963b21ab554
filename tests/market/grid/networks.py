"""Grids for tests: published ones typed in, and random ones with everything that grids may have."""

import numpy as np

from market.grid.lines import NetworkError
from market.grid.nodal import ElasticDemand, Generators, LimitedLines, NodalGrid, nodal_grid

NONE = np.inf  # no limit


def five_bus(**changes):
    """PJM's five-bus system (Li, Bo 2010; MATPOWER's case5)."""
    lines = [(0, 1, 0.0281, 400), (0, 3, 0.0304, NONE), (0, 4, 0.0064, NONE)]
    lines += [(1, 2, 0.0108, NONE), (2, 3, 0.0297, NONE), (3, 4, 0.0297, 240)]
    generators = [(0, 14, 0, 40), (0, 15, 0, 170), (2, 30, 0, 520), (3, 40, 0, 200), (4, 10, 0, 600)]
    data = {"demand": [0, 300, 300, 400, 0], "lines": [(*row[:2], 1 / row[2], row[3]) for row in lines]}
    return nodal_grid("12345", **({**data, "generators": generators} | changes))


def nine_bus(**changes):
    """MATPOWER's test case of DC optimal power flow, t_case9_opf: one line at 40, costs of straight pieces."""
    names = ("1", "2", "30", "4", "5", "6", "7", "8", "9")
    branch = [(1, 4, 0.0576, 250), (4, 5, 0.092, 250), (5, 6, 0.17, 150), (30, 6, 0.0586, 300), (6, 7, 0.1008, 40)]
    branch += [(7, 8, 0.072, 250), (8, 2, 0.0625, 250), (8, 9, 0.161, 250), (9, 4, 0.085, 250)]
    place = {name: k for k, name in enumerate(names)}
    ends = [(place[str(tail)], place[str(head)]) for tail, head, *_ in branch]
    x, limit = np.array([row[2:] for row in branch]).T
    lines = LimitedLines(*np.array(ends).T, 1 / x, limit=limit)
    generators = Generators(
        node=[0, 0, 0, 2, 2, 1],
        cost=[25.0, 30.0, 35.0, 15.0, 20.0, 24.035],
        least=[90.0, 0.0, 0.0, 10.0, 0.0, 10.0],
        capacity=[100.0, 100.0, 50.0, 200.0, 70.0, 300.0],
        unit=[0, 0, 0, 1, 1, 2],
    )
    return NodalGrid(names, [0, 0, 0, 0, 90, 0, 100, 0, 125], lines, generators, **changes)


def three_bus():
    """Baker's three nodes in a ring: dispatch around one full line (arXiv:1503.02951 and her lectures)."""
    generators = [(0, 10, 0, 1000), (1, 20, 0, 1000), (2, 100, 0, 1000)]
    lines = [(0, 1, 1, NONE), (1, 2, 1, NONE), (0, 2, 1, 10)]
    return nodal_grid("123", demand=[0, 0, 100], lines=lines, generators=generators)


def any_grid(rng, islands=True, shifts=0.05):
    """A random grid of 2 to 12 nodes, or None where it has no supply.

    With parallel lines, lines without and with no capacity, negative reactances, phase shifts, islands, nodes without
    generators, must-run generators, elastic demand, and often too little capacity.
    """
    nodes = int(rng.integers(2, 13))
    tail = list(range(1, nodes))
    head = [int(rng.integers(0, k)) for k in tail]
    if islands and nodes > 3 and rng.random() < 0.2:
        del tail[-1], head[-1]
    while len(tail) < nodes + 1:
        a, b = (int(k) for k in rng.choice(nodes, 2, replace=False))
        twice = 2 if rng.random() < 0.2 else 1
        tail, head = tail + [a] * twice, head + [b] * twice
    lines = len(tail)
    b = rng.uniform(0.5, 20, lines) * np.where(rng.random(lines) < 0.05, -1, 1)
    limit = np.where(rng.random(lines) < 0.4, NONE, rng.uniform(0, 8, lines))
    limit[rng.random(lines) < 0.08] = 0.0
    shift = np.where(rng.random(lines) < shifts, rng.uniform(-5, 5, lines), 0.0)
    units, wants = int(rng.integers(1, 2 * nodes)), int(rng.integers(0, 3))
    generators = Generators(
        rng.integers(0, nodes, units),
        rng.uniform(5, 40, units),
        np.where(rng.random(units) < 0.4, 0.0, rng.uniform(0.01, 2, units)),
        np.where(rng.random(units) < 0.15, 1.0, 0.0),
        rng.uniform(1, 20, units),
    )
    elastic = ElasticDemand(rng.integers(0, nodes, wants), rng.uniform(20, 80, wants), rng.uniform(1, 10, wants))
    demand = np.where(rng.random(nodes) < 0.5, rng.uniform(0, 12, nodes), 0.0)
    rows = (demand, LimitedLines(tail, head, b, shift, limit), generators, elastic)
    try:
        return NodalGrid(tuple(str(k) for k in range(nodes)), *rows, value_of_lost_load=200.0)
    except NetworkError:
        return None


def players(rng, grid):
    """Random purchases and sales at the nodes of a grid, shapes (nodes,)."""
    bought = np.where(rng.random(grid.nodes) < 0.4, rng.exponential(5, grid.nodes), 0.0)
    return bought, np.where(rng.random(grid.nodes) < 0.2, rng.exponential(5, grid.nodes), 0.0)


def relabelled(grid, rng):
    """(The same grid with its nodes and lines in another order, lines turned round; new place of each old node)."""
    order = rng.permutation(grid.nodes)
    place = np.argsort(order)
    lines, shuffled = grid.lines, rng.permutation(len(grid.lines))
    turned = rng.random(len(shuffled)) < 0.5
    tail, head = place[lines.tail[shuffled]], place[lines.head[shuffled]]
    new = LimitedLines(
        np.where(turned, head, tail),
        np.where(turned, tail, head),
        lines.susceptance[shuffled],
        np.where(turned, -1, 1) * lines.shift[shuffled],
        lines.limit[shuffled],
    )
    units, wants = grid.generators, grid.elastic
    generators = Generators(place[units.node], units.cost, units.rise, units.least, units.capacity)
    elastic = ElasticDemand(place[wants.node], wants.price, wants.quantity)
    names = tuple(grid.names[k] for k in order)
    rest = {"value_of_lost_load": grid.value_of_lost_load, "least_rise": grid.least_rise}
    return NodalGrid(names, grid.demand[order], new, generators, elastic, **rest), place


def lagrangian(cleared):
    """The least of Σ cost − λ (balance) − μ (limits − flows) over all outputs: C* from below, by prices alone.

    Weak duality: no dispatch costs less, whatever the prices are. The prices must be those of an island less what
    flows cost; by how much they are not comes second.
    """
    grid = cleared.grid
    units, wants, lost = grid.generators, grid.elastic, grid.value_of_lost_load
    demand, injected = cleared.demand, cleared.injected
    must = np.bincount(units.node, units.least, grid.nodes)
    least = [_least(cleared.balances[units.node], units.cost, grid.rises, units.least, units.capacity)]
    least.append(_least(cleared.balances[wants.node], wants.price, wants.price / wants.quantity, -wants.quantity, 0.0))
    least.append(_least(cleared.balances, lost, 0.0, 0.0, np.maximum(demand, 0.0)))
    least.append(_least(cleared.balances, -lost, 0.0, -must - injected - np.maximum(-demand, 0.0), 0.0))
    bound = float(cleared.balances @ (demand - injected)) + sum(map(float, least))
    return bound - _limits_paid(cleared), _flow_conditions(cleared)


def _least(price, a, m, low, high):
    a, m, low, high = np.broadcast_arrays(*map(np.asarray, (a + 0 * price, m + 0.0 * price, low, high)))
    with np.errstate(divide="ignore", invalid="ignore"):
        best = np.where(m > 0, (price - a) / m, np.where(price > a, np.inf, -np.inf))
    best = np.clip(best, low, high)
    return np.sum((a - price) * best + m * best**2 / 2)


def _limits_paid(cleared):
    """Σ |μ| F − μ · loop: what the limits' multipliers take off the bound; loops by dense algebra of their own."""
    lines, mu = cleared.grid.lines, cleared.multipliers
    held = mu != 0
    paid = np.abs(mu[held]) @ lines.limit[held]
    return float(paid - mu @ loops(cleared.grid))


def laplacian(grid):
    """Incidence (nodes, lines) and Laplacian (nodes, nodes), dense."""
    ends = np.zeros((grid.nodes, len(grid.lines)))
    column = np.arange(len(grid.lines))
    ends[grid.lines.tail, column] += 1
    ends[grid.lines.head, column] -= 1
    return ends, (ends * grid.lines.susceptance) @ ends.T


def factors(grid):
    """Power transfer factors by a pseudoinverse, shape (lines, nodes): references at no node at all."""
    ends, matrix = laplacian(grid)
    return (ends * grid.lines.susceptance).T @ np.linalg.pinv(matrix)


def loops(grid):
    """Flows that shifts drive round in circles, shape (lines,)."""
    ends, _ = laplacian(grid)
    driven = -grid.lines.susceptance * grid.power * np.radians(grid.lines.shift)
    return driven - factors(grid) @ (ends @ driven)


def _flow_conditions(cleared):
    """How far λ_n + Σ H_ln μ_l is from being one number on every island."""
    grid = cleared.grid
    level = cleared.balances + factors(grid).T @ cleared.multipliers
    spans = [np.ptp(level[grid.island == k]) for k in np.unique(grid.island)]
    return float(max(spans))
