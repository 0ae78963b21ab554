"""Price given by points joined by straight lines."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from market.parameters import ParameterError, parameter
from market.prices.price_rule import MONEY, PriceRule

if TYPE_CHECKING:
    from typing import Any

    import numpy.typing as npt

    from market.arrays import Array, Numbers
    from market.prices.price_rule import Totals


SIDES = {"left": -1e-13, "right": 1e-13}  # a total this close to a kink, relative, is at it: sums are rounded


class BrokenLine(PriceRule):
    """A price that is straight between points; whoever inherits calls `draw` once, when it is made."""

    quantities: Any  # as given, an Array once drawn
    prices: Any
    _slopes: Array
    _areas: Array
    straight = True

    @abstractmethod
    def __post_init__(self):
        """Lay the line."""

    def draw(self, quantities: npt.ArrayLike, prices: npt.ArrayLike, last_slope: float) -> None:
        """Lay the line through the points (quantities, prices), shapes (points,), with a last slope beyond them."""
        quantities, prices = (np.asarray(v, dtype=float) for v in (quantities, prices))
        with np.errstate(divide="ignore", invalid="ignore"):
            slopes = np.append(np.diff(prices) / np.diff(quantities), last_slope)
        areas = np.append(0.0, np.cumsum(np.diff(quantities) * (prices[1:] + prices[:-1]) / 2))
        for name, value in (("quantities", quantities), ("prices", prices), ("_slopes", slopes), ("_areas", areas)):
            object.__setattr__(self, name, value)
        object.__setattr__(self, "kinks", np.unique(quantities[quantities > 0]))
        stops = np.append(quantities[1:], np.inf)
        flat = (slopes == 0) & (stops > quantities)
        object.__setattr__(self, "flats", tuple(zip(quantities[flat].tolist(), stops[flat].tolist(), strict=True)))

    def _line(self, total, side):
        """Index of the straight piece just below ("left") or above ("right") a total, up to rounding."""
        return np.maximum(self._points_below(total, side) - 1, 0)

    def _points_below(self, total, side):
        """How many points of the line lie below a total ("left"), or below or at it ("right"), up to rounding."""
        return np.searchsorted(self.quantities, total * (1 + SIDES[side]), side)

    def _along(self, total, piece):
        step, slope = total - self.quantities[piece], self._slopes[piece]
        rises = (step > 0) & (slope > 0)
        return self.prices[piece] + np.where(rises, slope, 0.0) * np.where(rises, step, 0.0)

    def value(self, total: Totals) -> Totals:
        return self._along(total, self._line(total, "left"))[()]

    def right_value(self, total: Totals) -> Totals:
        return self._along(total, self._line(total, "right"))[()]

    def left_slope(self, total: Numbers) -> Array:
        return self._slopes[np.where(np.asarray(total) > 0, self._line(total, "left"), self._line(total, "right"))]

    def right_slope(self, total: Numbers) -> Array:
        at = np.asarray(total, dtype=float)
        twice = self._points_below(at, "right") - self._points_below(at, "left") > 1
        jump = twice & (self.right_value(at) > self.value(at))  # elsewhere the two may differ by rounding
        return np.where(jump, np.inf, self._slopes[self._line(at, "right")])[()]

    def supply(self, price: Totals) -> Totals:
        return self._sold(np.asarray(price, dtype=float))

    def _sold(self, price):
        piece = np.searchsorted(self.prices, price, "right") - 1
        last = piece == len(self.prices) - 1
        at = np.clip(piece, 0, len(self.prices) - 1)
        rise = price - self.prices[at]
        with np.errstate(divide="ignore", invalid="ignore"):
            step = np.where(last & (self._slopes[at] == 0), np.inf, rise / self._slopes[at])
        return np.where(piece < 0, 0.0, self.quantities[at] + np.where(np.isnan(step), 0.0, step))[()]

    def cost(self, total: Totals) -> Totals:
        piece = self._line(total, "right")
        step = total - self.quantities[piece]
        return (self._areas[piece] + step * (self.prices[piece] + self._slopes[piece] * step / 2))[()]


@dataclass(frozen=True)
class Piecewise(BrokenLine):
    """Price through the points (quantities, prices), straight in between, with a last slope beyond the last point.

    `quantities` ascend from 0; a quantity that stands twice is a jump. `prices` never fall; `last_slope` ≥ 0.

    >>> rule = Piecewise(quantities=[0, 1], prices=[0, 1], last_slope=10)
    >>> rule.value(2.0), rule.left_slope(1.0), rule.right_slope(1.0)
    (np.float64(11.0), np.float64(1.0), np.float64(10.0))
    """

    quantities: npt.ArrayLike = parameter(
        type="list",
        unit="energy",
        range="[0, inf)",
        meaning="points, first 0; twice for a jump",
        example=[0.0, 100.0, 500.0],
    )
    prices: npt.ArrayLike = parameter(
        type="list", unit=MONEY, range="[0, inf)", meaning="price at each point, never falling", example=[0.0, 0.1, 1.0]
    )
    last_slope: float = parameter(unit="money/energy²", range="(0, inf)", meaning="end slope", example=0.01)

    def __post_init__(self):
        self.draw(self.quantities, self.prices, self.last_slope)

    @staticmethod
    def check_keys(keys: dict[str, Any]) -> None:
        """Raises ParameterError where the points are no line that never falls."""
        quantities, prices = keys["quantities"], keys["prices"]
        if len(quantities) != len(prices):
            got = f"{len(quantities)} quantities and {len(prices)} prices"
            raise ParameterError("prices", got, "one price per quantity is needed")
        if quantities[0] != 0:
            raise ParameterError("quantities", f"the first is {quantities[0]}", "0 is needed")
        runs, rises = np.diff(quantities), np.diff(prices)
        for name, values, wrong, allowed in (
            ("quantities", quantities, runs < 0, "no value may be below the one before"),
            (
                "quantities",
                quantities,
                np.append(False, (runs[1:] == 0) & (runs[:-1] == 0)),
                "twice at most, for a jump",
            ),
            ("prices", prices, rises < 0, "no value may be below the one before"),
            (
                "prices",
                prices,
                (rises == 0) & (runs == 0),
                "a quantity that stands twice, a jump, needs a higher price",
            ),
        ):
            if np.any(wrong):
                i = int(np.argmax(wrong)) + 1
                raise ParameterError(name, f"is {values[i]} after {values[i - 1]}", allowed, i)
