"""The vocabulary all markets share: how a run ended, what to do about it, and what came out."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np

from market.tariffs import Collected

CERTIFIED_GAP = 1e-6  # gap up to which an outcome counts as an equilibrium, a plan as an optimum


class Status(StrEnum):
    """How a run stands or ended."""

    RUNNING = "running"
    SETTLED = "settled"
    CYCLING = "cycling"
    ROUND_LIMIT = "round-limit"
    INFEASIBLE = "infeasible"
    SHORT = "short"
    SOLVED = "solved"
    INACCURATE = "inaccurate"
    NO_EQUILIBRIUM = "no-equilibrium"
    NOT_FOUND = "not-found"
    LEARNED = "learned"

    @property
    def advice(self) -> str:
        """One sentence on what the status means and what a user can do."""
        return ADVICE[self]


ADVICE = {
    Status.RUNNING: "The run has not ended; step on.",
    Status.SETTLED: "No player gains by another purchase; the gap proves it.",
    Status.CYCLING: "The same purchases come back for ever; try damping below 1, order = 'random', or --direct to see "
    "whether an equilibrium exists at all.",
    Status.ROUND_LIMIT: "Purchases still moved at the last round; raise rounds, or take order = 'in-turn' where all "
    "move together.",
    Status.INFEASIBLE: "A user of a player with surplus_offset = 0 and alpha >= 1 is priced out, so its objective is "
    "minus infinity at every purchase; set surplus_offset above 0.",
    Status.SHORT: "Purchases exceed the generators' capacity, so part of them is unserved and the price is the cap; "
    "add capacity or lower demand.",
    Status.SOLVED: "Solved directly; the gap proves that no player gains by another purchase.",
    Status.INACCURATE: "The solver stopped short of its precision, so the outcome is not proven; mind its gap.",
    Status.NO_EQUILIBRIUM: "No candidate survived the global test: some player always gains by moving; the outcome "
    "shown is the one with the least gap.",
    Status.NOT_FOUND: "No candidate survived; not proven that none exists. Step the rounds and see whether they "
    "settle; the outcome shown is the one with the least gap.",
    Status.LEARNED: "The gap was at most tolerance_gap in each of the last rounds: what was learned is that near an "
    "equilibrium.",
}


def of_own(names: Sequence[str]) -> str:
    """What advice adds of players of one's own, by what they are called, who gain by deciding otherwise.

    >>> of_own(["Stubborn"]), of_own([])
    (" Stubborn does not answer best, whatever the tolerance: its own gain is part of the gap's.", '')
    """
    if not names:
        return ""
    do, their = ("does", "its own gain is") if len(names) == 1 else ("do", "their own gains are")
    return f" {' and '.join(names)} {do} not answer best, whatever the tolerance: {their} part of the gap's."


WORST_FIRST = (
    Status.RUNNING,
    Status.INFEASIBLE,
    Status.NO_EQUILIBRIUM,
    Status.NOT_FOUND,
    Status.INACCURATE,
    Status.CYCLING,
    Status.ROUND_LIMIT,
    Status.SHORT,
)


def worst(found: Iterable[Status], fine: Status = Status.SETTLED) -> Status:
    """How several periods or designs ended together: the first of WORST_FIRST that one ended with, else `fine`."""
    found = set(found)
    return next((status for status in WORST_FIRST if status in found), fine)


@dataclass(frozen=True, eq=False)
class Outcome:
    """What a round or a solution amounts to.

    y: purchases, shape (players,); x, s: quantity and surplus of every user, shape (users,), blocks in order;
    price in money per unit; unserved: the part of purchases beyond capacity; gap: largest relative regret or None;
    regrets, moves: every player's, and the purchase that it is found at, shapes (players,), or None; proven: is the
    gap known to be the most that anybody could gain, rather than what a search found?
    transfers: what each user gets from others of its aggregator, counted in s, shape (users,), None without payments.
    collected: what tariffs come to, None without; s is what users have after them.
    """

    y: np.ndarray
    x: np.ndarray
    s: np.ndarray
    price: float
    unserved: float = 0.0
    gap: float | None = None
    regrets: np.ndarray | None = field(default=None, repr=False)
    moves: np.ndarray | None = field(default=None, repr=False)
    proven: bool = False
    transfers: np.ndarray | None = field(default=None, repr=False)
    collected: Collected | None = field(default=None, repr=False)

    @property
    def earned(self) -> np.ndarray:
        """Surpluses before fees, by which players decide, money, shape (users,)."""
        return self.s if self.collected is None else self.s + self.collected.fees

    @property
    def revenue(self) -> float:
        """What tariffs bring in all, less what comes back, money."""
        return 0.0 if self.collected is None else self.collected.revenue

    @property
    def doubt(self) -> float:
        """The gap, infinite where it is not known."""
        return np.inf if self.gap is None else self.gap

    @property
    def quantity(self) -> float:
        """Total purchases Y."""
        return float(np.sum(self.y))

    @property
    def welfare(self) -> float:
        """Sum of all users' surplus, in money."""
        return float(np.sum(self.s))
