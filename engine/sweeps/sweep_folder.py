"""The folder of a sweep: rows appended as runs end, whole or not at all, in the order of the points once all have."""

import contextlib
import csv
import hashlib
import io
import itertools
import json
import os
from array import array
from pathlib import Path

import numpy as np

from engine.columns import write_csv
from engine.in_place import file_in_place
from engine.intervals import interval
from engine.provenance import versions
from engine.store import SCHEMA_VERSION, USERS, digest, write_json, write_manifest
from engine.stored_json import table_of, why
from engine.sweeps.parquet import write_parquet
from market.outcome import Status
from scenarios.reading.errors import quoted
from scenarios.reading.files import opened as opened_file

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None

ROWS, SETTINGS, SCENARIO, POINTS, FILES = "runs.csv", "sweep.json", "scenario.toml", "points.csv", "files.json"
MANIFEST, MEANS, PARQUET = "manifest.json", "means.csv", "runs.parquet"
DERIVED = (MANIFEST, MEANS, PARQUET)  # of rows that are all there
INPUTS = (SCENARIO, POINTS, FILES)
NAMES = (ROWS, SETTINGS, *INPUTS, MEANS, PARQUET)
WARNING = "warning"  # of a row: what suggests a mistake in units, as a run tells it


SHAPE = {"scenario": str, "direct": bool, "keys": list, "columns": list, "inputs": dict, "machines": list}
LISTS = ("keys", "columns", "product", "by")  # of texts
FAILED = "error"
STATUSES = {FAILED, *map(str, Status)}


class SweepError(ValueError):
    """A sweep's folder that cannot be used; its text is one line."""


@contextlib.contextmanager
def opened(planned, out, where):
    """The SweepFolder of a planned sweep, new or from before, for this process alone; where: the machine of its runs.

    Raises SweepError, also for a folder whose rows were made by other versions or from other inputs.
    """
    identity = planned.identity()
    digest = hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()[:12]
    path = Path(out) / "sweep" / planned.scenario.name / digest
    path.mkdir(parents=True, exist_ok=True)
    with open(path / ".lock", "w") as lock:
        if fcntl is not None:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise SweepError(f"{path}: another sweep is at work in this folder; wait for it") from None
        folder = SweepFolder(path, planned)
        try:
            folder.open(identity, where)
            yield folder
        finally:
            folder.close()


