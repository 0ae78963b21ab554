"""Verification: a stored run is run again and compared, bit by bit, then number by number."""

import io
import json
import re
import tempfile
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from engine.choosing import chosen
from engine.comparing import compare
from engine.in_place import recover
from engine.plugins import plugins_away
from engine.provenance import other
from engine.results.result import Result
from engine.running import run
from engine.store import SCHEMA_VERSION, digest, write_chosen, write_comparison, write_facts
from engine.stored_json import table_of, why
from engine.sweeps.sweep_folder import read_rows
from engine.sweeps.sweeping import rerun, stored
from engine.unpacking import METADATA, belongs, unpacked
from market.errors import Refused
from market.numerals import gap, plain
from scenarios.reading.errors import one_line, quoted
from scenarios.reading.files import LARGEST_TABLE, content_of

SAME_NUMBER = Result.SHARP  # relative difference up to which two numbers count as the same
NUMBER_ROUNDING = 1e-15  # of the largest number of a result: a smaller difference is one of larger numbers
COLUMN_ROUNDING = 1e-12  # of the largest number of a result: columns that hold nothing larger hold zeros
GAP = re.compile(r"(^|[._ ])(relax_)?gap")  # columns that bound an error
COUNT = re.compile(r"(^|\.)(seed|replication|rounds?|messages|edges|users|point)$")  # columns without a unit
MOST_NAMED = 20
MOST_ROWS = 20  # of a sweep, run again
RUN = ("summary.json", "rounds.csv", "agents.csv", "agents.npz", "lines.csv", "contracts.csv", "prices.csv")
FACTS = (*RUN, "runs.csv", "means.csv", "differences.csv", "users.csv", "payoffs.csv")  # of a comparison


class FolderError(Refused):
    """A folder that is no readable result; its text is one line."""

    def __init__(self, said: str) -> None:
        super().__init__(one_line(said))


class Verification(NamedTuple):
    """The verdict in words, line by line, and whether all of it passed."""

    lines: tuple
    passed: bool


def verify(folder):
    """Run a stored run, comparison or choice, or rows of a sweep, again: files as written? same bits, or numbers?

    folder: of a result, or an archive of one. Raises FolderError for what is none of this schema version, or was made
    with plugins that are not here, and ArchiveError.
    """
    folder = Path(folder)
    if not folder.is_file():
        return _verify_folder(folder)
    with unpacked(folder) as place:
        try:
            found = _verify_folder(place)
        except Refused as error:
            raise FolderError(str(error).replace(str(place), str(folder))) from None
        passed, line = _tried("metadata", "compared", _metadata, place)
        return Verification((*found.lines, line), found.passed and passed)


def _metadata(place):
    """Does what an archive says of itself have the digest of every file? All else in it publishers may change."""
    if not (place / METADATA).exists():
        return True, f"none  metadata: no {METADATA}"
    told = {one["@id"]: one["sha256"] for one in table_of(place / METADATA)["@graph"] if "sha256" in one}
    files = [*table_of(place / "manifest.json")["files"], "manifest.json"]
    if other := [name for name in files if told.get(name) != _digest_of(place, name)]:
        return False, f"FAIL  metadata: {METADATA} tells another digest, or none: {_listed(other)}"
    return True, f"pass  metadata: the digests of {len(files)} files; what else {METADATA} says is not checked"


def _verify_folder(folder):
    manifest = read_manifest(folder)
    lost, odd = plugins_away(manifest["versions"])
    if lost:
        raise FolderError(
            f"{folder}: made with plugins that are not here: {lost}; --plugin FILE, or their packages, are needed"
        )
    found = KINDS[manifest["kind"]][0](folder, manifest)
    return found._replace(
        lines=(*found.lines, *(f"none  plugin {name}: another than it was made with" for name in odd))
    )


def _verify_run(folder, manifest):
    checks = [_files(folder, manifest)]
    if who := seated(manifest):
        return _verification([*checks, (True, f"none  numbers: {who}: it cannot be run again from its folder")])
    result = run(folder / "scenario.toml", replication=manifest["replication"], direct=manifest["direct"], patient=True)
    with tempfile.TemporaryDirectory() as again:
        write_facts(result, Path(again))
        kept = people_named(result.scenario)
        told = manifest, kept, result.SHARP
        checks.append(_tried("numbers", "compared", _numbers, folder, Path(again), *told))
    checks.append(_gap(result))
    return _verification(checks)


