"""Bounds that prove, sets that add up, outcomes made to: each against what it is to hold."""

import numpy as np
import pytest
from scipy.optimize import linprog

from market.aggregator import bounds
from market.aggregator.bounds import CellEnds, nothing_else, reply_bounds
from market.aggregator.certificate import gap
from market.aggregator.clearing import clear
from market.aggregator.equilibrium import outcome_at, rescaled, solve
from market.aggregator.game import Block, Game
from market.aggregator.kinks import holds, play, shares
from market.aggregator.planner import best_total_welfare
from market.aggregator.reply import Prices, replies
from market.aggregator.roots import Root, excess_reply, prices_at, scan
from market.prices import Linear, Piecewise, Power
from market.utilities import Logarithmic, Quadratic


@pytest.mark.parametrize("scale", [1e-9, 1.0, 1e9])
def test_purchases_of_each_set_add_up_to_a_total_or_there_are_none(scale):
    sets = [[(1 * scale, 1 * scale), (4 * scale, 5 * scale)], [(2 * scale, 2.5 * scale)]]
    for total in (3, 3.4, 6, 7, 7.5):
        y = shares(sets, total * scale)
        assert y.sum() == pytest.approx(total * scale, rel=1e-12) and holds(sets, total * scale)
        for pieces, purchase in zip(sets, y, strict=True):
            assert any(low * (1 - 1e-9) <= purchase <= high * (1 + 1e-9) for low, high in pieces)
    for total in (2.999, 3.501, 5.999, 7.501):
        assert shares(sets, total * scale) is None and not holds(sets, total * scale)


@pytest.mark.parametrize("seed", range(5))
def test_how_far_a_purchase_may_move_is_what_a_linear_programme_finds(seed):
    rng = np.random.default_rng(seed)
    least = rng.uniform(0, 2, 4)
    most = least + rng.uniform(0, 2, 4)
    total = float(rng.uniform(least.sum(), most.sum()))
    ends = [
        [
            linprog(side * np.eye(4)[j], A_eq=np.ones((1, 4)), b_eq=[total], bounds=np.c_[least, most]).fun
            for j in range(4)
        ]
        for side in (1, -1)
    ]
    assert play(least, most, total) == pytest.approx(np.max(-np.sum(ends, axis=0)))


def test_at_a_flat_price_an_aggregator_buys_what_its_users_want():
    """b − 2 a x = 2 for all, whose price stays at 2 from 1 to 9; a user alone does the same."""
    users = Quadratic(np.array([0.5, 0.25, 1.0]), np.array([4.0, 3.0, 1.0]))
    blocks = [
        Block("A", "aggregator", users, 1.0, 0.01, np.array([2, 1])),
        Block("B", "direct", users, 0, 0, np.ones(3, int)),
    ]
    game = Game(Piecewise([0, 1, 9], [0, 2, 2], 1.0), tuple(blocks))
    found = outcome_at(game, Root(8.0, 2.0, 0.0, False))
    np.testing.assert_allclose(found.x, [2, 2, 0] * 2)
    np.testing.assert_allclose(found.y, [4, 0, 2, 2, 0])


@pytest.mark.parametrize("decades", [0, 3, 14, 15, 16, 30])
def test_most_welfare_of_one_user_in_closed_form_however_flat_the_price(decades):
    """b − 2 a x = c x, so ΣU − ½ c Y² = ½ b² / (2 a + c)."""
    c, users = 10.0**-decades, Quadratic(np.array([0.1]), np.array([1.0]))
    game = Game(Linear(c), (Block("A", "aggregator", users, 0.0, 0.0, np.array([1])),))
    assert best_total_welfare(game) == pytest.approx(0.5 / (0.2 + c))


def test_an_outcome_is_rescaled_to_its_total():
    """Half of it too little: each player buys 1.5 times as much, and the gap is that of what it now buys."""
    users = Quadratic(np.array([0.7, 0.2, 0.6]), np.array([4.0, 3.0, 3.0]))
    game = Game(Linear(0.2), (Block("A", "aggregator", users, 1.0, 0.01, np.array([2, 1])),))
    best = solve(game).outcome
    short, nothing = clear(game, best.y / 1.5), clear(game, np.zeros(2))
    found = rescaled(game, short, best.quantity)
    np.testing.assert_allclose(found.y, best.y, rtol=1e-12)
    assert found.gap == pytest.approx(gap(game, best.y, clear(game, best.y).x)[0], abs=1e-9)
    assert rescaled(game, nothing, 1.0) is nothing and rescaled(game, best, best.quantity) is best


