"""A capacity charge: on the largest purchase of each user."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from market.parameters import parameter
from market.tariffs.tariff import MONEY, TariffRule
from market.tariffs.terms import Terms


@dataclass(frozen=True)
class Capacity(TariffRule):
    """κ max_t z_t⁺ (docs/aggregator/tariffs.md, Formulas); in one period a tax.

    >>> Capacity(charge=2.0).terms(3).paid(np.array([[1.0, 4.0, -5.0]]))
    array([8.])
    """

    charge: float = parameter(
        unit=MONEY,
        range="[0, inf)",
        meaning="paid on the largest purchase of a user in a period of the day",
        example=0.1,
    )

    def terms(self, periods: int) -> Terms:
        return Terms(per_unit=np.zeros(periods), peak=self.charge)
