"""Phase shifts are pairs of injections; what the main grid's own node has or needs counts in its supply."""

import cvxpy as cp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize, root

from market.grid.lines import NetworkError
from market.grid.power_flow import build_grid
from market.microgrid.behaviours import BEHAVIOURS
from market.microgrid.dispatch import put_in
from market.microgrid.lossy_flow import lossy_flows
from market.microgrid.market import Microgrid
from market.microgrid.network import network_of
from market.microgrid.payments import PAYMENTS
from market.microgrid.tariff import Tariff
from market.outcome import Status
from scenarios import ScenarioError, draw, load
from scenarios.microgrid.draw import model
from tests.market.microgrid.balance import factors
from tests.shares import part_of

RING = [[0, 1, 0.01, 0.1], [1, 2, 0.02, 0.05], [2, 3, 0.01, 0.2], [3, 0, 0.03, 0.1], [1, 3, 0.01, 0.1]]


def shifted(seed, slack_has=0.0, size=3.0):
    """A meshed network of random injections, with random shifts on two lines and three private lines."""
    rng = np.random.default_rng(seed)
    public = [[*row, rng.uniform(-size, size) if k in (0, 3) else 0.0] for k, row in enumerate(RING)]
    private = [[1, 2, 0.02], [2, 3, 0.05, 1.0, 3], [1, 3, 0.1]]
    return network_of([slack_has, *rng.uniform(-1, 1, 3)], public, private)


def by_angles(network, p):
    """Flows by solving for the angles, the shift standing in each line's own equation."""
    lines, n = network.public, network.nodes
    theta, f = cp.Variable(n), cp.Variable(len(lines))
    rules = [theta[network.slack] == 0, network.public_incidence @ f == p]
    across = theta[lines.tail] - theta[lines.head] - np.radians(lines.shift)
    cp.Problem(cp.Minimize(0), [*rules, cp.multiply(lines.x, f) == across]).solve(solver=cp.CLARABEL)
    return f.value


@pytest.mark.parametrize("seed", range(5))
def test_flows_are_those_of_angles_with_the_shift_in_each_line(seed):
    network = shifted(seed)
    p = put_in(network, np.zeros(3), lossy=False)
    grid = build_grid(network)
    np.testing.assert_allclose(grid.flows(p), by_angles(network, p), atol=1e-7)
    quadratic = p @ grid.loss @ p + 2 * grid.loop_pull @ p + grid.loop_loss
    assert network.public.r @ grid.flows(p) ** 2 == pytest.approx(quadratic, rel=1e-10)


def test_a_shift_is_a_pair_of_injections_at_the_ends_of_its_line():
    network = shifted(1)
    grid, plain = build_grid(network), build_grid(network_of(network.injection, RING))
    driven = -np.radians(network.public.shift) / network.public.x
    p = put_in(network, np.zeros(3), lossy=False)
    np.testing.assert_allclose(grid.flows(p), plain.flows(p - network.public_incidence @ driven) + driven, atol=1e-12)


def test_a_shift_on_the_only_way_changes_nothing():
    rows = [[0, 1, 0.01, 0.05, 30.0], [1, 2, 0.02, 0.1, -150.0], [2, 3, 0.02, 0.1]]
    grid = build_grid(network_of([0, 1, -2, 1], rows))
    assert not np.any(grid.loop)


@pytest.mark.parametrize("seed", range(5))
def test_cooperation_finds_the_least_loss_beside_shifts(seed):
    network, grid = shifted(seed, size=20.0), build_grid(shifted(seed, size=20.0))
    found = BEHAVIOURS["cooperative"]().priced(network, grid, Tariff())
    g = cp.Variable(3)
    ends = np.delete(np.arange(4), network.slack)
    p = network.injection[ends] - (network.private_incidence.toarray() @ np.eye(3))[ends] @ g
    f = factors(grid)[:, ends] @ p + grid.loop
    loss = cp.sum(cp.multiply(network.public.r, cp.square(f))) + cp.sum(cp.multiply(network.private.r, cp.square(g)))
    problem = cp.Problem(cp.Minimize(loss))
    problem.solve(solver=cp.CLARABEL)
    assert found.loss == pytest.approx(problem.value, rel=1e-7)
    assert found.gap < 1e-9
    step = 1e-6
    for node in network.agents:
        more = network.injection.copy()
        more[node] += step
        other = BEHAVIOURS["cooperative"]().priced(network.with_injection(more), grid, Tariff())
        slope = (other.grid_supply - found.grid_supply) / step
        assert found.prices[node] == pytest.approx(-Tariff().generation * slope, abs=1e-4)


@pytest.mark.parametrize("rule", ["lmp", "tariff", "savings-share"])
@pytest.mark.parametrize("behaviour", ["none", "cooperative", "self-interested", "ad-hoc"])
@pytest.mark.parametrize("has", [-5.0, 0.5, 5.0])
def test_payments_hand_out_minus_the_bill_with_shifts_and_what_the_main_grid_has(has, behaviour, rule):
    network = shifted(3, has)
    market = Microgrid(network, network.endowments[None], BEHAVIOURS[behaviour](), Tariff(), payments=rule)
    outcome = market.clear(market.at(0), market.dispatch(market.at(0)))
    dispatch = outcome.dispatch
    assert dispatch.grid_supply == pytest.approx(-network.endowments.sum() + dispatch.loss, abs=1e-12)
    assert outcome.payments.total == pytest.approx(-Tariff().bill(dispatch.grid_supply), abs=1e-9)
    without = PAYMENTS[rule](network, market.grid, Tariff(), market.dispatch(market.at(0)))
    np.testing.assert_array_equal(outcome.payments.agents, without.agents)


