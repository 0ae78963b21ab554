"""Microgrids in other units of power and money, resistances zero or far apart: the same ending, every number scaled."""

from dataclasses import replace

import cvxpy as cp
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from market.grid.power_flow import PHYSICS
from market.microgrid.behaviours import BEHAVIOURS, SelfInterested
from market.microgrid.market import Microgrid
from market.microgrid.network import network_of
from market.microgrid.payments import PAYMENTS
from market.microgrid.price_driven import wires
from market.microgrid.tariff import Tariff
from market.outcome import Status
from tests.market.microgrid.balance import balance_residual

RULES = {name: rule() for name, rule in BEHAVIOURS.items()} | {"even": SelfInterested("even")}
FEW = settings(max_examples=4, deadline=None, derandomize=True, database=None)
SEEDS = st.integers(0, 10_000)
UNITS = st.sampled_from([1e-4, 1e-2, 1e3, 1e6])


def drawn(seed):
    """(Injections, public and private rows, slack, tariff) of a random network; how far resistances are apart, too."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(3, 8))
    slack, order, kind = int(rng.integers(n)), rng.permutation(n), rng.integers(4)

    def resistance():
        usual = float(rng.uniform(0.001, 0.05))
        tiny, apart = usual * 1e-6, float(10 ** rng.uniform(-7, -1.5))
        return (usual, float(rng.choice([0.0, usual])), apart, tiny)[kind]

    ends = [(int(order[k]), int(order[rng.integers(k)])) for k in range(1, n)]
    ends += [tuple(int(node) for node in rng.choice(n, 2, replace=False)) for _ in range(rng.integers(0, 3))]
    public = [(i, j, resistance(), float(rng.uniform(0.01, 0.3))) for i, j in ends]
    agents = [node for node in range(n) if node != slack]
    pairs = [(i, j) for i in agents for j in agents if i < j and rng.random() < 0.4]
    private = [(i, j, resistance(), float(rng.uniform(0, 5))) for i, j in pairs]
    sell, generation, buy = np.sort(rng.uniform(0.1, 3, 3)).tolist()
    return rng.uniform(-1, 1, n), public, private, slack, Tariff(buy, sell, generation)


def market(case, rule, losses, payments, physics, power=1.0, money=1.0):
    """The market in units of power and money so many times smaller: its numbers are so many times larger."""
    injection, public, private, slack, tariff = case
    lines = [(i, j, r / power, x / power) for i, j, r, x in public]
    own = [(i, j, r / power, length) for i, j, r, length in private]
    price = money / power
    network = network_of(power * injection, lines, own, slack)
    prices = Tariff(tariff.buy * price, tariff.sell * price, tariff.generation * price)
    return Microgrid(network, network.injection[None], RULES[rule], prices, losses, physics, payments)


def cleared(game):
    network = game.at(0)
    return game.clear(network, game.dispatch(network))


def same(there, here, scale, size):
    """Are numbers those of another unit, to a millionth of a size?"""
    if here is None:
        assert there is None
    else:
        np.testing.assert_allclose(np.asarray(there) / scale, here, atol=1e-6 * size, rtol=0)


@pytest.mark.share
@pytest.mark.parametrize("losses", ["priced", "lossy"])
@pytest.mark.parametrize("rule", RULES)
@FEW
@given(SEEDS, UNITS, UNITS, st.sampled_from(sorted(PAYMENTS)), st.sampled_from(PHYSICS))
@example(2, 1e6, 1e6, "tariff", "x")
def test_a_market_in_other_units_is_the_same(rule, losses, seed, power, money, payments, physics):
    case = drawn(seed)
    first, second = (
        market(case, rule, losses, payments, physics),
        market(case, rule, losses, payments, physics, power, money),
    )
    one, other = cleared(first), cleared(second)
    assert one.status is other.status is Status.SOLVED
    here, there, size = one.dispatch, other.dispatch, np.max(np.abs(case[0]))
    for name in ("g", "f", "p", "grid_supply"):
        same(getattr(there, name), getattr(here, name), power, size)
    same(there.loss, here.loss, power, max(here.loss, 1e-9 * size))
    for name in ("prices", "private_prices"):
        same(getattr(there, name), getattr(here, name), money / power, case[4].buy)
    paid = [None if outcome.payments is None else outcome.payments.agents for outcome in (one, other)]
    same(paid[1], paid[0], money, case[4].buy * size)
    assert balance_residual(second.at(0), there) <= 1e-8 * power * size


@FEW
@given(SEEDS, UNITS, UNITS, st.sampled_from(["market", "partition", "joining"]))
def test_who_would_leave_does_not_depend_on_units(seed, power, money, form):
    case, found = drawn(seed), []
    for units in ((1.0, 1.0), (power, money)):
        game = market(case, "cooperative", "priced", "lmp", "x", *units)
        outcome = cleared(game)
        object.__setattr__(game, "coalition", form)
        found.append(game.stability(outcome))
    one, other = found
    assert one.participation.holds is other.participation.holds
    assert one.participation.coalition == other.participation.coalition
    if one.core is not None:
        assert other.core.epsilon / money == pytest.approx(one.core.epsilon, abs=1e-6)
        assert one.core.core_is_empty == other.core.core_is_empty
    if one.joined is not None:
        assert one.joined.labels.tolist() == other.joined.labels.tolist()


@pytest.mark.parametrize("scale", [1e-4, 1.0, 1e3, 1e4, 1e6])
def test_the_eight_nodes_in_any_unit(eight, scale):
    """The loss of the documented optimum, 0.180113 p.u. (acceptance cases), times the unit."""
    public = np.c_[eight.public.tail, eight.public.head, eight.public.r / scale, eight.public.x / scale]
    private = np.c_[eight.private.tail, eight.private.head, eight.private.r / scale]
    network = network_of(eight.injection * scale, public.tolist(), private.tolist())
    game = Microgrid(network, network.injection[None], RULES["cooperative"], Tariff(), "lossy")
    outcome = cleared(game)
    assert outcome.status is Status.SOLVED and outcome.dispatch.gap < 1e-9
    assert outcome.dispatch.loss / scale == pytest.approx(0.180113, abs=1e-6)


@pytest.mark.parametrize("losses", ["priced", "lossy"])
def test_tiny_resistances_are_told_apart(losses):
    """A load of 10,000 p.u. behind two public lines, beside the second one a private line of ten times its resistance.

    Two resistances in parallel: 1e-10 (1 + 10/11) 10,000² is lost.
    """
    network = network_of([0, 0, -1e4], [[0, 1, 1e-10, 0.1], [1, 2, 1e-10, 0.1]], [[1, 2, 1e-9]])
    game = Microgrid(network, network.injection[None], RULES["integrated"], Tariff(), losses)
    outcome = cleared(game)
    assert outcome.status is Status.SOLVED
    assert outcome.dispatch.loss == pytest.approx(0.01 * (1 + 10 / 11), rel=1e-5)
    assert outcome.dispatch.g[0] == pytest.approx(1e4 / 11, rel=1e-5)


@pytest.mark.share
@pytest.mark.parametrize("seed", [72, 173, 175, 192])  # resistances many decades apart
@pytest.mark.parametrize("power", [1e-4, 1e6])
def test_an_even_residual_has_the_same_flows_in_any_unit(seed, power):
    """The flows of least loss are unique, however little some of them lose; no cone programme does better."""
    case, size = drawn(seed), np.max(np.abs(drawn(seed)[0]))
    here, there = (cleared(market(case, "even", "lossy", "tariff", "x", unit)).dispatch for unit in (1.0, power))
    np.testing.assert_allclose(there.g / power, here.g, atol=1e-9 * size, rtol=0)
    network = market(case, "even", "lossy", "tariff", "x").network
    g, square = cp.Variable(len(here.g)), cp.Variable(len(here.g))
    ends, r = network.private_incidence, network.private.r
    weight = (
        r / np.bincount(network.private_group, network.reaches_publicly)[network.private_group[network.private.tail]]
    )
    left = network.injection - ends @ g - abs(ends) @ cp.multiply(r, square) / 2
    share = [left[i] == left[j] for i in network.agents for j in network.agents if _together(network, i, j)]
    problem = cp.Problem(cp.Minimize(weight @ square), [cp.square(g) <= square, *share])
    problem.solve(solver=cp.CLARABEL)
    assert weight @ here.g**2 <= problem.value + 1e-8 * size**2
    rest = network.injection - ends @ here.g - abs(ends) @ (r * here.g**2) / 2
    pairs = [(i, j) for i in network.agents for j in network.agents if _together(network, i, j)]
    assert all(abs(rest[i] - rest[j]) < 1e-9 * size for i, j in pairs)


def _together(network, i, j):
    bears, group = network.reaches_publicly, network.private_group
    return i < j and group[i] == group[j] and bears[i] and bears[j]


@pytest.mark.parametrize("lossy", [False, True])
def test_what_stands_for_no_resistance_is_the_same_in_any_unit(eight, lossy):
    """Priced, a resistance is money per p.u.² and goes with the price of losses; with power it goes as 1 over it."""
    idle = replace(eight, private=replace(eight.private, r=np.zeros(3)))
    least = wires(idle.private, idle, lossy).floor
    assert least > 0
    assert wires(idle.private, idle, lossy, 7.0, 7.0).floor == pytest.approx(least if lossy else 7 * least)
    strong = replace(idle, injection=100 * idle.injection)
    assert wires(strong.private, strong, lossy).floor == pytest.approx(least / 100)
