"""What microgrids are made of, line by line and node by node: flows that prices drive, trades, rents, who is served."""

from dataclasses import replace
from math import inf

import numpy as np
import pytest
from scipy.optimize import brentq, minimize, minimize_scalar

from market.grid.power_flow import build_grid
from market.microgrid.behaviours import BEHAVIOURS, AdHoc
from market.microgrid.behaviours.ad_hoc import most_trade, profits_left
from market.microgrid.coalitions import CORE_TOLERANCE, inside, participation, supported, tariff_value
from market.microgrid.dispatch import (
    Dispatch,
    beyond_reach,
    fits,
    infeasible,
    not_found,
    not_served,
    overloaded,
    relative,
)
from market.microgrid.least_loss import free_bound, physical_bound, public_bound
from market.microgrid.market import Microgrid
from market.microgrid.network import network_of
from market.microgrid.partitions import mergers, partition_game
from market.microgrid.payments import by_owner, generation_cost, rents
from market.microgrid.price_driven import Wires, balanced, corrected, dual_bound, levelled
from market.microgrid.tariff import Tariff
from market.outcome import Status

TARIFF = Tariff()
SEEDS = range(6)


def some_wires(seed, lossy, base=0.0, unit=1.0):
    """(Lines among five nodes, prices near 1 as base + unit q)."""
    rng = np.random.default_rng(seed)
    tail, head = np.array([0, 1, 2, 3, 0, 4]), np.array([1, 2, 3, 4, 2, 1])
    return Wires(5, tail, head, rng.uniform(0.01, 0.5, 6), lossy, 1e-9, base, unit), (
        rng.uniform(0.8, 1.3, 5) - base
    ) / unit


@pytest.mark.parametrize("lossy", [True, False])
@pytest.mark.parametrize(("base", "unit"), [(0.0, 1.0), (1.0, 0.25)])
@pytest.mark.parametrize("seed", SEEDS)
def test_lines_carry_what_earns_most_and_earn_that(seed, lossy, base, unit):
    lines, q = some_wires(seed, lossy, base, unit)
    price, flows, most = base + unit * q, lines.flows(q), lines.most_rents(q)
    for k, (i, j, r) in enumerate(zip(lines.tail, lines.head, lines.r, strict=True)):
        low, high = price[i], price[j]

        def lost(g, low=low, high=high, r=r):
            if lossy:
                return low * (g + r * g * g / 2) - high * (g - r * g * g / 2)
            return low * g - high * g + r * g * g

        best = minimize_scalar(lost, bracket=(-1.0, 1.0), tol=1e-12)
        assert flows[k] == pytest.approx(best.x, abs=1e-6)
        assert unit * most[k] == pytest.approx(-best.fun, abs=1e-9)
    assert lines.both_ends(q) == pytest.approx(price[lines.tail] + price[lines.head])


@pytest.mark.parametrize("lossy", [True, False])
@pytest.mark.parametrize(("base", "unit"), [(0.0, 1.0), (1.0, 0.25)])
def test_what_flows_leave_and_how_that_moves_with_prices(lossy, base, unit):
    lines, q = some_wires(7, lossy, base, unit)
    e, flows, step = np.arange(5.0), lines.flows(q), 1e-6
    left = e.copy()
    for i, j, r, g in zip(lines.tail, lines.head, lines.r, flows, strict=True):
        half = r * g * g / 2 if lossy else 0.0
        left[i] -= g + half
        left[j] += g - half
    assert lines.left(e, flows) == pytest.approx(left)
    slope = lines.slope(q)
    slope = slope if isinstance(slope, np.ndarray) else slope.toarray()
    for node in range(5):
        up, down = (lines.left(e, lines.flows(q + d * np.eye(5)[node])) for d in (step, -step))
        assert slope[:, node] == pytest.approx((up - down) / (2 * step), rel=1e-5, abs=1e-6)


