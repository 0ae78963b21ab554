"""Even random numbers for many players, each from a generator of its own."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from market.arrays import Array

DRAWN_AT_ONCE = 256  # numbers taken from a generator at once: the same that it would give one by one


class Dice:
    """One number in [0, 1) for each player at every throw, whoever else is there.

    >>> float(Dice([np.random.default_rng(1)]).throw()[0]) == np.random.default_rng(1).random()
    True
    """

    def __init__(self, generators: Sequence[np.random.Generator]) -> None:
        self.generators = list(generators)
        self._rows, self._used = np.empty((DRAWN_AT_ONCE, len(self.generators))), DRAWN_AT_ONCE

    def throw(self) -> Array:
        """The next number of every player, shape (players,)."""
        if self._used == DRAWN_AT_ONCE:
            for column, generator in enumerate(self.generators):
                self._rows[:, column] = generator.random(DRAWN_AT_ONCE)
            self._used = 0
        self._used += 1
        return self._rows[self._used - 1].copy()
