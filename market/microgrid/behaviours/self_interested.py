"""Private groups that maximise their joint profit at the tariff and see private losses only."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import cvxpy as cp
import numpy as np
from scipy import sparse

from market.arrays import Array
from market.grid.power_flow import Grid
from market.grid.systems import solve
from market.microgrid.behaviours.behaviour import Behaviour
from market.microgrid.convex import half, relaxation_gap, squares
from market.microgrid.dispatch import Dispatch, put_in, relative, served_publicly
from market.microgrid.network import Network, no_public_lines
from market.microgrid.price_driven import (
    MOST_ROUNDS,
    NEAR_BOUND,
    NODES_BALANCED,
    balanced,
    corrected,
    dual_bound,
    wires,
)
from market.microgrid.programme import NOT_RELAXED
from market.microgrid.tariff import Tariff
from market.parameters import parameter
from market.programmes import solved_tightly

MANY_LINES = 2_000  # private lines above which Newton's method is tried before a programme
RESIDUALS = ("exact", "even")


@dataclass(frozen=True)
class SelfInterested(Behaviour):
    """Each group of the private graph minimises what it pays at the tariff (docs/microgrid/model.md, Five behaviours).

    Priced, a group's loss costs c_b a unit where the group is in need, else c_s. residual: "exact" leaves what is
    bought where it is needed; "even" shares what a group still buys or sells evenly over its nodes on the public grid,
    at the least private loss that allows. The gap is that of duality, for "even" the cost above the optimum. Without
    resistance optimal flows are not unique: those of least Σ w g², then Σ g², are taken.
    """

    residual: str = parameter(
        default="exact",
        type="choice",
        range=RESIDUALS,
        meaning="where a self-interested group buys what it lacks",
        anywhere=True,
    )

    def __post_init__(self):
        if self.residual not in RESIDUALS:
            raise ValueError(f"residual={self.residual!r} is not one of {', '.join(RESIDUALS)}")

    @property
    def optimal(self) -> bool:
        """An even residual costs more than the optimum; its gap says how much."""
        return self.residual == "exact"

    def priced(self, network: Network, grid: Grid, tariff: Tariff) -> Dispatch:
        g, known = private_market(network, tariff, lossy=False)
        if self.residual == "even":
            g, known = _even_priced(network), known | {"private_prices": None}
        return self._outcome(network, grid, tariff, g, known, lossy=False)

    def lossy(self, network: Network, grid: Grid, tariff: Tariff) -> Dispatch:
        g, known = private_market(network, tariff, lossy=True)
        if self.residual == "even":
            g, even = _even_lossy(network)
            known = known | even
        return self._outcome(network, grid, tariff, g, known, lossy=True)

    def _outcome(self, network, grid, tariff, g, known, lossy):
        bound = known.pop("bound")
        bill = tariff_bill(network, tariff, g, lossy)
        gap = relative(bill - bound, bill, network, tariff)
        return served_publicly(network, grid, tariff, g, lossy, gap=gap, **known)


def tariff_bill(network: Network, tariff: Tariff, g: Array, lossy: bool) -> float:
    """What all agents together pay at the tariff for what private flows g leave, money; priced, with private losses."""
    left = put_in(network, g, lossy)[network.agents]
    bill = tariff.buy * np.sum(np.maximum(-left, 0.0)) - tariff.sell * np.sum(np.maximum(left, 0.0))
    return float(bill if lossy else bill + np.sum(loss_price(network, tariff) * network.private.r * g**2))


def loss_price(network: Network, tariff: Tariff) -> Array:
    """What a unit of loss costs the group of each line (L1), money per p.u., shape (lines,): c_b in need, else c_s."""
    group = network.private_group
    net = np.bincount(group, network.injection)
    return np.where(net[group[network.private.tail]] < 0, tariff.buy, tariff.sell)


def private_market(network: Network, tariff: Tariff, lossy: bool) -> tuple[Array, dict[str, Any]]:
    """Flows of the groups' optimum, p.u., shape (lines,), and what is known of it: bound, prices, accuracy.

    Worked out with powers in units of the largest injection and money in units of what power is bought for
    (docs/microgrid/model.md, Five behaviours).
    """
    power, price = network.power, tariff.buy or 1.0
    g, known = _normal_market(in_units(network, power), in_money(tariff, price), lossy)
    scales = {"bound": price * power, "private_prices": price, "relax_gap": power}
    return power * g, {name: value * scales.get(name, 1) for name, value in known.items()}


def in_units(network: Network, power: float) -> Network:
    """The network with powers in another unit: injections over it, resistances times it."""
    lines = replace(network.private, r=network.private.r * power)
    return replace(network, injection=network.injection / power, private=lines, public=no_public_lines())


def in_money(tariff: Tariff, unit: float) -> Tariff:
    """The tariff in another unit of money."""
    return Tariff(tariff.buy / unit, tariff.sell / unit, tariff.generation / unit)


def _normal_market(network, tariff, lossy):
    lines = wires(network.private, network, lossy, 1.0 if lossy else loss_price(network, tariff))
    low, high = np.full(network.nodes, tariff.sell), np.full(network.nodes, tariff.buy)
    exact, known = None, {}
    if len(lines) > MANY_LINES:
        exact = balanced(lines, network.injection, one_sided(network, tariff, network.injection), low, high)
    if exact is None:
        prices, g, known = _by_programme(network, tariff, lines)
        exact = balanced(lines, network.injection, prices, low, high)
    if exact is not None:
        prices, g = exact
        known["accurate"] = True
    near = NEAR_BOUND * (high - low)
    snapped = np.where(prices <= low + near, low, np.where(prices >= high - near, high, prices))
    bound = max(dual_bound(lines, network.injection, each, low, high) for each in (prices, snapped))
    return g, {"bound": bound, "private_prices": prices, **known}


def _by_programme(network, tariff, lines):
    """Prices, flows and what is known of them from a programme, nearly right; lone nodes trade with the main grid."""
    prices, g, known = (_lossy_programme if lines.lossy else _priced_programme)(network, tariff, lines)
    lone = np.bincount(lines.tail, minlength=network.nodes) + np.bincount(lines.head, minlength=network.nodes) == 0
    return np.where(lone, _prices_without_lines(network, tariff), prices), g, known


def _priced_programme(network, tariff, lines):
    """Prices of the groups' quadratic programme (L1), from its dual: one price a node instead of one flow a line."""
    if not len(lines) or tariff.buy == tariff.sell:
        prices = _prices_without_lines(network, tariff)
        return prices, np.zeros(len(lines)), {"accurate": True}
    prices = cp.Variable(network.nodes)
    laplacian = lines.slope(np.ones(network.nodes))
    cost = prices @ network.injection + cp.quad_form(prices, cp.psd_wrap(laplacian)) / 2
    accurate = solved_tightly(cp.Problem(cp.Minimize(cost), [tariff.sell <= prices, prices <= tariff.buy]))
    found = _prices_without_lines(network, tariff) if accurate is None else prices.value
    found = np.clip(found, tariff.sell, tariff.buy)
    return found, lines.flows(found), {"accurate": bool(accurate)}


