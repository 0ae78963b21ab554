"""The convex programme behind a network: what one planner would do, and where price-taking players end.

max ΣU − costs − ½ Σ_j own_j y_j² over users' quantities, sales, dispatch and angles. With own = 0 its end is the
planner's optimum, which is where players end who take prices as given; with own_j the slope of the hub's price, where
those end who move the hub's price along an affine supply curve (docs/network/model.md, Conduct).
"""

from __future__ import annotations

from collections.abc import Callable

import cvxpy as cp
import numpy as np
from scipy import sparse

from market.aggregator.dearer import Dearer
from market.aggregator.game import Block
from market.aggregator.network.game import NetworkGame
from market.aggregator.network.producers import Producers
from market.arrays import Array, Integers
from market.grid.lines import components, incidence
from market.programmes import solved_tightly
from market.utilities import Logarithmic, Quadratic, Utility

MOST_USERS = 20_000


def _quadratic(utility: Quadratic, x: cp.Variable, energy: float, money: float) -> cp.Expression:
    bend = utility.a * energy**2 / money
    return (utility.b * energy / money) @ x - cp.sum(cp.multiply(bend, cp.square(x)))


def _logarithmic(utility: Logarithmic, x: cp.Variable, energy: float, money: float) -> cp.Expression:
    return (utility.b * utility.k / money) @ cp.log(1 + cp.multiply(energy / utility.k, x))


def _dearer(utility: Dearer, x: cp.Variable, energy: float, money: float) -> cp.Expression:
    return TERMS[type(utility.inner)](utility.inner, x, energy, money) - (utility.cost * energy / money) @ x


TERMS: dict[type[Utility], Callable[..., cp.Expression]] = {
    Quadratic: _quadratic,
    Logarithmic: _logarithmic,
    Dearer: _dearer,
}


def can_plan(game: NetworkGame) -> bool:
    """Is the game's programme one that this page can write down and that is small enough?"""
    buyers = (block.utility for block in game.blocks if isinstance(block, Block))
    known = all(type(one.inner if isinstance(one, Dearer) else one) in TERMS for one in buyers)
    return known and game.users <= MOST_USERS


def planned(game: NetworkGame, own: Array) -> Array | None:
    """Purchases and sales y, shape (players,), at the programme's end; None where it is not solved.

    own: what each player adds to its marginal cost of y for the price that it moves, ≥ 0, shape (players,).
    """
    energy, price = _units(game)
    money = energy * price
    amounts: list[cp.Expression] = []
    value, limits, inject = cp.Constant(0.0), [], np.zeros(game.grid.nodes)
    for block, place in zip(game.blocks, game.places, strict=True):
        if isinstance(block, Producers):
            y = cp.Variable(block.players, nonneg=True)
            limits.append(y <= block.capacity / energy)
            value = (
                value - (block.cost / price) @ y - cp.sum(cp.multiply(block.rise * energy / price / 2, cp.square(y)))
            )
            inject = inject + place * cp.sum(y)
        else:
            x = cp.Variable(block.users, nonneg=True)
            value = value + TERMS[type(block.utility)](block.utility, x, energy, money)
            y = _by_player(block) @ x
            inject = inject - place * cp.sum(y)
        amounts.append(y)
    everybody = cp.hstack(amounts)
    moved = np.flatnonzero(own > 0)
    if len(moved):
        value = value - cp.sum(cp.multiply(own[moved] * energy / price / 2, cp.square(everybody[moved])))
    cost, balanced = _dispatch(game, inject, energy, price)
    if solved_tightly(cp.Problem(cp.Maximize(value - cost), [*limits, *balanced])) is None:
        return None
    return np.maximum(everybody.value, 0.0) * energy


def _units(game):
    """(Energy, price) in which the programme's numbers are about one."""
    grid = game.grid
    wants = [float(np.max(block.utility.reservation)) for block in game.blocks if isinstance(block, Block)]
    price = max([*wants, *grid.elastic.price, *np.abs(grid.generators.cost), 1e-30])
    low = max(price * 1e-3, 1e-30)
    most = sum(float(np.sum(b.utility.demand(low))) for b in game.blocks if isinstance(b, Block))
    most += sum(float(np.sum(b.capacity)) for b in game.blocks if isinstance(b, Producers))
    return max(float(np.sum(np.abs(grid.demand))) + most, 1e-30), price


def _by_player(block):
    """Sums of users by player, shape (players, users)."""
    rows: Integers = np.repeat(np.arange(block.players), block.sizes)
    return sparse.csr_array((np.ones(block.users), (rows, np.arange(block.users))), (block.players, block.users))


def _dispatch(game, inject, energy, price):
    """(Cost of dispatch, constraints) such that what players put in on balance, (nodes,), is carried and made."""
    grid, n = game.grid, game.grid.nodes
    lines, gens, elastic = grid.lines, grid.generators, grid.elastic
    q, taken = cp.Variable(len(gens)) if len(gens) else None, cp.Variable(len(elastic)) if len(elastic) else None
    demand = np.maximum(grid.demand, 0.0) / energy
    shed = cp.Variable(n, nonneg=True)
    net, cost, limits = (
        inject - grid.demand / energy + shed,
        grid.value_of_lost_load / price * cp.sum(shed),
        [shed <= demand],
    )
    if q is not None:
        finite = np.isfinite(gens.capacity)
        limits += [q >= gens.least / energy, q[finite] <= gens.capacity[finite] / energy]
        cost = cost + (gens.cost / price) @ q + cp.sum(cp.multiply(grid.rises * energy / price / 2, cp.square(q)))
        net = net + _at(gens.node, n) @ q
    if taken is not None:
        limits += [taken >= 0, taken <= elastic.quantity / energy]
        bend = elastic.price / elastic.quantity * energy / price / 2
        cost = cost - (elastic.price / price) @ taken + cp.sum(cp.multiply(bend, cp.square(taken)))
        net = net - _at(elastic.node, n) @ taken
    if not len(lines):
        return cost, [*limits, net == 0]
    angle, weight = cp.Variable(n), lines.susceptance / np.max(np.abs(lines.susceptance))
    shifted = lines.susceptance * grid.power * np.radians(lines.shift) / energy
    ends = incidence(lines, n)
    flow = cp.multiply(weight, ends.T @ angle) - shifted
    limited = np.flatnonzero(np.isfinite(lines.limit))
    if len(limited):
        limits.append(cp.abs(flow[limited]) <= lines.limit[limited] / energy)
    first = np.unique(components(n, lines), return_index=True)[1]
    return cost, [*limits, ends @ flow == net, angle[first] == 0]


def _at(nodes, n):
    return sparse.csr_array((np.ones(len(nodes)), (nodes, np.arange(len(nodes)))), (n, len(nodes)))
