"""Outcomes of least loss with lossy flows: a programme's answer with its certificate, or proof that there is none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import cvxpy as cp

from market.arrays import Array
from market.grid.power_flow import Grid
from market.microgrid.dispatch import Dispatch, infeasible, lossy_dispatch, not_found, relative
from market.microgrid.least_loss import proves_infeasible
from market.microgrid.network import Network
from market.microgrid.programme import Found, Programme, help_needed
from market.microgrid.tariff import Tariff

if TYPE_CHECKING:
    from market.microgrid.dispatch import Known


def outcome_of(network: Network, tariff: Tariff, found: Found, g: Array, f: Array, bound: float) -> Dispatch:
    """The outcome of exact flows g and f near those found; its gap is the cost above the dual bound.

    g, f: p.u., shape (lines,); bound: least loss at the prices found, in units of found.unit: small losses are then not
    lost beside the supply (docs/microgrid/model.md, How sure, how fast).
    """
    prices = tariff.generation * found.prices
    flows = lossy_dispatch(network, g, f, prices).flows
    astray = flows.grid_supply + float(network.injection.sum()) - flows.loss
    excess = found.unit * (flows.loss / found.unit - bound) + abs(astray)
    gap = relative(tariff.generation * excess, tariff.bill(flows.grid_supply), network, tariff)
    known: Known = {"gap": gap, "relax_gap": found.relax_gap, "accurate": found.accurate}
    return lossy_dispatch(network, g, f, prices, **known)


def nowhere(
    network: Network, grid: Grid | None, programme: Programme, follows: Sequence[cp.Constraint] = ()
) -> Dispatch:
    """The outcome where a programme is not solved: infeasible if prices prove it, with the nodes that need help.

    grid: None where public flows are free of physics.
    """
    found = help_needed(network, programme, follows)
    if found is None or not proves_infeasible(network, grid, found[1]):
        return not_found(network, True)
    nodes = found[0] if len(found[0]) else network.agents
    return infeasible(True, nodes)