def test_lines_without_resistance_earn_without_end_where_prices_differ():
    lines = Wires(3, np.array([0, 1]), np.array([1, 2]), np.array([0.0, 0.1]), True, 1e-9)
    assert lines.most_rents(np.array([1.0, 2.0, 2.0])).tolist() == [inf, inf]
    assert lines.most_rents(np.array([1.0, 1.0, 2.0])) == pytest.approx([0, 1 / (2 * 0.1 * 3)])
    assert lines.most_rents(np.array([-3.0, -3.0, 2.0])).tolist() == [inf, inf]  # a loss that earns
    assert lines.flows(np.array([-3.0, -3.0, 2.0])).tolist() == [0, 0]
    level = levelled(lines, np.array([1.0, 2.0, 5.0]), np.array([1.7, 0.0, 0.0]), np.array([9.0, 9.0, 4.0]))
    assert level.tolist() == [1.7, 1.7, 4.0] and lines.merged.tolist() == [0, 0, 1]
    e = np.array([-1.0, 0.5, 0.25])
    bound = dual_bound(lines, e, np.array([1.0, 2.0, 2.0]), np.zeros(3), np.full(3, 9.0))
    assert bound == pytest.approx(-(1.5 * -1 + 1.5 * 0.5 + 2 * 0.25) - 0.25 / (2 * 0.1 * 3.5))


def traded(network, tariff, lossy):
    """Flows of neighbours' trades, each found by bisection."""
    lines, left, flows = network.private, network.injection.tolist(), [0.0] * len(network.private)
    rows = sorted(range(len(lines)), key=lambda k: (lines.length[k], lines.tail[k], lines.head[k]))
    for k in rows:
        i, j, r = int(lines.tail[k]), int(lines.head[k]), float(lines.r[k])
        if not left[i] * left[j] < 0:
            continue
        seller, buyer = (i, j) if left[i] > 0 else (j, i)
        loss = r if lossy else 0.0
        most = (tariff.buy - tariff.sell) / (r * (tariff.buy + tariff.sell)) if r else 1e9
        ways = [most, brentq(lambda t, has=left[seller], c=loss: t + c * t * t / 2 - has, 0, 1e9 if not loss else 1e3)]
        need = -left[buyer]
        if 2 * loss * need < 1:
            ways.append(brentq(lambda t, n=need, c=loss: t - c * t * t / 2 - n, 0, 1 / loss if loss else 1e9))
        t = min(ways)
        left[seller], left[buyer] = left[seller] - t - loss * t * t / 2, left[buyer] + t - loss * t * t / 2
        left = [0.0 if abs(each) < 1e-9 else each for each in left]
        flows[k] = t if seller == i else -t
    return flows


@pytest.mark.parametrize("lossy", [True, False])
@pytest.mark.parametrize("seed", range(12))
def test_neighbours_trade_what_both_want_up_to_what_pays(random_network, lossy, seed):
    network = random_network(seed)
    lines = replace(network.private, r=network.private.r * (1 if seed % 2 else 20))
    network = replace(network, private=lines)
    done = AdHoc().advance(AdHoc().start(network), network, TARIFF, lossy)
    assert done.g == pytest.approx(traded(network, TARIFF, lossy), abs=1e-6)
    assert done.over and done.visited == len(done.order)


def test_who_has_sold_all_is_left_alone_by_those_in_great_need():
    network = network_of([0, 1, -1, -3], [[0, k, 0.01, 0.1] for k in (1, 2, 3)], [[1, 2, 0.0, 0.0], [1, 3, 1.0, 1.0]])
    done = AdHoc().advance(AdHoc().start(network), network, TARIFF, True)
    assert done.g.tolist() == [1, 0] and done.trades == (0,) and done.left.tolist() == [0, 0, 0, -3]


def test_owners_limits_bound_trades_and_so_many_trades_are_made():
    network = network_of([0, 5, -1, -1], [[0, k, 0.01, 0.1] for k in (1, 2, 3)], [[1, 2, 0.0], [1, 3, 0.0, 2.0]])
    rule = AdHoc()
    start = rule.start(network)
    assert rule.advance(start, network, TARIFF, False, most=np.array([0.25, 9.0])).g.tolist() == [0.25, 1.0]
    assert rule.advance(start, network, TARIFF, False, most=np.array([0.0, 9.0])).trades == (1,)
    one = rule.advance(start, network, TARIFF, False, trades=1)
    assert (one.trades, one.visited, one.over) == ((0,), 1, False)
    two = rule.advance(one, network, TARIFF, False, trades=1)
    assert two.trades == (0, 1) and two.g.tolist() == [1, 1]
    assert rule.advance(start, network, TARIFF, False, trades=0).trades == ()


