"""Networks of pandapower by name: an optional package, imported here only and only when asked for."""

from __future__ import annotations

import importlib
import logging
import warnings
from functools import cache

import numpy as np

from scenarios.errors import Place, nearest, one_of, quoted

BUS_TYPE, BUS_LOAD, GENERATOR_POWER, TAP = 1, 2, 1, 8  # columns of MATPOWER's matrices
SLACK_TYPE = 3


def table_of(name, place: Place) -> dict:
    """Slack, injection and public lines of a network of pandapower, in p.u. on its own base power.

    A transformer is a line, its reactance times the tap ratio; shunts and phase shifts are left out. Raises
    ScenarioError where pandapower is not installed, has no such network, or cannot solve its power flow.
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
    power, networks = (importlib.import_module(module) for module in ("pandapower", "pandapower.networks"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its networks warn of its own changes
        net = getattr(networks, name)()
        power.rundcpp(net, numba=False)
    return table_of_matrices(net._ppc["internal"])


def table_of_matrices(case):
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
