"""A day as a utility engineer draws it: the price, and what takes and gives energy in each period."""

from views.days import look
from views.style import BLACK, PRICE, legend_below, new_figure, styled


@styled
def day(result):
    """Price, and stacked consumption, cars, batteries and solar of all homes by period, of a DaysResult."""
    outcome = result.outcome
    told = look.of_all(result)
    figure, (top, bottom) = new_figure(2, 1, width=11, height=8.4, sharex=True, height_ratios=(2, 5))
    top.stairs(outcome.joined("price"), result.edges, baseline=None, color=BLACK, linewidth=2.2)
    top.set_ylabel(PRICE.replace(" (", "\n("))
    look.stacked(bottom, result.edges, look.amounts(told, outcome.background))
    load = outcome.joined("load")
    bottom.stairs(load, result.edges, baseline=None, color=look.LOAD, linewidth=2.4, label=look.LOAD_NAME)
    bottom.set_ylabel(look.IN_A_PERIOD)
    look.hours_axis(bottom, result.edges)
    legend_below(figure, *bottom.get_legend_handles_labels(), 4)
    return figure
