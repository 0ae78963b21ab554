"""Utilities of energy; to add one, write a file with a `Utility` subclass and add its line here."""

from market.utilities.logarithmic import Logarithmic
from market.utilities.quadratic import Quadratic
from market.utilities.utility import Utility

UTILITIES = {"quadratic": Quadratic, "log": Logarithmic}

__all__ = ["UTILITIES", "Logarithmic", "Quadratic", "Utility"]
