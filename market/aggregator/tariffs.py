"""A market with tariffs as one without: utilities hold what players feel on a unit, offsets what charges leave users.

A player then decides in a market that the solvers and certificates know; what it does not decide on, charges and what
comes back of others' payments, is taken off surpluses when a round is cleared (docs/aggregator/tariffs.md).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from market.aggregator.dearer import dearer
from market.aggregator.game import Block, Game
from market.aggregator.planner import planned_surplus
from market.tariffs import Levied

if TYPE_CHECKING:  # a market without a network is played without loading one
    from market.aggregator.network.game import NetworkGame

Market = TypeVar("Market", "Game", "NetworkGame")


def taxed(game: Market, levied: Levied) -> Market:
    """The market with tariffs; as it is where there are none."""
    if not levied.levies:
        return game
    blocks = (_taxed(block, levied) if isinstance(block, Block) else block for block in game.blocks)
    return replace(game, blocks=tuple(blocks), levied=levied, before=game)


def _taxed(block, levied):
    felt = levied.felt(block)
    cost, fixed = felt.per_unit[:, 0] + felt.peak, levied.terms(block.name).fixed
    utility = dearer(block.utility, cost) if np.any(cost != 0) else block.utility
    weighs = not (block.single or block.goal.welfare)  # of a plain sum the same off all surpluses moves nothing
    return replace(block, utility=utility, surplus_offset=block.surplus_offset - fixed * weighs)


def planners_surplus(game: Game) -> float:
    """Highest sum of all users' surplus, what they pay by tariffs off it, if one planner bought for everybody."""
    if game.levied is None:
        return planned_surplus(game)
    game = taxed(replace(game.untaxed, price=game.price), replace(game.levied, names={}, sole=True))
    nothing = np.zeros(game.users)  # fees are the same whatever one planner buys
    return planned_surplus(game) + float(np.sum(game.after_tariffs(nothing, nothing)[0]))
