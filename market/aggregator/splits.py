"""Who has the welfare of a market without a network, and who would have a planner's (docs/aggregator/model.md)."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from market.aggregator.game import Block, Game
from market.aggregator.planner import OnceAGame, best_total_welfare, competitive_total, surpluses_of_total
from market.arrays import Array
from market.measures import producer_surplus, total_welfare
from market.outcome import Outcome
from market.splits import LARGE, PRODUCERS, SMALL, TARIFFS, Split


def split(game: Game, outcome: Outcome) -> Split | None:
    """Users, producers, what tariffs bring, and what is lost against price-taking users; None where part is unserved.

    (docs/aggregator/model.md, Measures.)
    """
    if outcome.unserved > 0:
        return None
    surplus = (outcome.s[rows] for rows in game.user_slices)
    had = of_users(zip(game.blocks, surplus, strict=True)) | {PRODUCERS: producer_surplus(game, outcome)}
    had |= {} if outcome.collected is None else {TARIFFS: outcome.revenue}
    return Split(had, best_total_welfare(game.untaxed) - total_welfare(game, outcome))


@OnceAGame
def planners_split(game: Game) -> Split:
    """The split of the highest total welfare, at the price where price-taking demand meets it; without tariffs."""
    game = game.untaxed
    total = competitive_total(game)
    had = of_users(zip(game.blocks, surpluses_of_total(game, total), strict=True))
    return Split(had | {PRODUCERS: float(game.price.value(total)) * total - float(game.price.cost(total))}, 0.0)


def of_users(blocks: Iterable[tuple[Block, Array]]) -> dict[str, float]:
    """{small and large users, as far as there are: what they have together}; given blocks and their users' surplus."""
    found: dict[str, float] = {}
    for block, surplus in blocks:
        who = LARGE if block.kind == "large" else SMALL
        found[who] = found.get(who, 0.0) + float(np.sum(surplus))
    return dict(sorted(found.items(), key=lambda one: one[0] == LARGE))
