"""Periods that follow each other as a market's page shows them: by period, with one that is looked at."""

import numpy as np

from views.kit.charts import Line, line_chart, steps
from views.kit.frames import Moments, Reading

ALL = "Everybody"


def moments(told):
    """Periods played so far, to be looked at one by one; told: {what: (unit, values by period)}."""
    count = len(next(iter(told.values()))[1])
    readings = tuple(Reading(what, tuple(values), unit) for what, (unit, values) in told.items())
    return Moments("periods", tuple(f"period {k}" for k in range(count)), {ALL: readings})


def span(played, periods):
    """What time the tiles tell of."""
    return f"Periods 0 to {played - 1} of {periods} together" if played > 1 else f"Period 0 of {periods}"


def chart(told, colours, label, faint=None):
    """Stairs of some of what is told by period; colours, faint (behind): {what: (colour, style)}."""
    edges = np.arange(len(next(iter(told.values()))[1]) + 1)
    lines, behind = (
        [
            Line(what, *steps(edges, np.array(told[what][1], dtype=float)), colour, style)
            for what, (colour, style) in drawn.items()
        ]
        for drawn in (colours, faint or {})
    )
    return line_chart(lines, label, "period", zero=True, moments=edges[:2], faint=behind)
