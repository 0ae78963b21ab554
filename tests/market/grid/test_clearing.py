"""The clearing against published prices, weak duality, an interior-point solver and its own accounts."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from market.grid.active_set import System
from market.grid.clearing import Operator, clear
from market.grid.interior import Angles
from market.grid.lines import NetworkError
from market.grid.nodal import Generators, LimitedLines, NodalGrid, nodal_grid
from market.grid.offers import offers_of
from market.grid.path import Path
from market.grid.pivots import first_below
from market.outcome import Status
from tests.market.grid.networks import (
    NONE,
    any_grid,
    factors,
    five_bus,
    lagrangian,
    loops,
    nine_bus,
    players,
    relabelled,
    three_bus,
)
from tests.shares import NIGHTLY

SEEDS = st.integers(0, 2**32 - 1)
EXAMPLES = 400 if NIGHTLY else 25
TILT = 0.02  # money per unit of energy: how far least_rise moves published prices of flat costs


def test_the_five_bus_system_clears_as_published():
    found = clear(five_bus())
    assert found.status == Status.SOLVED
    published = [16.9774, 26.3845, 30.0, 39.9427, 10.0]
    assert found.prices == pytest.approx(published, abs=TILT)
    assert found.generation == pytest.approx([40, 170, 323.4948, 0, 466.5052], abs=1e-4)
    assert -found.multipliers[5] == pytest.approx(62.322, abs=TILT)
    tilt = np.sum(found.grid.rises * found.generation**2 / 2)
    assert found.generation_cost - tilt == pytest.approx(17479.8969, abs=1e-4)


def test_tilted_costs_are_those_that_the_prices_rest_on():
    found = clear(five_bus(least_rise=1.0))
    assert found.prices == pytest.approx([17.6773, 26.9239, 30.4777, 40.2508, 10.8191], abs=5e-5)
    assert found.generation == pytest.approx([40, 170, 248.412, 50.151, 491.437], abs=5e-4)


def test_the_nine_bus_test_of_dc_optimal_power_flow():
    found = clear(nine_bus(least_rise=1e-5))
    published = [19.6598, 24.035, 15, 19.6598, 18.0235, 15, 25.3156, 24.035, 21.1715]
    assert found.status == Status.SOLVED
    by_unit = np.bincount(found.grid.generators.unit, found.generation)
    assert sorted(by_unit) == pytest.approx([90, 95.3484, 129.6516], abs=1e-4)
    tilt = np.sum(found.grid.rises * found.generation**2 / 2)
    assert found.generation_cost - tilt - 403.5 == pytest.approx(6392.9017, abs=1e-3)
    assert found.prices == pytest.approx(published, abs=1e-4)


def test_one_more_unit_may_save_money_behind_a_full_line():
    found = clear(three_bus())
    assert found.prices == pytest.approx([-60, 20, 100], abs=TILT)
    assert found.generation == pytest.approx([0, 30, 70])
    assert found.generation_cost == pytest.approx(7600, rel=1e-5)
    more = clear(found.grid, np.array([1.0, 0.0, 100.0]))
    assert more.cost - found.cost == pytest.approx(-60, abs=TILT)


def test_energy_may_be_worth_more_than_lost_load_where_there_is_no_load_to_lose():
    """The line a-c is full: a unit put in at c lets two more reach b from a, 2 · 100 − 10 in all with one less made."""
    lines = [(0, 1, 1.0, 99.0), (0, 2, 1.0, 1.0), (1, 2, 1.0, 99.0)]
    grid = nodal_grid("abc", demand=[0, 5, 0], lines=lines, generators=[(0, 10.0, 0.0, 99.0)], value_of_lost_load=100.0)
    found, more = clear(grid), clear(grid, injected=np.array([0, 0, 0.1]))
    assert found.prices == pytest.approx([10, 100, 190], abs=TILT)
    assert (found.cost - more.cost) / 0.1 == pytest.approx(190, abs=TILT) and np.sum(found.shed) == pytest.approx(2)


def test_without_lines_and_without_flows_nothing_is_withdrawn_and_no_rent_is_earned():
    alone = nodal_grid("a", demand=[1 / 3], generators=[(0, 7.0, 0.1, 0.07), (0, 9.0, 0.3, 9.0)])
    makers = [(0, 7.0, 0.1, 1 / 3), (1, 7.3, 0.3, 9.0)]
    pair = nodal_grid("ab", demand=[1 / 3, 0.7], lines=[(0, 1, 1.0, NONE)], generators=makers)
    for grid in (alone, pair):
        for bought in np.linspace(0.01, 0.31, 7):
            found = clear(grid, grid.demand + bought, np.full(grid.nodes, bought))
            assert found.rent == 0 and not np.any(found.withdrawn)


def test_slopes_of_the_cost_are_the_prices():
    grid = five_bus(least_rise=1.0)
    found, step = clear(grid), 1e-3
    ahead = [clear(grid, grid.demand + step * unit).cost for unit in np.eye(5)]
    behind = [clear(grid, grid.demand - step * unit).cost for unit in np.eye(5)]
    assert (np.array(ahead) - behind) / (2 * step) == pytest.approx(found.prices, abs=1e-5)


def drawn(seed):
    """(A random grid, its clearing with random players), or None."""
    rng = np.random.default_rng(seed)
    grid = any_grid(rng)
    if grid is None:
        return None
    bought, sold = players(rng, grid)
    return grid, clear(grid, grid.demand + bought, sold)


def can_be_met(found):
    return not found.why.startswith("lines")


@settings(max_examples=EXAMPLES, deadline=None)
@given(SEEDS)
def test_no_dispatch_costs_less(seed):
    case = drawn(seed)
    if case is None or not can_be_met(case[1]):
        return
    grid, found = case
    bound, apart = lagrangian(found)
    turnover = 1 + abs(found.cost) + float(np.abs(found.prices) @ np.abs(found.demand))
    assert bound == pytest.approx(found.cost, abs=1e-9 * turnover)
    assert apart <= 1e-9 * (1 + np.max(np.abs(found.balances)))
    flows = factors(grid) @ -found.withdrawn + loops(grid)
    assert found.flows == pytest.approx(flows, abs=1e-9)
    assert np.all(np.abs(found.flows) <= grid.lines.limit + 1e-9)


@settings(max_examples=EXAMPLES, deadline=None)
@given(SEEDS)
def test_an_interior_point_solver_runs_the_same_generators(seed):
    case = drawn(seed)
    if case is None:
        return
    grid, found = case
    other = Angles(grid).solve(found.demand, found.injected)
    if other is None or not can_be_met(found):
        assert other is None or can_be_met(found)
        return
    units = len(grid.generators) + len(grid.elastic)
    mine = np.concatenate([found.generation, -found.elastic])
    assert mine == pytest.approx(other[1][:units], abs=1e-5)


@settings(max_examples=EXAMPLES, deadline=None)
@given(SEEDS)
def test_what_buyers_pay_is_what_producers_earn_and_the_lines_take(seed):
    case = drawn(seed)
    if case is None or not can_be_met(case[1]):
        return
    grid, found = case
    served = found.demand - found.shed + np.bincount(grid.elastic.node, found.elastic, grid.nodes)
    made = found.injected - found.spilled + np.bincount(grid.generators.node, found.generation, grid.nodes)
    paid, earned = found.prices @ served, found.prices @ made
    turnover = np.abs(found.prices) @ (np.abs(served) + np.abs(made) + np.abs(found.demand))
    assert paid == pytest.approx(earned + found.rent, abs=1e-9 * turnover)
    full = found.multipliers != 0
    assert np.all(found.multipliers[full] * found.flows[full] >= -1e-9)
    assert found.balances @ found.withdrawn <= found.rent + 1e-9 * (1 + turnover)
    by_lines = np.abs(found.multipliers[full]) @ grid.lines.limit[full] - found.multipliers @ loops(grid)
    assert found.balances @ found.withdrawn == pytest.approx(by_lines, abs=1e-9 * (1 + turnover))
    if not np.any(grid.lines.shift):
        assert found.rent >= -1e-9 * (1 + turnover)


@settings(max_examples=EXAMPLES, deadline=None)
@given(SEEDS)
def test_names_and_order_of_nodes_and_lines_change_nothing(seed):
    case = drawn(seed)
    if case is None:
        return
    grid, found = case
    other, place = relabelled(grid, np.random.default_rng(seed))
    again = clear(other, found.demand[np.argsort(place)], found.injected[np.argsort(place)])
    assert again.status == found.status
    if can_be_met(found):
        assert again.cost == pytest.approx(found.cost, rel=1e-9, abs=1e-7)
        assert again.generation == pytest.approx(found.generation, abs=1e-7)


@pytest.mark.parametrize("energy", [1e-6, 1e6])
@pytest.mark.parametrize("money", [1e-6, 1e6])
def test_units_do_not_matter(energy, money):
    grid = five_bus(least_rise=1.0)
    units = replace(grid.generators, cost=grid.generators.cost * money, capacity=grid.generators.capacity * energy)
    lines = replace(grid.lines, limit=grid.lines.limit * energy)
    other = NodalGrid(grid.names, grid.demand * energy, lines, units, value_of_lost_load=1000 * money, least_rise=money)
    found, again = clear(grid), clear(other)
    assert again.prices / money == pytest.approx(found.prices, rel=1e-10)
    assert again.generation / energy == pytest.approx(found.generation, rel=1e-10)


def test_load_beyond_all_capacity_is_shed_at_its_value():
    grid = nodal_grid("ab", demand=[4, 8], lines=[(0, 1, 1, 3)], generators=[(0, 10, 0.5, 9)])
    found = clear(grid)
    assert found.status == Status.SHORT and "shed" in found.why
    assert found.prices[1] == pytest.approx(1000, rel=1e-14) and found.prices[0] == pytest.approx(10 + 0.5 * 7)
    assert found.shed == pytest.approx([0, 5])
    assert found.cost == pytest.approx(10 * 7 + 0.25 * 49 + 1000 * 5)


def test_output_that_nobody_can_take_is_said_to_be_infeasible():
    units = Generators([0, 1], [10.0, 20.0], [1.0, 1.0], [5.0, 0.0], [9.0, 9.0])
    found = clear(NodalGrid(("a", "b"), [1, 3], LimitedLines([0], [1], [1.0], limit=[2.0]), units))
    assert found.status == Status.INFEASIBLE and "node a" in found.why
    assert found.spilled == pytest.approx([2, 0], abs=1e-12) and found.prices[0] == pytest.approx(-1000, rel=1e-14)
    assert found.prices[1] == pytest.approx(21)


def test_a_path_from_conditions_that_do_not_hold_begins_with_the_dispatch_nonetheless():
    """With both generators marginal 10 + q is 30 + q' at q' = −7.5; the least cost has the first alone."""
    grid = nodal_grid("a", demand=[5], lines=[], generators=[(0, 10, 1, 100), (0, 30, 1, 100)])
    programme = Operator(grid).programme
    load = programme.load(grid.demand, np.zeros(1))
    active, _ = Operator(grid).settled(load)
    active.side[:2] = 0
    begins = Path(programme, active, load, programme.rate(np.ones(1))).piece().now
    assert begins.q * programme.offers.energy == pytest.approx([5, 0, 0, 0], abs=1e-6)


def test_numbers_of_a_clearing_are_in_units_of_the_grids_own_size():
    """Those of conditions with a full line too: no entry is larger than the roots of its row's and column's largest."""
    lone = nodal_grid("ab", demand=[-2e-6, 1e-6], lines=[(0, 1, 1, np.inf)], generators=[])
    assert offers_of(lone).energy == 2e-6
    operator = Operator(five_bus())
    active, _ = operator.settled(operator.programme.load(operator.grid.demand, np.zeros(5)))
    system = System(operator.programme, active)
    assert len(active.lines) == 1 and np.all(np.abs(system.matrix) <= (1 + 1e-12) * np.outer(*[system.scale()] * 2))


def test_what_is_fed_in_and_not_wanted_is_spilled_by_an_interior_point_solver_too():
    grid = nodal_grid("ab", demand=[-5, 2], lines=[(0, 1, 1, np.inf)], generators=[(1, 10, 1.0, 9)])
    balances, outputs = Angles(grid).solve(grid.demand, np.zeros(2))
    assert balances == pytest.approx([-grid.value_of_lost_load] * 2, rel=1e-6)
    assert outputs == pytest.approx([0, 0, 0, -3, 0], abs=1e-6)
    assert clear(grid).spilled == pytest.approx([3, 0])


def test_shifts_that_overload_a_ring_are_said_to_be_infeasible():
    lines = LimitedLines([0, 1, 0], [1, 2, 2], [10.0, 10.0, 10.0], [30.0, 0.0, 0.0], [0.1, np.inf, np.inf])
    found = clear(NodalGrid(("a", "b", "c"), [0, 0, 1], lines, Generators([2], [1.0], capacity=[5.0])))
    assert found.status == Status.INFEASIBLE and "limits cannot be met" in found.why


def test_a_shift_moves_power_as_in_matpower():
    lines = LimitedLines([0, 0], [1, 1], [10.0, 10.0], [0.0, 2.0])
    grid = NodalGrid(("a", "b"), [0, 50], lines, Generators([0], [1.0], capacity=[90.0]), power=100.0)
    shifted = 10 * 100 * np.radians(2.0)
    assert clear(grid).flows == pytest.approx([25 + shifted / 2, 25 - shifted / 2])


def test_reactances_that_cancel_are_refused():
    grid = nodal_grid("ab", lines=[(0, 1, 1, 3), (0, 1, -1, 3)], generators=[(0, 10, 0.5, 9), (1, 1, 1, 1)])
    with pytest.raises(NetworkError, match="cancel"):
        clear(grid)


def test_elastic_demand_takes_what_its_price_says():
    grid = nodal_grid("a", generators=[(0, 0, 1, 100)], elastic=[(0, 12, 6)])
    found = clear(grid)  # price q = 12 − 2 q
    assert found.prices == pytest.approx([4]) and found.elastic == pytest.approx([4])
    assert found.benefit == pytest.approx(12 * 4 - 16)


def test_a_node_without_anything_has_the_price_of_lost_load():
    found = clear(nodal_grid("ab", generators=[(0, 0, 1, 100)], demand=[3, 0]))
    assert found.prices.tolist() == [3, 1000]


@settings(max_examples=EXAMPLES, deadline=None)
@given(SEEDS)
def test_an_operator_that_goes_on_from_its_last_clearing_finds_what_a_new_one_does(seed):
    rng = np.random.default_rng(seed)
    grid = any_grid(rng)
    if grid is None:
        return
    operator = Operator(grid)
    for _ in range(4):
        bought, sold = players(rng, grid)
        found, fresh = (each.clear(grid.demand + bought, sold) for each in (operator, Operator(grid)))
        assert found.status == fresh.status
        if can_be_met(found):
            assert found.cost == pytest.approx(fresh.cost, rel=1e-10, abs=1e-8)
            assert lagrangian(found)[0] == pytest.approx(found.cost, rel=1e-9, abs=1e-6)


@pytest.mark.parametrize("beyond", [1e-15, 1e-13, 1e-3])
def test_no_load_is_shed_by_rounding(beyond):
    """A demand beyond what a line carries by rounding is none beyond it, also after a round in which load was shed."""
    operator = Operator(nodal_grid("ab", lines=[(0, 1, 1.0, 1.1)], generators=[(0, 1.0, 1.0, 9.0)]))
    assert operator.clear(np.array([0.0, 2.0])).shed.tolist() == pytest.approx([0.0, 0.9])
    found = operator.clear(np.array([0.0, 1.1 * (1 + beyond)]))
    short = beyond > 1e-9
    assert found.status == (Status.SHORT if short else Status.SOLVED) and np.any(found.shed) == short


def test_a_multiplier_that_falls_by_rounding_alone_never_arrives():
    worth, movable = np.ones(2), np.ones(2, dtype=bool)
    assert first_below(worth, np.array([-1e-9, 2.0]), movable, usual=1e6) == (-1, np.inf)
    assert first_below(worth, np.array([-0.5, 2.0]), movable, usual=1e6) == (0, 2.0)
