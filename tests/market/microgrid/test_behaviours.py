"""Behaviours against independent programmes, stepwise trade, ways to fail."""

from itertools import pairwise

import cvxpy as cp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from market.grid.lines import RESISTANCE_FLOOR
from market.grid.power_flow import build_grid
from market.microgrid.behaviours import BEHAVIOURS, AdHoc, SelfInterested
from market.microgrid.behaviours.cooperative import by_line, by_node
from market.microgrid.behaviours.self_interested import loss_price, tariff_bill
from market.microgrid.network import network_of
from market.microgrid.tariff import Tariff
from market.outcome import Status
from tests.market.microgrid.balance import balance_residual
from tests.market.microgrid.programmes import least_loss
from tests.shares import part_of

TARIFF = Tariff()
FEW = settings(max_examples=part_of(25), deadline=None, derandomize=True, database=None)
SEEDS = st.integers(0, 10_000)
ALL = tuple(BEHAVIOURS)


def outcomes(network, losses="priced", tariff=TARIFF, physics="x"):
    grid = build_grid(network, physics)
    return {name: rule().dispatch(network, grid, tariff, losses) for name, rule in BEHAVIOURS.items()}


def least_bill(network, tariff):
    """Least bill of the private groups with priced losses, by cvxpy with one variable a line."""
    if not len(network.private):
        left = network.injection
        return tariff.buy * np.sum(np.maximum(-left, 0)) - tariff.sell * np.sum(np.maximum(left, 0))
    g = cp.Variable(len(network.private))
    left = network.injection - network.private_incidence @ g
    price = loss_price(network, tariff) * network.private.r
    bought, sold = cp.Variable(network.nodes, nonneg=True), cp.Variable(network.nodes, nonneg=True)
    bill = tariff.buy * cp.sum(bought) - tariff.sell * cp.sum(sold) + cp.sum(cp.multiply(price, cp.square(g)))
    return cp.Problem(cp.Minimize(bill), [left + bought - sold == 0]).solve(solver=cp.CLARABEL)


@pytest.mark.parametrize("physics", ["x", "r"])
@FEW
@given(seed=SEEDS)
def test_linear_algebra_against_cvxpy(random_network, physics, seed):
    network = random_network(seed)
    found = outcomes(network, physics=physics)
    weight = build_grid(network, physics).weight
    assert found["cooperative"].loss == pytest.approx(least_loss(network, weight), abs=1e-7)
    assert found["integrated"].loss == pytest.approx(least_loss(network, None), abs=1e-7)


@FEW
@given(seed=SEEDS)
def test_self_interest_against_cvxpy(random_network, seed):
    network = random_network(seed)
    outcome = SelfInterested().priced(network, build_grid(network), TARIFF)
    assert tariff_bill(network, TARIFF, outcome.g, lossy=False) == pytest.approx(least_bill(network, TARIFF), abs=1e-6)


@FEW
@given(seed=SEEDS)
def test_both_systems_of_cooperation_agree(random_network, seed):
    network = random_network(seed)
    grid = build_grid(network)
    usable, islands = np.ones(len(network.private), dtype=bool), np.zeros((network.nodes, 0))
    ways = [way(network, grid.loss, network.private.r, usable, islands) for way in (by_line, by_node)]
    for first, second in zip(*ways, strict=True):
        np.testing.assert_allclose(first, second, atol=1e-10)


@pytest.mark.parametrize("losses", ["priced", "lossy"])
@FEW
@given(seed=SEEDS)
def test_invariants(random_network, losses, seed):
    network = random_network(seed)
    found = outcomes(network, losses)
    assert {outcome.status for outcome in found.values()} == {Status.SOLVED}
    loss = {name: outcome.loss for name, outcome in found.items()}
    assert loss["integrated"] <= loss["cooperative"] + 1e-6
    assert loss["cooperative"] <= min(loss["none"], loss["ad-hoc"], loss["self-interested"]) + 1e-6
    for outcome in found.values():
        assert balance_residual(network, outcome) < 1e-8
        assert 0 <= outcome.gap < 1e-6 and outcome.relax_gap <= 1e-6 and outcome.accurate
        assert outcome.grid_supply == pytest.approx(outcome.loss - network.injection.sum(), abs=1e-8)


@FEW
@given(seed=SEEDS)
def test_under_resistive_physics_cooperative_is_integrated(random_network, seed):
    found = outcomes(random_network(seed), physics="r")
    assert found["cooperative"].loss == pytest.approx(found["integrated"].loss, abs=1e-9)
    np.testing.assert_allclose(found["cooperative"].prices, found["integrated"].prices, atol=1e-8)


