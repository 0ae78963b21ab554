"""Values of a sweep's points that name files, as values that need none."""

import hashlib
import json
from pathlib import Path

from engine.sweeps.points import NUMBER
from scenarios import load
from scenarios.reading import toml_text


def inlined(points, scenario):
    """{key: {value: the same as TOML that needs no file}} of the values whose texts name files of the scenario's.

    points: Points that were checked. Raises ScenarioError for a file that cannot be used.
    """
    found = {}
    for key, value in _values(points):
        if value not in found.get(key, {}) and _names_file(value, scenario):
            found.setdefault(key, {})[value] = _whole(key, value, points, scenario)
    return found


def digest(found):
    """A digest of what `inlined` found."""
    return hashlib.sha256(json.dumps(found, sort_keys=True).encode()).hexdigest()


def folder_of(scenario):
    """Where the files lie that a scenario names."""
    return scenario.path.parent if scenario.path else Path()


def _values(points):
    if not points.rows:
        return ((key, value) for key, values in zip(points.keys, points.values, strict=True) for value in values)
    cells = ((key, value) for row in points.values for key, value in zip(points.keys, row, strict=True))
    return ((key, value) for key, value in cells if not NUMBER.fullmatch(value))


def _names_file(value, scenario):
    folder = folder_of(scenario)
    return any(_is_file(folder, text) for text in _texts(toml_text.value_of(value)))


def _is_file(folder, text):
    try:
        return bool(text) and (folder / text).is_file()
    except (OSError, ValueError):
        return False


def _texts(value):
    if isinstance(value, dict | list):
        return [text for one in (value.values() if isinstance(value, dict) else value) for text in _texts(one)]
    return [value] if isinstance(value, str) else []


def _whole(key, value, points, scenario):
    """The value as the scenario has it once it was read, at the first point that has it."""
    number = next(k for k in range(len(points)) if points[k][points.keys.index(key)] == value)
    read = load(scenario, set=points.changes(number))
    return toml_text.value_at(read.given, key)
