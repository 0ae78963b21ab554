"""Networks with generators and limits on lines: spelt out, a shipped case, a TOML file, or a case file of MATPOWER."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np

from market.grid.lines import NetworkError
from market.grid.nodal import ElasticDemand, Generators, LimitedLines, NodalGrid
from scenarios.grid import matpower_case
from scenarios.grid.cases import DATA, raw_table
from scenarios.reading.errors import Place, nearest, one_of, quoted
from scenarios.reading.files import content_of
from scenarios.reading.schema import REQUIRED, Key, called, read_table

CASES = ("two_nodes", "five_bus", "nine_bus", "rts_24")  # data/<case>.toml
CASE = f"{one_of([*CASES, 'a TOML file'])}, or a case file of MATPOWER (.m)"
SPELT_OUT = ("node", "line", "generator", "base_power", "fixed_cost", "left_out")
USUAL = {"value_of_lost_load": 1000.0, "least_rise": 0.01, "demand_scale": 1.0}
PRICE, ENERGY = "money/energy", "energy"
ANY, POSITIVE = "(-inf, inf)", "(0, inf)"
ELASTIC = ("price at no demand", "demand at price 0")

KEYS = (
    Key("network", "table", "", REQUIRED, "", "nodes, lines and generators, spelt out or a case"),
    Key("network.case", "text", "", None, "", f"in place of the rest: {CASE}"),
    Key("network.node", "tables", "", None, "", "the nodes"),
    Key("network.node.name", "label", "", REQUIRED, "", "what lines, generators and groups call it"),
    Key("network.node.demand", "number", ENERGY, 0.0, ANY, "what is taken out at any price; < 0: put in"),
    Key("network.node.elastic", "list", "money/energy, energy", None, POSITIVE, f"[{', '.join(ELASTIC)}]"),
    Key("network.node.position", "list", "", None, ANY, "[x, y], for pictures"),
    Key("network.line", "tables", "", None, "", "the lines; left out: none"),
    Key("network.line.from", "label", "", REQUIRED, "", "the node its flow is counted from"),
    Key("network.line.to", "label", "", REQUIRED, "", "the node at its other end"),
    Key("network.line.x", "number", "p.u.", REQUIRED, ANY, "reactance, not 0"),
    Key("network.line.ratio", "number", "", 1.0, POSITIVE, "of a transformer: x times it counts"),
    Key("network.line.shift", "number", "degree", 0.0, "[-360, 360]", "by which a transformer turns the angle back"),
    Key("network.line.limit", "number", ENERGY, None, "[0, inf)", "most of its flow either way; left out: none"),
    Key("network.generator", "tables", "", None, "", "the generators that sell at cost; left out: none"),
    Key("network.generator.node", "label", "", REQUIRED, "", "where it is"),
    Key("network.generator.name", "text", "", None, "", "rows of one name, one after another, are pieces of one"),
    Key("network.generator.capacity", "number", ENERGY, REQUIRED, "[0, inf]", "the most it makes"),
    Key("network.generator.cost", "number", PRICE, REQUIRED, ANY, "marginal cost at no output"),
    Key("network.generator.rise", "number", "money/energy²", 0.0, "[0, inf)", "of its marginal cost; 0: least_rise"),
    Key("network.generator.least", "number", ENERGY, 0.0, "[0, inf)", "what it makes at any price"),
    Key("network.base_power", "number", ENERGY, None, POSITIVE, "of a p.u., for phase shifts; left out: 1"),
    Key("network.fixed_cost", "number", "money", None, ANY, "of generators, whatever they make; left out: 0"),
    Key("network.value_of_lost_load", "number", PRICE, None, POSITIVE, "cost of demand not served; left out: 1000"),
    Key("network.least_rise", "number", PRICE, None, "[0, inf)", "of a marginal cost, empty to full; left out: 0.01"),
    Key("network.hub", "label", "", None, "", "the node whose price is the hub's; left out: the mean by demand"),
    Key("network.line_limits", "named", ENERGY, None, "[0, inf]", "limits in place of the case's, by from-to"),
    Key("network.demand_scale", "number", "", None, "[0, inf)", "factor on the nodes' fixed demand; left out: 1"),
    Key("network.left_out", "labels", "", None, ANY, "what the source holds and this model does not"),
)


def read_network(table: dict, place: Place) -> dict:
    """A network's table as the schema read it, made whole: spelt out but for cases that ship.

    Raises ScenarioError for what is missing, goes with something else, or is no network.
    """
    case = table.get("case")
    if case is None:
        found = {key: value for key, value in table.items() if key != "case"}
        if "node" not in found:
            raise place.at("node").error("is missing", f"a network needs [[network.node]], or case = {CASE}")
    else:
        found = _of_case(table, case, place)
    for key, usual in USUAL.items():
        found.setdefault(key, usual)
    found = {key.name: found[key.name] for key in KEYS if key.table == "network" and key.name in found}
    grid_of(found, place)
    return found


def _of_case(table, case, place):
    """The table of a case with the changes that stand beside it."""
    for name in SPELT_OUT:
        if name in table:
            raise place.at(name).error("goes with a network that is spelt out", "leave it out, or leave out case")
    changes = {key: value for key, value in table.items() if key != "case"}
    here = place.at("case")
    if case.lower().endswith(".m"):
        return _matpower(case, here) | changes
    if case.endswith(".toml"):
        return _from_file(case, here) | changes
    if case not in CASES:
        raise here.error(f"got {quoted(case)}", f"{CASE} is needed", nearest(case, CASES))
    shipped = _shipped(case)
    return {"case": case} | {key: shipped[key] for key in (*USUAL, "hub") if key in shipped} | changes


def spelt_out(table: dict) -> dict:
    """A whole table with its case, where it has one, replaced by what the case holds."""
    return table if "case" not in table else _shipped(table["case"]) | {k: v for k, v in table.items() if k != "case"}


def grid_of(table: dict, place: Place) -> NodalGrid:
    """The grid of a whole table, its limits and demand changed as it says; raises ScenarioError."""
    table = spelt_out(table)
    number = _numbered([row["name"] for row in table["node"]], place.at("node"))
    lines, generators = table.get("line", ()), table.get("generator", ())
    try:
        grid = NodalGrid(
            tuple(number),
            [row["demand"] * table["demand_scale"] for row in table["node"]],
            _lines(lines, number, place.at("line")),
            _generators(generators, number, place.at("generator")),
            _elastic(table["node"], place.at("node")),
            value_of_lost_load=table["value_of_lost_load"],
            least_rise=table["least_rise"],
            hub=_hub(table, number, place.at("hub")),
            power=table.get("base_power", 1.0),
            positions=_positions(table["node"], place.at("node")),
        )
        return _limited(grid, table.get("line_limits", {}), place.at("line_limits"))
    except NetworkError as error:
        raise place.error(_with_name(error, table), "see `python run.py show five_bus` for a network") from None


def _numbered(names, place):
    """{name: number} of the nodes; raises ScenarioError for a name that stands twice."""
    number = {}
    for k, name in enumerate(names):
        number.setdefault(name, k)
    if len(number) < len(names):
        twice = next(k for k, name in enumerate(names) if number[name] != k)
        raise place.at(twice).at("name").error(f"{quoted(names[twice])} is another node's too", "names must differ")
    return number


def node_number(name: str, number: dict[str, int], place: Place) -> int:
    """The number of a node; raises ScenarioError naming the nearest one."""
    if name not in number:
        few = f"{one_of(list(number))} is needed" if len(number) <= 12 else f"one of {len(number)} nodes is needed"
        raise place.error(f"there is no node {quoted(name)}", few, nearest(name, number))
    return number[name]


def _ends(rows, key, number, place):
    return [node_number(row[key], number, place.at(name).at(key)) for row, name in zip(rows, called(rows), strict=True)]


def _lines(rows, number, place):
    tail, head = (_ends(rows, key, number, place) for key in ("from", "to"))
    for k, row in enumerate(rows):
        if row["x"] == 0:
            raise place.at(k).at("x").error("got 0", "a reactance other than 0 is needed")
        if row["from"] == row["to"]:
            raise place.at(k).at("to").error(f"got {quoted(row['to'])}, as from", "another node is needed")
    x = np.array([row["x"] * row["ratio"] for row in rows], dtype=float)
    limit = [row.get("limit", np.inf) for row in rows]
    return LimitedLines(tail, head, 1 / x, [row["shift"] for row in rows], limit)


def _generators(rows, number, place):
    node = _ends(rows, "node", number, place)
    unit = np.cumsum(
        [k == 0 or "name" not in row or row["name"] != rows[k - 1].get("name") for k, row in enumerate(rows)]
    )
    columns = ([row[key] for row in rows] for key in ("cost", "rise", "least", "capacity"))
    return Generators(node, *columns, unit=unit - 1)


def _elastic(nodes, place):
    rows = [
        (k, *_pair(row["elastic"], ELASTIC, place.at(k).at("elastic")))
        for k, row in enumerate(nodes)
        if "elastic" in row
    ]
    return ElasticDemand(*np.array(rows, dtype=float).reshape(-1, 3).T)


def _pair(values, names, place):
    if len(values) != 2:
        raise place.error(f"got {quoted(list(values))}", f"[{', '.join(names)}] is needed")
    return values


def _positions(nodes, place):
    """Where each node is, shape (nodes, 2), None where not all say so."""
    said = [k for k, row in enumerate(nodes) if "position" in row]
    if not said:
        return None
    if len(said) < len(nodes):
        missing = next(k for k in range(len(nodes)) if "position" not in nodes[k])
        raise place.at(missing).at("position").error("is missing", "all nodes need one, or none")
    return np.array([_pair(row["position"], ("x", "y"), place.at(k).at("position")) for k, row in enumerate(nodes)])


def _hub(table, number, place):
    """Weights of the hub's price, None where it is the mean by demand."""
    if "hub" not in table:
        return None
    return np.eye(len(number))[node_number(table["hub"], number, place)]


