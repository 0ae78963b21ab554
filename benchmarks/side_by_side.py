"""The benchmark of two commits in turns: `make bench-compare OLD=… NEW=…` prints each row as a ratio of the two."""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

from views.tables import table

ROOT = Path(__file__).parent.parent


@contextmanager
def checked_out(commit):
    """A folder with the files of a commit, gone in the end."""
    with tempfile.TemporaryDirectory() as place:
        files = Path(place) / "files"
        git("worktree", "add", "--quiet", "--detach", str(files), commit)
        try:
            yield files
        finally:
            git("worktree", "remove", "--force", str(files))


def git(*words):
    """Run git on this repository; raises CalledProcessError, which holds what it says."""
    subprocess.run(["git", *words], cwd=ROOT, check=True, capture_output=True, text=True)


def ratios(folder, quick):
    """{measurement: ratio} of the benchmark as a folder's own code runs it."""
    words = [sys.executable, "run.py", "bench", "--json", *(["--quick"] if quick else [])]
    environment = os.environ | {"PYTHONPATH": str(folder)}
    answer = subprocess.run(words, cwd=folder, check=True, capture_output=True, text=True, env=environment)
    return by_name(json.loads(answer.stdout)["ratios"])


def by_name(rows):
    """{measurement: ratio}; one that is held against several things has a number from the second on."""
    found = {}
    for row in rows:
        often = sum(name.partition(" #")[0] == row["measurement"] for name in found)
        found[row["measurement"] + (f" #{often + 1}" if often else "")] = row["ratio"]
    return found


def beside(old, new, turns, quick, measured=ratios):
    """[(measurement, median of the old folder, of the new one, new over old)] of what both measure, run in turns."""
    found = {folder: [] for folder in (old, new)}
    for _ in range(turns):
        for folder, rows in found.items():
            rows.append(measured(folder, quick))
    names = [name for name in found[old][0] if name in found[new][0]]
    medians = [[statistics.median(rows[name] for rows in found[folder]) for folder in (old, new)] for name in names]
    return [(name, before, after, after / before) for name, (before, after) in zip(names, medians, strict=True)]


def main(arguments=None):
    """Compare two commits; prints a table."""
    parser = argparse.ArgumentParser(prog="benchmarks.side_by_side", description=__doc__)
    parser.add_argument("old")
    parser.add_argument("new", nargs="?", default="HEAD")
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args(arguments)
    try:
        with checked_out(options.old) as old, checked_out(options.new) as new:
            rows = beside(old, new, options.turns, options.quick)
    except subprocess.CalledProcessError as error:
        sys.exit(f"error: {' '.join(map(str, error.cmd))}: {error.stderr.strip().splitlines()[-1]}")
    print(table(("measurement", options.old, options.new, "new / old"), rows))


if __name__ == "__main__":
    main()
