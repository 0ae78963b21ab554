"""The most that each player could gain by any other purchase: a proof, where a grid of purchases is a search.

Where a plane above the objective is a concave function of all quantities, its slopes at the present ones bound it
everywhere. Else, from the present purchase two fronts walk, one down to none, one up to where nothing can be gained.
Weak duality and a plane above the objective bound what a purchase between two of a front's points brings
(docs/aggregator/model.md, The gap): its error falls with the square of the step, so that the steps grow as the front
leaves the peak.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from market.aggregator.allocation import lowest_roof
from market.aggregator.game import Block
from market.arrays import Array, Mask
from market.prices import PriceRule

ALLOWED_REGRET = 5e-10  # regret up to which an interval counts as closed
SURELY_CONCAVE = 1 - 1e-6
SUM_ROUNDING = 1e-12  # of sums over users whose difference is taken
LEAST_BOUND = 1e-15  # of a payoff: what a bound leaves to the rounding of the arithmetic
MOST_STEPS = 200
FIRST_STEP = 1e-4  # of the present purchase
WIDER, NARROWER = 2.0, 0.3  # what a step is multiplied by once its interval was closed, or was not
LEAST_STEP = 1e-13  # of the total: so small a step closes nothing
ROOF_STEPS = 4  # steps towards a common surplus
LONGEST_MULTIPLIER_STEP = 3.0  # step of a multiplier
NEAR_PURCHASE = 0.01  # of a purchase
LEAST_FALL = 1e-200  # of the total: a purchase that falls less than that with its multiplier does not fall
FARTHEST_MULTIPLIER = 300.0  # a multiplier beyond which quantities do not change
FRONT_SIGNS = np.array([[-1.0], [1.0]])  # of the two fronts' steps
MOST_FENCED = 1 << 15  # users times intervals up to which all intervals are bounded at once
HALVINGS = 0.5 ** np.arange(1, 16)
FENCE_BELOW = np.concatenate([[0.0, 0.25], 1 - HALVINGS])  # ends of intervals below a purchase, as shares of it
FENCE_ABOVE = np.append(HALVINGS[::-1], 1.0)  # and above it, as shares of the way to the largest
FENCE_PASSES = 8


@dataclass(frozen=True, eq=False)
class Case:
    """Aggregators who face a price rule with the others' totals, and what their regrets are measured by.

    outside: shape (players,), energy; measure: what `Objective.regret` takes behind the new surpluses.
    """

    rule: PriceRule
    block: Block
    outside: Array
    measure: tuple[Array, Mask, Mask, Array, Block]

    def only(self, some: Mask) -> Case:
        """The case of the marked players, shape (players,)."""
        if np.all(some):
            return self
        users, block = np.repeat(some, self.block.sizes), self.block.only(some)
        old, counted, served, worth, _ = self.measure
        measure = old[users], counted[users], served[users], worth[users], block
        return Case(self.rule, block, self.outside[some], measure)

    def regret(self, surplus: Array) -> Array:
        """Relative regrets (…, players) of not having surpluses (…, users)."""
        return self.block.objective.regret(surplus, *self.measure)

    def price(self, y: Array) -> Array:
        """Price at purchases y of each player alone, shape (…, players)."""
        return np.asarray(self.rule.value(self.outside + y), dtype=float)

    def most(self, price: Array) -> Array:
        """Surpluses (…, users) of users who buy what they want at prices (…, players)."""
        utility = self.block.utility
        best = utility.best_surplus(np.minimum(self.block.to_users(price), utility.reservation))
        return np.where(self.measure[1], best, 0.0)


def regret_bounds(case: Case, y: Array, x: Array, allowed: Array | float = ALLOWED_REGRET) -> tuple[Array, Mask]:
    """(Bounds on relative regrets, which are proven: at most `allowed`), each shape (players,).

    y, x: purchases and quantities from which the fronts walk, best those of the highest peak, shapes (players,) and
    (users,), energy. Arithmetic is in doubles, whose rounding, some 1e-15 of a payoff, is not counted.
    """
    allowed = np.broadcast_to(allowed, y.shape)
    worst = concave_bounds(case, x)
    closed = worst <= allowed
    open_ = ~closed
    if np.any(open_):
        rows = np.repeat(open_, case.block.sizes)
        worst[open_], closed[open_] = _by_intervals(case.only(open_), y[open_], x[rows], allowed[open_])
    return worst, closed


def concave_bounds(case: Case, x: Array) -> Array:
    """Bounds on regrets, shape (players,), infinite where the plane is not surely concave; x: shape (users,), energy.

    The plane lies above the objective and touches it at quantities x. With the tangent of a price that is bent upwards
    it is a sum of w_i s_i that bends down by at least `left` w_i/D_i in each quantity (docs/aggregator/model.md, The
    gap). Nobody has more than it wants at the price before the player buys: less would be worth more.
    """
    rule, block, utility, counted = case.rule, case.block, case.block.utility, case.measure[1]
    if len(rule.kinks):
        return np.full(block.players, np.inf)
    first = block.to_users(np.asarray(rule.right_value(case.outside), dtype=float))
    most = np.where(counted, utility.demand(first), 0.0)
    x = np.clip(x, 0.0, most)
    y = block.by_player(np.add, x)
    price, slope = block.to_users(case.price(y)), np.asarray(rule.left_slope(case.outside + y))
    margin, held = utility.marginal(x) - price, utility.surplus(price, x)
    surplus = np.where(counted, np.maximum(held, 0.0), 0.0)
    height, weight = block.objective.plane(surplus, margin, *case.measure)
    bend = np.where(counted, utility.demand_slope(first), 0.0)
    with np.errstate(all="ignore"):  # what is no number is not sure
        left = 1 - slope * spread(block, bend, weight)
        pull = weight * margin - block.to_users(slope * block.by_player(np.add, weight * x))
        steep = block.to_users(left) * weight / bend
        move = np.clip(pull / steep, -x, most - x)
        gain = weight * (held - surplus) + (pull - steep / 2 * move) * move
        bound = height + block.by_player(np.add, np.where(counted, gain, 0.0))
        upwards = np.asarray(rule.curvature(case.outside + y)) >= 0
    sure = utility.convex_demand & upwards & (left >= 1 - SURELY_CONCAVE) & np.isfinite(bound)
    return np.where(sure, np.maximum(bound, LEAST_BOUND), np.inf)


def spread(block: Block, bend: Array, weight: Array) -> Array:
    """√(Σ D_i/w_i · Σ D_i w_i) − Σ D_i, shape (players,), of users' D_i and weights, shapes (users,).

    Times a price's slope it is by what share the sum Σ w_i s_i may bend down less than the utilities in it.
    """
    bend, each = bend * np.ones(block.users), bend > 0
    shares = bend, bend * weight, np.divide(bend, weight, out=np.zeros(block.users), where=each)
    whole, times, over = (block.by_player(np.add, share) for share in shares)
    return np.sqrt(times) * np.sqrt(over) * (1 + SUM_ROUNDING) - whole


def _by_intervals(case, y, x, allowed):
    """The same by intervals of purchases, at once where they are few, else by two fronts; allowed: (players,)."""
    z = largest_multiplier(case, y, x)
    plain = not (len(case.rule.kinks) or case.block.objective.common_surplus)
    if plain and case.block.users * 2 * len(FENCE_BELOW) <= MOST_FENCED:
        most = np.maximum(case.block.wanted(case.price(y)), y)  # none beyond beats what users want at its price
        worst, closed = fenced(case, y, most, z, allowed, allowed)
        if np.all(closed):
            return worst, closed
    return _walked(case, y, z, allowed)


def fenced(case: Case, y: Array, top: Array, z: Array, near: Array, far: Array) -> tuple[Array, Mask]:
    """(Bounds on the regret of any purchase up to `top`, which are closed), by intervals laid out at once.

    They double with their distance from purchases y with multipliers z. near, far: up to which bounds of those that
    touch y, and of all others, are closed. Between none and `top` the price has no kink. All of shape (players,).
    """
    edges = np.concatenate([y * FENCE_BELOW[:, None], y[None], y + (top - y) * FENCE_ABOVE[:, None]])
    low, up = edges[:-1], edges[1:]
    limit = np.repeat(np.broadcast_to(far, y.shape)[None], len(low), axis=0)
    touching = slice(len(FENCE_BELOW) - 1, len(FENCE_BELOW) + 1)
    limit[touching] = near
    turn = _split(case, case.price(y)[None], y[None], z[None])[3]
    away = (low + up) / 2 - y  # multipliers move about straight below y, more slowly above
    away = np.where(away > 0, y * np.log1p(away / np.where(y > 0, y, 1.0)), away)
    guess = z + np.clip(turn * away, -LONGEST_MULTIPLIER_STEP, LONGEST_MULTIPLIER_STEP)
    guess[touching] = z  # nowhere there is more worth than at y
    bound, rows = np.full(low.shape, np.inf), np.arange(len(low))
    for _ in range(FENCE_PASSES):
        here = low[rows], (low[rows] + up[rows]) / 2, up[rows]
        found, guess, _ = interval_bounds(case, *here, guess)
        bound[rows] = np.minimum(bound[rows], found)
        again = (bound[rows] > limit[rows]).any(axis=1)
        if not again.any():
            break
        rows, guess = rows[again], guess[again]
    return np.maximum(bound.max(axis=0), 0.0), np.all(bound <= limit, axis=0)


def _walked(case, y, z, allowed):
    """The same by two fronts that walk from y, with multipliers z."""
    at = np.repeat(y[None], 2, axis=0)
    step = np.maximum(y * FIRST_STEP, LEAST_STEP * (case.outside + y)) * np.ones((2, 1))
    z, last = np.repeat(z[None], 2, axis=0), at
    turn, worst = np.zeros_like(at), np.zeros_like(at)
    done = failed = np.zeros(at.shape, dtype=bool)
    for _ in range(MOST_STEPS):
        end = _next(case, at, FRONT_SIGNS * step)
        middle = (at + end) / 2
        guess = z + np.minimum(np.maximum(turn * (middle - last), -LONGEST_MULTIPLIER_STEP), LONGEST_MULTIPLIER_STEP)
        bound, z, turn = interval_bounds(case, np.minimum(at, end), middle, np.maximum(at, end), guess)
        last = middle
        closed = (bound <= allowed) & ~done & ~failed
        at, worst = np.where(closed, end, at), np.where(closed, np.maximum(worst, bound), worst)
        step = step * np.where(closed, WIDER, NARROWER)
        ends, beyond = at <= 0, _beyond(case, at[1])
        ends[1] = beyond <= allowed
        worst[1] = np.where(ends[1] & ~done[1], np.maximum(worst[1], beyond), worst[1])
        done = done | ends
        failed = failed | (~done & (step < LEAST_STEP * (case.outside + at)))
        if np.all(done | np.any(failed, axis=0)):
            break
    return worst.max(axis=0), np.all(done, axis=0)


def _beyond(case, y):
    """The most regret of any purchase beyond y: if at the price there all users had what they want, (players,)."""
    return case.regret(case.most(np.asarray(case.rule.right_value(case.outside + y), dtype=float)))


def interval_bounds(case: Case, low: Array, middle: Array, high: Array, z: Array) -> tuple[Array, Array, Array]:
    """(The most regret of any purchase in [low, high], the middle's multiplier and its slope), each (2, players).

    Between low and high the price has no kink. A bound holds whatever the multiplier z, shape (2, players), of which
    the plane is made; it is tight where z splits the middle.
    """
    block, objective, utility = case.block, case.block.objective, case.block.utility
    price = case.price(middle)
    bought, margin, better, turn = _split(case, price, middle, z)
    counted = case.measure[1]
    ends = _ends(case, low, middle, high, price)
    surplus = np.where(counted, np.maximum(utility.surplus(block.to_users(price), bought), 0.0), 0.0)
    if objective.offset == 0 and not objective.common_surplus:
        surplus = np.where(surplus > 0, surplus, case.most(ends[0][0]) / 4)
    height, slopes = objective.plane(surplus, margin, *case.measure)
    slopes = np.where(counted, slopes, 0.0)
    sold = block.by_player(np.add, bought)
    level = block.by_player(np.add, slopes * margin * bought) / np.where(sold > 0, sold, 1.0)
    steep, worth = slopes > 0, np.maximum(utility.reservation, 0.0)
    raised = np.where(steep, block.to_users(level) / np.where(steep, slopes, 1.0), 0.0)
    bound = np.full(middle.shape, -np.inf)
    for end, quantity in ends:
        at_end = np.minimum(block.to_users(end) + raised, worth)
        gain = np.where(steep, slopes * (utility.best_surplus(at_end) - surplus), 0.0)
        bound = np.maximum(bound, block.by_player(np.add, gain) + level * quantity)
    return bound + height, better, turn


def _split(case, price, y, z):
    """(Quantities, margins, bettered z, its slope in y) of a good split of purchases y at prices (2, players)."""
    block, at = case.block, case.block.to_users(price)
    roof = _roof(block, at)
    for _ in range(1 if roof is None else ROOF_STEPS):
        x, margin, bend, share, margin_p = block.objective.respond(block.utility, at, block.to_users(z), roof)
        falls, yields = _moves(case, margin * bend * share), _moves(case, bend * (1 + margin_p))
        falls = np.where(falls > LEAST_FALL * (case.outside + y.max(axis=0)), falls, 0.0)
        away = block.by_player(np.add, x) - y
        step = np.where(falls > 0, away / np.where(falls > 0, falls, 1.0), np.sign(away))
        # where users have nearly all they want, quantities are straight in exp(z)
        z = z + np.where(step > 0, np.log1p(np.maximum(step, 0.0)), np.maximum(step, -LONGEST_MULTIPLIER_STEP))
        if roof is None or np.all(np.abs(away) <= NEAR_PURCHASE * y):
            break
    slope = np.asarray(case.rule.left_slope(case.outside + y))
    turn = -(1 + np.where(np.isfinite(slope), slope, 0.0) * yields) / np.where(falls > 0, falls, np.inf)
    return x, margin, z, turn


def _roof(block, price):
    """What a common surplus can be at most, spread over users, as `respond` takes it; None where there is none."""
    roof = lowest_roof(block, price)
    return None if roof is None else tuple(block.to_users(part) for part in roof)


def _moves(case, users):
    """How fast players' quantities move, (…, players), of how fast their users' do, where that is a number."""
    return case.block.by_player(np.add, np.where(np.isfinite(users), users, 0.0))


def largest_multiplier(case: Case, y: Array, x: Array) -> Array:
    """The multiplier of each player's purchase, that of its largest user, shapes (players,), x of shape (users,)."""
    block, price = case.block, case.block.to_users(case.price(y))
    roof = _roof(block, price[None])
    z = block.objective.multiplier(block.utility, price[None], np.minimum(x, block.utility.demand(price)), roof)[0]
    largest = x >= block.to_users(block.by_player(np.maximum, x))
    z = block.by_player(np.maximum, np.where(largest & np.isfinite(z), z, -np.inf))
    return np.clip(z, -FARTHEST_MULTIPLIER, FARTHEST_MULTIPLIER)


def _next(case, at, step):
    """Where a front's next interval ends, (2, players): a step further, or at a kink or at no purchase before that."""
    end, kinks = np.maximum(at + step, 0.0), case.rule.kinks
    if not len(kinks):
        return end
    here, there = case.outside + at, case.outside + end
    after = np.append(kinks, np.inf)[np.searchsorted(kinks, here, side="right")]
    before = np.append(-np.inf, kinks)[np.searchsorted(kinks, here, side="left")]
    return np.maximum(np.clip(there, np.minimum(before, here), np.maximum(after, here)) - case.outside, 0.0)


def _ends(case, low, middle, high, price):
    """Both ends of intervals as (price, purchase): between them no purchase at a price lies above their line.

    Where the price is bent upwards the purchase at a price is a concave function of it, so that its tangent in the
    middle lies above; elsewhere it is convex, and its chord does.
    """
    rule, total = case.rule, case.outside + middle
    first, last = case.rule.right_value(case.outside + low), case.price(high)
    convex = np.asarray(rule.curvature(total)) > 0
    if np.any(convex):
        slope = np.asarray(rule.left_slope(total))
        last = np.where(convex & (slope <= 0), first, last)  # no tangent: the lowest price all along
        convex &= slope > 0
        slope = np.where(convex, slope, 1.0)
        low = np.where(convex, middle + (first - price) / slope, low)
        high = np.where(convex, middle + (last - price) / slope, high)
    return (np.asarray(first, dtype=float), low), (last, high)
