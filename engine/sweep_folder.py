"""The folder of a sweep: rows appended as runs end, whole or not at all, in the order of the points once all have."""

import contextlib
import csv
import hashlib
import itertools
import json
import os
import tempfile
from pathlib import Path

import numpy as np

from engine.comparing import interval
from engine.store import write_json, write_manifest

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None

ROWS, SETTINGS = "runs.csv", "sweep.json"


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
        settings = self.path / SETTINGS
        if not settings.exists():
            (self.path / "scenario.toml").write_text(self.planned.scenario.given_toml(), encoding="utf-8")
            write_json(settings, identity | {"columns": self.columns})
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

    def _note_done(self, rows):
        """Mark the runs that have a row; rows of replications beyond those asked for stay and are not counted."""
        with open(rows, encoding="utf-8", newline="") as lines:
            reader = csv.reader(lines)
            header = next(reader, self.columns)
            if header != self.columns:
                raise SweepError(f"{rows}: header: other columns than this version writes; move the folder away")
            at = header.index("replication")
            for row in reader:
                point, replication = int(row[0]), int(row[at])
                if replication < self.done.shape[1]:
                    self.done[point, replication] = True

    def missing(self):
        """Marks of the runs without a row, shape (points, replications)."""
        return ~self.done

    def append(self, row):
        """Write one row, so that it is there whatever happens next."""
        self.writer.writerow({name: "" if value is None else value for name, value in row.items()})
        self.file.flush()
        self.done[row["point"], row["replication"]] = True

    def finish(self):
        """Bring rows into the order of the points, add means and manifest."""
        self.file.flush()
        os.fsync(self.file.fileno())
        in_order(self.path / ROWS, self.columns.index("replication"))
        means(self.path / ROWS, self.path / "means.csv", self.planned)
        facts = {
            "kind": "sweep",
            "scenario": self.planned.scenario.name,
            "market": self.planned.scenario.market,
            "seed": self.planned.scenario.seed,
            "points": len(self.planned.points),
            "replications": self.planned.replications,
            "direct": self.planned.direct,
        }
        write_manifest(self.path, facts)

    def close(self):
        """Let go of the file."""
        if self.file is not None:
            self.file.close()


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
        places, keys, start = [], [], file.tell()
        for line in file:
            cells = next(csv.reader([line.decode("utf-8")]))
            keys.append((int(cells[0]), int(cells[at])))
            places.append(start)
            start += len(line)
        order = np.lexsort(np.array(keys, dtype=np.int64).reshape(-1, 2).T[::-1])
        if np.array_equal(order, np.arange(len(order))):
            return
        places = np.array(places, dtype=np.int64)[order]
        handle, aside = tempfile.mkstemp(dir=path.parent, prefix=".runs.")
        with os.fdopen(handle, "wb") as target:
            target.write(header)
            for place in places:
                file.seek(place)
                target.write(file.readline())
            target.flush()
            os.fsync(target.fileno())
    _move(aside, path)


def _move(aside, path):
    os.chmod(aside, 0o644)  # what mkstemp makes only its owner may read
    os.replace(aside, path)


def means(rows, target, planned):
    """Write runs, failures, each measure's mean and 95 % half-width at every point; one point in memory at a time."""
    measures = planned.columns[planned.columns.index("error") + 1 :]
    header = ["point", *planned.points.keys, "runs", "failed"]
    header += [f"{name} {what}" for name in measures for what in ("mean", "half_width")]
    handle, aside = tempfile.mkstemp(dir=target.parent, prefix=".means.")
    with open(rows, encoding="utf-8", newline="") as source, os.fdopen(handle, "w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        reader = csv.reader(source)
        where = {name: place for place, name in enumerate(next(reader))}
        for _, group in itertools.groupby(reader, key=lambda row: row[0]):
            group = [row for row in group if int(row[where["replication"]]) < planned.replications]
            if group:
                writer.writerow(_means_row(group, where, measures, planned.points.keys))
    _move(aside, target)


def _means_row(group, where, measures, keys):
    first = group[0]
    failed = sum(row[where["status"]] == "error" for row in group)
    cells = [first[0], *(first[where[key]] for key in keys), len(group), failed]
    for name in measures:
        values = [float(row[where[name]]) for row in group if row[where[name]]]
        cells += [_blank(value) for value in interval(values)]
    return cells


def _blank(value):
    return "" if np.isnan(value) else repr(float(value))


def counts(folder):
    """{"runs", "points", "status": {status: runs}} of a sweep's folder."""
    status, points, last = {}, 0, None
    with open(Path(folder) / ROWS, encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            status[row["status"]] = status.get(row["status"], 0) + 1
            points, last = points + (row["point"] != last), row["point"]
    return {"runs": sum(status.values()), "points": points, "status": status}


def read_rows(folder):
    """All rows of a sweep's folder, as texts by column."""
    with open(Path(folder) / ROWS, encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))
