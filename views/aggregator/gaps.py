"""How far from an equilibrium players who learn are, by round."""

import numpy as np

from views.aggregator.convergence import headline, rounds_of
from views.style import BLACK, GREY, legend_below, new_figure, styled

LEAST_GAP = 1e-12  # a gap drawn for none, which a logarithmic axis cannot show
DRAWN = {"gap": ("of the round's purchases", BLACK, "o"), "gap of average": ("of the running average", GREY, "s")}


@styled
def gaps(result):
    """Gap of the rounds in which it was worked out, of the running average, and what counts as learned."""
    figure, axes = new_figure()
    rounds = rounds_of(result)
    for column, (label, colour, marker) in DRAWN.items():
        gap = np.array(result.collected[column], dtype=float)
        known = ~np.isnan(gap)
        axes.plot(rounds[known], np.maximum(gap[known], LEAST_GAP), marker=marker, color=colour, label=label)
    judging = result.learned.judge.judging
    axes.axhline(judging.tolerance_gap, color=BLACK, linestyle=":", label="counts as learned")
    last = max(result.rounds - judging.window, 0)
    axes.axvspan(last + 0.5, result.rounds + 0.5, color=GREY, alpha=0.2, linewidth=0, label="rounds that decide")
    axes.set_yscale("log")
    axes.set_xlabel("round")
    axes.set_ylabel("gap (share of a payoff's scale)")
    axes.set_title(headline(result))
    legend_below(figure, *axes.get_legend_handles_labels(), 2)
    return figure
