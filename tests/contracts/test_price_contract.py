"""What every registered price rule promises: an increasing price, its slopes, its inverse and its integral."""

from contextlib import nullcontext
from itertools import pairwise
from pathlib import Path

import cvxpy as cp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad

from market.parameters import ParameterError
from market.prices import PRICES, Affine, Dispatch, Linear, Piecewise, Power
from tests.contracts.examples import example_of
from tests.shares import part_of

FLEET = Path(__file__).parents[2] / "scenarios" / "data" / "ieee300_generators.csv"
RANDOM = settings(max_examples=part_of(60), deadline=None, derandomize=True, database=None)


def ieee300(cap=1000.0):
    table = np.genfromtxt(FLEET, delimiter=",", names=True)
    return Dispatch(table["max_p_mw"], table["cost_quadratic"], table["cost_linear"], cap)


EXAMPLES = {
    "linear": [Linear(0.001), Linear(1e-9), Linear(1e3)],
    "affine": [Affine(2.0, 0.5), Affine(0.0, 1e3)],
    "power": [Power(2.0, 0.3), Power(1e-9, 1.0), Power(0.5, 3.0), Power(1e3, 1.7)],
    "piecewise": [
        Piecewise([0, 1], [0, 10], 0.01),
        Piecewise([0, 1, 1, 2, 3], [1, 2, 4, 4, 5], 2.0),
        Piecewise([0, 2, 2], [0, 1, 3], 0.0),
        Piecewise([0, 10, 20], [20, 20, 50], 1.0),
    ],
    "dispatch": [
        Dispatch([10, 10], [0.5, 0.5], [0, 5], 100),
        Dispatch([1, 1, 0.3], [0.1, 0.1, 0.5], [0.1 + 0.2, 3, 0.3], 7),
        ieee300(),
        Dispatch([10, 10, 5], [0.0, 0.0, 0.0], [20, 30, 30], 100),
        Dispatch([4, 6, 5, 2], [0.0, 0.5, 0.0, 0.0], [0, 1, 3, 9], 9),
    ],
}
TRIED = {name: EXAMPLES.get(name) or [example_of(rule)] for name, rule in PRICES.items()}
CASES = [pytest.param(rule, id=f"{name}-{k}") for name, rules in TRIED.items() for k, rule in enumerate(rules)]
every_rule = pytest.mark.parametrize("rule", CASES)


def test_every_registered_rule_has_an_example_made_of_its_parameters():
    assert all(type(rule) is PRICES[name] for name, rules in TRIED.items() for rule in rules)


def edges(rule):
    """Ends of the stretches between kinks, the last one beyond them all."""
    last = rule.kinks[-1] if len(rule.kinks) else 1.0
    return np.concatenate([[0.0], rule.kinks, [2 * last]])


def inner_totals(rule):
    low, high = edges(rule)[:-1, None], edges(rule)[1:, None]
    return (low + (high - low) * np.linspace(0.1, 0.9, 5)).ravel()


@every_rule
def test_the_price_never_falls(rule):
    totals = np.sort(np.concatenate([inner_totals(rule), edges(rule)]))
    assert np.all(np.diff(np.column_stack([rule.value(totals), rule.right_value(totals)]).ravel()) >= 0)


@every_rule
def test_slopes_are_one_sided_differences(rule):
    low, high = edges(rule)[:-1], edges(rule)[1:]
    step = 1e-6 * (high - low)
    before, after = high - step, low + step
    size = rule.value(high) / high
    left, right = rule.value(high) - rule.value(before), rule.value(after) - rule.right_value(low)
    np.testing.assert_allclose(left / step, rule.left_slope(high), rtol=1e-4, atol=1e-8 * size.max())
    smooth = np.isfinite(rule.right_slope(low)) & (low > 0)
    np.testing.assert_allclose((right / step)[smooth], rule.right_slope(low)[smooth], rtol=1e-4, atol=1e-8 * size.max())
    jumps = rule.right_value(low) > rule.value(low)
    assert np.all(np.isinf(rule.right_slope(low)[jumps & (low > 0)]))


@every_rule
def test_curvature_is_the_slope_of_the_slope(rule):
    totals = inner_totals(rule)
    step = 1e-6 * totals
    inside = np.searchsorted(rule.kinks, totals - step) == np.searchsorted(rule.kinks, totals + step)
    slope = (rule.left_slope(totals + step) - rule.left_slope(totals - step)) / (2 * step)
    size = rule.left_slope(totals) / totals
    np.testing.assert_allclose(slope[inside] / 1.0, rule.curvature(totals)[inside], rtol=1e-6, atol=1e-9 * size.max())


@every_rule
def test_between_kinks_the_price_is_bent_one_way(rule):
    for low, high in pairwise(edges(rule)):
        bend = rule.curvature(np.linspace(low, high, 62)[1:-1])
        assert np.all(bend >= 0) or np.all(bend <= 0)


