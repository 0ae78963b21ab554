"""How the users of a run settle: quantiles of consumption and surplus by round."""

import numpy as np

from views.aggregator.convergence import band, marker_of
from views.style import (
    BLACK,
    CONSUMPTION,
    LINES,
    MOST_POINTS,
    SURPLUS,
    group_colours,
    legend_below,
    line_of,
    new_figure,
    shortened,
    styled,
)

MOST_GROUPS = 4
LONG_NUMBERS = 10_000  # rounds whose numbers need twice the room
MOST_LINES = 4  # users drawn one by one; more of them become bands


@styled
def user_bands(result):
    """Consumption and surplus of the users by round: median, middle half and middle 90 % of each group (fig. 3)."""
    parts = zip(result.game.blocks, result.game.user_slices, strict=True)
    crowds = [(block, rows) for block, rows in parts if block.users > 1][:MOST_GROUPS]
    height = 1.2 + 4.2 * max(len(crowds), 1)
    figure, grid = new_figure(max(len(crowds), 1), 2, width=12, height=height, squeeze=False, sharex=True)
    colours = group_colours([block.name for block in result.game.blocks])
    rounds = np.arange(result.rounds - len(result.quantities) + 1, result.rounds + 1)
    for row, (block, rows) in zip(grid, crowds, strict=False):
        row[0].set_title(f"{block.users:,} users of group {shortened(block.name)}")
        for axes, values, label in zip(row, (result.quantities, result.surpluses), (CONSUMPTION, SURPLUS), strict=True):
            axes.set_ylabel(label)
            if len(rounds):
                _users(axes, rounds, values[:, rows], colours[block.name], block.name)
    for axes in grid[-1]:
        axes.set_xlabel("round")
        axes.set_xticks(rounds[:: max(1, len(rounds) // (8 if len(rounds) < LONG_NUMBERS else 4))])
    keys = {label: handle for row in grid for handle, label in zip(*row[0].get_legend_handles_labels(), strict=True)}
    legend_below(figure, list(keys.values()), list(keys), 3)
    return figure


def _users(axes, rounds, values, colour, name):
    """Values of shape (rounds, users): a line each for a few users, else median, bands and mean."""
    if values.shape[1] <= MOST_LINES:
        for number, line in enumerate(values.T):
            axes.plot(
                *line_of(rounds, line),
                LINES[number],
                color=colour,
                marker=marker_of(len(rounds), MOST_POINTS),
                label=f"{name}: user {number + 1}",
            )
    else:
        band(axes, rounds, values, colour, f"{name}: median, 50 %, 90 % of users")
        axes.plot(*line_of(rounds, values.mean(axis=1)), "--", color=BLACK, label="mean")
    axes.set_ylim(bottom=min(0.0, float(values.min())))
