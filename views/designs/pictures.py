"""The picture of several designs: of one run, and of a comparison over replications."""

from functools import partial

import numpy as np

from engine.intervals import interval
from engine.results.designs import class_marks, mean_surplus_of_class
from views.designs.design_panels import PANELS
from views.plots import PLOTS
from views.style import runs_said


def run_pictures(result):
    """The picture of one DesignsResult."""
    names = list(result.designs)
    values = {name: design.values for name, design in result.designs.items()}
    measures = {one: (_column(values, one), np.full(len(names), np.nan)) for one in PANELS}
    by_class = result.surplus_by_class.values()
    surplus = {name: np.array([one.get(name, np.nan) for one in by_class]) for name in result.game.population.classes}
    counts = tuple(_column(values, side) for side in ("winners", "losers"))
    made = {"designs": partial(PLOTS["design panels"], names, measures, surplus, counts, result.scenario.title)}
    return made


def _column(values, measure):
    return np.array([np.nan if row[measure] is None else row[measure] for row in values.values()], dtype=float)


def comparison_pictures(comparison):
    """A picture of each scenario of a Comparison of designs."""
    made = {}
    for scenario in comparison.scenarios:
        alone = len(comparison.scenarios) == 1
        names = [name for name in comparison.names if alone or name.startswith(f"{scenario.name}: ")]
        runs = f", {runs_said(comparison.replications)}" if comparison.replications > 1 else ""
        measures = {
            one: tuple(np.array([_where_always(comparison.values(name, one)) for name in names]).T) for one in PANELS
        }
        marks = class_marks(scenario)
        surplus = {
            name: np.array([mean_surplus_of_class(comparison.agents[one][0], rows) for one in names])
            for name, rows in marks.items()
        }
        counts = tuple(
            np.array([interval(comparison.values(name, side))[0] for name in names]) for side in ("winners", "losers")
        )
        spoken = [name.rpartition(": ")[2] for name in names]
        title, name = scenario.title + runs, "designs" if alone else f"designs_{scenario.name}"
        made[name] = partial(PLOTS["design panels"], spoken, measures, surplus, counts, title)
    return made


def _where_always(values):
    """Mean and half-width of its interval; NaN where a replication has no value, so that designs' means compare."""
    return interval(values) if np.all(np.isfinite(values)) else (np.nan, np.nan)