@pytest.mark.parametrize("lossy", [True, False])
@pytest.mark.parametrize("capped", [True, False])
@pytest.mark.parametrize("seed", SEEDS)
def test_profits_left_are_those_of_the_best_further_trade(seed, capped, lossy):
    rng = np.random.default_rng(seed)
    network = network_of([0, 1, -1, 1, -1], [[0, 1, 0.1, 0.1]], [[1, 2, 0.2], [4, 3, 0.05], [1, 3, 0.1], [2, 3, 0.8]])
    left, g = np.append(0.0, rng.uniform(0.1, 2, 4) * [1, -1, 1, -1]), rng.uniform(0, 0.3, 4) * [1, -1, 0, -1]
    most = rng.uniform(0.2, 0.6, 4) if capped else None
    found = profits_left(network, TARIFF, g, left, lossy, most)
    middle, spread = (TARIFF.buy + TARIFF.sell) / 2, TARIFF.buy - TARIFF.sell
    for k, (i, j, r) in enumerate(zip(network.private.tail, network.private.head, network.private.r, strict=True)):
        if left[i] * left[j] >= 0:
            assert found[k] == 0
            continue
        surplus, need, before, half = max(left[i], left[j]), -min(left[i], left[j]), abs(g[k]), (r / 2 if lossy else 0)
        t = np.linspace(before, before + 3, 300_001)
        able = (t - before + half * (t**2 - before**2) <= surplus) & (t - before - half * (t**2 - before**2) <= need)
        able = np.cumprod(able).astype(bool) & ((t <= most[k]) if capped else True)
        gain = spread * (t - before) - middle * r * (t**2 - before**2)
        assert found[k] == pytest.approx(max(np.max(gain[able], initial=0.0), 0.0), abs=1e-4)
    assert most_trade(np.array([0.0, 0.1]), TARIFF).tolist() == [inf, pytest.approx(1 / 0.3)]


def test_an_island_is_served_where_it_balances_with_its_losses():
    public, private = [[0, 1, 0.1, 0.1], [2, 3, 0.1, 0.1]], [[1, 2, 0.1], [1, 3, 0.1]]
    grid = build_grid(network_of(np.zeros(4), public))
    for p, flow, lossy, missing in (
        ([0, 0, 1.05, -0.95], 1.0, True, []),
        ([0, 0, 1.0, -1.0], 1.0, True, [2, 3]),
        ([0, 0, 1.0, -1.0], 1.0, False, []),
        ([0, 0, 1.0, -0.9], 0.9, False, [2, 3]),
    ):
        network = network_of(p, public, private)
        assert not_served(network, grid, np.array(p), np.array([0.0, flow]), lossy).tolist() == missing
    one = network_of(np.zeros(2), public[:1])
    assert not_served(one, build_grid(one), np.ones(2), np.zeros(1), True).tolist() == []


def test_nodes_that_no_line_reaches_are_named():
    network = network_of([0, 1, -1, 2, 0], [[0, 1, 0.1, 0.1]], [[1, 2, 0.1]])
    assert beyond_reach(network, build_grid(network)).tolist() == [3]
    for name, losses in ((name, losses) for name in BEHAVIOURS for losses in ("priced", "lossy")):
        found = BEHAVIOURS[name]().dispatch(network, build_grid(network), TARIFF, losses)
        assert (found.status, found.lossy, 3 in found.unserved) == (Status.INFEASIBLE, losses == "lossy", True)


def test_needy_nodes_behind_lines_that_are_asked_for_too_much_are_named():
    network = network_of([0, -2, -1, 0], [[0, 1, 0.1, 0.1], [1, 2, 0.6, 0.1], [0, 3, 9.0, 0.1]])
    grid = build_grid(network)
    assert overloaded(network, grid, np.array([3.0, -2, -1, 0])).tolist() == [2]
    assert overloaded(network, grid, np.array([0.2, -0.1, -0.1, 0])).tolist() == [1, 2]
    assert overloaded(network, grid, np.array([-3.0, 2, 1, 0])).tolist() == [1]
    assert overloaded(network, grid, np.array([-0.2, 0.1, 0.1, 0])).tolist() == [1, 2]
    assert overloaded(network, grid, np.zeros(4)).tolist() == [1, 2, 3]
    assert not_found(network, True).unserved == (1, 2) and not not_found(network, True).accurate
    assert not_found(network.with_injection([0, 2, 1, 0]), False).unserved == (1, 2, 3)


