"""The pictures of a sweep's folder."""

import io
import json
from functools import partial
from pathlib import Path

import pandas as pd

from engine import FolderError
from engine.markets import headline, units
from engine.verifying import read_manifest
from scenarios import load
from scenarios.files import LARGEST, content_of
from views.drawing import draw_all
from views.plots import sweep_heat, sweep_lines

ENOUGH = 3  # values of each of two keys from which a heat map makes sense


def sweep_pictures(folder, measures=(), along=None):
    """Write plots of a sweep's means into its folder and return their paths.

    measures: names, by default the market's headline; along: the key of the horizontal axis, by default the one with
    the most values. Raises FolderError for a folder that is no finished sweep, an unknown measure or key.
    """
    folder = Path(folder)
    _check(folder)
    scenario = load(folder / "scenario.toml")
    known = units(scenario)
    settings = json.loads(content_of(folder / "sweep.json"))
    keys = settings["keys"]
    means = io.BytesIO(content_of(folder / "means.csv", LARGEST))
    table = pd.read_csv(means, dtype=dict.fromkeys(keys, str), keep_default_na=True)
    for measure in measures:
        if measure not in known:
            raise FolderError(f"{folder}: measure: got {measure!r}; one of {', '.join(known)} is needed")
    if along is not None and along not in keys:
        raise FolderError(f"{folder}: key: got {along!r}; one of {', '.join(keys)} is needed")
    along = along or max(keys, key=lambda key: table[key].nunique())
    others = [key for key in keys if key != along]
    made = {}
    for measure in measures or [name for name in headline(scenario) if table[f"{name} mean"].notna().any()]:
        name, unit = measure.replace(" ", "_").replace("/", "per").replace("'", "").replace(":", ""), known[measure]
        made[name] = partial(sweep_lines, table, measure, along, others, unit)
        if len(keys) == 2 and all(table[key].nunique() >= ENOUGH for key in keys):
            made[f"{name}_map"] = partial(sweep_heat, table, measure, (along, others[0]), unit)
    return draw_all(made, folder)


def _check(folder):
    """Raise FolderError where the folder holds no finished sweep."""
    manifest = read_manifest(folder)
    if manifest["kind"] != "sweep":
        raise FolderError(f"{folder}: manifest.json: kind: got {manifest['kind']!r}; a finished sweep is needed")
