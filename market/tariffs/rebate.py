"""Money back: an amount, a part of the revenue, or an amount a unit below a baseline."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from market.parameters import ParameterError, parameter
from market.tariffs.tariff import MONEY, TariffRule
from market.tariffs.terms import Terms


@dataclass(frozen=True)
class Rebate(TariffRule):
    """−A − r (B − Σ_t z_t⁺) − φ R/N: of the revenue R of all tariffs but rebates each of the N users whom it meets
    gets the same (docs/aggregator/tariffs.md, Formulas).

    Above the baseline r is paid: a rebate that ended there would leave a user two best purchases.

    >>> Rebate(per_unit=0.5, baseline=10.0).terms(1).paid(np.array([[8.0], [12.0]]))
    array([-1.,  1.])
    """

    returned = True

    amount: float = parameter(unit="money/user", range="[0, inf)", default=0.0, meaning="back to each user; each day")
    share: float = parameter(range="[0, 1]", default=0.0, meaning="of the other tariffs' revenue, in equal parts")
    per_unit: float = parameter(
        unit=MONEY, range="[0, inf)", default=0.0, meaning="back on each unit below the baseline, paid on each above"
    )
    baseline: float = parameter(
        unit="energy", range="[0, inf)", default=0.0, meaning="what per_unit is counted from, of each user and day"
    )

    @staticmethod
    def check_keys(keys: Mapping[str, float]) -> None:
        """Raises ParameterError for a baseline of nothing."""
        if keys["baseline"] > 0 and not keys["per_unit"] > 0:
            raise ParameterError("baseline", f"got {keys['baseline']:g} without per_unit", "a per_unit is needed")

    def terms(self, periods: int) -> Terms:
        return Terms(-self.amount - self.per_unit * self.baseline, np.zeros(periods) + self.per_unit)
