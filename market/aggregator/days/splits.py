"""Who has the welfare of days, and who would have that of users who take prices as given (docs/days/model.md)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from market.aggregator.days.day import Day
from market.aggregator.days.outcome import DayOutcome
from market.aggregator.days.outlay import costs_at
from market.aggregator.splits import of_users
from market.splits import PRODUCERS, TARIFFS, Split

Days = Sequence[tuple[Day, DayOutcome]]


def split(days: Days, planners: Days) -> Split:
    """Users, producers on what users add to the background's load, and tariffs over days; beside a planner's of them.

    What users would have without a grid is left out on both sides.
    """
    had, best = _had(days), _had(planners)
    return Split(had, sum(best.values()) - sum(had.values()))


def _had(days):
    found: dict[str, float] = {}
    for day, outcome in days:
        surplus = (outcome.s[rows] for rows in day.user_slices)
        each = of_users(zip(day.blocks, surplus, strict=True))
        added = costs_at(day.prices, outcome.load) - costs_at(day.prices, day.background)
        each |= {PRODUCERS: float(np.sum(outcome.bills) - np.sum(added))}
        each |= {} if outcome.collected is None else {TARIFFS: outcome.collected.revenue}
        found = {who: found.get(who, 0.0) + money for who, money in each.items()}
    return found
