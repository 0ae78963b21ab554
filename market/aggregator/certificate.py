"""How much any player could gain by another purchase: a global search that shares nothing with the solver's.

Each player's payoff is evaluated on a grid of purchases from none to more than its users want, with points on both sides
of every reservation price and kink, and the best brackets are refined by SciPy's bracketing minimiser. A payoff is
formed from an explicit split of the purchase, user by user.
"""

import numpy as np
from scipy.optimize import elementwise

from market.aggregator.allocation import split

EVEN = 65  # even points between no purchase and the largest sensible one
MOST_WORK = 2_000_000  # users times grid points over all players; the grid thins out beyond
MOST_NODES = 1 << 18  # users times grid points at once
LEAST_POINTS = 17
BRACKETS = 3
ROUGH = 1e-7  # a split this precise changes a payoff by its square
SIDE = 1e-9


def gap(game, y, x):
    """Largest relative regret of any player and all of them, shape (players,) (aggregator.md, section 4).

    Arguments: purchases y of shape (players,), quantities x of shape (users,). A regret is the gain of the best
    purchase found over the present one, as a share of Σ (s_i + offset)^(1−alpha) over the player's served users
    (max-min: the least surplus plus the offset; a single user: its surplus). Infinite for a player whose objective is
    minus infinity.
    """
    regrets = np.concatenate(list(_regrets(game, np.asarray(y, dtype=float), np.asarray(x, dtype=float))))
    return float(max(regrets.max(), 0.0)), regrets


def _regrets(game, y, x):
    total, at = float(y.sum()), 0
    for block, where in zip(game.blocks, game.player_slices, strict=True):
        mine = x[at : at + block.users]
        at += block.users
        outside = np.maximum(total - y[where], 0.0)
        if block.single:
            yield _single_regrets(game.price, block.utility, outside, mine, game.users)
            continue
        stops = np.append(block.starts, block.users)
        yield np.array(
            [
                player_regret(
                    game.price,
                    block.player(j),
                    outside[j],
                    y[where][j],
                    mine[stops[j] : stops[j + 1]],
                    game.users,
                )
                for j in range(block.players)
            ]
        )


def player_regret(rule, player, outside, y, x, users_in_all=0):
    """Relative regret of one aggregator holding purchase y split into x, shape (users,)."""
    before = float(rule.right_value(outside))
    counted = player.utility.reservation > before
    if 1 <= player.alpha < np.inf and player.surplus_offset == 0 and not np.all(counted):
        return np.inf
    if not np.any(counted):
        return 0.0 if y <= 0 else np.inf
    held = player.utility.surplus(float(rule.value(outside + y)), x)[counted]
    served = x[counted] > 0
    block = _with(player, counted)

    def payoff(purchase):
        price = np.asarray(rule.value(outside + purchase), dtype=float)
        split_x = split(block, price, purchase[:, None], ROUGH)
        return block.objective.gain(block.utility.surplus(price[:, None], split_x), held, served)

    most = _most_points(users_in_all, block.users)
    points = _grid(rule, block.utility.reservation, outside, y, np.sum(block.utility.demand(before)), most)
    value = _in_parts(payoff, points, block.users)
    return max(float(value.max()), _refined(payoff, points, value))


def _with(player, rows):
    return type(player)(
        player.name,
        player.kind,
        player.utility.take(rows),
        player.alpha,
        player.surplus_offset,
        np.array([int(rows.sum())]),
    )


def _most_points(users_in_all, users):
    return max(LEAST_POINTS, MOST_WORK // max(users_in_all, users))


def _grid(rule, reservation, outside, y, wanted, most):
    """Purchases to try: even ones, both sides of each reservation price and kink, and ones around the present purchase."""
    high = (
        min(float(wanted), max(float(rule.supply(reservation.max())) - outside, 0.0))
        if np.isfinite(wanted)
        else np.inf
    )
    high = high if np.isfinite(high) else max(float(rule.supply(reservation.max())) - outside, 2 * y)
    marks = np.concatenate([np.ravel(rule.supply(reservation)), rule.kinks]) - outside
    marks = np.unique(marks[(marks > 0) & (marks < high)])
    room = max((most - EVEN) // 3, 4)
    if len(marks) > room:
        marks = marks[np.linspace(0, len(marks) - 1, room).astype(int)]
    side = SIDE * (outside + marks)
    near = y * (1 + np.concatenate([-np.geomspace(1e-6, 0.3, 4), [0.0], np.geomspace(1e-6, 0.3, 4)]))
    even = np.linspace(0, high, min(EVEN, most))
    points = np.concatenate(
        [even, marks - side, marks, marks + side, near, high * np.geomspace(1e-6, 1e-2, 4)]
    )
    return np.unique(np.clip(points, 0.0, max(high, y)))


def _in_parts(payoff, points, users):
    step = max(1, MOST_NODES // users)
    return np.concatenate([payoff(points[lo : lo + step]) for lo in range(0, len(points), step)])


def _refined(payoff, points, value):
    """The highest payoff inside the best brackets of the grid."""
    peak = np.flatnonzero((value[1:-1] >= value[:-2]) & (value[1:-1] >= value[2:])) + 1
    peak = peak[np.argsort(-value[peak])[:BRACKETS]]
    if len(peak) == 0:
        return -np.inf
    ends = points[peak - 1], points[peak], points[peak + 1]
    found = elementwise.find_minimum(
        lambda at: -payoff(at), ends, maxiter=40, tolerances={"xatol": 1e-12, "xrtol": 1e-9}
    )
    return float(np.max(-found.f_x))


def _single_regrets(rule, utility, outside, x, users_in_all):
    """Regrets of users who buy for themselves, shape (users,): the same grid, a column a user."""
    held = utility.surplus(rule.value(outside + x), x)
    high = np.minimum(
        np.maximum(rule.supply(utility.reservation) - outside, 0.0),
        utility.demand(np.maximum(rule.right_value(outside), 1e-300)),
    )
    count = int(np.clip(MOST_WORK // max(users_in_all, len(x)), LEAST_POINTS, 4 * EVEN))
    shares = np.concatenate([np.linspace(0, 1, count), np.geomspace(1e-6, 1e-2, 4)])
    points = [np.multiply.outer(high, shares), x[:, None] * (1 + np.array([-1e-2, -1e-4, 0.0, 1e-4, 1e-2]))]
    if len(rule.kinks) and len(rule.kinks) * len(x) <= MOST_WORK:
        kinks = rule.kinks - outside[:, None]
        points += [kinks, kinks * (1 - SIDE), kinks * (1 + SIDE)]
    points = np.sort(np.clip(np.concatenate(points, axis=1), 0.0, np.maximum(high, x)[:, None]), axis=1)
    row = np.arange(len(x))

    def payoff(at, user):
        return utility.take(user).surplus(rule.value(outside[user] + at), at)

    value = payoff(points.ravel(), np.repeat(row, points.shape[1])).reshape(points.shape)
    best = np.clip(np.argmax(value, axis=1), 1, points.shape[1] - 2)
    found = value.max(axis=1)
    inner = (points[row, best - 1] < points[row, best]) & (points[row, best] < points[row, best + 1])
    if np.any(inner):
        user = row[inner]
        ends = tuple(points[user, best[inner] + k] for k in (-1, 0, 1))
        zoomed = elementwise.find_minimum(lambda at, user: -payoff(at, user), ends, args=(user,), maxiter=60)
        found[inner] = np.maximum(found[inner], -zoomed.f_x)
    return (found - held) / np.where(held > 0, held, 1.0)
