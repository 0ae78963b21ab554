"""The folder of a sweep: rows appended as runs end, whole or not at all, in the order of the points once all have."""

import contextlib
import csv
import hashlib
import itertools
import json
import os
from array import array
from pathlib import Path

import numpy as np

from engine.comparing import interval
from engine.in_place import file_in_place
from engine.parquet import write_parquet
from engine.store import SCHEMA_VERSION, write_json, write_manifest

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None

ROWS, SETTINGS, SCENARIO, POINTS = "runs.csv", "sweep.json", "scenario.toml", "points.csv"
MANIFEST, MEANS, PARQUET = "manifest.json", "means.csv", "runs.parquet"
DERIVED = (MANIFEST, MEANS, PARQUET)  # of rows that are all there
NAMES = (ROWS, SETTINGS, SCENARIO, POINTS, MEANS, PARQUET)


class SweepError(ValueError):
    """A sweep's folder that cannot be used; its text is one line."""


@contextlib.contextmanager
def opened(planned, out):
    """The SweepFolder of a planned sweep, new or from before, for this process alone. Raises SweepError."""
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
            folder.open(identity)
            yield folder
        finally:
            folder.close()


class SweepFolder:
    """runs.csv of a sweep and what belongs to it; path: the folder."""

    def __init__(self, path, planned):
        self.path, self.planned, self.columns = path, planned, planned.columns
        self.done = np.zeros((len(planned.points), planned.replications), dtype=bool)
        self.file = self.writer = None

    def open(self, identity):
        """Read what is there, drop a row that was cut off, and get ready to append."""
        if (self.path / SETTINGS).exists():
            read_settings(self.path)
        else:
            self._describe(identity)
        rows = self.path / ROWS
        if rows.exists():
            _cut_to_whole_lines(rows)
            self._note_done(rows)
        fresh = not rows.exists() or rows.stat().st_size == 0
        self.file = rows.open("a", encoding="utf-8", newline="")
        self.writer = csv.DictWriter(self.file, self.columns, lineterminator="\n", restval="")
        if fresh:
            self.writer.writeheader()
            self.file.flush()

    def _describe(self, identity):
        """Write what is swept; the settings last, so that they are there only with the rest."""
        with file_in_place(self.path / SCENARIO) as aside:
            aside.write_text(self.planned.scenario.given_toml(), encoding="utf-8")
        if self.planned.points.rows:
            with file_in_place(self.path / POINTS) as aside, open(aside, "w", encoding="utf-8", newline="") as file:
                file.writelines(self.planned.points.lines())
        settings = {"schema_version": SCHEMA_VERSION, **identity, "columns": self.columns}
        write_json(self.path / SETTINGS, settings)

    def _note_done(self, rows):
        """Mark the runs that have a row; rows of replications beyond those asked for stay and are not counted."""
        with open(rows, encoding="utf-8", newline="") as lines:
            reader = csv.reader(lines)
            if next(reader, self.columns) != self.columns:
                raise SweepError(f"{rows}: header: other columns than this version writes; move the folder away")
            points, replications = self.done.shape
            at, width = self.columns.index("replication"), len(self.columns)
            for number, row in enumerate(reader, start=2):
                try:
                    point, replication = int(row[0]), int(row[at])
                    whole = len(row) == width and 0 <= point < points and replication >= 0
                except (ValueError, IndexError):
                    whole = False
                if not whole:
                    raise SweepError(f"{rows}: row {number}: not one of this sweep; without it, its run is repeated")
                if replication < replications:
                    self.done[point, replication] = True

    def missing(self):
        """Marks of the runs without a row, shape (points, replications)."""
        return ~self.done

    def begin(self):
        """Take away what told of fewer rows."""
        for name in DERIVED:
            (self.path / name).unlink(missing_ok=True)

    def append(self, row):
        """Write one row, so that it is there whatever happens next."""
        self.writer.writerow({name: "" if value is None else value for name, value in row.items()})
        self.file.flush()
        self.done[row["point"], row["replication"]] = True

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
            "market": planned.scenario.market,
            "seed": planned.scenario.seed,
            "points": len(planned.points),
            "replications": planned.replications,
            "direct": planned.direct,
        }
        write_manifest(self.path, facts, NAMES)

    def close(self):
        """Let go of the file."""
        if self.file is not None:
            self.file.close()


def read_settings(path):
    """What sweep.json says of a folder; raises SweepError where it cannot be read or is of another version."""
    try:
        settings = json.loads((path / SETTINGS).read_text(encoding="utf-8"))
        got = settings.get("schema_version", SCHEMA_VERSION)
    except (OSError, ValueError, AttributeError) as error:
        said = f"cannot be read ({type(error).__name__}); move the folder away"
        raise SweepError(f"{path}: {SETTINGS}: {said}") from None
    if got != SCHEMA_VERSION:
        said = f"schema_version: got {got!r}; {SCHEMA_VERSION} is needed; move the folder away"
        raise SweepError(f"{path}: {SETTINGS}: {said}")
    return settings


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
    failed = sum(row[where["status"]] == "error" for row in group)
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
    """{"runs", "points", "status": {status: runs}} of a sweep's folder."""
    status, points, last = {}, 0, None
    for row in read_rows(folder):
        status[row["status"]] = status.get(row["status"], 0) + 1
        points, last = points + (row["point"] != last), row["point"]
    return {"runs": sum(status.values()), "points": points, "status": status}


def read_rows(folder):
    """The rows of a sweep's folder one after another, as texts by column."""
    with open(Path(folder) / ROWS, encoding="utf-8", newline="") as lines:
        yield from csv.DictReader(lines)
