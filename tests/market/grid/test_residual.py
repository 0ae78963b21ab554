"""Residual curves against an interior-point solver's prices, closed forms and their own laws."""

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from market.grid.clearing import Operator
from market.grid.interior import Angles
from market.grid.nodal import nodal_grid
from market.grid.residual import curve
from tests.market.grid.networks import any_grid, five_bus, players, relabelled
from tests.shares import NIGHTLY

SEEDS = st.integers(0, 2**32 - 1)
EXAMPLES = 300 if NIGHTLY else 12
POINTS = 50
UNTIL = 40.0  # energy: several times what the random grids have


def drawn(seed):
    """(Grid, direction with shares that add up to one, demand, injections, curve along it, how far) or None."""
    rng = np.random.default_rng(seed)
    grid = any_grid(rng)
    if grid is None:
        return None
    weights = np.zeros(grid.nodes)
    some = rng.choice(grid.nodes, min(int(rng.integers(1, 4)), grid.nodes), replace=False)
    weights[some] = rng.uniform(0.1, 1, len(some))
    weights *= rng.choice([1, 1, -1]) / weights.sum()
    bought, sold = players(rng, grid)
    demand, sold = grid.demand + bought * rng.integers(0, 2), sold * rng.integers(0, 2)
    found = curve(Operator(grid), weights, demand, sold, UNTIL)
    return None if found is None else (grid, weights, demand, sold, found)


def convex_price(angles, weights, demand, sold, t):
    """The direction's price at t by an interior-point solver, capped as buyers' and floored as sellers' prices are."""
    lost = angles.grid.value_of_lost_load
    if np.any(weights < 0):
        found = angles.balances(demand, sold - t * weights)
        return None if found is None else -weights @ np.maximum(found, -lost)
    found = angles.balances(demand + t * weights, sold)
    return None if found is None else weights @ np.minimum(found, lost)


def near_break(found, t):
    return np.min(np.abs(np.append(found.starts, found.ends) - t)) < 1e-4


@settings(max_examples=EXAMPLES, deadline=None)
@given(SEEDS)
def test_a_curve_is_an_interior_point_solvers_prices(seed):
    case = drawn(seed)
    if case is None:
        return
    grid, weights, demand, sold, found = case
    angles, rng = Angles(grid), np.random.default_rng(seed)
    for t in rng.uniform(0, UNTIL, POINTS):
        other = convex_price(angles, weights, demand, sold, t)
        if other is not None and not near_break(found, t):
            assert found.value(t) == pytest.approx(other, rel=1e-7, abs=1e-7 * grid.value_of_lost_load)


@settings(max_examples=4 * EXAMPLES, deadline=None)
@given(SEEDS)
def test_a_buyers_price_never_falls_and_a_sellers_never_rises(seed):
    case = drawn(seed)
    if case is None:
        return
    grid, weights, _, _, found = case
    sign = -1 if np.any(weights < 0) else 1
    prices = sign * np.stack([found.before, found.after], axis=1).ravel()
    assert np.all(np.diff(prices) >= -1e-8 * grid.value_of_lost_load)
    assert np.all(sign * found.slopes >= 0)
    assert found.starts[0] == 0 and found.starts[1:] == pytest.approx(found.ends[:-1])
    assert found.ended or found.ends[-1] == pytest.approx(UNTIL)


@settings(max_examples=2 * EXAMPLES, deadline=None)
@given(SEEDS)
def test_names_and_order_of_nodes_and_lines_change_nothing(seed):
    case = drawn(seed)
    if case is None:
        return
    grid, weights, demand, sold, found = case
    other, place = relabelled(grid, np.random.default_rng(seed))
    old = np.argsort(place)
    again = curve(Operator(other), weights[old], demand[old], sold[old], UNTIL)
    for t in np.random.default_rng(seed).uniform(0, UNTIL, POINTS):
        if not near_break(found, t) and not near_break(again, t):
            assert again.value(t) == pytest.approx(found.value(t), rel=1e-7, abs=1e-8 * grid.value_of_lost_load)


@settings(max_examples=2 * EXAMPLES, deadline=None)
@given(SEEDS)
def test_a_clearing_anywhere_has_the_curves_price(seed):
    case = drawn(seed)
    if case is None:
        return
    grid, weights, demand, sold, found = case
    operator, sells = Operator(grid), np.any(weights < 0)
    for t in np.random.default_rng(seed).uniform(0, UNTIL, 5):
        if not near_break(found, t):
            more, put_in = demand + np.maximum(t * weights, 0), sold + np.maximum(-t * weights, 0)
            cleared = operator.clear(more, put_in)
            price = np.abs(weights) @ (cleared.selling if sells else cleared.buying)
            assert found.value(t) == pytest.approx(price, rel=1e-8, abs=1e-8 * grid.value_of_lost_load)


def test_a_line_that_fills_leaves_the_buyer_its_own_nodes_slope():
    grid = nodal_grid("ab", generators=[(0, 0, 0.5, np.inf), (1, 0, 0.5, np.inf)], lines=[(0, 1, 1, 2.0)])
    found = curve(Operator(grid), np.array([1.0, 0.0]), top=50.0)
    assert found.starts == pytest.approx([0, 4]) and found.slopes == pytest.approx([0.25, 0.5])
    assert found.before == pytest.approx([0, 1]) and found.after[-1] >= 50
    assert found.points()[2] == pytest.approx(0.5)


def test_a_step_of_the_price_is_a_quantity_that_stands_twice():
    grid = nodal_grid("a", generators=[(0, 10, 1, 4), (0, 20, 1, 4)])
    quantities, prices, slope = curve(Operator(grid), np.ones(1), until=6.0).points()
    assert quantities == pytest.approx([0, 4, 4, 6])
    assert prices == pytest.approx([10, 14, 20, 22]) and slope == pytest.approx(1)


def test_a_price_ends_at_that_of_lost_load():
    grid = nodal_grid("a", generators=[(0, 10, 1, 4)])
    quantities, prices, slope = curve(Operator(grid), np.ones(1)).points()
    assert quantities == pytest.approx([0, 4, 4]) and prices == pytest.approx([10, 14, 1000]) and slope == 0


def test_a_seller_faces_what_buyers_and_others_leave():
    grid = nodal_grid("a", generators=[(0, 10, 1, 8)], elastic=[(0, 20, 20)])
    found = curve(Operator(grid), -np.ones(1), until=15.0)  # price q = 10 + q = 20 − d, with q + t = d
    assert found.before[0] == pytest.approx(15) and found.slopes == pytest.approx([-0.5, -1])
    assert found.starts == pytest.approx([0, 10]) and found.value(15.0) == pytest.approx(5)


def test_a_curve_of_the_five_bus_system_takes_a_few_milliseconds():
    operator, weights = Operator(five_bus()), np.eye(5)[3]
    curve(operator, weights, until=400.0)
    start = time.process_time()
    for _ in range(5):
        curve(operator, weights, until=400.0)
    assert time.process_time() - start < 0.25
