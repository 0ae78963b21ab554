"""Payments sum to the bill, under every rule and behaviour, and give the reference numbers."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from market.grid.power_flow import build_grid
from market.microgrid.behaviours import BEHAVIOURS, Cooperative, SelfInterested
from market.microgrid.market import winners_and_losers
from market.microgrid.network import network_of
from market.microgrid.payments import PAYMENTS, generation_cost, lmp_payments, savings_share, tariff_payments
from market.microgrid.tariff import Tariff
from market.outcome import Status
from tests.shares import part_of

TARIFF = Tariff()
PAIRS = [(rule, name, losses) for rule in PAYMENTS for name in BEHAVIOURS for losses in ("priced", "lossy")]
FEW = settings(max_examples=part_of(10), deadline=None, derandomize=True, database=None)


@pytest.mark.share
@pytest.mark.parametrize(("rule", "name", "losses"), PAIRS)
@FEW
@given(seed=st.integers(0, 10_000))
def test_everything_paid_sums_to_the_bill(random_network, rule, name, losses, seed):
    network = random_network(seed)
    grid = build_grid(network)
    outcome = BEHAVIOURS[name]().dispatch(network, grid, TARIFF, losses)
    paid = PAYMENTS[rule](network, grid, TARIFF, outcome)
    if rule == "lmp" and losses == "lossy" and name not in ("cooperative", "integrated"):
        assert paid is None
        return
    assert paid.total == pytest.approx(-TARIFF.bill(outcome.grid_supply), abs=1e-7)
    assert paid.agents[network.slack] == 0
    assert paid.agents.shape == (network.nodes,) and paid.lines.shape == (len(network.private),)


def test_case_12_the_identity_of_marginal_prices(eight, eight_grid):
    tariff = Tariff(2.0, 1.0, 1.0)
    outcome = Cooperative().priced(eight, eight_grid, tariff)
    paid = lmp_payments(eight, eight_grid, tariff, outcome)
    assert outcome.prices @ eight.injection == pytest.approx(-1.360325, abs=1e-6)
    assert paid.lines.sum() == pytest.approx(0.086291, abs=1e-6)
    assert paid.lines.sum() == pytest.approx(eight.private.r @ outcome.g**2, abs=1e-12)
    assert paid.grid == pytest.approx(0.093871, abs=1e-6)
    assert paid.grid == pytest.approx(outcome.public_loss, abs=1e-12)
    assert paid.total == pytest.approx(-1.180163, abs=1e-6)
    assert paid.total == pytest.approx(-outcome.grid_supply, abs=1e-12)


def test_self_interest_at_the_tariff(eight, eight_grid):
    outcome = SelfInterested().lossy(eight, eight_grid, TARIFF)
    paid = tariff_payments(eight, eight_grid, TARIFF, outcome)
    np.testing.assert_allclose(
        outcome.private_prices[[1, 2, 3, 4, 5, 7]], [1.0, 1.1097, 1.1673, 2.0, 1.6515, 2.0], atol=6e-5
    )
    np.testing.assert_allclose(paid.lines, [0.1140, 0.0292, 0.1663], atol=7e-5)
    np.testing.assert_allclose(paid.agents[1:], [3.0570, -1.0381, -1.1527, -1.9168, 1.7346, 0, -4.0], atol=6e-5)
    assert (paid.agents.sum(), paid.grid) == pytest.approx((-3.3160, 1.3217), abs=5e-5)


def test_marginal_prices_of_cooperation(eight, eight_grid):
    outcome = Cooperative().lossy(eight, eight_grid, TARIFF)
    paid = lmp_payments(eight, eight_grid, TARIFF, outcome)
    assert outcome.prices[[1, 3]] == pytest.approx([1.4179, 1.6010], abs=1e-4)
    np.testing.assert_allclose(paid.agents[1:], [4.3090, -1.4810, -1.5914, -1.4961, 1.4962, 0, -3.1476], atol=1e-4)
    assert paid.grid == pytest.approx(0.1407, abs=5e-5)
    assert abs(paid.total + TARIFF.bill(outcome.grid_supply)) < 1e-8


def test_shares_of_the_savings(eight, eight_grid):
    outcome = Cooperative().lossy(eight, eight_grid, TARIFF)
    before = tariff_payments(eight, eight_grid, TARIFF, SelfInterested().lossy(eight, eight_grid, TARIFF))
    paid = savings_share(eight, eight_grid, TARIFF, outcome)
    np.testing.assert_allclose(paid.agents[1:] - before.agents[1:], 0.224066 / 8, atol=1e-6)
    all_to_a7 = savings_share(eight, eight_grid, TARIFF, outcome, shares=np.eye(8)[7])
    assert all_to_a7.agents[7] - before.agents[7] == pytest.approx(0.224066, abs=1e-6)
    with pytest.raises(ValueError, match="shares must be 8 numbers"):
        savings_share(eight, eight_grid, TARIFF, outcome, shares=np.ones(8))


def test_a_private_trade_costs_the_middle_of_the_tariff(cases):
    network = cases["pair"]
    grid = build_grid(network)
    paid = tariff_payments(network, grid, TARIFF, BEHAVIOURS["ad-hoc"]().priced(network, grid, TARIFF))
    np.testing.assert_allclose(paid.agents, [0, 1.5 - 0.075, -1.5 - 0.075])
    lossy = tariff_payments(network, grid, TARIFF, BEHAVIOURS["ad-hoc"]().lossy(network, grid, TARIFF))
    g = 0.954451
    np.testing.assert_allclose(lossy.agents, [0, 1.5 * g, -1.5 * g - 2 * (1 - g + 0.05 * g**2)], atol=1e-5)


def test_a_line_pays_its_owner(eight, eight_grid):
    rows = [[1, 2, 0.025, 1, 6], [2, 3, 0.025, 1], [5, 4, 0.1, 4, 5]]
    public = np.c_[eight.public.tail, eight.public.head, eight.public.r, eight.public.x]
    owned = network_of(eight.injection, public, rows)
    outcome = SelfInterested().lossy(owned, eight_grid, TARIFF)
    paid = tariff_payments(owned, eight_grid, TARIFF, outcome)
    shared = tariff_payments(eight, eight_grid, TARIFF, outcome)
    moved = np.zeros(8)
    moved[[1, 2, 6]] = np.array([-0.5, -0.5, 1.0]) * paid.lines[0]
    moved[[4, 5]] = np.array([-0.5, 0.5]) * paid.lines[2]
    np.testing.assert_allclose(paid.agents - shared.agents, moved, atol=1e-12)


def test_nothing_is_paid_where_somebody_is_not_served(cases):
    network = cases["8 half"]
    grid = build_grid(network)
    alone = SelfInterested().priced(network, grid, TARIFF)
    assert all(rule(network, grid, TARIFF, alone) is None for rule in PAYMENTS.values())
    together = Cooperative().priced(network, grid, TARIFF)
    assert savings_share(network, grid, TARIFF, together) is None
    assert lmp_payments(network, grid, TARIFF, together).total == pytest.approx(-TARIFF.bill(together.grid_supply))


def test_own_generation_costs_its_owner():
    network = network_of([0, 2, -1], [[0, 1, 0.1, 0.1], [1, 2, 0.1, 0.1]], cost=[0, 0.5, 0.7])
    assert generation_cost(network).tolist() == [0, 1.0, 0]


@pytest.mark.parametrize("shares", [[0.3, 0.3, 0.3], [0.5, 0.5, 0.5], [1.5, -0.5, 0.0], [0.5, 0.5]])
def test_shares_of_the_savings_are_parts_of_one(cases, shares):
    network = cases["pair"]
    grid = build_grid(network)
    together = Cooperative().priced(network, grid, TARIFF)
    with pytest.raises(ValueError, match="3 numbers >= 0 that sum to 1"):
        savings_share(network, grid, TARIFF, together, shares)
    paid = savings_share(network, grid, TARIFF, together, [0.2, 0.3, 0.5])
    assert paid.total == pytest.approx(-TARIFF.bill(together.grid_supply))


def test_rounding_makes_nobody_better_or_worse_off():
    """Gains of 1e-13 beside payments of 1 are rounding, in any unit; beside payments as small they are gains."""
    gains = np.array([1e-13, -1e-13, 0.1, -0.1, 0.0])
    for money in (1e-6, 1.0, 1e6):
        won, lost = winners_and_losers(money * gains, money * np.ones(5))
        assert (won.tolist(), lost.tolist()) == ([2], [3])
    won, lost = winners_and_losers(gains[:2], gains[:2])
    assert (won.tolist(), lost.tolist()) == ([0], [1])
    won, lost = winners_and_losers(gains[:2], np.array([0.0, 3.0]))
    assert (won.tolist(), lost.tolist()) == ([], [])


@pytest.mark.parametrize("rule", PAYMENTS)
def test_nothing_is_paid_for_an_outcome_without_flows(eight, eight_grid, rule):
    stopped = replace(Cooperative().priced(eight, eight_grid, TARIFF), status=Status.INACCURATE, g=None, f=None, p=None)
    assert PAYMENTS[rule](eight, eight_grid, TARIFF, stopped) is None
