"""Alpha-fairness: welfare at 0, proportional fairness at 1, ever closer to max-min beyond."""

from dataclasses import dataclass

import numpy as np

from market.fairness.one_player import OnePlayer

TINY = 1e-300
MOST = 700.0  # exp of it is still a number
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

    def multiplier(self, utility, price, x, roof=None):
        """The z at which a user would get quantity x, shape (…, users); infinite ends for users at either limit."""
        margin = np.maximum(utility.marginal(x) - price, TINY)
        kept = np.maximum(utility.surplus(price, x) + self.offset, TINY)
        return np.log(margin) - self.alpha * np.log(kept)

    def log_scale(self, surplus, served):
        """Logarithm of Σ (s + offset)^(1−alpha) over the served users, the unit in which `gain` counts."""
        with np.errstate(divide="ignore"):
            power = (1 - self.alpha) * np.log(np.maximum(surplus + self.offset, TINY))
        return np.logaddexp.reduce(np.where(served, power, -np.inf), axis=-1)

    def gain(self, new, old, served, players=None):
        """Rise of the objective from surpluses `old` to `new`, as a share of Σ (old + offset)^(1−alpha) of the served.

        Arrays of shape (…, users) of one player, result (…); with a block of `players`, result (…, players). Formed
        user by user in log space, so no power overflows or swallows the rest; the rise itself where nobody is served.
        """
        group = OnePlayer if players is None else players
        power = 1 - self.alpha
        log_old = np.log(np.maximum(old + self.offset, TINY))
        ratio = np.log(np.maximum(new + self.offset, TINY)) - log_old
        if power == 0:
            rise, base = ratio, np.where(served, 1.0, 0.0)
        else:
            weight = power * log_old
            heaviest = group.by_player(np.maximum, np.where(served, weight, -np.inf))
            weight = weight - group.to_users(np.where(np.isfinite(heaviest), heaviest, 0.0))
            rise = _rise(weight, power * ratio) / power
            base = np.where(served, np.exp(np.minimum(weight, 0.0)), 0.0)
        base = group.by_player(np.add, base)
        gain = group.by_player(np.add, rise) / np.where(base > 0, base, 1.0)
        return gain[..., 0] if players is None else gain


def _rise(weight, change):
    """exp(weight + change) − exp(weight), exact where the change is small, finite where it is large."""
    start = np.exp(np.minimum(weight, MOST))
    jump = np.exp(np.minimum(weight + change, MOST)) - start
    return np.where(change < 1, start * np.expm1(np.minimum(change, 1.0)), jump)
