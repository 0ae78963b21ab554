"""The split of a purchase inside an aggregator, against cvxpy and against nested bisection."""

import cvxpy as cp
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from market.aggregator.allocation import split, split_at
from market.aggregator.game import Block
from market.fairness import objective
from market.utilities import Logarithmic, Quadratic
from tests.shares import part_of

RANDOM = settings(
    max_examples=part_of(60),
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
ALPHAS = (0.0, 0.3, 0.75, 1.0, 2.0, 5.0, 30.0, np.inf)


def block(utility, alpha, offset, sizes=None):
    return Block("a", "aggregator", utility, alpha, offset, np.array([len(utility)] if sizes is None else sizes))


def by_cvxpy(utility, price, y, alpha, offset):
    """Surpluses of the best split, by a general convex solver."""
    x = cp.Variable(len(utility), nonneg=True)
    if isinstance(utility, Quadratic):
        surplus = cp.multiply(utility.b - price, x) - cp.multiply(utility.a, cp.square(x))
    else:
        surplus = cp.multiply(utility.b * utility.k, cp.log(1 + cp.multiply(1 / utility.k, x))) - price * x
    level = surplus + offset
    if np.isinf(alpha):
        aim = cp.min(surplus)
    elif alpha == 1:
        aim = cp.sum(cp.log(level))
    elif alpha < 1:
        aim = cp.sum(level) if alpha == 0 else cp.sum(cp.power(level, 1 - alpha))
    else:
        aim = -cp.log_sum_exp((1 - alpha) * cp.log(level))
    cp.Problem(cp.Maximize(aim), [cp.sum(x) == y, surplus >= 0]).solve(solver=cp.CLARABEL)
    return x.value, np.maximum(surplus.value, 0.0)


@pytest.mark.share
@pytest.mark.filterwarnings("ignore:Power atom")
@pytest.mark.parametrize("make", [Quadratic, lambda a, b: Logarithmic(b, 1 / a)], ids=["quadratic", "log"])
@pytest.mark.parametrize("alpha", ALPHAS)
def test_the_split_is_the_one_cvxpy_finds(alpha, make):
    rng = np.random.default_rng(11)
    for offset in (0.01, 0.3):
        utility, price = make(rng.uniform(0.1, 0.9, 5), rng.uniform(2, 10, 5)), 1.2
        wanted = utility.demand(price).sum()
        for y in (0.15 * wanted, 0.6 * wanted):
            x = split(block(utility, alpha, offset), np.array([price]), np.array([[y]]))[0]
            peer_x, peer = by_cvxpy(utility, price, y, alpha, offset)
            held = utility.surplus(price, x)
            assert x.sum() == pytest.approx(y, rel=1e-12)
            assert x.min() >= 0
            assert held.min() >= -1e-12
            assert objective(alpha, offset).gain(peer, held, held > 0) <= 1e-6
            if alpha <= 2:  # beyond it the objective hardly moves with the larger quantities
                np.testing.assert_allclose(x, peer_x, atol=2e-3 * y)


@RANDOM
@given(data=st.data())
def test_no_split_by_nested_bisection_is_better(brute, markets, data):
    player = data.draw(markets.players((2, 5)))
    price = data.draw(st.floats(0.01, 9.0))
    utility = player.utility.take(player.utility.reservation > price)
    if len(utility) < 2:
        return
    y = data.draw(st.floats(1e-3, 0.999)) * utility.demand(price).sum()
    x = split(block(utility, player.alpha, player.surplus_offset), np.array([price]), np.array([[y]]))[0]
    held = utility.surplus(price, x)
    assert x.sum() == pytest.approx(y, rel=1e-12)
    assert x.min() >= 0
    assert held.min() >= -1e-12 * utility.best_surplus(price).max()
    at = np.array([price]), np.array([y])
    if np.isinf(player.alpha):
        assert held.min() == pytest.approx(brute.least_surplus(utility, *at, True)[0], rel=1e-8)
        return
    rival = brute.fair_surpluses(utility, *at, player.alpha, player.surplus_offset)
    assert brute.relative_gain(rival, held, player.alpha, player.surplus_offset)[0] <= 1e-9


@pytest.mark.parametrize("alpha", ALPHAS)
def test_what_users_do_not_want_is_shared_in_proportion_to_what_they_want(alpha):
    utility = Quadratic(np.array([0.5, 0.5]), np.array([3.0, 5.0]))
    x = split(block(utility, alpha, 0.01), np.array([1.0]), np.array([[12.0]]))[0]
    np.testing.assert_allclose(x, [4.0, 8.0])
    priced_out = split(block(utility, alpha, 0.01), np.array([6.0]), np.array([[12.0]]))[0]
    np.testing.assert_allclose(priced_out, [6.0, 6.0])


@pytest.mark.parametrize("alpha", ALPHAS)
def test_no_purchase_is_split_into_nothing(alpha):
    utility = Quadratic(np.array([0.5, 0.5]), np.array([3.0, 5.0]))
    assert split(block(utility, alpha, 0.01), np.array([1.0]), np.array([[0.0]])).tolist() == [[0.0, 0.0]]


@pytest.mark.parametrize("alpha", ALPHAS)
def test_players_and_prices_are_split_independently(alpha):
    rng = np.random.default_rng(4)
    utility = Quadratic(rng.uniform(0.1, 0.9, 6), rng.uniform(0, 10, 6))
    price, y = np.array([0.5, 1.5]), np.array([[1.0, 2.0], [3.0, 0.5]])
    whole = split(block(utility, alpha, 0.01, [2, 4]), price, y)
    for node in range(2):
        for j, rows in enumerate((slice(0, 2), slice(2, 6))):
            alone = split(block(utility.take(rows), alpha, 0.01), price[node : node + 1], y[node, j].reshape(1, 1))
            np.testing.assert_allclose(whole[node, rows], alone[0], rtol=1e-9, atol=1e-12)


def max_min(y, poorest, rest):
    """(The max-min split of purchases y between two quadratic users of (a, b − p) where the poorer has all it wants:
    the other has the rest; which of the purchases these are).
    """
    most = poorest[1] ** 2 / (4 * poorest[0])
    eager = (rest[1] - np.sqrt(rest[1] ** 2 - 4 * rest[0] * most)) / (2 * rest[0])
    first = poorest[1] / (2 * poorest[0])
    beyond = y > first + eager
    return np.stack([np.full(len(y), first), y - first], axis=-1)[beyond], beyond


@pytest.mark.parametrize("unit", [1e-6, 1.0, 1e6])
def test_beyond_the_poorest_users_wish_max_min_gives_the_others_the_rest(unit):
    """Players of two users each and of one, at two prices; energy in another unit."""
    a, b = np.array([0.5, 0.1, 0.7, 0.2, 0.9]), np.array([3.0, 9.0, 5.0, 2.0, 8.0])
    users = block(Quadratic(a / unit, b), np.inf, 0.01 * unit, [2, 1, 2])
    prices = np.array([0.5, 1.0])
    for k, price in enumerate(prices):
        wanted = (b - price) / (2 * a)
        for rows, poor, rich, player in ((slice(0, 2), 0, 1, 0), (slice(3, 5), 3, 4, 2)):
            y = np.linspace(0.02, 0.999, 12) * wanted[rows].sum()
            known, beyond = max_min(y, (a[poor], b[poor] - price), (a[rich], b[rich] - price))
            assert beyond.any() and not beyond.all()
            for one, right in zip(y[beyond], known, strict=True):
                bought = np.full((2, 3), 0.1 * unit)
                bought[k, player] = one * unit
                x = split(users, prices, bought)
                np.testing.assert_allclose(x[k, rows], right * unit, rtol=1e-7)
                np.testing.assert_allclose(users.by_player(np.add, x), bought, rtol=1e-12)


@pytest.mark.parametrize("alpha", ALPHAS)
@pytest.mark.parametrize("size", [1, 2])
def test_users_alike_share_evenly_what_is_less_than_they_want(alpha, size):
    utility, price = Quadratic(np.full(2 * size, 0.5), np.full(2 * size, 3.0)), np.array([1.0])
    x = split(block(utility, alpha, 0.01, [size, size]), price, np.array([[1e-9, 1.9 * size]]))[0]
    np.testing.assert_allclose(x, np.repeat([1e-9 / size, 1.9], size), rtol=1e-9)


@pytest.mark.parametrize("alpha", [0.5, 1.0, 2.0, np.inf])
@pytest.mark.parametrize(("energy", "money"), [(1e-6, 1.0), (1e6, 1e-3), (1.0, 1e5)])
def test_a_split_is_the_same_in_any_units(alpha, energy, money):
    a, b = np.array([0.5, 0.2, 0.4]), np.array([3.0, 8.0, 0.5])
    price, y = np.array([1.0, 2.5]), np.array([[4.0], [9.0]])
    known = split(block(Quadratic(a, b), alpha, 0.01), price, y)
    other = block(Quadratic(a * money / energy, b * money), alpha, 0.01 * money * energy)
    np.testing.assert_allclose(split(other, price * money, y * energy), known * energy, rtol=1e-9, atol=1e-12 * energy)
    assert known[:, 2].max() == 0


@pytest.mark.parametrize("alpha", [0.0, 1.0, 2.0])
def test_what_costs_nothing_is_split_as_cvxpy_does_though_it_is_wanted_without_end(alpha):
    utility = Logarithmic(np.array([2.0, 5.0, 9.0]), np.array([1.0, 3.0, 0.5]))
    x = split(block(utility, alpha, 0.3), np.zeros(1), np.array([[6.0]]))[0]
    np.testing.assert_allclose(x, by_cvxpy(utility, 0.0, 6.0, alpha, 0.3)[0], atol=1e-2)
    assert x.sum() == pytest.approx(6, rel=1e-12)


def test_what_costs_nothing_is_split_into_equal_surpluses_by_max_min():
    utility = Logarithmic(np.array([2.0, 5.0, 9.0]), np.array([1.0, 3.0, 0.5]))
    x = split(block(utility, np.inf, 0.01), np.zeros(1), np.array([[6.0]]))[0]
    assert x.sum() == pytest.approx(6, rel=1e-12)
    np.testing.assert_allclose(utility.surplus(0.0, x), utility.surplus(0.0, x)[0], rtol=1e-9)


def test_a_purchase_at_one_price_is_split_as_each_players_block_splits_it():
    a, b = np.array([0.5, 0.2, 0.4, 0.3]), np.array([3.0, 8.0, 5.0, 9.0])
    users, y = block(Quadratic(a, b), 1.0, 0.01, [2, 1, 1]), np.array([3.0, 2.0, 1.5])
    x = split_at(users, 1.0, y)
    for rows, bought in ((slice(0, 2), 3.0), (slice(2, 3), 2.0), (slice(3, 4), 1.5)):
        alone = block(Quadratic(a[rows], b[rows]), 1.0, 0.01)
        np.testing.assert_allclose(x[rows], split(alone, np.array([1.0]), np.array([[bought]]))[0], rtol=1e-9)
