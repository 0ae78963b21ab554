"""Values of coalitions, cores and participation: reference numbers, and independent checks."""

import cvxpy as cp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from market.grid.power_flow import build_grid
from market.microgrid import coalitions
from market.microgrid.behaviours import Cooperative, SelfInterested
from market.microgrid.coalitions import (
    all_coalitions,
    blocking,
    coalition_value,
    least_core,
    membership,
    participation,
    private_game,
    supported,
    tariff_value,
)
from market.microgrid.network import SHARED, network_of
from market.microgrid.payments import lmp_payments, savings_share, tariff_payments
from market.microgrid.tariff import Tariff
from tests.market.microgrid.with_grid import game_with_grid
from tests.shares import NIGHTLY, part_of

TARIFF = Tariff()
FEW = settings(max_examples=part_of(10), deadline=None, derandomize=True, database=None)
SEEDS = st.integers(0, 10_000)


def mask(*names):
    """Number of the coalition of agents by name, A1 the first."""
    return sum(1 << (name - 1) for name in names)


@pytest.fixture(scope="module")
def eight_game(eight):
    return private_game(eight, TARIFF)


@pytest.fixture(scope="module")
def crowd():
    """Fifteen agents: too many to look at every coalition."""
    rng = np.random.default_rng(3)
    public = [[0, k, 0.01, 0.05] for k in range(1, 16)]
    private = [[i, j, 0.05, 1.0] for i in range(1, 16) for j in range(i + 1, 16) if rng.random() < 0.25]
    return network_of(np.append(0, rng.uniform(-1, 1, 15)), public, private)


def value_by_cvxpy(network, members):
    """Minus the bill of a coalition, from its own cone programme."""
    lines = network.private
    own = np.flatnonzero(members[lines.tail] & members[lines.head])
    g, square = cp.Variable(len(own) + 1), cp.Variable(len(own) + 1)
    bought, sold = cp.Variable(network.nodes, nonneg=True), cp.Variable(network.nodes, nonneg=True)
    ends = np.zeros((network.nodes, len(own) + 1))
    ends[lines.tail[own], np.arange(len(own))] = 1
    ends[lines.head[own], np.arange(len(own))] = -1
    r = np.append(lines.r[own], 1.0)
    left = np.where(members, network.injection, 0) - ends @ g - np.abs(ends) @ cp.multiply(r / 2, square)
    rules = [left + bought - sold == 0, cp.square(g) <= square]
    bill = TARIFF.buy * cp.sum(bought) - TARIFF.sell * cp.sum(sold)
    return -cp.Problem(cp.Minimize(bill), rules).solve(solver=cp.CLARABEL)


def test_the_private_market_game(eight_game):
    assert eight_game[-1] == pytest.approx(-3.31597, abs=1e-5)
    assert sum(eight_game[1 << k] for k in range(7)) == pytest.approx(-6.0)
    expected = {(1, 2): 1.97435, (1, 2, 3): 0.86622, (4, 5): -0.18220, (2, 3): -4.0, (1, 3): 1.0}
    for names, value in expected.items():
        assert eight_game[mask(*names)] == pytest.approx(value, abs=1e-5), names


def test_the_pair(cases):
    assert private_game(cases["pair"], TARIFF)[3] == pytest.approx(-0.182195, abs=1e-6)


def test_its_core_is_not_empty_and_holds_the_duals(eight, eight_grid, eight_game):
    assert abs(least_core(eight_game).epsilon) < 1e-6
    assert not least_core(eight_game).core_is_empty
    paid = tariff_payments(eight, eight_grid, TARIFF, SelfInterested().lossy(eight, eight_grid, TARIFF))
    assert paid.agents.sum() == pytest.approx(eight_game[-1], abs=1e-9)
    assert blocking(eight_game, paid.agents[1:]) is None
    assert participation(eight, TARIFF, paid.agents).holds


