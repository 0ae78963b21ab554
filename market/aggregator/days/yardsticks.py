"""Yardsticks: users who take prices as given, one planner, and the same day without anything flexible."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from market.aggregator.days.day import Day
from market.aggregator.days.outcome import DayOutcome, clear
from market.aggregator.days.outlay import costs_at
from market.aggregator.days.replies import replies


def price_taking(day: Day) -> DayOutcome:
    """The outcome where everybody takes prices as given: the most total welfare there can be."""
    return clear(day, _sole(day, own=0.0))


def planned(day: Day) -> DayOutcome:
    """The outcome of one player at alpha = 0 who buys for everybody: the most surplus there can be in all, with prices
    that bend down the most that was found. It pays the tariffs, too."""
    if day.levied is not None:
        day = day.untaxed.taxed(replace(day.levied, sole=True))
    return clear(day, _sole(day, own=1.0))


def _sole(day, own):
    """The plan of one player with everybody's users against the background."""
    return replies(day.party.one_player, day.prices, day.background[None], day.energy_unit, own=own).plan


def idle(day: Day) -> Day:
    """The same day with batteries idle, nothing shifted and cars charging as they come home."""
    return day.changed([block.without(lambda part: part.idle(day.clock)) for block in day.blocks])


def total_welfare(day: Day, outcome: DayOutcome) -> float:
    """Users' worth less the cost of what they add to the background's load, in money; what tariffs bring counts."""
    added = costs_at(day.prices, outcome.load) - costs_at(day.prices, day.background)
    spent = outcome.collected.revenue - float(np.sum(outcome.collected.fees)) if outcome.collected else 0.0
    return float(np.sum(outcome.worth) - np.sum(added)) + spent
