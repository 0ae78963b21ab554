"""What is lost on public and on private lines under each compared scenario of the microgrid market."""

import numpy as np

from engine.intervals import interval
from market.numerals import plain
from views.microgrid import look
from views.style import BLACK, legend_below, new_figure, shortened, styled

KINDS = {"public loss": ("public lines", look.PUBLIC), "private loss": ("private lines", look.PRIVATE)}


@styled
def losses_by_behaviour(comparison):
    """Stacked bars of mean public and private loss by scenario of a Comparison, with the total's 95 % interval."""
    names = comparison.names
    figure, axes = new_figure(height=2.2 + 0.75 * len(names))
    place = np.arange(len(names))[::-1]
    start = np.zeros(len(names))
    for measure, (label, colour) in KINDS.items():
        means = np.nan_to_num([interval(comparison.values(name, measure))[0] for name in names])
        axes.barh(place, means, left=start, color=colour, height=0.62, label=label)
        start = start + means
    totals = np.array([interval(comparison.values(name, "loss")) for name in names])
    many = comparison.replications > 1
    _totals(axes, place, *totals.T, many)
    labels = look.scenario_labels(comparison.scenarios)
    axes.set_yticks(place, [shortened(labels[name]) for name in names])
    axes.set_xlabel("loss (p.u.)")
    axes.grid(axis="y", visible=False)
    axes.set_title(f"{comparison.replications} networks, bars show 95 % intervals" if many else "one network")
    legend_below(figure, *axes.get_legend_handles_labels(), 2)
    return figure


def _totals(axes, place, means, half_widths, many):
    """Total and interval at the end of each bar; an undefined one is said to be infeasible."""
    half_widths = np.nan_to_num(half_widths)
    known = np.isfinite(means)
    bars = {"fmt": "none", "ecolor": BLACK, "capsize": 5, "elinewidth": 1.8}
    if many:
        axes.errorbar(means[known], place[known], xerr=half_widths[known], **bars)
    ends = np.nan_to_num(means + half_widths)
    reach = np.max(ends, initial=0.0) or 1.0
    for at, mean, end in zip(place, means, ends, strict=True):
        said = plain(mean, 3) if np.isfinite(mean) else "infeasible"
        axes.text(end + 0.015 * reach, at, said, va="center", fontsize=14)
    axes.set_xlim(0, 1.17 * reach)
