"""What players who learn bought, over stretches of rounds."""

import numpy as np

from views.aggregator.convergence import band, purchases_by_round, rounds_of
from views.style import PURCHASE, group_colours, legend_below, new_figure, styled

STRETCHES = 40  # that a run's rounds are cut into


@styled
def purchase_bands(result):
    """Purchases by group: median, middle half and middle 90 % of its players' rounds; lines where an equilibrium is."""
    figure, axes = new_figure(width=10, height=6)
    bought, rounds = purchases_by_round(result), rounds_of(result)
    many = max(1, len(rounds) // STRETCHES)
    first = len(rounds) % many
    middles = rounds[first:].reshape(-1, many).mean(axis=1)
    colours = group_colours([block.name for block in result.game.blocks])
    for block, where in zip(result.game.blocks, result.game.player_slices, strict=True):
        if not block.players:
            continue
        values = bought[first:, where].reshape(len(middles), -1)
        band(axes, middles, values, colours[block.name], block.name)
        for one in result.learned.equilibria:
            axes.axhline(float(np.median(one.y[where])), color=colours[block.name], linestyle="--", linewidth=1.2)
    axes.set_xlabel(f"round ({many} to a point)")
    axes.set_ylabel(PURCHASE)
    axes.set_title("median, 50 % and 90 % of purchases; dashed: certified equilibria")
    axes.margins(x=0.02, y=0.08)
    legend_below(figure, *axes.get_legend_handles_labels(), 3)
    return figure
