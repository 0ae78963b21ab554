"""The game's data on a network: who buys and sells where, what they anticipate, and how a round is cleared."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from market.aggregator.allocation import split_at
from market.aggregator.game import Block, Market
from market.aggregator.network.facing import Believed, facing
from market.aggregator.network.producers import Producers
from market.arrays import Array
from market.grid.clearing import Cleared, Operator
from market.grid.nodal import NodalGrid
from market.outcome import Outcome, Status
from market.tariffs import Levied

JUST_BELOW = 1e-9  # share of all trade: just below it prices are those of the last unit
PRICE_STEP = 1e-6  # of the highest price: a change beyond it there is a step


@dataclass(frozen=True, eq=False)
class NetworkGame(Market[Block | Producers]):
    """Players at the nodes of a grid (docs/network/model.md, Players).

    places: shares over the nodes at which each block's players act, shape (nodes,), adding to 1; conducts: what each
    block's players anticipate, a name of CONDUCTS. An array of purchases y, shape (players,), holds sales of producers,
    both ≥ 0.
    """

    grid: NodalGrid
    blocks: tuple[Block | Producers, ...]
    places: tuple[Array, ...]
    conducts: tuple[str, ...]
    levied: Levied | None = None
    before: NetworkGame | None = None

    @cached_property
    def operator(self) -> Operator:
        """Who clears the rounds; raises NetworkError where flows are not defined."""
        return Operator(self.grid)

    @cached_property
    def unlimited(self) -> Operator:
        """Who would clear if no line had a limit."""
        lines = replace(self.grid.lines, limit=np.full(len(self.grid.lines), np.inf))
        return Operator(replace(self.grid, lines=lines))

    @cached_property
    def first_prices(self) -> Array:
        """Prices at the nodes without players, shape (nodes,), money per energy."""
        return self.operator.clear().prices

    @cached_property
    def curves(self) -> dict:
        """Price curves known so far (facing.py)."""
        return {}

    def __getstate__(self) -> dict:
        """All but what can be worked out again: factors of matrices are no data."""
        return {name: value for name, value in self.__dict__.items() if name not in ("operator", "unlimited", "curves")}

    def facing(self, j: int, y: Array) -> tuple[Believed, float]:
        """(The price player j believes in along its own amount, what counts as others' total) beside y, (players,)."""
        return facing(self, j, y)

    @cached_property
    def selling(self) -> Array:
        """1.0 for each player that sells, else 0.0, shape (players,)."""
        return np.concatenate([np.full(block.players, float(sells(block))) for block in self.blocks])

    @cached_property
    def directions(self) -> Array:
        """Shares over the nodes at which each player acts, shape (players, nodes)."""
        return np.concatenate(
            [np.tile(place, (block.players, 1)) for block, place in zip(self.blocks, self.places, strict=True)]
        )

    def taken(self, y: Array) -> Array:
        """What the nodes take out, the grid's fixed demand and all purchases y, shape (nodes,)."""
        return self.grid.demand + self._at_nodes(y, selling=False)

    def put_in(self, y: Array) -> Array:
        """What producers put in at the nodes with sales y, shape (nodes,)."""
        return self._at_nodes(y, selling=True)

    def _at_nodes(self, y, selling):
        total = np.zeros(self.grid.nodes)
        for block, place, where in zip(self.blocks, self.places, self.player_slices, strict=True):
            if sells(block) is selling:
                total += place * np.sum(y[where])
        return total

    def prices_of(self, prices: Array) -> Array:
        """What each player pays or gets per unit, shape (players,), at nodal prices, shape (nodes,)."""
        each = (np.full(block.players, place @ prices) for block, place in zip(self.blocks, self.places, strict=True))
        return np.concatenate(list(each))


def sells(block: Block | Producers) -> bool:
    """Are a block's players producers?"""
    return isinstance(block, Producers)


@dataclass(frozen=True, eq=False, kw_only=True)
class NetworkOutcome(Outcome):
    """What a round on a network amounts to; y holds producers' sales, x and s are the users' alone.

    price: the mean that buyers pay, weighted by purchases; where nobody buys, the mean that producers get; cleared:
    what the operator made of it; paid: what each player pays or gets per unit, profits: what each earns by selling, 0
    for buyers, shapes (players,); gap_anticipating: the largest relative regret against true residual curves, None
    where it was not looked for.
    """

    cleared: Cleared
    paid: Array
    profits: Array
    selling: Array
    gap_anticipating: float | None = None

    @property
    def quantity(self) -> float:
        """What players buy in all; where all of them sell, what they sell."""
        return float(np.sum(self.y * _weights(self.selling)))


def clear(game: NetworkGame, y: Array) -> NetworkOutcome:
    """The outcome of purchases and sales y, shape (players,): prices at the nodes, splits inside every buyer, profits.

    (docs/network/model.md, Players.)
    """
    cleared = _at_last_unit(game, y)
    paid = game.prices_of(cleared.prices)
    x, s, profits = [np.empty(0)], [np.empty(0)], np.zeros(game.players)
    for block, where in zip(game.blocks, game.player_slices, strict=True):
        if isinstance(block, Producers):
            profits[where] = paid[where] * y[where] - block.spent(y[where])
            continue
        price = paid[where][0]
        own = split_at(block, price, y[where])
        x.append(own)
        s.append(block.utility.surplus(price, own) + 0.0)
    users = np.concatenate(x)
    surplus, collected = game.after_tariffs(np.concatenate(s), users)
    return NetworkOutcome(
        y=y,
        x=users,
        s=surplus,
        collected=collected,
        price=_mean_price(paid, y * _weights(game.selling), _weights(game.selling)),
        unserved=float(np.sum(cleared.shed)),
        cleared=cleared,
        paid=paid,
        profits=profits,
        selling=game.selling,
    )


def _at_last_unit(game: NetworkGame, y: Array) -> Cleared:
    """The round as cleared; where prices have a step just there, with those of the last unit, as without a network."""
    below = game.operator.clear(game.taken(y * (1 - JUST_BELOW)), game.put_in(y * (1 - JUST_BELOW)))
    cleared = game.operator.clear(game.taken(y), game.put_in(y))
    step = np.max(np.abs(below.prices - cleared.prices)) > PRICE_STEP * np.max(np.abs(cleared.prices))
    if not step or (below.status is Status.INFEASIBLE and cleared.status is not Status.INFEASIBLE):
        return cleared
    return replace(cleared, prices=below.prices, balances=below.balances, multipliers=below.multipliers)


def _weights(selling: Array) -> Array:
    """1.0 for buyers, 0.0 for producers; 1.0 for all where nobody buys."""
    return 1.0 - selling if np.any(selling == 0) else np.ones(len(selling))


def _mean_price(paid: Array, amounts: Array, counted: Array) -> float:
    """Mean price weighted by amounts; plain where all are zero."""
    weights = amounts if np.any(amounts > 0) else counted
    return float(np.sum(paid * weights) / np.sum(weights))