def test_an_excess_is_told_beside_the_bill_or_a_share_of_the_turnover():
    network = network_of([0, 3, -1], [[0, 1, 0.1, 0.1], [0, 2, 0.1, 0.1]])  # all of it bought costs 8
    assert relative(0.5, -4.0, network, TARIFF) == relative(0.5, 4.0, network, TARIFF) == 0.125
    assert relative(0.004, 1e-5, network, TARIFF) == pytest.approx(0.5)
    assert relative(-1e-9, 1.0, network, TARIFF) == 0 and relative(-1e-6, 1.0, network, TARIFF) == inf
    assert relative(float("nan"), 1.0, network, TARIFF) == inf
    assert relative(1.0, 1.0, network.with_injection(np.zeros(3)), TARIFF) == 0


def test_a_dispatch_fits_where_its_numbers_do():
    network = network_of([0, 1, -1], [[0, 1, 0.1, 0.1], [0, 2, 0.1, 0.1]], [[1, 2, 0.1]])
    fine = Dispatch(Status.SOLVED, False, np.array([0.5]), np.zeros(2), np.zeros(3), 0.1, 0.2, 0.3)
    assert fits(fine, network) and fine.loss == pytest.approx(0.3) == fine.flows.loss and fine.in_use == 1
    for change in (
        {"g": np.zeros(2)},
        {"f": None},
        {"p": np.array([0, np.nan, 0])},
        {"grid_supply": inf},
        {"g": ["a"]},
    ):
        assert not fits(replace(fine, **change), network)
    none = infeasible(True, [2])
    assert fits(none, network) and fits(not_found(network, True), network) and not fits("flows", network)
    assert (none.loss, none.in_use, none.lossy, none.unserved) == (None, 0, True, (2,))
    for broken in (none, replace(fine, private_loss=None)):
        with pytest.raises(ValueError, match="has no"):
            _ = broken.flows


@pytest.mark.parametrize("lossy", [True, False])
def test_rents_are_what_is_got_at_one_end_less_what_is_paid_at_the_other(lossy):
    network = network_of([0, 1, -1, 2], [[0, 1, 0.1, 0.1]], [[1, 2, 0.1, 1.0, 3], [2, 3, 0.2], [3, 1, 0.0, 1.0, 1]])
    flows, prices, cost = np.array([0.5, -0.4, 0.3]), np.array([1.5, 1.0, 2.0, 1.2]), np.array([1.0, 2.0, 3.0])
    found, owned = rents(network.private, flows, prices, lossy, cost), np.zeros(4)
    for k, (i, j, r) in enumerate(zip(network.private.tail, network.private.head, network.private.r, strict=True)):
        half = r * flows[k] ** 2 / 2
        earned = prices[j] * (flows[k] - half * lossy) - prices[i] * (flows[k] + half * lossy)
        assert found[k] == pytest.approx(earned - (0 if lossy else 2 * cost[k] * half))
        for owner in [network.private.owner[k]] * 2 if network.private.owner[k] >= 0 else [i, j]:
            owned[owner] += found[k] / 2
    assert by_owner(network, found) == pytest.approx(owned)
    costly = replace(network, cost=np.array([0, 3.0, 5.0, 7.0]))
    assert generation_cost(costly).tolist() == [0, 3, 0, 14]


def test_prices_within_the_tariff_that_give_all_no_more_than_their_payoffs_support_them():
    network = network_of([0, 1, -1], [[0, 1, 0.1, 0.1], [0, 2, 0.1, 0.1]], [[1, 2, 0.1, 1.0, 1]])
    prices = np.array([1.5, 1.2, 1.8])
    rent = 0.6**2 / (2 * 0.1 * 3.0)  # all of it the first agent's
    enough = np.array([0.0, 1.2 + rent, -1.8])
    assert supported(network, TARIFF, enough, prices)
    assert supported(network, TARIFF, enough + 1, prices)
    for node in (1, 2):
        assert not supported(network, TARIFF, enough - 1e-4 * np.eye(3)[node], prices)
        for beyond in (0.9, 2.1):
            odd = np.where(np.arange(3) == node, beyond, prices)
            assert not supported(network, TARIFF, enough + 9, odd)
    assert supported(network, TARIFF, enough + 9, np.array([99.0, 1.0, 2.0]))


