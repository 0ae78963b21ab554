"""The bilateral benchmark compares like with like; its rows judge by their numbers."""

import numpy as np
import pytest

from benchmarks import bench, bilateral, days, learning, microgrid, network, rounds, start_up, sweeps
from benchmarks.rows import Row
from market.bilateral.negotiation import HalfSpace, MessageNetwork
from market.bilateral.negotiation.benchmark import SOLVERS, bounding_set, exact
from market.bilateral.signing import signed


@pytest.fixture(scope="module")
def bargain():
    return signed(bilateral.market(10))


def test_our_step_is_what_the_rule_does_for_that_agent(bargain):
    before = bilateral.averaged(bargain)[2]
    after = HalfSpace(network=MessageNetwork("periodic")).operator(bargain, before, 0, None)
    for buyer in bargain.buyer:
        assert bilateral.half_space_step(bargain, int(buyer))(before[buyer]) == pytest.approx(after[buyer], abs=1e-12)


@pytest.mark.parametrize("solver", [name for name in bilateral.STEPS if name in SOLVERS])
def test_solvers_find_the_benchmarks_projection(bargain, solver):
    before = bilateral.averaged(bargain)[3]
    after, buyer = exact(bargain, before), int(bargain.buyer[4])
    found = SOLVERS[solver](bounding_set(bargain, buyer))(before[buyer])
    assert found == pytest.approx(after[buyer], abs=1e-4 if solver == "osqp" else 1e-6)
    assert np.max(np.abs(after[buyer] - before[buyer])) > 1e-3


def test_rows_say_whether_their_targets_are_reached():
    rows = bilateral.rows(quick=True)
    assert len(rows) == 8
    assert all(np.isfinite(row.ratio) for row in rows)
    for row in rows:
        if row.target == "–":
            assert row.reached is None
        else:
            goal = float(row.target[2:])
            assert row.reached == (row.ratio <= goal if row.target[0] == "≤" else row.ratio >= goal)
    steps = {row.against.rpartition(": ")[2]: row for row in rows if "step" in row.measurement}
    assert all(steps[name].reached for name in ("Clarabel through cvxpy", "OSQP, set-up kept") if name in steps)
    assert not any("NOT" in row.measurement for row in rows)


def test_a_negotiation_out_of_rounds_is_not_called_fast(monkeypatch):
    cut = bilateral.negotiate
    monkeypatch.setattr(bilateral, "negotiate", lambda rule, bargain: cut(rule, bargain, rounds=2))
    row = bilateral.negotiation(20, 1)
    assert isinstance(row, Row) and row.ratio < 1 and not row.reached and "NOT all settled" in row.measurement


def test_the_bench_has_these_rows(monkeypatch):
    for part in (rounds, microgrid, days, network, learning, start_up, sweeps):
        monkeypatch.setattr(part, "rows", lambda quick: [])
    for name in ("against_the_paper", "mesa_round", "growth_in_players", "growth_in_users", "memory", "proof"):
        monkeypatch.setattr(bench, name, lambda *_: [])
    monkeypatch.setattr(bench, "against_one_formula", lambda *_: [])
    monkeypatch.setattr(bilateral, "rows", lambda quick: ["ours", quick])
    assert bench.ratios(True)[-2:] == ["ours", True]
