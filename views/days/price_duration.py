"""The price duration curve."""

import numpy as np

from views.days import look
from views.style import BLACK, PRICE, legend_below, new_figure, styled


@styled
def price_duration(result):
    """For how many hours the price of a DaysResult is at least so high; also with batteries idle."""
    figure, axes = new_figure(width=9, height=5.4)
    curves = [("as played", result.outcome, BLACK, "-")]
    if result.idle is not None:
        curves.append((look.STILL, result.idle, look.IDLE, "--"))
    for label, outcome, colour, style in curves:
        falling = np.sort(outcome.joined("price"))[::-1]
        axes.stairs(falling, result.edges, baseline=None, color=colour, linestyle=style, linewidth=2.4, label=label)
    axes.set_xlim(0, result.edges[-1])
    axes.set_xlabel("hours with at least this price")
    axes.set_ylabel(PRICE)
    legend_below(figure, *axes.get_legend_handles_labels(), 2)
    return figure
