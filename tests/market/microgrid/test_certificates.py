"""The gap against other roads: perturbed dispatches, brute force over trades, costs below a bound, no false proof."""

from dataclasses import replace
from math import inf

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar

from market.grid.power_flow import build_grid
from market.microgrid import dispatch
from market.microgrid.behaviours import (
    BEHAVIOURS,
    AdHoc,
    SelfInterested,
    cooperative,
    integrated,
    lossy_programme,
    self_interested,
)
from market.microgrid.behaviours.ad_hoc import profits_left
from market.microgrid.behaviours.cooperative import loss_bound, of_least_cost
from market.microgrid.behaviours.lossy_programme import outcome_of
from market.microgrid.behaviours.self_interested import private_market, tariff_bill
from market.microgrid.dispatch import lossy_dispatch, overloaded, put_in, relative
from market.microgrid.least_loss import free_bound, physical_bound, proves_infeasible
from market.microgrid.lossy_flow import lossy_flows
from market.microgrid.market import Microgrid
from market.microgrid.network import network_of
from market.microgrid.programme import NOT_RELAXED, Found
from market.microgrid.tariff import Tariff
from market.outcome import Status
from tests.market.microgrid.programmes import least_lossy_supply
from tests.shares import part_of

TARIFF = Tariff(2.0, 1.0, 1.5)
FEW = settings(max_examples=part_of(8), deadline=None, derandomize=True, database=None)
SEEDS = st.integers(0, 10_000)


@pytest.mark.parametrize("size", [0.0, 1e-3, 0.1])
@FEW
@given(seed=SEEDS)
def test_the_gap_of_priced_neighbours_is_their_true_excess(random_network, size, seed):
    """Any private flows serve all; their excess cost is a quadratic form of how far they are from the optimum."""
    network, rng = random_network(seed), np.random.default_rng(seed)
    grid = build_grid(network)
    best = BEHAVIOURS["cooperative"]().priced(network, grid, TARIFF)
    g = best.g + size * rng.normal(size=len(best.g))
    p = put_in(network, g, lossy=False)
    potential = grid.loss @ best.p
    found = of_least_cost(network, TARIFF, g, grid.flows(p), potential, loss_bound(network, best.g, best.p, potential))
    away, shift = g - best.g, p - best.p
    shift[network.slack] = 0.0
    excess = TARIFF.generation * (shift @ grid.loss @ shift + network.private.r @ away**2)
    assert found.gap == pytest.approx(relative(excess, TARIFF.bill(found.grid_supply), network, TARIFF), abs=1e-9)


@pytest.mark.parametrize("size", [0.0, 1e-2, 0.1])
@FEW
@given(seed=SEEDS)
def test_the_gap_of_lossy_neighbours_bounds_their_true_excess(random_network, size, seed):
    """Private flows are changed, the public grid serves what is left: SCS says what the least supply is."""
    network, rng = random_network(seed), np.random.default_rng(seed)
    grid = build_grid(network)
    best = BEHAVIOURS["cooperative"]().lossy(network, grid, TARIFF)
    unit = network.power * network.resistance
    q = (best.prices / TARIFF.generation - 1) / unit
    g = best.g + size * rng.normal(size=len(best.g))
    f = lossy_flows(grid, put_in(network, g, lossy=True))
    bound = physical_bound(network, grid, q, 1.0, unit, best.f)
    found = outcome_of(network, TARIFF, Found(f, g, q, unit, 0.0, True), g, f, bound)
    least = least_lossy_supply(network, grid)
    excess = TARIFF.generation * (lossy_dispatch(network, g, f).grid_supply - least)
    assert found.gap >= relative(max(excess, 0.0), TARIFF.bill(found.grid_supply), network, TARIFF) - 1e-5
    assert found.gap <= relative(max(excess, 0.0), TARIFF.bill(found.grid_supply), network, TARIFF) + 1e-5
    np.testing.assert_allclose(found.prices, best.prices)
    assert found.loss == pytest.approx(network.public.r @ f**2 + network.private.r @ g**2)


@pytest.mark.parametrize("lossy", [False, True])
@pytest.mark.parametrize("size", [1e-3, 0.1])
@FEW
@given(seed=SEEDS)
def test_the_bound_of_self_interest_is_below_all_neighbours_and_met_by_the_optimum(random_network, size, lossy, seed):
    network, rng = random_network(seed), np.random.default_rng(seed)
    g, known = private_market(network, TARIFF, lossy)
    turnover = TARIFF.buy * np.sum(np.abs(network.injection))
    assert tariff_bill(network, TARIFF, g, lossy) - known["bound"] == pytest.approx(0, abs=1e-8 * turnover)
    for _ in range(20):
        other = g + size * rng.normal(size=len(g))
        assert tariff_bill(network, TARIFF, other, lossy) >= known["bound"] - 1e-9 * turnover


