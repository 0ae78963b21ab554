"""Zones on the page's map of a large microgrid: a tint under the nodes and lines of each, and its name."""

from html import escape

import numpy as np

from views.kit.charts import ink
from views.style import BLUE, OCHRE, TEAL, VERMILLION

TINTS = (BLUE, OCHRE, TEAL, VERMILLION)  # then again; a zone's name tells


NEAR, ASIDE = (50, 14), 18  # of a name to the main grid, and how far it then stands above


def drawn(zones, place, lines, slack):
    """(What lies under the map, what lies upon it) as SVG; zones: a name a node, none where nobody says.

    place: of the nodes, shape (nodes, 2); lines: the public ones; slack: the main grid's node, which no name hides.
    """
    zones = np.array(zones, dtype=object)
    named = dict.fromkeys(zones.tolist())
    tints = [_tint(zones == name, place, lines, TINTS[k % len(TINTS)]) for k, name in enumerate(named)]
    return "".join(tints), "".join(_name(name, place[zones == name], place[slack]) for name in named)


def _tint(inside, place, lines, colour):
    """One thick stroke along the lines between nodes of a zone, and a dot where a node has none."""
    within = inside[lines.tail] & inside[lines.head]
    ends = zip(place[lines.tail[within]].tolist(), place[lines.head[within]].tolist(), strict=True)
    path = "".join(f"M{x:.1f} {y:.1f}h0" for x, y in place[inside].tolist())
    path += "".join(f"M{a:.1f} {b:.1f}L{c:.1f} {d:.1f}" for (a, b), (c, d) in ends)
    return f'<path class="zone" d="{path}" stroke="{ink(colour)}"/>'


def _name(name, places, grid):
    x, y = np.median(places, axis=0)
    y = grid[1] - ASIDE if np.all(np.abs(grid - (x, y)) < NEAR) else y
    return f'<text class="zone" x="{x:.1f}" y="{y:.1f}">zone {escape(name)}</text>'
