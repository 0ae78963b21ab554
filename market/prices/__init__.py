"""Price rules p(Y); to add one, write a file with a `PriceRule` subclass and add its line here."""

from market.prices.affine import Affine
from market.prices.dispatch import Dispatch
from market.prices.linear import Linear
from market.prices.piecewise import Piecewise
from market.prices.power import Power
from market.prices.price_rule import PriceRule

PRICES = {"linear": Linear, "affine": Affine, "power": Power, "piecewise": Piecewise, "dispatch": Dispatch}

__all__ = ["PRICES", "Affine", "Dispatch", "Linear", "Piecewise", "Power", "PriceRule"]
