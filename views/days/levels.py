"""What batteries hold, and what goes in and out, by group."""

import numpy as np

from views.days import look
from views.style import LINES, group_colours, new_figure, styled


@styled
def levels(result):
    """Energy in batteries (and in cars that feed back) by group, and charge and discharge, of a DaysResult."""
    told, edges = result.outcome.told, result.edges
    figure, (top, bottom) = new_figure(2, 1, width=11, height=7.6, sharex=True)
    colours = group_colours([block.name for block in result.game.blocks])
    for k, (block, rows) in enumerate(zip(result.game.blocks, result.game.user_slices, strict=True)):
        level = np.sum(told["level"][rows], axis=0)
        if np.any(level > look.NOT_DRAWN * np.max(np.abs(told["level"]))):
            top.plot(edges[1:], level, LINES[k % len(LINES)], marker=".", color=colours[block.name], label=block.name)
    top.set_ylim(bottom=0)
    top.set_ylabel("held (energy)")
    parts = {name: np.sum(told[name], axis=0) for name in ("charged", "discharged")}
    look.stacked(bottom, edges, parts)
    bottom.set_ylabel(look.IN_A_PERIOD)
    look.hours_axis(bottom, edges)
    look.legend_of(figure, (top, bottom))
    return figure
