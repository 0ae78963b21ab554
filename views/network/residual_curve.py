"""What one player faces: the price along its own amount, what it believes of it, its payoff and its best amount."""

import numpy as np

from views.style import BLACK, GREY, LINES, PRICE, VERMILLION, finite, group_colours, legend_below, new_figure, styled

ROOM = 0.12  # of their range above and below the curves
JUMP = 0.25  # of the prices' range: a step this large between neighbouring points is drawn as a jump


@styled
def residual_curve(curve, name, sells=False, title=""):
    """A Residual of the player of that name: prices above, the payoff by its own belief below."""
    figure, (top, bottom) = new_figure(2, 1, width=9.0, height=8.6, sharex=True, height_ratios=(1.2, 1))
    colour = group_colours([name])[name]
    prices, believed = finite(curve.price), finite(curve.believed)
    same = np.allclose(prices, believed, rtol=1e-6, atol=0, equal_nan=True)
    top.plot(curve.amounts, prices, color=colour, label="price it faces")
    if not same:
        top.plot(curve.amounts, believed, LINES[1], color=BLACK, label="price it believes in")
    for k, at in enumerate(curve.breaks):
        top.axvline(at, color=GREY, linewidth=1, linestyle=":", label=None if k else "a line fills or empties")
    shown = believed[curve.amounts <= 1.1 * max(curve.now, curve.best)]
    _limit(top, np.concatenate([prices[curve.amounts <= 1.1 * max(curve.now, curve.best)], shown]))
    gain = finite(curve.payoff)
    bottom.plot(curve.amounts, gain, color=colour)
    _limit(bottom, _near_the_best(gain))
    for axes, values in ((top, believed), (bottom, gain)):
        _mark(axes, curve, values)
    top.set_ylabel(PRICE)
    bottom.set_ylabel("profit (money)" if sells else "payoff")
    bottom.set_xlabel(f"{'sale' if sells else 'purchase'} of {name} (energy)")
    top.set_xlim(0, curve.amounts[-1])
    top.set_title(title)
    legend_below(figure, *top.get_legend_handles_labels(), 3)
    return figure


def _near_the_best(gain):
    """The upper part of a payoff, which may fall very far."""
    known = gain[np.isfinite(gain)]
    if not len(known):
        return gain
    best, first = float(np.max(known)), float(known[0])
    return known[known >= min(first, best - 0.35 * abs(best))]


def _limit(axes, values):
    values = values[np.isfinite(values)]
    if len(values):
        low, high = float(values.min()), float(values.max())
        room = ROOM * (high - low) or 0.1 * abs(high) or 1.0
        axes.set_ylim(low - room, high + room)


def _mark(axes, curve, values):
    """The present amount and the best one on a curve."""
    now, best = (float(np.interp(at, curve.amounts, np.nan_to_num(values))) for at in (curve.now, curve.best))
    axes.plot([curve.now], [now], "o", color=BLACK, markersize=9, zorder=4, label="as the run ended")
    axes.plot([curve.best], [best], "*", color=VERMILLION, markersize=16, zorder=5, label="best reply")