@every_rule
def test_slope_and_price_change_at_kinks_only(rule):
    if len(rule.kinks) == 0:
        totals = np.geomspace(1e-6, 1e6, 50)
        np.testing.assert_array_equal(rule.right_value(totals), rule.value(totals))
        np.testing.assert_array_equal(rule.right_slope(totals), rule.left_slope(totals))
        return
    totals = inner_totals(rule)
    np.testing.assert_array_equal(rule.right_value(totals), rule.value(totals))
    np.testing.assert_array_equal(rule.right_slope(totals), rule.left_slope(totals))
    assert np.all(np.diff(rule.kinks) > 0)
    assert rule.kinks[0] > 0


@every_rule
def test_cost_is_the_integral_of_the_price(rule):
    ends = edges(rule)
    for low, high in list(pairwise(ends))[:12]:
        area = quad(rule.value, low, high, epsabs=0, epsrel=1e-9)[0]
        np.testing.assert_allclose(rule.cost(high) - rule.cost(low), area, rtol=1e-7)
    assert rule.cost(0.0) == 0


def check_supply(rule, price):
    total = float(rule.supply(price))
    if np.isinf(total):
        assert rule.value(1e30) <= price
        return
    assert total == 0 or rule.value(total) <= price * (1 + 1e-12)
    assert rule.value(total * (1 + 1e-9) + 1e-12) > price * (1 - 1e-12)


@every_rule
def test_supply_is_the_largest_total_at_most_that_dear(rule):
    prices = np.concatenate([rule.value(edges(rule)), rule.right_value(edges(rule)), rule.value(inner_totals(rule))])
    for price in np.concatenate([prices, [0.0, prices.max() * 1.5]]):
        check_supply(rule, price)


@every_rule
def test_outlay_is_convex_between_kinks(rule):
    for low, high in pairwise(edges(rule)):
        for outside in (0.0, low):
            x = np.linspace(low + 1e-9 * (high - low), high, 60) - outside
            outlay = rule.value(outside + x) * x
            assert np.all(np.diff(outlay, 2) >= -1e-12 * outlay.max())


@every_rule
def test_arrays_of_any_shape_give_what_their_entries_give(rule):
    totals = inner_totals(rule)[:4].reshape(2, 2)
    for method in (
        rule.value,
        rule.right_value,
        rule.left_slope,
        rule.right_slope,
        rule.curvature,
        rule.cost,
        rule.supply,
    ):
        whole = method(totals)
        assert whole.shape == (2, 2)
        one_by_one = [float(method(total)) for total in totals.ravel()]
        np.testing.assert_allclose(one_by_one, whole.ravel(), rtol=1e-14)


def economic_dispatch(size, quadratic, linear, total):
    """Least cost of generating a total and the multiplier of the balance."""
    q = cp.Variable(len(size))
    cost = cp.sum(cp.multiply(quadratic, cp.square(q))) + linear @ q
    balance = cp.sum(q) == total
    problem = cp.Problem(cp.Minimize(cost), [balance, q >= 0, q <= size])
    problem.solve(solver=cp.CLARABEL)
    return problem.value, abs(float(balance.dual_value))


def check_dispatch(rule, size, quadratic, linear, total):
    cost, multiplier = economic_dispatch(size, quadratic, linear, total)
    assert rule.cost(total) == pytest.approx(cost, rel=1e-6, abs=1e-7)
    assert rule.value(total) * (1 - 1e-4) - 1e-4 <= multiplier <= rule.right_value(total) * (1 + 1e-4) + 1e-4


@pytest.mark.parametrize("seed", range(6))
def test_dispatch_is_the_cheapest_way_to_generate(seed):
    rng = np.random.default_rng(seed)
    n = rng.integers(1, 8)
    size, quadratic, linear = rng.uniform(0.5, 5, n), rng.uniform(0.05, 2, n), rng.integers(0, 4, n) * 3.0
    rule = Dispatch(size, quadratic, linear, cap=100)
    assert rule.capacity == pytest.approx(size.sum())
    for share in (0.1, 0.45, 0.8, 0.99):
        check_dispatch(rule, size, quadratic, linear, share * size.sum())


@pytest.mark.parametrize("seed", range(6))
def test_fleets_with_blocks_of_constant_cost_are_dispatched_at_least_cost(seed):
    rng = np.random.default_rng(100 + seed)
    n = rng.integers(2, 8)
    size, linear = rng.uniform(0.5, 5, n), rng.integers(0, 4, n) * 3.0
    quadratic = rng.uniform(0.05, 2, n) * (rng.random(n) < 0.5)
    rule = Dispatch(size, quadratic, linear, cap=100)
    assert rule.capacity == pytest.approx(size.sum())
    for share in (0.1, 0.45, 0.8, 0.99):
        check_dispatch(rule, size, quadratic, linear, share * size.sum())


