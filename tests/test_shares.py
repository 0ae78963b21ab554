"""Shares of long families: a third of each, the same always, none of other tests; by `make nightly` all."""

from types import SimpleNamespace

import pytest

from tests import shares


def item(name, marked=True):
    return SimpleNamespace(nodeid=name, get_closest_marker=lambda mark: marked and mark == "share")


FAMILIES = [item(f"a.py::{name}[{k}]") for name in ("one", "other") for k in range(20)]
REST = [item("a.py::alone"), *(item(f"a.py::every[{k}]", marked=False) for k in range(20))]


@pytest.mark.parametrize(("nightly", "count"), [(False, 7), (True, 20)])
def test_a_third_of_each_family_runs_and_by_night_all(monkeypatch, nightly, count):
    monkeypatch.setattr(shares, "NIGHTLY", nightly)
    out = [one.nodeid for one in shares.left_out([*FAMILIES, *REST])]
    left = [one.nodeid for one in [*REST, *FAMILIES] if one.nodeid not in out]
    assert [sum(f"::{name}[" in one for one in left) for name in ("one", "other")] == [count, count]
    assert left[: len(REST)] == [one.nodeid for one in REST]
    assert set(out) == {one.nodeid for one in shares.left_out([*REST, *FAMILIES[::-1]])}
