"""Verification: a stored run is run again and compared, bit by bit, then number by number."""

import json
import tempfile
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from engine.provenance import versions
from engine.running import run
from engine.store import SCHEMA_VERSION, digest, write_facts
from engine.sweep_folder import SweepError, read_rows
from engine.sweeping import rerun, stored

CLOSE = 1e-9
MOST_ROWS = 20  # of a sweep, run again
FACTS = ("summary.json", "rounds.csv", "agents.csv", "agents.npz", "lines.csv", "contracts.csv", "prices.csv")


class FolderError(ValueError):
    """A folder that is no readable result; its text is one line."""


class Verification(NamedTuple):
    """The verdict in words, line by line, and whether all of it passed."""

    lines: tuple
    passed: bool


def verify(folder):
    """Run a stored run, or rows of a sweep, again: files as written? same bits? same numbers? gap within tolerance?

    Raises FolderError for a folder that holds no run or sweep of this schema version.
    """
    folder = Path(folder)
    manifest = read_manifest(folder)
    return KINDS[manifest["kind"]][0](folder, manifest)


def _verify_run(folder, manifest):
    checks = [_files(folder, manifest)]
    result = run(folder / "scenario.toml", replication=manifest["replication"], direct=manifest["direct"], patient=True)
    with tempfile.TemporaryDirectory() as again:
        write_facts(result, Path(again))
        checks.append(_numbers(folder, Path(again), manifest))
    checks.append(_gap(result))
    return _verification(checks)


def _verify_sweep(folder, manifest):
    """Some rows of a sweep, evenly spread, are run again."""
    files = _files(folder, manifest)
    try:
        return _verification([files, _rows(folder, manifest)])
    except (SweepError, OSError, KeyError, TypeError, ValueError) as error:
        said = " ".join(f"{type(error).__name__}: {error}".split())[:200]
        return _verification([files, (False, f"FAIL  rows: cannot be run again ({said})")])


def _verification(checks):
    return Verification(tuple(line for _, line in checks), all(passed for passed, _ in checks))


def _rows(folder, manifest):
    planned, count = stored(folder), sum(1 for _ in read_rows(folder))
    chosen = set(np.linspace(0, count - 1, min(count, MOST_ROWS)).astype(int).tolist())
    away = 0.0
    for row in (row for number, row in enumerate(read_rows(folder)) if number in chosen):
        pair = int(row["point"]), int(row["replication"])
        again = {key: "" if cell is None else str(cell) for key, cell in rerun(planned, pair).items()}
        away = max(away, _row_apart(row, again))
    same = manifest["versions"] == versions()
    what = f"{len(chosen)} of {count} rows run again"
    if away == 0:
        return True, f"pass  same bits: {what}"
    if away <= CLOSE and not same:
        return True, f"pass  same numbers to {away:.1e} (not the same bits; other machine or versions): {what}"
    return False, f"FAIL  numbers: differ by {away:.1e} of their size: {what}"


def _row_apart(row, again):
    """0 for the same cells; the largest relative difference of numbers; infinity for other words."""
    worst = 0.0
    for key, cell in row.items():
        other = again.get(key, "")
        if cell != other:
            try:
                one, two = float(cell), float(other)
            except ValueError:
                return np.inf
            worst = max(worst, abs(one - two) / max(abs(one), abs(two), 1e-300)) if key != "gap" else worst
    return worst


def read_manifest(folder, kinds=None, said="only a run or a sweep can be verified"):
    """The manifest of a folder of one of some kinds; raises FolderError: missing, broken, another version or kind."""
    try:
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise FolderError(f"{folder}: manifest.json: missing; a finished run or sweep is needed") from None
    except (OSError, ValueError) as error:
        raise FolderError(
            f"{folder}: manifest.json: cannot be read ({type(error).__name__}); a JSON object is needed"
        ) from None
    got = manifest.get("schema_version") if isinstance(manifest, dict) else None
    if got != SCHEMA_VERSION:
        raise FolderError(f"{folder}: manifest.json: schema_version: got {got!r}; {SCHEMA_VERSION} is needed")
    if manifest.get("kind") not in (kinds or KINDS):
        got = f"kind: got {manifest.get('kind')!r}"
        raise FolderError(f"{folder}: manifest.json: {got}; {said}")
    for key, kind in (KINDS[manifest["kind"]][1] | {"direct": bool, "files": dict, "versions": dict}).items():
        if type(manifest.get(key)) is not kind:
            got = f"got {manifest[key]!r}" if key in manifest else "missing"
            raise FolderError(f"{folder}: manifest.json: {key}: {got}; the manifest as written is needed")
    return manifest


