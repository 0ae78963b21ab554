"""A time-of-use tariff: a surcharge that differs by period."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from market.arrays import Numbers
from market.parameters import parameter
from market.tariffs.tariff import MONEY, TariffRule
from market.tariffs.terms import Terms


@dataclass(frozen=True)
class TimeOfUse(TariffRule):
    """Σ_t σ_t z_t⁺ (docs/aggregator/tariffs.md, Formulas).

    >>> TimeOfUse(surcharge=np.array([0.0, 0.5])).terms(2).paid(np.array([[3.0, 4.0]]))
    array([2.])
    """

    by_period = True

    surcharge: Numbers = parameter(
        type="series",
        unit=MONEY,
        range="(-inf, inf)",
        meaning="paid on each unit bought in a period; below 0: a discount",
        example=0.02,
    )

    def terms(self, periods: int) -> Terms:
        return Terms(per_unit=np.zeros(periods) + self.surcharge)
