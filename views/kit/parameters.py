"""A scenario's parameters as controls: which there are, what they may be, what was changed, and changing them."""

import math
import os
import shlex
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import lru_cache
from pathlib import Path

import numpy as np

from market.numerals import plain
from scenarios import ScenarioError, load, rewritten
from scenarios.finding import shipped
from scenarios.loading import keys_of
from scenarios.reading import choices, toml_text
from scenarios.reading.errors import Place
from scenarios.reading.schema import Key, ends

NOT_SHOWN = (
    "title",
    "market",
    "source",
    "name",
    "group.name",
    "tariffs.name",
    "tag.name",
    "class.name",
    "group.keep",
    "class.keep",
    "buyers.keep",
    "sellers.keep",
    "prosumers.keep",
    "prosumers.names",
    "prosumers.times",
)
APART = ("network.line_limits",)  # tables of numbers by name each of which is a value of its own
MOST_TYPED = 2_000  # characters
MOST_LISTED = 12  # numbers of a list that can be edited
MOST_WHOLE = 60  # whole numbers a slider steps through one by one
LEAST_WRITTEN, MOST_WRITTEN = 1e-12, 1e15  # numbers between which no field has an exponent
TENFOLD = 10  # steps of a slider from a tenth of the file's value to it, and to ten times it


@dataclass(frozen=True)
class Parameter:
    """One value of a scenario; path: keys and numbers of groups that lead to it in the table."""

    path: tuple
    key: Key
    value: object

    @property
    def dotted(self):
        """As `--set` writes it."""
        return ".".join(map(str, self.path))

    @property
    def section(self):
        """Heading it stands under."""
        return ".".join(map(str, self.path[:-1]))

    @property
    def help(self):
        """What it means, and what is allowed."""
        allowed = f" ({self.key.allowed})" if self.key.allowed and self.key.type != "choice" else ""
        return self.key.meaning + allowed


def parameters(scenario):
    """Every value of a scenario that can be shown, in the order of its file."""
    whole = scenario.table
    return [one for one in _leaves(whole, keys_of(scenario.market), (), "", whole) if one.key.path not in NOT_SHOWN]


def _leaves(table, keys, path, dotted, whole):
    for name, value in (table | _left_out(table, keys, dotted, whole)).items():
        key = _key_of(keys, f"{dotted}{name}", table)
        if name in table and not is_offered(key, whole, table) and key.type != "table":
            continue
        if key.type in ("table", "columns"):
            yield from _leaves(value, keys, (*path, name), f"{key.path}.", whole)
        elif key.type == "tables":
            for number, row in enumerate(value):
                yield from _leaves(row, keys, (*path, name, number), f"{key.path}.", whole)
        elif key.path in APART and not any("." in inner for inner in value):
            for inner, number in value.items():
                one = replace(key, path=f"{key.path}.{inner}", type="number")
                yield Parameter((*path, name, inner), one, number)
        else:
            yield Parameter((*path, name), key, value)


def _left_out(table, keys, dotted, whole):
    """Tables left out of one where that is one of their choices, with that choice: what else they say is not chosen."""
    found = [key for key in _with_usual(keys, dotted) if key.name not in table and is_offered(key, whole, table)]
    return {key.name: {key.by: key.usual} for key in found}


def _with_usual(keys, dotted):
    """Keys of tables of one for which leaving them out is a choice."""
    return [key for key in keys if key.type == "table" and key.usual and f"{key.table}." == dotted]


def is_offered(key, whole, table):
    """Would a key of a table be taken there, whatever else the whole says?"""
    return key.offered is None or key.offered(whole, table)


def _key_of(keys, path, table):
    """The key of that path that goes with the table's choices."""
    return next(key for key in keys if key.path == path and key.goes_with(table))


def changed(scenario, path, value, original=None):
    """The scenario with one value changed, checked as a file is; raises ScenarioError.

    What a new choice has no use for is dropped; what it needs comes from the original, else it is the key's example.
    """
    raw = table = toml_text.copy(scenario.given)
    for part in path[:-1]:
        table = table[part] if isinstance(part, int) else table.setdefault(part, {})
    before, table[path[-1]] = table.get(path[-1]), toml_text.copy(value)
    place = Place(scenario.name, scenario.path.parent if scenario.path else Path())
    known = _known(original, path[:-1])
    choices.follow(raw, keys_of(scenario.market), path, before, place, known=known, examples=True)
    _leave_out(raw, keys_of(scenario.market), path[:-1], scenario if original is None else original)
    return rewritten(scenario, raw)


def _leave_out(raw, keys, path, base):
    """Drop the table at a path where it says what leaving it out says, unless the base has it."""
    dotted = "".join(f"{part}." for part in path[:-1] if isinstance(part, str))
    usual = [{key.by: key.usual} for key in _with_usual(keys, dotted) if path and key.name == path[-1]]
    if usual and inside(raw, path) == usual[0] and not _known(base, path):
        del inside(raw, path[:-1])[path[-1]]


