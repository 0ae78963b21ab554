"""The picture of the designs' orderings on days."""

import numpy as np

from engine.intervals import interval
from views.plots.bars import draw_bars
from views.style import DESIGNS, new_figure, styled

COLOURS = DESIGNS | {"max-min": DESIGNS["maxmin"]}


@styled
def orderings(found, streets):
    """Homes' mean surplus under each design, a share of that without a large user; found {panel: {design: values}}."""
    figure, row = new_figure(1, len(found), width=13.5, height=4.8, sharey=True)
    for axes, (title, by_design) in zip(row, found.items(), strict=True):
        shares = [values / by_design["alone"] for values in by_design.values()]
        means, halves = np.array([interval(share) for share in shares]).T
        draw_bars(axes, list(by_design), means, halves, COLOURS)
        axes.set_title(title, fontsize=15)
        axes.set_xlabel("mean surplus of homes, a share of that alone")
    figure.suptitle(f"12 homes and a large user, {streets} streets, 95 % intervals", x=0.01, ha="left")
    return figure
