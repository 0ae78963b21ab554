"""The planner's optimum: who consumes how much, and what flows where, for the greatest welfare of all."""

from dataclasses import dataclass

import cvxpy as cp
import numpy as np
from scipy.sparse import csr_array

from market.programmes import solved

FLOOR = 1e-7  # resistance in p.u. that stands for less
PROVEN = 1e-6  # gap up to which the optimum counts as one


@dataclass(frozen=True, eq=False)
class Optimum:
    """The planner's choice.

    consumption: energy, shape (n,); loss: energy; prices: marginal cost of energy at the nodes, losses included, money
    per energy, shape (nodes,); welfare: money; gap: welfare missing to the dual bound, relative; None where unsolved.
    """

    consumption: np.ndarray
    loss: float
    prices: np.ndarray
    welfare: float
    gap: float


def optimum(population, supply, wires, slack, nodes, base):
    """Maximise ΣU(x) − C(Σx − Σg + losses) over consumption 0 ≤ x ≤ b/2a and free flows f on all lines; or None.

    wires: (tail, head, r in p.u.) of all lines of either kind, r below FLOOR counts as it; base: energy of 1 p.u. Every
    node balances its agents' energy with its lines' flows, losses Σ r f² are the main grid's to supply. The gap is that
    of Lagrange duality in closed form, from the prices found. None where the programme has no solution.
    """
    tail, head, r = wires[0], wires[1], np.maximum(wires[2], FLOOR)
    x = cp.Variable(len(population), nonneg=True)
    f = cp.Variable(len(r))
    loss = base * cp.sum(cp.multiply(r, cp.square(f)))
    net = cp.sum(x) - float(population.generation.sum()) + loss
    cost = supply.floor * net + supply.c / 2 * cp.square(cp.pos(net - supply.bend))
    worth = population.b @ x - population.a @ cp.square(x)
    at, ends = _at_nodes(population.node, nodes), _ends(tail, head, nodes)
    rest = np.delete(np.arange(nodes), slack)
    balance = (base * cp.Constant(ends[rest]) @ f) == cp.Constant(at[rest]) @ (population.generation - x)
    problem = cp.Problem(cp.Maximize(worth - cost), [balance, x <= population.satiated])
    if solved(problem) is None:
        return None
    consumption = np.clip(x.value, 0.0, population.satiated)
    lost = base * float(r @ f.value**2)
    price = float(supply.price(consumption.sum() - population.generation.sum() + lost))
    prices = np.full(nodes, price)
    prices[rest] += balance.dual_value
    welfare = welfare_of(population, supply, consumption, lost)
    gap = max(_bound(population, supply, (tail, head, r), prices, price, base) - welfare, 0.0)
    return Optimum(consumption, lost, prices, welfare, gap / max(abs(welfare), np.finfo(float).tiny))


def welfare_of(population, supply, consumption, loss):
    """What all agents and the main grid have together beyond own generation without a grid, money."""
    net = float(np.sum(consumption - population.generation)) + loss
    return float(np.sum(population.utility(consumption) - population.alone) - supply.cost(net))


def _bound(population, supply, wires, prices, price, base):
    """The Lagrangian's greatest value at prices of nodes: agents, lines and the main grid each do their best, money."""
    tail, head, r = wires
    local = prices[population.node]
    x = np.clip((population.b - local) / (2 * population.a), 0.0, population.satiated)
    agents = population.utility(x) - local * (x - population.generation) - population.alone
    lines = base * (prices[tail] - prices[head]) ** 2 / (4 * price * r) if price > 0 else np.zeros(len(r))
    return float(np.sum(agents) + np.sum(lines) + supply.most_profit(price))


def _at_nodes(node, nodes):
    """Sums over the agents of each node, sparse, shape (nodes, n)."""
    return csr_array((np.ones(len(node)), (node, np.arange(len(node)))), shape=(nodes, len(node)))


def _ends(tail, head, nodes):
    """Incidence of the lines, sparse, shape (nodes, lines): +1 at the tail, −1 at the head."""
    column = np.arange(len(tail))
    values = np.concatenate([np.ones(len(tail)), -np.ones(len(tail))])
    return csr_array((values, (np.concatenate([tail, head]), np.concatenate([column, column]))), (nodes, len(tail)))
