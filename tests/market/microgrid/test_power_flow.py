"""Public flows: physics, sensitivities, losses, and lossy flows by Newton's method."""

import numpy as np
import pytest
from scipy.optimize import fsolve

from market.grid.lines import NetworkError
from market.grid.power_flow import build_grid
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