@pytest.mark.parametrize("scale", [1e-9, 1.0, 1e9])
def test_a_search_that_is_cut_short_proves_nothing(monkeypatch, scale):
    """Nor does one beside a root that is left out, in any unit of energy."""
    users = Quadratic(np.array([0.7, 0.2, 0.6, 0.3]) / scale, np.array([4.0, 3.0, 3.0, 5.0]))
    rule, block = Linear(0.2 / scale), Block("A", "aggregator", users, 2.0, 0.01 * scale, np.array([2, 2]))
    roots = scan(rule, (block,)).roots
    assert len(roots) == 1 and nothing_else(rule, (block,), roots)
    assert not nothing_else(rule, (block,), ())
    monkeypatch.setattr(bounds, "MOST_USER_CELLS", 50)
    assert not nothing_else(rule, (block,), roots)


def test_a_root_next_to_the_highest_total_is_not_overlooked():
    """n users alike who each buy for themselves: b − 2 a Y / n = c Y (1 + 1 / n), close to the b / c that bounds Y."""
    n, a, b, c = 500, 0.2, 3.0, 0.5
    block = Block("all", "direct", Quadratic(np.full(n, a), np.full(n, b)), 0.0, 0.0, np.ones(n, dtype=int))
    roots = scan(Linear(c), (block,)).roots
    assert [root.total for root in roots] == pytest.approx([b / (c + (c + 2 * a) / n)])
    assert nothing_else(Linear(c), (block,), roots) and not nothing_else(Linear(c), (block,), ())


@pytest.mark.parametrize(
    ("c", "a", "b"),
    [(1.7, [0.65, 0.39], [0.37, 4.08]), (0.8, [0.56, 0.87], [0.55, 8.74]), (0.4, [0.26, 0.37], [1.66, 6.91])],
)
def test_a_reply_that_jumps_where_a_user_is_priced_out_hides_no_root(c, a, b):
    """Max-min: F falls through 0, jumps up over it where p = cY is the lower reservation price, and falls again."""
    rule, users = Linear(c), Quadratic(np.array(a), np.array(b))
    block, jump = Block("A", "aggregator", users, np.inf, 0.01, np.array([2])), min(b) / c
    roots = scan(rule, (block,)).roots
    totals = np.linspace(1e-3, max(b) / c, 5000)
    value, _ = excess_reply((block,), prices_at(rule, totals), totals)
    turns = np.flatnonzero(np.diff(np.sign(value)))
    at = sorted([roots[0].total, jump, roots[-1].total])
    np.testing.assert_allclose((totals[turns] + totals[turns + 1]) / 2, at, atol=totals[1] - totals[0])
    assert len(roots) == 2 and nothing_else(rule, (block,), roots)


