"""Would anybody rather leave? Participation of private coalitions, and the core of the game they play."""

from dataclasses import dataclass

import numpy as np

from market.microgrid.coalitions import (
    MOST_AGENTS,
    LeastCore,
    Participation,
    blocking,
    least_core,
    participation,
    private_game,
)
from market.microgrid.partitions import believed, mergers, partition_game

FORMS = ("market", "partition")


@dataclass(frozen=True, eq=False)
class Stability:
    """What coalitions could do.

    participation: of every private coalition under the payments made, None where there are none; core: the least core
    of the game, None above MOST_AGENTS agents; short: (nodes, gain in money) of the coalition that gains most by
    leaving even the least core's payoffs, None where none gains; groups: who would join whom, as lists of nodes with
    the gain of each merger (partition form only).
    """

    participation: Participation | None
    core: LeastCore | None
    short: tuple | None
    groups: tuple = ()


def stability(network, grid, tariff, payments, prices, form="market", belief="gamma"):
    """The Stability of one period's outcome.

    form "market": a coalition trades on its own lines at the tariff (Shapley and Shubik); "partition": it shares the
    public loss, and what it has depends on how the others group, of which it holds a belief. payments: Payments or
    None; prices: those behind them, shape (n,), or None.
    """
    content = None if payments is None else participation(network, tariff, payments.agents, prices)
    if len(network.agents) > MOST_AGENTS:
        return Stability(content, None, None)
    if form == "market":
        values, groups = private_game(network, tariff), ()
    else:
        game = partition_game(network, grid, tariff.generation)
        values, groups = believed(game, belief), _groups(network, game)
    core = least_core(values)
    found = blocking(values, core.payoffs)
    short = None if found is None else (network.agents[list(found[0])].tolist(), found[1])
    return Stability(content, core, short, groups)


def _groups(network, game):
    """Mergers from agents alone: ((groups of nodes, gain of the two that merged) …)."""
    found = []
    for labels, gain in mergers(game):
        groups = [network.agents[labels == label].tolist() for label in np.unique(labels)]
        found.append((groups, gain))
    return tuple(found)
