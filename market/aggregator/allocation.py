"""How a player splits a given purchase among its users at a given price."""

from __future__ import annotations

import numpy as np

from market.aggregator.game import Block
from market.arrays import Array
from market.brackets import chandrupatla
from market.fairness import Objective

MULTIPLIER_PRECISION = 1e-14  # relative and absolute
FARTHEST_MULTIPLIER = 600.0  # a multiplier at which max-min takes all it can


def split(block: Block, price: Array, y: Array, precision: float = MULTIPLIER_PRECISION) -> Array:
    """The split of each purchase that maximises its player's objective at a fixed price.

    (docs/aggregator/model.md, (R1); Li, Motoki, Zhang, section II-C.) Arguments: prices of shape (nodes,) or (nodes,
    players), money per unit of energy, purchases of shape (nodes, players), energy. Result: quantities of shape
    (nodes, users). A purchase beyond what the users want at the price is shared in proportion to what they want,
    equally where they want nothing: a player may hold such a purchase for a round after others have moved the price.
    """
    price, y = np.asarray(price, dtype=float), np.asarray(y, dtype=float)
    if block.single:
        return y.copy()
    price = price[:, None] if price.ndim == 1 else block.to_users(price)
    demand = block.utility.demand(price)
    wanted = block.by_player(np.add, demand)
    x = proportional = _in_proportion(block, demand, wanted, y)
    roof, reach = lowest_roof(block, price), wanted
    if roof is not None:
        eager = quantities(block, price, np.full(y.shape, -FARTHEST_MULTIPLIER), roof)
        reach = block.by_player(np.add, eager)
        share = block.to_users(np.clip((y - reach) / np.where(wanted > reach, wanted - reach, 1.0), 0.0, 1.0))
        more = np.where(share > 0, demand - eager, 0.0)  # at no price demand has no end
        x = np.where(block.to_users(y < wanted), eager + more * share, x)
    within = (y < reach) & (y > 0)
    if np.any(within):
        bracket = _bracket(block, price, demand, proportional, roof)
        x = np.where(block.to_users(within), _within(block, price, y, within, bracket, roof, precision), x)
    return x * (block.to_users(y) > 0)


def split_at(block: Block, price: float, y: Array) -> Array:
    """Every user's share of its player's purchase at one price, shape (users,), y of shape (players,), energy."""
    parts = block.unmixed_parts
    return np.concatenate([split(part, np.array([price]), y[None, some])[0] for some, part in parts])


def _in_proportion(block, demand, wanted, y):
    with np.errstate(divide="ignore", invalid="ignore"):
        share = demand / block.to_users(wanted)
    share = np.where(block.to_users(wanted) > 0, share, 1 / block.to_users(block.sizes))
    return np.where(np.isfinite(share), share, 1 / block.to_users(block.sizes)) * block.to_users(y)


def _within(block, price, y, within, bracket, roof, precision):
    """Root of Σ x(z) = y in each multiplier z, by Chandrupatla's method on all of them at once."""
    row, player = np.nonzero(within)
    z = np.zeros(y.shape)

    def excess(at, which):
        here = row[which], player[which]
        z[here] = at
        return (block.by_player(np.add, quantities(block, price, z, roof)) - y)[here]

    low, high = (end[row, player] for end in bracket)
    found = chandrupatla(excess, low, high, precision)
    z[row, player] = np.where(np.isfinite(found), found, low)
    x = quantities(block, price, z, roof)
    total = block.by_player(np.add, x)
    return x * block.to_users(np.where(total > 0, y / np.where(total > 0, total, 1.0), 1.0))


def _bracket(block, price, demand, x, roof):
    """Multipliers below and above the one sought: the extremes of those that x in proportion to demand would imply."""
    wants = demand > 0
    lifted = None if roof is None else tuple(block.to_users(part) for part in roof)
    z = block.objective.multiplier(block.utility, price, np.minimum(x, demand), lifted)
    low = block.by_player(np.minimum, np.where(wants, z, np.inf))
    high = block.by_player(np.maximum, np.where(wants, z, -np.inf))
    low, high = np.where(np.isfinite(low), low, -1.0), np.where(np.isfinite(high), high, 1.0)
    room = 1e-9 * (1 + np.abs(low) + np.abs(high))
    return low - room, high + room


def quantities(
    block: Block, price: Array, z: Array, roof: tuple[Array, Array] | None = None, objective: Objective | None = None
) -> Array:
    """Quantities (nodes, users) at prices (nodes, 1 or users) and multipliers z (nodes, players).

    Each user's first-order condition is met alone (docs/aggregator/model.md, (R1)). roof: as `lowest_roof` gives it.
    """
    lifted = None if roof is None else tuple(block.to_users(part) for part in roof)
    return (objective or block.objective).taken(block.utility, price, block.to_users(z), lifted)


def lowest_roof(block: Block, price: Array) -> tuple[Array, Array] | None:
    """For max-min: the least best_surplus of each player's users above the price, (nodes, players); else None.

    With it goes its relative slope in the price, left at 0. Prices of shape (nodes, 1) or (nodes, users).
    """
    if not block.objective.common_surplus:
        return None
    least = least_best(block, price)[1]
    return least, np.zeros_like(least)


def least_best(block: Block, price: Array) -> tuple[Array, Array]:
    """Users' best_surplus, infinite for those not above the price, and each player's least of it, 1 where none is.

    Prices of shape (nodes, 1) or (nodes, users), results (nodes, users) and (nodes, players), in money.
    """
    best = np.where(block.utility.reservation > price, block.utility.best_surplus(price), np.inf)
    least = block.by_player(np.minimum, best)
    return best, np.where(np.isfinite(least), least, 1.0)