def test_a_coalition_that_gains_up_to_the_tolerance_stays():
    network = network_of([0, 0.0], [[0, 1, 0.1, 0.1]])
    for gain, holds in ((CORE_TOLERANCE, True), (2 * CORE_TOLERANCE, False)):
        found = participation(network, TARIFF, np.zeros(2), values=np.array([0.0, gain]))
        assert (found.holds, found.proven, found.coalition) == (holds, True, () if holds else (1,))
        assert found.gain == gain
    assert tariff_value(np.array([2.0, -2.0, 0.0]), TARIFF).tolist() == [2, -4, 0]
    owned = network_of([0, 1, 1, 1], [[0, 1, 0.1, 0.1]], [[1, 2, 0.1], [1, 2, 0.1, 1.0, 3], [2, 3, 0.1, 1.0, 2]])
    assert inside(owned, np.array([0, 1, 1, 0], bool)).tolist() == [True, False, False]
    assert inside(owned, np.array([0, 1, 1, 1], bool)).tolist() == [True] * 3


@pytest.mark.parametrize("seed", SEEDS)
def test_the_two_linked_coalitions_that_gain_most_merge_first(random_network, seed):
    network = random_network(seed)
    game = partition_game(network, build_grid(network), 1.5)
    labels = np.arange(len(game.injection))
    for found, gain in mergers(game):
        before, best = game.values(labels), (0.0, labels)
        for i, j in zip(game.tail, game.head, strict=True):
            if labels[i] != labels[j]:
                one, other = labels[i], labels[j]
                merged = np.where(labels == max(one, other), min(one, other), labels)
                best = max(
                    best,
                    (game.values(merged)[min(one, other)] - before[one] - before[other], merged),
                    key=lambda x: x[0],
                )
        assert gain == pytest.approx(best[0])
        assert [[a == b for b in found] for a in found] == [[a == b for b in best[1]] for a in best[1]]
        labels = found


@pytest.mark.parametrize("scale", [1e-6, 1e6])
def test_a_bound_of_losses_is_so_much_more_in_other_units_of_power(scale):
    rows = [[0, 1, 0.02, 0.1], [1, 2, 0.0, 0.2], [2, 0, 0.03, 0.1], [2, 3, 0.01, 0.1]]
    private, e = [[1, 3, 0.05], [2, 3, 0.0]], np.array([0, 1.0, -2.0, 0.5])
    q, f = np.array([0.0, -0.03, 0.02, 0.02]), np.array([-0.5, 0.3, 0.2, -0.3])
    bounds = []
    for unit in (1.0, scale):
        network = network_of(
            e * unit, [[i, j, r / unit, x] for i, j, r, x in rows], [[i, j, r / unit] for i, j, r in private]
        )
        bounds.append(physical_bound(network, build_grid(network), q, 1.0, 1.0, f * unit) / unit)
    assert np.isfinite(bounds[0]) and bounds[1] == pytest.approx(bounds[0], rel=1e-9)


def test_free_public_lines_carry_all_and_a_private_line_none():
    network = network_of([0, 1, -1, -1, 0.5], [[k, k + 1, 0.0, 0.1] for k in range(4)], [[1, 3, 0.1]])
    found = BEHAVIOURS["integrated"]().priced(network, build_grid(network), TARIFF)
    assert found.loss == pytest.approx(0, abs=1e-9) and found.g == pytest.approx([0], abs=1e-6)


