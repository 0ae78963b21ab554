"""Rounds of players who learn, without agents: what the Mesa model of the same game plays, at a fraction of its time.

Only a price of the total is known here; on a network play the model.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from market.aggregator.best_response import best_response
from market.aggregator.game import Block, Game
from market.aggregator.learners import FacedTotal, Learners, all_wanted
from market.aggregator.rounds import move_together, take_exact_turns
from market.arrays import Array
from market.conduct import Conduct, Dice
from market.conduct.judge import Judge, Judging
from market.prices import PriceRule


@dataclass(eq=False)
class Group:
    """Players of one block who decide by a conduct, with what they have in mind."""

    learners: Learners
    conduct: Conduct
    dice: Dice
    state: dict[str, Any] = field(default_factory=dict)

    def begin(self, y: Array, rounds: int) -> None:
        """Get ready for the first of so many rounds, at first purchases y of all players."""
        self.state = self.conduct.begin(self.learners.start(y, rounds))

    def decide(self, others: float, now: Array) -> Array:
        """Their purchases of the next round."""
        return self.conduct.decide(self.state, self.dice)

    def learn(self, faced: FacedTotal) -> None:
        """Take in what came of a round."""
        self.conduct.learn(self.state, faced)


@dataclass(frozen=True, eq=False)
class Played:
    """Rounds of learners: purchases of all players, shape (rounds, players); groups: who learned, in order."""

    game: Game
    groups: tuple[Group, ...]
    purchases: Array

    def judged(self, judging: Judging | None = None) -> Judge:
        """The judge of these rounds, to whom no gaps have been told."""
        judge = Judge([group.learners for group in self.groups], len(self.purchases), judging)
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
    for group in groups:
        group.begin(y, rounds)
    purchases = np.empty((rounds, game.players))
    for played in range(rounds):
        if order == "together":
            _, y = move_together(seats, y, 1.0)
        else:
            y = take_exact_turns(seats, y, range(len(seats)))
        purchases[played] = y
        for group in groups:
            group.learn(group.learners.faced(y))
    return Played(game, tuple(groups), purchases)


def _seated(game, conducts, draws):
    """Groups of learners, and everybody's seats: (where, decide) of groups, and of each player who answers best."""
    groups, seats, numbers, most = [], [], {}, all_wanted(game)
    for block, where in zip(game.blocks, game.player_slices, strict=True):
        first = numbers.get(block.name, 0)
        numbers[block.name] = first + block.players
        if block.name in conducts:
            dice = Dice([draws(block.name, first + k) for k in range(block.players)])
            groups.append(Group(Learners(game.price, block, where, most), conducts[block.name], dice))
            seats.append((where, groups[-1].decide))
        else:
            places = range(where.start, where.stop)
            seats += [(slice(j, j + 1), partial(_answer, game.price, block.player(k))) for k, j in enumerate(places)]
    return groups, seats


def _answer(rule: PriceRule, player: Block, others: float, now: Array) -> float:
    """The best purchase of a player who learns nothing."""
    return best_response(rule, player, others, float(now[0]))
