"""Stored runs: finding them under the results folder, opening one, and holding a replay beside what was stored."""

from pathlib import Path

import numpy as np
import pandas as pd

from engine.verifying import FolderError, read_manifest
from scenarios import ScenarioError, load
from views.browser.live import Run
from views.browser.markets import PAGES

MOST_FOLDERS = 200
CLOSE = 1e-9


def folders(root):
    """Stored runs as paths relative to the results folder, the latest first."""
    found = sorted(Path(root).glob("*/*/manifest.json"), key=lambda path: -path.stat().st_mtime)
    names = [str(path.parent.relative_to(root)) for path in found]
    return [name for name in names if not name.startswith("compare")][:MOST_FOLDERS]


def open_folder(root, name):
    """The Run of a folder below the results folder, with its rounds as stored; raises FolderError."""
    root = Path(root).resolve()
    folder = (root / name.strip().removeprefix(f"{root.name}/")).resolve()
    if not name.strip() or not folder.is_relative_to(root) or folder == root:
        raise FolderError(f"{name or 'nothing'}: a folder below {root.name}/ is needed")
    if not folder.is_dir():
        raise FolderError(f"{name}: no such folder below {root.name}/")
    manifest = read_manifest(folder, ("run",), "only a run can be played again")
    if manifest["direct"]:
        raise FolderError(f"{name}: solved directly, without rounds to replay")
    try:
        rounds = pd.read_csv(folder / "rounds.csv")
        scenario = load(folder / "scenario.toml")
    except (OSError, ValueError, ScenarioError) as error:
        raise FolderError(f"{name}: cannot be read: {error}") from None
    if large := PAGES[scenario.market].too_large(scenario):
        raise FolderError(f"{name}: {large}")
    return Run(scenario, manifest["replication"], stored=rounds)


def verdict(run):
    """Whether the rounds played so far are those stored, in words; "" where nothing was stored."""
    stored = run.stored
    if stored is None:
        return ""
    played = run.model.datacollector.model_vars
    rounds = len(played["round"])
    if not rounds:
        return f"Stored: {len(stored)} rounds. Play them again and they are compared."
    away = max((_apart(played[name], stored[name][:rounds]) for name in stored if name in played), default=0.0)
    if rounds > len(stored) or away > CLOSE:
        return f"Round {rounds} differs from what was stored (by {away:.1e} of its size)."
    return f"Rounds 1 to {rounds} of {len(stored)} are as stored" + (", bit by bit." if away == 0 else ".")


def _apart(one, other):
    """Largest difference as a share of the largest number; 0 for words that are equal, inf where they are not."""
    try:
        a, b = np.array(one, dtype=float), np.array(other, dtype=float)
    except (TypeError, ValueError):
        return 0.0 if [str(each) for each in one] == [str(each) for each in other] or np.ndim(one) > 1 else np.inf
    if a.shape != b.shape or not np.array_equal(np.isnan(a), np.isnan(b)):
        return np.inf
    return float(np.nanmax(np.abs(a - b), initial=0.0) / max(np.nanmax(np.abs(b), initial=0.0), 1e-300))
