"""Quadratic utility U(x) = b x − a x²."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from market.parameters import ParameterError, parameter
from market.utilities.utility import Utility

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Self

    from market.arrays import Array, Numbers


LAST_ANGLE_STEP = 1e-5  # a step cubes the error, so the next one is below rounding
MOST_ANGLE_STEPS = 60
TANGENT_ANGLES = (-6.0, -3.0, -1.5, 0.0, 1.5, 3.0, 6.0)
MOST_EXPONENT = 300.0  # the square of exp of it is still a number


@dataclass(frozen=True)
class Quadratic(Utility):
    """U_i(x) = b_i x − a_i x² (Li, Motoki, Zhang, section IV-A); b_i is the reservation price, b_i/a_i the size.

    With the margin m, surplus is s = ((b − p)² − m²) / 4a: every margin below is solved in closed form or, for
    a general alpha, as one function of one number (see `alpha_fair_margin`).

    >>> import numpy as np
    >>> user = Quadratic(a=np.array([0.5]), b=np.array([3.0]))
    >>> user.demand(1.0), user.best_surplus(1.0)
    (array([2.]), array([2.]))
    """

    convex_demand = True

    a: Array = parameter(
        type="numbers",
        unit="money/energy²",
        range="(0, inf)",
        meaning="U' = b − 2 a x",
        example={"uniform": [0.1, 0.9]},
    )
    b: Array = parameter(
        type="numbers",
        unit="money/energy",
        range="[0, inf)",
        meaning="reservation price; or give size",
        example={"uniform": [0, 10]},
        optional=True,
    )
    also: ClassVar = {
        "size": parameter(
            type="numbers",
            unit="energy",
            range="[0, inf)",
            meaning="b / a; small-users: the sum of the other users' sizes",
            words=("small-users",),
            example=10.0,
            optional=True,
        )
    }

    @classmethod
    def of_keys(cls, a: Array, b: Array | None = None, size: Numbers = np.nan) -> Self:
        """The utilities with parameter b, or with the size b / a."""
        return cls(a, size * a if b is None else b)

    @staticmethod
    def check_keys(keys: Mapping[str, object]) -> None:
        """Raises ParameterError unless exactly one of b and size is said."""
        if ("b" in keys) == ("size" in keys):
            got = "both b and size" if "b" in keys else "neither b nor size"
            raise ParameterError("", got, "exactly one of b, size is needed (size = b / a)")

    @property
    def reservation(self) -> Array:
        return self.b

    def value(self, x: Numbers) -> Array:
        return (self.b - self.a * x) * x

    def marginal(self, x: Numbers) -> Array:
        return self.b - 2 * self.a * x

    @cached_property
    def _per_price(self):
        return 1 / (2 * self.a)

    def demand(self, price: Numbers) -> Array:
        return np.maximum(self.b - price, 0.0) * self._per_price

    def demand_slope(self, price: Numbers) -> Array:
        return self._per_price

    def closed_form(self, alpha: float) -> bool:
        return alpha in (0.0, 1.0, math.inf)

    def bent(self, least: Numbers) -> Self:
        flat = 2 * self.a < least
        return replace(self, a=np.where(flat, least / 2, self.a)) if np.any(flat) else self

    def surplus(self, price: Numbers, x: Numbers) -> Array:
        return (self.b - price - self.a * x) * x

    def meets(self, level: Numbers, slope: Numbers) -> Array:
        return np.maximum(self.b - level, 0.0) / (2 * self.a + slope)

    def alpha_fair_margin(self, price: Numbers, log_kappa: Numbers, alpha: float, offset: float) -> Array:
        """Margin m with m = kappa · (s(m) + offset)^alpha, at most b − p (docs/aggregator/model.md, Replies).

        With E = (b − p)²/4a + offset and nu = (s + offset)/E the condition is sqrt(1 − nu) = K nu^alpha,
        log K = log kappa + (alpha − 1/2) log E − log(4a)/2. In theta = log(nu / (1 − nu)) its logarithm has a
        slope between −1/2 and −alpha and a curvature of one sign, so steps from a tangent's root converge.
        """
        gap = np.maximum(self.b - price, 0.0)
        if alpha == 0:
            return np.minimum(np.exp(np.minimum(log_kappa, MOST_EXPONENT)), gap)
        most = gap * gap * (0.5 * self._per_price) + offset
        if alpha == 1:
            one_over = np.exp(-np.minimum(np.maximum(log_kappa, -MOST_EXPONENT), MOST_EXPONENT))  # np.clip is slower
            return np.minimum(2 * most / (one_over + np.sqrt(one_over * one_over + most / self.a)), gap)
        log_k = log_kappa + (alpha - 0.5) * np.log(np.maximum(most, 1e-300)) - 0.5 * np.log(4 * self.a)
        one_less_nu = 1 / (1 + np.exp(np.minimum(_theta(log_k, alpha), 700.0)))
        return np.minimum(np.sqrt(4 * self.a * most * one_less_nu), gap)

    def surplus_lost(self, price: Numbers, margin: Numbers) -> Array:
        return margin * margin / (4 * self.a)

    def margin_that_loses(self, price: Numbers, lost: Numbers) -> Array:
        return np.minimum(np.sqrt(4 * self.a * lost), np.maximum(self.b - price, 0.0))


def _theta(log_k, alpha):
    """Root of g(theta) = (alpha − 1/2) log(1 + e^theta) − alpha theta = log_k, elementwise, by Halley's method.

    g bends one way only, so the nearest of its tangents' roots lies close to its own, on the safe side.
    """
    nearer = np.maximum if alpha > 0.5 else np.minimum
    theta = nearer(-log_k / alpha, -2 * log_k)
    for slope, angle in _tangents(alpha):
        theta = nearer(theta, log_k * slope + angle)
    for _ in range(MOST_ANGLE_STEPS):
        tail = np.exp(-np.abs(theta))
        softplus = np.maximum(theta, 0.0) + np.log1p(tail)
        share = np.where(theta >= 0, 1.0, tail) / (1 + tail)
        weight = (alpha - 0.5) * share
        slope = weight - alpha
        step = (log_k - (alpha - 0.5) * softplus + alpha * theta) / slope
        bend = weight * (1 - share) / slope
        step /= np.minimum(np.maximum(1 + 0.5 * step * bend, 0.5), 2.0)  # np.clip is slower
        theta = theta + step
        if (np.abs(step) <= LAST_ANGLE_STEP * (1 + np.abs(theta))).all():
            break
    return theta


@lru_cache
def _tangents(alpha):
    """(Slope, theta at log_k = 0) of the tangents of g's inverse, one at each of TANGENT_ANGLES."""
    lines = []
    for at in TANGENT_ANGLES:
        share = 1 / (1 + math.exp(-at))
        slope = (alpha - 0.5) * share - alpha
        height = (alpha - 0.5) * math.log1p(math.exp(at)) - alpha * at
        lines.append((1 / slope, at - height / slope))
    return lines