def test_a_cost_below_its_bound_is_no_proof(eight):
    assert relative(-0.025 * 18, 18.0, eight, TARIFF) == inf
    assert relative(float("nan"), 18.0, eight, TARIFF) == inf
    assert relative(-1e-12, 18.0, eight, TARIFF) == 0
    assert relative(0.18, 18.0, eight, TARIFF) == pytest.approx(0.01)
    assert relative(0.18, -18.0, eight, TARIFF) == pytest.approx(0.01)


@pytest.mark.parametrize(
    ("name", "losses", "where", "which"),
    [
        ("cooperative", "lossy", cooperative, "physical_bound"),
        ("integrated", "lossy", integrated, "free_bound"),
        ("cooperative", "priced", cooperative, "loss_bound"),
        ("integrated", "priced", integrated, "dual_bound"),
    ],
)
def test_a_bound_that_is_too_high_ends_inaccurate(eight, monkeypatch, name, losses, where, which):
    """A turned sign once made bounds too high: a dispatch 2.5 % too dear then had gap 0."""
    true = getattr(where, which)
    monkeypatch.setattr(where, which, lambda *given: true(*given) + 0.5)
    game = Microgrid(eight, eight.injection[None], BEHAVIOURS[name](), TARIFF, losses)
    outcome = game.clear(eight, game.dispatch(eight))
    assert outcome.dispatch.gap == inf and outcome.status is Status.INACCURATE


@pytest.mark.parametrize("lossy", [False, True])
@FEW
@given(seed=SEEDS)
def test_profits_left_in_pairs_by_brute_force(random_network, lossy, seed):
    """What two ends gain at the tariff by more trade on their line, searched along the trade."""
    rng = np.random.default_rng(seed)
    network = random_network(seed)
    lines, rule = network.private, AdHoc()
    trading = rule.advance(rule.start(network), network, TARIFF, lossy, trades=int(rng.integers(0, 3)))
    g = trading.g * 0.5
    left = put_in(network, g, lossy)
    profits = profits_left(network, TARIFF, g, left, lossy)
    for k in range(len(lines)):
        ends = (lines.tail[k], lines.head[k]) if left[lines.tail[k]] > 0 else (lines.head[k], lines.tail[k])
        if not (left[ends[0]] > 0 > left[ends[1]]):
            assert profits[k] == 0
            continue
        before = g[k] if ends[0] == lines.tail[k] else -g[k]
        assert profits[k] == pytest.approx(
            most_profit(left[ends[0]], -left[ends[1]], lines.r[k], before, lossy), abs=1e-7
        )
    bill = (
        TARIFF.buy * np.maximum(-left, 0)[network.agents].sum()
        - TARIFF.sell * np.maximum(left, 0)[network.agents].sum()
    )
    told = rule.so_far(replace(trading, g=g), network, build_grid(network), TARIFF, lossy)
    expected = relative(np.max(profits, initial=0.0), bill, network, TARIFF)
    assert told.gap == pytest.approx(expected, rel=1e-9)


def most_profit(surplus, need, r, before, lossy):
    """The most that more trade than `before` earns a pair, money; infinitely bad where an end would run out."""

    def loss(trade):
        sent, got = (trade - before + side * r * (trade**2 - before**2) / 2 * lossy for side in (1, -1))
        if sent > surplus + 1e-12 or got > need + 1e-12:
            return 1e3 * max(sent - surplus, got - need)
        spent = 0.0 if lossy else (TARIFF.buy + TARIFF.sell) / 2 * r * (trade**2 - before**2)
        return TARIFF.sell * sent - TARIFF.buy * got + spent

    found = minimize_scalar(
        loss, bounds=(before, before + surplus + 2 * need), method="bounded", options={"xatol": 1e-12}
    )
    return max(-found.fun, 0.0)


