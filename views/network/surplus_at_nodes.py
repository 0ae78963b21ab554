"""What small users at each node gain or lose under compared scenarios: where a data centre moves in, who pays."""

import numpy as np

from market.numerals import plain, signed
from views.style import BLACK, group_colours, legend_below, new_figure, shortened, styled

WIDTH = 0.84  # of a node's bars together


@styled
def surplus_at_nodes(found):
    """Bars by node, one a scenario: {scenario: {node: mean surplus of a small user}}.

    Of several scenarios, the differences to the first, whose own numbers stand under the nodes.
    """
    (first, base), *others = found.items()
    nodes = list(dict.fromkeys(node for at in found.values() for node in at))
    figure, axes = new_figure(width=10.0, height=6.2)
    shown = others or [(first, base)]
    colours, place = group_colours([name for name, _ in shown]), np.arange(len(nodes))
    for number, (name, at) in enumerate(shown):
        values = np.array([at.get(node, np.nan) for node in nodes])
        if others:
            values -= [base.get(node, np.nan) for node in nodes]
        _bars(axes, place, number, len(shown), values, colours[name], name, signed if others else plain)
    said = [f"node {node}\n{plain(base[node])}" if others and node in base else f"node {node}" for node in nodes]
    axes.set_xticks(place, [shortened(one) for one in said])
    axes.axhline(0, color=BLACK, linewidth=1)
    axes.margins(y=0.12)
    axes.set_ylabel(f"{'change of the ' if others else ''}mean surplus\nof a small user (money)")
    axes.grid(axis="x", visible=False)
    axes.set_title(f"small users by node, beside {first.replace('_', ' ')}" if others else "small users by node")
    legend_below(figure, *axes.get_legend_handles_labels(), 3)
    return figure


def _bars(axes, place, number, many, values, colour, name, write):
    """One scenario's bars, shape (nodes,), the number-th of many at each node, with their values."""
    each = WIDTH / many
    spots = place - WIDTH / 2 + (number + 0.5) * each
    axes.bar(spots, values, width=0.9 * each, color=colour, label=shortened(name.replace("_", " ")))
    for x, value in zip(spots, values, strict=True):
        if np.isfinite(value):
            up = value >= 0
            options = {"textcoords": "offset points", "ha": "center", "va": "bottom" if up else "top", "fontsize": 10}
            axes.annotate(write(float(value), 2), (x, value), (0, 3 if up else -3), **options)
