"""How a player splits a given purchase among its users at a given price."""

import numpy as np
from scipy.optimize import elementwise

EXACT = 1e-14
FAR = 300.0  # multipliers beyond ±FAR (times alpha) do not occur


def split(block, price, y, precision=EXACT):
    """The split of each purchase that maximises its player's objective at a fixed price (section II-C).

    Arguments: prices of shape (nodes,), purchases of shape (nodes, players). Result: quantities of shape (nodes, users).
    A purchase beyond what the users want at the price is shared in proportion to what they want, equally where they
    want nothing: a player may hold such a purchase for a round after others have moved the price.
    """
    price, y = np.asarray(price, dtype=float)[:, None], np.asarray(y, dtype=float)
    if block.single:
        return y.copy()
    demand = block.utility.demand(price)
    wanted = block.by_player(np.add, demand)
    roof = lowest_roof(block, price)
    eager = quantities(block, price, np.full(y.shape, -_far(block)), roof)
    reach = block.by_player(np.add, eager)
    x = np.where(
        block.to_users(y < wanted),
        _between(block, eager, demand, reach, wanted, y),
        _beyond(block, demand, wanted, y),
    )
    within = (y < reach) & (y > 0)
    if np.any(within):
        x = np.where(block.to_users(within), _within(block, price, y, within, roof, precision), x)
    return x


def _far(block):
    return FAR * (max(block.objective.alpha, 1.0) if np.isfinite(block.objective.alpha) else 1.0)


def _between(block, eager, demand, reach, wanted, y):
    """Max-min needs no more than `reach` at this price; what is beyond goes to those who want more."""
    share = np.clip((y - reach) / np.where(wanted > reach, wanted - reach, 1.0), 0.0, 1.0)
    return (eager + (demand - eager) * block.to_users(share)) * (block.to_users(y) > 0)


def _beyond(block, demand, wanted, y):
    with np.errstate(divide="ignore", invalid="ignore"):
        share = demand / block.to_users(wanted)
    share = np.where(block.to_users(wanted) > 0, share, 1 / block.to_users(block.sizes))
    return np.where(np.isfinite(share), share, 0.0) * block.to_users(y)


def _within(block, price, y, within, roof, precision):
    """Root of Σ x(z) = y in each multiplier z, by SciPy's bracketing root finder on all of them at once."""

    def excess(z, row, player):
        if block.players == 1:
            rows = None if roof is None else tuple(part[row] for part in roof)
            return block.by_player(np.add, quantities(block, price[row], z[:, None], rows))[:, 0] - y[row, 0]
        full = np.zeros(y.shape)
        full[row, player] = z
        return (block.by_player(np.add, quantities(block, price, full, roof)) - y)[row, player]

    row, player = np.nonzero(within)
    tolerances = {"xatol": precision, "xrtol": precision, "fatol": 0.0, "frtol": 0.0}
    ends = np.full(len(row), -_far(block)), np.full(len(row), _far(block))
    found = elementwise.find_root(excess, ends, args=(row, player), tolerances=tolerances, maxiter=500)
    z = np.zeros(y.shape)
    z[row, player] = found.x
    x = quantities(block, price, z, roof)
    total = block.by_player(np.add, x)
    return x * block.to_users(np.where(total > 0, y / np.where(total > 0, total, 1.0), 1.0))


def quantities(block, price, z, roof=None, objective=None):
    """Quantities (nodes, users) at prices (nodes, 1) and multipliers z (nodes, players), by default for its own objective."""
    lifted = None if roof is None else tuple(block.to_users(part) for part in roof)
    return (objective or block.objective).respond(block.utility, price, block.to_users(z), lifted)[0]


def lowest_roof(block, price):
    """For max-min: the least best_surplus of each player's users above the price, (nodes, players); else None."""
    if np.isfinite(block.objective.alpha):
        return None
    best = np.where(block.utility.reservation > price, block.utility.best_surplus(price), np.inf)
    least = block.by_player(np.minimum, best)
    least = np.where(np.isfinite(least), least, 1.0)
    return least, np.zeros_like(least)
