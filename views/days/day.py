"""Prices and loads by period."""

import numpy as np

from views.style import BLACK, PRICE, group_colours, legend_below, new_figure, styled


@styled
def day(result):
    """Price, background and each group's net purchases over the periods of a Result."""
    outcome, blocks = result.outcome, result.game.blocks
    figure, (top, bottom) = new_figure(2, 1, width=9, height=7, sharex=True)
    period = np.arange(result.game.periods)
    top.step(period, outcome.joined("price"), where="mid", color=BLACK)
    top.set_ylabel(PRICE)
    colours = group_colours([block.name for block in blocks])
    for name, bought in result.by_group("z").items():
        bottom.step(period, bought, where="mid", color=colours[name], label=name)
    bottom.step(period, outcome.joined("load"), where="mid", color=BLACK, linestyle="--", label="all load")
    bottom.set_ylabel("energy in a period")
    bottom.set_xlabel("period")
    legend_below(figure, *bottom.get_legend_handles_labels(), 3)
    return figure
