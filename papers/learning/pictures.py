"""Gaps at the end by rule and market, and hedge's regret beside its gap where there is no equilibrium."""

import numpy as np

from views.style import BLACK, BLUE, GREEN, GREY, LINES, OCHRE, PURPLE, legend_below, new_figure, styled

LEAST_GAP = 1e-9  # a gap drawn for none


@styled
def ends(rows, tolerance):
    """Median and range of the seeds' gaps, a panel a market: of the last amounts and of the mean of all rounds.

    rows: market, rule, gap and mean_gap of every run; tolerance: up to which it counts as learned.
    """
    markets, rules = rows["market"].unique(), rows["rule"].unique()
    figure, panels = new_figure(1, len(markets), width=3.0 * len(markets) + 2, height=6.2, sharey=True)
    for axes, market in zip(np.atleast_1d(panels), markets, strict=True):
        some = rows[rows["market"] == market].groupby("rule", sort=False)
        for column, colour, shift, label in (("gap", BLUE, 0.15, "last"), ("mean_gap", OCHRE, -0.15, "mean of all")):
            at = np.arange(len(rules))[::-1] + shift
            least, middle, most = (np.maximum(some[column].quantile(q), LEAST_GAP) for q in (0, 0.5, 1))
            axes.hlines(at, least, most, color=colour, linewidth=3, alpha=0.5)
            axes.plot(middle, at, "o", color=colour, label=f"gap of the {label} amounts: median, range")
        axes.axvline(tolerance, color=BLACK, linestyle=":", label="counts as learned")
        axes.set_xscale("log")
        axes.set_title(market.replace("_", " "), fontsize=14)
        axes.set_xlabel("gap (share)")
    np.atleast_1d(panels)[0].set_yticks(np.arange(len(rules))[::-1], rules)
    legend_below(figure, *np.atleast_1d(panels)[0].get_legend_handles_labels(), 3)
    return figure


@styled
def unlearned(long):
    """Hedge where there is no equilibrium: regret a round falls with the rounds, gaps do not; long: a row a run."""
    figure, axes = new_figure()
    columns = (
        ("regret", GREEN, "largest regret a round (ranges)"),
        ("gap", BLUE, "gap of the last round (share)"),
        ("mean_gap", PURPLE, "gap of the running average (share)"),
    )
    for number, (column, colour, label) in enumerate(columns):
        found = long.groupby("rounds")[column]
        axes.fill_between(found.min().index, found.min(), found.max(), color=colour, alpha=0.2, linewidth=0)
        axes.plot(found.median(), LINES[number], marker="o", color=colour, label=label)
    axes.plot(long.groupby("rounds")["promise"].max(), ":", color=GREY, label="promised by hedge")
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlabel("rounds")
    axes.set_ylabel("regret (ranges), gap (shares)")
    axes.set_title("no equilibrium: regret vanishes, the gap does not")
    legend_below(figure, *axes.get_legend_handles_labels(), 2)
    return figure
