"""The network as a map: nodes coloured by price, lines as wide as they are loaded, full ones marked, who is where."""

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.collections import LineCollection, PathCollection
from matplotlib.lines import Line2D
from matplotlib.path import Path
from matplotlib.ticker import MaxNLocator
from matplotlib.transforms import IdentityTransform

from market.numerals import plain
from views.geometry import ARROW, CURVE, turned
from views.network import look
from views.style import BLACK, PRICE, legend_below, new_figure, shortened, styled

WIDE, OPEN = (2.0, 11.0), 1.6  # widths in points of an empty and a full line, and of one without limit
NO_FLOW = 1e-9  # of the largest flow: no arrow
MOST_ARROWS = 60  # on the largest flows
FLAT = 0.1  # height over width of a map that is drawn flat
HALO = {"facecolor": "white", "edgecolor": "none", "alpha": 0.85, "pad": 1.2}
LONGEST = 26  # letters of a group's name beside a node


@styled
def price_map(game, cleared, loading, title=""):
    """A NetworkGame and a clearing of it with its Loading: the map, with a scale of prices."""
    grid, small = cleared.grid, cleared.grid.nodes <= look.NAMED
    at = look.positions_of(grid)
    lines = look.strokes(grid, at)
    figure, axes = new_figure(width=10.0, height=4.8 if np.ptp(at[:, 1]) < FLAT * np.ptp(at[:, 0]) else 7.2)
    who = look.who_is_where(game)
    scale = ScalarMappable(look.price_scale(cleared.prices), look.PRICES)
    _draw_lines(axes, lines, cleared.flows, loading, small)
    axes.scatter(
        *at.T,
        s=(900 if grid.nodes <= look.WORDY else 450) if small else 60,
        c=scale.to_rgba(cleared.prices),
        edgecolors=BLACK,
        linewidths=np.where(np.isin(np.arange(grid.nodes), list(who)), 3.2, 0.9) * (1.0 if small else 0.5),
        zorder=3,
        label="nodes",
    )
    if small:
        _label_lines(axes, lines, cleared, loading)
        _label_nodes(axes, at, grid, cleared.prices, scale, who)
    _frame(axes, at, lines)
    figure.colorbar(scale, ax=axes, label=PRICE, shrink=0.8, aspect=28, pad=0.01, ticks=MaxNLocator(6), format="%g")
    axes.set_title("\n".join(filter(None, (title, _told(cleared, loading)))), fontsize=15)
    legend_below(figure, *_legend(loading), 3)
    return figure


def _told(cleared, loading):
    full = int(np.count_nonzero(loading.full))
    lines = "no line is full" if not full else f"{full} full line{'s' if full > 1 else ''}"
    return f"{lines}, rent {plain(cleared.rent)} money" if full else lines


def widths(loading):
    """How wide lines are drawn, shape (lines,)."""
    low, high = WIDE
    return np.where(np.isnan(loading.share), OPEN, low + (high - low) * np.nan_to_num(loading.share))


