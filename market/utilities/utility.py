"""What every utility offers: value, marginal utility, demand, and the two questions an aggregator asks of it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import fields
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence
    from typing import Self

    from market.arrays import Array, Integers, Mask, Numbers


# A user whose surplus is off by one part in 1e13 is off by far less in its purchase.
MARGIN_PRECISION = 1e-13  # of the margin's logarithm
MOST_MARGIN_STEPS = 200
SMALL_LOSS = 1e-3  # share of the best surplus below which what is lost of it is no difference of the two
NODES, WEIGHTS = np.polynomial.legendre.leggauss(16)  # of the interval from -1 to 1
LEAST_LOGGED = 1e-300  # what stands for nothing in a logarithm
FARTHEST_LOG_SHARE = 600.0  # the logarithm of the least share of the widest margin that is told from none
HIGHEST_LOG_ODDS = 30.0  # log(m / (w − m)) where the margin m is all but the widest w, the surplus rounding error


class Utility(ABC):
    """Concave utilities U_i with U_i(0) = 0, one entry a user (Li, Motoki, Zhang, section II-A).

    Fields of a subclass are float arrays of shape (n,); every argument below broadcasts against them, users last.
    Energy x in the scenario's energy unit, utility in money, prices in money per unit of energy.
    The *margin* m = U'(x) − p is how far a user's marginal utility stays above the price.
    """

    __dataclass_fields__: ClassVar[dict[str, Any]]
    convex_demand: ClassVar[bool] = False  # does demand never fall faster at a higher price?

    @property
    @abstractmethod
    def reservation(self) -> Array:
        """Price U_i'(0) at and above which user i buys nothing, shape (n,)."""

    @abstractmethod
    def value(self, x: Numbers) -> Array:
        """Utility U_i(x) of quantity x, in money."""

    @abstractmethod
    def marginal(self, x: Numbers) -> Array:
        """Marginal utility U_i'(x), money per unit."""

    @abstractmethod
    def demand(self, price: Numbers) -> Array:
        """Quantity at which marginal utility equals the price, 0 at and above the reservation price."""

    @abstractmethod
    def demand_slope(self, price: Numbers) -> Array:
        """How fast demand falls with the price, −D_i'(price) > 0, for prices below the reservation price."""

    @abstractmethod
    def meets(self, level: Numbers, slope: Numbers) -> Array:
        """Quantity x ≥ 0 where marginal utility falls to the line level + slope · x (slope ≥ 0)."""

    def __len__(self):
        return len(self.reservation)

    def take(self, rows: slice | tuple[slice, None] | Mask | Integers) -> Self:
        """The utilities of some users (a slice, mask or index array; with a None behind it each a row of its own)."""
        return type(self)(*(getattr(self, field.name)[rows] for field in fields(self)))

    @property
    def form(self) -> Hashable:
        """What utilities have in common that can be those of one group."""
        return type(self)

    @classmethod
    def together(cls, groups: Sequence[Self]) -> Self:
        """The utilities of several groups, all of one form, as those of one."""
        return cls(*(np.concatenate([getattr(one, field.name) for one in groups]) for field in fields(cls)))

    def closed_form(self, alpha: float) -> bool:
        """Is every margin at an alpha worked out user by user, with the same bits whoever else is worked out?"""
        return False

    def bent(self, least: Numbers) -> Self:
        """The utilities with −U''(0) at least `least`, shape (n,); as they are where no rule for it is given."""
        return self

    def surplus(self, price: Numbers, x: Numbers) -> Array:
        """Surplus U_i(x) − price · x (Li, Motoki, Zhang, eq. 1), in money."""
        return self.value(x) - price * x

    def best_surplus(self, price: Numbers) -> Array:
        """Surplus of a user who takes the price as given, 0 for a user it prices out."""
        return self.surplus(price, self.demand(price))

    def alpha_fair_margin(self, price: Numbers, log_kappa: Numbers, alpha: float, offset: float) -> Array:
        """Margin m with m = kappa · (s(m) + offset)^alpha, at most the margin w of a user who buys nothing
        (docs/aggregator/model.md, Replies).

        Newton's method, kept inside a bracket, on phi = log(m / (w − m)), for log(w/m) + alpha log(s(m) + offset)
        = log w − log kappa: all but linear in phi without an offset, and in logarithms with one.
        """
        widest = np.maximum(self.reservation - price, 0.0)
        if alpha == 0:
            return np.minimum(np.exp(np.minimum(log_kappa, 700.0)), widest)
        target = np.log(np.maximum(widest, LEAST_LOGGED)) - log_kappa - alpha * np.log(offset or 1.0)
        served = (target > 0) | (offset == 0)

        def margin_with(phi):
            """The margin, how far it is from the widest as a share of that, and the surplus left."""
            margin, room = widest / (1 + np.exp(-phi)), 1 / (1 + np.exp(phi))
            return margin, room, np.maximum(self._surplus_at_margin(price, margin, widest * room), 0.0)

        def residual(phi):
            margin, room, surplus = margin_with(phi)
            bend = self.demand_slope(np.minimum(price + margin, self.reservation))
            with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
                gained = np.log1p(surplus / offset) if offset else np.log(surplus)
                slope = room * (1 + alpha * margin**2 * bend / (surplus + offset))
            fall = np.log1p(np.exp(-phi)) + alpha * gained
            if offset == 0:
                return target - fall, slope
            return np.where(served, np.log(np.where(served, target, 1.0)) - np.log(fall), 0.0), slope / fall

        def phi_with(surplus):
            """The phi of margin kappa (surplus + offset)^alpha."""
            with np.errstate(divide="ignore"):
                share = log_kappa + alpha * np.log(surplus + offset) - np.log(np.maximum(widest, LEAST_LOGGED))
            share = np.clip(share, -FARTHEST_LOG_SHARE, -LEAST_LOGGED)
            return np.clip(share - np.log(-np.expm1(share)), -FARTHEST_LOG_SHARE, HIGHEST_LOG_ODDS)

        high = phi_with(self.best_surplus(price))
        low = phi_with(margin_with(high)[2])
        phi = _bracketed_newton(residual, low, high, high)
        return np.where(served, 1 / (1 + np.exp(-phi)), 1.0) * widest

    def surplus_lost(self, price: Numbers, margin: Numbers) -> Array:
        """Surplus a user gives up by stopping at a margin, best_surplus(p) − s(m), in money.

        Where that difference would be rounding, it is ∫_0^m q (−D'(p + q)) dq, D the demand, by Gauss and Legendre.
        """
        best = self.best_surplus(price)
        rest = np.maximum(self.reservation - price - margin, 0.0)
        lost = best - self._surplus_at_margin(price, margin, rest)
        width = np.minimum(margin, np.maximum(self.reservation - price, 0.0))
        inside = [(width * (1 + node) / 2, weight) for node, weight in zip(NODES, WEIGHTS, strict=True)]
        small = width / 2 * sum(weight * at * self.demand_slope(price + at) for at, weight in inside)
        return np.where(lost < SMALL_LOSS * best, small, lost)

    def margin_that_loses(self, price: Numbers, lost: Numbers) -> Array:
        """Margin at which a user has given up the surplus `lost`, at most that of a user who buys nothing."""
        widest = np.maximum(self.reservation - price, 0.0)

        def residual(log_margin):
            margin = np.minimum(np.exp(log_margin), widest)
            gone = np.maximum(self.surplus_lost(price, margin), LEAST_LOGGED)
            bend = self.demand_slope(np.minimum(price + margin, self.reservation))
            with np.errstate(invalid="ignore"):  # a slope that is no number makes the bracket be halved
                slope = margin**2 * bend / gone
            return np.log(gone) - np.log(np.maximum(lost, LEAST_LOGGED)), slope

        shape = np.broadcast_shapes(np.shape(widest), np.shape(lost))
        high = np.log(np.maximum(widest, LEAST_LOGGED)) + np.zeros(shape)
        return np.minimum(np.exp(_bracketed_newton(residual, high - FARTHEST_LOG_SHARE, high, high)), widest)

    def _surplus_at_margin(self, price, margin, rest):
        """Surplus of users at a margin that is `rest` short of that at which they buy nothing."""
        return self.surplus(price, self.demand(price + margin))


def _bracketed_newton(residual, low, high, at):
    """Elementwise root of an increasing function by Newton's method.

    Halves the bracket instead where a step would leave it or is more than half as long as the one before.
    """
    moved, done = np.inf, False
    for _ in range(MOST_MARGIN_STEPS):
        value, slope = residual(at)
        low, high = np.where(value < 0, at, low), np.where(value > 0, at, high)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            step = at - value / slope
        good = (step >= low) & (step <= high) & (np.abs(step - at) <= moved / 2)
        step = np.where(done | (value == 0), at, np.where(good, step, (low + high) / 2))
        moved, near = np.abs(step - at), MARGIN_PRECISION * (1 + np.abs(at))
        done = done | ~(moved > near) | (high - low <= near)  # what is no number is not searched either
        at = step
        if np.all(done):
            break
    return at
