"""Where maps of networks put their nodes, lines and arrows."""

from functools import lru_cache

import networkx as nx
import numpy as np

ARROW = np.array([[0.9, 0.0], [-0.7, 0.75], [-0.35, 0.0], [-0.7, -0.75], [0.9, 0.0]])  # pointing along x
CURVE = 24  # points of a curved line


@lru_cache(maxsize=8)
def layout(nodes, ends):
    """A spring layout of fixed seed, shape (nodes, 2)."""
    graph = nx.empty_graph(nodes)
    graph.add_edges_from(sorted(ends))
    found = nx.spring_layout(graph, seed=0, k=1.6 / np.sqrt(nodes), iterations=120)
    return np.array([found[node] for node in range(nodes)])


def curves(at, lines, bend, first):
    """Lines as quadratic curves, shape (lines, CURVE, 2), bent outwards; `first` bends a line, one more a parallel."""
    start, end = at[lines.tail], at[lines.head]
    middle, across = (start + end) / 2, (end - start)[:, ::-1] * (1, -1)
    outwards = np.sign(np.sum(across * (middle - at.mean(axis=0)), axis=1))
    share = bend * (first + _place_in_pair(lines)) * np.where(outwards == 0, 1.0, outwards)
    top = middle + 2 * share[:, None] * across
    t = np.linspace(0, 1, CURVE)[:, None]
    start, top, end = start[:, None], top[:, None], end[:, None]
    return (1 - t) ** 2 * start + 2 * t * (1 - t) * top + t**2 * end


def _place_in_pair(lines):
    """How many lines before each join the same two nodes, shape (lines,)."""
    ends = np.sort(np.column_stack([lines.tail, lines.head]), axis=1)
    _, pair = np.unique(ends, axis=0, return_inverse=True)
    order = np.argsort(pair, kind="stable")
    starts = np.searchsorted(pair[order], pair[order])
    place = np.empty(len(ends))
    place[order] = np.arange(len(ends)) - starts
    return place


def turned(angle):
    """Matrix that turns points, as rows, by an angle."""
    return np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
