"""How a run or a solution on a network ended, what that promises, and what it means."""

from __future__ import annotations

from market.aggregator import endings
from market.aggregator.network.game import NetworkOutcome
from market.outcome import Outcome, Status

UNCLEARED = (Status.INFEASIBLE, Status.INACCURATE)  # endings of a clearing that are the run's too
CERTIFIED_ENDINGS = (Status.SETTLED, Status.SOLVED, Status.SHORT)
ADVICE = {
    Status.SHORT: "Load is shed: demand and purchases exceed what generators can make or lines can bring; add "
    "capacity, or lower demand.",
    Status.CYCLING: "The same purchases come back for ever: lines that fill and empty can leave no equilibrium at all; "
    "try damping below 1, anticipates = 'energy' or 'nothing', or --direct.",
    Status.INACCURATE: "No best response lies further away than the tolerance, yet somebody gains by more than 1e-6 of "
    "its payoff, as the gap says: where a price has a step, those who take it as given may each be content at another "
    "part of it in rounds, and --direct looks for one price for all; else lower tolerance.",
    Status.NOT_FOUND: "No profile was found at which nobody gains, from any start; not proven that none exists. The "
    "outcome shown is the one with the least gap.",
}


def ending(status: Status, outcome: Outcome | None) -> Status:
    """The status of a run or a solution in view of its outcome, and of how its last round was cleared."""
    found = endings.ending(status, outcome)
    told = (*CERTIFIED_ENDINGS, Status.INACCURATE)  # whatever the gap: what cannot be cleared is no market's end
    if isinstance(outcome, NetworkOutcome) and found in told and outcome.cleared.status in UNCLEARED:
        return outcome.cleared.status
    return found


def promised(status: Status) -> float | None:
    """The gap up to which equilibria were certified; None where the status promises none."""
    return endings.promised(status)


def advice(status: Status, outcome: Outcome | None, learns: bool = False) -> str:
    """What a status means and what a user can do; where a round could not be cleared, why."""
    if isinstance(outcome, NetworkOutcome) and outcome.cleared.status is status and outcome.cleared.why:
        return f"{outcome.cleared.why[0].upper()}{outcome.cleared.why[1:]}."
    return ADVICE.get(status, endings.advice(status, learns=learns))
