"""Two players' best replies to each other: equilibria are where the curves meet."""

import numpy as np

from market.numerals import plain
from views.style import BLACK, GREEN, GREY, LINES, PURPLE, finite, group_colours, legend_below, new_figure, styled

JUMP_SHARE = 0.05  # a step between neighbouring points larger than this share of the range is a jump


@styled
def replies(
    first, second, equilibria=(), cycle=None, line=None, title="", from_zero=True, amounts=("purchase",) * 2, path=None
):
    """Best replies of two players in the plane of their purchases.

    first: (name, purchases of the second player, replies of the first); second: the same the other way round;
    equilibria: (y1, y2) pairs; cycle: purchases visited in turn, shape (steps, 2), drawn as arrows; line: ends of a
    continuum of equilibria, shape (2, 2); amounts: what the axes call what each of them chooses; path: what players
    who learn bought, shape (rounds, 2), drawn with its mean. All in energy.
    """
    figure, axes = new_figure(width=8.4, height=7.4)
    colours = group_colours([first[0], second[0]])
    (name, others, own), (other_name, other_others, other_own) = first, second
    axes.plot(broken(own), others, LINES[0], color=colours[name], label=f"best reply of {name}")
    axes.plot(other_others, broken(other_own), LINES[1], color=colours[other_name], label=f"best reply of {other_name}")
    if line is not None:
        axes.plot(
            *np.transpose(line),
            color=GREEN,
            linewidth=9,
            alpha=0.45,
            solid_capstyle="round",
            label="all of these are equilibria",
        )
    if path is not None:
        _learned(axes, np.asarray(path))
    if cycle is not None:
        _arrows(axes, np.asarray(cycle))
    for number, (x, y) in enumerate(equilibria):
        axes.plot([x], [y], "*", color=BLACK, markersize=17, zorder=4, label=None if number else "equilibrium")
        axes.annotate(f"({plain(x, 6)}, {plain(y, 6)})", (x, y), (10, 10), textcoords="offset points", fontsize=13)
    axes.set_xlabel(f"{amounts[0]} of {name} (energy)")
    axes.set_ylabel(f"{amounts[1]} of {other_name} (energy)")
    axes.set_title(title)
    if from_zero:
        axes.set_xlim(left=0)
        axes.set_ylim(bottom=0)
    legend_below(figure, *axes.get_legend_handles_labels(), 2)
    return figure


def _learned(axes, path):
    axes.plot(*path.T, "o-", color=GREY, markersize=4, linewidth=0.6, alpha=0.4, label="amounts by round")
    axes.plot(*path[-1], "o", color=BLACK, markersize=8, zorder=4, label="last")
    axes.plot(*path.mean(axis=0), "D", color=PURPLE, markersize=9, zorder=4, label="mean of all rounds")


def broken(values):
    """Values with NaN in place of one end of every jump, so that no line is drawn across it."""
    values = finite(values)
    reach = np.ptp(values) if len(values) else 0.0
    jumps = np.flatnonzero(np.abs(np.diff(values)) > JUMP_SHARE * reach) if reach > 0 else []
    values[jumps] = np.nan
    return values


def _arrows(axes, path):
    axes.plot(*path[1::2].T, "o", color=BLACK, markersize=9, zorder=4, label="after each round: a cycle")
    for start, end in zip(path, np.roll(path, -1, axis=0), strict=True):
        if np.any(start != end):
            axes.annotate(
                "",
                end,
                start,
                arrowprops={"arrowstyle": "-|>", "color": GREY, "linewidth": 2, "shrinkA": 6, "shrinkB": 6},
            )
    for x, y in np.unique(path[1::2], axis=0):
        axes.annotate(f"({plain(x, 6)}, {plain(y, 6)})", (x, y), (10, 10), textcoords="offset points", fontsize=12)
