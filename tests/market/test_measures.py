"""Measures against their definitions written out as loops."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from market.measures import RELATIVE_ROUNDING, gini, jain, lorenz, price_of_anarchy, price_of_fairness
from tests.shares import part_of

RANDOM = settings(max_examples=part_of(60), deadline=None, derandomize=True, database=None)
VALUES = st.lists(st.one_of(st.just(0.0), st.floats(1e-6, 1e6)), min_size=1, max_size=12)


@RANDOM
@given(VALUES)
def test_gini_is_the_mean_difference_over_twice_the_mean(values):
    n, total = len(values), sum(values)
    naive = sum(abs(v - w) for v in values for w in values) / (2 * n * total) if total else 0.0
    assert gini(values) == pytest.approx(naive, abs=1e-12)


@RANDOM
@given(VALUES)
def test_jain_is_the_squared_mean_over_the_mean_square(values):
    naive = sum(values) ** 2 / (len(values) * sum(v * v for v in values)) if sum(values) else 1.0
    assert jain(values) == pytest.approx(naive, rel=1e-12)
    assert 1 / len(values) - 1e-12 <= jain(values) <= 1 + 1e-12


@RANDOM
@given(VALUES, st.floats(1e-3, 1e3))
def test_fairness_indices_do_not_depend_on_the_unit_or_the_order(values, unit):
    for index in (jain, gini):
        assert index([unit * v for v in reversed(values)]) == pytest.approx(index(values), abs=1e-9)


@pytest.mark.parametrize("values", [[1e-200, 2e-200], [1e200, 2e200]])
def test_jain_neither_overflows_nor_vanishes(values):
    assert jain(values) == pytest.approx(0.9)
    assert gini(values) == pytest.approx(1 / 6)


@pytest.mark.parametrize("unit", [1e-100, 1.0, 1e100])
def test_a_loss_within_rounding_is_none_and_beyond_has_no_inequality(unit):
    assert gini(unit * np.array([-RELATIVE_ROUNDING, 1.0, 1.0])) == pytest.approx(gini([0, 1, 1]), rel=1e-6)
    assert np.isnan(gini(unit * np.array([-1e3 * RELATIVE_ROUNDING, 1.0, 1.0])))
    assert gini(np.array([0.0, 0.0])) == 0
    assert np.isnan(gini(unit * np.array([-1.0, 0.0, 1.0])))


def test_prices_of_anarchy_and_fairness_are_undefined_without_welfare():
    assert price_of_anarchy(3.0, 2.0) == 1.5
    assert price_of_anarchy(3e-6, 2e-6) == pytest.approx(1.5)  # little money is no loss
    assert price_of_fairness(1.0, 4.0) == 0.75
    assert price_of_anarchy(3.0, 0.0) is None
    assert price_of_fairness(1.0, 0.0) is None
    assert np.isfinite(jain([]))


def test_shares_of_the_poorest_where_nobody_has_anything_and_where_somebody_loses():
    assert lorenz([0.0, 0.0]).tolist() == [0.0, 0.5, 1.0]
    assert np.isnan(lorenz([-1.0, 2.0, 3.0])).tolist() == [True] * 4
    assert lorenz([5.0, 1.0, 2.0]) == pytest.approx([0, 1 / 8, 3 / 8, 1])
