"""Slow and plain answers to compare the market with: nested bisection, dense grids, the formulas as written."""

import numpy as np

HALVINGS = 34  # of a quantity
COARSE = 28  # of a multiplier: an error there costs its square in payoff
POINTS = 40
ZOOM = 25
ZOOMS = 3
LEAST = -36.0  # logarithm of the least share of a user's demand that counts
MOST = 1e15  # stands for the endless demand at no price


def halve(increasing, low, high, halvings=HALVINGS):
    """Elementwise root of an increasing function between low and high."""
    for _ in range(halvings):
        middle = (low + high) / 2
        over = increasing(middle) > 0
        low, high = np.where(over, low, middle), np.where(over, middle, high)
    return (low + high) / 2


def least_surplus(utility, price, y, counted):
    """Greatest least surplus of the counted users when y is bought at each price (max-min), shape (nodes,)."""
    price = price[:, None]
    demand = np.minimum(np.where(counted, utility.demand(price), 0.0), MOST)
    roof = np.where(counted, utility.value(demand) - price * demand, np.inf).min(axis=1)

    def quantity(t):
        def excess(share):
            x = demand * np.exp(share)
            return utility.value(x) - price * x - t[:, None]

        x = demand * np.exp(halve(excess, np.full_like(demand, LEAST), 0 * demand))
        return np.where(counted, x, 0.0).sum(axis=1)

    return np.maximum(
        np.where(quantity(roof) <= y, roof, halve(lambda t: quantity(t) - y, np.zeros_like(roof), roof)), 0.0
    )


def fair_surpluses(utility, price, y, alpha, offset):
    """Surpluses (nodes, users) of the alpha-fair split of each y at each price: margin = kappa (s + offset)^alpha."""
    price = price[:, None]
    demand = np.minimum(utility.demand(price), MOST)
    buys = demand > 0
    tiny = 1e-300

    def log_kappa(x):
        margin = np.maximum(utility.marginal(x) - price, tiny)
        surplus = utility.value(x) - price * x
        return np.log(margin) - alpha * np.log(np.maximum(surplus + offset, tiny))

    def quantities(z):
        share = halve(lambda t: z[:, None] - log_kappa(demand * np.exp(t)), np.full_like(demand, LEAST), 0 * demand)
        return np.where(buys & (log_kappa(0 * demand) > z[:, None]), demand * np.exp(share), 0.0)

    first, last = log_kappa(demand * 1e-14), log_kappa(demand * (1 - 1e-13))
    most = np.where(buys, first, -np.inf).max(axis=1, initial=-np.inf) + 1
    least = np.where(buys, last, np.inf).min(axis=1, initial=np.inf) - 1
    known = np.isfinite(most) & np.isfinite(least)
    z = halve(lambda z: y - quantities(z).sum(axis=1), np.where(known, least, 0.0), np.where(known, most, 0.0), COARSE)
    x = quantities(z)
    total = x.sum(axis=1)
    x = x * np.where(total > 0, y / np.where(total > 0, total, 1.0), 0.0)[:, None]
    return utility.value(x) - price * x


def relative_gain(new, old, alpha, offset):
    """[Phi(new) − Phi(old)] / Σ (old + offset)^(1−alpha) over users with old > 0; rows of `new` are nodes."""
    served = old > 0
    unit = (old[served] + offset).min() if served.any() else 1.0
    after, before = (new + offset) / unit, (old + offset) / unit
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        if alpha == 1:
            rise = np.where(after == before, 0.0, np.log(after) - np.log(before)).sum(axis=-1)
            return rise / max(served.sum(), 1)
        power = 1 - alpha
        rise = np.where(after == before, 0.0, after**power - before**power).sum(axis=-1) / power
        scale = (before[served] ** power).sum() if served.any() else 1.0
    return rise / scale


def last_total(rule, price):
    """Largest total whose price is at most the given one, by bisection."""
    if rule.value(1e30) <= price:
        return np.inf
    return float(
        np.exp(halve(lambda at: np.float64(rule.value(np.exp(at)) > price) - 0.5, np.log(1e-30), np.log(1e30), 100))
    )


