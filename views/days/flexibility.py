"""What flexibility changes: the day beside the same day with batteries idle and nothing shifted."""

import numpy as np

from market.numerals import plain
from views.days import look
from views.style import BLACK, BLUE, OCHRE, PRICE, edges, legend_below, new_figure, styled

MOST_BINS = 24
AS_PLAYED = "as played"


@styled
def flexibility(result):
    """Price and load by period of a DaysResult with and without flexibility, and what it is worth to each user."""
    figure, ((price, load), row) = new_figure(2, 2, width=14, height=9.4, height_ratios=(3, 2))
    for axes, name, label in ((price, "price", PRICE), (load, "load", "load of the grid (energy)")):
        for outcome, colour, style, said in (
            (result.idle, look.IDLE, "--", look.STILL),
            (result.outcome, BLACK, "-", AS_PLAYED),
        ):
            values = outcome.joined(name)
            axes.stairs(values, result.edges, baseline=None, color=colour, linestyle=style, linewidth=2.4, label=said)
        axes.set_ylabel(label)
        look.hours_axis(axes, result.edges)
    sides = ("with something flexible", BLUE, result.is_flexible), ("without", OCHRE, ~result.is_flexible)
    for axes, (said, colour, who) in zip(row, sides, strict=True):
        _worth(axes, said, colour, result.flexibility[who])
    legend_below(figure, *price.get_legend_handles_labels(), 2)
    return figure


def _worth(axes, said, colour, gains):
    """How many users gain how much by everybody's flexibility."""
    if not len(gains):
        axes.axis("off")
        return
    axes.hist(gains, edges(gains, MOST_BINS), color=colour)
    axes.axvline(0, color=BLACK, linewidth=1.2)
    axes.set_title(f"{len(gains)} user{'s' * (len(gains) > 1)} {said}, mean {plain(float(np.mean(gains)), 3)} money")
    axes.set_xlabel("worth of all flexibility to a user (money)")
    axes.set_ylabel("users")
