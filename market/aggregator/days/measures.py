"""Measures of a day: peak, spread, what becomes of solar energy, what goes through batteries, who pays whom."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

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


def peak(load: Array) -> float:
    """Largest load of a period, energy; load: shape (periods,)."""
    return float(np.max(load))


def peak_over_mean(load: Array) -> float | None:
    """Largest load over the mean one; None where the mean is not above 0."""
    usual = float(np.mean(load))
    return peak(load) / usual if usual > 0 else None


def spread(price: Array) -> float:
    """Highest less lowest price, money/energy; price: shape (periods,)."""
    return float(np.ptp(price))


def self_consumption(told: dict[str, Array], rows: slice = slice(None)) -> float | None:
    """Share of some users' solar energy that they do not sell or leave unused; None where there is none.

    told: what users did, as `by_user` has it.
    """
    solar, sold = told["solar"][rows], np.maximum(-told["z"][rows], 0.0)
    own = float(np.sum(solar + told["curtailed"][rows]))
    return float(np.sum(np.maximum(solar - sold, 0.0))) / own if own > 0 else None


def self_sufficiency(told: dict[str, Array]) -> float | None:
    """Share of what users take (consumption and cars) that they do not buy; None where they take nothing.

    told: what users did, as `by_user` has it.
    """
    taken = float(np.sum(told["consumption"] + told["car"]))
    bought = float(np.sum(np.maximum(told["z"], 0.0)))
    return max(1.0 - bought / taken, 0.0) if taken > 0 else None


def payments(groups: dict[str, slice], bills: Array, price: Array, background: Array) -> dict[str, Any]:
    """Who pays whom, money: each group's bill, the background's, and what producers receive in all.

    groups: where each one's users stand in bills, shape (users,); price, background: shape (periods,).
    """
    paid = {name: float(np.sum(bills[rows])) for name, rows in groups.items()}
    others = float(price @ background)
    return {"groups": paid, "background": others, "producers": sum(paid.values()) + others}
