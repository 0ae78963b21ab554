"""The fairness-efficiency frontier: what more fairness costs."""

import numpy as np

from views.style import GREY, LINES, MARKERS, PALETTE, finite, joined_labels, legend_below, new_figure, styled

LABELS_OVERLAP = 0.15  # of the curve's extent: two labels closer than this would overlap


@styled
def frontier(
    curves,
    xlabel="fairness: Jain's index of surplus",
    ylabel="total surplus, share of that at α = 0",
    colours=None,
    title="",
):
    """Efficiency against fairness, a curve per market, its points labelled with alpha (section IV-D).

    curves: {name: (labels, fairness, efficiency)}, each a sequence over alpha; fairness and efficiency with
    95 % bars if given as pairs (means, half-widths).
    """
    figure, axes = new_figure(height=6.4)
    labelled = []
    for number, (name, (labels, fairness, efficiency)) in enumerate(curves.items()):
        (x, dx), (y, dy) = _with_bars(fairness), _with_bars(efficiency)
        colour = (colours or {}).get(name, PALETTE[number % len(PALETTE)])
        axes.errorbar(x, y, xerr=dx, yerr=dy, fmt="none", ecolor=GREY, elinewidth=1.2, zorder=1)
        axes.plot(x, y, LINES[number % len(LINES)], marker=MARKERS[number % len(MARKERS)], color=colour, label=name)
        labelled += _label_points(axes, labels, x, y, colour, labelled)
    axes.set_xlabel(xlabel)
    axes.set_ylabel(ylabel)
    axes.margins(0.1)
    axes.set_title(title)
    if len(curves) > 1:
        legend_below(figure, *axes.get_legend_handles_labels(), 2)
    return figure


def _with_bars(values):
    return (
        (finite(values[0]), np.nan_to_num(finite(values[1]))) if isinstance(values, tuple) else (finite(values), None)
    )


def _label_points(axes, labels, x, y, colour, taken):
    """A label beside each point, on the side the curve leaves free: left of a rising curve, right of a falling one.

    Labels of a further curve stand on its left, away from the first. Points where another curve has a label already go
    without. Returns where labels were put.
    """
    put = []
    size = [max(_reach(values), 1e-300) for values in (x, y)]
    for label, at_x, at_y in joined_labels(labels, x, y):
        if any(np.hypot((at_x - tx) / size[0], (at_y - ty) / size[1]) < LABELS_OVERLAP for tx, ty in taken):
            continue
        after = int(np.nanargmin(np.hypot(x - at_x, y - at_y)))
        near = slice(max(after - 1, 0), after + 2)
        rising = np.sum((x[near] - x[near].mean()) * (y[near] - y[near].mean())) > 0  # as the slope of the line through
        offset, side = ((-9, 7), "right") if rising else ((-9, -17), "right") if taken else ((9, 6), "left")
        axes.annotate(label, (at_x, at_y), offset, textcoords="offset points", fontsize=13, color=colour, ha=side)
        put.append((at_x, at_y))
    return put


def _reach(values):
    known = values[np.isfinite(values)]
    return float(np.ptp(known)) if len(known) else 0.0
