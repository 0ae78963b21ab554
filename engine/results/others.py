"""Other markets that a run of the aggregator market is held against, of the same users with the same draws."""

from __future__ import annotations

from typing import NamedTuple

from scenarios import load, rewritten
from scenarios.reading import toml_text
from scenarios.scenario import Scenario

MOST_PLAYED = 1_000  # users up to which a market is played once more to be held against
MOST_SOLVED, MOST_ON_NETWORK = 150_000, 10_000  # up to which one where each buys alone is, one on a network is played
NETWORK, NOTHING = "network", "nothing"  # what players of a network anticipate
BEFORE, ALONE, COMPETITION = "before", "alone", "competition"


class Other(NamedTuple):
    """Another market that a run is held against; direct: solved without rounds, as so many users take long in them."""

    scenario: Scenario
    direct: bool = False


def with_everybody_alone(scenario: Scenario) -> dict[str, Other]:
    """ALONE: every small user buys for itself, nobody learns or joins; BEFORE: without the large users too.

    BEFORE stands only where there are large and small users, ALONE only where somebody aggregates.
    """
    found, users = {}, users_of(scenario)
    if users > MOST_SOLVED:
        return found
    if _kinds(scenario) > {"large"}:
        found[BEFORE] = Other(_rewritten(scenario, alone=True, large=False), users > MOST_PLAYED)
    if "aggregator" in _kinds(scenario):
        found[ALONE] = Other(_rewritten(scenario, alone=True, large=True), users > MOST_PLAYED)
    return found


def without_large(scenario: Scenario) -> dict[str, Other]:
    """BEFORE: the large users are not there, all others as they are; nothing where there are none, or nobody else."""
    return _without_large(scenario, MOST_PLAYED)


def _without_large(scenario, most):
    several = _kinds(scenario) > {"large"} and users_of(scenario) <= most
    return {BEFORE: Other(_rewritten(scenario, alone=False, large=False))} if several else {}


def with_price_takers(scenario: Scenario) -> dict[str, Other]:
    """BEFORE as `without_large`; without large users COMPETITION, in which everybody takes prices as given."""
    found = _without_large(scenario, MOST_ON_NETWORK)
    groups, many = scenario.table["group"], users_of(scenario) > MOST_ON_NETWORK
    if found or many or all(group["anticipates"] == NOTHING for group in groups):
        return found
    raw = _raw(scenario)
    raw["group"] = [row | {"anticipates": NOTHING} for row in raw["group"]]
    return {COMPETITION: Other(rewritten(scenario, raw))}


def _kinds(scenario):
    return {group["kind"] for group in scenario.table["group"]}


def users_of(scenario: Scenario) -> int:
    """How many users a scenario has."""
    return sum(group.users for group in scenario.groups)


def _raw(scenario):
    """The scenario's table as written, in which everybody answers best and nobody joins."""
    raw = toml_text.copy(scenario.given)
    raw = {key: value for key, value in raw.items() if key not in ("joining", "choosing")}
    raw["group"] = [{key: value for key, value in row.items() if key != "conduct"} for row in raw["group"]]
    return raw


def _rewritten(scenario, alone, large):
    raw = _raw(scenario)
    raw["group"] = [row for row in raw["group"] if large or row["kind"] != "large"]
    _keep_tariffs(raw, {row["name"] for row in raw["group"]})
    places = [k for k, row in enumerate(raw["group"]) if alone and row["kind"] == "aggregator"]
    return load(rewritten(scenario, raw), set=[f"group.{k}.kind=direct" for k in places])


def _keep_tariffs(raw, names):
    """Tariffs of the groups that are there alone."""
    rows = [
        row | ({"groups": [name for name in row["groups"] if name in names]} if "groups" in row else {})
        for row in raw.pop("tariffs", [])
    ]
    kept = [row for row in rows if row.get("groups", True)]
    raw |= {"tariffs": kept} if kept else {}
