"""Pictures of the poster's table: losses by density beside the poster's numbers, and the effect of the area."""

import numpy as np

from engine.intervals import interval
from papers.poster.cells import DENSITIES, MODELS, NODES, SIDES
from views.microgrid.look import BEHAVIOURS, MARKS, spoken
from views.style import BLACK, legend_below, new_figure, styled

TICKS = dict(zip(DENSITIES[1:], ("1/n²", "1/n", "log(n)/n", "1/log(n)"), strict=True))


def curves(rows):
    """{model: (chances, means, half-widths)} of the ratio to no private trade, ascending in density, without 0."""
    some = rows[rows["chance"] > 0]
    found = {}
    for model in MODELS:
        groups = some[some["model"] == model].groupby("chance")["ratio"]
        means = np.array([interval(values) for _, values in groups]).reshape(-1, 2)
        found[model] = np.array([chance for chance, _ in groups]), *means.T
    return found


@styled
def by_density(rows, poster, ticks, title):
    """Ratio of each model's loss to no private trade by density, the poster's numbers at the densities it names.

    rows: runs of one area; poster: {density's chance: {model: ratio}}, one dict an area; ticks: {chance: label}.
    """
    figure, axes = new_figure(width=10.0, height=7.0)
    for model, (at, mean, half) in curves(rows).items():
        colour, half = BEHAVIOURS[model], np.nan_to_num(half)
        axes.fill_between(at, np.maximum(mean - half, 1e-6), mean + half, color=colour, alpha=0.2, linewidth=0)
        axes.plot(at, mean, "-", marker=MARKS[model], color=colour, label=spoken(model))
    shift = 1.0
    for columns in poster:
        for model in MODELS:
            points = [(at * shift, ratios[model]) for at, ratios in columns.items()]
            hollow = {"markerfacecolor": "none", "markeredgewidth": 2, "markersize": 11, "zorder": 4}
            axes.plot(*np.transpose(points), MARKS[model], color=BEHAVIOURS[model], **hollow)
        shift *= 1.22
    hollow = {"markerfacecolor": "none", "markeredgewidth": 2, "markersize": 11, "linestyle": "none"}
    axes.plot([], [], "o", color=BLACK, label="the poster's: left 1 km, right 100 km", **hollow)
    axes.axhline(1, color=BLACK, linewidth=1.2, linestyle=":")
    _scale(axes, ticks, (0.03, 0.1, 0.3, 1, 3))
    axes.set_ylabel("loss / loss without private trade")
    axes.set_title(title)
    legend_below(figure, *axes.get_legend_handles_labels(), 3)
    return figure


@styled
def by_area(panels, ticks):
    """A panel per resistance, each model on the small area (solid) and the large one (dashed)."""
    figure, row = new_figure(1, len(panels), width=6.0 * len(panels), height=6.2, sharey=True, squeeze=False)
    for axes, (title, rows) in zip(row[0], panels.items(), strict=True):
        for side, style in zip(SIDES, ("-", "--"), strict=True):
            for model, (at, mean, _) in curves(rows[rows["side_km"] == side]).items():
                label = f"{spoken(model)}, {side:g} km"
                mark = {"marker": MARKS[model], "markerfacecolor": BEHAVIOURS[model] if style == "-" else "white"}
                axes.plot(at, mean, style, color=BEHAVIOURS[model], label=label, **mark)
        axes.axhline(1, color=BLACK, linewidth=1.2, linestyle=":")
        _scale(axes, ticks, (0.001, 0.01, 0.1, 1))
        axes.set_ylim(0.001, 4)
        axes.set_title(title)
    row[0][0].set_ylabel("loss / loss without private trade")
    legend_below(figure, *row[0][0].get_legend_handles_labels(), 4)
    return figure


def _scale(axes, ticks, levels):
    """Both axes logarithmic, the densities by name, the levels as plain numbers."""
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_yticks(levels, [f"{level:g}" for level in levels])
    axes.set_yticks([], minor=True)
    axes.set_xticks(list(ticks), list(ticks.values()))
    axes.set_xticks([], minor=True)
    axes.set_xlabel(f"density of the private network, n = {NODES}")
