"""The private market game: what every coalition can earn on its own lines, the core, and who would rather leave.

Coalition values are always those of lossy flows. A coalition is a bit mask: bit b
is the agent network.agents[b]; arrays of values have shape (2ⁿ,), the empty coalition's is 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy import optimize

from market.arrays import Array, Mask
from market.grid.lines import components
from market.microgrid.behaviours.ad_hoc import profits_left
from market.microgrid.behaviours.self_interested import one_sided, private_market
from market.microgrid.network import SHARED, Network, Topology
from market.microgrid.payments import by_owner
from market.microgrid.price_driven import balanced, levelled, wires
from market.microgrid.tariff import Tariff

MOST_AGENTS = 12
CORE_TOLERANCE = 1e-6  # money; a core counts as not empty, a coalition as content, up to it
SAME_GAIN = 1e-9  # money
MOST_GROWTH = 200  # coalitions tried by the search above MOST_AGENTS


@dataclass(frozen=True, eq=False)
class LeastCore:
    """Payoffs of agents, shape (agents,), that leave no coalition more than the least possible epsilon short."""

    epsilon: float
    payoffs: Array
    core_is_empty: bool


@dataclass(frozen=True)
class Participation:
    """Would some coalition rather leave? `coalition`: the nodes that gain most, `gain` in money (≤ 0: nobody gains).

    proven: False where only some coalitions were looked at and none gains.
    """

    holds: bool
    proven: bool
    coalition: tuple[int, ...]
    gain: float


def inside(network: Network | Topology, members: Mask) -> Mask:
    """Marks the private lines a coalition has to itself: both ends are members, and the owner if it has one."""
    lines = network.private
    owned = (lines.owner == SHARED) | members[lines.owner]
    return members[lines.tail] & members[lines.head] & owned


def restricted(network: Network, members: Mask) -> Network:
    """The network with a coalition's injections and lines alone; members: marks, shape (n,)."""
    alone = network.with_injection(np.where(members, network.injection, 0.0))
    return alone.with_private(network.private.take(inside(network, members)))


def private_flows(network: Network, tariff: Tariff, members: Mask, start: Array | None) -> Array:
    """Flows on a coalition's own lines in its own interest, with lossy flows, shape (its lines,).

    start: prices (n,) that are nearly right, where some are known; Newton's method then mostly needs no programme.
    """
    if start is not None:
        lines = wires(network.private.take(inside(network, members)), network, lossy=True)
        low, high = np.full(network.nodes, tariff.sell), np.full(network.nodes, tariff.buy)
        found = balanced(lines, np.where(members, network.injection, 0.0), start, low, high)
        if found is not None:
            return found[1]
    return private_market(restricted(network, members), tariff, lossy=True)[0]


def coalition_value(network: Network, tariff: Tariff, members: Mask, start: Array | None = None) -> float:
    """v(S): minus the tariff's bill of a coalition that trades on its own lines only, money.

    members: marks, shape (n,) (docs/microgrid/model.md, Who would rather leave?).
    """
    flows = private_flows(network, tariff, members, start)
    lines = wires(network.private.take(inside(network, members)), network, lossy=True)
    left = lines.left(np.where(members, network.injection, 0.0), flows)
    return float(np.sum(tariff_value(left, tariff)))


def tariff_value(left: Array, tariff: Tariff) -> Array:
    """What the main grid pays (negative: charges) for what is left at nodes, money, same shape."""
    return tariff.sell * np.maximum(left, 0.0) - tariff.buy * np.maximum(-left, 0.0)


def private_game(network: Network, tariff: Tariff) -> Array:
    """v(S) of every coalition (Shapley and Shubik's market game), money, shape (2ⁿ,), for at most MOST_AGENTS agents.

    A coalition whose lines do not connect it earns what its connected parts earn; only connected ones are solved
    (docs/microgrid/open-question.md, 1).
    """
    marks = all_coalitions(network)
    alone = tariff_value(network.injection, tariff)
    values, prices = np.zeros(len(marks)), None
    for number, rest in enumerate(_parts(network.topology)):
        if rest > 0:
            values[number] = values[number - rest] + values[rest]
        elif rest == CONNECTED:
            prices = _start(network, tariff) if prices is None else prices
            values[number] = coalition_value(network, tariff, marks[number], prices)
        else:
            values[number] = alone[marks[number]].sum()
    return values


