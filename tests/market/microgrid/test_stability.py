"""What coalitions could do, against every coalition's own value."""

from dataclasses import replace

import numpy as np
import pytest

from market.grid.power_flow import build_grid
from market.microgrid.behaviours import BEHAVIOURS
from market.microgrid.coalitions import all_coalitions, coalition_value
from market.microgrid.network import network_of
from market.microgrid.payments import lmp_payments
from market.microgrid.stability import stability
from market.microgrid.tariff import Tariff

PUBLIC = [[0, 1, 0.02, 0.1], [1, 2, 0.03, 0.1], [0, 3, 0.04, 0.1], [3, 4, 0.02, 0.1]]
PRIVATE = [[1, 2, 0.02], [2, 4, 0.03], [1, 3, 0.05]]


@pytest.fixture(scope="module", params=[1.0, 1e4])
def told(request):
    """(Network, grid, tariff, payments, prices) of cooperation of four, in two units of money."""
    network = network_of([0, 2, -1, -1.5, 0.5], PUBLIC, PRIVATE)
    grid, tariff = build_grid(network), Tariff(2.0 * request.param, 1.0 * request.param, 1.5 * request.param)
    found = BEHAVIOURS["cooperative"]().lossy(network, grid, tariff)
    return network, grid, tariff, lmp_payments(network, grid, tariff, found), found.prices


def most_gained(network, tariff, payoffs):
    """(Nodes, gain) of the coalition that gains most by itself, one value after the other."""
    marks = all_coalitions(network)[1:]
    gains = np.array([coalition_value(network, tariff, members) - payoffs[members].sum() for members in marks])
    best = int(np.argmax(gains))
    return tuple(np.flatnonzero(marks[best]).tolist()), float(gains[best])


@pytest.mark.parametrize("less", [0.0, 0.2])
def test_who_gains_most_by_leaving_is_told_in_the_tariffs_money(told, less):
    network, grid, tariff, payments, prices = told
    payments = replace(payments, agents=payments.agents - less * tariff.buy)
    found = stability(network, grid, tariff, payments, prices)
    nodes, gain = most_gained(network, tariff, payments.agents)
    assert found.participation.gain == pytest.approx(gain, rel=1e-5, abs=1e-6 * tariff.buy)
    assert found.participation.holds == (gain <= 1e-6 * tariff.buy) and found.participation.proven
    assert found.participation.coalition == (() if found.participation.holds else nodes)
    core = found.core
    assert core.payoffs.sum() == pytest.approx(coalition_value(network, tariff, all_coalitions(network)[-1]), rel=1e-6)
    _, left = most_gained(network, tariff, np.insert(core.payoffs, network.slack, 0.0))
    assert left <= core.epsilon + 1e-6 * tariff.buy or core.epsilon < 0
    assert found.short is None and not core.core_is_empty and found.groups == () and found.joined is None


def test_what_is_not_asked_for_is_not_told(told):
    network, grid, tariff, payments, prices = told
    found = stability(network, grid, tariff, None, None, core=False)
    assert (found.participation, found.core, found.short) == (None, None, None)
    assert stability(network, grid, tariff, None, None).core is not None
    assert stability(network, grid, tariff, payments, prices, core=False).core is None
    lone = network_of([0, 1], [[0, 1, 0.1, 0.1]])
    assert stability(lone, build_grid(lone), tariff, None, None).core is None
    pair = network_of([0, 1, -1], [[0, 1, 0.1, 0.1], [0, 2, 0.1, 0.1]], [[1, 2, 0.1]])
    assert stability(pair, build_grid(pair), tariff, None, None).core is not None


def test_agents_join_in_the_tariffs_money(told):
    network, grid, tariff, *_ = told
    found = stability(network, grid, tariff, None, None, form="joining").joined
    usual = stability(network, grid, Tariff(2.0, 1.0, 1.5), None, None, form="joining").joined
    np.testing.assert_array_equal(found.labels, usual.labels)
    np.testing.assert_allclose(found.payoffs, usual.payoffs * tariff.buy / 2.0, rtol=1e-6)
    groups = stability(network, grid, tariff, None, None, form="partition").groups
    expected = stability(network, grid, Tariff(2.0, 1.0, 1.5), None, None, form="partition").groups
    assert [nodes for nodes, _ in groups] == [nodes for nodes, _ in expected]
    np.testing.assert_allclose([g for _, g in groups], [g * tariff.buy / 2 for _, g in expected], rtol=1e-6)
