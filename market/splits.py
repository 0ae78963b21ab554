"""Who has a welfare: the parts that add up to it, whatever the market."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

SMALL, LARGE, PRODUCERS, TARIFFS = "small users", "large users", "producers", "tariffs"
ELASTIC, FIXED, RENTS = "elastic demand", "fixed load's bill", "rents of lines"
NEEDING, GIVING, NEITHER, GRID = "nodes in need", "nodes with surplus", "other nodes", "main grid"
LOSSES = "losses a planner has too"
BUYERS, SELLERS, AGENTS = "buyers", "sellers", "agents"


class Split(NamedTuple):
    """Who has how much of a welfare, money; lost: what a planner's welfare is higher by, 0 of a planner's own.

    had: {who: how much}, adding up to the welfare; below 0 where a part costs more than it brings; spent: {on what: how
    much} that nobody has and no planner could save.
    """

    had: Mapping[str, float]
    lost: float
    spent: Mapping[str, float] = {}

    @property
    def welfare(self) -> float:
        """What all have together."""
        return sum(self.had.values())
