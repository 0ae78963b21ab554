"""Several designs beside each other: a panel for each measure, surplus by class, who wins and who loses."""

import numpy as np

from market.numerals import plain
from views.designs.look import design_colour, spoken
from views.style import BLACK, GAINS, LOSES, finite, group_colours, legend_below, new_figure, shortened, styled

PANELS = {  # measure: words on its axis
    "price": "price paid by net buyers (money/energy)",
    "volume": "bought by net buyers (energy)",
    "jain": "Jain's index of surplus",
    "gini": "Gini coefficient of surplus",
    "loss": "lost on lines (energy)",
    "price of anarchy": "price of anarchy",
}
ORDER = ("price", "volume", None, "price of anarchy", "jain", "gini", "loss", None)
STARTS = {"price of anarchy": 1.0}  # where an axis starts that does not start at 0
DIGITS = {"price of anarchy": 4}
NO_NUMBER = 1e-9  # a number up to it is not labelled


@styled
def design_panels(names, measures, by_class, sides, title=""):
    """Measures of designs as dots with intervals, and bars of surplus by class, and of winners and losers.

    names: of the designs, from top to bottom; measures: {measure: (mean, half width of its interval)}, arrays of shape
    (designs,), NaN where undefined, which a dash tells; by_class: {class: surplus}; sides: (winners, losers).
    """
    figure, axes = new_figure(2, 4, width=25.0, height=3.4 + 0.85 * len(names), sharey=True)
    place, colours = np.arange(len(names))[::-1], [design_colour(name) for name in names]
    for panel, measure in zip(axes.flat, ORDER, strict=True):
        if measure is not None:
            _dots(panel, place, *measures[measure], colours, STARTS.get(measure, 0.0), DIGITS.get(measure, 3))
            panel.set_xlabel(PANELS[measure])
        panel.grid(axis="y", visible=False)
    _stacked(axes[0][2], place, by_class)
    _sides(axes[1][3], place, *sides)
    for row in axes:
        row[0].set_yticks(place, [shortened(spoken(name)) for name in names])
        row[0].set_ylim(-0.6, len(names) - 0.3)
    figure.suptitle(title, x=0.01, ha="left")
    legend_below(figure, *axes[0][2].get_legend_handles_labels(), 6)
    return figure


def _dots(axes, place, means, halves, colours, start, digits):
    """A dot with interval and number for each design, "–" where there is none; the axis takes in `start`."""
    known, halves = np.isfinite(means), np.nan_to_num(finite(halves))
    for at, mean, half, colour, ok in zip(place, means, halves, colours, known, strict=True):
        if not ok:
            axes.annotate("–", (0.02, at), xycoords=("axes fraction", "data"), va="center")
            continue
        bar = {"fmt": "o", "color": colour, "ecolor": BLACK, "capsize": 4, "markersize": 10}
        axes.errorbar(mean, at, xerr=half or None, **bar)
        axes.annotate(plain(float(mean), digits), (mean + half, at), (9, -5), textcoords="offset points", fontsize=13)
    low, high = np.min(means[known], initial=start), np.max((means + halves)[known], initial=start)
    room = (high - low) or 1.0
    axes.set_xlim(low - 0.06 * room, high + 0.3 * room)


def _stacked(axes, place, by_class):
    """Bars of each class's surplus, one after another; what is below 0 goes to the left."""
    colours = group_colours(list(by_class))
    right, left = np.zeros(len(place)), np.zeros(len(place))
    for name, surplus in by_class.items():
        surplus = np.nan_to_num(finite(surplus))
        start = np.where(surplus >= 0, right, left)
        axes.barh(place, surplus, left=start, height=0.62, color=colours[name], label=name)
        right, left = right + np.maximum(surplus, 0.0), left + np.minimum(surplus, 0.0)
    reach = (np.max(right, initial=0.0) - np.min(left, initial=0.0)) or 1.0
    for at, end, total in zip(place, right, right + left, strict=True):
        axes.text(end + 0.015 * reach, at, plain(float(total), 3), va="center", fontsize=13)
    axes.set_xlim(np.min(left, initial=0.0), np.max(right, initial=0.0) + 0.2 * reach)
    axes.set_xlabel("surplus of all agents by class (money)")


def _sides(axes, place, winners, losers):
    """Losers to the left, winners to the right of 0."""
    for count, colour, way in ((winners, GAINS, 1), (losers, LOSES, -1)):
        count = np.nan_to_num(finite(count))
        axes.barh(place, way * count, height=0.62, color=colour)
        for at, number in zip(place, count, strict=True):
            if number > NO_NUMBER:
                where = {"textcoords": "offset points", "ha": "left" if way > 0 else "right", "fontsize": 13}
                axes.annotate(plain(float(number), 3), (way * number, at), (6 * way, -5), **where)
    most = max(np.max(np.nan_to_num(finite(count)), initial=0.0) for count in (winners, losers)) or 1.0
    axes.set_xlim(-1.25 * most, 1.25 * most)
    axes.axvline(0, color=BLACK, linewidth=1.2)
    axes.xaxis.set_major_formatter(lambda value, _: f"{abs(value):g}")
    axes.set_xlabel("lose | win against direct participation (agents)")
