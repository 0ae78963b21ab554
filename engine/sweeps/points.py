"""The points of a sweep: the full product of some keys' values, or rows of a CSV file."""

import csv
import hashlib
import io
import itertools
import math
import re
from array import array
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from engine.sweeps.telling import telling_rows
from scenarios import ScenarioError, load
from scenarios.reading.csv_file import CsvFile
from scenarios.reading.errors import Place, quoted

FIRST_TRIED = 1_000  # rows of a CSV file that are tried as they are before the sweep starts
OPEN, CLOSE = "[{(", "]})"
NUMBER = re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d+)?|inf")
SPACED = re.compile(rb'[" \t\v\f]|[^\x00-\x7f]')  # what lines taken as they are must not have
SPECIAL = re.compile('[,"\\r\\n]')  # what a CSV cell quotes


@dataclass(frozen=True)
class Points:
    """Where a sweep runs: keys, and for each point their values as text.

    values: with `rows`, a sequence of one tuple a point; else the values of each key, whose full product the points
    are, the last key fastest. Points are made one by one, so that millions need no memory.
    """

    keys: tuple[str, ...]
    values: Sequence[tuple[str, ...]]
    rows: bool = False

    @property
    def size(self):
        """How many there are, also where that is more than a length can be."""
        return len(self.values) if self.rows else math.prod(map(len, self.values))

    def __len__(self):
        return self.size

    def __getitem__(self, number):
        """The values of one point, in the order of the keys."""
        if self.rows:
            return self.values[number]
        chosen = []
        for values in reversed(self.values):
            number, place = divmod(number, len(values))
            chosen.append(values[place])
        return tuple(reversed(chosen))

    def numeric(self, key):
        """Are all values of a key plain numbers?"""
        place = self.keys.index(key)
        return all(map(NUMBER.fullmatch, (row[place] for row in self.values) if self.rows else self.values[place]))

    def lines(self):
        """The points as lines of a CSV file that `from_csv` reads; only with `rows`."""
        return map(_csv_line, itertools.chain([self.keys], self.values))

    def identity(self):
        """What tells these points from others, as plain data: a digest of rows, a product as its values."""
        if not self.rows:
            return {"keys": list(self.keys), "product": [list(values) for values in self.values]}
        found = hashlib.sha256()
        found.update(_csv_line(self.keys).encode() + self.values.text)
        return {"keys": list(self.keys), "rows": found.hexdigest()}

    def changes(self, number):
        """The changes "key=value" of one point."""
        return tuple(f"{key}={value}" for key, value in zip(self.keys, self[number], strict=True))


def product(varied):
    """Points from texts "key=v1,v2,…"; commas within brackets do not part values. Raises ScenarioError.

    >>> points = product(["price.c=0.1,0.2", "group.0.fairness.alpha=0,1,inf"])
    >>> len(points), points.changes(4)
    (6, ('price.c=0.2', 'group.0.fairness.alpha=1'))
    """
    keys, values = [], []
    for text in varied:
        key, equals, listed = text.partition("=")
        found = tuple(parted(listed))
        if not equals or not key.strip() or "" in found:
            raise ScenarioError(f"--vary: got {text[:60]!r}; KEY=V1,V2,... is needed, as in price.c=0.001,0.002")
        if key.strip() in keys:
            raise ScenarioError(f"--vary: {key.strip()}: given twice; once is possible")
        twice = next((value for value in found if found.count(value) > 1), None)
        if twice is not None:
            raise ScenarioError(f"--vary: {key.strip()}: value {twice!r} is given twice; each point once")
        keys.append(key.strip())
        values.append(found)
    return Points(tuple(keys), tuple(values))


def _csv_line(cells):
    return ",".join('"' + cell.replace('"', '""') + '"' if SPECIAL.search(cell) else cell for cell in cells) + "\n"