@pytest.mark.parametrize("lossy", [True, False])
@pytest.mark.parametrize("seed", range(10))
def test_prices_that_balance_leave_power_at_their_bounds_alone(seed, lossy):
    rng = np.random.default_rng(seed)
    tail, head = np.array([0, 1, 2, 3, 4, 6]), np.array([1, 2, 3, 0, 5, 7])
    lines = Wires(8, tail, head, rng.uniform(0.05, 0.4, 6), lossy, 1e-9)
    e, low, high = rng.uniform(-1, 1, 8), np.full(8, 1.0), np.full(8, 2.0)
    starts = (low, high, rng.uniform(1, 2, 8), np.where(e < 0, high, low))
    known = [found for found in (balanced(lines, e, start, low, high) for start in starts) if found is not None]
    nearly = np.clip(known[0][0] + rng.normal(0, 1e-3, 8), low, high)
    known += [balanced(lines, e, start, low, high) for start in (known[0][0], nearly)]
    for prices, flows in known:
        left = lines.left(e, flows)
        assert np.all((prices >= low) & (prices <= high))
        inner = (prices > 1 + 1e-9) & (prices < 2 - 1e-9)
        assert left[inner] == pytest.approx(np.zeros(inner.sum()), abs=1e-10)
        assert np.all(left[prices <= 1 + 1e-9] >= -1e-10) and np.all(left[prices >= 2 - 1e-9] <= 1e-10)
        assert flows == pytest.approx(lines.flows(prices), abs=1e-9)
        assert flows == pytest.approx(known[0][1], abs=1e-8)


def test_without_bounds_prices_balance_all_but_what_does_not_add_up():
    lines = Wires(4, np.array([0, 1]), np.array([1, 2]), np.array([0.1, 0.2]), False, 1e-9)
    free, e = np.full(4, inf), np.array([1.0, -0.25, -0.75, 0.0])
    prices, flows = balanced(lines, e, np.zeros(4), -free, free)
    assert flows == pytest.approx([1.0, 0.75]) and lines.left(e, flows) == pytest.approx(np.zeros(4), abs=1e-15)
    assert prices[1:3] - prices[:2] == pytest.approx([0.2, 0.3])
    rows = np.array([1, 2])
    again = corrected(lines, e, flows + np.array([1e-6, -1e-6]), rows)
    assert lines.left(e, again)[rows] == pytest.approx([0, 0], abs=1e-15)


def drawn_bound(seed):
    """(Network, grid with a phase shift, prices, public flows) near balance."""
    rng = np.random.default_rng(seed)
    rows = [[0, 1, 0.02, 0.1], [1, 2, 0.05, 0.2, 3.0], [2, 0, 0.03, 0.1], [2, 3, 0.01, 0.1]]
    network = network_of([0, 1.0, -2.0, 0.5], rows, [[1, 3, 0.05], [2, 3, 0.1]])
    return network, build_grid(network), np.append(0.0, rng.uniform(-0.1, 0.1, 3)), rng.normal(size=4)


@pytest.mark.parametrize("unit", [1.0, 0.5])
@pytest.mark.parametrize("seed", SEEDS)
def test_a_bound_is_the_least_of_what_flows_cost_at_its_prices(seed, unit):
    """Over potentials of public flows, by a general minimiser; private and free lines each by what they earn most."""
    network, grid, q, f = drawn_bound(seed)
    price = 1 + unit * q

    def cost(lines, flow):
        low, high = price[lines.tail], price[lines.head]
        return float(np.sum((low - high) * flow + lines.r * (low + high) / 2 * flow**2)) / unit

    def of_angles(theta):
        return cost(network.public, grid.weight * (grid.incidence.T @ np.append(0.0, theta)) + grid.loop)

    least = minimize(of_angles, np.zeros(3), method="BFGS", options={"gtol": 1e-9}).fun
    assert public_bound(network, grid, q, 1.0, unit, f) == pytest.approx(least, rel=1e-6)
    private, public = (
        sum(
            minimize_scalar(lambda g, one=one: cost(one, np.array([g])), bracket=(-1.0, 1.0)).fun
            for one in (
                replace(lines, **{name: value[k : k + 1] for name, value in vars(lines).items()})
                for k in range(len(lines))
            )
        )
        for lines in (network.private, network.public)
    )
    whole = -q @ network.injection
    assert physical_bound(network, grid, q, 1.0, unit, f) == pytest.approx(whole + private + least, rel=1e-6)
    assert free_bound(network, q, 1.0, unit) == pytest.approx(whole + private + public, rel=1e-6)