def _files(folder, manifest):
    changed = [
        name for name, was in manifest["files"].items() if not (folder / name).is_file() or digest(folder / name) != was
    ]
    if changed:
        return False, f"FAIL  files: changed since they were written: {', '.join(changed)}"
    return True, f"pass  files: {len(manifest['files'])} files as written"


def _numbers(folder, again, manifest):
    names = [name for name in FACTS if (again / name).exists()]
    if all((folder / name).is_file() and digest(folder / name) == digest(again / name) for name in names):
        return True, f"pass  same bits: {', '.join(names)}"
    here = "this machine and versions" if manifest["versions"] == versions() else "another machine or other versions"
    try:
        away = max(_distance(folder / name, again / name) for name in names)
    except (OSError, ValueError, KeyError) as error:
        return False, f"FAIL  numbers: cannot be compared ({error})"
    if away <= CLOSE and manifest["versions"] != versions():
        return True, f"pass  same numbers to {away:.1e} (not the same bits; written by {here})"
    return False, f"FAIL  numbers: differ by {away:.1e} of their size from a run on {here}"


def _distance(one, other):
    """Largest difference of two result files as a share of the largest number of its column."""
    if one.suffix == ".json":
        return max(
            (_apart(a, b) for a, b in _leaves(json.loads(one.read_text()), json.loads(other.read_text()))), default=0.0
        )
    if one.suffix == ".npz":
        with np.load(one) as a, np.load(other) as b:
            return max(_apart(a[key], b[key]) for key in b.files)
    if one.stat().st_size <= 1 and other.stat().st_size <= 1:
        return 0.0
    a, b = pd.read_csv(one), pd.read_csv(other)
    if list(a.columns) != list(b.columns) or len(a) != len(b):
        return np.inf
    return max((_apart(a[key], b[key]) for key in b.columns), default=0.0)


def _leaves(one, other):
    if isinstance(one, dict) and isinstance(other, dict) and one.keys() == other.keys():
        return [leaf for key in one if key != "gap" for leaf in _leaves(one[key], other[key])]
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        return [leaf for a, b in zip(one, other, strict=True) for leaf in _leaves(a, b)]
    return [(one, other)]


def _apart(one, other):
    one, other = _numbers_in(one), _numbers_in(other)
    if one.dtype.kind not in "fiu" or other.dtype.kind not in "fiu":
        return 0.0 if np.array_equal(one, other) else np.inf
    if one.shape != other.shape:
        return np.inf
    size = max(float(np.max(np.abs(other), initial=0.0)), 1e-300)
    return float(np.max(np.abs(one.astype(float) - other), initial=0.0)) / size


def _numbers_in(values):
    """An array; a column of texts that are lists of numbers as those numbers."""
    values = np.asarray(values)
    try:
        return values if values.dtype.kind in "fiu" else np.array([row.split() for row in values], dtype=float)
    except (AttributeError, TypeError, ValueError):
        return values


def _gap(result):
    limit = result.promised
    if result.gap is None or limit is None:
        return True, f"pass  gap: {result.gap!r}, none is promised by status {result.status}"
    if result.gap <= limit:
        return True, f"pass  gap: {result.gap:.1e} is at most {limit:.0e}"
    return False, f"FAIL  gap: {result.gap:.1e} is more than {limit:.0e}"


KINDS = {"run": (_verify_run, {"replication": int}), "sweep": (_verify_sweep, {})}
