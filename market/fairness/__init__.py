"""Fairness objectives of an aggregator; to add one, write a file and add its line here."""

import math

from market.fairness.alpha_fair import AlphaFair
from market.fairness.max_min import MaxMin

OBJECTIVES = {"alpha-fair": AlphaFair, "max-min": MaxMin}


def objective(alpha, offset):
    """The objective Φ_alpha with a surplus offset: alpha-fair for finite alpha, max-min for infinity.

    >>> objective(1.0, 0.01).alpha, type(objective(math.inf, 0.0)).__name__
    (1.0, 'MaxMin')
    """
    return OBJECTIVES["max-min"]() if math.isinf(alpha) else OBJECTIVES["alpha-fair"](float(alpha), float(offset))


__all__ = ["OBJECTIVES", "AlphaFair", "MaxMin", "objective"]
