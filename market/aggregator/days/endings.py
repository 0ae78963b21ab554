"""How a run or a solution over days ended, what that promises, and what it means."""

from __future__ import annotations

from collections.abc import Iterable

from market.aggregator import endings
from market.aggregator.days.equilibrium import ended
from market.aggregator.days.outcome import DayOutcome
from market.outcome import CERTIFIED_GAP, Status, worst

SEARCHED = "What a search for better days finds is the gap; that nobody could gain more is not proven."
ELSEWHERE = (
    "Nobody's day is bettered by steps from where it is, but from other days a search found one that is worth the gap "
    "more: fair days with batteries and cars have several local optima; fairness.alpha nearer to 0 has fewer."
)
ADVICE = {
    Status.SETTLED: "No player gains by another day; the gap proves it.",
    Status.SOLVED: "Solved directly; the gap proves that no player gains by another day.",
    Status.CYCLING: "The same days come back for ever; try damping below 1, or order = 'random'.",
    Status.ROUND_LIMIT: "Purchases of some period still moved at the last round; raise rounds, or take order = "
    "'in-turn' where all move together.",
    Status.INFEASIBLE: "Some home has no day that its devices and its connection allow; give its car or battery more "
    "time or power.",
    Status.INACCURATE: "No best day lies further away than the tolerance, yet somebody gains by more than 1e-6 of what "
    "its users gain, as the gap says; lower tolerance.",
    Status.NOT_FOUND: "No start led to a day that nobody wants to change; step the rounds and see whether they settle.",
}


def ending(statuses: Iterable[Status], outcomes: Iterable[DayOutcome], fine: Status = Status.SETTLED) -> Status:
    """How days that each ended so, with these outcomes, ended together."""
    found = [
        ended(outcome, status) if status == fine else status for status, outcome in zip(statuses, outcomes, strict=True)
    ]
    return worst(found, fine)


def promised(status: Status) -> float | None:
    """The gap up to which equilibria were certified; None where the status promises none."""
    return CERTIFIED_GAP if status in endings.CERTIFIED_ENDINGS else None


def advice(status: Status, proven: bool, learns: bool = False) -> str:
    """What a status means, for learners too; proven: is the gap the most that anybody could gain?"""
    if learns:
        return endings.advice(status, learns=True)
    if status in (Status.SETTLED, Status.SOLVED) and not proven:
        return SEARCHED
    if status == Status.INACCURATE and not proven:
        return ELSEWHERE
    return ADVICE.get(status, endings.advice(status))
