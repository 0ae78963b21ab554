"""Alpha-fairness: welfare at 0, proportional fairness at 1, ever closer to max-min beyond."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from market.fairness.max_min import MaxMin
from market.fairness.objective import OFFSET, Objective
from market.fairness.one_player import OnePlayer
from market.parameters import parameter
from market.utilities import Quadratic
from market.utilities.utility import LEAST_LOGGED

if TYPE_CHECKING:
    from market.arrays import Array, Mask, Numbers
    from market.fairness.objective import Players, Reduction, Response, Roof
    from market.utilities import Utility


MOST_EXPONENT = 700.0  # exp of it is still a number
MOST_IN_SUM = 600.0  # and the sum of very many of such still is
MOST_TIMES = 1e40
SMALL_CHANGE = 0.1  # a change below it is told by log1p and expm1, to the last digit
MOST_SHARE = 100.0  # alpha beyond which a share of Σ (s + offset)^(1−alpha), at most 1/(alpha − 1), says too little
LARGEST_ALPHA = 1e6  # alpha beyond which nothing is told from max-min: purchases would differ by less than a millionth
STOPS = tuple((alpha, "") for alpha in (0.1, 0.25, 0.5, 0.75, 1.5, 2.0, 3.0, 5.0, 10.0))
STOPS += ((0.0, "welfare"), (1.0, "proportional"), (math.inf, "max-min"))
SURPLUS_ROUNDING = 1e-9  # a surplus below none by this share of its terms is none
LEAST_MARGIN = 1e-150  # a margin below it would overflow x/m


@dataclass(frozen=True)
class AlphaFair(Objective):
    """Φ(s) = Σ (s_i + offset)^(1−alpha)/(1−alpha), Σ log(s_i + offset) at alpha = 1
    (Li, Motoki, Zhang, eqs. 2, 3, 11, with an offset).

    A player's multiplier is z = log kappa, kappa the value of one more unit of energy to the objective.
    """

    alpha: float = parameter(
        default=0.0, range="[0, inf]", meaning="0 welfare, 1 proportional, inf max-min", stops=STOPS
    )
    offset: float = parameter(default=0.01, **OFFSET)

    @classmethod
    def of_keys(cls, alpha: float = 0.0, offset: float = 0.01) -> Objective:
        """The objective Φ_alpha: alpha-fair up to alpha = LARGEST_ALPHA, max-min beyond and for infinity."""
        return MaxMin(float(offset)) if float(alpha) > LARGEST_ALPHA else cls(float(alpha), float(offset))

    @property
    def welfare(self) -> bool:
        return self.alpha == 0

    @property
    def literal(self) -> bool:
        return self.alpha >= 1 and self.offset == 0

    @property
    def sudden(self) -> bool:
        return self.offset == 0

    @property
    def steepness(self) -> float:
        return self.alpha

    def closed_form(self, utility: Utility) -> bool:
        return utility.closed_form(self.alpha)

    def margin(self, utility: Utility, price: Numbers, z: Numbers) -> Array:
        return utility.alpha_fair_margin(price, z, self.alpha, self.offset)

    def least_margin(self, z: Numbers) -> Numbers | None:
        """With an offset a user served has a surplus, so a margin of at least kappa offset^alpha, money per unit."""
        if self.offset == 0:
            return None
        return np.exp(np.clip(z + self.alpha * np.log(self.offset), -MOST_EXPONENT, MOST_EXPONENT))

    def pressure_rises(self, utility: Utility) -> bool:
        return self.offset == 0 and self.alpha >= 0.5 and isinstance(utility, Quadratic)

    def respond(self, utility: Utility, price: Numbers, z: Numbers, roof: Roof | None = None) -> Response:
        """Users' quantities and margins and how they move, each shape (…, users), from m = kappa (s + offset)^alpha
        (docs/aggregator/model.md, Replies).

        Returns (x, margin, demand slope, share, margin_p): share = dlog m/dz, margin_p = dm/dp. A user not served has
        no quantity and no demand slope.
        """
        margin, served, x = self._taken(utility, price, z)
        bend = utility.demand_slope(price + margin) * served
        if self.alpha == 0:
            return x, margin, bend, 1.0, 0.0
        kept = np.maximum(utility.surplus(price, x) + self.offset, LEAST_LOGGED)
        yielding = margin * bend
        pull = self.alpha * margin
        whole = kept + pull * yielding
        return x, margin, bend, kept / whole, -pull * (x + yielding) / whole

    def taken(self, utility: Utility, price: Numbers, z: Numbers, roof: Roof | None = None) -> Array:
        return self._taken(utility, price, z)[2]

    def _taken(self, utility, price, z):
        """Users' margins, whether they are served, and quantities."""
        margin = np.maximum(utility.alpha_fair_margin(price, z, self.alpha, self.offset), LEAST_MARGIN)
        served = margin < utility.reservation - price
        return margin, served, utility.demand(price + margin) * served

    def first_guess(self, utility: Utility, price: Numbers, slope: Numbers, by_player: Reduction) -> Array:
        """Multiplier z of a player too small to move the price; `by_player(ufunc, v)` reduces users to players."""
        with np.errstate(divide="ignore", invalid="ignore"):  # what costs nothing may be wanted without end
            worth = np.log(utility.demand(price))
            if self.alpha > 0:
                kept = np.maximum(utility.best_surplus(price) + self.offset, LEAST_LOGGED)
                worth = worth - self.alpha * np.log(kept)
            return np.log(slope) + by_player(np.logaddexp, worth)

    def multiplier(self, utility: Utility, price: Numbers, x: Array, roof: Roof | None = None) -> Array:
        """The z at which a user would get quantity x, shape (…, users); infinite ends for users at either limit."""
        margin = np.maximum(utility.marginal(x) - price, LEAST_LOGGED)
        kept = np.maximum(utility.surplus(price, x) + self.offset, LEAST_LOGGED)
        return np.log(margin) - self.alpha * np.log(kept)

    def value(self, surplus: Array, counted: Mask, players: Players) -> Array:
        """Φ of every player's surpluses, (…, users) to (…, players); minus infinity where it has no value.

        `counted` is what max-min asks for.
        """
        kept = surplus + self.offset
        if self.alpha == 0:
            return players.by_player(np.add, kept)
        lost = kept < -SURPLUS_ROUNDING * np.abs(surplus)
        with np.errstate(divide="ignore", over="ignore"):
            kept = np.maximum(kept, 0.0)
            worth = np.log(kept) if self.alpha == 1 else kept ** (1 - self.alpha) / (1 - self.alpha)
        return players.by_player(np.add, np.where(lost, -np.inf, worth))

    def log_scale(self, surplus: Array, served: Mask) -> Numbers:
        """Logarithm of Σ (s + offset)^(1−alpha) over the served users, the unit in which `gain` counts."""
        with np.errstate(divide="ignore"):
            power = (1 - self.alpha) * np.log(np.maximum(surplus + self.offset, LEAST_LOGGED))
        return np.logaddexp.reduce(np.where(served, power, -np.inf), axis=-1)

    def gain(self, new: Array, old: Array, served: Mask, players: Players | None = None) -> Array:
        """Rise of the objective from surpluses `old` to `new`, as a share of Σ (old + offset)^(1−alpha) of the served.

        Arrays of shape (…, users) of one player, result (…); with a block of `players`, result (…, players). Formed
        user by user in log space, so no power overflows or swallows the rest; the rise itself where nobody is served.
        """
        group = OnePlayer if players is None else players
        gain = self._share(new, old, self._scale((served, old, np.inf), group), group)
        return gain[..., 0] if players is None else gain

    def regret(self, new: Array, old: Array, counted: Mask, served: Mask, worth: Array, players: Players) -> Array:
        """The gain as the certificate tells it, in no unit: shape (…, players) for surpluses (…, users).

        counted: users whose surplus matters; worth: surpluses that they could have in a good market. Where nobody is
        served, all counted are the measure, at what they are worth where they have neither surplus nor offset; so is
        who loses more than the offset, below alpha = 1. An offset above all that is worth counts as that. Beyond
        alpha = MOST_SHARE it is the rise of the equal surplus that would be worth as much, which becomes max-min's
        least surplus (docs/aggregator/model.md, The gap).
        """
        measure = self._measure(old, counted, served, worth, players)
        if self.alpha > MOST_SHARE:
            rise = self._rise_of_equal(new, old, counted, measure[-1], players)
        else:
            rise = self._share(new, old, self._scale(measure, players), players)
        return self._unless_lost(rise, old, counted, players)

    def _unless_lost(self, rise, old, counted, players):
        """A regret, infinite where the present objective is minus infinity: a little would serve them all."""
        if not self.literal:
            return rise
        lost = players.by_player(np.minimum, np.where(counted, old, np.inf)) <= 0
        return np.where(lost, np.inf, rise)

    def plane(
        self, at: Array, margin: Array, old: Array, counted: Mask, served: Mask, worth: Array, players: Players
    ) -> tuple[Array, Array]:
        if self.alpha > MOST_SHARE:
            return super().plane(at, margin, old, counted, served, worth, players)
        scale = self._scale(self._measure(old, counted, served, worth, players), players)
        log_at = np.log(np.maximum(at + self.offset, LEAST_LOGGED))
        height = self._unless_lost(self._share(at, old, scale, players, log_at), old, counted, players)
        log_base = scale[0] + players.to_users(np.log(scale[1]))
        steep = -self.alpha * log_at - log_base
        return height, np.exp(np.clip(steep, -MOST_EXPONENT, MOST_EXPONENT))

    def _measure(self, old, counted, served, worth, players):
        """(Who is the measure of a regret, at which surplus, the offset's largest sensible size)."""
        most = players.by_player(np.maximum, np.where(counted, worth, 0.0))
        anyone = players.to_users(players.by_player(np.maximum, served))
        unit = old if self.offset > 0 else np.where(anyone, old, worth)
        if self.alpha < 1:
            unit = np.where(served & (old + self.offset < -SURPLUS_ROUNDING * worth), worth, unit)
        return np.where(anyone, served, counted), unit, np.where(most > 0, most, np.inf)

    def _share(self, new, old, scale, group, log_new=None):
        """Rise of the objective as a share of the sum that `_scale` gives, (…, players).

        log_new: log(new + offset), where it is known.
        """
        power, (heaviest, base, beside_offset) = 1 - self.alpha, scale
        log_old, ratio = self._log_ratio(new, old, beside_offset, log_new)
        if self.welfare:
            rise = group.by_player(np.add, (new - old) * np.exp(-heaviest))
        elif power == 0:
            rise = group.by_player(np.add, ratio)
        else:
            rise = _rise(power * log_old - heaviest, power * ratio, group) / power
        return rise / base

    def _scale(self, measure, group):
        """(h, b, is the offset above all that is worth?): Σ (unit + offset)^(1−alpha) of the served is exp(h) b.

        Shapes (…, users) and (…, players); b is 1 where there is nothing to take a share of. measure: of `_measure`.
        """
        served, unit, most_offset = measure
        if self.alpha == 1:
            heaviest, base = np.zeros(np.shape(unit)), np.where(served, 1.0, 0.0)
        else:
            weight = (1 - self.alpha) * np.log(np.maximum(unit + self.offset, LEAST_LOGGED))
            heaviest = group.by_player(np.maximum, np.where(served, weight, -np.inf))
            heaviest = group.to_users(np.where(np.isfinite(heaviest), heaviest, 0.0))
            base = np.where(served, np.exp(np.minimum(weight - heaviest, 0.0)), 0.0)
        beside_offset = bool(np.any(most_offset < self.offset))
        if beside_offset:
            kept = np.minimum(self.offset, group.to_users(most_offset))
            base = base * np.maximum(unit + kept, LEAST_LOGGED) / np.maximum(unit + self.offset, LEAST_LOGGED)
        base = group.by_player(np.add, base)
        return heaviest, np.where(base > 0, base, 1.0), beside_offset

    def _rise_of_equal(self, new, old, counted, most_offset, group):
        """Relative rise of the equal surplus that is worth as much, with the offset, (…, players)."""
        power = 1 - self.alpha

        def log_mean(weight):
            total = group.by_player(np.logaddexp, np.where(counted, weight, -np.inf))
            return np.where(np.isfinite(total), total, 0.0) - np.log(number)

        number = np.maximum(group.by_player(np.add, np.where(counted, 1.0, 0.0)), 1.0)
        log_old, ratio = self._log_ratio(new, old, True)
        before = log_mean(power * log_old)
        share = np.exp(np.where(counted, power * log_old - group.to_users(before), -np.inf))
        change = group.by_player(np.add, share * np.expm1(np.minimum(power * ratio, MOST_IN_SUM))) / number
        far = log_mean(power * (log_old + ratio)) - before
        rise = np.where(np.abs(change) < SMALL_CHANGE, np.log1p(np.clip(change, -SMALL_CHANGE, SMALL_CHANGE)), far)
        rise, before = rise / power, before / power
        held = np.exp(before)
        whole = np.maximum(held - np.maximum(self.offset - most_offset, 0.0), LEAST_LOGGED)
        return np.expm1(np.minimum(rise, MOST_IN_SUM)) * np.minimum(held / whole, MOST_TIMES)

    def _log_ratio(self, new, old, beside_offset, log_new=None):
        """log(old + offset) and log((new + offset)/(old + offset)), also where that is tiny beside the offset."""
        log_old = np.log(np.maximum(old + self.offset, LEAST_LOGGED))
        ratio = (np.log(np.maximum(new + self.offset, LEAST_LOGGED)) if log_new is None else log_new) - log_old
        if not beside_offset:
            return log_old, ratio
        with np.errstate(over="ignore"):  # asked only where it is small
            share = (new - old) / np.maximum(old + self.offset, LEAST_LOGGED)
        return log_old, np.where(np.abs(ratio) < SMALL_CHANGE, np.log1p(np.clip(share, -0.5, 0.5)), ratio)


def _rise(weight, change, group):
    """Σ exp(weight + change) − exp(weight) by player; beyond exp(MOST_IN_SUM) it grows with its logarithm only."""
    beyond = np.maximum(group.by_player(np.maximum, np.maximum(weight, weight + change)) - MOST_IN_SUM, 0.0)
    total = group.by_player(np.add, _rises(weight - group.to_users(beyond), change))
    if not np.any(beyond):
        return total
    size = np.log(np.maximum(np.abs(total), LEAST_LOGGED)) + beyond
    large = np.sign(total) * np.exp(np.minimum(size, MOST_IN_SUM)) * (1 + np.maximum(size - MOST_IN_SUM, 0.0))
    return np.where(beyond > 0, large, total)


def _rises(weight, change):
    """exp(weight + change) − exp(weight), exact where the change is small, finite where it is large."""
    start = np.exp(np.minimum(weight, MOST_EXPONENT))
    jump = np.exp(np.minimum(weight + change, MOST_EXPONENT)) - start
    return np.where(change < 1, start * np.expm1(np.minimum(change, 1.0)), jump)
