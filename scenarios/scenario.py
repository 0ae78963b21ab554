"""What every market's scenario has in common."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import ClassVar

import numpy as np

from agents.notebook import html_table
from scenarios.reading import toml_text
from scenarios.reading.kept import Kept, of_all

LABELS = ("title", "source", "name", "units")  # say what a scenario is called, not what happens in it
DIGEST_LENGTH = 12
BEFORE = (r"^", r"[\d–] ", r"llion ", r"llionth ", r"llionths ", r"[(\[/]", r", ", r"\bin ")  # where units stand
UNIT = re.compile(rf"(?:{'|'.join(f'(?<={text})' for text in BEFORE)})(?:money|energy)(?![A-Za-z]| \()")


@dataclass(frozen=True)
class Scenario:
    """One set-up of one market, every key checked and every default filled in.

    `table` holds the keys as the file does, columns of CSV files as tuples; the properties read
    it. `given` is the part of it that was written, without defaults: what changes are made to. `inputs` are SHA-256
    digests of the user's files it was read from, by their names as seen from the scenario's folder. Two scenarios are
    equal if their names and tables are. Do not change the tables.
    """

    name: str
    path: Path | None = field(compare=False, repr=False)
    table: dict = field(repr=False)
    given: dict = field(compare=False, repr=False)
    inputs: dict = field(compare=False, repr=False, default_factory=dict)

    title = property(lambda self: self.table["title"])
    market = property(lambda self: self.table["market"])
    source = property(lambda self: self.table["source"])
    seed = property(lambda self: self.table["seed"])
    rounds = property(lambda self: self.table["rounds"])
    designs = ()  # names of what it compares by itself, where it does
    cases: ClassVar[Sequence[str]] = ()  # names of networks that ship, where `network.case` takes such
    case_suffixes: ClassVar[Sequence[str]] = (".toml",)  # of files that it takes

    @property
    def node_names(self) -> Sequence[str]:
        """What nodes are called that keys may name, empty where none does."""
        return ()

    @property
    def crowds(self) -> Sequence[tuple[int, Mapping[str, Kept]]]:
        """(Number of users, what is kept of them) of each of its groups, in the order of the users; empty without."""
        return ()

    @property
    def times(self) -> Sequence[str]:
        """What each period is called, empty where nobody says when it is."""
        return ()

    @cached_property
    def people(self) -> dict[str, np.ndarray]:
        """{name: values, shape (users,)} of what is kept of all users."""
        return of_all(self.crowds)

    def _repr_html_(self):
        """What was written, a row a key."""
        rows = [row for key, value in self.given.items() if key not in LABELS for row in _rows(key, value)]
        return html_table(f"{self.name}: {self.title}" if self.title else self.name, rows)

    def to_toml(self) -> str:
        """The whole scenario as TOML that needs no other file and loads to an equal scenario."""
        return toml_text.dump(self.table)

    def given_toml(self) -> str:
        """The scenario as it was written, without defaults, as TOML that needs no other file and takes any change."""
        return toml_text.dump(self.given | {"name": self.name})

    def digest(self, replication: int = 0) -> str:
        """Short hash of what decides the result, seed and replication included; not of name or title."""
        decisive = {key: value for key, value in self.table.items() if key not in LABELS}
        text = json.dumps([decisive, replication], sort_keys=True, default=list)
        return hashlib.sha256(text.encode()).hexdigest()[:DIGEST_LENGTH]

    def in_units(self, text: str) -> str:
        """A text in which money and energy, where they stand as units, give way to what the scenario calls them."""
        called = self.table.get("units", {})
        return UNIT.sub(lambda word: called[word[0]], text) if called else text

    def with_seed(self, seed: int) -> Scenario:
        """The same scenario with another seed (a whole number >= 0, as checked by `load`)."""
        seed = {"seed": int(seed)}
        return replace(self, table=self.table | seed, given=self.given | seed)


def in_shared_units(scenarios: Sequence[Scenario]) -> Callable[[str], str]:
    """What says a text in the units of several scenarios, and leaves it where they call money or energy differently."""
    called = [one.table.get("units", {}) for one in scenarios]
    return scenarios[0].in_units if called.count(called[0]) == len(called) else str


def _rows(key, value):
    """(Key, value), one for each of a list of tables."""
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return [(f"{key} {row.get('name', place)}", toml_text.short(row)) for place, row in enumerate(value)]
    return [(key, toml_text.short(value))]
