"""The best sale against a fine search, and textbook Cournot."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from market.aggregator.network.learners import _sold_alone
from market.aggregator.network.producers import Falling, Producers, best_sale
from tests.shares import part_of


def producer(capacity, cost, rise):
    return Producers("p", *(np.array([float(value)]) for value in (capacity, cost, rise)))


STEP = st.floats(0.1, 5)


@settings(max_examples=part_of(150), deadline=None)
@given(
    st.lists(st.tuples(STEP, st.floats(0, 8)), max_size=5),
    st.floats(0, 3),
    st.floats(0, 4),
    st.tuples(st.floats(0.5, 20), st.floats(-5, 20), st.floats(0, 3)),
)
def test_no_sale_of_a_fine_search_brings_more(steps, last, others, own):
    quantities = np.cumsum([0.0, *(width for width, _ in steps)])
    prices = 30 - np.cumsum([0.0, *(fall for _, fall in steps)])
    rule, one = Falling(quantities, prices, -last), producer(*own)

    def profit(q):
        return rule.value(others + q) * q - one.spent(q)

    best = best_sale(rule, one, others, 0.0)
    assert 0 <= best <= own[0]
    found = profit(np.linspace(0, own[0], 20001)).max()
    assert profit(np.array([best]))[0] >= found - 1e-9 * (1 + abs(found))


def test_cournots_duopoly_by_replies():
    one, two = producer(100, 10, 0.2), producer(100, 5, 0.4)
    rule, q = Falling(np.array([0.0, 100.0]), np.array([100.0, 0.0]), 0.0), np.zeros(2)
    for _ in range(60):
        q[0] = best_sale(rule, one, q[1], q[0])
        q[1] = best_sale(rule, two, q[0], q[1])
    np.testing.assert_allclose(q, [28.27102804, 27.80373832], atol=1e-8)


def test_ties_go_to_the_sale_that_is_made_and_costs_above_the_price_to_none():
    flat = Falling(np.array([0.0]), np.array([7.0]), 0.0)
    assert best_sale(flat, producer(4, 7, 0), 0.0, 3.0) in (0.0, 4.0)
    assert best_sale(flat, producer(4, 8, 0), 0.0, 3.0) == 0.0
    assert best_sale(flat, producer(4, 6, 0), 0.0, 3.0) == 4.0
    assert best_sale(flat, producer(4, 6, 0.5), 0.0, 3.0) == pytest.approx(2.0)


def test_who_is_paid_for_output_beside_its_price_sells_all_that_it_can():
    flat = Falling(np.array([0.0]), np.array([7.0]), 0.0)
    assert best_sale(flat, producer(0.5, -20, 0), 0.0, 0.0) == 0.5


@pytest.mark.parametrize(("cost", "most", "sold"), [(2.0, 26.0, 10.0), (2.0, 4.0, 4.0), (12.0, 26.0, 0.0)])
def test_a_producer_alone_sells_where_the_price_that_it_makes_is_its_marginal_cost(cost, most, sold):
    """10 − q / 2 = 2 + 3 q / 10 at q = 10."""
    falling = Falling(np.array([0.0]), np.array([10.0]), -0.5)
    assert _sold_alone(falling, producer(100.0, cost, 0.3), most) == pytest.approx(sold)


def test_of_sales_that_bring_as_much_the_nearest_to_the_present_is_made():
    flat = Falling(np.array([0.0]), np.array([7.0]), 0.0)
    assert [best_sale(flat, producer(4, 7, 0), 0.0, now) for now in (0.5, 1.9, 2.1, 3.5)] == [0.0, 0.0, 4.0, 4.0]


def test_what_producers_sell_at_a_price_is_up_to_where_marginal_cost_meets_it():
    some = Producers("p", np.array([4.0, 4.0, 4.0]), np.array([1.0, 3.0, 2.0]), np.array([0.5, 1.0, 0.0]))
    known = {0.5: 0.0, 1.0: 0.0, 2.0: 2.0, 2.5: 3.0 + 4.0, 4.0: 4.0 + 1.0 + 4.0, 99.0: 12.0}
    assert {price: some.at_price(price) for price in known} == pytest.approx(known)
    assert some.player(2).at_price(2.0) == 0.0 and some.player(1).at_price(5.0) == 2.0
    np.testing.assert_allclose(some.spent(np.array([2.0, 2.0, 2.0])), [2 + 1, 6 + 2, 4])
    assert some.players == 3 and some.sizes.tolist() == [0, 0, 0]
    assert [some.player_name(1), some.player(1).player_name(0)] == ["p 2", "p"]
    assert some.unmixed_parts == ((slice(0, 3), some),)


def test_a_price_along_sales_is_read_from_the_left_of_a_step():
    rule = Falling(np.array([0.0, 2.0, 2.0, 5.0]), np.array([9.0, 7.0, 4.0, 1.0]), -0.5)
    sales = np.array([0.0, 1.0, 2.0, 2.5, 5.0, 7.0])
    np.testing.assert_allclose(rule.value(sales), [9.0, 8.0, 7.0, 3.5, 1.0, 0.0])
    np.testing.assert_allclose(rule.left_slope(sales), [-1.0, -1.0, -1.0, -1.0, -1.0, -0.5])


@pytest.mark.parametrize("unit", [1e-13, 1.0, 1e13])
def test_who_sells_alone_sells_up_to_where_the_price_meets_marginal_cost(unit):
    """5 − 10 q meets 1 + 2 q at a third."""
    steep = Falling(np.array([0.0, unit]), np.array([5.0, -5.0]), 0.0)
    assert _sold_alone(steep, producer(9 * unit, 1, 2 / unit), 0.9 * unit) == pytest.approx(unit / 3, rel=1e-12, abs=0)
    assert _sold_alone(steep, producer(9 * unit, 1, 2 / unit), 0.2 * unit) == 0.2 * unit
    assert _sold_alone(steep, producer(9 * unit, 6, 2 / unit), 0.9 * unit) == 0.0
    assert _sold_alone(steep, producer(9 * unit, 1, 2 / unit), 0.0) == 0.0
