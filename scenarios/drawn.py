"""What drawing a scenario gives."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Drawn:
    """One replication: the market's game, and how many draws of (group, key) were repeated until legal."""

    game: object
    redraws: dict[tuple[str, str], int]
