"""A sweep of two keys as a heat map of a measure's means."""

import numpy as np

from market.numerals import plain
from views.plots.sweep_lines import places
from views.style import finite, new_figure, styled

MOST_WRITTEN = 120  # cells up to which each has its number


@styled
def sweep_heat(table, measure, keys, unit=""):
    """Means of a measure over two keys, the first along the horizontal axis; table as in sweep_lines."""
    figure, axes = new_figure(height=6.2)
    names = [sorted(dict.fromkeys(table[key]), key=_order(table[key])) for key in keys]
    grid = np.full((len(names[1]), len(names[0])), np.nan)
    for one, other, mean in zip(*(table[key] for key in keys), table[f"{measure} mean"], strict=True):
        grid[names[1].index(other), names[0].index(one)] = mean
    grid = finite(grid)
    known = grid[np.isfinite(grid)]
    if not grid.size:
        axes.set_title("no points")
        return figure
    image = axes.imshow(grid, aspect="auto", origin="lower", cmap="cividis")
    if len(known) and grid.size <= MOST_WRITTEN:
        middle = (known.max() + known.min()) / 2
        for (row, column), value in np.ndenumerate(grid):
            if np.isfinite(value):
                colour = "black" if value > middle else "white"
                axes.text(column, row, plain(float(value), 3), ha="center", va="center", color=colour, fontsize=12)
    axes.set_xticks(range(len(names[0])), names[0])
    axes.set_yticks(range(len(names[1])), names[1])
    axes.set_xlabel(keys[0])
    axes.set_ylabel(keys[1])
    axes.grid(visible=False)
    label = measure + (f" ({unit})" if unit not in ("", "1") else "")
    figure.colorbar(image, ax=axes, label=label)
    axes.set_title("means")
    return figure


def _order(values):
    """Numbers by size, words as they come."""
    words = places(values)[1]
    return (lambda value: words.index(value)) if words is not None else (lambda value: float(value))