@FEW
@given(seed=SEEDS)
def test_values_against_cvxpy(random_network, seed):
    network = random_network(seed)
    values, marks = private_game(network, TARIFF), all_coalitions(network)
    rng = np.random.default_rng(seed)
    for number in {int(n) for n in rng.integers(1, len(values), 3)} | {len(values) - 1}:
        assert values[number] == pytest.approx(value_by_cvxpy(network, marks[number]), abs=1e-6)
        assert values[number] == pytest.approx(coalition_value(network, TARIFF, marks[number]), abs=1e-9)


@FEW
@given(seed=SEEDS)
def test_dual_payoffs_are_in_the_core_of_random_markets(random_network, seed):
    network = random_network(seed)
    grid = build_grid(network)
    outcome = SelfInterested().lossy(network, grid, TARIFF)
    paid = tariff_payments(network, grid, TARIFF, outcome)
    assert supported(network, TARIFF, paid.agents, outcome.private_prices)
    assert blocking(private_game(network, TARIFF), paid.agents[network.agents]) is None


@FEW
@given(seed=SEEDS)
def test_marginal_prices_within_the_tariff_content_every_coalition(random_network, seed):
    network = random_network(seed)
    grid = build_grid(network)
    outcome = Cooperative().lossy(network, grid, TARIFF)
    paid = lmp_payments(network, grid, TARIFF, outcome)
    assert np.all((outcome.prices >= TARIFF.sell) & (outcome.prices <= TARIFF.buy))
    assert supported(network, TARIFF, paid.agents, outcome.prices)
    found = participation(network, TARIFF, paid.agents)
    assert found.holds and found.proven and found.gain <= 1e-6


def test_participation_in_both_schemes(eight, eight_grid):
    outcome = Cooperative().lossy(eight, eight_grid, TARIFF)
    for rule in (lmp_payments, savings_share):
        found = participation(eight, TARIFF, rule(eight, eight_grid, TARIFF, outcome).agents)
        assert found.holds and found.proven and found.coalition == ()


def test_who_leaves_is_named_with_the_gain(eight, eight_game):
    payoffs = np.array([0, 3.0, -1.2, -1.2, -1.91597, 2.0, 0, -4.0])
    found = participation(eight, TARIFF, payoffs)
    assert not found.holds and found.coalition == (1, 2, 3)
    assert found.gain == pytest.approx(0.866225 - 0.6, abs=1e-5)
    assert blocking(eight_game, payoffs[1:]) == ((0, 1, 2), pytest.approx(found.gain))


def test_the_priced_private_game_would_not_be_superadditive():
    network = network_of([0, 1, -1, -1], [[0, k, 0.1, 0.1] for k in (1, 2, 3)], [[1, 2, 0.1], [2, 3, 0.1]])
    values = private_game(network, TARIFF)
    assert values[mask(1, 2)] + values[mask(3)] <= values[mask(1, 2, 3)] + 1e-9


def test_the_grid_should_not_be_a_strategic_player(eight, eight_grid):
    shortfalls = {(2, 1): 0.56, (1.5, 1.5): 0.0} | ({(1.6, 1.4): 0.022} if NIGHTLY else {})
    for prices, epsilon in shortfalls.items():
        found = least_core(game_with_grid(eight, eight_grid, Tariff(*prices, generation=1.5)))
        assert found.epsilon == pytest.approx(epsilon, abs=2e-3)
        assert found.core_is_empty == (epsilon > 0)


def test_many_agents_proven_by_prices(crowd):
    grid = build_grid(crowd)
    outcome = Cooperative().lossy(crowd, grid, TARIFF)
    paid = lmp_payments(crowd, grid, TARIFF, outcome).agents
    found = participation(crowd, TARIFF, paid, outcome.prices)
    assert found.holds and found.proven
    searched = participation(crowd, TARIFF, paid)
    assert searched.holds and not searched.proven and searched.gain <= 1e-6


