"""Who has what a microgrid is worth, beside a planner of the same lines (docs/microgrid/model.md, Who has what)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from market.microgrid.behaviours import Cooperative, Integrated
from market.microgrid.market import ClearedPeriod, Microgrid
from market.microgrid.payments import by_owner, generation_cost
from market.splits import GIVING, GRID, LOSSES, NEEDING, NEITHER, RENTS, Split


def planned(market: Microgrid, period: int) -> ClearedPeriod:
    """One period under a planner who keeps the main grid's cost least and pays by prices at the nodes.

    It uses all private lines, and public ones freely only where the market does.
    """
    rule = Integrated() if isinstance(market.behaviour, Integrated) else Cooperative()
    planner = replace(market, behaviour=rule, payments="lmp", payment_keys={})
    network = planner.at(period)
    return planner.clear(network, planner.dispatch(network, period), period=period)


def split(outcomes: Sequence[ClearedPeriod], planners: Sequence[ClearedPeriod]) -> Split:
    """Nodes, lines and the main grid over periods, what losses cost a planner of each too, and what is lost beside it.

    All periods have payments. A unit that is needed counts what the main grid asks for it, one that is left over costs
    what its node spends on it; with what losses cost, the parts come to the worth of all without any.
    """
    each = [_had(outcome) for outcome in outcomes]
    bills = [_bills(*pair) for pair in zip(outcomes, planners, strict=True)]
    lossless, least, now = np.sum(bills, axis=0).tolist()
    had = {who: sum(one[who] for one in each) for who in each[0]}
    return Split({who: money for who, money in had.items() if money != 0}, now - least, {LOSSES: least - lossless})


def _had(outcome):
    """What nodes that need and that have power, their lines and the main grid have of one period, money."""
    network, paid = outcome.network, outcome.payments
    nodes, e = paid.agents - by_owner(network, paid.lines), network.injection
    kept = nodes - outcome.tariff.buy * np.minimum(e, 0.0) - generation_cost(network)
    return {
        NEEDING: float(np.sum(kept[e < 0])),
        GIVING: float(np.sum(kept[e > 0])),
        NEITHER: float(np.sum(kept[e == 0])),
        RENTS: float(np.sum(paid.lines)),
        GRID: paid.grid,
    }


def _bills(outcome, best):
    """The main grid's bill of one period without losses, under the planner, and as it is, money."""
    supplies = (-float(np.sum(outcome.network.endowments)), best.dispatch.grid_supply, outcome.dispatch.grid_supply)
    return [outcome.tariff.bill(supply) for supply in supplies]
