"""Periods that follow each other as a market's page shows them: by period, with one that is looked at."""

import numpy as np

from views.kit.charts import Band, Line, line_chart, steps
from views.kit.frames import Moments, Reading
from views.sentences import upper

ALL = "Everybody"


def names(scenario, count):
    """What so many periods are called: when they are, where the scenario says so, else by number."""
    return tuple(scenario.times[:count]) or tuple(f"period {k}" for k in range(count))


def moments(called, told):
    """Periods played so far, to be looked at one by one; told: {what: (unit, values by period)}."""
    played = len(next(iter(told.values()))[1])
    return Moments("periods", called[:played], {ALL: readings(told)})


def readings(told):
    """A Reading of each {what: (unit, values by period)}."""
    return tuple(Reading(what, tuple(values), unit) for what, (unit, values) in told.items())


def span(called, played):
    """What time the tiles tell of: the first so many periods."""
    whole = f"{upper(called[0])} to {called[played - 1]}" if played > 1 else upper(called[0])
    return f"{whole}, {played} of {len(called)} periods" + (" together" if played > 1 else "")


def now(called, period):
    """Which period is played, in a sentence."""
    return f" {upper(called[period])}, of {called[0]} to {called[-1]}."


def chart(told, colours, label, faint=None, hours=None, between=None):
    """Stairs of some of what is told by period; colours, faint (behind): {what: (colour, style)}; hours: a period's.

    between: {what: (colour, some of what is told)}, the area from the lowest to the highest of them.
    """
    values = {what: np.array(by_period, dtype=float) for what, (_, by_period) in told.items()}
    edges = np.arange(len(next(iter(values.values()))) + 1) * (hours or 1)
    lines, behind = (
        [Line(what, *steps(edges, values[what]), colour, style) for what, (colour, style) in drawn.items()]
        for drawn in (colours, faint or {})
    )
    bands = [
        Band(*steps(edges, np.fmin.reduce(found)), steps(edges, np.fmax.reduce(found))[1], colour, 0.35, what)
        for what, (colour, names) in (between or {}).items()
        for found in [[values[name] for name in names]]
    ]
    known = {"zero": True, "moments": edges[:2], "faint": behind, "bands": bands}
    return line_chart(lines, label, "clock hour" if hours else "period", **known)