def parted(text):
    """A text parted at its commas, but for those within brackets or quotes.

    >>> list(parted("[1, 2], 3,{ uniform = [0, 1] }"))
    ['[1, 2]', '3', '{ uniform = [0, 1] }']
    """
    depth, quoted, start = 0, False, 0
    for place, letter in enumerate(text):
        quoted ^= letter == '"'
        depth += 0 if quoted else (letter in OPEN) - (letter in CLOSE)
        if letter == "," and depth == 0 and not quoted:
            yield text[start:place].strip()
            start = place + 1
    yield text[start:].strip()


class Rows(Sequence):
    """Rows of cells as lines of a CSV file and the places where they end, so that a million take little memory.

    >>> rows = Rows([("1", "[2, 3]"), ("4", "x")])
    >>> len(rows), rows[0], rows[-1]
    (2, ('1', '[2, 3]'), ('4', 'x'))
    """

    def __init__(self, rows):
        self.text, self.ends = bytearray(), array("q", [0])
        for row in rows:
            self.text += _csv_line(row).encode()
            self.ends.append(len(self.text))

    @classmethod
    def of_lines(cls, text):
        """Rows that stand one a line, as bytes without quotes, spaces and blank lines."""
        rows = cls(())
        rows.text = text
        rows.ends = np.concatenate([[0], np.flatnonzero(np.frombuffer(text, dtype=np.uint8) == ord("\n")) + 1])
        return rows

    def __len__(self):
        return len(self.ends) - 1

    def __getitem__(self, number):
        place = range(len(self))[number]
        line = self.text[self.ends[place] : self.ends[place + 1]].decode()
        return tuple(next(csv.reader(io.StringIO(line, newline=""))))


def from_csv(file):
    """Points from a CSV file: its header names the keys, each row is a point. Raises ScenarioError."""
    place = Place("--points", Path())
    table = CsvFile(str(file), place)
    unnamed = next((k for k, name in enumerate(table.header, start=1) if not name), None)
    if unnamed is not None:
        got = f"column {unnamed} of {table.name} has no name in row 1"
        raise place.error(got, "a key for each column is needed; an index column is left out")
    twice = next((name for name, often in Counter(table.header).items() if often > 1), None)
    if twice is not None:
        raise place.error(f"{table.name} has {table.header.count(twice)} columns {quoted(twice)}", "each key once")
    table.check_even()
    plain = not SPACED.search(table.body)
    return Points(tuple(table.header), Rows.of_lines(table.body) if plain else Rows(table.rows()), rows=True)


def check(points, scenario, judge=lambda scenario: None):
    """Load the scenario at every value of every key, the others at their first, and judge it.

    Of rows of a CSV file the first are tried, and all that tell of others; two values of a later row that do not go
    together fail as a run. Raises ScenarioError for a bad one, and what `judge(scenario)` raises.
    """
    if points.rows:
        later = telling_rows(points.values, len(points.keys)) if len(points) > FIRST_TRIED else ()
        first = range(min(len(points), FIRST_TRIED))
        for number in dict.fromkeys((*later, *first)):
            _try_row(points, number, scenario, judge)
        return
    first = [values[0] for values in points.values]
    for place, values in enumerate(points.values):
        for value in values:
            chosen = [*first[:place], value, *first[place + 1 :]]
            changes = [f"{key}={v}" for key, v in zip(points.keys, chosen, strict=True)]
            changed = load(scenario, set=changes)
            _check_designs(changed, scenario)
            judge(changed)


def _try_row(points, number, scenario, judge):
    try:
        changed = load(scenario, set=points.changes(number))
        _check_designs(changed, scenario)
    except ScenarioError as error:
        raise ScenarioError(f"--points: row {number + 2} (the header is row 1): {error}") from None
    judge(changed)


def _check_designs(changed, scenario):
    """Raise ScenarioError where a point compares other designs, so that its measures would have no columns."""
    other = set(changed.designs) ^ set(scenario.designs)
    if other:
        raise ScenarioError(
            f"{scenario.name}: designs: not at all points is there {sorted(other)[0]!r}; the same designs are needed, "
            "say which with --set"
        )


def pairs(points, replications):
    """(Point, replication) of every run, replications fastest."""
    return itertools.product(range(len(points)), range(replications))