def inside(table, path):
    """What stands in a table under a path of keys and numbers."""
    for part in path:
        table = table[part]
    return table


def _known(original, path):
    """The original's table under a path, empty where it has none."""
    try:
        return inside(original.table, path) if original is not None else {}
    except (KeyError, IndexError):
        return {}


def read(parameter, value):
    """A value as sent: typed text as TOML, choices and names as they are; ScenarioError where it is long."""
    if not isinstance(value, str) or parameter.key.type == "choice":
        return value
    if len(value) > MOST_TYPED:
        told = f"got more than {MOST_TYPED:,} characters; long lists stand in the scenario's file"
        raise ScenarioError(f"{parameter.dotted}: {parameter.key.name}: {told}")
    return value if parameter.key.type == "label" else parse(value)


def parse(text):
    """A value as typed: TOML, and a bare word is a text; an infinite number may be called inf."""
    return toml_text.value_of(text.replace("\u2212", "-"))  # a minus as it is printed


def written(value):
    """A value as a field shows it; long lists by their length and range."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return value
    if isinstance(value, tuple | list) and not editable(value):
        flat = [number for row in value for number in (row if isinstance(row, tuple | list) else [row])]
        return f"{len(flat):,} numbers, {plain(min(flat))} to {plain(max(flat))}" if flat else "none"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e6:
        return f"{value:.0f}"
    if isinstance(value, float | int):
        return format(Decimal(repr(value)), "f") if LEAST_WRITTEN <= abs(value) < MOST_WRITTEN else repr(value)
    return in_full(value)


def in_full(value):
    """A value as it can be typed, however long it is; a text as it is."""
    if isinstance(value, str):
        return value
    return toml_text.dump({"value": toml_text.copy(value)}).strip().removeprefix("value = ")


def editable(value):
    """Can a value be typed? Long lists and matrices come from files."""
    if isinstance(value, tuple | list):
        return len(value) <= MOST_LISTED and not any(isinstance(row, tuple | list) for row in value)
    return True


def stops(parameter, original):
    """The values a slider steps through, ascending, or () where only typing serves; the present one is among them."""
    key, value = parameter.key, parameter.value
    if (
        key.type not in ("number", "whole", "series", "numbers")
        or isinstance(value, str | tuple | list | dict)
        or key.path == "seed"
        or key.path.endswith(".seed")
    ):
        return ()
    if key.stops:
        return tuple(sorted({*(stop for stop, _ in key.stops), float(value)}))
    low, high = _ends(key)
    base = original if isinstance(original, float | int) and not isinstance(original, bool) else value
    if math.isfinite(high) and key.type == "whole" and high - low <= MOST_WHOLE:
        found = range(int(low), int(high) + 1)
    elif math.isfinite(high) and key.type != "whole" and high <= 10 and not 0 < base < 0.02 * high:
        found = np.round(np.linspace(low, high, 41), 6).tolist()
    elif 0 < base < math.inf:
        found = [base * 10 ** (step / TENFOLD) for step in range(-TENFOLD, TENFOLD + 1)]
        found = [round(one) if key.type == "whole" else float(f"{one:.3g}") for one in found]
    else:
        return ()
    inner = [one for one in found if (low < one or key.range[0] == "[") and (one < high or key.range[-1] == "]")]
    return tuple(sorted({*(one for one in inner if low <= one <= high), base, value}))


def _ends(key):
    if key.type == "whole":
        return tuple(map(float, ends(key.range)))
    low, high = key.range[1:-1].split(",")
    return float(low), float(high)


def differences(scenario, original):
    """[(dotted key, value in the file, value now)], None where there is none."""
    was, now = ({one.dotted: one.value for one in parameters(each)} for each in (original, scenario))
    return [(name, was.get(name), now.get(name)) for name in {**was, **now} if was.get(name) != now.get(name)]


def command(scenario, original):
    """The command line of the changed scenario, for a shell in the server's folder; "" where only its TOML says it."""
    filed = as_filed(original)
    if filed is None:
        return ""
    words = ["python", "run.py", "run", source_of(original)]
    for name, was, now in differences(scenario, filed):
        if was is None or now is None or isinstance(now, tuple | dict | list):
            return ""
        option = {"seed": ["--seed", str(now)], "rounds": ["--rounds", str(now)]}.get(name)
        words += option or ["--set", f"{name}={written(now)}"]
    return shlex.join(words)


def source_of(scenario):
    """What a command line calls the scenario's file: a shipped one's name, else its path."""
    path = scenario.path
    if path is None or path == shipped(path.stem):
        return scenario.name if path is None else path.stem
    return str(path) if path.is_absolute() or ".." in path.parts[:1] else f".{os.sep}{path}"


def as_filed(scenario):
    """The scenario as its file has it now, without what the server was told to change; None where it cannot be read."""
    try:
        changed_last = scenario.path.stat().st_mtime_ns if scenario.path else 0
        return _read_again(source_of(scenario), changed_last)
    except (OSError, ScenarioError):
        return None


@lru_cache(32)
def _read_again(source, changed_last):
    return load(source)
