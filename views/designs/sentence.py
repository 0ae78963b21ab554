"""What designs of one population come to, in one sentence against the tariff and the planner."""

from __future__ import annotations

from views.designs.look import spoken
from views.sentences import difference, framed, is_nothing, share, upper

PLANNER, TARIFF = "planner", "tariff"


def sentence(summary: dict, others: dict) -> str:
    """Which design leaves agents most, against the tariff alone, and which comes nearest to the planner."""
    designs = {name: row for name, row in summary["designs"].items() if row["surplus"] is not None}
    played = {name: row for name, row in designs.items() if name != PLANNER}
    if not played:
        return framed(summary, "")
    best = max(played, key=lambda name: played[name]["surplus"])
    said = upper(f"agents have most under {spoken(best)}{against_tariff(played, best)}{of_planner(designs, played)}.")
    return framed(summary, said)


def against_tariff(played, best):
    """How much more the best design leaves agents than the tariff does."""
    if TARIFF not in played or best == TARIFF:
        return ""
    now, then = played[best]["surplus"], played[TARIFF]["surplus"]
    return (
        ", nothing more than by the tariff"
        if is_nothing(now, then)
        else f", {difference(now, then)} more than by the tariff"
    )


def of_planner(designs, played):
    """Which design's welfare is nearest to the planner's, as a share of it."""
    known = {name: row["welfare"] for name, row in played.items() if row["welfare"] is not None}
    planned = designs.get(PLANNER, {}).get("welfare")
    if not known or planned is None or planned <= 0:
        return ""
    top = max(known, key=known.get)
    return f"; for all together the best is {spoken(top)}, with {share(known[top] / planned)} of the planner's welfare"
