"""What processes that run tests set before they load anything."""

import os
import subprocess
import sys

TELLING = """
import os, sys

class Watching:
    def find_spec(name, *_):
        if name == "numpy":
            print(os.environ.get("OMP_NUM_THREADS"), sys.dont_write_bytecode)
            raise SystemExit

sys.meta_path.insert(0, Watching)
import tests.conftest
"""


def test_numpy_finds_one_thread_asked_for_as_it_is_loaded():
    """It reads that once: processes as many as cores, each with as many threads, would fight for these."""
    bare = {name: value for name, value in os.environ.items() if name != "OMP_NUM_THREADS"}
    told = subprocess.run([sys.executable, "-B", "-c", TELLING], env=bare, capture_output=True, text=True, check=True)
    assert told.stdout == "1 False\n"
