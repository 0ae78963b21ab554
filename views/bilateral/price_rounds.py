"""Prices of contracts by round, beside the prices that are stable."""

import numpy as np
from matplotlib.collections import LineCollection

from views.bilateral import look
from views.style import PALETTE, legend_below, line_of, new_figure, styled

MOST_LINES = len(PALETTE)  # contracts with a colour of their own
MOST_OTHERS, MOST_POINTS = 200, 300  # further contracts drawn, and rounds of each
MOST_INTERVALS = 60
LONG = 30  # rounds from which the axis is logarithmic


@styled
def price_rounds(result):
    """Half-way prices of the last period's contracts by round, and each contract's core interval at the right.

    Few contracts have colours of their own, spread from the lowest price to the highest; the others are thin lines. At
    the right: between the sellers' and the buyers' corner (band), the fair point (bar), as settled (dot).
    """
    figure, (left, right) = new_figure(
        1, 2, width=12.0, height=6.4, sharey=True, gridspec_kw={"width_ratios": [3, 1.25]}
    )
    left.set_ylabel(look.PRICE)
    right.set_xlabel("contracts, by settled price")
    right.set_xticks([])
    right.grid(axis="x", visible=False)
    many = len(result.outcomes) > 1
    said = result.scenario.title + (f", period {len(result.outcomes) - 1}, the last" if many else "") + "\n"
    prices = np.array(result.prices, dtype=float)
    if not prices.size:
        figure.suptitle(said + "no prices by round to show", x=0.01, ha="left", fontsize=16)
        return figure
    outcome = result.outcomes[-1]
    chosen = highlighted(prices[-1])
    _paths(left, prices, chosen)
    _intervals(right, outcome, chosen, len(prices))
    shown = f"{prices.shape[1]:,} contract" + ("s" if prices.shape[1] > 1 else "")
    figure.suptitle(said + f"{shown}, {look.ended(result)}", x=0.01, ha="left", fontsize=16)
    legend_below(figure, *_handles(left, right), 4)
    return figure


def highlighted(last):
    """Rows of the contracts with colours of their own, evenly from the highest last price to the lowest."""
    order = np.argsort(-last, kind="stable")
    return order[np.unique(np.linspace(0, len(order) - 1, min(len(order), MOST_LINES)).round().astype(int))]


def _paths(axes, prices, chosen):
    """A line for each highlighted contract, thin lines for an even choice of the others; prices (rounds, k)."""
    number = np.arange(1, len(prices) + 1)
    look.round_axis(axes, len(number), LONG)
    if len(number) > LONG:
        points = np.geomspace(1, len(number), min(len(number), MOST_POINTS)).round().astype(int) - 1
    else:
        points = np.arange(len(number))
        axes.set_xticks(number[:: max(1, len(number) // 8)])
    points = np.unique(points)
    rest = np.setdiff1d(np.arange(prices.shape[1]), chosen)
    rest = rest[np.unique(np.linspace(0, len(rest) - 1, min(len(rest), MOST_OTHERS)).round().astype(int))]
    lines = [np.column_stack([number[points], prices[points, k]]) for k in rest]
    others = LineCollection(lines, colors=look.OTHERS, linewidths=0.9, zorder=1, label="other contracts")
    if len(rest):
        axes.add_collection(others)
    for colour, k in zip(PALETTE, chosen, strict=False):
        mark = "o" if len(number) <= LONG else None
        axes.plot(*line_of(number, prices[:, k]), color=colour, marker=mark, markersize=5, zorder=3)
    axes.margins(x=0.02)


def _intervals(axes, outcome, chosen, rounds):
    """Core interval, fair and settled price of negotiated contracts, the highlighted ones in their colours."""
    bargain, settled = outcome.state.bargain, outcome.settlement
    low, high = outcome.core_prices(bargain)
    fair = outcome.fair_prices(bargain)
    agreed = settled.price if len(settled.bargain) == len(bargain) else np.full(len(bargain), np.nan)
    shown = np.union1d(chosen, np.linspace(0, len(low) - 1, min(len(low), MOST_INTERVALS)).round().astype(int))
    last = np.where(np.isfinite(agreed), agreed, outcome.state.prices)
    shown = shown[np.argsort(-last[shown], kind="stable")]
    colours = dict(zip(chosen.tolist(), PALETTE, strict=False))
    wide = len(shown) <= 30
    spans = [((x, low[k]), (x, high[k])) for x, k in enumerate(shown)]
    tint = [colours.get(int(k), look.OTHERS) for k in shown]
    width = 9 if wide else max(1.2, 170 / len(shown))
    axes.add_collection(
        LineCollection(spans, colors=tint, linewidths=width, alpha=0.35, capstyle="butt", label="stable prices (core)")
    )
    axes.plot(
        np.arange(len(shown)),
        fair[shown],
        "_",
        color=look.FAIR,
        markersize=11 if wide else 4,
        markeredgewidth=2,
        label=look.fair_name(outcome.fair),
    )
    axes.scatter(
        np.arange(len(shown)),
        agreed[shown],
        s=36 if wide else 9,
        color=tint,
        zorder=4,
        label="as settled",
        linewidths=0,
    )
    if len(low) and not np.any(np.isfinite(low)):
        axes.annotate("no price is stable", (0.5, 0.5), xycoords="axes fraction", ha="center", fontsize=13)
    axes.autoscale_view()
    axes.set_xlim(-0.8, len(shown) - 0.2)


def _handles(*panels):
    pairs = [pair for axes in panels for pair in zip(*axes.get_legend_handles_labels(), strict=True)]
    return [handle for handle, _ in pairs], [label for _, label in pairs]