def _draw_lines(axes, lines, flows, loading, small):
    """The lines and arrows of their flows."""
    width = widths(loading) * (1.0 if small else 0.45)
    colours = np.where(loading.full, look.FULL, look.LINE)
    axes.add_collection(LineCollection(lines, linewidths=width, colors=colours, zorder=1, label="lines"))
    size = np.abs(flows)
    order = np.argsort(-size, kind="stable")[:MOST_ARROWS]
    shown = order[size[order] > NO_FLOW * max(float(np.max(size, initial=0.0)), NO_FLOW)]
    middle = lines[shown, CURVE // 2 - 1 : CURVE // 2 + 1].mean(axis=1)
    step = (lines[shown, CURVE // 2] - lines[shown, CURVE // 2 - 1]) * np.sign(flows[shown])[:, None]
    axes.add_collection(
        PathCollection(
            [Path(ARROW @ turned(angle)) for angle in np.arctan2(step[:, 1], step[:, 0])],
            sizes=(width[shown] + (12 if small else 6)) ** 2 / 2,
            offsets=middle,
            offset_transform=axes.transData,
            transform=IdentityTransform(),
            facecolors=colours[shown],
            edgecolors=BLACK,
            linewidths=0.9 if small else 0.5,
            zorder=2,
            label="arrows",
        )
    )


def flow_text(flow, limit):
    """A line's flow, and its limit where it has one."""
    return plain(abs(float(flow)), 4) + (f" of {plain(float(limit), 4)}" if np.isfinite(limit) else "")


def _label_lines(axes, lines, cleared, loading):
    limits = cleared.grid.lines.limit
    for k, (flow, limit) in enumerate(zip(cleared.flows, limits, strict=True)):
        if cleared.grid.nodes > look.WORDY and not loading.full[k]:
            continue
        spot = lines[k, CURVE // 2]
        step = lines[k, CURVE // 2] - lines[k, CURVE // 2 - 1]
        flat = abs(step[0]) > abs(step[1])
        said = flow_text(flow, limit)
        said += f"\nworth {plain(abs(float(cleared.multipliers[k])))} a unit" if loading.full[k] else ""
        axes.annotate(
            said,
            spot,
            (0, -16) if flat else (14, 0),
            textcoords="offset points",
            ha="center" if flat else "left",
            va="top" if flat else "center",
            fontsize=11.5,
            color=look.FULL if loading.full[k] else BLACK,
            bbox=HALO,
            zorder=4,
            gid="flow",
        )


def _label_nodes(axes, at, grid, prices, scale, who):
    """Names on the nodes; where they are few, prices and who is there beside them, away from the map's middle."""
    middle = at[:, 1].mean()
    for node, (spot, name, price) in enumerate(zip(at, grid.names, prices, strict=True)):
        white = scale.norm(price) > look.DARK
        short = shortened(str(name), 6)
        axes.annotate(
            short,
            spot,
            ha="center",
            va="center",
            fontsize=(13 if len(short) < 4 else 9) if grid.nodes <= look.WORDY else 9,
            color="white" if white else BLACK,
            zorder=4,
        )
        if grid.nodes > look.WORDY:
            continue
        up = spot[1] > middle
        lines = [f"{plain(float(price))}", *(shortened(one, LONGEST) for one in who.get(node, ()))]
        axes.annotate(
            "\n".join(lines),
            spot,
            (0, 19 if up else -19),
            textcoords="offset points",
            ha="center",
            va="bottom" if up else "top",
            fontsize=12.5,
            bbox=HALO,
            zorder=5,
            gid="node",
        )


def _frame(axes, at, lines):
    """Limits that hold everything with room for the words around."""
    points = np.concatenate([at, lines.reshape(-1, 2)])
    low, high = points.min(axis=0), points.max(axis=0)
    middle, half = (low + high) / 2, (high - low) / 2
    reach = float(np.max(half)) or 1.0
    half = np.maximum(half, 0.3 * reach) + 0.28 * reach
    axes.set_xlim(middle[0] - half[0], middle[0] + half[0])
    axes.set_ylim(middle[1] - half[1], middle[1] + half[1])
    axes.set_axis_off()


def _legend(loading):
    """Handles and labels of the kinds of lines that are there, and of nodes with players."""
    limited = ~np.isnan(loading.share)
    kinds = [
        (np.any(limited & ~loading.full), look.LINE, 6.0, "line with a limit, as wide as it is loaded"),
        (np.any(loading.full), look.FULL, WIDE[1], "full line"),
        (np.any(~limited), look.LINE, OPEN, "line without a limit"),
    ]
    shown = [(Line2D([], [], color=colour, linewidth=width), label) for there, colour, width, label in kinds if there]
    ring = {"markerfacecolor": "white", "markeredgecolor": BLACK, "markeredgewidth": 3.2, "markersize": 13}
    shown.append((Line2D([], [], marker="o", color="none", **ring), "node where players buy or sell"))
    return tuple(zip(*shown, strict=True))
