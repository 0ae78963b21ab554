"""The keys of an aggregator market on a network, and the checks that look at more than one key."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from market.grid.nodal import SHARES_ROUNDING, NodalGrid
from scenarios.aggregator import keys as plain
from scenarios.aggregator.keys import AggregatorScenario, Group, check_groups, check_learners
from scenarios.aggregator.tariffs import check_tariffs, refuse_by_period
from scenarios.grid import nodal_tables
from scenarios.reading.errors import Place, quoted
from scenarios.reading.population import agreed
from scenarios.reading.rules import Rules
from scenarios.reading.schema import REQUIRED, Key, called, read_table

ROUNDS = plain.ROUNDS
PRODUCER = "producer"
BUYERS, KINDS = plain.KINDS, (*plain.KINDS, PRODUCER)
CONDUCTS = ("network", "energy", "nothing")
LEFT_OUT = {  # keys of the market without a network, and why they have no place here
    "price": "prices are the network's, by its generators and lines",
    "scenarios_of": "each state would have full lines of its own, which no price of one purchase stands for",
    "joining": "who joins whom is not modelled on a network",
    "choosing": "alpha as a strategy is not modelled on a network",
}
COUNT = "of an aggregator its users are split in order into so many; of a producer so many alike"
SELLS, COSTS = "the most each sells", "of each: its marginal cost at no output"
OF_BUYERS, OF_PRODUCERS = ({"when": when, "by": "kind"} for when in (BUYERS, (PRODUCER,)))

CHANGED = {  # keys of groups that mean more here
    "group": {"meaning": "who buys and sells"},
    "group.kind": {"range": KINDS, "meaning": "who acts: aggregators, each user, one large user, producers"},
    "group.users": OF_BUYERS,
    "group.keep": OF_BUYERS,
    "group.count": {"meaning": COUNT, "unit": "", "when": ("aggregator", PRODUCER)},
    "group.utility": OF_BUYERS,
}


def _with_network(key: Key | Rules) -> Key | Rules:
    """A key of the market without a network as it is here."""
    return replace(key, **CHANGED.get(key.path, {}))


PLACES = (
    Key("group.node", "label", "", None, "", "where it buys or sells", example="1"),
    Key("group.nodes", "named", "share", None, "[0, 1]", "in place of node: shares of several, adding to 1"),
    Key(
        "group.anticipates",
        "choice",
        "",
        CONDUCTS[0],
        CONDUCTS,
        "the price it believes to move: its own, the hub's, none",
    ),
)
PRODUCERS = (
    Key("group.capacity", "numbers", "energy", REQUIRED, "(0, inf)", SELLS, example=100.0, **OF_PRODUCERS),
    Key("group.cost", "numbers", "money/energy", REQUIRED, "(-inf, inf)", COSTS, example=10.0, **OF_PRODUCERS),
    Key("group.rise", "numbers", "money/energy²", 0.0, "[0, inf)", "of each: of its marginal cost", **OF_PRODUCERS),
)
FIRST = ("group", "group.name", "group.kind")  # before the places
SHARED = [
    _with_network(key) for key in plain.without_payments(plain.KEYS) if key.path.partition(".")[0] not in LEFT_OUT
]
OF_GROUPS = [key for key in SHARED if key.path.partition(".")[0] == "group"]
KEYS = (
    *(key for key in SHARED if key not in OF_GROUPS),
    *nodal_tables.KEYS,
    *(key for key in OF_GROUPS if key.path in FIRST),
    *PLACES,
    *(key for key in OF_GROUPS if key.path not in FIRST),
    *PRODUCERS,
)


@dataclass(frozen=True)
class Placed(Group):
    """A group of users at a node, or at shares of several, and what its players anticipate."""

    node: str | None = None
    nodes: dict = field(default_factory=dict)
    anticipates: str = CONDUCTS[0]

    @property
    def shares(self) -> dict[str, float]:
        """{node: share}."""
        return self.nodes or {self.node: 1.0}


@dataclass(frozen=True)
class Producer:
    """A group of producers; capacity, cost and rise as the file has them."""

    name: str
    kind: str
    capacity: float | tuple | dict
    cost: float | tuple | dict
    rise: float | tuple | dict
    count: int = 1
    node: str | None = None
    nodes: dict = field(default_factory=dict)
    anticipates: str = CONDUCTS[0]
    conduct: dict = field(default_factory=dict)

    users = 0  # nobody consumes here
    shares = Placed.shares


class NetworkScenario(AggregatorScenario):
    """A scenario of the aggregator market on a network; `groups` keep the order of the file."""

    market = "network"  # the file names the aggregator market
    cases, case_suffixes = nodal_tables.CASES, (".toml", ".m")

    @property
    def node_names(self) -> tuple[str, ...]:
        """What its network calls its nodes."""
        return tuple(map(str, self.grid.names))

    @cached_property
    def grid(self) -> NodalGrid:
        """Its network."""
        return nodal_tables.grid_of(self.table["network"], Place(self.name, Path()))

    @property
    def groups(self) -> tuple[Placed | Producer, ...]:
        rows = [dict(row) for row in self.table["group"]]
        return tuple(Producer(**row) if row["kind"] == PRODUCER else Placed(**row) for row in rows)

    @property
    def buyers(self) -> tuple[Placed, ...]:
        """The groups of users."""
        return tuple(group for group in self.groups if group.kind != PRODUCER)


def read(raw: dict, keys, place: Place) -> dict:
    """The checked table of a file; raises ScenarioError."""
    for name, why in LEFT_OUT.items():
        if name in raw:
            raise place.at(name).error(f"does not go with a network: {why}", "leave it out, or leave out network")
    plain.refuse_payments(raw, place, "a network")
    refuse_by_period(raw, place)
    table = read_table(raw, keys, "", place)
    table["network"] = nodal_tables.read_network(table["network"], place.at("network"))
    check_groups(table["group"], place)
    check_learners(table, place)
    check_tariffs(table, place)
    plain.check_payers(table, place)
    grid = nodal_tables.grid_of(table["network"], place.at("network"))
    places = [place.at("group").at(name) for name in called(table["group"])]
    for group, given, here in zip(table["group"], raw["group"], places, strict=True):
        _check_nodes(group, grid, here)
        if group["kind"] == PRODUCER:
            _count_producers(group, given, here)
    _check_supply(table["group"], grid, places)
    order = list(dict.fromkeys(key.name for key in KEYS if key.table == "group"))
    table["group"] = [{name: group[name] for name in order if name in group} for group in table["group"]]
    return table


def _check_nodes(group, grid, place):
    """One node that is there, or shares of some that add to one."""
    if ("node" in group) == ("nodes" in group):
        got = "got both node and nodes" if "node" in group else "is missing"
        raise (place if "node" in group else place.at("node")).error(got, "node, or nodes with shares, is needed")
    known = {name: k for k, name in enumerate(grid.names)}
    for name in group.get("nodes", {group.get("node"): 1.0}):
        nodal_tables.node_number(name, known, place.at("nodes" if "nodes" in group else "node"))
    total = sum(group["nodes"].values()) if "nodes" in group else 1.0
    if abs(total - 1) > SHARES_ROUNDING:
        raise place.at("nodes").error(f"the shares add to {total:g}", "they must add to 1")


def _count_producers(group, given, place):
    """Number of producers, from `count` and from lists, which must agree."""
    lists = {key: group[key] for key in ("capacity", "cost", "rise") if isinstance(group[key], tuple)}
    said = {"count": group["count"]} if "count" in given or not lists else {}
    group["count"] = agreed(said | {key: len(values) for key, values in lists.items()}, place, "producers")


def _check_supply(groups, grid, places):
    """Raise ScenarioError for a buyer on an island on which nothing can be made."""
    supplied = np.zeros(grid.nodes, dtype=bool)
    supplied[grid.generators.node[grid.generators.capacity > 0]] = True
    supplied |= grid.demand < 0
    number = {name: k for k, name in enumerate(grid.names)}
    at = [[number[name] for name, share in _shares(group).items() if share > 0] for group in groups]
    for group, nodes in zip(groups, at, strict=True):
        if group["kind"] == PRODUCER:
            supplied[nodes] = True
    reached = np.isin(grid.island, grid.island[supplied])
    for group, nodes, place in zip(groups, at, places, strict=True):
        apart = next((k for k in nodes if not reached[k]), None)
        if apart is not None and group["kind"] != PRODUCER:
            got = f"node {quoted(grid.names[apart])} is on an island without supply"
            raise place.at("nodes" if "nodes" in group else "node").error(
                got, "a generator or a producer is needed there"
            )


def _shares(group):
    return group.get("nodes") or {group["node"]: 1.0}


SCENARIO = NetworkScenario