def _verify_comparison(folder, manifest):
    """All runs of a comparison are made again, and all tables."""
    return _verification([_files(folder, manifest), _tried("runs", "made again", _comparison, folder, manifest)])


def _comparison(folder, manifest):
    _check_replications(folder / "runs.csv", manifest)
    again = compare(
        [folder / f"{name}.toml" for name in manifest["inputs"]],
        replications=manifest["replications"],
        direct=manifest["direct"],
        patient=True,
        **{name: manifest[name] for name in ("by", "level", "keep_users") if name in manifest},
    )
    with tempfile.TemporaryDirectory() as place:
        write_comparison(again, Path(place))
        kept = set().union(*(people_named(scenario) for scenario in again.scenarios))
        return _numbers(folder, Path(place), manifest, kept)


def _verify_choosing(folder, manifest):
    """Every market of aggregators who choose their alphas is played again."""
    return _verification([_files(folder, manifest), _tried("markets", "played again", _choosing, folder, manifest)])


def _choosing(folder, manifest):
    _check_replications(folder / "payoffs.csv", manifest)
    again = chosen(folder / "scenario.toml", manifest["replications"], manifest["payoff"], patient=True)
    mixed = table_of(folder / "summary.json")["mixed"]
    with tempfile.TemporaryDirectory() as place:
        write_chosen(again, Path(place))
        if (mixed is None) != (again.game.summary()["mixed"] is None):  # mixtures are looked for where nashpy is
            (Path(place) / "summary.json").unlink()
        return _numbers(folder, Path(place), manifest, people_named(again.scenario))


def _check_replications(table, manifest):
    """Raises ValueError where a manifest has more or fewer replications than a stored table: they may be billions."""
    last = pd.read_csv(io.BytesIO(content_of(table, LARGEST_TABLE)), usecols=["replication"])["replication"].max()
    if last != manifest["replications"] - 1:
        raise ValueError(f"{manifest['replications']} replications; the last in {table.name} is {last}, counted from 0")


def seated(manifest):
    """Who sat in a run in place of shipped players, in words; "" for nobody."""
    known = manifest.get("seated")
    if not known:
        return ""
    groups = "; ".join(f"{', '.join(map(str, names))} in {group}" for group, names in known.items())
    return f"players of one's own sat there ({groups})"


def _verify_sweep(folder, manifest):
    """Some rows of a sweep, evenly spread, are run again."""
    return _verification([_files(folder, manifest), _tried("rows", "run again", _rows, folder, manifest)])


def _tried(what, done, check, *given):
    """A check of stored files, which fails where these are damaged, in whatever way."""
    try:
        return check(*given)
    except Exception as error:
        return False, f"FAIL  {what}: cannot be {done} ({why(error)})"


def _verification(checks):
    return Verification(tuple(line for _, line in checks), all(passed for passed, _ in checks))


def _rows(folder, manifest):
    planned = stored(folder)
    found = [(int(row["point"]), int(row["replication"])) for row in read_rows(folder)]
    twice = next((pair for pair, count in Counter(found).items() if count > 1), None)
    if twice is not None:
        return False, f"FAIL  rows: point {twice[0]}, replication {twice[1]} stands there twice"
    chosen = set(np.linspace(0, len(found) - 1, min(len(found), MOST_ROWS)).astype(int).tolist())
    pairs = [
        (row, {key: "" if cell is None else str(cell) for key, cell in rerun(planned, found[number]).items()})
        for number, row in enumerate(read_rows(folder))
        if number in chosen
    ]
    away = _rows_apart(pairs)
    what = f"{len(chosen)} of {len(found)} rows run again"
    if away is None:
        return True, f"pass  same bits: {what}"
    return _level(away, elsewhere(manifest), what)


def _rows_apart(pairs):
    """None for the same cells, else the largest difference of numbers as a share of their column's largest.

    Infinite for other words. pairs: [(row, the same run again)], cells as texts.
    """
    if all(cell == again.get(key, "") for row, again in pairs for key, cell in row.items()):
        return None
    columns = {key: ([row[key] for row, _ in pairs], [again.get(key, "") for _, again in pairs]) for key in pairs[0][0]}
    return columns_apart({key: tuple(map(_cells, both)) for key, both in columns.items()})


def _cells(texts):
    """Texts as numbers where all of them are, with NaN for blank ones."""
    try:
        return np.array([float(text) if text else np.nan for text in texts])
    except (TypeError, ValueError):
        return np.array(list(map(str, texts)))


