"""Rules made of what their parameters say, so that contracts hold whatever is registered."""

import math
from dataclasses import fields
from typing import Any

import numpy as np

from market.parameters import REQUIRED, Parameter, made, parameters_of

EDGE = 0.05  # share of an interval that stays free at either end


def example_of(rule: Any, **others: Any) -> Any:
    """A rule made of its parameters' examples, of defaults where there is none."""
    said = parameters_of(rule).items()
    return made(rule, {key: one.example for key, one in said if one.example is not None}, **others)


def needed(rule: Any) -> dict[str, Any]:
    """{key: a legal value} of the parameters without a default."""
    return {key: legal(one) for key, one in parameters_of(rule).items() if one.default is REQUIRED}


def usual(rule: Any, **others: Any) -> Any:
    """A rule with its defaults, and legal values where it has none."""
    return made(rule, needed(rule), **others)


def tried(registry: dict[str, Any]) -> dict[str, Any]:
    """{label: rule} of every registered rule as usual, and with each choice of its own that is not the usual one."""
    found = {}
    for name, rule in registry.items():
        found[name] = usual(rule)
        for key, one in parameters_of(rule).items():
            for word in one.range if one.type == "choice" else ():
                if word != one.default:
                    found[f"{name}, {key} {word}"] = made(rule, needed(rule) | {key: word})
    return found


def legal(one: Parameter) -> Any:
    """The example of a parameter, else a value inside its range."""
    if one.example is not None:
        return one.example
    if one.type == "choice":
        return one.range[0]
    low, high = ends(one)
    inside = (low + high) / 2 if math.isfinite(high) else low + 1.0
    return {"whole": lambda: math.ceil(inside), "switch": lambda: True}.get(one.type, lambda: inside)()


def ends(one: Parameter) -> tuple[float, float]:
    """Least and largest value of a parameter whose range is an interval; of any number, from 0 on."""
    if not one.range:
        return 0.0, math.inf
    low, high = (float(end) for end in str(one.range).strip("[]()").split(","))
    return max(low, 0.0), high


def users(form: type, rng: np.random.Generator, count: int, decades: float = 3.0) -> Any:
    """Utilities whose parameters run over six decades, or over the whole of their range where that has an end."""
    said = {one.name: one.metadata["parameter"] for one in fields(form) if "parameter" in one.metadata}
    return form(**{name: spread(one, rng, count, decades) for name, one in said.items()})


def spread(one, rng, count, decades):
    """Values of a parameter all over its range, shape (count,)."""
    low, high = ends(one)
    if math.isinf(high):
        return low + 10 ** rng.uniform(-decades, decades, count)
    return low + (high - low) * rng.uniform(EDGE, 1 - EDGE, count)
