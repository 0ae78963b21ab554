"""How a run of a microgrid through its periods ended, what that promises, and what it means."""

from collections.abc import Iterable

from market.microgrid.market import ADVICE, ClearedPeriod, Microgrid
from market.outcome import CERTIFIED_GAP, Status

PROVEN = (Status.SETTLED, Status.SOLVED, Status.CYCLING)  # cycling: trades are made, coalitions go on


def gap(periods: Iterable[ClearedPeriod]) -> float | None:
    """The largest gap of some periods; None where one has none, or there are none."""
    gaps = [one.dispatch.gap for one in periods]
    known = [gap for gap in gaps if gap is not None]
    return max(known) if known and len(known) == len(gaps) else None


def promised(market: Microgrid, status: Status) -> float | None:
    """The gap up to which optima are shown to be such; None where behaviour or status promises none."""
    return CERTIFIED_GAP if status in PROVEN and market.behaviour.optimal else None


def advice(status: Status) -> str:
    """What a status means in this market, and what a user can do."""
    return ADVICE.get(status, status.advice)
