"""Means over replications, and how sure they are."""

import numpy as np

from market.on_demand import later

special = later("scipy.special")  # to import it from SciPy would load that
CONFIDENCE = 0.95


def interval(values):
    """Mean and half-width of its 95 % interval by Student's t; the half-width of a single value is NaN.

    >>> mean, half = interval([1.0, 2.0, 3.0])
    >>> round(float(mean), 3), round(float(half), 3)
    (2.0, 2.484)
    """
    values = np.asarray(values, dtype=float)
    values = values[np.isfinite(values)]
    if len(values) == 0:
        return np.nan, np.nan
    if len(values) == 1:
        return values[0], np.nan
    factor = special.stdtrit(len(values) - 1, (1 + CONFIDENCE) / 2)
    return values.mean(), factor * values.std(ddof=1) / np.sqrt(len(values))
