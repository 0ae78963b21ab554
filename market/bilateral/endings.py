"""How negotiations through the periods ended, what that promises, and what it means."""

from collections.abc import Iterable, Sequence

import numpy as np

from market.bilateral.negotiation import ADVICE
from market.bilateral.settlement import Ending
from market.bilateral.trading import ClosedPeriod, Trading
from market.outcome import Status, worst

PROVEN = (Status.SETTLED, Status.SOLVED)
HALF_WAY_STRETCH = 3  # times the tolerance: claims, moved to the half-way price or to nothing, on both sides of a pair
TOLERANCE_ROUNDING = 1e-9  # beside the tolerance of the scenario, for rounding
DEADLINE = (
    "The deadline came before all claims agreed, as it may; what is signed is what was then made of them: stable "
    "prices where negotiation.repair allows, else trade with the grid. A later deadline leaves more time."
)


def ending(periods: Iterable[ClosedPeriod], fine: Status = Status.SETTLED) -> Status:
    """How periods ended together; `fine` where each did well."""
    return worst((one.state.status for one in periods), fine)


def gap(periods: Iterable[ClosedPeriod]) -> float | None:
    """The largest gap of the periods' settlements, relative to their mean contract; None without any."""
    return max((one.settlement.gap for one in periods), default=None)


def promised(trading: Trading, status: Status, periods: Sequence[ClosedPeriod]) -> float | None:
    """The gap up to which the contracts of periods were negotiated; None where the status promises none."""
    if status not in PROVEN:
        return None
    return trading.rule.tolerance * max(map(_stretch, periods)) + TOLERANCE_ROUNDING


def _stretch(period):
    """How many times the tolerance a settled period's gap may be: claims are met half-way and told in money."""
    bargain = period.settlement.bargain
    exact = period.settlement.ending is not Ending.HALF_WAY or period.state.gap <= TOLERANCE_ROUNDING
    if exact or not len(bargain):
        return 1.0
    if np.array_equal(bargain.unit, bargain.amount):
        return HALF_WAY_STRETCH
    largest = max(np.max(bargain.buyer_size), np.max(bargain.seller_size))
    return HALF_WAY_STRETCH * bargain.mean_contract * largest * len(bargain) / bargain.welfare


def advice(trading: Trading, status: Status) -> str:
    """What a status means in this market, and what a user can do."""
    if status is Status.ROUND_LIMIT and trading.deadline is not None:
        return DEADLINE
    return ADVICE.get(status, status.advice)
