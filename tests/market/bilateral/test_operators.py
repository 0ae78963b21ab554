"""The agents' operators against quadratic programmes, and the search they share against bisection."""

import cvxpy as cp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq

from market.bilateral.core import corners, violation
from market.bilateral.market import Market, RetailTariff, assignment_game
from market.bilateral.negotiation import Benchmark, HalfSpace, Tight
from market.bilateral.negotiation.benchmark import SOLVERS
from market.bilateral.negotiation.consensus import known_to
from market.bilateral.negotiation.half_space import half_space_alone
from market.bilateral.negotiation.hinge import hinge_root
from market.bilateral.signing import signed
from market.bilateral.transport import multi_contracts
from tests.shares import part_of

FEW = settings(max_examples=part_of(25), deadline=None, derandomize=True, database=None)
SEEDS = st.integers(0, 10_000)


def drawn(seed, several=False):
    """A bargain of up to 4 × 4 agents, some without contracts, and proposals of all of them."""
    rng = np.random.default_rng(seed)
    m, n = rng.integers(1, 5, 2)
    if several:
        demand, cap = rng.uniform(0, 3, m), rng.uniform(0.2, 2, (m, n))
        supply = rng.uniform(0, 3, n)
        market = Market(
            np.zeros(m), demand, np.zeros(n), supply, rng.uniform(0, 5, (m, n)), tariff=RetailTariff(0, 0), cap=cap
        )
        bargain = multi_contracts(market)
    else:
        bargain = signed(assignment_game(np.round(rng.uniform(-1, 5, (m, n)), int(rng.integers(0, 3)))))
    return bargain, rng.normal(0, 3, (m + n, m + n))


def projection(y, limits):
    """The nearest point that meets limits, a function of a variable, by Clarabel."""
    x = cp.Variable(len(y))
    cp.Problem(cp.Minimize(cp.sum_squares(x - y)), limits(x)).solve(
        solver=cp.CLARABEL, tol_gap_abs=1e-11, tol_gap_rel=1e-11, tol_feas=1e-11
    )
    return x.value


def tight_set(bargain, k):
    """The constraints of agent k's tight set, written out pair by pair."""
    m, n = bargain.value.shape
    contracts = dict(
        zip(zip(bargain.buyer.tolist(), bargain.seller.tolist(), strict=True), bargain.capped, strict=True)
    )
    idle = np.concatenate([bargain.buyer_idle, bargain.seller_idle])

    def limits(x):
        rows = [x[k] == 0 if idle[k] else x[k] >= 0]
        for other in range(m, m + n) if k < m else range(m):
            i, j = (k, other - m) if k < m else (other, k - m)
            both, value = x[k] + x[other], bargain.value[i, j]
            if (i, j) not in contracts:
                rows.append(both >= value)
            elif contracts[i, j]:
                rows.append(both <= value)
                if not idle[k]:
                    rows.append(x[k] <= value)
            else:
                rows.append(both == value)
                rows.append(x[other] >= 0)
        return rows

    return limits


@FEW
@given(SEEDS, st.booleans())
def test_the_tight_operator_projects(seed, several):
    bargain, proposals = drawn(seed, several)
    found = Tight().operator(bargain, proposals, 0, None)
    for k, y in enumerate(proposals):
        assert found[k] == pytest.approx(projection(y, tight_set(bargain, k)), abs=1e-5)


@FEW
@given(SEEDS)
def test_the_benchmark_projects_onto_the_bounding_set(seed):
    bargain, proposals = drawn(seed)
    m, n = bargain.value.shape
    found = Benchmark().operator(bargain, proposals, 0, None)
    for k, y in enumerate(proposals):

        def bounding(x, k=k):
            others = range(m, m + n) if k < m else range(m)
            pairs = [x[k] + x[q] >= (bargain.value[k, q - m] if k < m else bargain.value[q, k - m]) for q in others]
            return [cp.sum(x) == bargain.welfare, x[k] >= 0, *pairs]

        assert found[k] == pytest.approx(projection(y, bounding), abs=1e-5)


@pytest.mark.parametrize("solver", SOLVERS)
def test_the_benchmarks_solvers_agree(solver, energy_market):
    bargain = signed(energy_market(6, 4, seed=1))
    proposals = np.random.default_rng(2).uniform(0, 0.5, (10, 10))
    rule = Benchmark(solver=solver)
    found = rule.operator(bargain, proposals, 0, rule.prepare(bargain))
    again = rule.operator(bargain, proposals, 0, rule.prepare(bargain))
    assert found == pytest.approx(Benchmark().operator(bargain, proposals, 0, None), abs=2e-4)
    assert np.array_equal(found, again)


