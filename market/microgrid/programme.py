"""The cone programme behind lossy flows: least loss, and how much help from outside is needed where there are none.

Powers are in units of the largest injection, resistances of the largest one. A price is 1 + unit q, q the marginal loss
in units of `unit`, the share that the line of most resistance loses of the largest injection: where resistances are
small, prices hardly differ, and q keeps their digits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cvxpy as cp
import numpy as np

from market.arrays import Array, Integers
from market.grid.power_flow import Grid
from market.microgrid.convex import half, relaxation_gap, squares
from market.microgrid.network import Network
from market.programmes import solved, solved_tightly

NOT_RELAXED = 1e-6  # r (l − f²) as a share of the largest injection at which lossy flows count as exact
NOT_HELPED = 1e-6  # help as a share of the largest injection from which a node counts as not served


class Programme:
    """Variables and balance with lossy flows: flows and their squares on both kinds of lines, grid supply."""

    def __init__(self, network):
        self.network = network
        self.unit = network.power * network.resistance
        self.f, self.g = cp.Variable(len(network.public)), cp.Variable(len(network.private))
        self.supply = cp.Variable()
        slack = np.zeros(network.nodes)
        slack[network.slack] = 1.0
        self.left = network.injection / network.power + self.supply * slack
        self.loss, self.squared, self.squares = 0.0, [], []
        for ends, lines, flow in (
            (network.public_incidence, network.public, self.f),
            (network.private_incidence, network.private, self.g),
        ):
            r = lines.r / network.resistance
            square, squared = squares(r, flow)
            self.squares.append(square)
            self.squared.extend(squared)
            if len(lines):
                self.left = self.left - cp.Constant(ends) @ flow - half(ends, self.unit * r, square)
                self.loss = self.loss + r @ square

    @property
    def flows(self) -> tuple[Array, Array]:
        """Public and private flows found, in p.u."""
        f, g = (np.zeros(0) if flow.size == 0 else self.network.power * flow.value for flow in (self.f, self.g))
        return f, g

    @property
    def relax_gap(self) -> float:
        """Largest r (l − f²) over both kinds of lines, as a share of the largest injection."""
        kinds = zip((self.network.public, self.network.private), (self.f, self.g), self.squares, strict=True)
        return max(
            relaxation_gap(self.network.power * lines.r, flow.value, square.value) if len(lines) else 0.0
            for lines, flow, square in kinds
        )


def by_physics(grid: Grid, programme: Programme) -> list[cp.Constraint]:
    """The constraints that tie a programme's public flows to potentials, x f = θ_i − θ_j.

    With shifts and under "r" as in the grid (docs/microgrid/model.md, Nodes and lines).
    """
    theta, reactance = cp.Variable(grid.nodes), 1 / grid.weight
    reactance = reactance / np.max(np.abs(reactance), initial=0.0) if len(reactance) else reactance
    ends = cp.Constant(grid.incidence.T)
    driven = programme.f - grid.loop / programme.network.power
    rules = [cp.multiply(reactance, driven) == ends @ theta] if len(reactance) else []
    return [*rules, theta[np.flatnonzero(grid.reference)] == 0]


@dataclass(frozen=True, eq=False)
class Found:
    """The programme's answer: flows in p.u., prices 1 + unit q in units of the slack's, largest r (l − f²) in p.u."""

    f: Array
    g: Array
    q: Array
    unit: float
    relax_gap: float
    accurate: bool

    @property
    def prices(self) -> Array:
        """Prices at the nodes in units of the slack's, shape (n,)."""
        return 1 + self.unit * self.q


def least_supply(network: Network, programme: Programme, follows: Sequence[cp.Constraint] = ()) -> Found | None:
    """Solve a programme for the least grid supply, which is that of least loss; None where it is not solved.

    follows: further constraints on its public flows (docs/microgrid/model.md, Five behaviours).
    """
    balance = programme.left == 0
    accurate = solved_tightly(cp.Problem(cp.Minimize(programme.loss), [balance, *programme.squared, *follows]))
    if accurate is None:
        return None
    dual = balance.dual_value
    q = np.where(network.reaches, dual[network.slack] - dual, 0.0)
    gap = programme.relax_gap
    return Found(*programme.flows, q, programme.unit, gap * network.power, accurate and gap <= NOT_RELAXED)


def help_needed(
    network: Network, programme: Programme, follows: Sequence[cp.Constraint]
) -> tuple[Integers, Array] | None:
    """(Nodes that need help where as little as possible is given so that all are served, prices of help (n,)); or None.

    Prices are at least 0 and 0 at the slack. None where this programme is not solved either.
    """
    given, taken = cp.Variable(network.nodes, nonneg=True), cp.Variable(network.nodes, nonneg=True)
    balance = programme.left + given - taken == 0
    goal = cp.Minimize(cp.sum(given + taken))
    if solved(cp.Problem(goal, [balance, *programme.squared, *follows])) is None:
        return None
    helped = np.asarray(given.value) + np.asarray(taken.value) > NOT_HELPED
    helped[network.slack] = False
    prices = np.maximum(balance.dual_value[network.slack] - balance.dual_value, 0.0)
    return np.flatnonzero(helped), prices
