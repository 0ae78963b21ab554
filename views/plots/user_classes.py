"""What classes of users gain, and what changes against the first scenario: a dot a class and scenario."""

import numpy as np

from views.style import BLACK, MARKERS, legend_below, new_figure, scenario_colours, shortened, styled

MOST_WORDS = 12  # classes whose names stand upright beside each other
ROOM = 0.3  # between neighbouring classes that the scenarios' dots share


@styled
def user_classes(means, differences=None, classes="class", words="mean surplus (money)", title=""):
    """Mean of a payoff in each class with its 95 % interval; below, differences to the first scenario.

    means, differences: {scenario: {class: (mean, half-width or NaN)}}; classes: what the classes are of.
    """
    several, colours = bool(differences), scenario_colours(means)
    figure, rows = new_figure(1 + several, 1, width=10.0, height=4.6 + 3.4 * several, squeeze=False, sharex=True)
    _dots(rows[0][0], means, colours)
    rows[0][0].set_ylabel(words)
    if several:
        _dots(rows[1][0], differences, colours)
        rows[1][0].axhline(0, color=BLACK, linewidth=1.2)
        rows[1][0].set_ylabel(f"difference to\n{shortened(next(iter(means)).replace('_', ' '), 22)}")
    labels, bottom = list(next(iter(means.values()))), rows[-1][0]
    bottom.set_xticks(range(len(labels)), [shortened(label, 14) for label in labels])
    if len(labels) > MOST_WORDS:
        bottom.tick_params(axis="x", rotation=90)
    bottom.set_xlabel(classes)
    if len(means) > 1:
        legend_below(figure, *rows[0][0].get_legend_handles_labels(), 3)
    figure.suptitle(title, x=0.01, ha="left", fontsize=15)
    return figure


def _dots(axes, curves, colours):
    """A dot with its interval for each class, scenarios beside each other, each with a mark of its own."""
    names = list(colours)
    for k, (name, classes) in enumerate(curves.items()):
        mean, half = np.array(list(classes.values()), dtype=float).T
        place = np.arange(len(mean)) + ROOM * ((k + 0.5) / len(curves) - 0.5)
        marker = MARKERS[names.index(name) % len(MARKERS)]
        options = {"color": colours[name], "marker": marker, "linestyle": "", "capsize": 4, "elinewidth": 1.6}
        axes.errorbar(place, mean, yerr=np.nan_to_num(half), label=name.replace("_", " "), **options)
