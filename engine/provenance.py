"""What a result was made with: versions of the project and its libraries, and the machine."""

import functools
import os
import platform
import re
import sys
from collections import defaultdict
from importlib import import_module
from pathlib import Path

import numpy as np

from engine import __version__
from engine.commit import commit
from engine.plugins import versions_of_plugins

LIBRARIES = ("mesa", "networkx", "numpy", "scipy", "pandas", "cvxpy", "clarabel", "piqp")
SETTINGS = (  # of the environment, that decide how many threads compute and on which of the processor's instructions
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OPENBLAS_CORETYPE",
    "NPY_DISABLE_CPU_FEATURES",
    "NPY_ENABLE_CPU_FEATURES",
)


def versions():
    """Versions of the project, of Python, of the libraries and plugins the numbers depend on, and the machine."""
    return {
        "project": __version__,
        "python": platform.python_version(),
        **_libraries(),
        "machine": f"{platform.system()} {platform.machine()}",
    } | versions_of_plugins()


@functools.cache
def _libraries():
    """{library: its version}, as folders' names tell: the library that reads more costs a twentieth of a small run."""
    found = defaultdict(list)
    for folder in sys.path:
        for place in Path(folder).glob("*-*.dist-info"):
            name, _, version = place.name.removesuffix(".dist-info").rpartition("-")
            found[name.lower()].append(version)
    return {
        name: found[name][0] if len(found[name]) == 1 else import_module("importlib.metadata").version(name)
        for name in LIBRARIES
    }


def machine():
    """What the last bits depend on beside versions: processor, its instructions, and settings of threads."""
    return {
        "processor": _processor(),
        "features": _features(),
        "cores": os.cpu_count() or 1,
        "settings": {name: os.environ[name] for name in SETTINGS if name in os.environ},
    }


def other(manifest):
    """What of versions, commit and machine a manifest tells otherwise than here: (what, there, here), all as text."""
    there, here = manifest.get("versions"), versions()
    found = [(name, there.get(name), here.get(name)) for name in sorted({*there, *here})]
    if manifest.get("commit") and commit():
        found.append(("commit", manifest["commit"], commit()))
    there, here = manifest.get("machine"), machine()
    there = there if isinstance(there, dict) else {}
    found += [(name, there.get(name), here[name]) for name in here]
    return [(name, str(old), str(new)) for name, old, new in found if old != new]


@functools.cache
def _processor():
    try:
        found = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(encoding="utf-8"), re.MULTILINE)
    except (OSError, ValueError):
        found = None
    return " ".join((found[1] if found else platform.processor() or platform.machine()).split())


@functools.cache
def _features():
    """Instructions beyond its least that NumPy uses on this processor."""
    return sorted(np.show_config(mode="dicts").get("SIMD Extensions", {}).get("found", []))
