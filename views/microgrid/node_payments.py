"""What each node of the microgrid is paid under each compared scenario, against private lines lying idle."""

import numpy as np

from views.microgrid import look
from views.style import BLACK, GREY, LINES, legend_below, new_figure, shortened, styled

MOST_NODES = 20  # that have bars of their own; gains of more are drawn in ascending order
NO_MONEY = 1e-9  # money that counts as nothing
PER_NODE = 0.84  # of the room of a node that its bars fill


@styled
def node_payments(comparison, names):
    """Payments to the nodes by scenario of a Comparison, beside what they would be without private trade.

    names: what each node is called.
    Few nodes have a bar each, mean over replications, and a black mark where the payment would be. For many the gains
    over that are drawn from the least to the largest.
    """
    known = {name: arrays for name, arrays in comparison.agents.items() if arrays[0].size}
    known = {name: arrays for name, arrays in known.items() if np.all(np.isfinite(arrays))}
    few = all(paid.shape[1] <= MOST_NODES for paid, _ in known.values())
    figure, axes = new_figure(width=11.0 if few else 9.0, height=6.0)
    labels, colours = look.scenario_labels(comparison.scenarios), look.scenario_colours(comparison.scenarios)
    many = f", mean of {comparison.replications} networks" if comparison.replications > 1 else ""
    _bars(axes, comparison, names, known, labels, colours) if few else _sorted(axes, known, labels, colours)
    axes.set_title(("payments by node" if few else "gains over no private trade, node by node") + many)
    if len(known) < len(comparison.names):
        left_out = [labels[name] for name in comparison.names if name not in known]
        axes.set_title(f"no payments: {', '.join(left_out)}", loc="right", fontsize=13)
    legend_below(figure, *axes.get_legend_handles_labels(), 3)
    return figure


def _bars(axes, comparison, names, known, labels, colours):
    """A group of bars per node, a mark in each where its payment would be with private lines idle."""
    axes.set_xlabel("node")
    axes.set_ylabel("payment (money)")
    means = {name: comparison.mean_by_agent(name) for name in known}
    busy = [np.abs(paid) + np.abs(gains) for paid, gains in means.values()]
    nodes = np.flatnonzero(np.max(busy, axis=0) > NO_MONEY) if busy else np.zeros(0, dtype=int)
    place, wide = np.arange(len(nodes)), PER_NODE / max(len(means), 1)
    for number, (name, (paid, gains)) in enumerate(means.items()):
        at = place + wide * (number - (len(means) - 1) / 2)
        axes.bar(at, paid[nodes], width=0.92 * wide, color=colours[name], label=labels[name])
        idle = {"color": BLACK, "linewidth": 3, "zorder": 3, "label": None if number else "with private lines idle"}
        axes.hlines((paid - gains)[nodes], at - 0.5 * wide, at + 0.5 * wide, **idle)
    axes.axhline(0, color=GREY, linewidth=1.2)
    axes.set_xticks(place, [shortened(str(names[node])) for node in nodes])
    axes.grid(axis="x", visible=False)


def _sorted(axes, known, labels, colours):
    """A curve per scenario: each replication's gains in ascending order, mean over replications."""
    axes.set_xlabel("share of the nodes, from the least gain to the largest")
    axes.set_ylabel("gain over no private trade (money)")
    for number, (name, (_, gains)) in enumerate(known.items()):
        curve = np.sort(gains, axis=1).mean(axis=0)
        share = (np.arange(len(curve)) + 0.5) / len(curve)
        under = {"linewidth": 2.2 + 0.9 * number, "zorder": 3 - 0.1 * number}  # curves that coincide are all seen
        axes.plot(share, curve, LINES[number % len(LINES)], color=colours[name], label=labels[name], **under)
    axes.axhline(0, color=GREY, linewidth=1.2)
    small = _threshold(known)
    axes.set_yscale("symlog", linthresh=small)
    if not any(np.any(gains < -NO_MONEY) for _, gains in known.values()):
        axes.set_ylim(bottom=-0.3 * small)
    axes.set_xlim(0, 1)


def _threshold(known):
    """Gain up to which the axis is linear: a power of ten near the median of what is not nothing."""
    sizes = np.concatenate([np.abs(gains).ravel() for _, gains in known.values()] or [np.zeros(0)])
    sizes = sizes[sizes > NO_MONEY]
    return float(10 ** np.round(np.log10(np.median(sizes)))) if len(sizes) else 1.0