def test_many_agents_searched(crowd):
    grid = build_grid(crowd)
    paid = tariff_payments(crowd, grid, TARIFF, Cooperative().lossy(crowd, grid, TARIFF)).agents.copy()
    paid[crowd.private.tail[0]] -= 1.0
    found = participation(crowd, TARIFF, paid)
    assert not found.holds and found.proven and found.gain > 0.5
    marks = np.isin(np.arange(crowd.nodes), found.coalition)
    assert found.gain == pytest.approx(coalition_value(crowd, TARIFF, marks) - paid[marks].sum(), abs=1e-6)


@pytest.mark.parametrize(("owner", "coalition"), [(SHARED, (1, 2)), (1, (1, 2)), (3, (1, 2, 3))])
def test_who_trades_on_a_line_needs_its_owner(owner, coalition):
    """Node 1 has 2, node 2 needs 2; the line between them belongs to both, to one, or to node 3. Eleven are idle."""
    injection, public = [0, 2, -2, *np.zeros(12)], [[0, node, 0.01, 0.1] for node in range(1, 15)]
    network = network_of(injection, public, [[1, 2, 0.01, 1.0, owner]])
    found = participation(network, TARIFF, tariff_value(network.injection, TARIFF))
    assert (found.holds, found.proven, found.coalition) == (False, True, coalition)
    marks = np.isin(np.arange(15), coalition)
    alone = tariff_value(network.injection, TARIFF)[marks].sum()
    assert found.gain == pytest.approx(coalition_value(network, TARIFF, marks) - alone, rel=1e-9) and found.gain > 1


def test_a_coalition_grows_by_the_neighbour_that_brings_most():
    """Node 1 has 2, nodes 2 and 3 need 1 each; node 4 on their lines is paid too much to be let in. Ten are idle."""
    injection = [0, 2, -1, -1, -0.5, *np.zeros(10)]
    public = [[0, node, 0.01, 0.1] for node in range(1, 15)]
    network = network_of(injection, public, [[1, 2, 0.01], [1, 3, 0.01], [3, 4, 0.01]])
    paid = np.zeros(15)
    paid[1:5] = 2 * TARIFF.sell, -TARIFF.buy, -TARIFF.buy, 5.0
    found = participation(network, TARIFF, paid)
    assert (found.holds, found.proven, found.coalition) == (False, True, (1, 2, 3))
    loss = 2 * 0.01 * 1.0**2  # of about 1 p.u. on either line
    assert found.gain == pytest.approx(2 * (TARIFF.buy - TARIFF.sell) - TARIFF.buy * loss, abs=0.05)


def test_a_coalition_needs_the_owner_of_a_line(cases):
    network = network_of([0, 1, -1, 0], [[0, k, 0.1, 0.1] for k in (1, 2, 3)], [[1, 2, 0.1, 1.0, 3]])
    values = private_game(network, TARIFF)
    assert values[mask(1, 2)] == pytest.approx(-1.0)
    assert values[mask(1, 2, 3)] == pytest.approx(-0.182195, abs=1e-6)


def test_too_many_agents_are_refused(crowd):
    with pytest.raises(ValueError, match="15 agents: every coalition is looked at for at most 12"):
        private_game(crowd, TARIFF)


def test_a_known_least_core():
    """Majority game of three: any two earn 1; each must get a third, and pairs are a third short."""
    values = np.array([bin(number).count("1") >= 2 for number in range(8)], dtype=float)
    found = least_core(values)
    assert found.epsilon == pytest.approx(1 / 3) and found.core_is_empty
    np.testing.assert_allclose(found.payoffs, 1 / 3)
    assert membership(2).tolist() == [[False, False], [True, False], [False, True], [True, True]]


def test_a_neighbour_that_brings_nothing_is_not_taken_in(monkeypatch):
    network = network_of([0, 1, -1, 0], [[0, k, 0.1, 0.1] for k in (1, 2, 3)], [[1, 2, 0.1], [2, 3, 0.1]])
    monkeypatch.setattr(coalitions, "_gain", lambda network, tariff, payoffs, members: 1.0)
    pair = np.array([False, True, True, False])
    found, gain = coalitions._grown(network, TARIFF, np.zeros(4), 1.0, pair)
    assert (found.tolist(), gain) == (pair.tolist(), 1.0)
