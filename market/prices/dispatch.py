"""Economic dispatch: the marginal cost of the cheapest way to generate Y."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from market.parameters import Columns, ParameterError, parameter
from market.prices.piecewise import BrokenLine

if TYPE_CHECKING:
    from typing import Any

    import numpy.typing as npt

    from market.arrays import Array


FLEET = Columns("generators", "the fleet; p is its marginal cost")

SAME_PRICE = 1e-12  # prices this close, relative, are one: their difference is rounding


@dataclass(frozen=True)
class Dispatch(BrokenLine):
    """Multiplier of min Σ_g cost_g(q_g) s.t. Σ q_g = Y, 0 ≤ q_g ≤ max_g, with cost_g(q) = quadratic q² + linear q.

    Generator g runs between the prices linear_g and linear_g + 2 quadratic_g max_g; the price is piecewise linear,
    flat over a block of constant cost (quadratic 0), with a jump where all running generators are full before the next
    one starts, and jumps to `cap` above capacity (docs/aggregator/model.md, Prices).
    Arrays of shape (generators,): max_p_mw in MW, costs in money/MW²h and money/MWh; cap in money/MWh.

    >>> rule = Dispatch(max_p_mw=[10, 10], cost_quadratic=[0.5, 0.5], cost_linear=[0, 5], cap=100)
    >>> rule.value(5.0), rule.value(15.0), rule.value(21.0)
    (np.float64(5.0), np.float64(10.0), np.float64(100.0))
    """

    max_p_mw: npt.ArrayLike = parameter(
        type="list",
        unit="MW",
        range="(0, inf)",
        meaning="capacity of each generator",
        example=[100.0, 200.0, 400.0],
        columns=FLEET,
    )
    cost_quadratic: npt.ArrayLike = parameter(
        type="list",
        unit="money/MW²h",
        range="[0, inf)",
        meaning="cost per q² of each; 0: a block of one price",
        example=[0.001, 0.002, 0.004],
        columns=FLEET,
    )
    cost_linear: npt.ArrayLike = parameter(
        type="list",
        unit="money/MWh",
        range="[0, inf)",
        meaning="cost per q of each",
        example=[0.0, 0.1, 0.5],
        columns=FLEET,
    )
    cap: float = parameter(unit="money/MWh", range="(0, inf)", meaning="price beyond capacity", example=10.0)

    def __post_init__(self):
        given = self.max_p_mw, self.cost_quadratic, self.cost_linear
        size, quadratic, start = (np.asarray(values, dtype=float) for values in given)
        quadratic, start, size = quadratic[size > 0], start[size > 0], size[size > 0]
        full = start + 2 * quadratic * size
        prices = np.unique(np.concatenate([start, full]))
        prices = prices[np.diff(prices, prepend=-np.inf) > SAME_PRICE * prices]
        below, above = (
            output(prices[:, None], start, full, quadratic, size, jump).sum(axis=1) for jump in (False, True)
        )
        quantities = np.stack([below, above], axis=1).ravel()
        kept = np.stack([np.ones(len(prices), dtype=bool), above > below], axis=1).ravel()
        quantities, prices = quantities[kept], np.repeat(prices, 2)[kept]
        cap = max(float(self.cap), float(prices[-1]))  # it may be the last price but for rounding
        self.draw(np.append(quantities, quantities[-1]), np.append(prices, cap), 0.0)
        object.__setattr__(self, "capacity", float(quantities[-1]))

    @staticmethod
    def check_keys(keys: dict[str, Any]) -> None:
        """Raises ParameterError where columns differ in length, or the cap is below a marginal cost."""
        fleet = keys["generators"]
        lengths = {name: len(values) for name, values in fleet.items()}
        if len(set(lengths.values())) > 1:
            told = ", ".join(f"{name} {length}" for name, length in lengths.items())
            got = f"lists of different lengths: {told}"
            raise ParameterError("generators", got, "one value per generator is needed")
        capacity, quadratic, linear = map(np.array, fleet.values())
        highest = float(np.max(2 * quadratic * capacity + linear))
        if keys["cap"] < highest * (1 - SAME_PRICE):
            allowed = f"at least the fleet's highest marginal cost, {highest:g}, is needed"
            raise ParameterError("cap", f"got {keys['cap']:g}", allowed)


def output(price: Array, start: Array, full: Array, quadratic: Array, size: Array, jump: bool) -> Array:
    """What each generator runs at a price, shape (prices, generators); a flat block starts above its price, or at it.

    price: money/MWh, shape (prices, 1); start, full: marginal cost at no and at full output, quadratic, size: cost per
    q² and capacity in MW, each (generators,); jump: is a block whose price this is taken whole?
    """
    flat = full <= start * (1 + SAME_PRICE)
    at_full = np.where(flat & (not jump), price * (1 - SAME_PRICE) > start, price >= full * (1 - SAME_PRICE))
    with np.errstate(divide="ignore", invalid="ignore"):
        running = np.clip((price - start) / (2 * quadratic), 0.0, size)
    return np.where(at_full, size, np.where(flat, 0.0, running))
