"""Bars with 95 % intervals: one measure under several scenarios."""

import numpy as np
from matplotlib.patheffects import withStroke

from market.numerals import plain
from views.style import BLACK, finite, new_figure, runs_said, scenario_colours, shortened, styled

NAMES = {
    "mean small surplus": "mean surplus of small users",
    "mean small consumption": "mean consumption of small users",
    "jain": "Jain's index of the small users' surplus",
    "gini": "Gini coefficient of the small users' surplus",
}


@styled
def bars(comparison, measure="mean small surplus"):
    """Mean of a measure under each scenario of a Comparison, with its 95 % interval (figs. 6 and 7)."""
    means = comparison.means()
    rows = means[means["measure"] == measure].set_index("scenario")
    names = comparison.names
    unit = f" ({comparison.units[measure]})" if comparison.units[measure] != "1" else ""
    figure, axes = new_figure(height=1.8 + 0.75 * len(names))
    draw_bars(
        axes,
        names,
        rows.loc[names, "mean"].to_numpy(),
        rows.loc[names, "half_width"].to_numpy(),
        scenario_colours(names),
    )
    axes.set_xlabel(NAMES.get(measure, measure) + unit)
    axes.set_title(runs_said(comparison.replications))
    return figure


def draw_bars(axes, names, means, half_widths, colours, labels=None):
    """Horizontal bars, the first on top, with the value beside each; undefined means are left out and said so."""
    place = np.arange(len(names))[::-1]
    means, half_widths = finite(means), np.nan_to_num(finite(half_widths))
    known = np.isfinite(means)
    axes.barh(
        place[known],
        means[known],
        color=[colours[name] for name, ok in zip(names, known, strict=True) if ok],
        height=0.62,
    )
    interval = axes.errorbar(
        means[known], place[known], xerr=half_widths[known], fmt="none", ecolor=BLACK, capsize=5, elinewidth=1.8
    )
    for part in interval.get_children():
        part.set_path_effects([withStroke(linewidth=4, foreground="white")])  # seen on a black bar too
    reach = np.max(np.abs(means[known]) + half_widths[known], initial=0.0) or 1.0
    for at, mean, half in zip(place, means, half_widths, strict=True):
        said = plain(mean) if np.isfinite(mean) else "not defined"
        start = max(mean + half, 0.0) if np.isfinite(mean) else 0.0
        axes.text(start + 0.015 * reach, at, said, va="center", fontsize=14)
    axes.set_yticks(place, labels or [shortened(name.replace("_", " ")) for name in names])
    low = min(0.0, np.min(means[known] - half_widths[known], initial=0.0))
    axes.set_xlim(1.05 * low, 1.17 * reach)
    axes.grid(axis="y", visible=False)