CONNECTED = -1


@lru_cache(maxsize=4)
def _parts(topology):
    """By coalition, how its value is found: the number of what its first part leaves, CONNECTED, or 0 without lines.

    A part is taken off only where no line has an owner of its own; what lines join is the same at all times.
    """
    agents, lines = topology.agents, topology.private
    bits = np.zeros(topology.nodes, dtype=np.intp)
    bits[agents] = 1 << np.arange(len(agents))
    found = [0]
    for number, members in enumerate(all_coalitions(topology)[1:], start=1):
        own = inside(topology, members)
        part = components(topology.nodes, lines.take(own))
        rest = number - int(bits[part == part[np.argmax(members)]].sum())
        parted = rest and not np.any(lines.owner[own] != SHARED)
        found.append(rest if parted else CONNECTED if np.any(own) else 0)
    return found


def _start(network, tariff):
    """Prices (n,) of the private market of all, exact or nearly: where Newton's method begins for each coalition."""
    lines = wires(network.private, network, lossy=True)
    low, high = np.full(network.nodes, tariff.sell), np.full(network.nodes, tariff.buy)
    found = balanced(lines, network.injection, np.where(network.injection < 0, high, low), low, high)
    return private_market(network, tariff, lossy=True)[1]["private_prices"] if found is None else found[0]


def all_coalitions(network: Network | Topology) -> Mask:
    """Marks of the members of every coalition, shape (2ⁿ, nodes). Raises ValueError above MOST_AGENTS agents."""
    agents = network.agents
    if len(agents) > MOST_AGENTS:
        raise ValueError(f"{len(agents)} agents: every coalition is looked at for at most {MOST_AGENTS}")
    marks = np.zeros((1 << len(agents), network.nodes), dtype=bool)
    marks[:, agents] = membership(len(agents))
    return marks


def membership(players: int) -> Mask:
    """Members of every coalition, shape (2ⁿ, n)."""
    return (np.arange(1 << players)[:, None] >> np.arange(players) & 1).astype(bool)


def least_core(values: Array) -> LeastCore:
    """The least core: min ε, x(S) ≥ v(S) − ε for all coalitions but none and all, x(N) = v(N); a linear programme.

    values: v, money, shape (2ⁿ,) (docs/microgrid/model.md, Who would rather leave?).
    """
    players = len(values).bit_length() - 1
    members = membership(players).astype(float)
    some = slice(1, len(values) - 1)
    rows = -np.hstack([members[some], np.ones((len(values) - 2, 1))])
    goal = np.append(np.zeros(players), 1.0)
    whole = np.append(np.ones(players), 0.0)[None]
    bounds = [(None, None)] * (players + 1)
    found = optimize.linprog(goal, rows, -values[some], whole, values[-1:], bounds, method="highs")
    epsilon = float(found.x[-1])
    return LeastCore(epsilon, found.x[:-1], epsilon > CORE_TOLERANCE)


def blocking(values: Array, payoffs: Array) -> tuple[tuple[int, ...], float] | None:
    """(Players, gain) of the coalition that gains most by leaving payoffs, shape (players,); None where none gains."""
    gains = values - membership(len(payoffs)) @ payoffs
    gains[0] = -np.inf
    best = _first_best(gains)
    if gains[best] <= CORE_TOLERANCE:
        return None
    return tuple(np.flatnonzero(best >> np.arange(len(payoffs)) & 1).tolist()), float(gains[best])


def _first_best(gains):
    """Number of the coalition that gains most, the lowest where some gain the same but for rounding."""
    return int(np.argmax(gains >= np.max(gains) - SAME_GAIN))