def _limited(grid, limits, place):
    """The grid with other limits on some lines, by their names."""
    if not limits:
        return grid
    number, limit = {name: k for k, name in enumerate(grid.line_names)}, grid.lines.limit.copy()
    for name, value in limits.items():
        if name not in number:
            turned = {"-".join(reversed(one.split("-"))): one for one in number}
            near = nearest(turned.get(name, name), number)
            raise place.at(name).error("there is no such line", "FROM-TO of the network is needed", near)
        limit[number[name]] = value
    return replace(grid, lines=replace(grid.lines, limit=limit))


def _with_name(error, table):
    """What is wrong with a network, with the names at the row at fault."""
    if error.row is None:
        return str(error)
    if error.kind == "line":
        row = table["line"][error.row]
        return f"{error}, from {row['from']} to {row['to']}"
    if error.kind == "generator":
        return f"{error}, at node {table['generator'][error.row]['node']}"
    return f"{error}, {table['node'][error.row]['name']}" if error.kind == "node" else str(error)


def _matpower(file, place):
    """The spelt-out table of a case file of MATPOWER, its path relative to the place's folder."""
    path = place.folder / file
    try:
        content = content_of(path)
    except OSError as error:
        raise place.error(f"cannot read {quoted(file)}: {error.strerror}", f"looked in {place.folder}") from None
    inner = Place(path.name, path.parent)
    found = read_table(matpower_case.table_of_case(content, inner), KEYS, "network", inner)
    return read_network(found, inner)


@cache
def _shipped(name):
    return _from_file(f"{name}.toml", Place(f"{name}.toml", DATA))


def _from_file(file, place):
    """The spelt-out table of a TOML file, its path relative to the place's folder."""
    raw, inner = raw_table(file, place)
    raw = raw["network"] if set(raw) == {"network"} else raw
    return read_network(read_table(raw, KEYS, "network", inner), inner)


def left_out(table: dict) -> dict:
    """{"left_out": what an imported network's source holds and the model does not}, else empty."""
    found = spelt_out(table)
    return {"left_out": list(found["left_out"])} if "left_out" in found else {}
