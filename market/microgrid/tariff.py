"""The main grid's tariff."""

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Tariff:
    """What the main grid charges, pays and spends, money per p.u., 0 ≤ sell ≤ generation ≤ buy.

    buy: what an agent pays for power, c_b; sell: what it gets for power, c_s; generation: what the main grid's own
    supply costs, c_g.

    >>> Tariff().bill(2.0), Tariff().bill(-2.0)
    (3.0, -2.0)
    """

    buy: float = 2.0
    sell: float = 1.0
    generation: float = 1.5

    def __post_init__(self):
        for name in ("buy", "sell", "generation"):
            if not math.isfinite(getattr(self, name)):
                raise ValueError(f"tariff.{name}(={getattr(self, name)!r}) must be finite")
        if not 0 <= self.sell <= self.generation <= self.buy:
            raise ValueError(
                f"tariff: 0 <= sell(={self.sell:g}) <= generation(={self.generation:g}) <= buy(={self.buy:g}) must hold"
            )

    def bill(self, supply: float) -> float:
        """Cost of the main grid's supply in p.u.; a surplus is worth the selling price."""
        return supply * (self.generation if supply >= 0 else self.sell)
