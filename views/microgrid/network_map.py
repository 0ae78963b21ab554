"""The whole microgrid as a map: both kinds of lines with their flows and losses, nodes with what they have or need."""

from typing import NamedTuple

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.collections import LineCollection, PathCollection
from matplotlib.colors import PowerNorm
from matplotlib.lines import Line2D
from matplotlib.path import Path
from matplotlib.ticker import MaxNLocator
from matplotlib.transforms import IdentityTransform

from market.numerals import plain
from views.geometry import ARROW, CURVE, curves, layout, turned
from views.microgrid import look
from views.style import BLACK, LINES, legend_below, new_figure, shortened, styled

LABELLED = 30  # nodes up to which nodes and trades are labelled and all lines stand in one panel
IDLE_FLOW = 2e-3  # share of the largest flow up to which a line counts as idle
MOST_SHOWN = 400  # private lines drawn on a large map, those of the largest flows
MOST_ARROWS = 40  # of each kind on a large map, on the largest flows
LISTED = 8  # members of a coalition named in the legend
FOLLOWED = 0.7  # share of the length by chance below which lines follow their nodes' positions
BEND, SLIGHT = 0.16, 0.05  # of its length that a private line's middle lies off the straight one, small and large maps
WIDE, SLIM = (2.5, 9.5), (0.5, 6.0)  # widths in points of the least and largest flow, small and large maps
BESIDE, BEYOND_RINGS = 20, 26  # points from a node to what is said of it
HALO = {"facecolor": "white", "edgecolor": "none", "alpha": 0.85, "pad": 1.2}