def purchases(rule, utility, outside, points=POINTS):
    """Purchases from none to all that is wanted, denser near none, with the marks of the price and the users."""
    with np.errstate(divide="ignore"):
        wanted = float(np.sum(utility.demand(max(float(rule.right_value(outside)), 1e-12))))
    top = min(wanted, last_total(rule, utility.reservation.max()) - outside)
    top = min(top, 1e14)
    if top <= 0:
        return np.zeros(1)
    marks = np.array([last_total(rule, b) for b in np.unique(utility.reservation)])
    marks = np.concatenate([marks[np.isfinite(marks)], rule.kinks]) - outside
    marks = marks[(marks > 0) & (marks < top)]
    grid = [
        np.linspace(0, top, points),
        top * np.geomspace(1e-12, 1, points),
        marks,
        marks * (1 - 1e-9),
        marks * (1 + 1e-9),
    ]
    return np.unique(np.clip(np.concatenate(grid), 0, top))


def payoff_of(rule, player, outside):
    """A function from purchases (nodes,) to surpluses (nodes, users), or to the least one (nodes, 1)."""
    counted = player.utility.reservation > float(rule.right_value(outside))
    users = player.utility.take(counted)

    def surpluses(y):
        price = np.asarray(rule.value(outside + y), dtype=float)
        if not player.single and np.isinf(player.alpha):
            priced_out = users.reservation.min() <= price
            return np.where(priced_out, 0.0, least_surplus(users, price, y, True))[:, None]
        if player.single:
            return users.value(y[:, None]) - price[:, None] * y[:, None]
        s = fair_surpluses(users, price, y, player.alpha, player.surplus_offset)
        return np.where(
            (y <= users.demand(price[:, None]).sum(axis=1) * (1 + 1e-12))[:, None], s, -player.surplus_offset
        )

    return users, surpluses


def gain_of(player):
    if player.single or np.isinf(player.alpha):
        offset = 0.0 if player.single else player.surplus_offset
        return lambda new, old: (new - old)[:, 0] / (old[0] + offset if old[0] + offset > 0 else 1.0)
    return lambda new, old: relative_gain(new, old, player.alpha, player.surplus_offset)


def best(rule, player, outside, points=POINTS, brackets=2):
    """Best purchase of one player by grid search and zooming into the best brackets: (purchase, surpluses)."""
    users, surpluses = payoff_of(rule, player, outside)
    if len(users) == 0:
        return 0.0, np.zeros(0)
    gain = gain_of(player)
    grid = purchases(rule, users, outside, points)
    s = surpluses(grid)
    start = int(np.argmax(s.min(axis=1)))
    value = gain(s, s[start])
    value = np.where(np.isnan(value), -np.inf, value)
    order = [k for k in np.argsort(-value) if value[k] >= max(value[max(k - 1, 0)], value[min(k + 1, len(grid) - 1)])]
    best_y, best_s = grid[order[0]], s[order[0]]
    low, high = (
        grid[[max(k - 1, 0) for k in order[:brackets]]],
        grid[[min(k + 1, len(grid) - 1) for k in order[:brackets]]],
    )
    for _ in range(ZOOMS):
        fine = np.linspace(low, high, ZOOM, axis=1)
        s = surpluses(fine.ravel())
        value = gain(s, best_s)
        value = np.where(np.isnan(value), -np.inf, value)
        if value.max() > 0:
            best_y, best_s = fine.ravel()[value.argmax()], s[value.argmax()]
        at = value.reshape(fine.shape).argmax(axis=1)
        row = np.arange(len(fine))
        low, high = fine[row, np.maximum(at - 1, 0)], fine[row, np.minimum(at + 1, ZOOM - 1)]
    return best_y, best_s


def regret(rule, player, outside, y, points=POINTS, x=None):
    """What the player gains by its best purchase over y (split x or its best split), in the certificate's unit."""
    users, surpluses = payoff_of(rule, player, outside)
    if len(users) == 0:
        return 0.0 if y == 0 else np.inf
    if x is None:
        held = surpluses(np.array([float(y)]))[0]
    else:
        counted = player.utility.reservation > float(rule.right_value(outside))
        held = users.value(x[counted]) - float(rule.value(outside + y)) * x[counted]
        held = held.min(keepdims=True) if not player.single and np.isinf(player.alpha) else held
    return max(float(gain_of(player)(best(rule, player, outside, points)[1][None], held)[0]), 0.0)
