"""Coalitions on a microgrid's map: rings round those together, round who would rather leave, and who would go where."""

from typing import NamedTuple

import numpy as np

from market.numerals import plain
from views.kit.charts import DASHES, ink
from views.microgrid import look
from views.microgrid.words import nodes_text
from views.style import BLACK, LINES

LEAVES, SHORT, GOES = "7 4", "2 3", "1 4"  # dashes of outlines: a blocked coalition, one the core leaves short, a move
ROOM = 3.5, 8.0, 12.0  # of rings around nodes: circles, outlines of those who leave, of those left short


class Ring(NamedTuple):
    """Nodes with a ring each: colour, dashes, distance from the node, what the legend says; to: where they would go."""

    nodes: list
    colour: str
    dash: str
    room: float
    told: str
    to: tuple = ()


def of(summary, names):
    """The Rings of an ended run's summary; none before its end, or where nobody looked."""
    return [*_circles(summary, names), *_leaving(summary, names), *_moving(summary.get("joining"), names)]


def _circles(summary, names):
    """Coalitions of more than one node, a colour each, then another line."""
    groups = summary["mergers"][-1]["groups"] if "mergers" in summary else []
    groups = summary["joining"]["groups"] if "joining" in summary else groups
    count, found = len(look.COALITIONS), []
    for k, nodes in enumerate([nodes for nodes in groups if len(nodes) > 1]):
        dash = DASHES[LINES[k // count % len(LINES)]]
        found.append(Ring(nodes, look.COALITIONS[k % count], dash, ROOM[0], f"together: {nodes_text(nodes, names)}"))
    return found


def _leaving(summary, names):
    """Who would have more alone or among themselves: under the payments made, and under the least core's."""
    blocked, short = summary.get("participation"), summary.get("core", {}).get("short")
    found = []
    if blocked is not None and not blocked["holds"]:
        nodes = blocked["coalition"]
        found.append(Ring(nodes, BLACK, LEAVES, ROOM[1], f"dashes: would rather leave: {nodes_text(nodes, names)}"))
    if short is not None:
        nodes = short["coalition"]
        told = f"dots: gain by leaving even the best sharing: {nodes_text(nodes, names)}"
        found.append(Ring(nodes, look.UNSERVED, SHORT, ROOM[2], told))
    return found


def _moving(joining, names):
    """Everybody who gains by going elsewhere from the circles as they stand last, all others staying, and where."""
    return [] if joining is None else [_goes(move, names) for move in joining["gaining"]]


def _goes(move, names):
    where = f"with {nodes_text(move['to'], names)}" if move["to"] else "alone"
    told = f"dots: {names[move['node']]} gains {plain(move['gain'], 2)} {where}"
    return Ring([move["node"]], BLACK, GOES, ROOM[1], told, tuple(move["to"]))


def room(rings):
    """How far words below nodes are moved away by their rings."""
    return max((ring.room for ring in rings), default=0.0)


def drawn(rings, place, size):
    """Rings as SVG; place: of nodes, shape (n, 2); size: their radii, shape (n,)."""
    parts = []
    for ring in rings:
        look_of = f'class="ring" stroke="{ink(ring.colour)}" stroke-dasharray="{ring.dash}"'
        parts += [
            f'<circle {look_of} cx="{x:.1f}" cy="{y:.1f}" r="{r:.1f}"/>'
            for (x, y), r in zip(place[ring.nodes].tolist(), (size[ring.nodes] + ring.room).tolist(), strict=True)
        ]
        if ring.to:
            (x, y), there = place[ring.nodes[0]], place[list(ring.to)]
            a, b = there[np.argmin(np.hypot(*(there - (x, y)).T))]
            parts.append(f'<path {look_of} d="M{x:.1f} {y:.1f}L{a:.1f} {b:.1f}"/>')
    return "".join(parts)
