"""The core by other roads: every coalition, linear programmes, marginal values, and properties of random games."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment, linprog, minimize

from market.bilateral.core import (
    FAIR,
    NoStablePrices,
    corners,
    equal_split,
    fair_point,
    is_stable,
    nearest_core_point,
    repaired,
    violation,
)
from market.bilateral.market import Market, RetailTariff, assignment_game
from market.bilateral.signing import signed
from tests.market.bilateral.blocking import blocking_pairs
from tests.shares import part_of

FEW = settings(max_examples=part_of(60), deadline=None, derandomize=True, database=None)
SEEDS = st.integers(0, 10_000)


@st.composite
def games(draw, most=5, least=0):
    """Small whole numbers, so that ties, zero surplus and empty sides are common."""
    m, n = draw(st.integers(least, most)), draw(st.integers(least, most))
    rows = draw(st.lists(st.lists(st.integers(0, 6), min_size=n, max_size=n), min_size=m, max_size=m))
    return np.array(rows, dtype=float).reshape(m, n)


def bargain_of(values, matching="optimal"):
    return signed(assignment_game(values), matching=matching)


def welfare(values):
    return float(values[linear_sum_assignment(values, maximize=True)].sum())


def dual_face_corner(values, buyers_best):
    """A corner by two linear programmes: the least Σu + Σv, then the most Σu (or Σv) on that face."""
    m, n = values.shape
    pairs = np.hstack([np.repeat(np.eye(m), n, axis=0), np.tile(np.eye(n), (m, 1))])
    total = linprog(np.ones(m + n), -pairs, -values.ravel(), method="highs").fun
    goal = np.concatenate([-np.ones(m), np.zeros(n)]) if buyers_best else np.concatenate([np.zeros(m), -np.ones(n)])
    rows = np.vstack([-pairs, np.ones(m + n)])
    found = linprog(goal, rows, np.append(-values.ravel(), total), method="highs").x
    return found[:m], found[m:]


@FEW
@given(games(most=4))
def test_no_coalition_gains_at_a_fair_point(coalition_values, values):
    """Up to eight agents: every coalition gets at least what it could earn alone, all together exactly that."""
    bargain = bargain_of(values)
    alone = coalition_values(values)
    for fair in FAIR:
        u, v = fair_point(bargain, fair)
        for (buyers, sellers), value in alone.items():
            got = sum(u[i] for i in range(len(u)) if buyers >> i & 1)
            got += sum(v[j] for j in range(len(v)) if sellers >> j & 1)
            assert got >= value - 1e-9
        assert u.sum() + v.sum() == pytest.approx(max(alone.values()), abs=1e-9)


def test_a_point_outside_the_core_has_a_coalition_that_gains(coalition_values, shapley_shubik):
    alone = coalition_values(shapley_shubik.value)
    u, v = equal_split(shapley_shubik)
    assert alone[1, 2] == 7 > u[0] + v[1]


@FEW
@given(games(least=1))
def test_three_computations_of_the_corners_agree(values):
    bargain = bargain_of(values)
    found = corners(bargain)
    total = welfare(values)
    marginal_u = [total - welfare(np.delete(values, i, axis=0)) for i in range(values.shape[0])]
    marginal_v = [total - welfare(np.delete(values, j, axis=1)) for j in range(values.shape[1])]
    assert found.buyer[0] == pytest.approx(np.array(marginal_u), abs=1e-9)
    assert found.seller[1] == pytest.approx(np.array(marginal_v), abs=1e-9)
    for corner, buyers_best in ((found.buyer, True), (found.seller, False)):
        u, v = dual_face_corner(values, buyers_best)
        assert corner[0] == pytest.approx(u, abs=1e-7)
        assert corner[1] == pytest.approx(v, abs=1e-7)


@pytest.mark.parametrize("shape", [(30, 30), (5, 60), (60, 5)])
def test_large_corners_are_dual_optima(energy_market, shape):
    bargain = signed(energy_market(*shape, seed=3))
    best, found = welfare(bargain.value), corners(bargain)
    for u, v in (found.buyer, found.seller, found.tau, fair_point(bargain, "equal-split")):
        assert violation(bargain, u, v) <= 1e-12
        assert np.min(u[:, None] + v - bargain.value) >= -1e-12
        assert u.sum() + v.sum() == pytest.approx(best, abs=1e-9)
    for corner, buyers_best in ((found.buyer, True), (found.seller, False)):
        point = dual_face_corner(bargain.value, buyers_best)
        assert np.concatenate(corner) == pytest.approx(np.concatenate(point), abs=1e-7)


@FEW
@given(games(least=1), st.randoms(use_true_random=False))
def test_relabelling_agents_permutes_payoffs(values, random):
    rows, columns = list(range(values.shape[0])), list(range(values.shape[1]))
    random.shuffle(rows)
    random.shuffle(columns)
    for fair in FAIR:
        u, v = fair_point(bargain_of(values), fair)
        again_u, again_v = fair_point(bargain_of(values[np.ix_(rows, columns)]), fair)
        if fair != "equal-split":  # with ties the equal split itself depends on the matching
            assert again_u == pytest.approx(u[rows], abs=1e-9)
            assert again_v == pytest.approx(v[columns], abs=1e-9)


@FEW
@given(SEEDS)
def test_relabelling_permutes_the_point_nearest_to_the_equal_split(seed):
    rng = np.random.default_rng(seed)
    values = rng.uniform(0, 5, rng.integers(1, 6, 2))
    rows, columns = rng.permutation(values.shape[0]), rng.permutation(values.shape[1])
    u, v = fair_point(bargain_of(values), "equal-split")
    again_u, again_v = fair_point(bargain_of(values[np.ix_(rows, columns)]), "equal-split")
    assert again_u == pytest.approx(u[rows], abs=1e-9)
    assert again_v == pytest.approx(v[columns], abs=1e-9)


@FEW
@given(games(least=1), st.sampled_from([0.001, 0.5, 7.0, 1e6]))
def test_payoffs_grow_with_values(values, factor):
    for fair in ("tau", "buyer", "seller"):
        point = np.concatenate(fair_point(bargain_of(values), fair))
        again = np.concatenate(fair_point(bargain_of(values * factor), fair))
        assert again == pytest.approx(factor * point, rel=1e-9, abs=1e-9 * factor)


@FEW
@given(games(least=1), st.lists(st.integers(0, 6), min_size=5, max_size=5))
def test_one_more_buyer_never_hurts_a_seller(values, extra):
    more = np.vstack([values, extra[: values.shape[1]]])
    before, after = corners(bargain_of(values)), corners(bargain_of(more))
    for one, other in ((before.buyer, after.buyer), (before.seller, after.seller)):
        assert np.all(other[1] >= one[1] - 1e-9)
        assert np.all(other[0][:-1] <= one[0] + 1e-9)


@FEW
@given(games(least=1))
def test_tau_lies_between_the_corners_and_repair_leaves_the_core_alone(values):
    bargain = bargain_of(values)
    found = corners(bargain)
    u, v = found.tau
    assert np.all((u <= found.buyer[0] + 1e-12) & (u >= found.seller[0] - 1e-12))
    assert np.all((v >= found.buyer[1] - 1e-12) & (v <= found.seller[1] + 1e-12))
    assert np.concatenate(repaired(bargain, u, v)) == pytest.approx(np.concatenate([u, v]), abs=1e-12)


@FEW
@given(games(least=1), SEEDS)
def test_repair_ends_in_the_core_from_anywhere(values, seed):
    bargain, rng = bargain_of(values), np.random.default_rng(seed)
    u, v = (rng.uniform(-1, 7, size) for size in values.shape)
    assert violation(bargain, *repaired(bargain, u, v)) <= 1e-12


@FEW
@given(games(least=1, most=4), st.randoms(use_true_random=False))
def test_stable_prices_exist_just_for_optimal_matchings(values, random):
    m, n = values.shape
    sellers = list(range(n)) + [-1] * m
    random.shuffle(sellers)
    bargain = bargain_of(values, sellers[:m])
    optimal = bargain.welfare == pytest.approx(welfare(values), abs=1e-9)
    assert is_stable(bargain) == optimal
    if not optimal:
        with pytest.raises(NoStablePrices):
            corners(bargain)


@FEW
@given(SEEDS)
def test_the_nearest_core_point_is_nearest(seed):
    """Against a general minimiser, from another start, on the same constraints written out."""
    rng = np.random.default_rng(seed)
    values = rng.uniform(0, 5, (3, 3))
    bargain = bargain_of(values)
    start = rng.uniform(0, 5, 6)
    point = np.concatenate(nearest_core_point(bargain, start[:3], start[3:]))
    pairs = np.hstack([np.repeat(np.eye(3), 3, axis=0), np.tile(np.eye(3), (3, 1))])
    limits = [
        {"type": "ineq", "fun": lambda x: pairs @ x - values.ravel(), "jac": lambda x: pairs},
        {"type": "eq", "fun": lambda x: x.sum() - bargain.welfare, "jac": lambda x: np.ones((1, 6))},
    ]
    tau = np.concatenate(corners(bargain).tau)
    found = minimize(
        lambda x: np.sum((x - start) ** 2),
        tau,
        jac=lambda x: 2 * (x - start),
        bounds=[(0, None)] * 6,
        constraints=limits,
        method="SLSQP",
        options={"ftol": 1e-14, "maxiter": 500},
    )
    assert np.linalg.norm(point - start) <= np.linalg.norm(found.x - start) + 1e-7
    assert point == pytest.approx(found.x, abs=1e-4)


def test_the_nearest_core_point_of_a_large_game_stands_between_it_and_the_core(energy_market):
    """Nearest in a convex set: no core point lies beyond the plane through it, towards the equal split."""
    bargain = signed(energy_market(60, 60, seed=5))
    split = np.concatenate(equal_split(bargain))
    point = np.concatenate(fair_point(bargain, "equal-split"))
    found = corners(bargain)
    rng = np.random.default_rng(0)
    others = [np.concatenate(each) for each in (found.buyer, found.seller, found.tau)]
    for _ in range(50):
        u, v = (side + rng.normal(0, 0.05, 60) for side in (split[:60], split[60:]))
        others.append(np.concatenate(repaired(bargain, u, v, found)))
    assert max(np.dot(split - point, other - point) for other in others) <= 1e-9


@FEW
@given(games(least=1))
def test_blocking_pairs_are_those_that_gain(values):
    bargain = bargain_of(values)
    u, v = equal_split(bargain)
    buyers, sellers, gains = blocking_pairs(bargain, u, v)
    expected = {
        (i, j): values[i, j] - u[i] - v[j]
        for i in range(len(u))
        for j in range(len(v))
        if values[i, j] - u[i] - v[j] > 1e-9
    }
    assert dict(zip(zip(buyers.tolist(), sellers.tolist(), strict=True), gains.tolist(), strict=True)) == expected
    assert np.all(np.diff(gains) <= 0)


@FEW
@given(SEEDS)
def test_no_buyer_gains_by_a_lower_report_at_its_own_corner(seed):
    """Truth is a best report at the buyers' corner (Leonard 1983; Demange 1982)."""
    rng = np.random.default_rng(seed)
    values = rng.uniform(0, 8, (3, 3))
    truth = corners(bargain_of(values)).buyer[0]
    told = values.copy()
    told[0] *= rng.uniform(0, 1, 3)
    bargain = bargain_of(told)
    u, j = corners(bargain).buyer[0][0], bargain.partner[0]
    gain = u + values[0, j] - told[0, j] if j >= 0 else 0.0
    assert gain <= truth[0] + 1e-9