@RANDOM
@given(st.lists(st.tuples(st.floats(0.01, 100), st.integers(0, 5)), min_size=1, max_size=8), st.floats(0.001, 0.999))
def test_blocks_of_constant_cost_are_taken_cheapest_first(fleet, share):
    size, cost = np.array(fleet, dtype=float).T
    rule = Dispatch(size, np.zeros(len(size)), cost, cap=50)
    order = np.argsort(cost, kind="stable")
    until = np.cumsum(size[order])
    total = share * until[-1]
    taken = np.diff(np.minimum(until, total), prepend=0.0)
    assert rule.cost(total) == pytest.approx(taken @ cost[order], rel=1e-9, abs=1e-9)
    last = cost[order][np.searchsorted(until, total)]
    assert rule.value(total) <= last * (1 + 1e-12) and rule.right_value(total) >= last * (1 - 1e-12)
    for end in np.unique(np.round(until, 12))[:-1]:
        assert rule.value(end) <= rule.right_value(end)


@pytest.mark.parametrize("share", [0.05, 0.5, 0.72, 0.95])
def test_the_ieee_300_fleet_is_dispatched_at_least_cost(share):
    table = np.genfromtxt(FLEET, delimiter=",", names=True)
    rule = ieee300()
    assert rule.capacity == pytest.approx(32678, abs=1)
    assert rule.value(0.0) == 20
    assert rule.value(rule.capacity) == pytest.approx(290, abs=0.5)
    columns = (table["max_p_mw"], table["cost_quadratic"], table["cost_linear"])
    check_dispatch(rule, *columns, share * rule.capacity)


def test_beyond_capacity_the_price_is_the_cap():
    rule = ieee300(cap=500.0)
    assert rule.right_value(rule.capacity) == rule.value(2 * rule.capacity) == 500
    assert rule.supply(499.0) == rule.capacity
    assert np.isinf(rule.supply(500.0))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"cost_linear": [1.0]}, "max_p_mw 2, cost_quadratic 2, cost_linear 1"),
        ({"cost_linear": [1.0, 9.1]}, "at least the fleet's highest marginal cost, 10.1, is needed"),
        ({"cost_quadratic": [0.5, 0.81]}, "at least the fleet's highest marginal cost, 10.1, is needed"),
        ({"max_p_mw": [1.0, 40.5]}, "at least the fleet's highest marginal cost, 10.1, is needed"),
        ({"cost_linear": [1.0, 9.0]}, None),
        ({"cost_linear": [1.0, 9.0 * (1 + 1e-15)]}, None),
    ],
)
def test_a_fleet_s_columns_are_as_long_and_its_cap_is_above_them(change, message):
    """Marginal cost at full output is 2 c₂ q + c₁, of the second generator 2 · 0.1 · 5 + 2."""
    fleet = {"max_p_mw": [1.0, 5.0], "cost_quadratic": [0.5, 0.1], "cost_linear": [1.0, 2.0]} | change
    with pytest.raises(ParameterError, match=message) if message else nullcontext():
        Dispatch.check_keys({"generators": fleet, "cap": 10.0})


def test_a_cap_that_is_the_highest_cost_but_for_rounding_is_that_cost():
    rule = Dispatch([5.0], [0.1], [9.0], cap=10.0 * (1 - 1e-15))
    assert rule.value(6.0) == 10 and rule.supply(9.5) == pytest.approx(2.5) and np.isinf(rule.supply(10.0))


@RANDOM
@given(st.lists(st.tuples(st.floats(0.01, 100), st.floats(1e-3, 10), st.floats(0, 6)), min_size=1, max_size=6))
def test_any_fleet_rises_from_its_lowest_cost_and_reaches_its_capacity(fleet):
    size, quadratic, linear = np.array(fleet).T
    rule = Dispatch(size, quadratic, linear, cap=500)
    assert rule.value(0.0) == linear.min()
    assert rule.capacity == pytest.approx(size.sum(), rel=1e-12)
    totals = np.linspace(0, rule.capacity, 200)
    running = np.clip((rule.value(totals)[:, None] - linear) / (2 * quadratic), 0, size).sum(axis=1)
    np.testing.assert_allclose(running, totals, rtol=1e-9, atol=1e-9 * rule.capacity)


@RANDOM
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=6), st.integers(0, 40))
def test_any_broken_line_is_inverted_by_its_supply(steps, price):
    run, rise = np.array(steps, dtype=float).T
    run[1:] = np.where((run[1:] == 0) & (run[:-1] == 0), 1.0, run[1:])
    run[0] = max(run[0], 1.0)
    rule = Piecewise(np.cumsum([0, *run]), np.cumsum([1, *rise]), 0.5)
    check_supply(rule, price / 4)


@pytest.mark.parametrize("seed", range(20))
def test_full_generators_leave_no_sliver_between_two_kinks(seed):
    rng = np.random.default_rng(seed)
    size, quadratic = rng.uniform(0.1, 2, 6), rng.uniform(0.05, 0.5, 6)
    linear = np.array([0.0, 0.1 + 0.2, 0.3, 5.0, 5.0, 11.0])
    rule = Dispatch(size, quadratic, linear, cap=30.0)
    run, rise = np.diff(rule.quantities), np.diff(rule.prices)
    assert np.all((run == 0) | (run > 1e-9))
    assert np.all(rise > 1e-9)
    assert rule.capacity == rule.quantities[-1] == rule.quantities[-2]
