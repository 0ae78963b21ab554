"""Fairness objectives of an aggregator; to add one, write a file with an `Objective` and add its line here."""

from market.fairness.alpha_fair import AlphaFair
from market.fairness.max_min import MaxMin
from market.fairness.objective import Objective

OBJECTIVES = {"alpha-fair": AlphaFair, "max-min": MaxMin}


def objective(alpha: float, offset: float) -> Objective:
    """The objective Φ_alpha with a surplus offset, money, see AlphaFair (Li, Motoki, Zhang, eqs. 2, 3, 11).

    >>> objective(1.0, 0.01).alpha, type(objective(float("inf"), 0.0)).__name__
    (1.0, 'MaxMin')
    """
    return AlphaFair.of_keys(alpha, offset)


__all__ = ["OBJECTIVES", "AlphaFair", "MaxMin", "Objective", "objective"]
