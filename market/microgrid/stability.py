"""Would anybody rather leave? Participation of private coalitions, and the core of the game they play."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from market.arrays import Array
from market.grid.power_flow import Grid
from market.microgrid.coalitions import (
    MOST_AGENTS,
    LeastCore,
    Participation,
    blocking,
    least_core,
    participation,
    private_game,
)
from market.microgrid.joining import Joined, join
from market.microgrid.network import Network
from market.microgrid.partitions import believed, mergers, partition_game
from market.microgrid.payments import Payments
from market.microgrid.tariff import Tariff

FORMS = ("market", "partition", "joining")
USUAL_COST = 16.0  # money that all injections cost to about, in the unit of money in which games are looked at


@dataclass(frozen=True, eq=False)
class Stability:
    """What coalitions could do.

    participation: of every private coalition under the payments made, None where there are none; core: the least core
    of the game, None for one agent and above MOST_AGENTS; short: (nodes, gain in money) of the coalition that gains
    most by leaving even the least core's payoffs, None where none gains and the core is not empty; groups: who would
    join whom, as lists of nodes with the gain of each merger (partition form only); joined: how agents joined each
    other, one by one (joining form only).
    """

    participation: Participation | None
    core: LeastCore | None
    short: tuple[list[int], float] | None
    groups: tuple[tuple[list[list[int]], float], ...] = ()
    joined: Joined | None = None


def stability(
    network: Network,
    grid: Grid,
    tariff: Tariff,
    payments: Payments | None,
    prices: Array | None,
    form: str = "market",
    belief: str = "gamma",
    core: bool = True,
    joining: dict[str, Any] | None = None,
) -> Stability:
    """The Stability of one period's outcome.

    form "market": a coalition trades on its own lines at the tariff (Shapley and Shubik); "partition": it shares the
    public loss, and what it has depends on how the others group, of which it holds a belief; "joining": agents join
    such coalitions one by one, by the options of `join` in `joining`. payments: Payments or None; prices: those behind
    them, shape (n,), or None. core: is the core looked for, or are agents let join
    (docs/microgrid/model.md, Who would rather leave?)?
    """
    turnover = tariff.buy * float(np.sum(np.abs(network.injection)))
    unit: float = (
        float(2.0 ** np.round(np.log2(turnover / USUAL_COST))) if turnover > 0 else 1.0
    )  # a power of two changes no digit
    tariff = Tariff(tariff.buy / unit, tariff.sell / unit, tariff.generation / unit)
    few = len(network.agents) <= MOST_AGENTS
    private = private_game(network, tariff) if few and (payments is not None or (core and form == "market")) else None
    content = None
    if payments is not None:
        prices = None if prices is None else prices / unit
        content = participation(network, tariff, payments.agents / unit, prices, private)
        content = replace(content, gain=content.gain * unit)
    if core and form == "joining":
        return Stability(
            content, None, None, joined=_joined(partition_game(network, grid, tariff.generation), unit, joining)
        )
    if not core or not few or len(network.agents) == 1:
        return Stability(content, None, None)
    if form == "market":
        values, groups = private, ()
    else:
        game = partition_game(network, grid, tariff.generation)
        values, groups = believed(game, belief), _groups(network, game)
    least = least_core(values)  # type: ignore[arg-type]  # looked for above
    found = blocking(values, least.payoffs)  # type: ignore[arg-type]  # looked for above
    short = None if found is None else (network.agents[list(found[0])].tolist(), found[1] * unit)
    groups = tuple((nodes, gain * unit) for nodes, gain in groups)  # type: ignore[assignment, var-annotated]  # none for one form
    return Stability(content, LeastCore(least.epsilon * unit, least.payoffs * unit, least.core_is_empty), short, groups)


def _joined(game, unit, options):
    """How agents join each other, in the tariff's own unit of money."""
    found = join(game, **(options or {}))
    left = tuple((agent, gain * unit, label) for agent, gain, label in found.left)
    return replace(found, payoffs=found.payoffs * unit, left=left, least_gain=found.least_gain * unit)


def _groups(network, game):
    """Mergers from agents alone: ((groups of nodes, gain of the two that merged) …)."""
    found = []
    for labels, gain in mergers(game):
        groups = [network.agents[labels == label].tolist() for label in np.unique(labels)]
        found.append((groups, gain))
    return tuple(found)
