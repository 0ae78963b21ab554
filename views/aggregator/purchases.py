"""What each player buys in the end."""

import numpy as np

from market.outcome import Status
from views.style import PURCHASE, group_colours, legend_below, new_figure, players, shortened, styled

MOST_BARS = 20


@styled
def purchases(result):
    """A bar per player, coloured by group; with very many players, each group's purchases in ascending order."""
    figure, axes = new_figure()
    colours = group_colours([block.name for block in result.game.blocks])
    axes.set_ylabel(PURCHASE)
    if result.status not in (Status.SETTLED, Status.SOLVED):
        axes.set_title(f"{result.status}: purchases as they stood last")
    if result.outcome is None:
        axes.set_title(f"{result.status}: nothing was bought")
        return figure
    if result.game.players <= MOST_BARS:
        names = [shortened(name) for name, _, _ in players(result.game)]
        place = np.arange(len(names))
        axes.bar(place, result.outcome.y, color=[colours[group] for _, group, _ in players(result.game)])
        axes.set_xticks(place, names, rotation=0 if max(map(len, names)) * len(names) < 60 else 60)
        axes.grid(axis="x", visible=False)
        return figure
    for block, where in zip(result.game.blocks, result.game.player_slices, strict=True):
        share = (np.arange(block.players) + 0.5) / block.players
        axes.plot(
            share,
            np.sort(result.outcome.y[where]),
            "o" if block.players == 1 else "-",
            color=colours[block.name],
            label=block.name,
        )
    axes.set_xlabel("share of the group's players, from the smallest purchase to the largest")
    legend_below(figure, *axes.get_legend_handles_labels(), 3)
    return figure
