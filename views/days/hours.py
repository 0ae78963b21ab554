"""What the browser's page tells of one period at a time: of all users together, and of one."""

import numpy as np

from market.numerals import clocks
from views.days import look
from views.kit.frames import Moments, Reading

ALL = "All users"
ALWAYS = {"consumption", "load", "bought"}  # told where they are 0 all day, too
WORDS = {
    "background": "everybody else",
    "drawn": "consumption",
    "car": "cars take",
    "charged": "batteries charge",
    "discharged": "batteries give",
    "fed in": "fed in by others",
}


def moments(standing, user):
    """All periods of the days played so far, of all users and of one; standing: an engine.results.days.Standing."""
    return Moments(
        "hours", labels(standing), {ALL: everybody(standing), look.named(standing, user): one_user(standing, user)}
    )


def labels(standing):
    """What each period is called: its clock hours, and its day where there are several."""
    hours, many = standing.game.days[0].clock.hours, len(standing.game.days)
    day = np.concatenate([np.full(day.periods, k + 1) for k, day in enumerate(standing.outcome.days)])
    begins = np.concatenate([day.clock.begins for day in standing.outcome.days])
    return tuple(
        (f"day {k}, " if many > 1 else "") + clocks(begin, hours)
        for k, begin in zip(day.tolist(), begins.tolist(), strict=True)
    )


def everybody(standing):
    """Price, load and its sources of every period."""
    outcome = standing.outcome
    told = look.of_all(standing)
    return (
        Reading("price", tuple(outcome.joined("price").tolist()), "money/energy"),
        *_energies({"load": outcome.joined("load")} | look.amounts(told, outcome.background) | {"held": told["level"]}),
    )


def one_user(standing, user):
    """What a user takes, gives, holds, buys and pays in every period."""
    mine = look.of_user(standing, user)
    known = {"bought": mine["z"]} | look.amounts(mine) | {"unused": mine["curtailed"], "held": mine["level"]}
    return (*_energies(known), Reading("pays", tuple(look.paid_by(standing, user).tolist()), "money"))


def _energies(amounts):
    """Readings of {what: energy by period}; of what is never more than a solver's noise only those told always."""
    least = look.NOT_DRAWN * max(float(np.max(np.abs(values))) for values in amounts.values())
    quiet = {WORDS.get(name, name): np.where(np.abs(values) > least, values, 0.0) for name, values in amounts.items()}
    return [
        Reading(name, tuple(values.tolist()), "energy")
        for name, values in quiet.items()
        if name in ALWAYS or np.any(values)
    ]