def test_infeasible_is_claimed_only_with_a_proof(monkeypatch):
    """A line of 0.1 p.u. delivers 5 at most: power that is free at its tail and 1 at its head proves it."""
    rows = [[0, 1, 0.01, 0.1], [1, 2, 0.1, 0.1]]
    for name, rule in BEHAVIOURS.items():
        served, beyond = (network_of([0, 0, need], rows) for need in (-4.5, -5.5))
        assert rule().lossy(served, build_grid(served), TARIFF).status is Status.SOLVED, name
        assert rule().lossy(beyond, build_grid(beyond), TARIFF).unserved == (2,), name
        for grid in (None, build_grid(served)):
            assert proves_infeasible(beyond, grid, np.array([0.0, 0.0, 1.0]))
            assert not proves_infeasible(served, grid, np.array([0.0, 0.0, 1.0]))
            assert not proves_infeasible(beyond, grid, np.zeros(3))
        assert rule().lossy(beyond, build_grid(beyond), TARIFF).lossy, name
    monkeypatch.setattr(lossy_programme, "help_needed", lambda *given: None)
    for name in ("integrated", "none"):
        if name == "none":
            monkeypatch.setattr(dispatch, "proves_infeasible", lambda *given: False)
        unknown = BEHAVIOURS[name]().lossy(beyond, build_grid(beyond), TARIFF)
        assert (unknown.status, unknown.unserved, unknown.f) == (Status.INACCURATE, (2,), None)
        assert unknown.lossy and not unknown.accurate


def test_negative_prices_bound_nothing(eight, eight_grid):
    """Where both ends of a line pay for less power, what it might lose has no least: the dual is minus infinity."""
    q = np.zeros(8)
    q[[1, 4]] = -3.0
    assert free_bound(eight, q, 1.0, 1.0) == -inf
    assert physical_bound(eight, eight_grid, q, 1.0, 1.0, np.zeros(8)) == -inf


@pytest.mark.parametrize("unit", [1e-170, 1e-3, 1e3, 1e170])
def test_a_bound_of_flows_by_reactance_has_no_unit_of_reactance(unit):
    """How flows part hangs on how reactances stand to each other, not on how large they are."""
    q, told = np.array([0.0, 0.01, 0.03]), []
    for size in (1.0, unit):
        rows = [[0, 1, 0.01, 0.1 * size], [1, 2, 0.1, 0.2 * size], [0, 2, 0.05, 0.07 * size]]
        network = network_of([0.0, 0.5, -0.7], rows)
        told += [physical_bound(network, build_grid(network), q, 1.0, 1.0, np.zeros(3))]
    assert told[1] == pytest.approx(told[0], rel=1e-12)


@pytest.mark.parametrize("share", [0.9, 1.1])
def test_power_that_nodes_lack_or_waste_counts_in_the_gap(eight, eight_grid, share):
    """Flows that leave nodes short need less supply; what is out of balance is added to their excess, whatever sign."""
    best = BEHAVIOURS["integrated"]().lossy(eight, eight_grid, TARIFF)
    unit = eight.power * eight.resistance
    found = Found(best.f, best.g, (best.prices / TARIFF.generation - 1) / unit, unit, 0.0, True)
    f, g = best.f * share, best.g * share
    told = outcome_of(eight, TARIFF, found, g, f, best.loss / unit)
    left = eight.injection - eight.public_incidence @ f - eight.private_incidence @ g
    left -= abs(eight.public_incidence) @ (eight.public.r * f**2) / 2
    left -= abs(eight.private_incidence) @ (eight.private.r * g**2) / 2
    lost = eight.public.r @ f**2 + eight.private.r @ g**2
    astray = abs(left[eight.agents].sum())
    bill = TARIFF.bill(-left[eight.slack])
    assert astray > 0.01
    assert told.gap == pytest.approx(relative(TARIFF.generation * (lost - best.loss + astray), bill, eight, TARIFF))


@pytest.mark.parametrize("precise", [True, False, None])
def test_an_even_residual_is_as_accurate_as_its_programme(eight, eight_grid, monkeypatch, precise):
    """Where Newton's method does not settle."""
    true = self_interested.solved_tightly
    rule = SelfInterested("even")
    monkeypatch.setattr(self_interested, "_even_exact", lambda *given: None)
    monkeypatch.setattr(self_interested, "solved_tightly", lambda problem: true(problem) and precise)
    outcome = rule.lossy(eight, eight_grid, TARIFF)
    assert outcome.accurate == (precise is True)
    assert np.any(outcome.g) == (precise is not None)


def test_an_even_residual_of_several_groups_is_told_without_a_programme(eight):
    """Each of the two groups leaves its nodes on the public grid with as much."""
    scaled = self_interested.in_units(eight, eight.power)
    left = put_in(scaled, self_interested._even_exact(scaled, self_interested._shares(scaled)), lossy=True)
    assert np.ptp(left[[1, 2, 3]]) < 1e-12 and np.ptp(left[[4, 5]]) < 1e-12


