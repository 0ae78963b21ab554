"""Shares of long families: a sixth of each with many values, the same always; other tests whole; by night all.

What is marked long runs in CI and by night.
"""

import os
import subprocess
import sys
from itertools import product
from types import SimpleNamespace

import pytest

from tests import shares


def item(name, marker="share"):
    callspec = SimpleNamespace(id=name.rpartition("[")[2].strip("]"))
    return SimpleNamespace(nodeid=name, callspec=callspec, get_closest_marker=lambda mark: mark == marker)


FAMILIES = [
    item(f"a.py::{name}[{one}-{other}]") for name in ("one", "other") for one, other in product(range(4), range(6))
]
REST = [item("a.py::alone", marker=None), *(item(f"a.py::every[{k}]", marker=None) for k in range(20))]


@pytest.mark.parametrize(("nightly", "count"), [(False, 4), (True, 24)])
def test_a_sixth_of_each_family_runs_with_as_many_values_as_it_can_have_and_by_night_all(monkeypatch, nightly, count):
    monkeypatch.setattr(shares, "NIGHTLY", nightly)
    out = [one.nodeid for one in shares.left_out([*FAMILIES, *REST])]
    assert out == [one.nodeid for one in shares.left_out([*REST, *FAMILIES])]
    assert not {one.nodeid for one in REST} & set(out)
    for name in ("one", "other"):
        left = [one for one in FAMILIES if f"::{name}[" in one.nodeid and one.nodeid not in out]
        assert len(left) == count
        values = zip(*(one.callspec.id.split("-") for one in left), strict=True)
        assert [len(set(some)) for some in values] == [4, min(count, 6)]


@pytest.mark.parametrize("whole", [False, True])
def test_what_is_marked_long_is_left_out_where_the_run_is_not_whole(monkeypatch, whole):
    monkeypatch.setattr(shares, "WHOLE", whole)
    tour = item("b.py::tour", marker="long")
    assert (tour in shares.left_out([tour, *REST])) is not whole
    assert not {id(one) for one in REST} & {id(one) for one in shares.left_out([tour, *REST])}


def test_ci_and_the_night_are_whole():
    told = "from tests.shares import WHOLE; print(WHOLE)"
    bare = {name: value for name, value in os.environ.items() if name not in ("CI", "HARDENING")}
    for more, whole in (({}, False), ({"CI": "true"}, True), ({"HARDENING": "nightly"}, True)):
        done = subprocess.run([sys.executable, "-c", told], env=bare | more, capture_output=True, text=True, check=True)
        assert done.stdout == f"{whole}\n"
