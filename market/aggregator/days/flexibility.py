"""What flexibility is worth: a day beside the same day with batteries idle and nothing shifted."""

from __future__ import annotations

from market.aggregator.days.day import Day
from market.aggregator.days.outcome import DayOutcome
from market.aggregator.days.rounds import solve
from market.aggregator.days.yardsticks import idle
from market.arrays import Array


def value_of_flexibility(day: Day, outcome: DayOutcome) -> tuple[Array, DayOutcome]:
    """(what each user's day is worth more than on the idle day, money, shape (users,), the idle day's outcome).

    The same baseline counts on both days: worth less payments. Who has nothing flexible gains or loses by what the
    others' devices do to prices.
    """
    still = solve(idle(day), certify=False).outcome
    value = (outcome.worth - outcome.bills) - (still.worth - still.bills)
    if outcome.collected is not None and still.collected is not None:
        value = value - (outcome.collected.fees - still.collected.fees)
    return value, still
