"""Which pairs would rather leave: what the product's violation is the largest of."""

from __future__ import annotations

import numpy as np

from market.arrays import Array, Integers
from market.bilateral.bargain import Bargain
from market.bilateral.core import PROGRAMME_MISS


def blocking_pairs(
    bargain: Bargain, u: Array, v: Array, tolerance: float | None = None
) -> tuple[Integers, Integers, Array]:
    """Pairs that both gain by leaving: (buyers, sellers, gains), gains in units of claims, largest first.

    Pairs with u_i + v_j < a_ij (docs/bilateral/model.md, Stable: the core).

    tolerance: gain from which a pair counts; PROGRAMME_MISS of the largest value where it is not given.

    >>> from market.bilateral.bargain import single_contracts
    >>> from market.bilateral.core import equal_split
    >>> from market.bilateral.market import assignment_game
    >>> game = single_contracts(assignment_game([[5, 7, 2], [8, 9, 3], [2, 6, 0]]), np.array([2, 0, 1]))
    >>> [each.tolist() for each in blocking_pairs(game, *equal_split(game))]
    [[0, 1], [1, 1], [3.0, 2.0]]
    """
    tolerance = PROGRAMME_MISS * float(np.max(bargain.value, initial=0.0)) if tolerance is None else tolerance
    gain = bargain.open_value - v - u[:, None]
    buyers, sellers = np.nonzero(gain > tolerance)
    gains = gain[buyers, sellers]
    order = np.argsort(-gains, kind="stable")
    return buyers[order], sellers[order], gains[order]
