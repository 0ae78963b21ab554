"""Commands load what they use: no heavy library to print a table, none of a solver to run a market that needs none."""

import json
import subprocess

import mesa

HEAVY = ("clarabel", "cvxpy", "distributed", "matplotlib", "mesa", "mesa.experimental", "networkx", "numpy", "osqp")
HEAVY += ("pandas", "piqp", "scipy.linalg", "scipy.optimize", "scipy.sparse", "scipy.spatial", "scipy.special")
HEAVY += ("scipy.stats", "solara")
SMALL = ("run", "two_peaks", "--json")
MESA = ["mesa", "numpy"]
if int(mesa.__version__.split(".")[1]) >= 5:  # its models are made with signals and scenarios of these
    MESA = ["mesa", "mesa.experimental", "networkx", "numpy", "scipy.linalg", "scipy.spatial", "scipy.special"]
ONE_BY_ONE = {  # each on top of what those before it have loaded
    ("--help",): [],
    ("list",): ["numpy"],
    ("show", "two_aggregators"): ["numpy"],
    ("show", "ieee300_day"): ["numpy"],
    (*SMALL, "--no-plots"): MESA,
    SMALL: sorted(["matplotlib", *MESA]),
}
LOADED = """
import contextlib, io, json, sys
heavy, commands = json.loads(sys.argv[2])
sys.path[0] = sys.argv[1]
import run
from market.on_demand import Later

for words in commands:
    with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):
        code = run.main(words)
        assert code == 0, (words, code)
    print(json.dumps([name for name in heavy if name in sys.modules and not isinstance(sys.modules[name], Later)]))
"""


def test_commands_load_what_they_use(process):
    python, run = process["args"]
    asked = json.dumps([HEAVY, list(ONE_BY_ONE)])
    given = process | {"args": [python, "-c", LOADED, run.removesuffix("run.py"), asked]}
    done = subprocess.run(**given, capture_output=True)
    assert (done.returncode, done.stderr) == (0, "")
    found = map(json.loads, done.stdout.splitlines())
    assert dict(zip(ONE_BY_ONE, found, strict=True)) == ONE_BY_ONE
