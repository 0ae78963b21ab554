"""What is remembered of every user of a run, round by round."""

import numpy as np

from market.aggregator.side_payments import pay_each_other

MOST_REMEMBERED = 50_000_000  # users times rounds kept as trajectories


class Trajectory:
    """Quantities and surpluses of every user after each round; only the last one where all would not fit in memory."""

    def __init__(self, users, rounds, dtype, kept=("x", "s")):
        self.dtype, self.whole = dtype, users * rounds <= MOST_REMEMBERED
        self._kept = {name: [] for name in kept}

    def add(self, outcome):
        """Remember an outcome."""
        for name, past in self._kept.items():
            if not self.whole:
                past.clear()
            past.append(getattr(outcome, name).astype(self.dtype))

    def add_all(self, rounds):
        """Remember many rounds, a market.aggregator.clearing.Rounds."""
        for name, past in self._kept.items():
            if not self.whole:
                past.clear()
            past += list(getattr(rounds, name)[0 if self.whole else -1 :].astype(self.dtype))

    @property
    def quantities(self):
        """Quantities by round and user, shape (rounds, users)."""
        return np.array(self._kept["x"], dtype=self.dtype)

    @property
    def surpluses(self):
        """Surpluses by round and user, in money, shape (rounds, users)."""
        return np.array(self._kept["s"], dtype=self.dtype)

    @property
    def transfers(self):
        """What users got from others of their aggregator by round, shape (rounds, users); None without payments."""
        return np.array(self._kept["transfers"], dtype=self.dtype) if "transfers" in self._kept else None


def kept_of(blocks):
    """What is remembered of every user of a game's blocks: with payments, transfers too."""
    return ("x", "s", "transfers") if pay_each_other(blocks) else ("x", "s")
