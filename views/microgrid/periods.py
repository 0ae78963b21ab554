"""A microgrid's periods: what is lost and what the main grid supplies, with private lines used and idle."""

import numpy as np

from views.microgrid import look
from views.style import BLACK, GREY, legend_below, new_figure, styled

IDLE = "private lines idle"


@styled
def periods(result):
    """Loss on both kinds of lines and the main grid's supply by period of a MicrogridResult, beside no private trade.

    A period in which somebody cannot be served has no values and is shaded.
    """
    outcomes = result.outcomes
    at = np.arange(len(outcomes))
    value = {
        name: np.array([np.nan if (v := getattr(o.dispatch, name)) is None else v for o in outcomes], dtype=float)
        for name in ("public_loss", "private_loss", "grid_supply")
    }
    idle = np.array([np.nan if o.idle_loss is None else o.idle_loss for o in outcomes], dtype=float)
    idle_supply = np.array([np.nan if o.idle_supply is None else o.idle_supply for o in outcomes], dtype=float)
    figure, (left, right) = new_figure(1, 2, width=13.0, height=5.6)
    colour = look.BEHAVIOURS.get(look.behaviour_of(result.scenario), BLACK)
    _stacked(left, at, {"on public lines": value["public_loss"], "on private lines": value["private_loss"]})
    _line(left, at, idle, GREY, IDLE, "--")
    _line(right, at, value["grid_supply"], colour, look.spoken(look.behaviour_of(result.scenario)), "-")
    _line(right, at, idle_supply, GREY, IDLE, "--")
    for axes, label in ((left, "loss (p.u.)"), (right, "supply of the main grid (p.u.)")):
        axes.set_xlabel("period")
        axes.set_ylabel(label)
        axes.set_xticks(at[:: max(1, len(at) // 8)])
        axes.set_xlim(-0.5, len(at) - 0.5)
        _shaded(axes, at[[bool(o.dispatch.unserved) for o in outcomes]])
    left.set_ylim(bottom=0)
    keys = {label: one for axes in (left, right) for one, label in zip(*axes.get_legend_handles_labels(), strict=True)}
    legend_below(figure, list(keys.values()), list(keys), 5)
    return figure


def _stacked(axes, at, parts):
    start = np.zeros(len(at))
    for (label, values), colour in zip(parts.items(), (look.PUBLIC, look.PRIVATE), strict=True):
        values = np.nan_to_num(values)
        axes.bar(at, values, bottom=start, width=0.8, color=colour, label=label)
        start = start + values


def _line(axes, at, values, colour, label, style):
    axes.plot(at, values, style, marker="o", markersize=5, color=colour, label=label)


def _shaded(axes, cut_off):
    for number, period in enumerate(cut_off):
        label = None if number else "somebody cannot be served"
        axes.axvspan(period - 0.5, period + 0.5, color=look.UNSERVED, alpha=0.2, linewidth=0, label=label)
