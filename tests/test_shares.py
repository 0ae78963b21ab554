"""Shares of long families: a sixth of each with many values, the same always; other tests whole; by night all."""

from itertools import product
from types import SimpleNamespace

import pytest

from tests import shares


def item(name, marked=True):
    marker = marked and "share"
    callspec = SimpleNamespace(id=name.rpartition("[")[2].strip("]"))
    return SimpleNamespace(nodeid=name, callspec=callspec, get_closest_marker=lambda mark: mark == marker)


FAMILIES = [
    item(f"a.py::{name}[{one}-{other}]") for name in ("one", "other") for one, other in product(range(4), range(6))
]
REST = [item("a.py::alone", marked=False), *(item(f"a.py::every[{k}]", marked=False) for k in range(20))]


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
