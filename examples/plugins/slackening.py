"""A price rule of one's own: `python run.py run slackening.toml --plugin slackening.py`."""

from dataclasses import dataclass

import numpy as np

from market.parameters import parameter
from market.prices import PRICES, PriceRule


@dataclass(frozen=True)
class Slackening(PriceRule):
    """Price c log(1 + Y/knee)."""

    c: float = parameter(unit="money/energy", range="(0, inf)", meaning="rise by a factor of e", example=1.0)
    knee: float = parameter(unit="energy", range="(0, inf)", default=10.0, meaning="where the rise slackens")

    def value(self, total):
        return self.c * np.log1p(np.asarray(total) / self.knee)

    def left_slope(self, total):
        return self.c / (self.knee + np.asarray(total, dtype=float))

    def curvature(self, total):
        return -self.c / (self.knee + np.asarray(total, dtype=float)) ** 2

    def supply(self, price):
        return self.knee * np.expm1(np.minimum(np.maximum(np.asarray(price), 0.0) / self.c, 700.0))

    def cost(self, total):
        whole = self.knee + total
        return self.c * (whole * np.log1p(total / self.knee) - total)


PRICES["slackening"] = Slackening
