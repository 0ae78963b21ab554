"""Line capacity against existence, the replies on both sides of it, and how often random pairs have no equilibrium."""

import numpy as np

from market.numerals import plain
from views.plots.replies import broken
from views.style import BLACK, BLUE, GREEN, GREY, LINES, VERMILLION, legend_below, new_figure, styled

NONE, SOME = VERMILLION, GREEN


@styled
def capacity(limits, share, fill, regret, bound, tried):
    """Payoffs and least regrets of two nodes alike against the line's limit.

    share, fill: payoffs of sharing the line and of filling it away from oneself; regret: the least relative regret of
    any profile, shapes (limits,); bound: K*; tried: rows of limit and status as the direct solution found them.
    """
    figure, (top, bottom) = new_figure(2, 1, width=9.0, height=8.4, sharex=True, height_ratios=(1.3, 1))
    top.plot(limits, share, color=BLUE, label="payoff where both share the line")
    top.plot(limits, fill, LINES[1], color=BLACK, label="payoff of filling it away from oneself")
    bottom.plot(limits, regret, color=BLACK, label="least relative gain somebody has left, of all profiles")
    for axes in (top, bottom):
        axes.axvspan(0, bound, color=NONE, alpha=0.10, linewidth=0)
        axes.axvline(bound, color=GREY, linestyle=":", linewidth=1.5)
    top.annotate(f"K* = {bound:.6f}", (bound, np.max(fill)), (8, -12), textcoords="offset points", fontsize=14)
    for status, colour, label in (("no-equilibrium", NONE, "solved: none exists"), ("solved", SOME, "solved: one")):
        at = [row["limit"] for row in tried if row["status"] == status]
        bottom.plot(at, np.zeros(len(at)), "o", color=colour, markersize=9, label=label, zorder=4, clip_on=False)
    top.set_ylabel("payoff of a user (money)")
    bottom.set_ylabel("relative gain left")
    bottom.set_ylim(bottom=0)
    bottom.set_xlim(limits[0], limits[-1])
    bottom.set_xlabel("limit K of the line (energy)")
    top.set_title("two nodes alike: no equilibrium while the line is thin")
    drawn = [*top.get_legend_handles_labels()[0], *bottom.get_legend_handles_labels()[0]]
    legend_below(figure, drawn, [one.get_label() for one in drawn], 2)
    return figure


@styled
def both_sides(panels):
    """Reply curves side by side: {title: (amounts, replies of A to B's, replies of B to A's, equilibrium or None)}."""
    figure, row = new_figure(1, len(panels), width=6.4 * len(panels), height=6.6, sharex=True, sharey=True)
    for axes, (title, (amounts, first, second, meeting)) in zip(row, panels.items(), strict=True):
        axes.plot(broken(first), amounts, color=BLUE, label="best reply of A")
        axes.plot(amounts, broken(second), LINES[1], color=VERMILLION, label="best reply of B")
        if meeting is not None:
            axes.plot(*np.transpose([meeting]), "*", color=BLACK, markersize=17, zorder=4, label="equilibrium")
            said = ", ".join(plain(float(y), 5) for y in meeting)
            axes.annotate(f"({said})", meeting, (10, -20), textcoords="offset points", fontsize=13)
        axes.set_title(title)
        axes.set_xlabel("purchase of A (energy)")
    row[0].set_ylabel("purchase of B (energy)")
    legend_below(figure, *row[-1].get_legend_handles_labels(), 3)
    return figure


@styled
def how_often(rows):
    """Shares of random pairs without an equilibrium by the line's limit, with 95 % intervals, beside those stated."""
    figure, axes = new_figure(width=9.0, height=5.6)
    place = np.arange(len(rows))
    found, stated, pairs = (np.array([row[name] for row in rows]) for name in ("share", "stated", "pairs"))
    half = 1.96 * np.sqrt(found * (1 - found) / pairs)
    axes.bar(place, found, color=BLUE, width=0.6, label=f"of {pairs[0]} random pairs, 95 % interval")
    axes.errorbar(place, found, yerr=np.minimum(half, np.maximum(found, half)), fmt="none", ecolor=BLACK, capsize=5)
    axes.plot(place, stated, "D", color=VERMILLION, markersize=8, label="stated, of 300 other pairs")
    axes.set_xticks(place, [f"{row['limit']:g}" for row in rows])
    axes.set_xlabel("limit K of the line (energy)")
    axes.set_ylabel("share without an equilibrium")
    axes.set_ylim(bottom=0)
    axes.grid(axis="x", visible=False)
    axes.set_title("neither no line nor a wide one, but a thin one")
    legend_below(figure, *axes.get_legend_handles_labels(), 2)
    return figure
