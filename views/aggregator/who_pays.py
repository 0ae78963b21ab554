"""Who pays what: bars of what a user of each group pays at market price and by each tariff."""

import numpy as np

from scenarios.aggregator.tariffs import IN_ALL, MARKET_PRICE
from views.style import BLACK, PALE, PALETTE, legend_below, new_figure, shortened, styled


@styled
def who_pays(result):
    """What a user of each group pays on average, at market price and by each tariff, a bar a group.

    result: of a run of the aggregator market with tariffs, also on a network or over days.
    """
    groups = [(b.name, rows) for b, rows in zip(result.game.blocks, result.game.user_slices, strict=True) if b.users]
    paid = {MARKET_PRICE: result.at_market_price} | result.by_tariff
    colours = [PALE, *(PALETTE[k % len(PALETTE)] for k in range(len(paid) - 1))]
    figure, axes = new_figure(1, 1, height=2.6 + 0.7 * len(groups))
    place, ends = np.arange(len(groups))[::-1], {1: np.zeros(len(groups)), -1: np.zeros(len(groups))}
    for (name, by_user), colour in zip(paid.items(), colours, strict=True):
        means = np.array([np.mean(by_user[rows]) for _, rows in groups])
        for side, end in ends.items():
            part = np.maximum(side * means, 0.0) * side
            axes.barh(place, part, left=end, color=colour, height=0.6, label=name if side > 0 else None)
            end += part
    axes.plot(sum(ends.values()), place, "D", color=BLACK, markersize=7, label=IN_ALL, clip_on=False)
    axes.axvline(0, color=BLACK, linewidth=1.2)
    axes.set_yticks(place, [shortened(name) for name, _ in groups])
    axes.set_xlabel("a user pays on average (money)")
    legend_below(figure, *axes.get_legend_handles_labels(), 3)
    return figure
