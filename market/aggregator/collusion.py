"""What some players would have if one planner bought for them, beside what all others buy."""

from __future__ import annotations

from collections.abc import Sequence

from market.aggregator.beside import Beside
from market.aggregator.game import Block, Game
from market.aggregator.planner import planned_surplus
from market.prices import PriceRule


def colluding_surplus(rule: PriceRule, blocks: Sequence[Block], others: float) -> float:
    """Highest sum of the blocks' users' surplus if one planner bought for all of them, others' total given, money."""
    return planned_surplus(Game(Beside(rule, others), tuple(blocks)))
