"""How several designs ended together, what each promises, and what that means."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from market.designs.planner import Optimum
from market.outcome import CERTIFIED_GAP, Status, worst

ADVICE = {
    Status.RUNNING: "Some designs still run; what they show is not their end.",
    Status.SETTLED: "Every design has settled; each has its own gap.",
    Status.SOLVED: "Every design is solved directly; each has its own gap.",
}


class Ended(NamedTuple):
    """How one design ended; promised: the largest gap its status allows, or None."""

    status: Status
    rounds: int = 0
    gap: float | None = None
    promised: float | None = None


AT_TARIFF = Ended(Status.SOLVED)  # a bill, without anything to be proven


def planned(best: Optimum | None) -> Ended:
    """How the planner's programme ended."""
    if best is None:
        return Ended(Status.INACCURATE)
    if best.gap > CERTIFIED_GAP:
        return Ended(Status.INACCURATE, gap=best.gap)
    return Ended(Status.SOLVED, gap=best.gap, promised=CERTIFIED_GAP)


def ending(designs: Iterable[Ended], fine: Status = Status.SETTLED) -> Status:
    """How designs ended together; `fine` where each did well."""
    return worst((design.status for design in designs), fine)


def gap(designs: Iterable[Ended]) -> float | None:
    """The largest gap as a share of what its design promises; None where none promises any."""
    pairs = [(design.gap, design.promised) for design in designs]
    return max((gap / promised for gap, promised in pairs if gap is not None and promised is not None), default=None)


def promised(designs: Iterable[Ended]) -> float | None:
    """1: no gap is above what its design promises; None where none promises any."""
    return 1.0 if any(design.promised is not None for design in designs) else None


def advice(status: Status, designs: Mapping[str, Ended]) -> str:
    """What a status means, naming the designs that ended so where not all did well."""
    odd = ", ".join(name for name, design in designs.items() if design.status == status)
    return ADVICE.get(status, f"So ended: {odd}. {status.advice}")
