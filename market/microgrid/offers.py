"""What owners let happen on their private lines: a line that some owner withholds is as if it were not there.

An offer is the most power that may flow on each private line either way, p.u., shape (lines,): 0 withholds the line, ∞
leaves it to the behaviour. None stands for a network all of whose lines are offered.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from market.arrays import Array, Integers
from market.microgrid.dispatch import Dispatch
from market.microgrid.network import SHARED, Network, PrivateLines
from market.microgrid.payments import Payments


def owned(lines: PrivateLines) -> dict[int, Integers]:
    """Numbers of the lines that each owner has a part in, ascending, by its node; who owns none is left out.

    >>> from market.microgrid.network import network_of
    >>> lines = network_of([0, 1, -1, 0], [], [[1, 2, 0.1], [2, 3, 0.1, 1.0, 1]]).private
    >>> {node: rows.tolist() for node, rows in owned(lines).items()}
    {1: [0, 1], 2: [0]}
    """
    shared, number = lines.owner == SHARED, np.arange(len(lines))
    node = np.concatenate([lines.tail[shared], lines.head[shared], lines.owner[~shared]])
    row = np.concatenate([number[shared], number[shared], number[~shared]])
    order = np.lexsort((row, node))
    nodes, first = np.unique(node[order], return_index=True)
    return dict(zip(nodes.tolist(), np.split(row[order], first[1:]), strict=False))


def offered(network: Network, most: Array | None) -> Network:
    """The network with the private lines on offer alone; itself where all are."""
    if most is None or np.all(most > 0):
        return network
    return network.with_private(network.private.take(most > 0))


def spread(values: Array, most: Array) -> Array:
    """Values of the lines on offer as values of all lines, 0 on those withheld, shape (lines,)."""
    if np.all(most > 0):
        return values
    whole = np.zeros(len(most))
    whole[most > 0] = values
    return whole


def on_all_lines(dispatch: Dispatch, most: Array | None) -> Dispatch:
    """A dispatch of the lines on offer as one of all lines."""
    return dispatch if most is None or dispatch.g is None else replace(dispatch, g=spread(dispatch.g, most))


def on_offered_lines(dispatch: Dispatch, most: Array | None) -> Dispatch:
    """A dispatch of all lines as one of those on offer."""
    return dispatch if most is None or dispatch.g is None else replace(dispatch, g=dispatch.g[most > 0])


def paid_on_all_lines(payments: Payments | None, most: Array | None) -> Payments | None:
    """Payments with the rents of the lines on offer as those of all lines."""
    if payments is None or most is None:
        return payments
    return replace(payments, lines=spread(payments.lines, most))
