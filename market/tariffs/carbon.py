"""A price of carbon."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from market.arrays import Numbers
from market.parameters import parameter
from market.tariffs.tariff import TariffRule
from market.tariffs.terms import Terms


@dataclass(frozen=True)
class Carbon(TariffRule):
    """Σ_t π e z_t⁺: what a unit bought in a period emits, times the price of that
    (docs/aggregator/tariffs.md, Formulas).

    >>> Carbon(factor=0.4, price=0.1).terms(1).paid(np.array([[5.0]]))
    array([0.2])
    """

    factor: Numbers = parameter(
        type="series", unit="mass/energy", range="[0, inf)", meaning="what each unit bought emits", example=0.4
    )
    price: float = parameter(unit="money/mass", range="[0, inf)", meaning="price of a unit emitted", example=0.1)

    def terms(self, periods: int) -> Terms:
        return Terms(per_unit=self.price * (np.zeros(periods) + self.factor))