@pytest.mark.parametrize(("need", "status"), [(0.4, Status.SOLVED), (0.6, Status.INFEASIBLE), (2.0, Status.INFEASIBLE)])
def test_an_even_residual_beyond_what_a_line_can_bring_is_infeasible(need, status):
    """A line with resistance r brings at most 1/(2r), where 1/r is sent along it; more sent brings less."""
    public = [[0, 1, 0.01, 0.1], [0, 2, 0.01, 0.1]]
    network = network_of([0, 0, 0, -need], public, [[1, 2, 1.0], [2, 3, 1.0]])
    outcome = SelfInterested("even").lossy(network, build_grid(network), TARIFF)
    assert outcome.status == status
    assert status == Status.INFEASIBLE or outcome.g[1] == pytest.approx(1 - np.sqrt(1 - 2 * need))


@pytest.mark.parametrize("lossy", [False, True])
def test_the_private_market_stands_where_newton_s_method_does_not_settle(eight, monkeypatch, lossy):
    """Who has no line pays or gets the tariff's price; of two bounds the better one counts."""
    exact, sure = private_market(eight, TARIFF, lossy)
    monkeypatch.setattr(self_interested, "balanced", lambda *given: None)
    g, known = private_market(eight, TARIFF, lossy)
    np.testing.assert_allclose(g, exact, atol=1e-4)
    np.testing.assert_allclose(known["private_prices"], sure["private_prices"], atol=1e-4)
    assert (known["private_prices"][[6, 7]] == [TARIFF.sell, TARIFF.buy]).all()
    assert known["bound"] <= sure["bound"] + 1e-9
    bounds = iter([-7.0, -5.0])
    monkeypatch.setattr(self_interested, "dual_bound", lambda *given: next(bounds))
    assert private_market(eight, TARIFF, lossy)[1]["bound"] == pytest.approx(-5.0 * TARIFF.buy * eight.power)


@pytest.mark.parametrize(
    ("injection", "second", "named"),
    [([0, -0.1, -5.5, -1, 1], 0.1, (2,)), ([0, 0.3, -6.0, -1, 1], 0.001, (2, 3))],
    ids=["a needy end", "an end with power left"],
)
def test_nodes_behind_lines_asked_for_too_much_are_named(injection, second, named):
    """A line of 0.1 p.u. delivers 5; where its far end itself needs nothing, all who need something are named."""
    first = 0.01 if second == 0.1 else 0.1
    lines = [[0, 1, first, 0.1], [1, 2, second, 0.1], [0, 3, 0.1, 0.1], [3, 4, 0.1, 0.1]]
    network = network_of(injection, lines)
    outcome = BEHAVIOURS["none"]().lossy(network, build_grid(network), TARIFF)
    assert outcome.status is Status.INFEASIBLE and outcome.unserved == named


@pytest.mark.parametrize("residual", ["exact", "even"])
@pytest.mark.parametrize("times", [0.5, 2.0])
def test_a_relaxation_gap_is_told_in_p_u_and_ends_inaccurate_beyond_its_limit(eight, monkeypatch, residual, times):
    """Where Newton's method settles nowhere; the programmes are in units of the largest injection, 3 p.u."""
    grid = build_grid(eight)
    monkeypatch.setattr(self_interested, "relaxation_gap", lambda *given: times * NOT_RELAXED)
    for exact in ("balanced", "_even_exact"):
        monkeypatch.setattr(self_interested, exact, lambda *given: None)
    outcome = SelfInterested(residual).lossy(eight, grid, TARIFF)
    assert outcome.relax_gap == pytest.approx(3 * times * NOT_RELAXED)
    assert outcome.accurate == (times < 1)


@pytest.mark.parametrize(
    ("sold", "named"), [(-1.0, [2]), (1.0, [1]), (-0.1, [2]), (0.1, [2]), (0.0, [1, 2])]
)  # r |f| > ½ at 1, not at 0.1
def test_who_is_behind_lines_that_carry_too_much_is_named(sold, named):
    network = network_of([0.0, 0.0, sold], [[0, 1, 1.0, 0.1], [1, 2, 1.0, 0.1]], [])
    assert overloaded(network, build_grid(network), np.array([-sold, 0.0, sold])).tolist() == named


@pytest.mark.parametrize("power", [0.1, 1.0, 10.0])
def test_who_has_a_line_that_carries_enough_is_not_named(power):
    injection, lines = np.array([2.0, 0.0, -1.0, -1.0]), [[0, 1, 1.0, 0.1], [1, 2, 1.0, 0.1], [0, 3, 0.01, 0.1]]
    network = network_of([0.0, *injection[1:] * power], [[i, j, r / power, x] for i, j, r, x in lines], [])
    assert overloaded(network, build_grid(network), injection * power).tolist() == [2]