@pytest.mark.parametrize("name", ["none", "cooperative", "integrated"])
@FEW
@given(seed=SEEDS)
def test_the_price_is_the_slope_of_cost(random_network, name, seed):
    network, step = random_network(seed), 1e-5
    grid, rule = build_grid(network), BEHAVIOURS[name]()
    node = network.agents[seed % len(network.agents)]

    def supply(change):
        injection = network.injection.copy()
        injection[node] += change
        return rule.priced(network.with_injection(injection), grid, TARIFF).grid_supply

    slope = (supply(-step) - supply(step)) / (2 * step) * TARIFF.generation
    assert rule.priced(network, grid, TARIFF).prices[node] == pytest.approx(slope, abs=1e-8)


@pytest.mark.parametrize("name", ["cooperative", "integrated"])
def test_the_price_is_the_slope_of_cost_with_lossy_flows(eight, eight_grid, name):
    rule, step = BEHAVIOURS[name](), 1e-3
    prices = rule.lossy(eight, eight_grid, TARIFF).prices
    for node in (2, 5):
        supply = []
        for change in (-step, step):
            injection = eight.injection.copy()
            injection[node] += change
            supply.append(rule.lossy(eight.with_injection(injection), eight_grid, TARIFF).grid_supply)
        assert prices[node] == pytest.approx((supply[0] - supply[1]) / (2 * step) * 1.5, abs=1e-4)


def test_more_lines_are_never_worse(ieee300, ieee300_grid, wired):
    densities = (0, "1/n", 2 / 300, "log(n)/n", "1/log(n)")
    for name in ("cooperative", "integrated"):
        losses = [BEHAVIOURS[name]().priced(wired(ieee300, d, 1), ieee300_grid, TARIFF).loss for d in densities]
        assert all(more <= less + 1e-9 for less, more in pairwise(losses))


@pytest.mark.parametrize("losses", ["priced", "lossy"])
def test_without_a_surplus_nobody_trades(eight, losses):
    found = outcomes(eight.with_injection([0, 0, -1, -1, -0.1, -0.2, 0, -1]), losses)
    for name in ("ad-hoc", "self-interested"):
        assert found[name].loss == pytest.approx(found["none"].loss, abs=1e-9)
        assert not np.any(found[name].g)


def test_trades_appear_one_after_another(eight, eight_grid):
    rule = AdHoc()
    trading = rule.start(eight)
    gaps, flows = [], []
    while not trading.over:
        gaps.append(rule.so_far(trading, eight, eight_grid, TARIFF, lossy=True).gap)
        trading = rule.advance(trading, eight, TARIFF, lossy=True, trades=1)
        flows.append(trading.g)
    assert trading.trades == (0, 2)
    np.testing.assert_allclose(flows, [[1.0128, 0, 0], [1.0128, 0, 0.9545]], atol=1e-4)
    assert min(gaps) > 0.1
    assert rule.so_far(trading, eight, eight_grid, TARIFF, lossy=True).gap == pytest.approx(0, abs=1e-12)
    np.testing.assert_array_equal(rule.lossy(eight, eight_grid, TARIFF).g, flows[-1])


@pytest.mark.parametrize("lossy", [False, True])
@FEW
@given(seed=SEEDS, trades=st.integers(1, 4))
def test_trading_in_steps_is_trading_at_once(random_network, lossy, seed, trades):
    network, rule = random_network(seed), AdHoc()
    trading = rule.start(network)
    while not trading.over:
        trading = rule.advance(trading, network, TARIFF, lossy, trades)
    at_once = rule.advance(rule.start(network), network, TARIFF, lossy)
    np.testing.assert_array_equal(trading.g, at_once.g)
    assert trading.trades == at_once.trades
    assert np.all(trading.left * network.injection >= 0)


def test_ties_of_length_go_by_the_ends():
    public = [[0, k, 0.01, 0.01] for k in (1, 2, 3)]
    network = network_of([0, 1, -1, -1], public, [[1, 3, 0.01], [1, 2, 0.01]])
    assert AdHoc().priced(network, build_grid(network), TARIFF).g.tolist() == [0, 1]


def test_even_shares_of_what_a_group_still_needs(eight, eight_grid):
    for losses in ("priced", "lossy"):
        outcome = SelfInterested("even").dispatch(eight, eight_grid, TARIFF, losses)
        assert np.ptp(outcome.p[[1, 2, 3]]) < 1e-6 and np.ptp(outcome.p[[4, 5]]) < 1e-6
        assert outcome.gap > 0.01 and balance_residual(eight, outcome) < 1e-8
    with pytest.raises(ValueError, match="residual='odd' is not one of exact, even"):
        SelfInterested("odd")


