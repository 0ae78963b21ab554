"""Prices at the nodes, loading of lines and their rent, round by round."""

import numpy as np

from views.style import (
    BLACK,
    GREY,
    LINES,
    PRICE,
    VERMILLION,
    finite,
    group_colours,
    legend_below,
    new_figure,
    shortened,
    styled,
)

MOST_LINES = 12  # nodes drawn one by one; more of them become a band
NEARLY_FULL = 0.5  # of its limit: a line that never carries so much is left out
MOST_LIMITED = 8  # lines whose loading is drawn, the most loaded ones


@styled
def congestion(history, nodes, lines, limits):
    """A run's history (DataFrame) with columns of prices and flows; names of nodes and lines, limits (lines,)."""
    figure, (top, middle, bottom) = new_figure(3, 1, width=9.0, height=10.5, sharex=True)
    rounds = history["round"].to_numpy()
    _prices(top, rounds, history, nodes)
    _loading(middle, rounds, history, lines, limits)
    bottom.plot(rounds, finite(history["rent"]), color=BLACK, marker="o" if len(rounds) <= 30 else None)
    for axes, label in ((top, PRICE), (middle, "flow / limit"), (bottom, "rent of full lines\n(money)")):
        axes.set_ylabel(label)
        axes.margins(y=0.12)
    bottom.set_xlabel("round")
    bottom.xaxis.get_major_locator().set_params(integer=True)
    drawn = [*top.get_legend_handles_labels()[0], *middle.get_legend_handles_labels()[0]]
    legend_below(figure, drawn, [one.get_label() for one in drawn], 5)
    return figure


def _prices(axes, rounds, history, nodes):
    found = finite(history[[f"price at {name}" for name in nodes]].to_numpy())
    if len(nodes) > MOST_LINES:
        axes.fill_between(rounds, found.min(axis=1), found.max(axis=1), color=GREY, alpha=0.3, label="all nodes")
        axes.plot(rounds, np.median(found, axis=1), color=BLACK, label="median of the nodes")
        return
    colours = group_colours(nodes)
    for k, (name, prices) in enumerate(zip(nodes, found.T, strict=True)):
        style = {"color": colours[name], "label": shortened(f"node {name}"), "marker": "o", "markersize": 5}
        axes.plot(rounds, prices, LINES[k // 7], **style)


def _loading(axes, rounds, history, lines, limits):
    """The share of its limit that each line carries, of those that are or come near to being full."""
    limited = [k for k, limit in enumerate(limits) if np.isfinite(limit) and limit > 0]
    shares = {k: np.abs(finite(history[f"flow {lines[k]}"])) / limits[k] for k in limited}
    chosen = sorted(shares, key=lambda k: -np.nanmax(shares[k]))[:MOST_LIMITED]
    chosen = [k for k in chosen if np.nanmax(shares[k]) >= NEARLY_FULL]
    colours = group_colours([lines[k] for k in chosen])
    for number, k in enumerate(chosen):
        style = {"color": colours[lines[k]], "label": shortened(f"line {lines[k]}")}
        axes.plot(rounds, shares[k], LINES[(1 + number) % len(LINES)], marker="s", markersize=4, **style)
    axes.axhline(1, color=VERMILLION, linewidth=1.4, linestyle=":", label="full")
    axes.set_ylim(bottom=0)
