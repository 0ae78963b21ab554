"""Networks of pandapower by name: an optional package, imported here only and only when asked for."""

from __future__ import annotations

import importlib
import logging
import warnings
from functools import cache

import numpy as np

from scenarios.reading.errors import Place, nearest, one_of, quoted

BUS_TYPE, BUS_LOAD, BUS_SHUNT, BUS_ANGLE = 1, 2, 4, 8  # columns of MATPOWER's matrices
GENERATOR_POWER, TAP, SHIFT = 1, 8, 9
SLACK_TYPE = 3
KNOWN = (  # tables whose elements the DC power flow's matrices hold, whole
    *("bus", "line", "trafo", "trafo3w", "impedance", "ext_grid", "gen", "sgen", "load", "shunt", "ward", "switch"),
    *("asymmetric_load", "asymmetric_sgen", "motor"),
)
FIXED = {  # tables whose elements the matrices hold in part
    "xward": "its voltage is not held",
    "dcline": "a fixed amount taken out at one end and put in at the other",
    "storage": "a fixed power, its energy is not followed",
    "controller": "none acts",
}
SILENT = (  # tables that are no elements, or that limit, price or describe them: nothing of it is read
    *("measurement", "group", "pwl_cost", "poly_cost", "characteristic", "q_capability_characteristic"),
    *("q_capability_curve_table", "trafo_characteristic_table", "shunt_characteristic_table", "station_controller"),
    *("bus_geodata", "line_geodata", "std_types", "profiles", "loadcases", "substation"),
)


def table_of(name, place: Place) -> dict:
    """Slack, injection and public lines of a network of pandapower, in p.u. on its own base power, and `left_out`.

    A transformer is a line, its reactance times the tap ratio, with its phase shift; shunts are loads; several main
    grids are one node. `left_out` tells what the DC power flow knows differently or not at all. Raises ScenarioError
    where pandapower is not installed, has no such network, or cannot solve its power flow.
    """
    try:
        networks = importlib.import_module("pandapower.networks")
    except ImportError:
        raise place.error(f"needs pandapower for {quoted(name)}", "pip install pandapower, or another case") from None
    known = [word for word in dir(networks) if word.startswith("case")]
    if not callable(getattr(networks, name, None)):
        raise place.error(f"pandapower has no network {quoted(name)}", f"{one_of(known)}", nearest(name, known))
    try:
        return _solved(name)
    except Exception as error:  # whatever else that package raises of a network that is not a plain grid
        got = f"pandapower cannot make {quoted(name)}: {type(error).__name__} {str(error)[:60]}"
        raise place.error(got, f"for example {one_of(known)}") from None


@cache
def _solved(name):
    logging.getLogger("pandapower").setLevel(logging.ERROR)  # else it recommends a compiler at every call
    networks = importlib.import_module("pandapower.networks")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its networks warn of its own changes
        return table_of_net(getattr(networks, name)())


def table_of_net(net):
    """A network's table from a network of pandapower."""
    importlib.import_module("pandapower").rundcpp(net, numba=False)
    case = net._ppc["internal"]
    table, told = table_of_matrices(case, case["ref_gens"], bus_names(net, len(case["bus"])))
    return table | {"left_out": (*main_grids(net, table["slack"]), *told, *left_out(net, len(case["bus"])))}


def bus_names(net, reached):
    """What the matrices' buses are called: as in the network where each has a name of its own, else by index."""
    numbers = net._pd2ppc_lookups["bus"]
    first: dict[int, int] = {}
    for index in net.bus.index[net.bus["in_service"]]:
        first.setdefault(int(numbers[index]), index)
    own = [net.bus["name"].get(first[k]) if k in first else f"auxiliary {k}" for k in range(reached)]
    if len(set(own)) == reached and all(isinstance(name, str) and name for name in own):
        return own
    return [str(first[k]) if k in first else f"auxiliary {k}" for k in range(reached)]


def table_of_matrices(case, main=(), names=None):
    """(A network's table, what it leaves out) of the matrices bus, branch and gen in MATPOWER's order, and baseMVA.

    main: rows of gen that are the main grid's; what they generate is its supply; names: of the buses. Several slack
    buses become one node: their angles turn into phase shifts of the lines that end there.
    """
    bus, branch, gen = (np.real(case[key]) for key in ("bus", "branch", "gen"))
    slacks = np.flatnonzero(bus[:, BUS_TYPE] == SLACK_TYPE)
    slack, n = int(slacks[0]), len(bus)
    scheduled = np.where(np.isin(np.arange(len(gen)), main), 0.0, gen[:, GENERATOR_POWER])
    power = np.bincount(gen[:, 0].astype(int), scheduled, n) - bus[:, BUS_LOAD] - bus[:, BUS_SHUNT]
    kept = np.delete(np.arange(n), slacks[1:])
    number = np.searchsorted(kept, np.arange(n))
    number[slacks] = np.searchsorted(kept, slack)
    ahead = np.zeros(n)
    ahead[slacks] = bus[slacks, BUS_ANGLE] - bus[slack, BUS_ANGLE]
    tail, head = branch[:, 0].astype(int), branch[:, 1].astype(int)
    tap = np.where(branch[:, TAP] == 0, 1.0, branch[:, TAP])
    shift = np.remainder(branch[:, SHIFT] - ahead[tail] + ahead[head] + 180, 360) - 180
    lines = np.column_stack([number[tail], number[head], branch[:, 2], branch[:, 3] * tap, shift])
    between = number[tail] == number[head]
    table = {
        "slack": int(number[slack]),
        "injection": (tuple((np.bincount(number, power, len(kept)) / case["baseMVA"]).tolist()),),
        "public": tuple(map(tuple, lines[~between].tolist())),
    }
    called = tuple(names[k] for k in kept) if names else ()
    if called != tuple(map(str, range(len(called)))):  # else they are but the nodes' numbers
        table["names"] = called
    return table, (f"{_many(between.sum(), 'line')} between main grids",) if np.any(between) else ()


def main_grids(net, slack):
    """What several main grids become."""
    slack_generators = net.gen[net.gen["in_service"] & net.gen["slack"]]
    buses = sorted({*net.ext_grid.loc[net.ext_grid["in_service"], "bus"], *slack_generators["bus"]})
    if len(buses) < 2:
        return ()
    return (f"{len(buses)} main grids, at buses {', '.join(map(str, buses))}, count as one, node {slack}",)


def left_out(net, reached):
    """What the matrices of a network do not hold, or hold in part; reached: how many buses a main grid reaches."""
    numbers = net._pd2ppc_lookups["bus"][net.bus.index[net.bus["in_service"]]]
    apart = int(np.sum(numbers >= reached))
    if apart:
        yield f"{_many(apart, 'bus', 'buses')} that no main grid reaches, with all that is there"
    for name, table in net.items():
        if not hasattr(table, "columns") or name.startswith(("_", "res_")) or name in (*KNOWN, *SILENT):
            continue
        count = int(table["in_service"].sum()) if "in_service" in table else len(table)
        if count:
            yield f"{count} {name}: {FIXED.get(name, 'not modelled')}"


def _many(count, one, several=""):
    return f"{count} {one if count == 1 else several or one + 's'}"
