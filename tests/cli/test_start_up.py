"""Commands load what they use: no heavy library to print a table, none of a solver to run a market that needs none."""

import json
import subprocess

import mesa

HEAVY = ("asyncio", "clarabel", "cvxpy", "distributed", "matplotlib", "mesa", "mesa.batchrunner", "mesa.experimental")
HEAVY += ("multiprocessing", "networkx", "numpy", "osqp", "pandas", "piqp", "scipy.linalg", "scipy.optimize")
HEAVY += ("scipy.sparse", "scipy.spatial", "scipy.special", "scipy.stats", "solara", "tqdm")
SMALL = ("run", "two_peaks", "--json")
MESA = ["mesa", "numpy"]
if int(mesa.__version__.split(".")[1]) >= 5:  # its models are made with signals and scenarios of these
    MESA = ["mesa", "mesa.experimental", "networkx", "numpy", "scipy.linalg", "scipy.spatial", "scipy.special"]
ONE_BY_ONE = {  # each on top of what those before it have loaded
    ("--help",): [],
    ("list",): [],
    ("show", "two_aggregators"): ["numpy"],
    ("show", "ieee300_day"): ["numpy"],
    ("run", "two_aggregators", "--json", "--no-plots"): MESA,
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

from matplotlib.artist import kwdoc
from matplotlib.lines import Line2D
assert "linestyle" in kwdoc(Line2D) and "linestyle" not in Line2D.set.__doc__, "its help is left out, once"
"""


def test_commands_load_what_they_use(process):
    python, run = process["args"]
    asked = json.dumps([HEAVY, list(ONE_BY_ONE)])
    given = process | {"args": [python, "-c", LOADED, run.removesuffix("run.py"), asked]}
    done = subprocess.run(**given, capture_output=True)
    assert (done.returncode, done.stderr) == (0, "")
    found = map(json.loads, done.stdout.splitlines())
    assert dict(zip(ONE_BY_ONE, found, strict=True)) == ONE_BY_ONE


BY_NAME = """
import sys
sys.path[0] = sys.argv[1]
import agents.seats
import mesa
from market.on_demand import Later

assert isinstance(vars(mesa)["batchrunner"], Later) and mesa.batchrunner.batch_run is mesa.batch_run
assert "tqdm.auto" not in sys.modules, "taking it is not calling it"

class Model(mesa.Model):
    def __init__(self, **options):
        super().__init__(**options)
        self.datacollector = mesa.DataCollector({"step": "steps"})

    def step(self):
        self.datacollector.collect(self)

assert mesa.batch_run(Model, {}, max_steps=2, display_progress=False)[0]["Step"] == 2
assert mesa.batchrunner.tqdm and not isinstance(sys.modules["mesa.batchrunner"], Later)
"""


def test_what_others_import_by_name_is_loaded_when_it_is_called(process):
    python, run = process["args"]
    subprocess.run(**process | {"args": [python, "-c", BY_NAME, run.removesuffix("run.py")]}, check=True)
