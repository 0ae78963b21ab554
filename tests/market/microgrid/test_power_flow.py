"""Public flows: physics, sensitivities, losses, and lossy flows by Newton's method."""

import numpy as np
import pytest
from scipy.optimize import fsolve

from market.grid import power_flow
from market.grid.lines import NetworkError
from market.grid.power_flow import build_grid, floored
from market.microgrid.lossy_flow import half_losses, lossy_flows
from market.microgrid.network import network_of
from tests.market.microgrid.balance import factors


@pytest.mark.parametrize("physics", ["x", "r"])
def test_flows_balance_and_follow_potentials(eight, physics):
    grid = build_grid(eight, physics)
    p = eight.injection.copy()
    p[0] = -p.sum()
    f = grid.flows(p)
    np.testing.assert_allclose(eight.public_incidence @ f, p, atol=1e-12)
    np.testing.assert_allclose(factors(grid) @ p, f, atol=1e-12)
    theta, *_ = np.linalg.lstsq(eight.public_incidence.toarray().T, f / grid.weight, rcond=None)
    np.testing.assert_allclose(eight.public_incidence.T @ theta, f / grid.weight, atol=1e-12)


def test_the_loss_matrix_is_that_of_the_sensitivities(ieee300, ieee300_grid):
    ptdf = factors(ieee300_grid)
    np.testing.assert_allclose(ieee300_grid.loss, ptdf.T @ (ieee300.public.r[:, None] * ptdf), atol=1e-10)
    assert np.all(ptdf[:, ieee300.slack] == 0)


def test_under_physics_r_potentials_are_marginal_losses(eight):
    grid = build_grid(eight, "r")
    np.testing.assert_allclose(grid.loss, grid.inverse, atol=1e-12)


def test_lossy_flows_against_another_solver(eight, eight_grid):
    p = eight.injection
    ends, r = eight.public_incidence, eight.public.r

    def imbalance(theta):
        f = eight_grid.weight * (ends.T @ np.append(0.0, theta))
        return (p - ends @ f - half_losses(ends, r, f))[1:]

    theta = fsolve(imbalance, (eight_grid.inverse @ p)[1:], xtol=1e-13)
    np.testing.assert_allclose(
        lossy_flows(eight_grid, p), eight_grid.weight * (ends.T @ np.append(0.0, theta)), atol=1e-9
    )


@pytest.mark.parametrize(("need", "delivered"), [(4.99, True), (5.01, False), (50.0, False)])
def test_a_line_cannot_deliver_more_than_half_over_its_resistance(need, delivered):
    grid = build_grid(network_of([0, -need], [[0, 1, 0.1, 0.1]]))
    assert (lossy_flows(grid, np.array([0.0, -need])) is not None) == delivered


def test_islands_have_their_own_reference():
    network = network_of([0, 1, 1, -1], [[0, 1, 0.1, 0.1], [2, 3, 0.1, 0.1]])
    grid = build_grid(network)
    assert grid.apart.T.toarray().tolist() == [[0, 0, 1, 1]]
    np.testing.assert_allclose(grid.flows(network.injection), [-1, 1])


def test_reactances_that_cancel_are_refused():
    with pytest.raises(NetworkError, match="cancel"):
        build_grid(network_of([0, 1], [[0, 1, 0.1, 0.1], [0, 1, 0.1, -0.1]]))
    with pytest.raises(NetworkError, match=r"physics\(='z'\) must be one of x, r"):
        build_grid(network_of([0, 1], [[0, 1, 0.1, 0.1]]), "z")


SHIFTED = [
    [0, 1, 0.01, 0.1],
    [1, 2, 0.02, 0.1, 5.0],
    [2, 0, 0.03, -0.4, -2.0],
    [2, 3, 0.0, 0.1, 3.0],
    [4, 5, 0.05, 0.1],
]


@pytest.mark.parametrize("dense", [True, False])
@pytest.mark.parametrize("physics", ["x", "r"])
def test_public_losses_and_their_slopes_with_phase_shifts(physics, dense, monkeypatch):
    """Flows of voltage angles worked out by least squares; the loss r f² is pᵀMp + 2mᵀp + loop_loss."""
    monkeypatch.setattr(power_flow, "MOST_DENSE_NODES", 6 if dense else 5)
    network = network_of(np.zeros(6), SHIFTED)
    grid, lines, ends = build_grid(network, physics), network.public, network.public_incidence.toarray()
    assert grid.dense == dense
    p, step = np.array([0.5, 1.0, -2.0, 0.5, 0.7, -0.7]), 1e-5
    weight = 1 / (lines.x if physics == "x" else np.maximum(lines.r, 1e-6 * lines.r.max()))
    driven = -weight * np.radians(lines.shift) * (physics == "x")

    def flows(p):
        theta, *_ = np.linalg.lstsq(ends @ (weight[:, None] * ends.T), p - ends @ driven, rcond=None)
        return weight * (ends.T @ theta) + driven

    assert grid.flows(p) == pytest.approx(flows(p), abs=1e-9)
    assert grid.loop == pytest.approx(flows(np.zeros(6)), abs=1e-9)
    assert np.any(grid.loop != 0) == (physics == "x") and grid.loop[3] == 0
    loss = p @ grid.loss @ p + 2 * grid.loop_pull @ p + grid.loop_loss
    assert loss == pytest.approx(lines.r @ flows(p) ** 2)
    assert grid.effects @ p == pytest.approx(grid.loss @ p, abs=1e-12)
    for node, back in ((1, 0), (2, 0), (4, 5)):
        by = step * (np.eye(6)[node] - np.eye(6)[back])
        slope = (lines.r @ flows(p + by) ** 2 - lines.r @ flows(p - by) ** 2) / (2 * step)
        marginal = grid.marginal_loss(p)
        assert 2 * (marginal[node] - marginal[back]) == pytest.approx(slope, rel=1e-6)
    assert grid.reference.tolist() == [True, False, False, False, True, False]
    least = grid.resistive
    assert least.physics == "r" and not np.any(least.loop)
    weight, driven = 1 / np.maximum(lines.r, 1e-9 * lines.r.max()), np.zeros(5)
    assert least.flows(p) == pytest.approx(flows(p), abs=1e-6)


def test_resistances_are_floored_by_a_share_of_the_largest():
    assert floored(np.array([0.0, 1e-12, 2.0]), 1e-3).tolist() == [2e-3, 2e-3, 2.0]
    assert floored(np.array([0.0, 0.5, 2.0]))[1:].tolist() == [0.5, 2.0] and floored(np.zeros(2)).tolist() == [1, 1]
    assert floored(np.zeros(0)).tolist() == []


def test_nodes_apart_have_a_reference_of_their_own_wherever_the_slack_is():
    for slack in range(4):
        grid = build_grid(network_of(np.zeros(4), [[0, 1, 0.1, 0.1], [2, 3, 0.1, 0.1]], slack=slack))
        other = 0 if slack > 1 else 2
        assert np.flatnonzero(grid.reference).tolist() == sorted([slack, other])
        assert grid.apart.toarray()[:, 0].tolist() == [float(node // 2 == other // 2) for node in range(4)]