def test_osqp_comes_with_cvxpy():
    assert "osqp" in SOLVERS


@FEW
@given(SEEDS, st.floats(0.1, 1.9))
def test_relaxation_scales_the_move(seed, relaxation):
    bargain, proposals = drawn(seed)
    for rule in (Tight, Benchmark):
        whole = rule().operator(bargain, proposals, 0, None) - proposals
        part = rule(relaxation=relaxation).operator(bargain, proposals, 0, None) - proposals
        assert part == pytest.approx(relaxation * whole, abs=1e-12)


@FEW
@given(SEEDS, st.floats(0.1, 1.9))
def test_an_agent_alone_steps_as_among_all(seed, relaxation):
    bargain, proposals = drawn(seed)
    m, n = bargain.value.shape
    together = HalfSpace(relaxation=relaxation).operator(bargain, proposals, 0, None)
    for k in range(m + n):
        side, row, others = (bargain, k, slice(m, None)) if k < m else (bargain.mirrored, k - m, slice(0, m))
        partner, outside = int(side.partner[row]), side.outside_value[row]
        worth = float(side.value[row, partner]) if partner >= 0 else 0.0
        rest = proposals[k, others].copy()
        own = half_space_alone(proposals[k, k], rest, outside, partner, worth, relaxation)
        assert own == pytest.approx(together[k, k], abs=1e-12)
        assert rest == pytest.approx(together[k, others], abs=1e-12)


@pytest.mark.parametrize("meeting", ["worst", "cyclic"])
@FEW
@given(SEEDS, st.integers(0, 9))
def test_what_an_agent_answers_is_its_row_of_all_answers(meeting, seed, number):
    bargain, proposals = drawn(seed)
    rule = HalfSpace(meeting=meeting)
    together = rule.operator(bargain, proposals, number, None)
    for k in range(len(proposals)):
        assert rule.answer(known_to(bargain, k), proposals[k], number) == pytest.approx(together[k], abs=1e-12)


@FEW
@given(SEEDS)
def test_core_points_are_fixed_by_every_operator(seed):
    """The core is what all agents accept: nobody changes a proposal in it, at least one agent any other."""
    bargain, proposals = drawn(seed)
    inside = np.concatenate(corners(bargain).tau)
    for rule in (Tight(), HalfSpace(), HalfSpace(meeting="cyclic"), Benchmark()):
        alike = np.tile(inside, (len(inside), 1))
        assert rule.operator(bargain, alike, 3, None) == pytest.approx(alike, abs=1e-9)
    outside = np.abs(proposals[0])
    alike = np.tile(outside, (len(outside), 1))
    for rule in (Tight(), HalfSpace(), Benchmark()):
        moved = np.max(np.abs(rule.operator(bargain, alike, 0, None) - alike))
        assert moved > 1e-6 or in_core(bargain, outside)


def in_core(bargain, claims):
    m = len(bargain.buyer_idle)
    return violation(bargain, claims[:m], claims[m:]) <= 1e-6


@FEW
@given(SEEDS)
def test_the_hinge_search_finds_the_root(seed):
    rng = np.random.default_rng(seed)
    slope, constant = rng.uniform(4, 6), rng.normal(0, 5)
    weight, knot = rng.choice([-1.0, 0.0, 1.0, 2.0], 4), rng.normal(0, 3, 4)

    def over(t):
        return slope * t - constant - np.sum(weight * np.maximum(0, knot - t))

    root = brentq(over, -1e3, 1e3, xtol=1e-13)
    assert hinge_root(np.array([slope]), np.array([constant]), weight[None], knot[None])[0] == pytest.approx(root)


def test_the_hinge_search_ends_at_the_last_knot_where_rounding_hides_the_root_on_a_flat():
    """2 t = 4 − ε − (3 − t) − (1 − t) below 1 has no root, 2 t = 4 − ε − (3 − t) above it that of 1 − ε."""
    found = hinge_root(np.array([2.0]), np.array([4 - 1e-12]), -np.ones((1, 2)), np.array([[3.0, 1.0]]))
    assert found == pytest.approx([1.0])