def _lossy_programme(network, tariff, lines):
    """Prices and flows of the groups' cone programme (L2)."""
    if not len(lines) or tariff.buy == tariff.sell:
        prices = _prices_without_lines(network, tariff)
        return prices, lines.flows(prices), {"accurate": True, "relax_gap": 0.0}
    ends, r = network.private_incidence, network.private.r
    g = cp.Variable(len(r))
    bought, sold = cp.Variable(network.nodes, nonneg=True), cp.Variable(network.nodes, nonneg=True)
    square, squared = squares(r, g)
    left = network.injection - cp.Constant(ends) @ g - half(ends, r, square)
    balance = left + bought - sold == 0
    cost = tariff.buy * cp.sum(bought) - tariff.sell * cp.sum(sold)
    accurate = solved_tightly(cp.Problem(cp.Minimize(cost), [balance, *squared]))
    if accurate is None:
        prices = _prices_without_lines(network, tariff)
        return prices, np.zeros(len(r)), {"accurate": False, "relax_gap": 0.0}
    relax_gap = relaxation_gap(r, g.value, square.value) if tariff.sell > 0 else 0.0
    prices = np.clip(-balance.dual_value, tariff.sell, tariff.buy)
    return prices, g.value, {"accurate": accurate and relax_gap <= NOT_RELAXED, "relax_gap": relax_gap}


def one_sided(network: Network, tariff: Tariff, injection: Array) -> Array:
    """Prices (n,) near those of most nodes of a market: what its private group as a whole pays or gets for the rest.

    injection: p.u., shape (n,), of those who trade.
    """
    short = np.bincount(network.private_group, injection) < 0
    return np.where(short, tariff.buy, tariff.sell)[network.private_group]


