"""How a negotiation becomes stable: violation and spread by round, relative to the mean contract, on log scales."""

import numpy as np
import pandas as pd

from views.bilateral import look
from views.style import BLACK, GREY, LINES, PALETTE, finite, legend_below, new_figure, styled

PANELS = {
    "gap": "violation: what the worst-off\npair gains by leaving",
    "spread": "spread: how far agents are\nfrom agreeing",
}
LEAST_VIOLATION = 1e-2  # of the tolerance: smaller values are drawn there
LONG = 200  # rounds from which the axis is logarithmic
MARKED = 30  # rounds up to which each has a mark


@styled
def violation_rounds(histories, tolerance=None, title="", colours=None):
    """Violation (above) and spread (below) by round, a line for each of several histories {label: table}.

    Tables have columns round, gap and perhaps spread, the last two in shares of the mean contract's value, as from
    `relative_history`; tolerance: likewise. What is exactly stable, or as good as, is drawn at the lower end.
    """
    shown = {column: label for column, label in PANELS.items() if any(column in one for one in histories.values())}
    figure, panels = new_figure(len(shown), 1, width=10.0, height=1.8 + 3.2 * len(shown), sharex=True, squeeze=False)
    panels = panels[:, 0]
    known = [table[[name for name in shown if name in table]].to_numpy(float) for table in histories.values()]
    floor = _floor(known, tolerance)
    for axes, (column, label) in zip(panels, shown.items(), strict=True):
        for number, (name, table) in enumerate(histories.items()):
            if column not in table:
                continue
            colour = (colours or {}).get(name, PALETTE[number % len(PALETTE)])
            _line(axes, table, column, floor, colour, LINES[number // len(PALETTE) % len(LINES)], name)
        if tolerance is not None:
            axes.axhline(tolerance, color=BLACK, linewidth=1.4, linestyle="--", label="tolerance")
        axes.set_yscale("log")
        axes.set_ylabel(label, fontsize=14)
    most = max((table["round"].max() for table in histories.values() if len(table)), default=1)
    several = any("period" in table and table["period"].max() > 0 for table in histories.values())
    look.round_axis(panels[-1], 1 if several else most, LONG)
    panels[0].set_title((title + "\n" if title else "") + "shares of the mean contract's value", fontsize=15)
    handles, labels = panels[0].get_legend_handles_labels()
    legend_below(figure, handles, labels, 4)
    return figure


def relative_history(result):
    """Columns round, period, gap, spread of a BilateralResult, the last two in shares of the mean contract's value."""
    table = result.history[["round", "period", "gap", "spread"]].astype({"gap": float, "spread": float})
    mean = np.array([outcome.state.bargain.mean_contract for outcome in result.outcomes])
    of_period = mean[table["period"].to_numpy(dtype=int)] if len(table) else np.ones(0)
    return table.assign(spread=np.divide(table["spread"], of_period, out=np.zeros(len(table)), where=of_period > 0))


def state_history(states):
    """The same columns but for the period, from the states of one negotiation after each of its rounds."""
    rows = [
        (state.round, state.gap, state.spread / state.bargain.mean_contract if len(state.bargain) else 0.0)
        for state in states
    ]
    return pd.DataFrame(rows, columns=["round", "gap", "spread"])


def _floor(known, tolerance):
    """The least value drawn: below the tolerance, or below all that is not nothing."""
    if tolerance is not None:
        return LEAST_VIOLATION * tolerance
    some = np.concatenate([values.ravel() for values in known] or [np.zeros(0)])
    some = some[np.isfinite(some) & (some > 1e-12)]
    return float(some.min()) / 2 if len(some) else 1e-6


def _line(axes, table, column, floor, colour, style, name):
    """One history; new periods begin a new line, and values at the floor have a mark."""
    rounds, values = table["round"].to_numpy(dtype=float), finite(table[column])
    if "period" in table and len(table):
        starts = np.flatnonzero(np.diff(table["period"])) + 1
        rounds, values = np.insert(rounds, starts, np.nan), np.insert(values, starts, np.nan)
    with np.errstate(invalid="ignore"):
        exact = values < floor
    heights = np.where(exact, floor, values)
    mark = "o" if len(table) <= MARKED else None
    axes.plot(rounds, heights, style, color=colour, label=name, marker=mark, markersize=4)
    axes.plot(rounds[exact], heights[exact], "v", color=colour, markersize=7, markeredgecolor=GREY, linestyle="none")
