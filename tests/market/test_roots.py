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
    prices_at,
    scan,
    smooth_root,
    span,
    spread_nodes,
    turning_points,
)
from market.prices import Affine, Dispatch, Linear, Piecewise, Power
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
