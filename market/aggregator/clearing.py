"""Clearing: from the players' purchases to the price, every user's quantity and its surplus."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from market.aggregator.allocation import split, split_at
from market.aggregator.certificate import best_moves, largest
from market.aggregator.game import Game
from market.arrays import Array
from market.outcome import Outcome
from market.tariffs import Collected

CAPACITY_ROUNDING = 1e-13  # purchases beyond the capacity by a share this small are the capacity


def clear(game: Game, y: Array) -> Outcome:
    """The outcome of purchases y, shape (players,): price p(Y), splits inside every player, surpluses.

    (Li, Motoki, Zhang, eq. 1; docs/aggregator/model.md, Users.)
    """
    game = game.unmixed
    price = float(game.price.value(float(np.sum(y))))
    parts = zip(game.merged.blocks, game.merged.player_slices, strict=True)
    x = np.concatenate([split_at(block, price, y[where]) for block, where in parts])
    return outcome_of(game, y, x, price)


def outcome_of(game: Game, y: Array, x: Array, price: float) -> Outcome:
    """The outcome of purchases and quantities at a price, with surpluses and what exceeds the capacity."""
    unserved = float(_unserved(game, np.sum(y)))
    s, collected = game.after_tariffs(surpluses(game, price, x), x)
    return Outcome(y, x, s, float(price), unserved, collected=collected)


@dataclass(frozen=True, eq=False)
class Rounds:
    """Many rounds as cleared, each as its Outcome has it: y, shape (rounds, players); x and s, shape (rounds, users);
    price and unserved, shape (rounds,); collected: what tariffs come to in each, (rounds,)."""

    y: Array
    x: Array
    s: Array
    collected: Sequence[Collected | None]
    price: Array
    unserved: Array

    @property
    def quantity(self) -> Array:
        """Total purchases of each round."""
        return np.asarray(np.sum(self.y, axis=1))

    @property
    def welfare(self) -> Array:
        """Sum of all users' surplus in each round, money."""
        return np.asarray(np.sum(self.s, axis=1))


def clear_rounds(game: Game, y: Array) -> Rounds:
    """What `clear` makes of each round's purchases y, shape (rounds, players), to the last bit."""
    game = game.unmixed
    totals = np.sum(y, axis=1)
    price = np.array([float(game.price.value(total)) for total in totals.tolist()])
    parts = list(zip(game.merged.blocks, game.merged.player_slices, strict=True))
    x = np.concatenate([split(block, price, y[:, where]) for block, where in parts], axis=1)
    rows = zip(game.blocks, game.user_slices, strict=True)
    s = [block.utility.surplus(price[:, None], x[:, some]) + 0.0 for block, some in rows]
    after, collected = _after_tariffs(game, np.concatenate(s, axis=1), x)
    return Rounds(y, x, after, collected, price, _unserved(game, totals))


def _after_tariffs(game, s, x):
    """Surpluses of rounds after tariffs, shape (rounds, users), and what these come to in each, (rounds,)."""
    if game.levied is None:
        return s, (None,) * len(s)
    after, collected = zip(*(game.after_tariffs(*played) for played in zip(s, x, strict=True)), strict=True)
    return np.array(after), collected


def _unserved(game, totals):
    """What purchases exceed the capacity by, of totals (rounds,)."""
    beyond = totals - game.price.capacity
    return np.where(beyond > CAPACITY_ROUNDING * game.price.capacity, beyond, 0.0)


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
