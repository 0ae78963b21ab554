"""Who gains how much: each agent's payoff as settled, inside what is stable."""

import numpy as np

from market.numerals import plain
from views.bilateral import look
from views.style import legend_below, new_figure, styled

MOST_BARS = 60  # agents of a side drawn one by one; more of them are curves
NO_PAYOFF = 1e-12  # money that counts as nothing


@styled
def payoff_split(result):
    """Gain beside the grid of each buyer and each seller of a BilateralResult, over all periods, by their fair gain.

    Beside it what stable contracts can give (from the other side's corner of the core to its own) and the fair point.
    """
    several = len(result.outcomes) > 1
    points = gains(result)
    figure, panels = new_figure(1, 2, width=14.0, height=6.4, sharey=True)
    words = ("buying", "selling") if several else ("buyers", "sellers")
    for side, (axes, word, colour) in enumerate(zip(panels, words, (look.BUYER, look.SELLER), strict=True)):
        _side(axes, {name: point[side] for name, point in points.items()}, colour, look.fair_name(result.game.fair))
        total = plain(float(points["settled"][side].sum()), 3)
        axes.set_title(f"{word}: together {total} money", fontsize=15)
        axes.set_xlabel(("agent" if several else word.removesuffix("s")) + ", from the largest fair gain to the least")
    panels[0].set_ylabel("gain beside the grid (money)")
    panels[0].set_ylim(bottom=min(0.0, *(float(np.min(side, initial=0.0)) for side in points["settled"])))
    figure.suptitle(f"{result.scenario.title}, {look.ended(result)}", x=0.01, ha="left", fontsize=16)
    handles, labels = panels[0].get_legend_handles_labels()
    more = [(h, label) for h, label in zip(*panels[1].get_legend_handles_labels(), strict=True) if label not in labels]
    legend_below(figure, handles + [h for h, _ in more], labels + [label for _, label in more], 4)
    return figure


def gains(result):
    """{point: (of buyers, of sellers)}, money: by row of the one period, else by agent over all periods.

    Points: "settled", "fair", and the corners "buyer" and "seller" of the core.
    """
    points = {
        "settled": lambda outcome: outcome.payoffs,
        "fair": lambda outcome: outcome.fair_payoffs,
        "buyer": lambda outcome: outcome.corners.buyer,
        "seller": lambda outcome: outcome.corners.seller,
    }
    one = result.outcomes[0] if len(result.outcomes) == 1 else None
    return {name: get(one) if one is not None else result.by_agent_of(get) for name, get in points.items()}


def _side(axes, points, colour, fair):
    """One panel: interval, fair point and settled gain of the agents of a side who can gain at all."""
    low, high = np.minimum(points["buyer"], points["seller"]), np.maximum(points["buyer"], points["seller"])
    some = np.flatnonzero(np.maximum(high, points["settled"]) > NO_PAYOFF)
    order = some[np.lexsort((-points["settled"][some], -points["fair"][some]))]
    at = np.arange(len(order))
    low, high, settled, middle = (values[order] for values in (low, high, points["settled"], points["fair"]))
    few = len(order) <= MOST_BARS
    if few:
        width = float(np.clip(320 / max(len(order), 1), 3, 13))
        axes.vlines(at, low, high, color=look.CORE, linewidth=width, label="stable gains (core)")
        axes.plot(at, middle, "_", color=look.FAIR, markersize=width + 3, markeredgewidth=2, label=fair)
        axes.set_xticks(at if len(at) <= 26 else at[::5], [str(k) for k in (order if len(at) <= 26 else order[::5])])
        axes.tick_params(axis="x", labelsize=11)
    else:
        axes.fill_between(at, low, high, color=look.CORE, linewidth=0, step="mid", label="stable gains (core)")
        axes.plot(at, middle, color=look.FAIR, linewidth=1.6, label=fair)
        axes.set_xticks([])
    size = 55 if few else 6
    axes.scatter(at, settled, s=size, color=colour, zorder=3, linewidths=0)
    axes.plot([], [], "o", color=colour, label=f"as settled, {_who(colour)}")
    idle = len(points["settled"]) - len(order)
    if idle:
        said = f"{idle:,} more gain nothing" if len(order) else "nobody gains anything"
        axes.annotate(said, (0.98, 0.95), xycoords="axes fraction", ha="right", va="top", fontsize=13)
    axes.grid(axis="x", visible=False)
    axes.margins(x=0.03)


def _who(colour):
    return "buyers" if colour == look.BUYER else "sellers"
