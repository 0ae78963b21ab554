"""What every test process needs, some of it before NumPy is imported."""

import gc
import os
import sys

os.environ.setdefault("OMP_NUM_THREADS", "1")  # BLAS threads of several test processes would fight for the cores

# Or every process would rewrite all assertions and compile all code anew, half of the time until its first test.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

import pytest
from xdist import is_xdist_controller

from engine import plugins
from market import HEAVY
from market.on_demand import now
from market.prices import PRICES
from tests.shares import left_out
from views import style

style.DPI = 40  # pictures of few dots are drawn faster


def pytest_xdist_auto_num_workers():
    """One more than there are cores: some tests wait, for a browser, a cluster or a limit of time."""
    return len(os.sched_getaffinity(0)) + 1 if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1) + 1


@pytest.hookimpl(wrapper=True)
def pytest_collection(session):
    """Heavy libraries come now, or the test that came first would be called slow; what gives out tests needs none.

    What is imported and collected stays to the end: no search for garbage looks through it meanwhile.

    It is not frozen: Hypothesis's lowest version asks who refers to a generator, and would not be told.
    """
    if not is_xdist_controller(session):
        for name in HEAVY:
            now(name)
    gc.disable()
    collected = yield
    gc.enable()
    return collected


def pytest_collection_modifyitems(config, items):
    """Of long families of cases the usual run takes a share."""
    rest = set(left_out(items))
    items[:] = [item for item in items if item not in rest]
    config.hook.pytest_deselected(items=list(rest))


@pytest.fixture
def unplugged(monkeypatch):
    """Nothing is plugged in, and what the test plugs in is forgotten with its prices."""
    monkeypatch.setattr(plugins, "_PLUGGED", {})
    before = dict(PRICES)
    yield
    PRICES.clear()
    PRICES.update(before)


@pytest.fixture
def write(tmp_path):
    """write(text): the path of a scenario file."""

    def save(text, name="own"):
        (tmp_path / f"{name}.toml").write_text(text)
        return tmp_path / f"{name}.toml"

    return save