@pytest.mark.parametrize("name", ALL)
def test_a_line_beyond_what_it_delivers_is_infeasible(name):
    network = network_of([0, 0, -6], [[0, 1, 0.01, 0.1], [1, 2, 0.1, 0.1]])
    outcome = outcomes(network, "lossy")[name]
    assert outcome.status is Status.INFEASIBLE
    assert outcome.unserved == (2,)


@pytest.mark.share
@pytest.mark.parametrize("losses", ["priced", "lossy"])
@pytest.mark.parametrize("name", ALL)
def test_idle_nodes_out_of_reach_do_no_harm(name, losses):
    network = network_of([0, -1, 0, 0], [[0, 1, 0.1, 0.1]], [[2, 3, 0.1]])
    outcome = outcomes(network, losses)[name]
    assert outcome.status is Status.SOLVED and outcome.g[0] == 0
    assert outcome.loss == pytest.approx(0.1 if losses == "priced" else 0.111456, abs=1e-6)


@pytest.mark.parametrize("name", ALL[1:])
def test_a_private_only_node_with_lossy_flows(cases, name):
    network = cases[8].with_injection([0, 1.2, -1])
    outcome = outcomes(network, "lossy")[name]
    assert outcome.loss == pytest.approx(0.112233, abs=1e-6)
    assert balance_residual(network, outcome) < 1e-8


@pytest.mark.parametrize("losses", ["priced", "lossy"])
def test_an_island_with_public_lines_of_its_own(losses):
    network = network_of([0, 1, 0.5, -1], [[0, 1, 0.1, 0.1], [2, 3, 0.1, 0.1]], [[1, 2, 0.1]])
    found = outcomes(network, losses)
    for name in ("none", "ad-hoc", "self-interested"):
        assert found[name].unserved == (2, 3)
    for name in ("cooperative", "integrated"):
        assert found[name].status is Status.SOLVED
        assert balance_residual(network, found[name]) < 1e-8
    assert found["cooperative"].loss == pytest.approx(found["integrated"].loss, abs=1e-7)


@pytest.mark.share
@pytest.mark.parametrize("tariff", [Tariff(2, 0, 1), Tariff(1.5, 1.5, 1.5), Tariff(1, 0, 0)])
@pytest.mark.parametrize("losses", ["priced", "lossy"])
@pytest.mark.parametrize("name", ALL)
def test_extreme_tariffs(eight, eight_grid, name, losses, tariff):
    for injection in (eight.injection, -eight.injection):
        network = eight.with_injection(injection)
        outcome = BEHAVIOURS[name]().dispatch(network, eight_grid, tariff, losses)
        assert balance_residual(network, outcome) < 1e-8
        assert outcome.relax_gap <= 1e-6
        assert outcome.gap < 1e-6


def test_small_resistances_are_told_apart_in_the_loss_only(eight):
    public = np.c_[0:7, 1:8, np.full(7, 0.01), np.full(7, 0.1)]
    tiny = network_of(eight.injection, public, [[1, 3, RESISTANCE_FLOOR / 100], [2, 3, 0]])
    found = outcomes(tiny)
    assert found["integrated"].loss == pytest.approx(least_loss(tiny, None), abs=1e-6)


def test_losses_are_named(eight, eight_grid):
    with pytest.raises(ValueError, match="losses='none' is not one of priced, lossy"):
        AdHoc().dispatch(eight, eight_grid, TARIFF, "none")


@pytest.mark.parametrize("losses", ["priced", "lossy"])
@pytest.mark.parametrize("name", ALL)
def test_nothing_to_do_costs_nothing(eight, eight_grid, name, losses):
    outcome = BEHAVIOURS[name]().dispatch(eight.with_injection(np.zeros(8)), eight_grid, TARIFF, losses)
    assert (outcome.loss, outcome.grid_supply, outcome.gap) == pytest.approx((0, 0, 0), abs=1e-8)


def test_a_relaxation_that_is_not_exact_is_told():
    network = network_of([0, 2.0, 0], [[0, 1, 0.2, 0.1], [1, 2, 0.2, -0.15], [2, 0, 0.2, 0.1]])
    found = outcomes(network, "lossy")
    together = found["cooperative"]
    assert not together.accurate and together.relax_gap > 1 and together.gap > 0.1
    assert together.loss == found["none"].loss
    assert balance_residual(network, together) < 1e-8
