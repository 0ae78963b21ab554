"""A group whose kind is chosen anew: several users become a large one, or a large one several."""

from __future__ import annotations

import numpy as np

from scenarios.reading import toml_text
from scenarios.reading.errors import Place
from scenarios.reading.people import KEEP
from scenarios.reading.population import read_numbers

LARGE = "large"  # the kind of one user
ANY = "(-inf, inf)"


def resized(group: dict, before: object, kept: set, known: dict, keys: tuple, place: Place) -> None:
    """Make a group of several users out of a large one, or the other way round, as `known` has it where it does.

    A large user has the mean of what is listed. How many several are is never guessed: it comes from `known`, else from
    the example of `keys`, where any are given. Raises ScenarioError where a CSV column cannot be read.
    """
    if LARGE not in (before, group["kind"]) or not isinstance(group.get("utility"), dict):
        return
    if "users" not in kept:
        group.pop("users", None)
    fill = {key.path: key.example for key in keys}
    if group["kind"] == LARGE:
        group.pop(KEEP, None)  # of several users; one has none of it
    utility, several = group["utility"], known.get("kind", LARGE) != LARGE
    if known.get("kind") == group["kind"] or (several and group["kind"] != LARGE):
        group["utility"] = toml_text.copy(known["utility"])
        if KEEP in known and KEEP not in kept:
            group[KEEP] = toml_text.copy(known[KEEP])
    elif group["kind"] == LARGE:
        utility |= {name: _mean(values, place.at(name)) for name, values in utility.items() if _is_listed(values)}
    elif isinstance(utility.get("size"), str) and "group.utility.size" in fill:  # a multiple of others' is for one user
        utility["size"] = fill["group.utility.size"]
    users = known.get("users") if several else fill.get("group.users")
    if group["kind"] != LARGE and users is not None:
        group.setdefault("users", users)


def _is_listed(values):
    return isinstance(values, list) or (isinstance(values, dict) and "csv" in values)


def _mean(values, place):
    return float(np.mean(read_numbers(values, ANY, place)))
