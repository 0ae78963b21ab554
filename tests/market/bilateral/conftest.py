"""Markets and independent checks the tests share, as fixtures."""

from functools import cache

import numpy as np
import pytest

from market.bilateral.market import Market, assignment_game
from market.bilateral.signing import signed

SHAPLEY_SHUBIK = [[5, 7, 2], [8, 9, 3], [2, 6, 0]]


@pytest.fixture(scope="session")
def shapley_shubik():
    """The horse market of Shapley and Shubik 1971, optimally matched."""
    return signed(assignment_game(SHAPLEY_SHUBIK))


@pytest.fixture(scope="session")
def game():
    """A function: the bargain of a bare assignment game, optimally matched unless a matching is given."""
    return lambda values, matching="optimal": signed(assignment_game(values), matching=matching)


@pytest.fixture(scope="session")
def energy_market():
    """A function of numbers of buyers and sellers and a seed: a market with tastes, quantities of 1 to 5 kWh."""

    def draw(buyers, sellers, seed, **options):
        rng = np.random.default_rng(seed)
        return Market(
            rng.uniform(0.15, 0.25, buyers),
            rng.uniform(1, 5, buyers),
            rng.uniform(0.05, 0.15, sellers),
            rng.uniform(1, 5, sellers),
            rng.uniform(-0.03, 0.03, (buyers, sellers)),
            **options,
        )

    return draw


@pytest.fixture(scope="session")
def coalition_values():
    """A function of pair values (m, n): v of every coalition by enumeration, keys (mask of buyers, mask of sellers)."""

    def values_of(values):
        values = np.asarray(values, dtype=float)
        m, n = values.shape

        @cache
        def best(buyers, sellers):
            if not buyers:
                return 0.0
            i = buyers.bit_length() - 1
            rest = buyers & ~(1 << i)
            options = [best(rest, sellers)]
            for j in range(n):
                if sellers >> j & 1:
                    options.append(max(values[i, j], 0.0) + best(rest, sellers & ~(1 << j)))
            return max(options)

        return {(b, s): best(b, s) for b in range(1 << m) for s in range(1 << n)}

    return values_of
