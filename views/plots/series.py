"""A measure against a parameter, with 95 % intervals."""

import numpy as np

from engine.intervals import interval
from views.style import LINES, MARKERS, PALETTE, legend_below, new_figure, styled


@styled
def series(at, samples, xlabel, ylabel, ticks=None, colours=None, title=""):
    """Mean of each sample with its 95 % interval as a band (figs. 5, 10 and 11).

    at: parameter values, shape (points,); samples: {name: list of arrays, one per point, NaN where undefined};
    ticks: labels of the points, spaced evenly, in place of a numeric axis.
    """
    figure, axes = new_figure()
    place = np.arange(len(at)) if ticks is not None else np.asarray(at, dtype=float)
    for number, (name, points) in enumerate(samples.items()):
        mean, half = np.array([interval(values) for values in points]).reshape(-1, 2).T
        colour = (colours or {}).get(name, PALETTE[number % len(PALETTE)])
        half = np.nan_to_num(half)
        axes.fill_between(place, mean - half, mean + half, color=colour, alpha=0.2, linewidth=0)
        axes.plot(
            place, mean, LINES[number % len(LINES)], marker=MARKERS[number % len(MARKERS)], color=colour, label=name
        )
    if ticks is not None:
        axes.set_xticks(place, ticks)
    axes.set_xlabel(xlabel)
    axes.set_ylabel(ylabel)
    axes.set_title(title)
    if len(samples) > 1:
        legend_below(figure, *axes.get_legend_handles_labels(), 2)
    return figure