@pytest.mark.parametrize("seed", range(6))
def test_quantities_that_miss_the_optimum_by_rounding_have_corners_all_the_same(seed):
    """Several contracts whose values are a trace off those solved keep their corners; a wrong matching has none."""
    rng = np.random.default_rng(seed)
    worth, ask, kwh = rng.uniform(0.05, 0.25, 5), rng.uniform(0.05, 0.2, 5), rng.uniform(1, 5, (2, 5))
    bargain = signed(Market(worth, kwh[0], ask, kwh[1], tariff=RetailTariff(0.3, 0.0)), "multi")
    assert bargain.value.min() == 0 < len(bargain)
    off = 1 + 1e-10 * rng.uniform(-1, 1, bargain.value.shape)
    near = replace(bargain, value=bargain.value * off)
    for one, other in zip(corners(bargain).buyer, corners(near).buyer, strict=True):
        np.testing.assert_allclose(other, one, atol=1e-7 * bargain.value.max())
    wrong = replace(bargain, value=bargain.value * (1 + 0.5 * (off > 1)))
    with pytest.raises(NoStablePrices):
        corners(wrong)


def test_one_against_many_is_an_auction(game):
    """A single seller sells to the highest value, for between the second highest and that."""
    bargain = game([[5], [9], [7]])
    found = corners(bargain)
    assert (found.buyer[1].tolist(), found.seller[1].tolist()) == ([7], [9])
    assert (found.buyer[0].tolist(), found.seller[0].tolist()) == ([0, 2, 0], [0, 0, 0])
