"""What scenarios change against the first one: differences paired by replication, a panel a measure."""

import numpy as np

from views.plots.measure_panels import draw_dots
from views.style import BLACK, new_figure, runs_said, scenario_colours, shortened, styled
from views.tables import MEAN_ROUNDING


@styled
def differences(comparison, measures):
    """Mean difference of each measure of a Comparison to its first scenario, with its 95 % interval, as dots.

    measures: {measure: words on its axis}.
    """
    first, *names = comparison.names
    width, height = 3.0 + 4.4 * len(measures), 2.4 + 0.7 * len(names)
    figure, row = new_figure(1, len(measures), width=width, height=height, squeeze=False, sharey=True)
    table, colours = comparison.differences(), scenario_colours(comparison.names)
    place = [len(names) - 1 - k for k in range(len(names))]
    for axes, (measure, words) in zip(row[0], measures.items(), strict=True):
        rows = table[table["measure"] == measure].set_index("scenario").loc[names]
        means, half = (rows[column].to_numpy(dtype=float) for column in ("mean", "half_width"))
        none = np.abs(means) + np.nan_to_num(half) <= MEAN_ROUNDING * np.abs(comparison.values(first, measure)).mean()
        means, half = np.where(none, 0.0, means), np.where(none, np.nan, half)
        draw_dots(axes, place, means, half, [colours[name] for name in names])
        if none.all():
            axes.set_xlim(-1, 1)
        axes.axvline(0, color=BLACK, linewidth=1.2)
        axes.locator_params(axis="x", nbins=4)
        axes.set_xlabel(words)
    row[0][0].set_yticks(place, [shortened(name.replace("_", " ")) for name in names])
    row[0][0].set_ylim(-0.6, len(names) - 0.3)
    runs = f", {runs_said(comparison.replications)}" if comparison.replications > 1 else ""
    figure.suptitle(f"difference to {first.replace('_', ' ')}{runs}", x=0.01, ha="left", fontsize=15)
    return figure
