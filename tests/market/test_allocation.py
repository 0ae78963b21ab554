"""The split of a purchase inside an aggregator, against cvxpy and against nested bisection."""

import cvxpy as cp
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from market.aggregator.allocation import split
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
