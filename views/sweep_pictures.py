"""The pictures of a sweep's folder."""

from functools import partial
from pathlib import Path

import pandas as pd

from engine import FolderError
from engine.results import asked_by, headline, units, units_by
from engine.results.by_people import TAIL_LEVEL, measure_of
from engine.stored_json import why
from engine.sweeps.sweep_folder import read_settings
from engine.verifying import as_written, read_manifest
from scenarios import load
from scenarios.reading.files import opened
from views.drawing import draw_all, printing
from views.people import payoff
from views.people_pictures import file_of
from views.plots import PLOTS

WHATS = ("mean", "half_width")  # columns of a measure in means.csv
SPELT = {" ": "_", "/": "per"} | dict.fromkeys("':[]", "")  # letters of measures in names of files
ENOUGH = 3  # values of each of two keys from which a heat map makes sense


def sweep_pictures(folder, measures=(), along=None):
    """Write plots of a sweep's means into its folder and return their paths.

    measures: names, by default the market's headline and what users of each class gain; along: the key of the
    horizontal axis, by default the one with the most values. Raises FolderError for a folder that is no finished sweep,
    an unknown measure or key.
    """
    folder = Path(folder)
    manifest = _checked(folder)
    changed = [name for name in ("scenario.toml", "sweep.json", "means.csv") if not as_written(folder, manifest, name)]
    if changed:
        raise FolderError(f"{folder}: {changed[0]}: changed since it was written; a finished sweep is needed")
    scenario = load(folder / "scenario.toml")
    settings = read_settings(folder)
    keys, classes = settings["keys"], asked_by(settings.get("by", ()), [scenario], settings.get("level", TAIL_LEVEL))
    known = units(scenario) | units_by(scenario, classes)
    table = _means(folder, keys, known)
    for measure in measures:
        if measure not in known:
            raise FolderError(f"{folder}: measure: got {measure!r}; one of {', '.join(known)} is needed")
    if along is not None and along not in keys:
        raise FolderError(f"{folder}: key: got {along!r}; one of {', '.join(keys)} is needed")
    along = along or max(keys, key=lambda key: table[key].nunique())
    others = [key for key in keys if key != along]
    drawn = measures or [name for name in headline(scenario) if table[f"{name} mean"].notna().any()]
    made = _of_measures(table, drawn, along, others, known)
    if not (measures or scenario.designs):
        made |= _of_classes(table, classes, along, others, known)
    with printing(unit=scenario.in_units):
        return draw_all(made, folder)


def _of_measures(table, measures, along, others, known):
    """{name: what draws it} of measures as lines, and as maps where two keys have values enough."""
    made = {}
    for measure in measures:
        name, unit = "".join(SPELT.get(letter, letter) for letter in measure), known[measure]
        made[name] = partial(PLOTS["sweep lines"], table, measure, along, others, unit)
        if len(others) == 1 and all(table[key].nunique() >= ENOUGH for key in (along, *others)):
            made[f"{name}_map"] = partial(PLOTS["sweep heat"], table, measure, (along, others[0]), unit)
    return made


def _of_classes(table, classes, along, others, known):
    """{name: what draws it} of what users of each class gain on average, a line a class."""
    made, gained = {}, payoff(known) if classes else ""
    for by in classes:
        rows = _by_class(table, [along, *others], gained, by)
        unit = known[measure_of(gained, "mean", by, by.labels[0])]
        made[file_of(by.text)] = partial(PLOTS["sweep lines"], rows, f"mean {gained}", along, [*others, by.text], unit)
    return made


def _by_class(table, keys, gained, by):
    """Means of what users of each class gain as a column, the class as a further key."""
    parts = []
    for label in by.labels:
        told = {f"{measure_of(gained, 'mean', by, label)} {what}": f"mean {gained} {what}" for what in WHATS}
        parts.append(table[[*keys, *told]].rename(columns=told).assign(**{by.text: label}))
    return pd.concat(parts, ignore_index=True)


def _means(folder, keys, measures):
    """The table of means, keys as text; raises FolderError."""
    try:
        with opened(folder / "means.csv") as file:
            table = pd.read_csv(file, dtype=dict.fromkeys(keys, str))
        numbers = [f"{measure} {what}" for measure in measures for what in WHATS]
        return table.astype(dict.fromkeys(numbers, float)).dropna(subset=keys).reset_index(drop=True)
    except (OSError, ValueError, KeyError) as error:
        raise FolderError(f"{folder}: means.csv: cannot be read ({why(error)})") from None


def _checked(folder):
    """The manifest; raises FolderError where the folder holds no finished sweep."""
    manifest = read_manifest(folder)
    if manifest["kind"] != "sweep":
        raise FolderError(f"{folder}: manifest.json: kind: got {manifest['kind']!r}; a finished sweep is needed")
    return manifest
