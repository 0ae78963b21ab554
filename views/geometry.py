"""Where maps of networks put their nodes, lines and arrows."""

from functools import lru_cache

import networkx as nx
import numpy as np

from market.on_demand import later

sparse = later("scipy.sparse")  # to import it from SciPy would load that

FEW, MOST_SPRUNG = 60, 500  # nodes up to which springs pull neighbours together, and hold all at their distances
UNLIKE_LINES = 1e-3  # by which they differ: modes of feeders that are alike would be mixed at random, anew each time
NEARLY_SINGULAR = -1e-4  # beside eigenvalues up to 2
ARROW = np.array([[0.9, 0.0], [-0.7, 0.75], [-0.35, 0.0], [-0.7, -0.75], [0.9, 0.0]])  # pointing along x
CURVE = 24  # points of a curved line


@lru_cache(maxsize=8)
def layout(nodes, ends):
    """Places of nodes that pairs `ends` join, shape (nodes, 2): by springs of fixed seed, of many by eigenvectors.

    Between the two, springs between all nodes are as long as the way between them (Kamada and Kawai 1989).
    """
    if nodes > FEW:
        tail, head = _bridged(nodes, *np.array(sorted(ends), dtype=int).reshape(-1, 2).T)
        first = _spread(nodes, tail, head)
        return first if nodes > MOST_SPRUNG else _held(nodes, tail, head, first)
    graph = nx.empty_graph(nodes)
    graph.add_edges_from(sorted(ends))
    return _places(nx.spring_layout(graph, seed=0, k=1.6 / np.sqrt(nodes), iterations=120))


def _places(found):
    return np.array([found[node] for node in range(len(found))])


def _held(nodes, tail, head, first):
    graph = nx.empty_graph(nodes)
    graph.add_edges_from(zip(tail.tolist(), head.tolist(), strict=True))
    return _places(nx.kamada_kawai_layout(graph, pos=dict(enumerate(first))))


def _bridged(nodes, tail, head):
    """The lines, and one from node 0 to each island."""
    part = sparse.csgraph.connected_components(_joined(nodes, tail, head))[1]
    first = np.setdiff1d(np.unique(part, return_index=True)[1], 0)
    return np.append(tail, np.zeros_like(first)), np.append(head, first)


def _spread(nodes, tail, head):
    """Ranks in the two slowest modes of the lines' Laplacian beside degrees, 0 to 1 (Hall 1970; Koren 2005)."""
    rng = np.random.default_rng(0)
    start = rng.random(nodes)
    matrix = sparse.csgraph.laplacian(_joined(nodes, tail, head, 1 + UNLIKE_LINES * rng.random(len(tail)))).tocsc()
    degrees = sparse.diags_array(matrix.diagonal()).tocsc()
    values, modes = sparse.linalg.eigsh(matrix, 3, degrees, NEARLY_SINGULAR, v0=start)
    slow = modes[:, np.argsort(values)[1:]]
    return np.argsort(np.argsort(slow, axis=0, kind="stable"), axis=0) / (nodes - 1)


def _joined(nodes, tail, head, weight=1.0):
    """Sparse matrix with a line's weight where two nodes are joined, shape (nodes, nodes)."""
    ends = np.append(tail, head), np.append(head, tail)
    return sparse.csr_array((np.tile(np.broadcast_to(weight, len(tail)), 2), ends), (nodes, nodes))


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
