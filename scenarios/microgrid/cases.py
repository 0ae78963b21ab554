"""Networks of microgrid scenarios: spelt out, or a shipped case, a TOML file, a pandapower network by name."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from market.grid.lines import NetworkError
from market.microgrid.network import Network, network_of
from scenarios.grid.cases import CASE, DATA, check_name, raw_table, table_of
from scenarios.reading.columns import row_label
from scenarios.reading.errors import Place, quoted
from scenarios.reading.rows import by_node
from scenarios.reading.schema import REQUIRED, Key, read_table

SPELT_OUT = ("slack", "injection", "public", "private", "positions", "names", "zones")
ANY = "(-inf, inf)"  # of names that are numbers
POWER = "[-1e6, 1e6]"  # in p.u.
LEAST_REACTANCE = 1e-9  # in p.u.; below, rounding makes systems of equations singular
PUBLIC = ("i", "j", "r", "x", "shift?")
PRIVATE = ("i", "j", "r", "length?", "owner?")

KEYS = (
    Key("network", "table", "", REQUIRED, "", "nodes and lines, spelt out or a case"),
    Key("network.case", "text", "", None, "", f"in place of the rest: {CASE}"),
    Key("network.slack", "whole", "node", None, "[0, 1000000]", "the main grid's node; left out: 0"),
    Key(
        "network.injection",
        "profile",
        "p.u.",
        None,
        POWER,
        "what each node has (> 0) or needs (< 0), the main grid's too",
    ),
    Key("network.public", "rows", "p.u.", None, PUBLIC, "a row for each public line; shift in degrees"),
    Key("network.private", "rows", "p.u., km", None, PRIVATE, "a row for each private line"),
    Key("network.positions", "rows", "km", None, ("x", "y"), "where each node is, for pictures"),
    Key("network.names", "labels", "", None, ANY, "what each node is called, for the summary and pictures"),
    Key("network.zones", "labels", "", None, ANY, "the zone each node is in, for the page's map"),
    Key("network.cost", "numbers", "money/p.u.", None, "[0, inf)", "cost of each node's own generation"),
)


def network_of_case(name) -> Network:
    """The network of a shipped case.

    >>> network_of_case("ieee300").nodes
    300
    """
    table = _shipped(name)
    return network_of(table["injection"][0], table["public"], table.get("private", ()), table["slack"])


def read_network(table, place: Place) -> dict:
    """A network's table as the schema read it, made whole: spelt out but for cases that are known by name.

    Raises ScenarioError for what is missing, goes with something else, or is no case.
    """
    case = table.get("case")
    if case is None:
        for name in ("injection", "public"):
            if name not in table:
                raise place.at(name).error("is missing", "a network needs injection and public, or a case")
        check_names(table, place)
        return {"slack": 0} | table | {"injection": by_node(table["injection"], _called(table), place.at("injection"))}
    for name in SPELT_OUT:
        if name in table:
            raise place.at(name).error("goes with a network that is spelt out", "leave it out, or leave out case")
    if case.endswith(".toml"):
        return _own(case, place.at("case")) | {key: value for key, value in table.items() if key != "case"}
    check_name(case, place.at("case"))
    return table


def spelt_out(table, place: Place) -> dict:
    """A whole table with its case, where it has one, replaced by what the case holds; raises ScenarioError."""
    case = table.get("case")
    if case is None:
        return table
    found = table_of(case, place.at("case"), _shipped)
    return found | {key: value for key, value in table.items() if key != "case"}


def left_out(table, place: Place) -> dict:
    """{"left_out": what an imported network's source holds and the model does not, a line each}, else empty."""
    found = spelt_out(table, place)
    return {"left_out": list(found["left_out"])} if "left_out" in found else {}


def names_of(table, place: Place) -> tuple[str, ...]:
    """What the nodes of a whole table's network are called, empty where nobody says."""
    return _called(spelt_out(table, place))


def zones_of(table, place: Place) -> tuple[str, ...]:
    """The zone of each node of a whole table's network, empty where nobody says."""
    return _called(spelt_out(table, place), "zones")


def _called(table, what="names"):
    """Names as texts, whole numbers without a point."""
    return tuple(word if isinstance(word, str) else f"{word:.15g}" for word in table.get(what, ()))


def check_names(table, place: Place):
    """Raise ScenarioError where a spelt-out network has names or zones, but not one for each node, or a name again."""
    for what in ("names", "zones"):
        known = table.get(what)
        if known is not None and len(known) != (nodes := len(table["injection"][0])):
            got = f"{len(known)} {what}; the network has {nodes} nodes"
            raise place.at(what).error(got, f"one {what.removesuffix('s')} per node is needed")
    names = table.get("names", ())
    again = next((k for k, name in enumerate(names) if name in names[:k]), None)
    if again is not None:
        raise place.at("names").error(
            f"value {again} (counted from 0) is {quoted(names[again])} again", "each name once"
        )


def _shipped(name):
    return _from_file(f"{name}.toml", Place(f"{name}.toml", DATA))


def _own(file, place):
    """The spelt-out network of a user's TOML file; what makes no network is said of that file."""
    table, inner = _from_file(file, place), Place(Path(file).name, (place.folder / file).parent)
    network_from(table, inner)
    check_cost(table, inner.at("cost"))
    return table


def check_cost(table, place: Place):
    """Raise ScenarioError where a spelt-out network has not one cost a node."""
    cost, nodes = table.get("cost"), len(table["injection"][0])
    if isinstance(cost, tuple) and len(cost) != nodes:
        raise place.error(f"{len(cost)} values; the network has {nodes} nodes", "one value per node is needed")


def _from_file(file, place):
    """The spelt-out network of a TOML file, its path relative to the place's folder."""
    raw, inner = raw_table(file, place)
    return read_network(read_table(raw, KEYS, "network", inner), inner)


def network_from(table, place: Place, injection=None, cost=None) -> Network:
    """The Network of a spelt-out table at one period's injection; raises ScenarioError."""
    injection = table["injection"][0] if injection is None else injection
    if len(injection) < 2:
        raise place.at("injection").error("got one node", "the main grid's node and at least one other are needed")
    rest = (table.get("private", ()), table["slack"], table.get("positions"), cost)
    try:
        network = network_of(injection, table["public"], *rest)
    except NetworkError as error:
        raise place.error(_with_row(error, table)) from None
    small = np.flatnonzero(np.abs(network.public.x) < LEAST_REACTANCE)
    if len(small):
        got = f"public line {small[0]}: x(={network.public.x[small[0]]:g}){row_label(table['public'], small[0])}"
        raise place.error(got, f"at least {LEAST_REACTANCE:g} in size is needed")
    return network


def _with_row(error, table):
    """What is wrong with a network, with the file and row of the line at fault."""
    rows = table.get(error.kind.removesuffix(" line"), ())
    return str(error) + row_label(rows, error.row)
