"""The planner's optimum: who consumes how much, and what flows where, for the greatest welfare of all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cvxpy as cp
import numpy as np
from scipy import sparse

from market.brackets import brent
from market.grid.circuit import serve
from market.grid.lines import Ends, components, incidence
from market.programmes import solved_tightly

if TYPE_CHECKING:
    from market.arrays import Array, Integers
    from market.designs.population import Population
    from market.designs.supply import Supply


LOSSLESS_SHARE = 1e-12  # share of all energy that a line loses which counts as joining its two nodes
MOST_REPLIES = 5  # of all agents to the losses found, while that brings the plan nearer to its bound
BOUND_ROUNDING = 1e-9  # share of the welfare by which a bound may seem to be below it, for rounding


@dataclass(frozen=True, eq=False)
class Optimum:
    """The planner's choice.

    consumption: energy, shape (n,); loss: energy; prices: marginal cost of energy at the nodes, losses included, money
    per energy, shape (nodes,); welfare: money; gap: welfare missing to the dual bound, relative; None where unsolved.
    """

    consumption: Array
    loss: float
    prices: Array
    welfare: float
    gap: float


def optimum(
    population: Population, supply: Supply, wires: tuple[Integers | Array, ...], slack: int, nodes: int, base: float
) -> Optimum | None:
    """Maximise ΣU(x) − C(Σx − Σg + losses) over consumption 0 ≤ x ≤ b/2a and free flows f on all lines; or None
    (docs/designs/model.md, What the numbers mean).

    wires: (tail, head, r in p.u.) of all lines of either kind; base: energy of 1 p.u. Every node balances its agents'
    energy with its lines' flows, losses Σ r f² are the main grid's to supply. Consumption comes from a programme whose
    energy and money are in units of their own, flows and loss from the circuit that serves it, prices from what that
    circuit loses at the margin. The gap is that of Lagrange duality in closed form, from these prices. None where the
    programme has no solution.
    """
    consumption = _consumption(population, supply, wires, slack, nodes, base)
    if consumption is None:
        return None
    place = population, supply, wires, slack, nodes, base
    best, potential = _served(*place, consumption)
    for _ in range(MOST_REPLIES):
        better, moved = _served(*place, _reply(population, supply, best.loss, potential))
        if not better.gap <= best.gap + np.finfo(float).eps:
            break
        best, potential = better, moved
    return best


def _served(population, supply, wires, slack, nodes, base, consumption):
    """The Optimum of a consumption, served at the least loss, and half the marginal loss at the nodes (nodes,)."""
    put_in = np.bincount(population.node, population.generation - consumption, nodes) / base
    served = serve(*wires, slack, put_in)
    net = float(np.sum(consumption - population.generation))
    price = float(supply.price(net + base * served.loss))
    prices = price * (1 - 2 * served.potential)
    welfare = welfare_of(population, supply, consumption, base * served.loss)
    gap = _missing(_bound(population, supply, served, prices, put_in, price, base), welfare)
    return Optimum(consumption, base * served.loss, prices, welfare, gap), served.potential


def _wanted(population, prices):
    """Consumption that is best for each agent at the prices of nodes, energy, shape (n,)."""
    return np.clip((population.b - prices[population.node]) / (2 * population.a), 0.0, population.satiated)


def _reply(population, supply, loss, potential):
    """Consumption that is best for all at the price that it leads to, losses at the margin as they are, shape (n,)."""
    own, factor = float(population.generation.sum()), 1 - 2 * potential

    def off(price):
        return price - float(supply.price(_wanted(population, price * factor).sum() - own + loss))

    most = float(supply.price(population.satiated.sum() - own + loss))
    price = brent(off, 0.0, most, xtol=1e-15 * most) if off(0.0) < 0 < off(most) else most
    return _wanted(population, price * factor)


def _consumption(population, supply, wires, slack, nodes, base):
    """Consumption of the programme, energy, shape (n,), or None; lines that lose next to nothing join their nodes."""
    energy = _largest(population.satiated, population.generation)
    money = _largest(population.b * energy)
    tail, head, lost = wires[0], wires[1], wires[2] * (energy / base)
    group = components(nodes, Ends(tail[lost <= LOSSLESS_SHARE], head[lost <= LOSSLESS_SHARE]))
    apart = group[tail] != group[head]
    tail, head, lost = group[tail[apart]], group[head[apart]], lost[apart]
    x, f = cp.Variable(len(population), nonneg=True), cp.Variable(len(lost))
    own, groups = population.generation / energy, int(group.max()) + 1
    net = cp.sum(x) - float(own.sum()) + cp.sum(cp.multiply(lost, cp.square(f)))
    bent = cp.square(cp.pos(net - supply.bend / energy))
    cost = supply.floor * energy / money * net + supply.c * energy**2 / money / 2 * bent
    worth = (population.b * energy / money) @ x - (population.a * energy**2 / money) @ cp.square(x)
    rest = np.delete(np.arange(groups), group[slack])
    has = cp.Constant(_at_nodes(group[population.node], groups)[rest]) @ (own - x)
    sends = cp.Constant(incidence(Ends(tail, head), groups)[rest]) @ f if len(lost) else np.zeros(len(rest))
    rules = [sends == has] if len(rest) else []
    if solved_tightly(cp.Problem(cp.Maximize(worth - cost), [*rules, x <= population.satiated / energy])) is None:
        return None
    return np.clip(x.value * energy, 0.0, population.satiated)


def _largest(*kinds):
    """The largest size of any of some numbers, 1 where all are 0."""
    return max(float(np.max(np.abs(each), initial=0.0)) for each in kinds) or 1.0


def welfare_of(population: Population, supply: Supply, consumption: Array, loss: float) -> float:
    """What all agents and the main grid have together beyond own generation without a grid, money
    (docs/designs/model.md, What the numbers mean)."""
    net = float(np.sum(consumption - population.generation)) + loss
    return float(np.sum(population.utility(consumption) - population.alone) - supply.cost(net))


def _missing(bound, welfare):
    """Welfare missing to the bound, relative; ∞ where the bound is below it by more than rounding, so no bound."""
    share = (bound - welfare) / max(abs(welfare), np.finfo(float).tiny)
    return max(share, 0.0) if share >= -BOUND_ROUNDING else np.inf


def _bound(population, supply, served, prices, put_in, price, base):
    """The Lagrangian's greatest value at prices of nodes: agents, lines and the main grid each do their best, money."""
    local = prices[population.node]
    x = _wanted(population, prices)
    agents = population.utility(x) - local * (x - population.generation) - population.alone
    earned = 2 * served.potential @ put_in - served.least
    return float(np.sum(agents) + base * price * earned + supply.most_profit(price))


def _at_nodes(node, nodes):
    """Sums over the agents of each node, sparse, shape (nodes, n)."""
    return sparse.csr_array((np.ones(len(node)), (node, np.arange(len(node)))), shape=(nodes, len(node)))
