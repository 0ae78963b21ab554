"""Measures of a day: peak, spread, what becomes of solar energy, what goes through batteries, who pays whom."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from market.aggregator.days.parts import Solar

if TYPE_CHECKING:
    from market.aggregator.days.day import Day
    from market.aggregator.days.outcome import DayOutcome
    from market.arrays import Array

TOLD = {
    "consumption": ("consumption",),
    "curtailed": ("curtailed",),
    "charged": ("charged", "car charged"),
    "discharged": ("discharged", "car discharged"),
    "level": ("level", "car level"),
    "car": ("car",),
    "shifted": ("shifted",),
}


def by_user(day: Day, outcome: DayOutcome) -> dict[str, Array]:
    """Energy of every user by period, shapes (users, periods): net purchases "z", "solar" that is used, "consumption",
    "curtailed", "charged", "discharged", "level" (batteries and cars that feed back), "car", "shifted"."""
    party = day.party
    told = {name: sum(party.told(outcome.plan, column) for column in columns) for name, columns in TOLD.items()}
    return {"z": outcome.z, "solar": solar(day) - told["curtailed"]} | told  # type: ignore[return-value]  # sums of arrays


def solar(day: Day) -> Array:
    """What solar roofs yield, shape (users, periods)."""
    energy = np.zeros((day.users, day.periods))
    for block, where in zip(day.blocks, day.user_slices, strict=True):
        for part in block.parts.values():
            if isinstance(part, Solar):
                energy[where][part.users] += part.energy(day.clock)
    return energy


def peak(outcome: DayOutcome) -> float:
    """Largest load of a period, energy."""
    return float(np.max(outcome.load))


def peak_over_mean(outcome: DayOutcome) -> float | None:
    """Largest load over the mean one; None where the mean is not above 0."""
    mean = float(np.mean(outcome.load))
    return peak(outcome) / mean if mean > 0 else None


def spread(outcome: DayOutcome) -> float:
    """Highest less lowest price, money/energy."""
    return float(np.ptp(outcome.price))


def self_consumption(day: Day, outcome: DayOutcome) -> float | None:
    """Share of the users' solar energy that they do not sell or leave unused; None where there is none."""
    told = by_user(day, outcome)
    own, sold = float(np.sum(told["solar"] + told["curtailed"])), np.maximum(-outcome.z, 0.0)
    kept = np.maximum(told["solar"] - sold, 0.0)
    return float(np.sum(kept)) / own if own > 0 else None


def self_sufficiency(day: Day, outcome: DayOutcome) -> float | None:
    """Share of what users take (consumption and cars) that they do not buy; None where they take nothing."""
    told = by_user(day, outcome)
    taken = float(np.sum(told["consumption"] + told["car"]))
    return max(1.0 - float(np.sum(np.maximum(outcome.z, 0.0))) / taken, 0.0) if taken > 0 else None


def payments(day: Day, outcome: DayOutcome) -> dict[str, float]:
    """Who pays whom over the day, money: each block's bill, the background's, and what producers receive in all."""
    bills = {
        block.name: float(np.sum(outcome.bills[where]))
        for block, where in zip(day.blocks, day.user_slices, strict=True)
    }
    background = float(outcome.price @ day.background)
    return bills | {"background": background, "producers": sum(bills.values()) + background}
