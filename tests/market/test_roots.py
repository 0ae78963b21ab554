"""Roots of F: halving where Newton's method strays, ends that are roots but for rounding, and cells as sets."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from market.aggregator import roots
from market.aggregator.game import Block
from market.aggregator.reply import Prices, first_guess, player_sums, replies
from market.aggregator.roots import (
    LEAST_NODES,
    cells,
    common_slope,
    kink_roots,
    newton,
    newtons_totals,
    prices_at,
    scan,
    smooth_root,
    span,
    spread_nodes,
    turning_points,
)
from market.prices import Affine, Dispatch, Linear, Piecewise, Power
from market.searches import alone
from market.utilities import Logarithmic, Quadratic
from tests.shares import part_of

RANDOM = settings(max_examples=part_of(50), deadline=None, derandomize=True, database=None)
RULES = (Linear(0.05), Affine(0.4, 0.02), Power(0.3, 0.6))


def blocks(alphas):
    rng = np.random.default_rng(2)
    made = (Quadratic(rng.uniform(0.1, 0.9, 4), rng.uniform(2, 10, 4)) for _ in alphas)
    return [
        Block(f"{k}", "aggregator", utility, alpha, 0.01, np.array([4]))
        for k, (utility, alpha) in enumerate(zip(made, alphas, strict=True))
    ]


@pytest.mark.parametrize("alpha", [0.5, 1.0, 2.0])
def test_a_first_guess_that_serves_nobody_does_not_lose_newtons_way(alpha):
    users = Logarithmic(np.array([7.8, 6.4]), np.array([6.1, 3.3]))
    rule, player = Affine(4.0, 3.6), Block("p", "aggregator", users, alpha, 1.0, np.array([2]))
    low, high = span(rule, (player,), 0.5)
    middle = prices_at(rule, (low + high) / 2)
    assert player_sums(player, middle.value, first_guess(player, middle)).pressure == 0
    total = newton(rule, (player,), 0.5, low, high)[0]
    assert total == pytest.approx(scan(rule, (player,), 0.5).roots[0].total, rel=1e-9)


@pytest.mark.parametrize("rule", RULES, ids=repr)
@pytest.mark.parametrize("alphas", [(0.0, 1.0), (2.0, np.inf)])
def test_where_newton_strays_halving_finds_the_same_root(monkeypatch, rule, alphas):
    found = [root.total for root in scan(rule, blocks(alphas)).roots]
    monkeypatch.setattr(roots, "newton", lambda *given, **more: (None, None))
    halved = [root.total for root in scan(rule, blocks(alphas)).roots]
    assert len(found) > 0
    np.testing.assert_allclose(halved, found, rtol=1e-9)


@pytest.mark.parametrize("energy", [1e-3, 1.0, 1e3])
def test_a_total_far_above_what_is_wanted_at_the_cap_is_in_the_span(energy):
    """U' = 10.5 − 0.2 x meets p + p' x = 0.2 x at 26.25, of 100 that cost 10 at most; at the cap of 10 it wants 2.5."""
    rule = Dispatch([100 * energy], [0.05 / energy], [0.0], 10.0)
    user = Block("user", "direct", Quadratic(np.array([0.1 / energy]), np.array([10.5])), 0.0, 0.0, np.array([1]))
    low, high = span(rule, [user], 0.0)
    assert low == 0 and high > 100 * energy
    assert [root.total for root in scan(rule, [user]).roots] == pytest.approx([26.25 * energy])


@pytest.mark.parametrize("alpha", [0.5, 2.0, np.inf])
def test_newtons_method_ends_after_a_few_passes(alpha, monkeypatch):
    rng, passes, one = np.random.default_rng(0), [], roots._arrow
    users = Quadratic(rng.uniform(0.1, 0.9, 12), rng.uniform(1, 9, 12))
    players = [Block("A", "aggregator", users, alpha, 0.01, np.array([4, 3, 5]))]
    monkeypatch.setattr(roots, "_arrow", lambda *given: passes.append(given) or one(*given))
    for rule in (Linear(0.2), Power(0.3, 1.7)):
        passes.clear()
        assert newton(rule, players, 0.0, *span(rule, players, 0.0))[0] is not None and len(passes) <= 10


def test_an_end_where_rounding_hides_the_root_is_taken(monkeypatch):
    rule, players = RULES[0], blocks((0.0, 1.0))
    total = scan(rule, players).roots[0].total
    monkeypatch.setattr(roots, "newton", lambda *given, **more: (None, None))
    before, after = total * (1 - 1e-9), total * (1 + 1e-9)
    assert smooth_root(rule, players, 0.0, total / 2, before).total == before
    assert smooth_root(rule, players, 0.0, after, 2 * total).total == after
    assert smooth_root(rule, players, 0.0, before, after).total == pytest.approx(total, rel=1e-12)


@pytest.mark.parametrize(("right", "root"), [(1.9, False), (2.0, True), (2.1, True)])
def test_a_kink_that_replies_to_its_right_slope_just_reach_is_a_root(right, root):
    """A user with b = 4 and 2a = 1 who faces the price 1 and a slope s wants 3 / (1 + s): at s = 2 the kink, 1."""
    rule, user = Piecewise([0, 1], [0.5, 1.0], right), Quadratic(np.array([0.5]), np.array([4.0]))
    block = Block("user", "direct", user, 0.0, 0.0, np.array([1]))
    assert [one.total for one in kink_roots(rule, [block], 0.0, 0.0, 4.0)] == [1.0] * root


@RANDOM
@given(
    steps=st.lists(st.integers(1, 5), min_size=1, max_size=9),
    ends=st.lists(st.integers(0, 50), min_size=2, max_size=6, unique=True),
)
def test_cells_are_those_that_meet_an_interval(steps, ends):
    edges, ends = np.cumsum([0, *steps]).astype(float), sorted(ends[: len(ends) // 2 * 2])
    within = [(float(low), float(high)) for low, high in zip(ends[::2], ends[1::2], strict=True)]
    first, last = within[0][0], within[-1][1]
    start, stop, every = cells(edges, within, 1000)
    met = [
        (max(one, first), min(two, last))
        for one, two in pairwise(edges.tolist())
        if any(two >= low and one <= high for low, high in within)
    ]
    assert every and list(zip(start, stop, strict=True)) == [(one, max(one, two)) for one, two in met]


@pytest.mark.parametrize("count", [LEAST_NODES + 1, 10, 99, 100, 101])
def test_cells_taken_together_leave_no_gap(count):
    start, stop, every = cells(np.linspace(0, 1, count + 1), [(0.0, 1.0)], 10)
    assert every == (count <= 10) and len(start) <= 10
    assert (start[0], stop[-1]) == (0, 1)
    np.testing.assert_array_equal(start[1:], stop[:-1])


@pytest.mark.parametrize("count", [1, 3, 100, 400, 1000])
def test_nodes_lie_in_every_cell_and_crowd_at_the_upper_edges_of_few(count):
    edges = np.cumsum(np.concatenate([[2.0], np.random.default_rng(count).uniform(0.5, 2, count)]))
    nodes = spread_nodes(edges[:-1], edges[1:], 0.0)
    assert np.all(np.diff(nodes) > 0) and edges[0] < nodes[0] and nodes[-1] < edges[-1]
    place = np.searchsorted(edges, nodes) - 1
    share = (nodes - edges[place]) / np.diff(edges)[place]
    assert np.all(np.bincount(place, minlength=count) >= 3)
    for above in (1e-3, 1e-2, 0.1):  # shares of a cell below its upper edge
        assert np.all(np.bincount(place, (share < 1 - 1e-7) & (share > 1 - above), count) > 0) == (count <= 133)


def test_a_pair_of_roots_between_two_nodes_is_looked_for():
    """Of F = (t − r)(t − s) at 0 and 1: where the tangents meet lies between the roots, if they are there."""

    def looked_for(r, s):
        nodes = np.array([0.0, 1.0])
        return turning_points(nodes, (nodes - r) * (nodes - s), 2 * nodes - r - s).tolist()

    assert 0.4 < looked_for(0.4, 0.7)[0] < 0.7
    assert looked_for(0.4, 1.7) == []  # one root: the signs tell of it
    assert looked_for(1.4, 1.7) == looked_for(-0.4, -0.7) == []
    nodes = np.array([0.0, 1.0])  # a bump that stays above 0
    assert turning_points(nodes, np.array([1.0, 1.0]), np.array([-0.5, 0.5])).tolist() == []


@pytest.mark.parametrize("kink", [2.0, 6.0, 10.0])
@pytest.mark.parametrize("alphas", [(0.0, 1.0), (2.0, np.inf)])
def test_at_the_common_slope_of_a_kink_all_replies_add_up_to_it(alphas, kink):
    rule, some = Piecewise([0, kink], [0.5, 1.0], 30.0), blocks(alphas)
    slope = common_slope(rule, some, kink)
    faced = Prices(np.array([1.0]), np.array([slope]), np.zeros(1))
    assert sum(float(np.sum(replies(block, faced)[0])) for block in some) == pytest.approx(kink, rel=1e-12)
    assert rule.left_slope(kink) < slope < 30.0


def led(function, low, high, start, last_step=1e-9, excess=lambda turn: 0.0):
    """(Where the totals of Newton's method end for a function that gives value and slope, totals tried)."""
    tried = []

    def answer(total):
        tried.append(total)
        return (*function(total), excess(len(tried) - 1))

    return alone(newtons_totals(low, high, start, last_step), answer), tried


def test_newtons_totals_lead_to_a_root_and_each_step_squares_the_error():
    end, tried = led(lambda total: (2 - total**2, -2 * total), 0.5, 3.0, 1.0)
    assert end == pytest.approx(np.sqrt(2), rel=1e-15)
    np.testing.assert_allclose(tried[:3], [1.0, 1.5, 1.5 - 0.25 / 3.0])
    assert len(tried) == 5
    assert len(led(lambda total: (2 - total**2, -2 * total), 0.5, 3.0, 1.0, 1e-2)[1]) == 3


def test_newtons_totals_stop_where_nothing_tells_the_way():
    for value, slope in ((1.0, 0.0), (1.0, 0.5), (np.nan, -1.0), (np.inf, -1.0)):
        end, tried = led(lambda total, told=(value, slope): told, 0.0, 3.0, 1.0)
        assert end is None and tried == [1.0]


@pytest.mark.parametrize(("start", "far"), [(1.0, 5.0), (2.0, -5.0)])
def test_a_step_that_leaves_the_bracket_goes_half_the_way_to_its_end(start, far):
    end, tried = led(lambda total: (far, -1.0) if total == start else (1.6 - total, -1.0), 0.0, 3.0, start)
    assert tried[1] == (start + (3.0 if far > 0 else 0.0)) / 2 and end == pytest.approx(1.6)
    for edge in (0.0, 3.0):  # an end itself is no place to be
        tried = led(lambda total, step=edge - start: (step, -1.0), 0.0, 3.0, start)[1]
        assert tried[1] == (start + edge) / 2


def test_newtons_totals_go_on_until_multipliers_are_found_as_well_or_stop_where_steps_are_rounding():
    line = lambda total: (1.0 - total, -1.0)  # noqa: E731
    errors = [1e-1, 1e-2, 1e-4, 1e-7 * 1.01, 0.9e-7, 0.0]
    end, tried = led(line, 0.0, 3.0, 2.0, excess=lambda turn: errors[turn])
    assert end == 1.0 and len(tried) == 5
    end, tried = led(line, 0.0, 3.0, 2.0, excess=lambda turn: [1.0, 1e-3, 9e-7, 6e-7][turn])
    assert end == 1.0 and len(tried) == 4  # a step that does not halve what is below a millionth
    end, tried = led(line, 0.0, 3.0, 2.0, excess=lambda turn: 1.1e-6)
    assert end is None and len(tried) == roots.MOST_STEPS


@pytest.mark.parametrize("alpha", [0.5, 2.0, np.inf])
@pytest.mark.parametrize("rule", [Affine(0.4, 0.02), Power(0.3, 0.6), Power(0.01, 2.0)], ids=repr)
def test_one_pass_tells_the_excess_its_slope_and_how_multipliers_move(rule, alpha):
    """With multipliers as replies have them the pass is exact; a step on, they are to first order those there."""
    rng, total, outside = np.random.default_rng(3), 9.0, 1.5
    users = Quadratic(rng.uniform(0.1, 0.9, 7), rng.uniform(4, 9, 7))
    some = [
        Block("A", "aggregator", users, alpha, 0.01, np.array([4, 3])),
        Block("d", "direct", users, 0.0, 0.0, np.ones(7, dtype=int)),
    ]
    prices = prices_at(rule, total)
    z = [replies(block, prices)[2] for block in some]
    value, slope, largest, ahead = roots._arrow(some, prices, z, outside - total)
    known = roots.excess_reply(some, prices, np.array([total]), outside)
    assert value == pytest.approx(known[0][0], rel=1e-9) and slope == pytest.approx(known[1][0], rel=1e-9)
    assert largest < 1e-9 and ahead[1] is None
    move, near = -value / slope, 1e-5 * total
    there = [replies(some[0], prices_at(rule, total + side * near))[2] for side in (1, -1)]
    np.testing.assert_allclose(ahead[0] - z[0], (there[0] - there[1]) / (2 * near) * move, rtol=1e-5)
    off = z[0] + np.array([[1e-4, -2e-4]])  # beside them, at a root, it is as exact as their error squared
    beside = roots._arrow(some, prices, [off, None], outside - total - known[0][0])
    assert beside[0] == pytest.approx(0.0, abs=1e-6) and beside[1] == pytest.approx(known[1][0], abs=1e-3)
    assert 5e-5 < beside[2] < 1e-3
    np.testing.assert_allclose(beside[3][0], z[0], atol=1e-6)


@pytest.mark.parametrize("alpha", [0.0, 0.5, 2.0, np.inf])
@pytest.mark.parametrize("unit", [1e-6, 1.0, 1e6])
def test_roots_are_all_the_crossings_that_a_grid_sees(alpha, unit):
    """In any unit of energy, with others outside, and beside a user alone."""
    rng, outside = np.random.default_rng(5), 0.8 * unit
    users = Quadratic(rng.uniform(0.1, 0.9, 4) / unit, rng.uniform(0.5, 9, 4))
    some = [
        Block("A", "aggregator", users, alpha, 0.01 * unit, np.array([2, 2])),
        Block("d", "direct", users.take(slice(0, 1)), 0.0, 0.0, np.ones(1, dtype=int)),
    ]
    bent = Piecewise(np.array([0, 3, 6, 6]) * unit, [0, 1, 1, 3], 1 / unit)
    for rule in (Power(0.2 / unit**1.7, 1.7), bent):
        found = scan(rule, some, outside)
        low, high = span(rule, some, outside)
        totals = np.linspace(low, high, 301)[1:]
        value, _ = roots.excess_reply(some, prices_at(rule, totals), totals, outside)
        falls = np.flatnonzero((value[:-1] > 0) & (value[1:] <= 0))
        assert found.exhaustive and value[-1] < 0 and low == outside
        places = [root.total for root in found.roots]
        assert len(places) >= max(len(falls), 1)
        for k in falls:
            assert any(totals[k] * (1 - 1e-9) <= place <= totals[k + 1] * (1 + 1e-9) for place in places)
        for root in found.roots:
            assert root.price == rule.value(root.total)
            if not root.at_kink:
                off, _ = roots.excess_reply(some, prices_at(rule, root.total), np.array([root.total]), outside)
                assert root.slope == rule.left_slope(root.total) and abs(off[0]) < 1e-7 * root.total


def test_roots_are_looked_for_in_intervals_alone_and_known_ones_are_taken_over():
    rule, some = Linear(0.05), blocks((0.0, 1.0))
    total = scan(rule, some).roots[0].total
    assert not scan(rule, some, within=[(total * 1.3, total * 2)]).roots
    assert [one.total for one in scan(rule, some, within=[(total * 0.9, total * 1.1)]).roots] == pytest.approx([total])
    known = [(total * 1.001, ["told"])]
    assert smooth_root(rule, some, 0.0, total * 0.9, total * 1.1, known).multipliers == ["told"]
    assert smooth_root(rule, some, 0.0, total * 0.9, total * 1.001, known).total == total * 1.001
    assert smooth_root(rule, some, 0.0, total * 0.9, total * 1.0009, known).total == pytest.approx(total)


def test_a_scan_that_may_cost_little_takes_cells_together_and_says_so():
    rule, some = Linear(0.05), blocks((0.0, 1.0))
    every, few = scan(rule, some), scan(rule, some, work=LEAST_NODES * 8 * LEAST_NODES)
    assert every.exhaustive and not few.exhaustive
    assert [root.total for root in few.roots] == pytest.approx([root.total for root in every.roots])


def test_where_others_keep_everybody_out_there_is_no_root():
    rule, some = Linear(0.05), blocks((0.0, 1.0))
    top = max(block.utility.reservation.max() for block in some) / 0.05
    assert scan(rule, some, top) == ((), True) and scan(rule, some, 2 * top) == ((), True)


def test_cell_edges_are_kinks_and_totals_at_reservation_prices_of_few_users(monkeypatch):
    """Of users who are not told apart by the welfare they add to: for those alone the price's kinks are enough."""
    rule, some = Piecewise([0, 3, 9], [0.5, 1.0, 7.0], 2.0), blocks((0.0, 1.0))
    marks = [rule.supply(price) for price in some[1].utility.reservation]
    low, high = 0.5, float(rule.supply(9.5))
    edges, every = roots.cell_edges(rule, some, low, high)
    known = sorted({low, high, 3.0, 9.0, *(float(mark) for mark in marks if low < mark < high)})
    np.testing.assert_allclose(edges, known)
    assert every and len(known) > 5
    monkeypatch.setattr(roots, "MOST_CELL_USERS", 4)
    assert roots.cell_edges(rule, some, low, high)[1]
    monkeypatch.setattr(roots, "MOST_CELL_USERS", 3)
    edges, every = roots.cell_edges(rule, some, low, high)
    assert edges.tolist() == [low, 3.0, 9.0, high] and not every


@pytest.mark.parametrize("at_once", [1, 40, 1 << 17])
def test_nodes_are_kept_as_far_as_users_want_as_much_and_one_beyond(at_once, monkeypatch):
    monkeypatch.setattr(roots, "USER_NODES_AT_ONCE", at_once)
    rule, some, outside = Linear(0.05), blocks((0.0, 1.0)), 2.0
    nodes = np.linspace(1, 200, 57)
    kept = roots.demand_reaches(rule, some, nodes, outside)
    wants = [outside + sum(block.utility.demand(0.05 * node).sum() for block in some) >= node for node in nodes]
    count = sum(wants)
    assert wants == [True] * count + [False] * (57 - count) and 5 < count < 50
    assert kept.tolist() == [True] * (count + 1) + [False] * (56 - count)
    assert roots.demand_reaches(rule, some, np.array([190.0, 199.0]), outside).tolist() == [True, False]


@pytest.mark.parametrize("unit", [1e-3, 1.0, 1e3])
def test_the_span_ends_just_above_what_users_want_where_that_is_far_below_all_they_would_pay_for(unit):
    """p = 1e-9 Y would be 9 at 9e9 only; users want all but their whole demand, 4.5 / a, at a price near 0."""
    rule, player = (
        Linear(1e-9 / unit),
        Block("u", "direct", Quadratic(np.array([0.5 / unit]), np.array([9.0])), 0.0, 0.0, np.ones(1, int)),
    )
    low, high = span(rule, [player], 0.0)
    assert low == 0 and 9 * unit < high == pytest.approx(18 * unit, rel=1e-6)
    assert span(rule, [player], 3.0 * unit)[1] == pytest.approx(24 * unit, rel=1e-6)
    near = Linear(1e-3 / unit)  # here it is 9 at 9000: not worth to be made shorter
    assert span(near, [player], 0.0)[1] == pytest.approx(9000 * unit)
    assert span(rule, [player], 5e6 * unit)[1] == pytest.approx(9e9 * unit)


def test_where_the_price_rises_without_bound_at_first_roots_next_to_nothing_are_found():
    """c √Y: a user with b − 2 a x = 1.5 c √x; b = 1e-6 is met at (b / 1.5 c)², b next to nothing, but for x itself."""
    rule = Power(1.0, 0.5)
    rich = Block("r", "direct", Quadratic(np.array([1e-9]), np.array([1e-6])), 0.0, 0.0, np.ones(1, int))
    found = scan(rule, [rich])
    assert [root.total for root in found.roots] == pytest.approx([(1e-6 / 1.5) ** 2], rel=1e-6)


def test_nodes_of_many_sizes_stand_beside_the_lowest_total_of_all():
    start, stop = np.array([0.0, 4.0]), np.array([4.0, 5.0])
    beside = spread_nodes(start, stop, 0.0)
    apart = spread_nodes(start, stop, -1.0)
    new = np.setdiff1d(beside, apart) / 4
    assert len(new) == 7 and new[0] == pytest.approx(1e-30) and new[-1] == pytest.approx(1e-12)
    np.testing.assert_allclose(np.diff(np.log(new)), np.log(1e3))
    some = spread_nodes(start + 1, stop + 1, 1.0)  # what is not above it, but for rounding, is none
    assert np.all(some > 1.0) and len(np.setdiff1d(some, spread_nodes(start + 1, stop + 1, 0.0))) < 7