def participation(
    network: Network, tariff: Tariff, payoffs: Array, prices: Array | None = None, values: Array | None = None
) -> Participation:
    """Does every private coalition do at least as well with payoffs (n,) as on its own?

    Up to MOST_AGENTS agents all are looked at; values: what `private_game` gave, where it is at hand. Above, it is
    proven where prices (n,) within the tariff support the payoffs (duality); else some likely coalitions are searched
    (docs/microgrid/model.md, Who would rather leave?).
    """
    if len(network.agents) <= MOST_AGENTS:
        marks = all_coalitions(network)[1:]
        values = private_game(network, tariff) if values is None else values
        gains = values[1:] - marks @ payoffs
        best = _first_best(gains)
        return _verdict(network, marks[best], gains[best], proven=True)
    if prices is not None and supported(network, tariff, payoffs, prices):
        return Participation(True, True, (), 0.0)
    members, gain = _search(network, tariff, payoffs)
    return _verdict(network, members, gain, proven=gain > CORE_TOLERANCE)


def supported(network: Network, tariff: Tariff, payoffs: Array, prices: Array) -> bool:
    """Do prices within the tariff give every agent no more than its payoff, rents of best private flows included?

    Then no coalition gains by leaving: its value is at most what these prices give it, by weak duality
    (docs/microgrid/model.md, Who would rather leave?).
    """
    at = prices[network.agents]
    if not np.all((at >= tariff.sell - CORE_TOLERANCE) & (at <= tariff.buy + CORE_TOLERANCE)):
        return False
    lines, bound = wires(network.private, network, lossy=True), np.full(network.nodes, np.inf)
    prices = levelled(lines, prices, -bound, bound)
    rents = lines.most_rents(prices)
    enough = prices * network.injection + by_owner(network, rents)
    return bool(np.all((payoffs - enough)[network.agents] >= -CORE_TOLERANCE))


def _verdict(network, members, gain, proven):
    content = bool(gain <= CORE_TOLERANCE)
    return Participation(content, bool(proven), () if content else tuple(np.flatnonzero(members).tolist()), float(gain))


def _search(network, tariff, payoffs):
    """The coalition found that gains most: an agent, who belongs to a line, a group, or what grows from the best."""
    lines, alone = network.private, tariff_value(network.injection, tariff) - payoffs
    third = (lines.owner != SHARED) & (lines.owner != lines.tail) & (lines.owner != lines.head)
    pairs = alone[lines.tail] + alone[lines.head] + np.where(third, alone[lines.owner], 0.0)
    pairs = pairs + profits_left(network, tariff, np.zeros(len(lines)), network.injection, lossy=True)
    found = [(float(alone[i]), _marks(network, i)) for i in network.agents[np.argsort(-alone[network.agents])[:1]]]
    for k in np.argsort(-pairs)[:3]:
        owner = [lines.owner[k]] if third[k] else []
        found.append((float(pairs[k]), _marks(network, [lines.tail[k], lines.head[k], *owner])))
    sizes = np.bincount(network.private_group)
    for group in np.argsort(-sizes)[:3]:
        members = (network.private_group == group) & _marks(network, network.agents)
        if np.any(members):
            found.append((_gain(network, tariff, payoffs, members), members))
    best = max(found, key=lambda one: one[0])
    return _grown(network, tariff, payoffs, *best)


def _grown(network, tariff, payoffs, gain, members):
    """Add the neighbour that brings most, one after another, while that pays."""
    lines, tried = network.private, 0
    while tried < MOST_GROWTH:
        near = np.union1d(lines.head[members[lines.tail]], lines.tail[members[lines.head]])
        trials = []
        for node in near[~members[near]][: MOST_GROWTH - tried]:
            larger = members | _marks(network, node)
            trials.append((_gain(network, tariff, payoffs, larger), larger))
        tried += len(trials)
        best = max(trials, key=lambda one: one[0], default=(-np.inf, members))
        if best[0] <= gain:
            break
        gain, members = best
    return members, float(gain)


def _gain(network, tariff, payoffs, members):
    """What a coalition earns on its own above its payoffs, money."""
    start = one_sided(network, tariff, np.where(members, network.injection, 0.0))
    return coalition_value(network, tariff, members, start) - payoffs[members].sum()


def _marks(network, nodes):
    marks = np.zeros(network.nodes, dtype=bool)
    marks[nodes] = True
    return marks