def test_lossy_flows_balance_every_node_beside_shifts():
    network = shifted(2, size=5.0)
    grid = build_grid(network)
    p = put_in(network, np.zeros(3), lossy=True)
    f = lossy_flows(grid, p)
    halves = abs(network.public_incidence) @ (network.public.r * f**2) / 2
    np.testing.assert_allclose((network.public_incidence @ f + halves)[1:], p[1:], atol=1e-10)
    angles = network.public.x * f + np.radians(network.public.shift)
    around = [0, 4, 3], [1, 1, 1]  # lines 0-1, 1-3, 3-0 close a ring
    assert angles[around[0]] @ np.array(around[1]) == pytest.approx(0, abs=1e-12)


def test_a_shift_beyond_a_whole_turn_is_refused():
    with pytest.raises(NetworkError, match=r"public line 0: shift\(=400\) must be from -360 to 360 degrees"):
        network_of([0, 1], [[0, 1, 0.1, 0.1, 400]])


SLACK = (
    'market = "microgrid"\nbehaviour = "{}"\n[network]\nslack = 0\ninjection = {}\n'
    "public = [[0, 1, 0.01, 0.05], [1, 2, 0.02, 0.1], [2, 3, 0.02, 0.1]]\n"
)


def written(folder, text):
    path = folder / "own.toml"
    path.write_text(text)
    return path


@pytest.mark.parametrize("behaviour", list(BEHAVIOURS))
def test_what_the_main_grid_needs_itself_is_supplied_in_each_period(tmp_path, behaviour):
    rows = "[[-5.0, 3, -1, -1], [2.0, 3, -1, -1]]"
    scenario = load(written(tmp_path, SLACK.format(behaviour, rows)))
    mesa_model = model(scenario, 0, None, draw(scenario))
    while mesa_model.running:
        mesa_model.step()
    supplies = [outcome.dispatch.grid_supply for outcome in mesa_model.outcomes]
    losses = [outcome.dispatch.loss for outcome in mesa_model.outcomes]
    np.testing.assert_allclose(supplies, [4 + losses[0], -3 + losses[1]], atol=1e-12)


LOOP = (
    'market = "microgrid"\n{}\n[network]\ninjection = [0, 1, -1]\n'
    "public = [[0, 1, 0.01, 0.1, 5], [1, 2, 0.01, 0.1], [0, 2, 0.01, 0.1]]\n"
)


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ('physics = "r"', "physics: got 'r', but phase shifts drive"),
        ('coalition = { form = "partition" }', "coalition.form: got 'partition', but phase shifts"),
    ],
)
def test_what_knows_no_phases_is_refused_beside_shifts(tmp_path, keys, said):
    with pytest.raises(ScenarioError, match=said):
        load(written(tmp_path, LOOP.format(keys)))
    for known in ("", 'losses = "lossy"', 'losses = "lossy"\nbehaviour = "integrated"'):
        assert draw(load(written(tmp_path, LOOP.format(known)))).game is not None


def lossy_by_search(network):
    """Least loss over private flows, the public ones found by angles at each: no programme, no potentials of ours."""
    lines, own = network.public, network.private
    ends, sends = network.public_incidence.toarray(), network.private_incidence.toarray()

    def flows(angles):
        return (ends.T @ np.append(0.0, angles) - np.radians(lines.shift)) / lines.x

    def loss(g):
        p = network.injection - sends @ g - abs(sends) @ (own.r * g**2) / 2
        found = root(lambda a: (p - ends @ flows(a) - abs(ends) @ (lines.r * flows(a) ** 2) / 2)[1:], np.zeros(3))
        return lines.r @ flows(found.x) ** 2 + own.r @ g**2

    start = minimize(loss, np.zeros(len(own)), method="BFGS").x
    return minimize(loss, start, method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-13}).fun


@settings(max_examples=part_of(12), deadline=None, derandomize=True, database=None)
@given(
    seed=st.integers(0, 10_000), size=st.sampled_from([1.0, 5.0, 20.0, 60.0]), unit=st.sampled_from([1e-4, 1e3, 1e6])
)
def test_lossy_cooperation_finds_the_least_loss_beside_shifts_in_any_unit(seed, size, unit):
    network = shifted(seed, size=size)
    found = BEHAVIOURS["cooperative"]().lossy(network, build_grid(network), Tariff())
    assert found.status is Status.SOLVED and found.accurate and found.gap < 1e-9
    assert found.loss == pytest.approx(lossy_by_search(network), rel=1e-8)
    public = [
        (i, j, r / unit, x / unit, shift)
        for i, j, r, x, shift in zip(
            *(getattr(network.public, f) for f in ("tail", "head", "r", "x", "shift")), strict=True
        )
    ]
    private = [[1, 2, 0.02 / unit], [2, 3, 0.05 / unit, 1.0, 3], [1, 3, 0.1 / unit]]
    other = network_of(unit * network.injection, public, private)
    there = BEHAVIOURS["cooperative"]().lossy(other, build_grid(other), Tariff())
    np.testing.assert_allclose(there.f / unit, found.f, rtol=1e-9, atol=1e-11)
    np.testing.assert_allclose(there.prices, found.prices, rtol=1e-9)