def elsewhere(manifest):
    """What tells the machine or versions a result was made with from those here, in words; "" where all is the same."""
    return ", ".join(name for name, _, _ in other(manifest))


def _level(away, where, what, sharp=SAME_NUMBER):
    """The verdict on numbers that are not the same bits; sharp: how far they may be apart on another machine."""
    if where and away <= sharp:
        within = "" if away <= SAME_NUMBER else f", all that is promised of them is {plain(sharp)}"
        said = f"same numbers to {plain(away, 2) if away else 'rounding'}{within}"
        return True, f"pass  {said} (not the same bits; made with other {where}): {what}"
    here = f"other {where}" if where else "this machine and versions"
    return False, f"FAIL  numbers: differ by {plain(away, 2)} of their size on {here}: {what}"


def read_manifest(folder, kinds=None, said="only a run, a comparison, a sweep or a choice of alphas can be verified"):
    """The manifest of a folder of one of some kinds; raises FolderError: missing, broken, another version or kind."""
    recover(folder)
    try:
        manifest = table_of(folder / "manifest.json")
    except FileNotFoundError:
        raise FolderError(f"{folder}: manifest.json: missing; a finished run, comparison or sweep is needed") from None
    except (OSError, ValueError) as error:
        said = f"cannot be read ({why(error)}); a JSON object is needed"
        raise FolderError(f"{folder}: manifest.json: {said}") from None
    got = manifest.get("schema_version")
    if got != SCHEMA_VERSION:
        raise FolderError(f"{folder}: manifest.json: schema_version: got {quoted(got)}; {SCHEMA_VERSION} is needed")
    if manifest.get("kind") not in list(kinds or KINDS):
        got = f"kind: got {quoted(manifest.get('kind'))}"
        raise FolderError(f"{folder}: manifest.json: {got}; {said}")
    for key, kind in (KINDS[manifest["kind"]][1] | {"files": dict, "versions": dict}).items():
        if type(manifest.get(key)) is not kind:
            got = f"got {quoted(manifest[key])}" if key in manifest else "missing"
            raise FolderError(f"{folder}: manifest.json: {key}: {got}; the manifest as written is needed")
    if not _is_seated(manifest.get("seated", {})):
        got = f"seated: got {quoted(manifest['seated'])}"
        raise FolderError(f"{folder}: manifest.json: {got}; the manifest as written is needed")
    if manifest["kind"] == "run" and not 0 <= manifest["replication"] < 2**32:
        got = f"replication: got {manifest['replication']}"
        raise FolderError(f"{folder}: manifest.json: {got}; the manifest as written is needed")
    return manifest


def _is_seated(value):
    """Is it {group: names}?"""
    return isinstance(value, dict) and all(
        isinstance(names, list) and all(isinstance(name, str) for name in names) for names in value.values()
    )


def _files(folder, manifest):
    if changed := changed_files(folder, manifest):
        return False, f"FAIL  files: changed since they were written: {changed}"
    return True, f"pass  files: {len(manifest['files'])} files as written"


def changed_files(folder, manifest):
    """Names of the files that are not as they were written, in words; "" for none."""
    return _listed([name for name, was in manifest["files"].items() if _digest_of(folder, name) != was])


def _listed(names):
    return ", ".join(quoted(name).strip("'") for name in names[:MOST_NAMED])


def as_written(folder, manifest, name):
    """Is a file of a folder as its manifest has it?"""
    return name in manifest["files"] and _digest_of(folder, name) == manifest["files"][name]


def _digest_of(folder, name):
    """The digest of a file of a folder, None where it is none, or leads out of the folder."""
    try:
        return digest(folder / name) if belongs(name) else None
    except OSError:
        return None


def people_named(scenario):
    """What columns of what is known of users are called: no results, and of any size."""
    return {*scenario.people, *(f"kept {name}" for name in scenario.people)}


def _numbers(folder, again, manifest, kept, sharp=SAME_NUMBER):
    names = [name for name in FACTS if (again / name).exists()]
    if all(_digest_of(folder, name) == digest(again / name) for name in names):
        return True, f"pass  same bits: {', '.join(names)}"
    away = max(_distance(folder / name, again / name, kept) for name in names)
    return _level(away, elsewhere(manifest), ", ".join(names), sharp)