class SweepFolder:
    """runs.csv of a sweep and what belongs to it; path: the folder."""

    def __init__(self, path, planned):
        self.path, self.planned, self.columns = path, planned, planned.columns
        self.done = np.zeros((len(planned.points), planned.replications), dtype=bool)
        self.file = self.writer = None

    def open(self, identity, where):
        """Read what is there, drop a row that was cut off, and get ready to append."""
        for left in self.path.glob(".*.part"):
            left.unlink(missing_ok=True)
        if os.path.lexists(self.path / SETTINGS):
            self._take_up(identity, where)
        else:
            self._describe(identity, where)
        rows = self.path / ROWS
        if os.path.lexists(rows):
            self._take_rows(rows)
        fresh = not rows.exists() or rows.stat().st_size == 0
        self.file = rows.open("a", encoding="utf-8", newline="")
        self.writer = csv.DictWriter(self.file, self.columns, lineterminator="\n", restval="")
        if fresh:
            self.writer.writeheader()
            self.file.flush()

    def _take_up(self, identity, where):
        """Check that a folder is of this sweep and these versions, its inputs as they were, and note the machine."""
        settings = read_settings(self.path)
        for key, value in (identity | {"columns": self.columns}).items():
            if settings.get(key) != value:
                raise self._refused(SETTINGS, f"{key}: not of this sweep")
        there, here = settings.get("versions"), versions()
        if not isinstance(there, dict):
            raise self._refused(SETTINGS, "versions: missing, so its rows are by unknown ones")
        odd = next((name for name in (*here, *there) if there.get(name) != here.get(name)), None)
        if odd is not None:
            got = f"its rows were made with {odd} {quoted(there.get(odd))}, and here is {here.get(odd)}"
            raise self._refused(SETTINGS, f"versions: {got}; take those")
        changed = changed_inputs(self.path, settings)
        if changed:
            raise self._refused(changed, "not as it was written")
        machines = settings["machines"]
        self.machines = machines if where in machines else [*machines, where]
        if self.machines != machines:
            write_json(self.path / SETTINGS, settings | {"machines": self.machines})

    def _take_rows(self, rows):
        """Note the runs that are done; raises SweepError for rows that are not as they were, or not of this sweep."""
        try:
            with opened_file(rows):
                pass
            was, many = self._finished()
            changed = was is not None and was != digest(rows)
            _cut_to_whole_lines(rows)
            if self._note_done(rows) >= many and changed:
                raise self._refused(ROWS, "changed since the sweep was finished")
        except (OSError, UnicodeDecodeError, csv.Error) as error:
            raise self._refused(ROWS, f"cannot be read ({why(error)})") from None

    def _finished(self):
        """The digest of the rows and how many they were by the manifest of a finished sweep, None and 0 without one."""
        if not os.path.lexists(self.path / MANIFEST):
            return None, 0
        try:
            manifest = table_of(self.path / MANIFEST)
            return str(manifest["files"][ROWS]), int(manifest["points"]) * int(manifest["replications"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise self._refused(MANIFEST, f"cannot be read ({why(error)})") from None

    def _refused(self, file, said):
        return SweepError(f"{self.path}: {file}: {said}; or move the folder away")

    def _describe(self, identity, where):
        """Write what is swept; the settings last, so that they are there only with the rest."""
        with file_in_place(self.path / SCENARIO) as aside:
            aside.write_text(self.planned.scenario.given_toml(), encoding="utf-8")
        if self.planned.points.rows:
            with file_in_place(self.path / POINTS) as aside, open(aside, "w", encoding="utf-8", newline="") as file:
                file.writelines(self.planned.points.lines())
        if self.planned.inlined:
            write_json(self.path / FILES, self.planned.inlined)
        self.machines = [where]
        found = {name: digest(self.path / name) for name in INPUTS if (self.path / name).exists()}
        known = {"columns": self.columns, "versions": versions(), "machines": self.machines, "inputs": found}
        write_json(self.path / SETTINGS, {"schema_version": SCHEMA_VERSION, **identity, **known})

    def _note_done(self, rows):
        """Mark the runs that have a row, and return how many rows there are.

        Rows of replications beyond those asked for stay and are not counted in the means.
        Raises SweepError for a row that is not one of this sweep's, or the second of its run.
        """
        beyond, known = set(), _Cells(self.planned)
        with open(rows, encoding="utf-8", newline="") as lines:
            reader = csv.reader(lines)
            if next(reader, self.columns) != self.columns:
                raise SweepError(f"{rows}: header: other columns than this version writes; move the folder away")
            points, replications = self.done.shape
            at, width = self.columns.index("replication"), len(self.columns)
            for number, row in enumerate(reader, start=2):
                try:
                    point, replication = int(row[0]), int(row[at])
                    whole = len(row) == width and 0 <= point < points and 0 <= replication < 2**32
                    whole = whole and known.fit(point, row)
                except (ValueError, IndexError):
                    whole = False
                if not whole:
                    raise SweepError(f"{rows}: row {number}: not one of this sweep; without it, its run is repeated")
                counted = replication < replications
                if self.done[point, replication] if counted else (point, replication) in beyond:
                    said = f"point {point}, replication {replication} stands there twice; once is needed"
                    raise SweepError(f"{rows}: row {number}: {said}")
                if counted:
                    self.done[point, replication] = True
                else:
                    beyond.add((point, replication))
            return int(self.done.sum()) + len(beyond)

    def missing(self):
        """Marks of the runs without a row, shape (points, replications)."""
        return ~self.done

    def begin(self):
        """Take away what told of fewer rows."""
        for name in DERIVED:
            (self.path / name).unlink(missing_ok=True)

    def append(self, row):
        """Write one row, so that it is there whatever happens next; the run's users before it, where they are kept."""
        users = row.pop(USERS, None)
        if users is not None:
            self._write_users(f"{row['point']}-{row['replication']}.csv", users)
        self.writer.writerow({name: "" if value is None else value for name, value in row.items()})
        self.file.flush()
        self.done[row["point"], row["replication"]] = True

    def _write_users(self, name, users):
        folder = self.path / USERS
        folder.mkdir(exist_ok=True)
        with file_in_place(folder / name) as aside:
            write_csv(users, aside)

    def finish(self):
        """Bring rows into the order of the points, add means, Parquet where it can be written, and manifest."""
        self.file.flush()
        os.fsync(self.file.fileno())
        rows, planned = self.path / ROWS, self.planned
        in_order(rows, self.columns.index("replication"))
        means(rows, self.path / MEANS, planned)
        write_parquet(rows, self.path / PARQUET, planned.types)
        facts = {
            "kind": "sweep",
            "scenario": planned.scenario.name,
            "market": planned.scenario.table["market"],
            "seed": planned.scenario.seed,
            "points": len(planned.points),
            "replications": planned.replications,
            "direct": planned.direct,
            "inputs": planned.read,
            "machines": self.machines,
        }
        write_manifest(self.path, facts, NAMES)

    def close(self):
        """Let go of the file."""
        if self.file is not None:
            self.file.close()


def read_settings(path):
    """What sweep.json says of a folder; raises SweepError where it cannot be read or is of another version."""
    try:
        settings = table_of(path / SETTINGS)
    except (OSError, ValueError) as error:
        raise SweepError(f"{path}: {SETTINGS}: cannot be read ({type(error).__name__}); move the folder away") from None
    got = settings.get("schema_version", SCHEMA_VERSION)
    if got != SCHEMA_VERSION:
        said = f"schema_version: got {quoted(got)}; {SCHEMA_VERSION} is needed; move the folder away"
        raise SweepError(f"{path}: {SETTINGS}: {said}")
    needed = SHAPE | ({"rows": str} if "rows" in settings else {"product": list})
    needed |= {"by": list, "level": float} if "by" in settings else {}
    for key, kind in needed.items():
        if type(settings.get(key)) is not kind or (key in LISTS and not _are_texts(settings[key], key == "product")):
            got = f"got {quoted(settings[key])}" if key in settings else "missing"
            raise SweepError(f"{path}: {SETTINGS}: {key}: {got}; as it was written is needed; move the folder away")
    keys, values = settings["keys"], settings.get("product", ())
    fit = "rows" in settings or (len(values) == len(keys) and all(values))
    if not keys or len(set(keys)) < len(keys) or not fit:
        got = f"got {quoted(keys)}" + ("" if fit else f" and product {quoted(values)}")
        raise SweepError(f"{path}: {SETTINGS}: keys: {got}; as they were written is needed; move the folder away")
    return settings


def _are_texts(values, nested):
    """Are all of a list texts, or lists of texts?"""
    if nested:
        return all(isinstance(one, list) and _are_texts(one, False) for one in values)
    return all(isinstance(one, str) for one in values)


def changed_inputs(path, settings):
    """The name of an input of the sweep that is not as it was written, None where all are."""
    for name in INPUTS:
        was = settings["inputs"].get(name)
        try:
            now = digest(path / name) if was is not None else None
        except OSError:
            return name
        if was != now:
            return name
    needed = {SCENARIO} | ({POINTS} if "rows" in settings else set()) | ({FILES} if "files" in settings else set())
    return next((name for name in sorted(needed) if name not in settings["inputs"]), None)


class _Cells:
    """What the cells of a sweep's rows can be."""

    def __init__(self, planned):
        self.planned = planned
        places = {name: place for place, name in enumerate(planned.columns)}
        self.keys = [places[name] for name in planned.key_columns]
        self.status, self.error = places["status"], places["error"]
        apart = {"point", "replication", "status", "error", WARNING, *planned.key_columns}
        self.numbers = [place for name, place in places.items() if name not in apart]

    def fit(self, point, row):
        """Are the keys those of the point, and the facts numbers? Raises ValueError for words where numbers stand."""
        for place in self.numbers:
            if row[place]:
                float(row[place])
        known = row[self.status] in STATUSES and bool(row[self.error]) == (row[self.status] == FAILED)
        return known and tuple(row[place] for place in self.keys) == self.planned.points[point]


def _cut_to_whole_lines(path):
    """Drop what follows the last line end: a row that was being written when everything stopped."""
    with open(path, "rb+") as file:
        size = file.seek(0, os.SEEK_END)
        end = size
        while end > 0:
            start = max(end - 65_536, 0)
            file.seek(start)
            found = file.read(end - start).rfind(b"\n")
            if found >= 0:
                file.truncate(start + found + 1)
                return
            end = start
        file.truncate(0)


def in_order(path, at):
    """Sort a CSV file's rows by first cell and by cell `at`, with only their places in memory; written aside, moved."""
    with open(path, "rb") as file:
        header = file.readline()
        places, keys, start = array("q"), array("q"), file.tell()
        for line in file:
            cells = next(csv.reader([line.decode("utf-8")])) if b'"' in line else line.split(b",", at + 1)
            keys.append(int(cells[0]))
            keys.append(int(cells[at]))
            places.append(start)
            start += len(line)
        order = np.lexsort(np.frombuffer(keys, dtype=np.int64).reshape(-1, 2).T[::-1])
        if np.array_equal(order, np.arange(len(order))):
            return
        with file_in_place(path) as aside, open(aside, "wb") as target:
            target.write(header)
            for place in np.frombuffer(places, dtype=np.int64)[order]:
                file.seek(place)
                target.write(file.readline())


def means(rows, target, planned):
    """Write runs, failures, each measure's mean and 95 % half-width at every point; one point in memory at a time."""
    header = ["point", *planned.points.keys, "runs", "failed"]
    header += [f"{name} {what}" for name in planned.measures for what in ("mean", "half_width")]
    where = {name: place for place, name in enumerate(planned.columns)}
    with open(rows, encoding="utf-8", newline="") as source, file_in_place(target) as aside:
        reader = csv.reader(source)
        next(reader)
        with open(aside, "w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(header)
            for _, group in itertools.groupby(reader, key=lambda row: row[0]):
                group = [row for row in group if int(row[where["replication"]]) < planned.replications]
                if group:
                    writer.writerow(_means_row(group, where, planned))


def _means_row(group, where, planned):
    first = group[0]
    failed = sum(row[where["status"]] == FAILED for row in group)
    cells = [first[0], *(first[where[column]] for column in planned.key_columns), len(group), failed]
    for name in planned.measures:
        cells += map(_blank, _interval([float(row[where[name]]) for row in group if row[where[name]]]))
    return cells


def _interval(values):
    """As `interval`; at once where there is nothing to average, as in a million points of one run."""
    return interval(values) if len(values) > 1 else (*values, np.nan, np.nan)[:2]


def _blank(value):
    return "" if np.isnan(value) else repr(float(value))


def counts(folder):
    """{"runs", "points", "status": {status: runs}} of a sweep's folder; "warnings" where some run has one."""
    status, points, last, warned, first = {}, 0, None, 0, {}
    for row in read_rows(folder):
        status[row["status"]] = status.get(row["status"], 0) + 1
        points, last = points + (row["point"] != last), row["point"]
        if row.get(WARNING):
            warned, first = warned + 1, first or row
    found = {"runs": sum(status.values()), "points": points, "status": status}
    if not warned:
        return found
    where = f"point {first['point']}, replication {first['replication']}"
    return found | {"warnings": [f"{warned:,} of {found['runs']:,} runs, the first at {where}: {first[WARNING]}"]}


def read_rows(folder):
    """The rows of a sweep's folder one after another, as texts by column; raises SweepError."""
    try:
        with io.TextIOWrapper(opened_file(Path(folder) / ROWS), encoding="utf-8", newline="") as lines:
            yield from csv.DictReader(lines)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise SweepError(f"{folder}: {ROWS}: cannot be read ({why(error)})") from None
