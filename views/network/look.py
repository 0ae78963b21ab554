"""How maps of a network with prices look: colours of prices and lines, where nodes stand, who is at them."""

import numpy as np
from matplotlib import colormaps
from matplotlib.colors import Normalize

from views.geometry import curves, layout
from views.style import GREY, VERMILLION

PRICES = colormaps["YlGnBu"]
LINE, FULL = GREY, VERMILLION
NAMED, WORDY = 30, 12  # nodes up to which nodes have names, and prices, flows and who is where are written
BEND = 0.16  # of its length that a parallel line's middle lies off the first one
DARK = 0.68  # share of the scale from which white words on a node are read better than black ones
SAME_COLOUR = 1e-6  # of their size: prices so near each other have one colour


def positions_of(grid):
    """Where nodes are drawn, shape (nodes, 2): the grid's own positions, else a layout by its lines."""
    if grid.positions is not None:
        return np.asarray(grid.positions, dtype=float)
    ends = zip(grid.lines.tail.tolist(), grid.lines.head.tolist(), strict=True)
    return layout(grid.nodes, frozenset(ends))


def strokes(grid, at):
    """Lines as curves from tail to head, shape (lines, points, 2); those side by side are bent apart."""
    return curves(at, grid.lines, BEND, 0)


def price_scale(prices):
    """From prices to 0 to 1, from the lowest to the highest; around the middle where all are the same."""
    low, high = float(np.min(prices)), float(np.max(prices))
    room = SAME_COLOUR * max(abs(low), abs(high), 1e-9)
    return Normalize(low, high) if high - low > room else Normalize(low - 1, high + 1)


def who_is_where(game):
    """{number of a node: names of the groups that buy or sell there}."""
    found = {}
    for block, place in zip(game.blocks, game.places, strict=True):
        name = block.name if block.players == 1 else f"{block.name} (×{block.players})"
        for node in np.flatnonzero(place).tolist():
            found.setdefault(node, []).append(name)
    return found