def _distance(one, other, kept):
    """Largest difference of two result files as a share of the largest number of its column; 0 for the same bits."""
    content = content_of(one, LARGEST_TABLE)
    if content == other.read_bytes():
        return 0.0
    if one.suffix == ".json":
        columns = dict(_leaves(json.loads(content), json.loads(other.read_bytes())))
        return columns_apart({name: tuple(map(_numbers_in, both)) for name, both in columns.items()})
    if one.suffix == ".npz":
        with np.load(io.BytesIO(content)) as a, np.load(other) as b:
            if sorted(a.files) != sorted(b.files):
                return np.inf
            return columns_apart({key: (a[key], b[key]) for key in b.files}, kept)
    a, b = pd.read_csv(io.BytesIO(content)), pd.read_csv(other)
    if list(a.columns) != list(b.columns) or len(a) != len(b):
        return np.inf
    return columns_apart({key: (_numbers_in(a[key]), _numbers_in(b[key])) for key in b.columns}, kept)


def _leaves(one, other, name=""):
    """(Dotted name, (value, value)) of what two JSON values hold; a list of plain values is one of them."""
    if isinstance(one, dict) and isinstance(other, dict) and one.keys() == other.keys():
        return [leaf for key in one for leaf in _leaves(one[key], other[key], f"{name}.{key}" if name else key)]
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other) and _nested(other):
        pairs = enumerate(zip(one, other, strict=True))
        return [leaf for k, (a, b) in pairs for leaf in _leaves(a, b, f"{name}.{k}")]
    return [(name, (one if isinstance(one, list) else [one], other if isinstance(other, list) else [other]))]


def _nested(values):
    return any(isinstance(value, dict | list) for value in values)


def columns_apart(columns, kept=frozenset()):
    """Largest difference of two results as a share of the largest number of its column, infinite for other words.

    columns: {name: (values, values)}. Gaps are bounds, not facts: their own check judges them. A column that holds
    nothing but rounding beside the others, but for those `kept` from the scenario, is zero in both.
    """
    known = {name: both for name, both in columns.items() if not GAP.search(name)}
    size = {name: max(map(_largest, both)) for name, both in known.items()}
    results = (each for name, each in size.items() if not COUNT.search(name) and name not in kept)
    largest = max(results, default=0.0)
    least = COLUMN_ROUNDING * largest
    judged = {name: both for name, both in known.items() if name in kept or not 0 < size[name] <= least}
    noise = NUMBER_ROUNDING * largest
    return max((_apart(*both, size[name], noise) for name, both in judged.items()), default=0.0)


def _largest(values):
    """The largest size of some numbers, 0 where they are words."""
    if values.dtype.kind not in "fiu":
        return 0.0
    return float(np.max(np.abs(values[np.isfinite(values)]), initial=0.0))


def _apart(one, other, size, noise):
    """The largest difference of two arrays as a share of a size, 0 within noise; infinite for other words or shapes."""
    if one.shape != other.shape:
        return np.inf
    if one.dtype.kind not in "fiu" or other.dtype.kind not in "fiu":
        return 0.0 if np.array_equal(one.astype(str), other.astype(str)) else np.inf
    finite = np.isfinite(one) & np.isfinite(other)
    if not np.array_equal(one[~finite], other[~finite], equal_nan=True):
        return np.inf
    away = np.abs(one[finite].astype(float) - other[finite])
    return float(np.max(away, initial=0.0, where=away > noise)) / max(size, 1e-300)


def _numbers_in(values):
    """An array; texts that are lists of numbers as those numbers; None among numbers as NaN."""
    values = np.asarray(values)
    if values.dtype.kind in "fiu":
        return values
    try:
        if all(value is None or type(value) in (int, float) for value in values.ravel().tolist()):
            return values.astype(float)
        return np.array([row.split() for row in values], dtype=float)
    except (AttributeError, TypeError, ValueError):
        return values.astype(str)


def _gap(result):
    limit = result.promised
    if result.gap is None or limit is None:
        return True, f"pass  gap: {result.gap!r}, none is promised by status {result.status}"
    if result.gap <= limit:
        return True, f"pass  gap: {gap(result.gap)}, at most {gap(limit)} is promised"
    return False, f"FAIL  gap: {gap(result.gap)}, at most {gap(limit)} is promised"


KINDS = {
    "run": (_verify_run, {"direct": bool, "replication": int}),
    "comparison": (_verify_comparison, {"direct": bool, "replications": int, "inputs": dict}),
    "sweep": (_verify_sweep, {"direct": bool}),
    "choosing": (_verify_choosing, {"replications": int, "payoff": str}),
}
