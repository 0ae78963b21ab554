"""Roots within brackets, as SciPy finds them to the bit: its package takes longer to import than a small market to run.

One function of a number by Brent's method (Algorithms for minimization without derivatives, 1973, chapter 4), one of an
array, element by element, by Chandrupatla's (Advances in Engineering Software 28, 1997).
"""

from __future__ import annotations

from collections.abc import Callable, Generator

import numpy as np

from market.arrays import Array, Integers
from market.searches import alone

LEAST_RTOL = 4 * float(np.finfo(float).eps)
MOST_TURNS = 200


def brent(
    function: Callable[[float], float],
    low: float,
    high: float,
    *,
    xtol: float = 2e-12,
    rtol: float = LEAST_RTOL,
    maxiter: int = 100,
) -> float:
    """A root between two ends at which the function has different signs, to xtol + rtol |x|.

    Raises ValueError where the signs are the same or a value is not a number, ArithmeticError where it is not found.
    """
    return alone(brents_points(low, high, xtol=xtol, rtol=rtol, maxiter=maxiter), lambda at: float(function(at)))


def brents_points(
    low: float, high: float, *, xtol: float = 2e-12, rtol: float = LEAST_RTOL, maxiter: int = 100
) -> Generator[float, float, float]:
    """The points of `brent`, each to be answered by the function there (market/searches.py); raises as that does."""
    before, now = float(low), float(high)
    f_before = _number((yield before), before)
    f_now = _number((yield now), now)
    if f_before == 0:
        return before
    if f_now == 0:
        return now
    if (f_before < 0) == (f_now < 0):
        raise ValueError(f"the function has one sign at {low} and {high}; different ones are needed")
    other = f_other = step = last_step = 0.0
    for _ in range(maxiter):
        if (f_before < 0) != (f_now < 0) and f_before != 0 and f_now != 0:
            other, f_other = before, f_before
            step = last_step = now - before
        if abs(f_other) < abs(f_now):
            before, now, other = now, other, now
            f_before, f_now, f_other = f_now, f_other, f_now
        least, half = (xtol + rtol * abs(now)) / 2, (other - now) / 2
        if f_now == 0 or abs(half) < least:
            return now
        tried = _tried(before, now, other, f_before, f_now, f_other) if abs(f_now) < abs(f_before) else np.inf
        if abs(last_step) > least and 2 * abs(tried) < min(abs(last_step), 3 * abs(half) - least):
            last_step, step = step, tried
        else:
            last_step = step = half
        before, f_before = now, f_now
        now += step if abs(step) > least else least if half > 0 else -least
        f_now = _number((yield now), now)
    raise ArithmeticError(f"no root between {low} and {high} within {maxiter} steps")


def _number(value, at):
    """The function's value at a point; raises ValueError where it is not a number."""
    if value != value:
        raise ValueError(f"the function is not a number at {at}")
    return value


def _tried(before, now, other, f_before, f_now, f_other):
    """The step to where the secant, or the parabola of the inverse, is 0; infinite where there is none."""
    try:
        if before == other:
            return -f_now * (now - before) / (f_now - f_before)
        slope, slope_other = (f_before - f_now) / (before - now), (f_other - f_now) / (other - now)
        far = slope_other * slope * (f_other - f_before)
        return -f_now * (f_other * slope_other - f_before * slope) / far
    except ZeroDivisionError:
        return np.inf


def chandrupatla(function: Callable[[Array, Integers], Array], low: Array, high: Array, tolerance: float) -> Array:
    """Roots of function(x, which) between ends at which it has different signs, to tolerance (1 + |x|).

    which: numbers of the elements that x holds, those still open. Arrays of shape (elements,); not a number where the
    signs are the same or the ends not finite.
    """
    which, found = np.arange(len(low)), np.full(len(low), np.nan)
    new, end, out = np.asarray(low, dtype=float), np.asarray(high, dtype=float), np.empty(0)  # out: left out last
    f_new, f_end, f_out = function(new, which), function(end, which), out
    lost = ~(np.isfinite(new) & np.isfinite(end)) | (np.sign(f_new) == np.sign(f_end))
    for turn in range(MOST_TURNS + 1):
        lost |= np.isnan(f_new) & np.isnan(f_end)
        nearest, exact = np.where(np.abs(f_new) < np.abs(f_end), new, end), (f_new == 0) | (f_end == 0)
        width, narrow = np.abs(end - new), np.abs(nearest) * tolerance + tolerance
        done = exact | lost | (width < narrow)
        if done.any() or turn == MOST_TURNS:
            found[which] = np.where(lost & ~exact, np.nan, nearest)
            if done.all():
                break
            left = ~done
            which, new, end, f_new, f_end = (values[left] for values in (which, new, end, f_new, f_end))
            width, narrow = width[left], narrow[left]
            if turn:
                out, f_out = out[left], f_out[left]
        share: Array | float = 0.5
        if turn:
            edge = 0.5 * narrow / width
            share = _share((new, end, out), (f_new, f_end, f_out))
            share = np.minimum(np.maximum(share, edge), 1 - edge)
        tried = new + share * (end - new)
        value = function(tried, which)
        same = np.sign(value) == np.sign(f_new)
        out, f_out = np.where(same, new, end), np.where(same, f_new, f_end)
        end, f_end = np.where(same, end, new), np.where(same, f_end, f_new)
        new, f_new, lost = tried, value, ~np.isfinite(tried)
    return found


def _share(x, f):
    """How far from x1 to x2 the next point lies: by the inverse parabola where that may be trusted, else halfway."""
    a, b, c = f
    across, far = (x[0] - x[1]) / (x[2] - x[1]), (x[2] - x[0]) / (x[1] - x[0])
    with np.errstate(divide="ignore", invalid="ignore"):
        rise = (a - b) / (c - b)
        fine = ((1 - np.sqrt(1 - across)) < rise) & (rise < np.sqrt(across))
        return np.where(fine, a / (a - b) * c / (c - b) - far * a / (c - a) * b / (b - c), 0.5)
