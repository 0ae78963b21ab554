"""What players who learn on a network know of their payoffs: along the price curve that each believes in."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import cast

import numpy as np

from market.aggregator.best_response import best_response
from market.aggregator.game import Block
from market.aggregator.learners import (
    FLOOR_ACTIONS,
    even,
    floor_of,
    margins,
    payoff_of_nothing,
    split_payoffs,
    wanted_alone,
)
from market.aggregator.network.facing import Believed, Rising, vanishing, wanted_by
from market.aggregator.network.game import NetworkGame
from market.aggregator.network.producers import Falling, Producers, best_sale
from market.arrays import Array
from market.conduct import Start


class PlacedLearners:
    """Players of one block on a network who learn; sales of producers are positive numbers.

    game: the market; block: buyers, all of them single users or none, or producers; where, among all players. Payoffs
    are those of market.aggregator.learners, of producers their profits, and a loss counts for no more than could be
    gained alone. Raises Unbounded.
    """

    def __init__(self, game: NetworkGame, block: Block | Producers, where: slice) -> None:
        self.game, self.block, self.where = game, block, where
        self.players = [block.player(k) for k in range(block.players)]
        self.first_prices = game.prices_of(game.first_prices)[where]
        self.top = np.array([_top(game, j, player) for j, player in self._numbered()])
        self.floor = np.array([self._floor(k) for k in range(len(self.players))])

    def start(self, y: Array, rounds: int) -> Start:
        """What the players know before the first of so many rounds; y: all first amounts."""
        worth = np.array([_first_worth(player) for player in self.players])
        prices = float(self.first_prices[0]), float(self._prices_if_all[0])
        steepness = np.abs(worth - self.first_prices)
        return Start(rounds, self.top, steepness, (min(prices), max(prices)), self.faced(y), self.grid)

    def grid(self, count: int) -> Array:
        """So many even amounts of each player from none to all that it wants alone, shape (players, count)."""
        return even(self.top, count)

    def faced(self, y: Array) -> FacedCurve:
        """A round of amounts y of all players as these players faced it."""
        return FacedCurve(self, np.array(y, dtype=float))

    def hindsight(self, rounds: Array, count: int) -> tuple[Array, Array]:
        """(What even amounts would have paid, (rounds, players, count); what was paid, (rounds, players)).

        rounds: amounts of all players, shape (rounds, all players).
        """
        faced = [self.faced(y) for y in rounds]
        return np.stack([one.of_actions(count) for one in faced]), np.stack([one.payoff for one in faced])

    def believed(self, y: Array) -> list[Believed]:
        """The price that each believes in beside amounts y of all players."""
        return [self.game.facing(j, y)[0] for j, _ in self._numbered()]

    def paid(self, k: int, rule: Believed, amounts: Array) -> Array:
        """Payoffs of amounts (amounts,) of player k along a price that it believes in."""
        return np.maximum(_paid(self.players[k], rule, amounts), self.floor[k])

    def best(self, k: int, rule: Believed, now: float) -> float:
        """The best amount of player k along a price that it believes in; now: the present one, which settles ties."""
        player = self.players[k]
        if isinstance(rule, Rising) and isinstance(player, Block):
            return best_response(rule, player, 0.0, now)
        return best_sale(cast(Falling, rule), cast(Producers, player), 0.0, now)

    def marginal(self, k: int, rule: Believed, own: float) -> float:
        """What a little more would bring player k, money per energy."""
        player, at = self.players[k], np.array([own])
        if isinstance(rule, Rising) and isinstance(player, Block):
            return float(margins(rule, player, np.zeros(1), at, self.top[k : k + 1])[0])
        producer = cast(Producers, player)
        price, slope = (float(one[0]) for one in (rule.value(at), rule.left_slope(at)))
        return price + slope * own - float(producer.cost[0] + producer.rise[0] * own)

    def _numbered(self):
        return zip(range(self.where.start, self.where.stop), self.players, strict=True)

    @cached_property
    def _prices_if_all(self):
        """What each would pay or get per unit if all players bought or sold all they want at the start."""
        game = self.game
        most = np.array([_top(game, j, game.player(j)) for j in range(game.players)])
        return game.prices_of(game.operator.clear(game.taken(most), game.put_in(most)).prices)[self.where]

    def _floor(self, k):
        """The least a payoff counts: without it, load that is not served would weigh more than all else."""
        player, alone = self.players[k], self.game.facing(self.where.start + k, np.zeros(self.game.players))[0]
        best = np.max(_paid(player, alone, even(self.top[k : k + 1], FLOOR_ACTIONS)[0]))
        none = payoff_of_nothing(player, self.first_prices[k]) if isinstance(player, Block) else np.zeros(1)
        return float(floor_of(none, np.array([best]))[0])


@dataclass(frozen=True, eq=False)
class FacedCurve:
    """A round as the players of a block on a network faced it: see market.conduct.Faced.

    y: amounts of all players, which is also what each of them sees, shape (players, all players).
    """

    learners: PlacedLearners
    y: Array

    @cached_property
    def lines(self) -> list[Believed]:
        """The price that each believes in."""
        return self.learners.believed(self.y)

    @property
    def own(self) -> Array:
        return self.y[self.learners.where]

    @property
    def seen(self) -> Array:
        return np.tile(self.y, (len(self.own), 1))

    @cached_property
    def price(self) -> Array:
        return np.array([float(rule.value(np.array(own))) for rule, own in zip(self.lines, self.own, strict=True)])

    @cached_property
    def payoff(self) -> Array:
        return np.array([self.learners.paid(k, rule, self.own[k : k + 1])[0] for k, rule in enumerate(self.lines)])

    def of_actions(self, count: int) -> Array:
        grid = self.learners.grid(count)
        return np.stack([self.learners.paid(k, rule, grid[k]) for k, rule in enumerate(self.lines)])

    def marginal(self) -> Array:
        return np.array([self.learners.marginal(k, rule, float(self.own[k])) for k, rule in enumerate(self.lines)])

    def best(self, seen: Array) -> Array:
        own, first = self.own, self.learners.where.start
        rules = [self.learners.game.facing(first + k, row)[0] for k, row in enumerate(seen)]
        return np.array([self.learners.best(k, rule, float(own[k])) for k, rule in enumerate(rules)])

    def nearest(self, amounts: Array) -> Array:
        return np.clip(amounts, 0.0, self.learners.top)

    def wanted(self) -> Array:
        pairs = zip(self.learners.players, self.price, self.learners.top, strict=True)
        return np.array([min(wanted_by(player, float(price)), float(top)) for player, price, top in pairs])


def _paid(player, rule, amounts):
    """Payoffs of amounts (amounts,) of a player along the price that it believes in."""
    if isinstance(player, Block):
        return split_payoffs(rule, player, np.zeros(1), amounts[:, None])[:, 0]
    return np.asarray(rule.value(amounts) * amounts - player.spent(amounts), dtype=float)


def _first_worth(player: Block | Producers) -> float:
    """What a first unit is worth to a buyer, or costs a producer, money."""
    return float(player.cost[0]) if isinstance(player, Producers) else float(player.highest_reservation[0])


def _top(game: NetworkGame, j: int, player: Block | Producers) -> float:
    """The largest amount that player j tries: all it would buy or sell alone at the price that this makes."""
    alone = game.facing(j, np.zeros(game.players))[0]
    if isinstance(alone, Rising) and isinstance(player, Block):
        return float(wanted_alone(alone, player)[0])
    producer = cast(Producers, player)
    return _sold_alone(cast(Falling, alone), producer, producer.at_price(float(game.directions[j] @ game.first_prices)))


def _sold_alone(rule: Falling, producer: Producers, most: float) -> float:
    """What a producer alone would sell at the price that this makes, at most so much."""

    def margin(sale):
        return float(rule.value(np.array(sale))) - float(producer.cost[0] + producer.rise[0] * sale)

    return vanishing(margin, 0.0, most) if most > 0 else most
