"""A quadratic utility from what is known of a user: energy used at a price, and how it answers to prices.

U(x) = b x − a x² makes a user want x(p) = (b − p) / (2a). That it wants x₀ at p₀ is one condition; the other is either
the elasticity there, ε = x'(p₀) p₀ / x₀ = −p₀ / (2a x₀), or the price w at which it would stop buying, b = w
(docs/people.md, From kWh to a utility).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from market.arrays import Array, Numbers


def from_elasticity(used: Numbers, price: Numbers, elasticity: Numbers) -> tuple[Array, Array]:
    """(a, b) of users who want `used` at `price` and there have this elasticity of demand, below 0.

    a = p₀ / (2 |ε| x₀) in money/energy², b = p₀ (1 + 1/|ε|) in money/energy; all of shape (users,) or one number.
    Raises ValueError where one is not of its sign.

    >>> from_elasticity(100.0, 0.25, -0.5)
    (array(0.0025), array(0.75))
    """
    used, price, elasticity = np.broadcast_arrays(*map(_finite, (used, price, elasticity)))
    _check("used", used, used > 0, "above 0")
    _check("price", price, price > 0, "above 0")
    _check("elasticity", elasticity, elasticity < 0, "below 0")
    return np.asarray(price / (-2 * elasticity * used)), np.asarray(price * (1 - 1 / elasticity))


def from_willingness(used: Numbers, price: Numbers, most: Numbers) -> tuple[Array, Array]:
    """(a, b) of users who want `used` at `price` and nothing at the price `most` and above.

    a = (w − p₀) / (2 x₀) in money/energy², b = w in money/energy; all of shape (users,) or one number. Raises
    ValueError where one is not of its sign, or the most not above the price.

    >>> from_willingness(100.0, 0.25, 0.75)
    (array(0.0025), array(0.75))
    """
    used, price, most = np.broadcast_arrays(*map(_finite, (used, price, most)))
    _check("used", used, used > 0, "above 0")
    _check("price", price, price >= 0, "0 or more")
    _check("most", most, most > price, "above the price")
    return np.asarray((most - price) / (2 * used)), np.array(most)


def _finite(values):
    return np.asarray(values, dtype=float)


def _check(name, values, fine, needed):
    """Raise ValueError for the first value that is not as needed, or not finite."""
    wrong = np.flatnonzero(~(fine & np.isfinite(values)).ravel())
    if wrong.size:
        which = f" of user {wrong[0]} (counted from 0)" if values.ndim else ""
        raise ValueError(f"{name}{which}: got {values.ravel()[wrong[0]]:g}; a number {needed} is needed")
