"""Places of a large map's nodes: neighbours lie side by side, islands and lone nodes have a place too."""

import numpy as np

from views.geometry import MOST_SPRUNG, layout

NODES = MOST_SPRUNG + 100


def test_a_long_feeder_is_laid_out_in_order():
    names = np.random.default_rng(0).permutation(NODES)
    at = layout(NODES, frozenset(zip(names[:-1].tolist(), names[1:].tolist(), strict=True)))
    along = at[names, 0]
    assert np.all(np.diff(along) > 0) or np.all(np.diff(along) < 0)
    assert (at.min(), at.max()) == (0, 1)


def test_islands_and_lone_nodes_have_places_of_their_own():
    ends = frozenset((i, i + 1) for i in range(NODES - 50) if i % 40)
    at = layout(NODES, ends)
    assert np.all(np.isfinite(at)) and len(np.unique(at, axis=0)) == NODES
    assert np.all(np.isfinite(layout(NODES, frozenset())))
    layout.cache_clear()
    np.testing.assert_array_equal(layout(NODES, ends), at)


def test_neighbours_of_a_grid_of_hundreds_lie_beside_each_other():
    side = 12
    names = np.random.default_rng(1).permutation(side**2).reshape(side, side)
    ends = [*zip(names[:, :-1].ravel(), names[:, 1:].ravel(), strict=True)]
    ends += zip(names[:-1].ravel(), names[1:].ravel(), strict=True)
    at = layout(side**2, frozenset((int(i), int(j)) for i, j in ends))
    joined = np.hypot(*(at[[i for i, _ in ends]] - at[[j for _, j in ends]]).T)
    apart = np.hypot(*(at[:, None] - at).transpose(2, 0, 1))
    assert np.max(joined) < 0.25 * np.max(apart)
    assert np.min(apart[~np.eye(side**2, dtype=bool)]) > 0.2 * np.mean(joined)  # and none upon another
