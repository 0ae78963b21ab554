"""A player's payoff over its purchase, with its peaks and valleys."""

import numpy as np

from market.numerals import plain
from views.style import BLUE, GREY, OCHRE, PURCHASE, VERMILLION, legend_below, new_figure, styled


@styled
def payoff(y, value, peaks, valleys=(), title="", ylabel="payoff J of the player", xlabel=PURCHASE):
    """J over the purchase y; peaks and valleys are (y, J) pairs, the highest peak stands out.

    y, value: shapes (points,); values that are not finite are left out.
    """
    figure, axes = new_figure()
    finite = np.isfinite(value)
    axes.plot(np.asarray(y)[finite], np.asarray(value)[finite], color=BLUE)
    peaks, valleys = ([one for one in marks if np.isfinite(one).all()] for marks in (peaks, valleys))
    top = max((height for _, height in peaks), default=None)
    for at, height in peaks:
        if height == top:
            _mark(axes, at, height, "*", VERMILLION, 18, "highest peak")
        else:
            _mark(axes, at, height, "o", OCHRE, 11, "local peak")
    for at, height in valleys:
        _mark(axes, at, height, "v", GREY, 11, "valley")
    axes.set_xlabel(xlabel)
    axes.set_ylabel(ylabel)
    axes.set_title(title)
    axes.margins(0.02, 0.1)
    legend_below(figure, *axes.get_legend_handles_labels(), 2)
    return figure


def _mark(axes, at, height, marker, colour, size, name):
    label = f"{name}: J({plain(at)}) = {plain(height, 6)}"
    axes.plot([at], [height], marker, color=colour, markersize=size, linestyle="none", zorder=3, label=label)
