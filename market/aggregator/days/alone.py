"""What users' best days are worth without any grid: surplus is counted from there."""

from __future__ import annotations

import numpy as np

from market.aggregator.days.block import Homes
from market.aggregator.days.clock import Clock
from market.aggregator.days.parts import Consumption
from market.aggregator.days.party import Party
from market.aggregator.days.programme import solve
from market.arrays import Array


def worth_alone(block: Homes, clock: Clock, energy: float) -> Array:
    """Worth of each user's best day without a grid, money, shape (users,) (docs/days/model.md, Surplus).

    Cars are charged elsewhere; a battery need not end fuller than it began. energy: the size of quantities.
    """
    worth = np.zeros(block.users)
    free = block.without(lambda part: part.off_grid())
    owned = [part.users for part in free.parts.values() if part.sells]
    users = np.unique(np.concatenate([np.empty(0, dtype=np.intp), *owned]))
    if len(users):
        party = Party.of([free.some(users)], clock, no_grid=True)
        worth[users] = party.worth(solve(party.days, energy).v)
    reservation = np.zeros(block.users)
    for part in block.parts.values():
        if isinstance(part, Consumption):
            reservation[part.users] = part.reservation()
    for part in block.parts.values():
        worth[part.users] -= part.saved(reservation[part.users])
    return worth
