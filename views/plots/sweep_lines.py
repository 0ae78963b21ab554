"""A sweep as lines: a measure against one key, a line for each choice of the others, 95 % bands."""

import numpy as np

from views.style import LINES, MARKERS, PALETTE, finite, legend_below, new_figure, styled

MOST_LINES = 14


@styled
def sweep_lines(table, measure, along, others, unit=""):
    """Means of a measure along a key, with bands of the 95 % interval.

    table: a row a point, columns of keys (as text), "<measure> mean" and "<measure> half_width"; along: the key of the
    horizontal axis; others: the other keys. Choices of others beyond MOST_LINES are left out, and the title says so.
    """
    figure, axes = new_figure(height=5.8)
    where, ticks = places(table[along])
    groups = list(table.groupby(others, sort=False)) if others else [((), table)]
    for number, (chosen, rows) in enumerate(groups[:MOST_LINES]):
        order = np.argsort(where[rows.index], kind="stable")
        x, rows = where[rows.index][order], rows.iloc[order]
        mean, half = (finite(rows[f"{measure} {what}"]) for what in ("mean", "half_width"))
        style = {"color": PALETTE[number % len(PALETTE)], "marker": MARKERS[number % len(MARKERS)]}
        label = ", ".join(f"{key} = {value}" for key, value in zip(others, np.atleast_1d(chosen), strict=True))
        axes.plot(x, mean, linestyle=LINES[number // len(PALETTE) % len(LINES)], label=label or None, **style)
        axes.fill_between(x, mean - half, mean + half, color=style["color"], alpha=0.18, linewidth=0)
    if ticks is not None:
        axes.set_xticks(range(len(ticks)), ticks)
    axes.set_xlabel(along)
    axes.set_ylabel(measure + (f" ({unit})" if unit not in ("", "1") else ""))
    left_out = f", {len(groups) - MOST_LINES} of {len(groups)} lines left out" if len(groups) > MOST_LINES else ""
    axes.set_title(f"means, bands show 95 % intervals{left_out}")
    legend_below(figure, *axes.get_legend_handles_labels(), columns=3)
    return figure


def places(values):
    """Where the values of a key stand on an axis, shape (rows,), and its ticks: None for numbers, else the words."""
    try:
        numbers = values.astype(float).to_numpy()
    except ValueError:
        numbers = None
    if numbers is not None and np.all(np.isfinite(numbers)):
        return numbers, None
    words = list(dict.fromkeys(values))
    return np.array([words.index(value) for value in values], dtype=float), words
