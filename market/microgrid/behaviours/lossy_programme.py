"""The cone programme behind cooperative and integrated dispatch with lossy flows."""

from dataclasses import dataclass

import cvxpy as cp
import numpy as np

from market.microgrid.convex import half, relaxation_gap, squares
from market.microgrid.dispatch import RELAXED, lossy_dispatch, relative
from market.microgrid.price_driven import wires
from market.programmes import solved

HELPED = 1e-6  # help in p.u., relative to the largest injection, from which a node counts as not served


class Programme:
    """Variables and balance with lossy flows: flows and their squares on both kinds of lines, grid supply."""

    def __init__(self, network):
        self.network = network
        self.f, self.g = cp.Variable(len(network.public)), cp.Variable(len(network.private))
        self.supply = cp.Variable()
        self.f_square, public = squares(network.public.r, self.f)
        self.g_square, private = squares(network.private.r, self.g)
        self.squared = [*public, *private]
        slack = np.zeros(network.nodes)
        slack[network.slack] = 1.0
        self.left = network.injection + self.supply * slack
        for ends, lines, flow, square in (
            (network.public_incidence, network.public, self.f, self.f_square),
            (network.private_incidence, network.private, self.g, self.g_square),
        ):
            if len(lines):
                self.left = self.left - cp.Constant(ends) @ flow - half(ends, lines.r, square)

    @property
    def flows(self):
        """Public and private flows found."""
        return tuple(np.zeros(0) if flow.size == 0 else flow.value for flow in (self.f, self.g))

    @property
    def relax_gap(self):
        """Largest r (l − f²) over both kinds of lines."""
        return max(
            relaxation_gap(lines.r, flow.value, square.value) if len(lines) else 0.0
            for lines, flow, square in (
                (self.network.public, self.f, self.f_square),
                (self.network.private, self.g, self.g_square),
            )
        )


@dataclass(frozen=True, eq=False)
class Found:
    """The programme's answer: flows, prices in units of the slack's, how exact; or the nodes that cannot be served."""

    f: np.ndarray | None = None
    g: np.ndarray | None = None
    prices: np.ndarray | None = None
    relax_gap: float = 0.0
    accurate: bool = True
    unserved: tuple = ()


def least_supply(network, programme, follows=()):
    """Solve a programme for the least grid supply, with further constraints on its public flows."""
    balance = programme.left == 0
    rules = [*programme.squared, *follows]
    accurate = solved(cp.Problem(cp.Minimize(programme.supply), [balance, *rules]))
    if accurate is None:
        return Found(unserved=_beyond_lines(network, programme, rules))
    prices = np.where(network.reaches, balance.dual_value / balance.dual_value[network.slack], 1.0)
    gap = programme.relax_gap
    return Found(*programme.flows, prices, gap, accurate and gap <= RELAXED)


def _beyond_lines(network, programme, rules):
    """The nodes that need help, where as little as possible is given from outside so that all are served."""
    given, taken = cp.Variable(network.nodes, nonneg=True), cp.Variable(network.nodes, nonneg=True)
    balance = programme.left + given - taken == 0
    if solved(cp.Problem(cp.Minimize(cp.sum(given + taken)), [balance, *rules])) is None:
        needy = network.agents[network.injection[network.agents] < 0]
        return tuple((needy if len(needy) else network.agents).tolist())
    helped = given.value + taken.value > HELPED * max(1.0, np.max(np.abs(network.injection)))
    helped[network.slack] = False
    return tuple(np.flatnonzero(helped).tolist()) or tuple(network.agents.tolist())


def outcome_of(network, tariff, found, g, f, public_bound):
    """The outcome of exact flows g and f near those found; its gap is the cost above the dual bound.

    `public_bound` is the least grid supply at the prices found without what private lines earn.
    """
    supply = lossy_dispatch(network, g, f).grid_supply
    bound = public_bound - np.sum(wires(network.private, network.nodes, lossy=True).most_rents(found.prices))
    gap = relative(tariff.generation * (supply - bound), tariff.bill(supply), network, tariff)
    known = {"gap": gap, "relax_gap": found.relax_gap, "accurate": found.accurate}
    return lossy_dispatch(network, g, f, tariff.generation * found.prices, **known)
