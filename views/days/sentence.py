"""What days of the aggregator market come to, in one sentence: what large users cost, what flexibility brings."""

from __future__ import annotations

from engine.results.others import BEFORE
from views.aggregator.sentence import by_planner, mean, what_large_costs
from views.sentences import framed, known, listed, moves, upper

FLEXIBLE = {"battery": "batteries", "car": "cars", "shift": "shifted load"}


def sentence(summary: dict, others: dict) -> str:
    """A run against the days without large users, and the same days with everything flexible idle."""
    if summary["price"] is None:
        return framed(summary, "")
    parts = []
    if known(others.get(BEFORE)):
        parts.append(what_large_costs(summary, mean(summary), mean(others[BEFORE])))
    if flexible := devices(summary):
        parts.append(what_flexibility_brings(summary, flexible))
    return framed(summary, f"{upper('; '.join(parts))}." if parts else by_planner(summary))


def devices(summary):
    """What lets users choose when, in words; "" where nothing does."""
    found = {name for group in summary["groups"].values() for name in group.get("devices", ())}
    words = [word for name, word in FLEXIBLE.items() if name in found]
    return listed(words) if words else ""


def what_flexibility_brings(summary, what):
    """All users' surplus beside that of the days with everything idle."""
    now, idle = summary["welfare"], summary["welfare"] - summary["flexibility_value"]
    told = moves(now, idle, what == FLEXIBLE["shift"], "all users", idle="bring")
    return f"{what} {told} against the same days with all of it idle"
