"""What every registered behaviour and payment rule promises: flows balance, losses add up, no money is lost."""

import importlib
import inspect
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from market.grid.power_flow import PHYSICS, build_grid
from market.microgrid import behaviours, payments
from market.microgrid.behaviours import BEHAVIOURS, Behaviour
from market.microgrid.dispatch import LOSSES
from market.microgrid.network import network_of
from market.microgrid.payments import PAYMENTS, Payments
from market.microgrid.tariff import Tariff
from market.outcome import Status
from tests.contracts.examples import tried
from tests.shares import part_of

RANDOM = settings(max_examples=part_of(12), deadline=None, derandomize=True, database=None)
SEEDS = st.integers(0, 10**6)
EXACT = 1e-8  # p.u. or money
CERTIFIED = 1e-6
TRIED, PAID = tried(BEHAVIOURS), tried(PAYMENTS)
every_behaviour = pytest.mark.parametrize("name", TRIED)
every_loss = pytest.mark.parametrize("losses", LOSSES)


@cache
def market(seed):
    """(Network, grid, tariff): 3 to 8 nodes, a public tree with more lines, private lines with and without owner."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(3, 9))
    slack = int(rng.integers(n))
    order = rng.permutation(n)
    ends = [(int(order[k]), int(order[rng.integers(k)])) for k in range(1, n)]
    ends += [tuple(rng.choice(n, 2, replace=False).tolist()) for _ in range(rng.integers(0, 3))]
    public = [(i, j, rng.choice([0.0, rng.uniform(0.001, 0.05)]), rng.uniform(0.01, 0.1)) for i, j in ends]
    agents = np.delete(np.arange(n), slack)
    pairs = [(i, j) for a, i in enumerate(agents) for j in agents[a + 1 :] if rng.random() < 0.5]
    private = [
        (i, j, rng.uniform(0.001, 0.1), rng.uniform(0, 5), rng.choice([-1, rng.choice(agents)])) for i, j in pairs
    ]
    sell, generation, buy = np.sort(rng.uniform(0.1, 3, 3))
    network = network_of(rng.uniform(-1, 1, n), public, private, slack, cost=rng.uniform(0, 1, n))
    return network, build_grid(network, PHYSICS[seed % 2]), Tariff(buy, sell, generation)


@cache
def dispatched(name, losses, seed):
    network, grid, tariff = market(seed)
    return TRIED[name].dispatch(network, grid, tariff, losses)


def left_over(network, outcome):
    """What is left at each node, line by line: injection and supply less what lines take, shape (n,)."""
    left = network.injection.copy()
    left[network.slack] = outcome.grid_supply - (0 if outcome.lossy else outcome.loss)
    for lines, flows in ((network.public, outcome.f), (network.private, outcome.g)):
        for tail, head, r, flow in zip(lines.tail, lines.head, lines.r, flows, strict=True):
            half = r * flow**2 / 2 if outcome.lossy else 0.0
            left[tail] -= flow + half
            left[head] += flow - half
    return left


def bill(tariff, supply):
    return supply * (tariff.generation if supply >= 0 else tariff.sell)


@every_loss
@every_behaviour
@RANDOM
@given(seed=SEEDS)
def test_flows_balance_at_every_node_and_losses_are_those_of_the_lines(name, losses, seed):
    network, _, _ = market(seed)
    outcome = dispatched(name, losses, seed)
    assert outcome.status is Status.SOLVED and outcome.unserved == ()
    assert outcome.lossy == (losses == "lossy")
    assert np.max(np.abs(left_over(network, outcome))) < EXACT
    public, private = network.public.r @ outcome.f**2, network.private.r @ outcome.g**2
    assert outcome.loss >= 0
    assert (outcome.public_loss, outcome.private_loss) == pytest.approx((public, private), rel=1e-12, abs=1e-15)
    assert outcome.grid_supply == pytest.approx(outcome.loss - network.injection.sum(), abs=EXACT)
    assert outcome.p.sum() == pytest.approx(0, abs=EXACT)


@every_loss
@every_behaviour
@RANDOM
@given(seed=SEEDS)
def test_the_gap_is_small_and_relative_to_the_bill(name, losses, seed):
    outcome = dispatched(name, losses, seed)
    assert outcome.accurate
    assert outcome.gap >= 0 and (outcome.gap <= CERTIFIED or not (TRIED[name].optimal or name == "ad-hoc"))
    assert 0 <= outcome.relax_gap <= CERTIFIED
    assert outcome.prices is None or (outcome.prices.shape == outcome.p.shape and np.all(np.isfinite(outcome.prices)))
    assert outcome.prices is not None or (losses == "lossy" and name not in ("cooperative", "integrated"))


@every_loss
@RANDOM
@given(seed=SEEDS)
def test_more_freedom_never_costs_more(losses, seed):
    tariff = market(seed)[2]
    costs = {name: bill(tariff, dispatched(name, losses, seed).grid_supply) for name in TRIED}
    assert costs["integrated"] <= costs["cooperative"] + CERTIFIED
    for name in ("none", "ad-hoc", "self-interested"):
        assert costs["cooperative"] <= costs[name] + CERTIFIED


@every_loss
@every_behaviour
@pytest.mark.parametrize("slack", [0, 3])
def test_who_cannot_be_served_is_named(name, losses, slack):
    public = [(slack, 1, 0.01, 0.05)] if slack else [(0, 1, 0.01, 0.05), (1, 3, 0.01, 0.05)]
    network = network_of([0, 0.5, -1, 0], public, slack=slack)  # node 2 has no line
    outcome = TRIED[name].dispatch(network, build_grid(network), Tariff(), losses)
    assert (outcome.status, outcome.unserved) == (Status.INFEASIBLE, (2,))
    assert outcome.loss is outcome.g is outcome.f is outcome.p is outcome.grid_supply is outcome.gap is None
    for rule in PAID.values():
        assert rule(network, build_grid(network), Tariff(), outcome) is None


@every_behaviour
def test_a_line_beyond_what_it_delivers_names_the_needy_node(name):
    network = network_of([0, 0, -3], [(0, 1, 0.01, 0.05), (1, 2, 0.2, 0.2)])  # delivers at most 1 / (2 · 0.2)
    outcome = TRIED[name].dispatch(network, build_grid(network), Tariff(), "lossy")
    assert (outcome.status, outcome.unserved) == (Status.INFEASIBLE, (2,))


@pytest.mark.share
@pytest.mark.parametrize("rule", PAID)
@every_loss
@every_behaviour
@RANDOM
@given(seed=SEEDS)
def test_payments_hand_out_minus_the_bill(rule, name, losses, seed):
    network, grid, tariff = market(seed)
    outcome = dispatched(name, losses, seed)
    paid = PAID[rule](network, grid, tariff, outcome)
    if rule == "lmp" and outcome.prices is None:
        assert paid is None
        return
    assert isinstance(paid, Payments)
    assert paid.agents.shape == (network.nodes,) and paid.lines.shape == (len(network.private),)
    assert paid.agents[network.slack] == 0
    assert np.sum(paid.agents) + paid.grid == pytest.approx(-bill(tariff, outcome.grid_supply), abs=EXACT)
    assert paid.shares is None or (np.all(paid.shares >= 0) and paid.shares.sum() == pytest.approx(1))


@every_behaviour
def test_asking_again_gives_the_same_bits(name):
    for losses in LOSSES:
        network, grid, tariff = market(5)
        once, again = (TRIED[name].dispatch(network, grid, tariff, losses) for _ in range(2))
        np.testing.assert_array_equal(once.g, again.g)
        np.testing.assert_array_equal(once.f, again.f)


@every_behaviour
def test_the_market_s_data_stay_as_they_were(name):
    network, grid, tariff = market(7)
    arrays = [network.injection, network.private.r, network.public.x, grid.inverse, grid.weight, grid.loss]
    before = [array.copy() for array in arrays]
    for losses in LOSSES:
        outcome = TRIED[name].dispatch(network, grid, tariff, losses)
        for rule in PAID.values():
            rule(network, grid, tariff, outcome)
    for array, kept in zip(arrays, before, strict=True):
        np.testing.assert_array_equal(array, kept)


# registries


def test_every_behaviour_is_registered():
    found = set()
    for file in Path(behaviours.__file__).parent.glob("[!_]*.py"):
        module = importlib.import_module(f"{behaviours.__name__}.{file.stem}")
        classes = [c for _, c in inspect.getmembers(module, inspect.isclass) if c.__module__ == module.__name__]
        found |= {c for c in classes if issubclass(c, Behaviour) and not inspect.isabstract(c)}
    assert found == set(BEHAVIOURS.values())


def test_every_payment_rule_is_registered():
    functions = [f for _, f in inspect.getmembers(payments, inspect.isfunction) if f.__module__ == payments.__name__]
    arguments = ["network", "grid", "tariff", "dispatch"]
    rules = {f for f in functions if list(inspect.signature(f).parameters)[:4] == arguments}
    classes = {c for _, c in inspect.getmembers(payments, inspect.isclass) if c.__module__ == payments.__name__}
    rules |= {c for c in classes if "__call__" in vars(c)}
    assert {rule for rule in rules if not rule.__name__.startswith("_")} == set(PAYMENTS.values())


@pytest.mark.parametrize("registry", [BEHAVIOURS, PAYMENTS], ids=["behaviours", "payments"])
def test_registered_rules_say_what_they_are(registry):
    for name, rule in registry.items():
        assert name == name.lower() and " " not in name
        assert inspect.getdoc(rule)
