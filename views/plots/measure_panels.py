"""Several measures of a comparison beside each other, a panel each."""

import numpy as np

from market.numerals import plain
from views.style import BLACK, finite, new_figure, runs_said, scenario_colours, shortened, styled

NO_MEAN = 1e-9  # a mean up to it is shown as 0
GROUND = {"facecolor": "white", "edgecolor": "none", "pad": 1.0}  # of numbers that a line would cross


@styled
def measure_panels(comparison, measures, log=False, limits=None):
    """Mean of each measure under each scenario of a Comparison, with its 95 % interval, as dots; log: log axes.

    measures: {measure: words on its axis}; limits: {measure: (least, most)} of its axis.
    """
    names = comparison.names
    figure, row = new_figure(
        1, len(measures), width=5.0 + 4.6 * len(measures), height=2.2 + 0.7 * len(names), squeeze=False, sharey=True
    )
    means, colours, place = comparison.means(), scenario_colours(names), np.arange(len(names))[::-1]
    for axes, (measure, words) in zip(row[0], measures.items(), strict=True):
        rows = means[means["measure"] == measure].set_index("scenario").loc[names]
        draw_dots(
            axes,
            place,
            rows["mean"].to_numpy(dtype=float),
            rows["half_width"].to_numpy(dtype=float),
            [colours[name] for name in names],
            log,
        )
        axes.set_xlabel(words)
        if limits and measure in limits:
            axes.set_xlim(*limits[measure])
    row[0][0].set_yticks(place, [shortened(name.replace("_", " ")) for name in names])
    row[0][0].set_ylim(-0.6, len(names) - 0.3)
    figure.suptitle(runs_said(comparison.replications), x=0.01, ha="left", fontsize=15)
    return figure


def draw_dots(axes, place, means, half_widths, colours, log=False):
    """A dot with interval and number for each scenario; what is not defined, or not above 0 on a log axis, in words."""
    half_widths = np.nan_to_num(finite(half_widths))
    known = np.isfinite(means) & ((means > 0) | (not log))
    if log:
        axes.set_xscale("log")
        half_widths = np.minimum(half_widths, 0.9 * np.abs(means))
    for at, mean, half, colour, ok in zip(place, means, half_widths, colours, known, strict=True):
        if ok:
            axes.errorbar(
                mean,
                at,
                xerr=half or None,
                fmt="o",
                color=colour,
                ecolor=BLACK,
                capsize=5,
                elinewidth=1.8,
                markersize=11,
            )
            axes.annotate(
                plain(float(mean)) if abs(mean) > NO_MEAN else "0",
                (mean, at),
                (0, 10),
                textcoords="offset points",
                ha="center",
                fontsize=13,
                bbox=GROUND,
            )
        else:
            said = "none" if np.isfinite(mean) else "not defined"
            axes.annotate(said, (0.02, at), xycoords=("axes fraction", "data"), va="center", fontsize=13)
    axes.margins(x=0.18)
    axes.grid(axis="y", visible=False)
