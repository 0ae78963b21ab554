"""The one-dimensional search behind exact projections: a line met by a sum of hinges."""

import numpy as np

from market.arrays import Array


def hinge_root(slope: Array, constant: Array, weight: Array, knot: Array) -> Array:
    """The t of each row with slope · t = constant + Σ_q weight_q max(0, knot_q − t), shape (rows,).

    slope, constant: shape (rows,); weight, knot: shape (rows, q). The difference of both sides must rise with t. Knots
    above the root are found by sorting; then the root is a quotient. O(q log q) a row.

    >>> hinge_root(np.array([2.0]), np.array([1.0]), np.array([[1.0, 1.0]]), np.array([[2.0, 0.0]])).tolist()
    [1.0]
    """
    order = np.argsort(-knot, axis=1)
    knot, weight = np.take_along_axis(knot, order, axis=1), np.take_along_axis(weight, order, axis=1)
    zero = np.zeros((len(knot), 1))
    weights = np.hstack([zero, np.cumsum(weight, axis=1)])
    moments = np.hstack([zero, np.cumsum(weight * knot, axis=1)])
    at_knot = (slope[:, None] + weights[:, 1:]) * knot - constant[:, None] - moments[:, 1:]
    above = np.sum(at_knot > 0, axis=1)[:, None]
    steep = slope + np.take_along_axis(weights, above, axis=1)[:, 0]
    high = constant + np.take_along_axis(moments, above, axis=1)[:, 0]
    if not knot.shape[1]:
        return high / steep
    last = np.take_along_axis(knot, np.maximum(above - 1, 0), axis=1)[:, 0]
    flat = steep <= 1e-9 * slope
    return np.where(flat, last, high / np.where(flat, 1.0, steep))
