"""What a player maximises: the fairness objective of its users' surpluses."""

from __future__ import annotations

import numpy as np

from market.aggregator.best_response import surpluses
from market.aggregator.game import Block
from market.arrays import Array, Numbers
from market.prices import PriceRule


def payoff(rule: PriceRule, player: Block, outside: float, purchases: Numbers) -> Array:
    """J(y) = Φ(surpluses at the best split of y at price p(outside + y)), shape of the purchases.

    (Li, Motoki, Zhang, eq. 3.) player: a block of one player; outside: the others' total, energy. Raises ValueError for
    several players.
    """
    if player.players != 1:
        raise ValueError(f"the payoff function is one player's, not that of {player.players}")
    y = np.asarray(purchases, dtype=float)
    held = surpluses(rule, player, outside, y.ravel())
    counted = player.utility.reservation > float(rule.right_value(outside))
    return player.objective.value(held, counted, player)[:, 0].reshape(y.shape)


def payoffs(rule: PriceRule, block: Block, total: float, y: Array, surplus: Array) -> Array:
    """What purchases y, shape (players,), of a block paid, given all purchases and its users' surpluses, (players,)."""
    without = np.asarray(rule.right_value(np.maximum(total - y, 0.0)), dtype=float)
    return block.objective.value(surplus, block.utility.reservation > block.to_users(without), block)
