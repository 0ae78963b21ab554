"""Fairness objectives of an aggregator; to add one, write a file and add its line here."""

from market.fairness.alpha_fair import AlphaFair
from market.fairness.max_min import MaxMin

OBJECTIVES = {"alpha-fair": AlphaFair, "max-min": MaxMin}


LARGEST = 1e6  # alpha beyond which nothing is told from max-min: purchases would differ by less than a millionth


def objective(alpha, offset):
    """The objective Φ_alpha with a surplus offset: alpha-fair up to alpha = LARGEST, max-min beyond and for infinity.

    >>> objective(1.0, 0.01).alpha, type(objective(float("inf"), 0.0)).__name__
    (1.0, 'MaxMin')
    """
    alpha, offset = float(alpha), float(offset)
    return OBJECTIVES["max-min"](offset) if alpha > LARGEST else OBJECTIVES["alpha-fair"](alpha, offset)


__all__ = ["OBJECTIVES", "AlphaFair", "MaxMin", "objective"]
