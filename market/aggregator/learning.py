"""Rounds of players who learn, without agents: what the Mesa model of the same game plays, at a fraction of its time.

Only a price of the total is known here; on a network play the model.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

import numpy as np

from market.aggregator.best_response import best_response
from market.aggregator.game import Block, Game
from market.aggregator.learners import Learners, all_wanted
from market.aggregator.rounds import move_together, take_exact_turns
from market.arrays import Array
from market.conduct import Conduct, Dice, Faced, Start
from market.conduct.conduct import State
from market.conduct.judge import Judge, Learning
from market.prices import PriceRule


class Taught(Learning, Protocol):
    """Players of a block as their conduct asks for payoffs: Learners, or those placed on a network."""

    def start(self, y: Array, rounds: int) -> Start:
        """What the players know before the first of so many rounds; y: all first purchases."""

    def faced(self, y: Array) -> Faced:
        """A round of purchases y of all players as these players faced it."""

    def grid(self, count: int) -> Array:
        """So many even purchases of each player, shape (players, count)."""


@dataclass(eq=False)
class LearningGroup:
    """Players of one block who decide by a conduct, with what they have in mind, None before the first round.

    amounts: what they decided last, shape (players,).
    """

    learners: Taught
    conduct: Conduct
    dice: Dice
    state: State | None = None
    amounts: Array = field(default_factory=lambda: np.empty(0))

    def decide(self, y: Array, rounds: int) -> Array:
        """Decide the next of so many rounds beside the last purchases y of all players, which they need not see."""
        if self.state is None:
            self.state = self.conduct.begin(self.learners.start(y, rounds))
        self.amounts = self.conduct.decide(self.state, self.dice)
        return self.amounts

    def decided(self, others: float, now: Array) -> Array:
        """What they decided, whatever the others have done since."""
        return self.amounts

    def learn(self, y: Array) -> None:
        """Take in what came of a round of purchases y of all players."""
        assert self.state is not None
        self.conduct.learn(self.state, self.learners.faced(y))


@dataclass(frozen=True, eq=False)
class Played:
    """Rounds of learners: purchases of all players, shape (rounds, players); groups: who learned, in order."""

    game: Game
    groups: tuple[LearningGroup, ...]
    purchases: Array

    def judged(self) -> Judge:
        """The judge of these rounds, to whom no gaps have been told."""
        judge = Judge([group.learners for group in self.groups], len(self.purchases))
        judge.add_all(self.purchases)
        return judge


def play(
    game: Game,
    conducts: Mapping[str, Conduct],
    rounds: int,
    draws: Callable[[str, int], np.random.Generator],
    order: str = "in-turn",
    start: Array | None = None,
) -> Played:
    """So many rounds in which the groups of `conducts` learn and all others answer best.

    draws: the generator of a group's player by number; order: "in-turn" or "together", of those who answer; start:
    first purchases (players,), by default none. Raises market.aggregator.learners.Unbounded.
    """
    game = game.unmixed
    y = np.zeros(game.players) if start is None else np.array(start, dtype=float)
    groups, seats = _seated(game, conducts, draws)
    if len(groups) == len(seats):
        return Played(game, tuple(groups), play_groups(groups, y, rounds, rounds))
    purchases = np.empty((rounds, game.players))
    for played in range(rounds):
        for group in groups:
            group.decide(y, rounds)
        if order == "together":
            _, y = move_together(seats, y, 1.0)
        else:
            y = take_exact_turns(seats, y, range(len(seats)))
        purchases[played] = y
        for group in groups:
            group.learn(y)
    return Played(game, tuple(groups), purchases)


def play_groups(groups: Sequence[LearningGroup], y: Array, count: int, rounds: int) -> Array:
    """Purchases of all players, shape (count, players), in the next of so many rounds, where all of them learn."""
    purchases = np.empty((count, len(y)))
    for played in purchases:
        for group in groups:
            played[group.learners.where] = group.decide(y, rounds)
        for group in groups:
            group.learn(played)
        y = played
    return purchases


def _seated(game, conducts, draws):
    """Groups of learners, and everybody's seats: (where, decide) of groups, and of each player who answers best."""
    groups, seats, numbers, most = [], [], {}, all_wanted(game)
    for block, where in zip(game.blocks, game.player_slices, strict=True):
        first = numbers.get(block.name, 0)
        numbers[block.name] = first + block.players
        if block.name in conducts:
            dice = Dice([draws(block.name, first + k) for k in range(block.players)])
            groups.append(LearningGroup(Learners(game.price, block, where, most), conducts[block.name], dice))
            seats.append((where, groups[-1].decided))
        else:
            places = range(where.start, where.stop)
            seats += [(slice(j, j + 1), partial(_answer, game.price, block.player(k))) for k, j in enumerate(places)]
    return groups, seats


def _answer(rule: PriceRule, player: Block, others: float, now: Array) -> float:
    """The best purchase of a player who learns nothing."""
    return best_response(rule, player, others, float(now[0]))
