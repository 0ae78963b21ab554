"""Yardsticks: users who take prices as given, one planner, and the same day without anything flexible."""

from __future__ import annotations

import numpy as np

from market.aggregator.days.day import Day
from market.aggregator.days.equilibrium import PLANNER, PRICE_TAKING, potential_optimum
from market.aggregator.days.outcome import DayOutcome, clear
from market.aggregator.days.replies import replies
from market.prices import Affine


def price_taking(day: Day) -> DayOutcome:
    """The outcome where everybody takes prices as given, with affine prices: the most total welfare there can be.

    Raises ValueError where a price is not affine.
    """
    return clear(day, potential_optimum(day, PRICE_TAKING)[0])


def planned(day: Day) -> DayOutcome:
    """The outcome of one player at alpha = 0 who buys for everybody: with affine prices the most surplus there can be
    in all, with others the most that was found."""
    if day.affine is not None:
        return clear(day, potential_optimum(day, PLANNER)[0])
    return clear(day, replies(day.party.one_player, day.prices, day.background[None], day.energy_unit).plan)


def idle(day: Day) -> Day:
    """The same day with batteries idle, nothing shifted and cars charging as they come home."""
    return day.changed([block.without(lambda part: part.idle(day.clock)) for block in day.blocks])


def total_welfare(day: Day, outcome: DayOutcome) -> float:
    """Users' worth less the cost of what they add to the background's load, in money."""
    costs = [
        _cost(rule, load) - _cost(rule, background)
        for rule, load, background in zip(day.prices, outcome.load, day.background, strict=True)
    ]
    return float(np.sum(outcome.worth) - np.sum(costs))


def _cost(rule, load):
    """∫₀^load of the price; below no load as prices go on there (docs/days/model.md, Prices)."""
    if isinstance(rule, Affine):
        return rule.cost(load)
    return float(rule.cost(max(load, 0.0))) + float(rule.value(0.0)) * min(load, 0.0)
