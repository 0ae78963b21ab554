"""Clearing: from the players' purchases to the price, every user's quantity and its surplus."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from market.aggregator.allocation import split_at
from market.aggregator.certificate import best_moves, largest
from market.aggregator.game import Game
from market.arrays import Array
from market.outcome import Outcome

CERTIFIED = 1e-6  # gap up to which an outcome counts as an equilibrium
CAPACITY_ROUNDING = 1e-13  # purchases beyond the capacity by a share this small are the capacity


def clear(game: Game, y: Array) -> Outcome:
    """The outcome of purchases y, shape (players,): price p(Y), splits inside every player, surpluses.

    (Li, Motoki, Zhang, eq. 1; docs/aggregator/model.md, Users.)
    """
    game = game.unmixed
    price = float(game.price.value(float(np.sum(y))))
    parts = zip(game.blocks, game.player_slices, strict=True)
    x = np.concatenate([split_at(block, price, y[where]) for block, where in parts])
    return outcome_of(game, y, x, price)


def outcome_of(game: Game, y: Array, x: Array, price: float) -> Outcome:
    """The outcome of purchases and quantities at a price, with surpluses and what exceeds the capacity."""
    beyond = float(np.sum(y)) - game.price.capacity
    unserved = beyond if beyond > CAPACITY_ROUNDING * game.price.capacity else 0.0
    return Outcome(y, x, surpluses(game, price, x), float(price), unserved)


def surpluses(game: Game, price: float, x: Array) -> Array:
    """Surplus of every user with quantities x at a price, shape (users,), money (Li, Motoki, Zhang, eq. 1)."""
    return np.concatenate(
        [block.utility.surplus(price, x[rows]) + 0.0 for block, rows in zip(game.blocks, game.user_slices, strict=True)]
    )


def certified(game: Game, outcome: Outcome) -> Outcome:
    """The outcome with its gap, every player's regret and best move (docs/aggregator/model.md, The gap)."""
    best = best_moves(game, outcome.y, outcome.x)
    return replace(
        outcome, gap=largest(best.regrets), regrets=best.regrets, moves=best.purchases, proven=bool(np.all(best.proven))
    )
