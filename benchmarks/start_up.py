"""What commands cost before they do anything: processor time beside that of importing NumPy, and modules imported."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.rows import Row

ROOT = Path(__file__).parent.parent
SMALL = ("run", "two_peaks", "--json")
COMMANDS = {  # the words, how many modules there may be, times the processor time of `import numpy`
    "--help": (("--help",), 150, 1.0),
    "list": (("list",), 500, 5.0),
    "show": (("show", "two_aggregators"), 400, 3.0),
    "run without pictures": ((*SMALL, "--no-plots"), 560, 6.0),
    "run with pictures": (SMALL, 900, 16.0),
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
        nothing = Path(folder) / "nothing.py"
        nothing.write_text("import numpy")
        numpy = min(spent([str(nothing)], folder) for _ in range(repeats))[0]
        return [
            _row(name, numpy, min(spent([str(ROOT / "run.py"), *words], folder) for _ in range(repeats)), most, times)
            for name, (words, most, times) in COMMANDS.items()
        ]


def _row(name, numpy, found, most, times):
    seconds, modules = found
    ratio = seconds / numpy
    ours, goal = f"{seconds:.2f} s of processor, {modules} modules", f"≤ {times:g}, ≤ {most} modules"
    return Row(
        f"start-up: {name}", ours, f"{numpy:.2f} s, import numpy", ratio, goal, ratio <= times and modules <= most
    )


def spent(words, folder):
    """(Seconds of the processor, modules imported) of a Python file with its words in a process of its own."""
    answer = subprocess.run(
        [sys.executable, "-c", SPENT, *words], capture_output=True, text=True, check=True, cwd=folder
    )
    return tuple(json.loads(answer.stdout))
