"""Alpha-fairness: welfare at 0, proportional fairness at 1, ever closer to max-min beyond."""

from dataclasses import dataclass

import numpy as np

TINY = 1e-300
LEAST = 1e-150  # a margin below it would overflow x/m


@dataclass(frozen=True)
class AlphaFair:
    """Φ(s) = Σ (s_i + offset)^(1−alpha)/(1−alpha), Σ log(s_i + offset) at alpha = 1 (eqs. 2, 3, 11 with an offset).

    A player's multiplier is z = log kappa, kappa the value of one more unit of energy to the objective.
    """

    alpha: float
    offset: float

    def respond(self, utility, price, z, roof=None):
        """Users' quantities and margins and how they move, each shape (…, users) (FOC: m = kappa (s + offset)^alpha).

        Returns (x, margin, demand slope, share, margin_p): share = dlog m/dz, margin_p = dm/dp. A user not served has
        no quantity and no demand slope.
        """
        margin = np.maximum(utility.alpha_fair_margin(price, z, self.alpha, self.offset), LEAST)
        served = margin < utility.reservation - price
        x = utility.demand(price + margin) * served
        bend = utility.demand_slope(price + margin) * served
        if self.alpha == 0:
            return x, margin, bend, 1.0, 0.0
        kept = np.maximum(utility.surplus(price, x) + self.offset, TINY)
        yielding = margin * bend
        pull = self.alpha * margin
        whole = kept + pull * yielding
        return x, margin, bend, kept / whole, -pull * (x + yielding) / whole

    def first_guess(self, utility, price, slope, by_player):
        """Multiplier z of a player too small to move the price; `by_player(ufunc, v)` reduces users to players."""
        demand = utility.demand(price)
        weight = -self.alpha * np.log(np.maximum(utility.best_surplus(price) + self.offset, TINY))
        largest = by_player(np.maximum, np.where(demand > 0, weight, -np.inf))
        with np.errstate(divide="ignore"):
            return np.log(slope * by_player(np.add, demand)) + np.where(np.isfinite(largest), largest, 0.0)

    def log_scale(self, surplus, served):
        """Logarithm of Σ (s + offset)^(1−alpha) over the served users, the unit in which `gain` counts."""
        with np.errstate(divide="ignore"):
            power = (1 - self.alpha) * np.log(np.maximum(surplus + self.offset, TINY))
        return np.logaddexp.reduce(np.where(served, power, -np.inf), axis=-1)

    def gain(self, new, old, served):
        """Rise of the objective from surpluses `old` to `new`, as a share of Σ (old + offset)^(1−alpha) over the served.

        Arrays of shape (…, users); formed user by user in log space, so no power overflows or swallows the rest.
        The rise itself where nobody is served.
        """
        power = 1 - self.alpha
        log_old = np.log(np.maximum(old + self.offset, TINY))
        ratio = np.log(np.maximum(new + self.offset, TINY)) - log_old
        if power == 0:
            return ratio.sum(axis=-1) / np.maximum(np.sum(served, axis=-1), 1)
        weight = power * log_old
        counted = np.where(served, weight, -np.inf).max(axis=-1, keepdims=True)
        scale = np.where(np.isfinite(counted), counted, 0.0)
        rise = np.where(
            power * ratio < 1,
            np.exp(np.minimum(weight - scale, 700.0)) * np.expm1(np.minimum(power * ratio, 1.0)),
            np.exp(np.minimum(weight - scale + power * ratio, 700.0))
            - np.exp(np.minimum(weight - scale, 700.0)),
        )
        base = np.sum(np.where(served, np.exp(np.minimum(weight - scale, 0.0)), 0.0), axis=-1)
        return rise.sum(axis=-1) / power / np.where(base > 0, base, 1.0)
