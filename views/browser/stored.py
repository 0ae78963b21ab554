"""Stored runs: finding them under the results folder, opening one, and holding a replay beside what was stored."""

import io
import stat
from pathlib import Path

import numpy as np
import pandas as pd

from engine.results.learning import DISTANCE
from engine.store import rounds_of
from engine.verifying import FolderError, read_manifest, seated
from market.numerals import gap
from scenarios import ScenarioError, load
from scenarios.reading.csv_file import exact_floats
from scenarios.reading.errors import quoted
from scenarios.reading.files import content_of
from views.browser.files import public
from views.kit.live import Run
from views.markets import page_of

DEPTHS = ("*/*", "*/*/*")  # of a run's and of a sweep's folder
SAME_NUMBER = 1e-9
LONGEST_SHOWN = 100


def folders(root):
    """Stored runs that are offered, the latest first."""
    return [name for name in stored_names(root) if not name.startswith(("compare", "sweep"))]


def stored_names(root):
    """Whatever is stored, as paths relative to the results folder, the latest first; nothing that is a link."""
    places = (path for depth in DEPTHS for path in Path(root).glob(f"{depth}/manifest.json"))
    known = [path for path in places if _is_plain(path)]
    found = sorted(known, key=lambda path: -path.lstat().st_mtime)
    return [str(path.parent.relative_to(root)) for path in found]


def _is_plain(path):
    """Is it a file, whatever may wait or never end behind another?"""
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except OSError:
        return False


def open_folder(root, name):
    """The Run of a folder below the results folder, with its rounds as stored; raises FolderError."""
    name = name.strip().removeprefix(f"{Path(root).name}/")
    if name not in stored_names(root):  # only what was found there is looked at
        raise FolderError(f"{name[:LONGEST_SHOWN] or 'nothing'}: no stored run below {Path(root).name}/ is called that")
    root = Path(root).resolve()
    folder = (root / name).resolve()
    if not folder.is_relative_to(root):
        raise FolderError(f"{name}: a folder below {root.name}/ is needed")
    manifest = read_manifest(folder, ("run",), "only a run can be played again")
    if manifest["direct"]:
        raise FolderError(f"{name}: solved directly, without rounds to replay")
    if who := seated(manifest):
        raise FolderError(f"{name}: {who}: it cannot be played again from its folder")
    odd = next((part for part in ("scenario.toml", "rounds.csv") if not _is_plain(folder / part)), None)
    if odd:
        raise FolderError(f"{name}: it has no file {odd}")
    try:
        rounds = pd.read_csv(io.BytesIO(content_of(folder / "rounds.csv")), **exact_floats())
        scenario = load(folder / "scenario.toml")
    except (OSError, ValueError, ScenarioError) as error:
        raise FolderError(f"{name}: cannot be read: {public(str(error))}") from None
    if large := page_of(scenario.market).too_large(scenario):
        raise FolderError(f"{name}: {large}")
    return Run(scenario, manifest["replication"], stored=rounds, folder=name)


def verdict(run):
    """Whether the rounds played so far are those stored, in words; "" where nothing was stored."""
    if run.stored is None:
        return ""
    stored = run.stored.drop(columns=DISTANCE, errors="ignore")
    played = rounds_of(run.model)
    rounds = len(next(iter(played.values())))
    odd = [name for name in (*played, *stored) if name not in played or name not in stored]
    if odd:
        which = "no column" if odd[0] in played else "a column"
        return f"Stored rounds cannot be compared: rounds.csv has {which} {quoted(odd[0])}."
    if not rounds:
        return f"Stored: {len(stored)} rounds. Play them again and they are compared."
    away = max(_apart(played[name], stored[name][:rounds]) for name in stored)
    if rounds > len(stored) or away > SAME_NUMBER:
        return f"Round {rounds} differs from what was stored (by {gap(away)} of its size)."
    return f"Rounds 1 to {rounds} of {len(stored)} are as stored" + (", bit by bit." if away == 0 else ".")


def _apart(one, other):
    """Largest difference as a share of the largest number; 0 for words that are equal, inf where they are not."""
    try:
        a, b = (_numbers(column) for column in (one, other))
    except (TypeError, ValueError, OverflowError):
        return 0.0 if list(map(str, one)) == list(map(str, other)) else np.inf
    if a.shape != b.shape or not np.array_equal(np.isnan(a), np.isnan(b)):
        return np.inf
    same = a == b  # infinities too
    off = np.where(same, 0.0, np.abs(np.where(same, 0.0, a) - np.where(same, 0.0, b)))
    return float(np.nanmax(off, initial=0.0) / max(np.nanmax(np.abs(b[np.isfinite(b)]), initial=0.0), 1e-300))


def _numbers(column):
    """A column as numbers, shape (rounds,), or (rounds, k) where a cell holds several; ValueError for words."""
    if any(isinstance(cell, str) for cell in column):
        found = np.array([list(map(float, str(cell).split())) for cell in column])
        return found[:, 0] if found.shape[1] == 1 else found
    return np.array(column, dtype=float)
