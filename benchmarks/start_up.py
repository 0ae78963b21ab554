"""What commands cost before they do anything: processor time beside that of importing NumPy, and modules imported."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.rows import Row, least

ROOT = Path(__file__).parent.parent
SMALL = ("run", "two_peaks", "--json")
NUMPY, PICTURES = "import numpy", "import numpy, matplotlib.figure, matplotlib.backends.backend_agg"
COMMANDS = {  # the words, modules there may be, times the processor time of `import numpy`, what cannot be left out
    "--help": (("--help",), 150, 1.0, "pass"),
    "list": (("list",), 180, 2.0, "pass"),
    "show": (("show", "two_aggregators"), 400, 3.0, NUMPY),
    "run without pictures": ((*SMALL, "--no-plots"), 500, 6.0, NUMPY),
    "run with pictures": (SMALL, 760, 16.0, PICTURES),
}
SPENT = """
import contextlib, io, json, os, resource, runpy, sys
sys.argv = sys.argv[1:]
sys.path[0] = os.path.dirname(sys.argv[0])
with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):
    runpy.run_path(sys.argv[0], run_name="__main__")
used = resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps([used.ru_utime + used.ru_stime, len(sys.modules)]))
"""


def rows(quick=False):
    """A row a command: its processor time over that of `import numpy`, and how many modules it imports."""
    repeats = 2 if quick else 5
    with tempfile.TemporaryDirectory() as folder:
        bare = {code: _least(_written(code, folder), (), folder, repeats)[0] for code in ("pass", NUMPY, PICTURES)}
        return [
            _row(name, bare, _least(ROOT / "run.py", words, folder, repeats), *told)
            for name, (words, *told) in COMMANDS.items()
        ]


def _written(code, folder):
    path = Path(folder) / "bare.py"
    path.write_text(code)
    return path


def _least(file, words, folder, repeats):
    return min(spent([str(file), *words], folder) for _ in range(repeats))


def _row(name, bare, found, most, times, needed):
    seconds, modules = found
    ratio = seconds / bare[NUMPY]
    ours, goal = f"{seconds:.2f} s of processor, {modules} modules", f"≤ {times:g}, ≤ {most} modules"
    against, good = f"{bare[NUMPY]:.2f} s, {NUMPY}", ratio <= times and modules <= most
    return Row(f"start-up: {name}", ours, against, ratio, goal, good, least(bare[needed], seconds, needed))


def spent(words, folder):
    """(Seconds of the processor, modules imported) of a Python file with its words in a process of its own."""
    answer = subprocess.run(
        [sys.executable, "-c", SPENT, *words], capture_output=True, text=True, check=True, cwd=folder
    )
    return tuple(json.loads(answer.stdout))
