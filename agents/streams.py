"""Where every random number of a run comes from: a generator for each purpose, none of which disturbs another."""

from __future__ import annotations

import hashlib
from typing import NamedTuple

import numpy as np


class Streams(NamedTuple):
    """The generators of one replication of one seed."""

    seed: int = 0
    replication: int = 0

    def of(self, group: str, key: str) -> np.random.Generator:
        """The generator of one key of one group, from its first number on, whatever else there is.

        >>> Streams(1).of("north", "a").random() == Streams(1).of("north", "a").random()
        True
        >>> Streams(1).of("north", "a").random() == Streams(1, replication=1).of("north", "a").random()
        False
        """
        words = np.frombuffer(hashlib.sha256(f"{group}\n{key}".encode()).digest()[:16], dtype="<u4")
        sequence = np.random.SeedSequence(self.seed, spawn_key=(self.replication, *words.tolist()))
        return np.random.Generator(np.random.PCG64(sequence))
