"""The day of one household."""

import numpy as np

from market.numerals import plain
from views.days import look
from views.style import BLACK, GREEN, PRICE, new_figure, styled


@styled
def one_home(result, user=None):
    """Price, and what one user of a DaysResult takes, gives and buys by period, and what its battery holds.

    user: its number, by default the first with most kinds of devices.
    """
    user = result.home_shown if user is None else user
    outcome, edges = result.outcome, result.edges
    mine = look.of_user(result, user)
    holds = np.any(mine["level"] > look.NOT_DRAWN * max(np.max(np.abs(mine["z"])), np.max(mine["level"])))
    rows = 3 if holds else 2
    figure, axes = new_figure(
        rows, 1, width=11, height=6.6 + 2.2 * (rows - 2), sharex=True, height_ratios=(2, 5, 2)[:rows]
    )
    axes[0].stairs(outcome.joined("price"), edges, baseline=None, color=BLACK, linewidth=2.2)
    axes[0].set_ylabel(PRICE.replace(" (", "\n("))
    axes[0].set_title(_told_of(result, user))
    look.stacked(axes[1], edges, look.amounts(mine))
    axes[1].stairs(mine["z"], edges, baseline=None, color=look.LOAD, linewidth=2.4, label=look.BOUGHT)
    axes[1].set_ylabel(look.IN_A_PERIOD)
    if holds:
        axes[2].plot(edges[1:], mine["level"], marker=".", color=GREEN, label=look.HELD)
        axes[2].set_ylim(bottom=0)
        axes[2].set_ylabel("held\n(energy)")
    look.hours_axis(axes[-1], edges)
    look.legend_of(figure, axes[1:])
    return figure


def _told_of(result, user):
    """Whose day it is, its bill and surplus."""
    bill, surplus = result.outcome.paid[user], result.outcome.s[user]
    return f"{look.named(result, user)}: bill {plain(bill, 3)}, surplus {plain(surplus, 3)} money"