class Strokes(NamedTuple):
    """Lines of one kind as drawn: curves, shape (lines, CURVE, 2), from tail to head; flow and loss, shape (lines,)."""

    curves: np.ndarray
    flow: np.ndarray
    loss: np.ndarray

    def take(self, rows):
        """Some of the lines."""
        return Strokes(*(values[rows] for values in self))

    @property
    def middle(self):
        """Points in the middle of the lines, shape (lines, 2)."""
        return self.curves[:, CURVE // 2 - 1 : CURVE // 2 + 1].mean(axis=1)

    @property
    def heading(self):
        """Angle of each flow in the middle of its line, shape (lines,)."""
        step = self.curves[:, CURVE // 2] - self.curves[:, CURVE // 2 - 1]
        return np.arctan2(*(np.sign(self.flow)[:, None] * step).T[::-1])


@styled
def network_map(network, dispatch, title="", groups=(), names=()):
    """A Network and its Dispatch: width and arrow of a line show its flow, its colour the loss.

    Public lines are solid on grey, private ones dashed on blue; nodes are coloured by surplus and deficit, on a large
    map as large as their injection. A large map has a panel for each kind of line and shows the largest private flows
    only. Where somebody cannot be served, lines are without flow and those nodes are marked. groups: lists of nodes
    that form coalitions; those of more than one node have rings of one colour. names: of the nodes, on a small map.
    """
    at, small = positions_of(network), network.nodes <= LABELLED
    public, private = strokes(network, dispatch, at)
    flow, loss = (
        max(np.max(np.abs(v), initial=0.0) for v in pair) for pair in zip(public[1:], private[1:], strict=True)
    )
    scale = ScalarMappable(PowerNorm(1.0 if small else 0.4, 0.0, loss or 1.0), look.LOSS)
    one = small or not len(network.private)
    size = {"width": 10.0, "height": 7.4} if one else {"width": 13.5, "height": 7.9}
    figure, row = new_figure(1, 1 if one else 2, squeeze=False, **size)
    panels = {axes: [] for axes in row[0]}
    for kind, lines, axes in (("public", public, row[0][0]), ("private", private, row[0][-1])):
        panels[axes].append(_draw_lines(axes, kind, lines, flow or 1.0, scale, small))
    for axes, told in panels.items():
        sizes = _draw_nodes(axes, network, at, dispatch, small)
        _draw_rings(axes, groups, at, sizes)
        _frame(axes, np.concatenate([at, *(lines.curves.reshape(-1, 2) for lines in (public, private))]))
        if not small:
            axes.set_title(told[0], fontsize=15)
    if small:
        far = BEYOND_RINGS if _rings(groups) else BESIDE
        _label_nodes(row[0][0], network, at, dispatch, (public, private), names, far)
        _label_trades(row[0][0], private, at)
    if dispatch.f is not None:
        ticks = {"ticks": MaxNLocator(5), "format": "%g"}
        figure.colorbar(
            scale, ax=row[0].tolist(), label="loss of a line (p.u.)", shrink=0.8, aspect=28, pad=0.01, **ticks
        )
    figure.suptitle("\n".join(filter(None, (title, _told(dispatch)))), x=0.015, ha="left", fontsize=15)
    legend_below(figure, *_legend(network, dispatch, groups), 4)
    return figure


def positions_of(network):
    """Where nodes are drawn, shape (n, 2): the network's own positions, else a layout by its lines.

    A large map whose public lines do not follow its positions, as where these are drawn at random, is laid out, too.
    """
    if network.positions is not None and (network.nodes <= LABELLED or _followed(network)):
        return network.positions
    ends = zip(network.public.tail.tolist(), network.public.head.tolist(), strict=True)
    private = zip(network.private.tail.tolist(), network.private.head.tolist(), strict=True)
    return layout(network.nodes, frozenset(ends) or frozenset(private))


def _followed(network):
    """Are public lines shorter than if each ended where another one does?"""
    start, end = network.positions[network.public.tail], network.positions[network.public.head]
    long, by_chance = (np.hypot(*(start - other).T) for other in (end, np.roll(end, len(end) // 2, axis=0)))
    return np.sum(long) < FOLLOWED * np.sum(by_chance)


def strokes(network, dispatch, at):
    """Public and private lines as Strokes; without flows and losses where somebody cannot be served."""
    bend = BEND if network.nodes <= LABELLED else SLIGHT
    for lines, flow, first in ((network.public, dispatch.f, 0), (network.private, dispatch.g, 1)):
        flow = np.zeros(len(lines)) if flow is None else flow
        yield Strokes(curves(at, lines, bend, first), flow, lines.r * flow**2)


def _draw_lines(axes, kind, lines, most, scale, small):
    """Draw one kind of lines; returns what a panel of them is called."""
    size = np.abs(lines.flow)
    busy = np.flatnonzero(size > IDLE_FLOW * most)
    busy = busy[np.argsort(size[busy], kind="stable")]
    shown = busy if small or kind == "public" else busy[-MOST_SHOWN:]
    base, dashes = _kind(kind)
    if small or kind == "public" or not len(busy):
        idle = np.setdiff1d(np.arange(len(size)), busy)[: 10 * MOST_SHOWN]
        thin = {"linewidths": 2.0 if small else 0.4, "linestyles": (0, (1, 1.5)) if small else "-"}
        axes.add_collection(LineCollection(lines.curves[idle], colors=base, zorder=1, label=f"idle {kind}", **thin))
    drawn = lines.take(shown)
    low, high = WIDE if small else SLIM
    width = low + (high - low) * np.abs(drawn.flow) / most
    colour = scale.to_rgba(drawn.loss)
    more = 4.5 if small else 2.0 if kind == "private" else 0.8
    casing = {"linewidths": width + more, "colors": base, "capstyle": "round", "zorder": 2}
    axes.add_collection(LineCollection(drawn.curves, **casing))
    inner = {"linestyles": dashes, "capstyle": "butt"} if small else {}
    axes.add_collection(LineCollection(drawn.curves, colors=colour, linewidths=width, zorder=2.1, label=kind, **inner))
    _draw_arrows(axes, kind, drawn, width, colour, small)
    return _panel_title(kind, len(size), len(busy), len(shown))


def _draw_arrows(axes, kind, lines, width, colour, small):
    """An arrow in the middle of each line, of the largest flows on a large map."""
    chosen = slice(None) if small else slice(-MOST_ARROWS, None)
    lines, width, colour = lines.take(chosen), width[chosen], colour[chosen]
    size = (width + (11 if small else 7)) ** 2 / 2
    axes.add_collection(
        PathCollection(
            [Path(ARROW @ turned(angle)) for angle in lines.heading],
            sizes=size,
            offsets=lines.middle,
            offset_transform=axes.transData,
            transform=IdentityTransform(),
            facecolors=colour,
            edgecolors=BLACK,
            linewidths=1.2 if small else 0.7,
            zorder=2.2,
            label=f"{kind} arrows",
        )
    )


def _panel_title(kind, lines, busy, shown):
    if not busy:
        return f"{lines:,} {kind} lines, all idle" if lines else f"no {kind} lines"
    if shown < busy:
        return f"{shown:,} largest flows on {lines:,} {kind} lines"
    return f"{lines:,} {kind} lines" + (f", {lines - busy:,} of them idle" if busy < lines else "")


def _kind(kind):
    return {"public": (look.PUBLIC, "-"), "private": (look.PRIVATE, (0, (1.1, 0.7)))}[kind]


def _node_colours(network):
    e = network.injection
    kinds = np.where(e > 0, look.SURPLUS_NODE, np.where(e < 0, look.DEFICIT_NODE, look.IDLE_NODE))
    return kinds


def _draw_nodes(axes, network, at, dispatch, small):
    """Circles for agents, a square for the main grid, rings around nodes that cannot be served."""
    agents, e = network.agents, np.abs(network.injection)
    size = np.full(len(e), 620.0) if small else 12 + 240 * e / (np.max(e) or 1.0)
    if small:
        size += 500 * e / (np.max(e) or 1.0)
    rim = {"edgecolors": BLACK, "linewidths": 1.5 if small else 0.5, "zorder": 3, "clip_on": False}
    order = agents[np.argsort(-size[agents], kind="stable")]
    axes.scatter(*at[order].T, s=size[order], c=_node_colours(network)[order], label="agents", **rim)
    square = {"s": 760 if small else 130, "c": look.MAIN_GRID, "marker": "s", "zorder": 3.1, "clip_on": False}
    axes.scatter(*at[[network.slack]].T, edgecolors="white", linewidths=1.5, label="main grid", **square)
    lost = list(dispatch.unserved)
    if lost:
        ring = {"facecolors": "none", "edgecolors": look.UNSERVED, "linewidths": 3.5, "zorder": 3.2, "clip_on": False}
        axes.scatter(*at[lost].T, s=size[lost] * 1.9 + 60, label="not served", **ring)
    return size


def _draw_rings(axes, groups, at, size):
    """A ring around every member of each coalition of more than one node."""
    for nodes, colour, style in _rings(groups):
        ring = {"edgecolors": colour, "linestyles": style, "linewidths": 5, "facecolors": "none", "clip_on": False}
        axes.scatter(*at[nodes].T, s=size[nodes] * 1.5 + 150, zorder=2.9, label="coalition", **ring)


def _rings(groups):
    """(Nodes, colour, line style) of each coalition of more than one node."""
    together = [nodes for nodes in groups if len(nodes) > 1]
    count = len(look.COALITIONS)
    return [(nodes, look.COALITIONS[k % count], LINES[k // count % len(LINES)]) for k, nodes in enumerate(together)]


def _label_nodes(axes, network, at, dispatch, kinds, names, far):
    """Number in each node; `far` points off, where no line leaves it, its name and what it has or needs."""
    colours = _node_colours(network)
    reach = np.ptp(at, axis=0).max() or 1.0
    for node, (x, y) in enumerate(at):
        dark = node == network.slack or colours[node] != look.IDLE_NODE
        axes.text(
            x, y, str(node), ha="center", va="center", color="white" if dark else BLACK, fontweight="bold", zorder=4
        )
        side = _free_side(node, at, kinds, reach)
        ha = "left" if side[0] > 0.3 else "right" if side[0] < -0.3 else "center"
        va = "bottom" if side[1] > 0.3 else "top" if side[1] < -0.3 else "center"
        axes.annotate(
            "\n".join([*map(shortened, names[node : node + 1]), _said(network, dispatch, node)]),
            (x, y),
            far * side,
            textcoords="offset points",
            ha=ha,
            va=va,
            fontsize=14,
            bbox=HALO,
            zorder=3.5,
        )


def _said(network, dispatch, node):
    """What a label says of a node."""
    if node != network.slack:
        return signed(network.injection[node])
    if dispatch.grid_supply is None:
        return "main grid"
    return f"main grid: {signed(dispatch.grid_supply)}"


def signed(value):
    """A number with its sign, a true minus, two digits after the point at most.

    >>> signed(3.0), signed(-0.5), signed(0.0)
    ('+3', '−0.5', '0')
    """
    text = f"{value:+.2f}".rstrip("0").rstrip(".")
    return "0" if text in ("+0", "-0") else text.replace("-", "−")


def _free_side(node, at, kinds, reach):
    """Unit vector from a node into the widest gap between what lies around it: its lines, and nodes near by."""
    points = np.concatenate([lines.curves.reshape(-1, 2) for lines in kinds] + [at])
    away = points - at[node]
    distance = np.hypot(*away.T)
    near = (distance > 1e-9 * reach) & (distance < 0.22 * reach)
    angles = np.linspace(0, 2 * np.pi, 16, endpoint=False)
    sides = np.column_stack([np.cos(angles), np.sin(angles)])
    if not np.any(near):
        return np.array([0.0, -1.0])
    spots = 0.11 * reach * sides
    room = np.min(np.hypot(*(away[near][:, None] - spots).transpose(2, 0, 1)), axis=0)
    return sides[np.argmax(np.round(room, 9))]


def _label_trades(axes, private, at):
    """The amount beside the arrow of each private trade, on the line's outer side."""
    most = np.max(np.abs(private.flow), initial=0.0)
    for k in np.flatnonzero(np.abs(private.flow) > 5 * IDLE_FLOW * most):
        curve = private.curves[k]
        out = private.middle[k] - (curve[0] + curve[-1]) / 2
        out = out / (np.hypot(*out) or 1.0)
        axes.annotate(
            plain(abs(private.flow[k]), 3),
            private.middle[k],
            26 * out,
            textcoords="offset points",
            ha="center",
            va="center",
            fontsize=17,
            fontweight="bold",
            color=look.PRIVATE,
            bbox=HALO,
            zorder=4,
            gid="trade",
        )


def _frame(axes, points):
    """Limits that hold all points with some room around."""
    low, high = points.min(axis=0), points.max(axis=0)
    middle, half = (low + high) / 2, 0.54 * np.maximum(high - low, 0.25 * (np.max(high - low) or 1.0))
    axes.set_xlim(middle[0] - half[0], middle[0] + half[0])
    axes.set_ylim(middle[1] - half[1], middle[1] + half[1])
    axes.set_aspect("equal")
    axes.set_axis_off()


def _told(dispatch):
    """Losses and supply in a sentence, or who cannot be served."""
    if dispatch.f is None:
        nodes = ", ".join(map(str, dispatch.unserved[:8])) + (" …" if len(dispatch.unserved) > 8 else "")
        several = len(dispatch.unserved) > 1
        fate = "cannot be served" if dispatch.status == "infeasible" else f"{'are' if several else 'is'} not served"
        return f"{dispatch.status}: node{'s' * several} {nodes} {fate}"
    loss, public, private, supply = (
        plain(value, 3) for value in (dispatch.loss, dispatch.public_loss, dispatch.private_loss, dispatch.grid_supply)
    )
    return f"loss {loss} p.u. (public {public}, private {private}), the main grid supplies {supply} p.u."


def _legend(network, dispatch, groups):
    """Handles and labels: kinds of lines, kinds of nodes that are there."""
    e, agents = network.injection, network.agents
    colour = look.LOSS(0.55)
    lines = [
        ((_line(look.PUBLIC, 10), _line(colour, 5)), "public line"),
        (
            (_line(look.PRIVATE, 10), _line(colour, 5, _kind("private")[1] if network.nodes <= LABELLED else "-")),
            "private line",
        ),
    ][: 1 + bool(len(network.private))]
    nodes = [
        (np.any(e[agents] > 0), look.SURPLUS_NODE, "node with a surplus"),
        (np.any(e[agents] < 0), look.DEFICIT_NODE, "node with a deficit"),
        (np.any(e[agents] == 0), look.IDLE_NODE, "node with neither"),
    ]
    entries = [*lines, *((_dot(shade), label) for there, shade, label in nodes if there)]
    entries.append((Line2D([], [], marker="s", color="none", markerfacecolor=BLACK, markersize=12), "main grid"))
    if dispatch.unserved:
        ring = {"markerfacecolor": "none", "markeredgecolor": look.UNSERVED, "markeredgewidth": 3}
        entries.append((Line2D([], [], marker="o", color="none", markersize=14, **ring), "not served"))
    for nodes, colour, _ in _rings(groups):
        ring = {"markerfacecolor": "none", "markeredgecolor": colour, "markeredgewidth": 4}
        told = ", ".join(map(str, nodes[:LISTED])) + (" …" if len(nodes) > LISTED else "")
        entries.append((Line2D([], [], marker="o", color="none", markersize=14, **ring), f"coalition {told}"))
    return tuple(zip(*entries, strict=True))


def _line(colour, width, style="-"):
    return Line2D([], [], color=colour, linewidth=width, linestyle=style, solid_capstyle="butt", dash_capstyle="butt")


def _dot(colour):
    return Line2D([], [], marker="o", color="none", markerfacecolor=colour, markeredgecolor=BLACK, markersize=12)
