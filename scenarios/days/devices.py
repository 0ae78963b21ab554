"""The keys of a group's devices, made from what the parts of a day say of themselves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from market.aggregator.days.parts import PARTS
from market.parameters import REQUIRED, Parameter, parameters_of
from scenarios.reading.rules import Rules
from scenarios.reading.schema import Key

ALWAYS = "consumption"  # the part that every user has; its keys stand in the group itself
SHARE = "share"
PROFILE = "profile"
SHARED = "of the users have it, drawn"


@dataclass(frozen=True)
class Devices(Rules):
    """A table for each registered device in place of a choice among them."""

    def keys(self) -> Iterator[Key]:
        """The rows of the schema for the devices that are registered now."""
        for name in devices_of(self.registry):
            table = f"{self.path}.{name}"
            yield Key(table, "table", "", None, "", f"what its users have of it; left out: nobody has {name}")
            yield Key(f"{table}.{SHARE}", "number", "share", 1.0, "[0, 1]", SHARED, example=0.3)
            for one in parameters_of(self.registry[name]).values():
                yield key_of(table, one)


def devices_of(registry: Mapping[str, Any] = PARTS) -> list[str]:
    """Names of the parts of a day that not every user has."""
    return [name for name in registry if name != ALWAYS]


def key_of(table: str, one: Parameter) -> Key:
    """The key of a part's parameter in a table of the group."""
    kind = "profile" if one.key == PROFILE else one.type
    default = one.default if one.default is REQUIRED or one.type in ("switch", "number") else _left_out(one.default)
    path = f"{table}.{one.key}"
    return Key(path, kind, one.unit, default, one.range, one.meaning, words=one.words, example=one.example)


def _left_out(default):
    """A default as a file would have it; what stands for no number is left out."""
    return default if isinstance(default, str) else float(default) if isinstance(default, float | int) else None


def profile_key(path: str, registry: Mapping[str, Any] = PARTS) -> Key:
    """The key of every user's consumption profile."""
    key = key_of(path, parameters_of(registry[ALWAYS])[PROFILE])
    return replace(key, default=None)
