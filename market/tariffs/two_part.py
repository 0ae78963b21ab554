"""A two-part tariff: a charge for being connected, and a rate on what is bought."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from market.arrays import Numbers
from market.parameters import parameter
from market.tariffs.tariff import MONEY, TariffRule
from market.tariffs.terms import Terms


@dataclass(frozen=True)
class TwoPart(TariffRule):
    """F + Σ_t r z_t⁺ (docs/aggregator/tariffs.md, Formulas).

    >>> TwoPart(fixed=2.0, rate=0.5).terms(2).paid(np.array([[3.0, 1.0]]))
    array([4.])
    """

    fixed: float = parameter(
        unit="money/user", range="[0, inf)", meaning="paid by each user, whatever it buys; each day", example=1.0
    )
    rate: Numbers = parameter(
        type="series", unit=MONEY, range="[0, inf)", default=0.0, meaning="paid on each unit bought", example=0.01
    )

    def terms(self, periods: int) -> Terms:
        return Terms(self.fixed, np.zeros(periods) + self.rate)
