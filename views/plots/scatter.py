"""Surplus against consumption, user by user."""

import numpy as np

from market.numerals import plain
from views.style import BLACK, CONSUMPTION, MARKERS, SURPLUS, group_colours, legend_below, new_figure, styled

MOST_POINTS = 4_000


@styled
def scatter(groups):
    """A dot per user and the mean of each group.

    groups: {name: (quantities, surpluses)}, each of shape (users,). Groups of one user beside groups of many
    are told in words, for they lie far outside; very large groups show an even choice of their users.
    """
    figure, axes = new_figure(height=6.2)
    colours = group_colours(groups)
    groups = {name: known for name, values in groups.items() if len((known := _known(*values))[0])}
    crowd = {name: values for name, values in groups.items() if len(values[0]) > 1} or groups
    for number, (name, (x, s)) in enumerate(crowd.items()):
        _dots(axes, x, s, name, colours[name], MARKERS[number % len(MARKERS)])
    for name, (x, s) in groups.items():
        if name not in crowd:
            axes.plot(
                [],
                [],
                "*",
                color=colours[name],
                markersize=14,
                label=f"{name}: {plain(x[0])} energy, {plain(s[0])} money",
            )
    axes.set_xlabel(CONSUMPTION)
    axes.set_ylabel(SURPLUS)
    axes.set_xlim(left=0)
    axes.set_ylim(bottom=min(0.0, *(np.min(s) for _, s in crowd.values())) if crowd else 0)
    legend_below(figure, *axes.get_legend_handles_labels(), 2)
    return figure


def _known(x, s):
    """Users whose numbers an axis can show."""
    x, s = np.asarray(x, dtype=float), np.asarray(s, dtype=float)
    shown = np.isfinite(x) & np.isfinite(s)
    return x[shown], s[shown]


def _dots(axes, x, s, name, colour, marker):
    chosen = np.unique(np.linspace(0, len(x) - 1, min(len(x), MOST_POINTS)).astype(int))
    shown = "" if len(chosen) == len(x) else f" ({len(chosen):,} of {len(x):,} users shown)"
    axes.scatter(
        x[chosen], s[chosen], s=28 if len(chosen) < 1000 else 8, color=colour, alpha=0.5, marker=marker, linewidths=0
    )
    axes.plot(
        [x.mean()],
        [s.mean()],
        marker,
        color=colour,
        markeredgecolor=BLACK,
        markeredgewidth=1.8,
        markersize=14,
        linestyle="none",
        label=f"{name}: mean {plain(x.mean())} energy, {plain(s.mean())} money{shown}",
    )
