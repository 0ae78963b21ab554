"""Pictures of the comparison of negotiation rules: rounds and time by size of the market."""

import numpy as np

from papers.p2p.cells import CAP, KINDS, SIZES, cap_of
from views.style import BLUE, GREEN, GREY, MARKERS, OCHRE, PURPLE, TEAL, VERMILLION, legend_below, new_figure, styled

COLOURS = dict(zip(KINDS, (VERMILLION, GREEN, OCHRE, BLUE, TEAL, PURPLE, GREY), strict=True))
MARKS = dict(zip(KINDS, ("X", *MARKERS), strict=True))


@styled
def rounds_by_size(found):
    """Rounds to the tolerance by agents a side, a line a rule with its range; hollow marks: not all were finished.

    found: {(rule, size): list of Ended}.
    """
    figure, axes = new_figure(width=10.0, height=6.8)
    for rule in KINDS:
        colour, mark, groups = COLOURS[rule], MARKS[rule], [found[rule, size] for size in SIZES]
        rounds = [[one.rounds for one in group] for group in groups]
        middle = np.array([np.median(each) for each in rounds])
        away = np.array([(at - min(each), max(each) - at) for at, each in zip(middle, rounds, strict=True)]).T
        axes.errorbar(SIZES, middle, yerr=away, fmt="none", ecolor=colour, elinewidth=1.2, capsize=3, alpha=0.6)
        axes.plot(SIZES, middle, "-", color=colour, marker=mark, label=rule, markersize=8)
        for size, at, group in zip(SIZES, middle, groups, strict=True):
            said = unfinished(group, rule, size)
            if said:
                axes.plot(size, at, mark, color=colour, markerfacecolor="white", markeredgewidth=2, markersize=12)
                place = {"textcoords": "offset points", "ha": "center", "fontsize": 13}
                axes.annotate(said, (size, at), (0, 12), **place)
    axes.set_ylabel("rounds until no pair gains more than\n1 % of a mean contract by leaving")
    axes.set_ylim(1, 3 * CAP)
    _sizes(axes)
    seeds = ", ".join(str(len(found["benchmark", size])) for size in SIZES)
    axes.set_title(f"median and range over {seeds} markets; hollow: not all finished", fontsize=15)
    legend_below(figure, *axes.get_legend_handles_labels(), 4)
    return figure


def unfinished(ended, rule, size):
    """What to write at a mark: how many markets were finished, "> cap" where not even the median was, or nothing."""
    done = sum(one.settled for one in ended)
    if done == len(ended):
        return ""
    return f"{done} of {len(ended)} finished" if 2 * done > len(ended) else f"> {cap_of(rule, size):,}"


@styled
def time_by_size(panels):
    """Microseconds of an agent's own step by agents a side; panels: {title: {label: (values (sizes,), colour)}}."""
    figure, row = new_figure(1, len(panels), width=6.6 * len(panels), height=6.6, sharey=True, squeeze=False)
    pairs = {}
    for axes, (title, lines) in zip(row[0], panels.items(), strict=True):
        for mark, (label, (values, colour)) in zip(MARKERS, lines.items(), strict=False):
            style = "--" if label.startswith("benchmark") else "-"
            (pairs[label],) = axes.plot(SIZES, values, style, marker=mark, color=colour)
        _sizes(axes)
        axes.set_title(title)
    row[0][0].set_ylabel("time of one agent's step (µs)")
    legend_below(figure, list(pairs.values()), list(pairs), 3)
    return figure


def _sizes(axes):
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xticks(SIZES, [str(size) for size in SIZES])
    axes.set_xticks([], minor=True)
    axes.set_xlabel("agents a side")