def _prices_without_lines(network, tariff):
    return np.where(network.injection < 0, tariff.buy, tariff.sell)


def _shares(network):
    """Nodes by groups, shape (n, groups): 1 where a node bears its part of an even share."""
    group = network.private_group
    bears = network.reaches_publicly
    alone = np.bincount(group, bears) == 0
    bears = bears | alone[group]
    return (group[:, None] == np.arange(group.max() + 1)) * bears[:, None].astype(float)


def _even_priced(network):
    shares = _shares(network)
    even = shares @ (np.bincount(network.private_group, network.injection) / shares.sum(axis=0))
    lines = wires(network.private, network, lossy=False)
    free = np.full(network.nodes, np.inf)
    return balanced(lines, network.injection - even, np.zeros(network.nodes), -free, free)[1]


def _even_lossy(network):
    shares, power = _shares(network), network.power
    if not len(network.private):
        return np.zeros(0), {"private_prices": None}
    scaled = in_units(network, power)
    g = _even_exact(scaled, shares)
    if g is not None:
        return power * g, {"private_prices": None, "accurate": True, "relax_gap": 0.0}
    ends, r = scaled.private_incidence, scaled.private.r
    g, share = cp.Variable(len(r)), cp.Variable(shares.shape[1])
    square, squared = squares(r, g)
    left = scaled.injection - cp.Constant(ends) @ g - half(ends, r, square)
    balance = (left - shares @ share)[network.agents] == 0
    # A group's share is greatest where its loss is least, and that keeps its digits where losses are small.
    weight = r / shares.sum(axis=0)[network.private_group[network.private.tail]] / scaled.resistance
    accurate = solved_tightly(cp.Problem(cp.Minimize(weight @ square), [balance, *squared]))
    if accurate is None:
        return np.zeros(len(r)), {"private_prices": None, "accurate": False}
    relax_gap = relaxation_gap(r, g.value, square.value)
    fine = accurate and relax_gap <= NOT_RELAXED
    return power * g.value, {"private_prices": None, "accurate": fine, "relax_gap": power * relax_gap}


def _even_exact(network, shares):
    """Flows (lines,) of an even residual at the least loss by Newton's method; None where it does not settle.

    Prices q drive them as in a lossy market, λ = 1 + unit q, of mean 1 over the nodes that bear a group's share: the
    conditions of the cone programme, whose optimum they are wherever no line has prices below 0. Where resistances are
    far apart the programme does not tell its flows, which hardly matter for its loss.
    """
    lines = replace(wires(network.private, network, lossy=True), base=1.0, unit=network.resistance)
    agents, borne = network.agents, shares.sum(axis=0) > 0
    shares = shares[agents][:, borne & np.any(shares[agents] > 0, axis=0)]
    q, share, still = np.zeros(network.nodes), np.zeros(shares.shape[1]), sparse.csr_array((shares.shape[1],) * 2)
    for _ in range(MOST_ROUNDS):
        g = lines.flows(q)
        missing = lines.left(network.injection, g)[agents] - shares @ share
        if not np.all(np.isfinite(missing)) or np.any(lines.both_ends(q) <= 0):
            return None
        if np.max(np.abs(missing), initial=0.0) <= max(NODES_BALANCED, lines.rounding(q)):
            if np.any(lines.r * np.abs(g) > 1):  # more sent brings less: power has a price below 0 at one end
                return None
            evened = network.injection.copy()
            evened[agents] -= shares @ share
            return corrected(lines, evened, g, _all_but_first(network.private_group, agents))
        slope = sparse.csr_array(lines.slope(q))[agents][:, agents]
        matrix = sparse.block_array([[slope, -sparse.csr_array(shares)], [sparse.csr_array(shares.T), still]]).tocsr()
        try:
            with np.errstate(all="ignore"):
                step = solve(matrix, -np.concatenate([missing, shares.T @ q[agents]]))
        except (np.linalg.LinAlgError, RuntimeError):
            return None
        q[agents] += step[: len(agents)]
        share += step[len(agents) :]
    return None


def _all_but_first(group, agents):
    """Agents but the first of each group, ascending."""
    return np.setdiff1d(agents, np.unique(group, return_index=True)[1])
