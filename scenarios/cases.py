"""Networks of microgrid scenarios: spelt out, or a shipped case, a TOML file, a pandapower network by name."""

from __future__ import annotations

import importlib
from pathlib import Path

import numpy as np

from market.microgrid.network import Network, NetworkError, network_of
from scenarios import toml_text
from scenarios.errors import Place, nearest, one_of, quoted
from scenarios.schema import REQUIRED, Key, read_table

DATA = Path(__file__).parent / "data"
CASES = ("eight_nodes", "ieee300")  # data/<case>.toml
PANDAPOWER = "pandapower:"
CASE = f'{one_of(CASES)}, a TOML file, or "{PANDAPOWER}NAME"'
SPELT_OUT = ("slack", "injection", "public", "private", "positions")
BUS_TYPE, BUS_LOAD, GENERATOR_POWER, TAP = 1, 2, 1, 8  # columns of MATPOWER's matrices
SLACK_TYPE = 3
PRIVATE = ("i", "j", "r", "length?", "owner?")

KEYS = (
    Key("network", "table", "", REQUIRED, "", "nodes and lines, spelt out or a case"),
    Key("network.case", "text", "", None, "", f"in place of the rest: {CASE}"),
    Key("network.slack", "whole", "node", None, "[0, 1000000]", "the main grid's node; left out: 0"),
    Key("network.injection", "profile", "p.u.", None, "(-inf, inf)", "what each node has (> 0) or needs (< 0)"),
    Key("network.public", "rows", "p.u.", None, ("i", "j", "r", "x"), "a row for each public line"),
    Key("network.private", "rows", "p.u., km", None, PRIVATE, "a row for each private line"),
    Key("network.positions", "rows", "km", None, ("x", "y"), "where each node is, for pictures"),
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
        return {"slack": 0} | table
    for name in SPELT_OUT:
        if name in table:
            raise place.at(name).error("goes with a network that is spelt out", "leave it out, or leave out case")
    if case.endswith(".toml"):
        return _from_file(case, place.at("case")) | {key: value for key, value in table.items() if key != "case"}
    if case not in CASES and not case.startswith(PANDAPOWER):
        raise place.at("case").error(f"got {quoted(case)}", f"{CASE} is needed", nearest(case, CASES))
    return table


def spelt_out(table, place: Place) -> dict:
    """A whole table with its case, where it has one, replaced by what the case holds; raises ScenarioError."""
    case = table.get("case")
    if case is None:
        return table
    name = case.removeprefix(PANDAPOWER)
    found = _shipped(case) if name == case else _from_pandapower(name, place.at("case"))
    return found | {key: value for key, value in table.items() if key != "case"}


def _shipped(name):
    return _from_file(f"{name}.toml", Place(f"{name}.toml", DATA))


def _from_file(file, place):
    """The spelt-out network of a TOML file, its path relative to the place's folder."""
    path = place.folder / file
    try:
        content = path.read_bytes()
    except OSError as error:
        raise place.error(f"cannot read {quoted(file)}: {error.strerror}", f"looked in {place.folder}") from None
    inner = Place(path.name, path.parent)
    raw = toml_text.parse(content, inner)
    if "case" in raw:
        raise inner.at("case").error(f"got {quoted(raw['case'])}", "a file that is a case cannot name another")
    return read_network(read_table(raw, KEYS, "network", inner), inner)


def _from_pandapower(name, place):
    """Slack, injection and public lines of a network of pandapower, in p.u. on its own base.

    A transformer is a line, its reactance times the tap ratio; shunts and phase shifts are left out.
    """
    try:
        networks, power = (importlib.import_module(module) for module in ("pandapower.networks", "pandapower"))
    except ImportError:
        raise place.error(f"needs pandapower for {quoted(name)}", "pip install pandapower, or another case") from None
    make = getattr(networks, name, None)
    if not callable(make):
        known = [word for word in dir(networks) if word.startswith("case")]
        raise place.error(f"pandapower has no network {quoted(name)}", f"{one_of(known)}", nearest(name, known))
    net = make()
    power.rundcpp(net, numba=False)
    return _from_matrices(net._ppc["internal"])


def _from_matrices(case):
    """A network's table from the matrices bus, branch and gen in MATPOWER's column order, and baseMVA."""
    bus, branch, gen = (np.real(case[key]) for key in ("bus", "branch", "gen"))
    power = np.bincount(gen[:, 0].astype(int), gen[:, GENERATOR_POWER], len(bus)) - bus[:, BUS_LOAD]
    tap = np.where(branch[:, TAP] == 0, 1.0, branch[:, TAP])
    lines = np.column_stack([branch[:, :3], branch[:, 3] * tap])
    return {
        "slack": int(np.flatnonzero(bus[:, BUS_TYPE] == SLACK_TYPE)[0]),
        "injection": (tuple((power / case["baseMVA"]).tolist()),),
        "public": tuple(map(tuple, lines.tolist())),
    }


def network_from(table, place: Place, injection=None, cost=None) -> Network:
    """The Network of a spelt-out table at one period's injection; raises ScenarioError."""
    injection = table["injection"][0] if injection is None else injection
    try:
        return network_of(
            injection, table["public"], table.get("private", ()), table["slack"], table.get("positions"), cost
        )
    except NetworkError as error:
        raise place.error(str(error)) from None
