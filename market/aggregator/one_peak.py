"""The peak of each player's payoff that Newton's method finds, and whether no purchase beats it; many players at once.

Every step is arithmetic user by user and player by player, so a player's answer has the bits that it has alone.
Two tests tell that a peak is the highest (docs/aggregator/model.md, Replies): with the users weighted as at the peak
the plain sum of surpluses may be a concave function; else a few intervals of purchases are bounded by weak duality.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from market.aggregator.certificate import case_of
from market.aggregator.game import Block
from market.aggregator.regret_bounds import ALLOWED_REGRET, SURELY_CONCAVE, fenced, spread
from market.aggregator.reply import (
    STUCK_ERROR,
    Prices,
    common_roof,
    first_guess,
    longest_step,
    multiplier_step,
    player_sums,
)
from market.aggregator.roots import LAST_STEP, LEAST_TOTAL
from market.arrays import Array, Mask
from market.prices import PriceRule

MOST_STEPS = 40
SURELY_BELOW_PEAK = -1e-12  # what all other intervals have to stay below


class Peaks(NamedTuple):
    """Totals at which players are at a peak, nan where none was found, and their multipliers, shapes (players,)."""

    total: Array
    z: Array


def peaks_of(rule: PriceRule, block: Block, outside: Array, high: Array, start: Array) -> Peaks:
    """Newton's method on each player's total and multiplier at once, each alone with others' totals `outside`.

    high: total above which it gains nothing; start: total to start from, nan for the middle; all of shape (players,).
    (roots.newton solves the same equations for all players at one total.)
    """
    total = np.where(np.isnan(start), (outside + high) / 2, start)
    found = Peaks(np.full(total.shape, np.nan), np.full(total.shape, np.nan))
    left, z, last = np.arange(len(total)), None, np.full(total.shape, np.inf)
    for _ in range(MOST_STEPS):
        prices = Prices(
            *(np.asarray(v(total), dtype=float)[None] for v in (rule.value, rule.left_slope, rule.curvature))
        )
        z = first_guess(block, prices) if z is None else z
        step, excess, z, good = _step(block, prices, z, outside - total)
        error = np.maximum(excess, np.abs(step) / np.maximum(total, LEAST_TOTAL))
        done = (excess <= 100 * LAST_STEP) & (np.abs(step) <= LAST_STEP * total)
        done = good & (done | ((last / 2 < error) & (error <= STUCK_ERROR)))
        found.total[left[done]], found.z[left[done]] = (total + step)[done], z[0, done]
        rest = good & ~done
        if not rest.any():
            break
        new, edge = total + step, np.where(step > 0, high, outside)
        total, last = np.where((outside < new) & (new < high), new, (total + edge) / 2), error
        if not rest.all():
            block, left, z = block.only(rest), left[rest], z[:, rest]
            total, last, outside, high = total[rest], last[rest], outside[rest], high[rest]
    return found


def _step(block, prices, z, value):
    """(Step in the totals, excess of p' Σ x/m, next multipliers, sound?), shapes (players,) but of the multipliers."""
    far, slope = longest_step(block), prices.slope
    sums = player_sums(block, prices.value, z, common_roof(block, prices.value))
    buys = block.highest_reservation > prices.value
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        excess, move = multiplier_step(slope, sums, far)
        lean = sums.pressure_p * slope + sums.pressure * prices.curvature / slope
        lean = np.where(buys & (sums.pressure_z < 0), -lean / sums.pressure_z, 0.0)
        move = np.where(buys, move, 0.0)
        value = value + (sums.quantity + sums.quantity_z * move)
        rise = -1.0 + (sums.quantity_p * slope + sums.quantity_z * lean)
        good = (slope > 0) & np.isfinite(slope) & (rise < 0) & np.isfinite(value)
        step = np.where(good, -value / rise, 0.0)
    z = z + np.minimum(np.maximum(move + lean * step, -far), far)
    return step[0], np.where(buys, np.abs(excess), 0.0)[0], z, good[0]


def highest(rule: PriceRule, block: Block, outside: Array, high: Array, peaks: Peaks) -> Mask:
    """Is it certain that a peak is the highest, and by more than rounding? Shape (players,); arguments of `peaks_of`.

    The price has no kink between others' totals and `high`.
    """
    objective, curvature = block.objective, np.asarray(rule.curvature(peaks.total))
    found = np.isfinite(peaks.total)
    if objective.welfare:
        return found
    if objective.common_surplus:
        return found & (curvature >= 0)
    sure = found & (curvature >= 0) & _concave(rule, block, outside, peaks)
    open_ = found & ~sure
    if np.any(open_):
        some = Peaks(peaks.total[open_], peaks.z[open_])
        sure[open_] = _fenced(rule, block.only(open_), outside[open_], high[open_], some)
    return sure


def _concave(rule, block, outside, peaks):
    """Is the sum of surpluses, each counted as the objective counts it at the peak, concave in all quantities?

    Where p'(Y) (√(Σ D/w · Σ D w) − Σ D) ≤ 1, with users' weights w and how fast their demands D fall.
    """
    utility = block.utility
    if not utility.convex_demand:
        return np.zeros(len(outside), dtype=bool)
    price, z = block.to_users(np.asarray(rule.value(peaks.total))), block.to_users(peaks.z)
    margin = block.objective.respond(utility, price, z)[1]
    least = block.objective.least_margin(z)
    margin = margin if least is None else np.maximum(margin, least)
    bend = utility.demand_slope(block.to_users(np.asarray(rule.right_value(outside))))
    with np.errstate(over="ignore", invalid="ignore"):
        return np.asarray(rule.left_slope(peaks.total)) * spread(block, bend, margin) <= SURELY_CONCAVE


def _fenced(rule, block, outside, high, peaks):
    """Do bounds of all purchases, on intervals that double with their distance, stay below the peak?"""
    y, top = peaks.total - outside, np.maximum(high, peaks.total) - outside
    price = np.asarray(rule.value(peaks.total))
    x = block.objective.taken(block.utility, block.to_users(price), block.to_users(peaks.z))
    case = case_of(rule, block, outside, y, x)
    near, far = (np.full(y.shape, most) for most in (ALLOWED_REGRET, SURELY_BELOW_PEAK))
    return fenced(case, y, top, peaks.z, near, far)[1]
