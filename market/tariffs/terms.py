"""What every tariff comes to: an amount a user, one a unit in each period, one a unit of the largest purchase."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from market.arrays import Array


@dataclass(frozen=True, eq=False)
class Terms:
    """What one user pays: fixed + Σ_t per_unit_t z_t⁺ + peak · max_t z_t⁺ of its net purchases z
    (docs/aggregator/tariffs.md, Formulas).

    fixed in money, whatever it buys; per_unit, shape (periods,), and peak in money per energy.

    >>> Terms(fixed=1.0, per_unit=np.array([0.5, 0.0]), peak=2.0).paid(np.array([[4.0, -3.0]]))
    array([11.])
    """

    fixed: float = 0.0
    per_unit: Array = field(default_factory=lambda: np.zeros(1))
    peak: float = 0.0

    def __add__(self, other: Terms) -> Terms:
        return Terms(self.fixed + other.fixed, self.per_unit + other.per_unit, self.peak + other.peak)

    def variable(self, z: Array) -> Array:
        """The part that depends on net purchases z, shape (users, periods), money, shape (users,)."""
        bought = np.maximum(z, 0.0)
        return np.sum(bought * self.per_unit, axis=1) + self.peak * np.max(bought, axis=1)

    def paid(self, z: Array) -> Array:
        """What users pay for net purchases z, shape (users, periods), money, shape (users,)."""
        return self.fixed + self.variable(z)
