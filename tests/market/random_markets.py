"""Hypothesis strategies for markets, the awkward ones included."""

import numpy as np
from hypothesis import strategies as st

from market.aggregator.game import Block, Game
from market.prices import Affine, Dispatch, Linear, Piecewise, Power
from market.utilities import Logarithmic, Quadratic

ALPHAS = (0.0, 0.3, 0.5, 0.75, 1.0, 2.0, 5.0, 30.0, 50.0, np.inf)
OFFSETS = (0.0, 1e-9, 1e-4, 0.01, 1.0)


def powers_of_ten(low, high):
    """10^e, e uniform."""
    return st.floats(low, high).map(lambda e: 10.0**e)


def worths():
    """Reservation prices: nothing, a few equal values, any up to 10."""
    return st.one_of(st.just(0.0), st.sampled_from((1.0, 5.0)), st.floats(1e-3, 10.0))


def steps(draw, n):
    """A piecewise price: flat pieces, jumps and concave and convex kinks."""
    run = draw(st.lists(st.one_of(st.just(0.0), powers_of_ten(-2, 1.5)), min_size=n, max_size=n))
    rise = draw(st.lists(st.one_of(st.just(0.0), powers_of_ten(-2, 0.7)), min_size=n, max_size=n))
    run[0], rise[0] = run[0] or 1.0, rise[0] or 1.0
    for k in range(1, n):
        run[k] = run[k] or (run[k - 1] == 0) * 1.0
    quantities, prices = np.cumsum([0.0, *run]), np.cumsum([draw(st.sampled_from((0.0, 0.5))), *rise])
    return Piecewise(quantities, prices, last_slope=draw(powers_of_ten(-3, 1)))


def fleet(draw, n):
    """Economic dispatch whose demand may exceed its capacity."""
    size = draw(st.lists(st.one_of(st.sampled_from((0.3, 1.0)), powers_of_ten(-2, 2)), min_size=n, max_size=n))
    quadratic = draw(st.lists(st.one_of(st.sampled_from((0.1, 0.5)), powers_of_ten(-3, 1)), min_size=n, max_size=n))
    linear = draw(st.lists(st.one_of(st.just(0.0), st.floats(1e-6, 6)), min_size=n, max_size=n))
    dearest = max(lin + 2 * q * m for lin, q, m in zip(linear, quadratic, size, strict=True))
    return Dispatch(size, quadratic, linear, cap=dearest + draw(st.sampled_from((0.0, 0.5, 20.0))))


@st.composite
def rules(draw, kinds=("linear", "affine", "power", "piecewise", "dispatch"), costs=(-9, 3)):
    kind = draw(st.sampled_from(kinds))
    c = draw(st.one_of(st.sampled_from((0.001, 1.0)), powers_of_ten(*costs)))
    if kind == "linear":
        return Linear(c)
    if kind == "affine":
        return Affine(draw(st.floats(1e-9, 6)), c)
    if kind == "power":
        return Power(c, draw(st.floats(0.3, 3.0)))
    return (steps if kind == "piecewise" else fleet)(draw, draw(st.integers(1, 4)))


@st.composite
def utilities(draw, users=(1, 5), decades=(-3, 3)):
    n = draw(st.integers(*users))
    size = np.array(draw(st.lists(st.one_of(st.just(0.5), powers_of_ten(*decades)), min_size=n, max_size=n)))
    b = np.array(draw(st.lists(worths(), min_size=n, max_size=n)))
    return Quadratic(size, b) if draw(st.booleans()) else Logarithmic(b, 1 / size)


@st.composite
def players(draw, users=(1, 5), decades=(-3, 3)):
    utility = draw(utilities(users, decades))
    alpha, offset = draw(st.sampled_from(ALPHAS)), draw(st.sampled_from(OFFSETS))
    return Block("player", "aggregator", utility, alpha, offset, np.array([len(utility)]))


@st.composite
def games(draw, most_players=8, users=(1, 4), decades=(-3, 3), **prices):
    n = draw(st.integers(1, most_players))
    return Game(draw(rules(**prices)), tuple(draw(players(users, decades)) for _ in range(n)))