@pytest.mark.share
@pytest.mark.parametrize("form", [Quadratic, lambda a, b: Logarithmic(b, 1 / a)], ids=["quadratic", "log"])
@pytest.mark.parametrize("offset", [0.0, 0.1])
@pytest.mark.parametrize("alpha", [0.3, 0.5, 1.0, 2.0, np.inf])
def test_no_reply_to_a_price_and_slope_of_a_cell_leaves_its_bounds(alpha, offset, form):
    """Nor are bounds wide where the cell is narrow, but where a user is priced out in it."""
    rng = np.random.default_rng(3)
    block = Block(
        "A", "aggregator", form(rng.uniform(0.1, 0.9, 6), rng.uniform(1, 9, 6)), alpha, offset, np.array([4, 2])
    )
    p1, s1 = rng.uniform(0.1, 8, 20), 10 ** rng.uniform(-2, 1, 20)
    for width in (1.0, 1e-2):
        p2, s2 = p1 * (1 + width * rng.random(20)), s1 * (1 + 9 * width * rng.random(20))
        low, high = reply_bounds(block, CellEnds(p1, p2, s1, s2))
        for share in rng.random((5, 2, 20)):
            at = Prices(p1 + (p2 - p1) * share[0], s1 + (s2 - s1) * share[1], np.zeros(20))
            y = replies(block, at)[0]
            assert np.all((low <= y * (1 + 1e-8)) & (y <= high * (1 + 1e-8)))
    low, high = reply_bounds(block, CellEnds(p1, p1 * (1 + 1e-9), s1, s1 * (1 + 1e-9)))
    np.testing.assert_allclose(low, high, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("alpha", [0.0, 0.5, 2.0, np.inf])
@pytest.mark.parametrize(("energy", "money"), [(1e-6, 1e2), (1e6, 1e-2)])
def test_bounds_of_replies_are_the_same_in_any_units(alpha, energy, money):
    """In a wide cell and a narrow one, in one where users are priced out, and at a flat price."""
    rng = np.random.default_rng(4)
    a, b = rng.uniform(0.1, 0.9, 5), rng.uniform(2, 9, 5)
    p1, p2 = np.array([1.0, 1.0, 2.0, 1.5]), np.array([1.5, 1.01, 6.0, 1.5])
    s1, s2 = np.array([0.2, 0.3, 0.1, 0.0]), np.array([0.4, 0.301, 0.1, 0.0])

    def found(e, m):
        block = Block("A", "aggregator", Quadratic(a * m / e, b * m), alpha, 0.1 * m * e, np.array([3, 2]))
        return np.array(reply_bounds(block, CellEnds(p1 * m, p2 * m, s1 * m / e, s2 * m / e))) / e

    np.testing.assert_allclose(found(energy, money), found(1.0, 1.0), rtol=1e-6, atol=1e-9)
    low, high = found(1.0, 1.0)
    assert np.all(low <= high) and np.all(high[:3] > 0) and np.all(low[[0, 1, 3]] > 0)


@pytest.mark.parametrize("energy", [1e-6, 1.0, 1e6])
@pytest.mark.parametrize("kinks", [[], [0.5], [1e-4]])
def test_below_a_total_known_to_be_empty_no_reply_is_as_large_as_it(energy, kinks):
    """And it is no larger than the first kink, nor so small that it tells nothing."""
    quantities = np.array([0.0, *kinks, 9.0]) * energy
    rule = Piecewise(quantities, 0.3 * quantities / energy, 0.5 / energy) if kinks else Linear(0.3 / energy)
    users = Quadratic(np.array([0.5, 0.2, 0.7]) / energy, np.array([4.0, 9.0, 0.01]))
    some = (Block("A", "aggregator", users, 2.0, 0.01 * energy, np.array([3])),)
    high = 30.0 * energy
    first = bounds.empty_below(rule, some, high)
    assert 0 < first < min([0.01 * high * (1 + 1e-9), *(kink * energy for kink in kinks)])
    totals = first * np.geomspace(1e-6, 1, 20)
    value, _ = excess_reply(some, prices_at(rule, totals), totals)
    assert np.all(value > 0)


def test_bounds_of_cells_hold_the_excess_of_all_blocks_at_every_total_in_them():
    users = Quadratic(np.array([0.7, 0.2, 0.6, 0.3]), np.array([4.0, 3.0, 3.0, 5.0]))
    some = [
        Block("A", "aggregator", users, 2.0, 0.01, np.array([2, 2])),
        Block("d", "direct", users, 0.0, 0.0, np.ones(4, dtype=int)),
    ]
    for rule in (Linear(0.2), Power(0.1, 0.5), Power(0.02, 2.0)):
        edges = np.geomspace(0.05, 20, 40)
        least, most = bounds.excess_bounds(rule, some, edges[:-1], edges[1:])
        for share in (1e-9, 0.3, 0.8, 1.0):
            totals = edges[:-1] + share * np.diff(edges)
            value, _ = excess_reply(some, prices_at(rule, totals), totals)
            assert np.all((least <= value + 1e-9) & (value <= most + 1e-9))
        narrow = bounds.excess_bounds(rule, some, edges, edges * (1 + 1e-9))
        np.testing.assert_allclose(*narrow, atol=1e-4)
