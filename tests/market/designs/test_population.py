"""The map from one population to each market: checked against brute force, derivatives and integrals."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad

from market.designs.population import Population, at_tariff, further, wanted
from market.designs.supply import Supply
from market.prices import Affine, Piecewise
from tests.shares import part_of

POSITIVE = st.floats(0.01, 10)
MONEY = st.floats(0, 10)


def utility(a, b, x):
    return b * x - a * x**2


@settings(max_examples=part_of(200), deadline=None)
@given(a=POSITIVE, b=MONEY, generation=MONEY, prices=st.tuples(MONEY, MONEY))
def test_consumption_at_the_tariff_is_the_best_of_a_fine_grid(a, b, generation, prices):
    sell, buy = sorted(prices)
    best = float(at_tariff(np.array([a]), np.array([b]), np.array([generation]), buy, sell)[0])

    def gained(x):
        left = generation - x
        return utility(a, b, x) + np.where(left > 0, sell, buy) * left

    grid = np.linspace(0, max(b / (2 * a), generation, 1e-3), 4001)
    assert gained(np.array(best)) >= np.max(gained(grid)) - 1e-9 * (1 + b * grid[-1])


@settings(max_examples=part_of(200), deadline=None)
@given(a=POSITIVE, b=MONEY, generation=MONEY, z=MONEY)
def test_utility_of_further_energy_is_the_difference_of_utilities(a, b, generation, z):
    slope, first = (float(one[0]) for one in further(np.array([a]), np.array([b]), np.array([generation])))
    difference = utility(a, b, generation + z) - utility(a, b, generation)
    if b >= 2 * a * generation:
        assert utility(slope, first, z) == pytest.approx(difference, abs=1e-9 * (1 + a * (generation + z) ** 2))
    else:
        assert (first, difference <= 1e-9) == (0.0, True)  # more than enough already: nothing further is bought


@settings(max_examples=part_of(200), deadline=None)
@given(a=POSITIVE, b=MONEY, price=MONEY, generation=MONEY)
def test_who_buys_beside_generation_ends_where_it_would_without_the_map(a, b, price, generation):
    slope, first = further(np.array([a]), np.array([b]), np.array([generation]))
    whole = max(float(wanted(a, b, price)) - generation, 0.0)
    assert float(wanted(slope, first, price)[0]) == pytest.approx(whole, abs=1e-9 * (1 + b / a))


def test_own_generation_alone_may_be_thrown_away():
    people = Population(*(np.array(v) for v in ([0.5, 0.5], [3.0, 3.0], [1.0, 9.0], [1, 1], [0, 0])), ("a",))
    assert people.alone.tolist() == [2.5, 4.5]


@settings(max_examples=part_of(100), deadline=None)
@given(p0=MONEY, c=POSITIVE, floor=MONEY, net=st.floats(-20, 20))
def test_the_cost_is_the_integral_of_the_price(p0, c, floor, net):
    supply = Supply(p0, c, floor)
    bend = supply.bend / net if net else 0.0
    area = net * quad(lambda share: float(supply.price(share * net)), 0, 1, points=[bend] if 0 < bend < 1 else None)[0]
    assert float(supply.cost(net)) == pytest.approx(area, abs=1e-7 * (1 + abs(area)))


@settings(max_examples=part_of(100), deadline=None)
@given(p0=MONEY, c=POSITIVE, floor=MONEY, above=MONEY)
def test_the_most_profit_is_that_of_a_fine_grid(p0, c, floor, above):
    supply, price = Supply(p0, c, floor), floor + above
    nets = np.append(np.linspace(-3000, 3000, 60_001), (price - p0) / c)
    profits = price * nets - supply.cost(nets)
    assert float(supply.most_profit(price)) == pytest.approx(profits.max(), rel=1e-9, abs=1e-6)


@settings(max_examples=part_of(100), deadline=None)
@given(p0=MONEY, c=POSITIVE, floor=MONEY, fed_in=MONEY, total=MONEY)
def test_the_price_of_purchases_is_that_of_net_imports(p0, c, floor, fed_in, total):
    supply = Supply(p0, c, floor)
    rule = supply.rule(fed_in)
    assert float(rule.value(total)) == pytest.approx(float(supply.price(total - fed_in)), abs=2e-6 * (1 + p0 + c * 10))
    assert isinstance(rule, Affine if p0 - c * fed_in >= floor else Piecewise)
