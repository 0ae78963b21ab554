"""How a run or a solution of the aggregator market ended, what that promises, and what it means."""

from market import joining
from market.outcome import CERTIFIED_GAP, Outcome, Status

CERTIFIED_ENDINGS = (Status.SETTLED, Status.SOLVED, Status.SHORT)  # whose gap, once known, is an equilibrium's
ADVICE = {
    Status.INACCURATE: "No best response lies further away than the tolerance, yet somebody gains by more than 1e-6 of "
    "its payoff, as the gap says; lower tolerance, or take a price without such steep pieces."
}
LEARNERS = {
    Status.ROUND_LIMIT: "In one of the last rounds somebody still gained by more than tolerance_gap, as the gap says: "
    "what was learned is no equilibrium; raise rounds, or see --direct for whether one exists."
}


def ending(status: Status, outcome: Outcome | None) -> Status:
    """The status of a run or a solution in view of its outcome, the same for whoever asks.

    Settled or solved it is inaccurate where the gap is known and no equilibrium's, short where part is unserved.
    """
    if status not in (Status.SETTLED, Status.SOLVED) or outcome is None:
        return status
    if outcome.gap is not None and outcome.gap > CERTIFIED_GAP:
        return Status.INACCURATE
    return Status.SHORT if outcome.unserved > 0 else status


def promised(status: Status) -> float | None:
    """The gap up to which equilibria were certified; None where the status promises none."""
    return CERTIFIED_GAP if status in CERTIFIED_ENDINGS else None


def advice(status: Status, joins: bool = False, learns: bool = False) -> str:
    """What a status means for purchases, for moves where users join or for learners, and what a user can do."""
    known = joining.ADVICE if joins else LEARNERS if learns else ADVICE
    return known.get(status, status.advice)
