"""Users of one form: Halley's method starts near quadratic users' margins; what little a logarithmic one loses."""

from decimal import Decimal, getcontext

import numpy as np
import pytest

from market.parameters import ParameterError
from market.prices import Piecewise
from market.utilities import Logarithmic, Quadratic, quadratic
from market.utilities.utility import Utility


@pytest.mark.parametrize("alpha", [0.3, 0.75, 2.0, 5.0, 20.0])
def test_two_steps_from_the_tangents_are_enough(alpha, monkeypatch):
    monkeypatch.setattr(quadratic, "MOST_ANGLE_STEPS", 2)
    log_k = np.linspace(-60, 60, 1001)
    theta = quadratic._theta(log_k, alpha)
    missed = (alpha - 0.5) * np.logaddexp(0, theta) - alpha * theta - log_k
    assert np.max(np.abs(missed) / (1 + np.abs(log_k))) < 1e-11


def test_a_quantity_that_stands_twice_at_one_price_is_no_jump():
    rule = Piecewise([0.0, 1.0, 1.0, 2.0], [0.0, 1.0, 1.0, 3.0], 5.0)
    assert (rule.right_slope(1.0), rule.left_slope(1.0), rule.value(1.0), rule.right_value(1.0)) == (2, 1, 1, 1)
    assert Piecewise([0.0, 1.0, 1.0], [0.0, 1.0, 2.0], 5.0).right_slope(1.0) == np.inf


def test_a_utility_that_says_nothing_has_no_closed_form_and_is_as_bent_as_it_is():
    users = Quadratic(np.ones(2), np.ones(2))
    assert not Utility.closed_form(users, 0.0) and Utility.bent(users, 9.0) is users
    assert [users.closed_form(alpha) for alpha in (0.0, 0.5, 1.0, 2.0, np.inf)] == [True, False, True, False, True]
    assert users.bent(2.0) is users and users.bent(np.array([1.0, 3.0])).a.tolist() == [1.0, 1.5]


def test_exactly_one_of_b_and_size_is_said():
    made = Quadratic.of_keys(np.array([2.0]), size=np.array([3.0]))
    assert made.b.tolist() == [6.0] and Quadratic.of_keys(np.ones(1), np.array([4.0])).b.tolist() == [4.0]
    Quadratic.check_keys({"a": 1, "b": 1})
    Quadratic.check_keys({"a": 1, "size": 1})
    for keys, got in (({"a": 1}, "neither"), ({"b": 1, "size": 1}, "both")):
        with pytest.raises(ParameterError, match=got):
            Quadratic.check_keys(keys)


@pytest.mark.parametrize("share", [1e-12, 1e-5, 0.003, 0.00999, 0.01, 0.0101, 0.5, 3.0])
def test_what_a_logarithmic_user_loses_by_a_margin_keeps_its_digits(share):
    """b k (log(1 + d) − d / (1 + d)) of the margin's share d of the price, to fifty digits."""
    getcontext().prec = 50
    users, price, d = Logarithmic(np.array([9.0]), np.array([2.0])), 1.25, Decimal(1.25 * share) / Decimal("1.25")
    lost = 18 * ((1 + d).ln() - d / (1 + d))
    assert users.surplus_lost(price, 1.25 * share)[0] == pytest.approx(float(lost), rel=1e-13)


def test_a_logarithmic_user_at_the_edges():
    users = Logarithmic(np.array([4.0, 0.0]), np.array([2.0, 2.0]))
    assert users.demand(4.0).tolist() == [0, 0] and users.demand(1.0).tolist() == [6, 0]
    assert np.all(np.isfinite(users.demand(0.0))) and users.demand_slope(1.0).tolist() == [8, 0]
    assert users.bent(np.array([1.0, 0.0])) is users
    assert users.bent(np.array([4.0, 0.0])).k.tolist() == [1.0, 2.0]  # b / k at no energy is at least 4
    x = users.meets(1.0, 0.5)
    assert users.marginal(x)[0] == pytest.approx(1 + 0.5 * x[0]) and x[1] == 0
    assert users.best_surplus(1.0) == pytest.approx([4 * 2 * np.log(4) - 6, 0])
    assert [users.closed_form(alpha) for alpha in (0.0, 1.0)] == [True, False]
