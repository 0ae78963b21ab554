"""Who has what of a welfare, in a run and under its planner, or why that cannot be told."""

from __future__ import annotations

from typing import NamedTuple

from market.splits import Split

UNSERVED = "Part of the load is not served: who has how much of the welfare is not defined."
FEARED = (
    "Players reckon with a price that counts bad states for more than their chance: it is not what producers get, and "
    "their surplus is not defined."
)
UNPLANNED = "What a planner would do is not worked out for so many users, or for users of these kinds."
UNPAID = "This rule of payments has none for such an outcome: who has how much is not defined."


class Welfare(NamedTuple):
    """The Splits of a run and of its planner; why: in words, where they are None."""

    here: Split | None = None
    planner: Split | None = None
    why: str = ""
