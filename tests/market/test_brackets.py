"""Roots within brackets: the bits of SciPy's own finders, on functions of every kind."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq, elementwise

from market.brackets import brent, chandrupatla

SHAPES = {
    "cubic": lambda x, a, b: (x - a) ** 3 + b * (x - a),
    "exponential": lambda x, a, b: np.exp(np.clip(b * x, -700, 700)) - np.exp(np.clip(b * a, -700, 700)),
    "arc": lambda x, a, b: np.arctan(b * (x - a)),
    "step": lambda x, a, b: np.where(x < a, -1.0, 1.0),
    "bent": lambda x, a, b: np.where(x < a, b * (x - a), (x - a) * 1e-9),
    "hyperbola": lambda x, a, b: (
        1 / (1 + abs(a)) - 1 / (1 + np.abs(x)) if np.ndim(x) else 1 / (1 + abs(a)) - 1 / (1 + abs(x))
    ),
}
ENDS = st.floats(-1e6, 1e6)
SLOPES = st.floats(1e-6, 1e6)


@pytest.mark.parametrize("shape", SHAPES)
@settings(deadline=None)
@given(a=ENDS, b=SLOPES, low=ENDS, high=ENDS, tight=st.booleans())
def test_a_root_is_scipy_s_to_the_bit(shape, a, b, low, high, tight):
    def function(x):
        return float(SHAPES[shape](x, a, b))

    ends = {"xtol": 1e-300, "rtol": 8.9e-16} if tight else {}
    try:
        expected = brentq(function, low, high, **ends)
    except (ValueError, RuntimeError):
        with pytest.raises((ValueError, ArithmeticError)):
            brent(function, low, high, **ends)
    else:
        assert brent(function, low, high, **ends) == expected


@pytest.mark.parametrize("tolerance", [0.0, 1e-14, 1e-7, 1e-3])  # with 0 some never end
@pytest.mark.parametrize("shape", SHAPES)
def test_roots_are_scipy_s_to_the_bit(shape, tolerance):
    rng = np.random.default_rng(1)
    a, low, high = rng.choice([1e-3, 1.0, 1e6], (3, 2000)) * rng.choice([-1.0, 0.0, 1.0, 0.3], (3, 2000))
    low, high = (end + rng.normal(size=2000) * rng.choice([0, 1, 1e5], 2000) for end in (low, high))
    b = 10 ** rng.uniform(-6, 6, 2000)

    def function(x, which):
        return SHAPES[shape](x, a[which], b[which]) + 0 * x

    tolerances = {"xatol": tolerance, "xrtol": tolerance, "fatol": 0.0, "frtol": 0.0}
    with np.errstate(all="ignore"):
        expected = elementwise.find_root(
            function, (low, high), args=(np.arange(2000),), tolerances=tolerances, maxiter=200
        )
        found = chandrupatla(function, low, high, tolerance)
    assert np.isfinite(found).sum() > 100
    assert np.array_equal(found, expected.x, equal_nan=True)


def test_no_number_and_no_change_of_sign_are_told():
    with pytest.raises(ValueError, match="not a number at 0"):
        brent(lambda x: float("nan") if x == 0 else x, 0, 1)
    with pytest.raises(ValueError, match="one sign at 1 and 2"):
        brent(lambda x: x, 1, 2)
    with pytest.raises(ArithmeticError, match="no root"):
        brent(lambda x: -1.0 if x < 0.3 else 1.0, 0.0, 1e300, xtol=0.0, rtol=0.0)
