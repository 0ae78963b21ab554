"""A tax on energy."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from market.arrays import Numbers
from market.parameters import parameter
from market.tariffs.tariff import MONEY, TariffRule
from market.tariffs.terms import Terms


@dataclass(frozen=True)
class Tax(TariffRule):
    """Σ_t τ z_t⁺ (docs/aggregator/tariffs.md, Formulas).

    >>> Tax(per_unit=0.5).terms(1).paid(np.array([[3.0]]))
    array([1.5])
    """

    per_unit: Numbers = parameter(
        type="series", unit=MONEY, range="[0, inf)", meaning="tax on each unit bought", example=0.02
    )

    def terms(self, periods: int) -> Terms:
        return Terms(per_unit=np.zeros(periods) + self.per_unit)
