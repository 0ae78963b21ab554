"""Parameters of rules: unit, range, default and meaning stand as metadata of a dataclass's fields, beside the formula.

Whoever reads scenario files makes their keys from these, with checks, documentation, sliders and messages.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from functools import lru_cache
from types import MappingProxyType
from typing import Any

import numpy as np

REQUIRED = object()
KNOWN = 1_024  # rules whose parameters are remembered
ARRAYS = ("list", "numbers", "series")  # types whose values a rule gets as arrays


@dataclass(frozen=True)
class Columns:
    """Lists of one length that stand in a table of their own, or as columns in one CSV file."""

    name: str
    meaning: str


@dataclass(frozen=True)
class Parameter:
    """What is said of one parameter; `key` is its name in files.

    type: number, numbers (one a user), series (one, or one a period), list, whole, choice, switch; range: an interval,
    or a choice's words; words: allowed in place of numbers; default: REQUIRED, a value, or None where it may be left
    out; example: a legal value; columns: the table it is a column of; stops: (value, word or "") where a slider halts;
    anywhere: may it also stand, idle, beside other rules?
    """

    key: str
    type: str
    unit: str
    range: str | tuple
    meaning: str
    default: object
    example: object
    words: tuple = ()
    columns: Columns | None = None
    stops: tuple = ()
    anywhere: bool = False


class ParameterError(ValueError):
    """Parameters that do not go together: the key ("" for all of them), what was got, what is allowed.

    row: the number of the value of a list that is meant, named before what was got.
    """

    def __init__(self, key: str, got: str, allowed: str, row: int | None = None):
        super().__init__(f"{key}: {got}; {allowed}")
        self.key, self.got, self.allowed, self.row = key, got, allowed, row


def parameter(
    *,
    meaning: str,
    unit: str = "",
    range: str | tuple = "",
    type: str = "number",
    default: Any = REQUIRED,
    example: Any = None,
    key: str = "",
    words: tuple = (),
    columns: Columns | None = None,
    stops: tuple = (),
    optional: bool = False,
    anywhere: bool = False,
) -> Any:
    """A field of a rule that scenario files can set, see Parameter; optional: may a file leave it out?"""
    in_files = None if optional else default
    said = Parameter(key, type, unit, range, meaning, in_files, example, words, columns, stops, anywhere)
    given = {} if default is REQUIRED else {"default": default}
    return field(metadata={"parameter": said}, **given)


@lru_cache(KNOWN)
def parameters_of(rule: Any) -> Mapping[str, Parameter]:
    """{key in files: Parameter} of a rule, in the order of its fields, then of `also`, the keys it has besides.

    >>> @dataclass(frozen=True)
    ... class Flat:
    ...     p0: float = parameter(unit="money/energy", range="[0, inf)", meaning="the price", example=1.0)
    >>> parameters_of(Flat)["p0"].unit
    'money/energy'
    """
    found = {one.name: one for one in fields(rule)} if is_dataclass(rule) else {}
    found |= getattr(rule, "also", {})
    said = ((name, one.metadata["parameter"]) for name, one in found.items() if "parameter" in one.metadata)
    return MappingProxyType({one.key or name: replace(one, key=one.key or name) for name, one in said})


def check_together(rule: Any, keys: dict[str, Any]) -> None:
    """What a rule's `check_keys` says of several keys together; raises ParameterError."""
    check: Callable[[dict], None] | None = getattr(rule, "check_keys", None)
    if check is not None:
        check(keys)


def made(rule: Any, keys: dict[str, Any], **others: Any) -> Any:
    """The rule with a file's keys, by its `of_keys` where it has one; others: what it gets besides, by fields' names.

    Keys of other rules are left out. A rule that is a function is itself.
    """
    said = parameters_of(rule)
    flat = {name: value for one, row in keys.items() for name, value in _rows(one, row, said)}
    names = _names(rule)
    arrays = {name: _array(value, said[name]) for name, value in flat.items() if name in said}
    given = {names.get(name, name): value for name, value in arrays.items()} | others
    if not isinstance(rule, type):
        return rule
    return rule.of_keys(**given) if hasattr(rule, "of_keys") else rule(**given)


@lru_cache(KNOWN)
def _names(rule):
    """{key in files: the name of its field}."""
    said = [one for one in (fields(rule) if is_dataclass(rule) else ()) if "parameter" in one.metadata]
    return {one.metadata["parameter"].key or one.name: one.name for one in said}


def _rows(name, value, said):
    """The keys of a table of columns, or the key itself."""
    columns = {one.columns.name for one in said.values() if one.columns}
    return value.items() if name in columns else [(name, value)]


def _array(value, said):
    return np.array(value, dtype=float) if said.type in ARRAYS and isinstance(value, tuple | list) else value
