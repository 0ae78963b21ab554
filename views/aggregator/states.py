"""How price and surplus are spread over the states of a price."""

import numpy as np

from market.numerals import percent
from views.style import BLACK, BLUE, VERMILLION, legend_below, new_figure, styled


@styled
def states(result):
    """With which probability the price, and all users' surplus, are at most so much; means of all and worst states."""
    figure, panels = new_figure(1, 2, width=13.0)
    known, facts = result.by_state, result.by_state.facts()
    parts = (("price", known.price, "price (money/energy)"), ("welfare", known.welfare, "surplus of all (money)"))
    for axes, (name, values, label) in zip(panels, parts, strict=True):
        at, share = distribution(values, known.states.probability)
        axes.step(at, share, where="post", color=BLUE, label="probability of at most so much")
        axes.axvline(facts["expected"][name], color=BLACK, linestyle="--", label="expected")
        worst = f"mean of the worst {percent(1 - known.states.risk.level)} of states"
        axes.axvline(facts["worst"][name], color=VERMILLION, linestyle=":", label=worst)
        axes.set_xlabel(label)
        axes.set_ylim(0, 1.02)
    panels[0].set_ylabel("probability (1)")
    panels[0].set_title(f"{len(known.price)} states: {result.scenario.title or result.scenario.name}")
    legend_below(figure, *panels[0].get_legend_handles_labels(), 3)
    return figure


def distribution(values, probability):
    """(Values ascending, the first twice, the probability of at most each), shapes (states + 1,)."""
    order = np.argsort(values, kind="stable")
    return values[order][[0, *range(len(values))]], np.append(0.0, np.cumsum(probability[order]))