def test_prices_at_which_a_loss_earns_bound_nothing():
    network, grid, _, f = drawn_bound(0)
    odd = np.array([0.0, 0.0, 0.0, -3.0])
    assert public_bound(network, grid, odd, 1.0, 1.0, f) == -inf


def owned_game(seed):
    """The game of six agents among whom some lines belong to a third."""
    rng = np.random.default_rng(seed)
    public = [[0, k, rng.uniform(0.01, 0.1), 0.1] for k in range(1, 7)] + [[1, 2, 0.05, 0.2], [4, 5, 0.02, 0.3]]
    private = [[1, 2, 0.1], [2, 3, 0.05, 1.0, 4], [3, 4, 0.1, 1.0, 3], [5, 6, 0.02], [1, 6, 0.1, 1.0, 2], [2, 5, 0.3]]
    network = network_of(np.append(0, rng.uniform(-1, 1, 6)), public, private)
    return partition_game(network, build_grid(network), 1.5), network


@pytest.mark.parametrize("labels", [[0, 0, 0, 0, 0, 0], [0, 0, 0, 1, 1, 1], [0, 0, 1, 1, 2, 0], [0, 1, 1, 1, 0, 2]])
@pytest.mark.parametrize("seed", SEEDS)
def test_coalitions_are_at_their_best_flows_given_the_others(seed, labels):
    game, network = owned_game(seed)
    labels, lines, step = np.array(labels), network.private, 1e-4
    one = [
        {labels[i - 1] for i in (t, h, o) if i != -1}
        for t, h, o in zip(lines.tail, lines.head, lines.owner, strict=True)
    ]
    mine = np.array([len(each) == 1 for each in one])
    assert game.inside(labels).tolist() == mine.tolist()
    g = game.flows(labels)
    assert not np.any(g[~mine]) and (np.all(g[mine] != 0))
    p = game.injection.copy()
    for k, flow in enumerate(g):
        p[game.tail[k]] -= flow
        p[game.head[k]] += flow
    for label, value in enumerate(game.values(labels)):
        members = labels == label
        lost = p[members] @ (game.loss @ p)[members] + np.sum((game.r * g**2)[mine & (labels[game.tail] == label)])
        assert value == pytest.approx(1.5 * (game.injection[members].sum() - lost))
    for k in np.flatnonzero(mine):
        up, down = (game.values(labels, g + d * np.eye(6)[k])[labels[game.tail[k]]] for d in (step, -step))
        assert up == pytest.approx(down, abs=1e-10)


def test_trades_still_to_be_made_are_a_gap_but_no_claim_to_an_optimum_that_fails():
    network = network_of([0, 1, -1], [[0, 1, 0.1, 0.1], [0, 2, 0.1, 0.1]], [[1, 2, 0.1]])
    rule, grid = AdHoc(), build_grid(network)
    market = Microgrid(network, network.injection[None], rule, TARIFF)
    idle = rule.so_far(rule.start(network), network, grid, TARIFF, False)
    assert idle.gap > 0.1 and market.clear(network, idle).status is Status.SOLVED
    claimed = Microgrid(network, network.injection[None], BEHAVIOURS["cooperative"](), TARIFF)
    assert claimed.clear(network, idle).status is Status.INACCURATE
    assert claimed.clear(network, replace(idle, gap=None)).status is Status.SOLVED
    assert market.clear(network, replace(idle, accurate=False)).status is Status.INACCURATE


def test_without_a_period_the_first_ones_tariff_is_charged():
    network = network_of([0, 1, -1], [[0, 1, 0.1, 0.1], [0, 2, 0.1, 0.1]], [[1, 2, 0.1]])
    tariffs = Tariff(1.5, 1.0, 1.2), Tariff(3.0, 1.0, 2.4)
    market = Microgrid(network, np.tile(network.injection, (2, 1)), BEHAVIOURS["none"](), tariffs)
    first, second = (market.clear(network, market.dispatch(network, k), period=k) for k in (0, 1))
    plain = market.clear(network, market.dispatch(network))
    assert plain.tariff is first.tariff
    np.testing.assert_array_equal(plain.idle, first.idle)
    assert not np.allclose(first.idle, second.idle)
