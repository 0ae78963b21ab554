"""Where every random number of a run comes from: a generator for each purpose, none of which disturbs another."""

from __future__ import annotations

import hashlib
from functools import lru_cache
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
        sequence = np.random.SeedSequence(self.seed, spawn_key=(self.replication, *_words(group, key)))
        return np.random.Generator(np.random.PCG64(sequence))


@lru_cache(1024)
def _words(group, key):
    """Four numbers that stand for a key of a group."""
    return tuple(np.frombuffer(hashlib.sha256(f"{group}\n{key}".encode()).digest()[:16], dtype="<u4").tolist())
