"""What a microgrid's run comes to, in one sentence against no private trade."""

from __future__ import annotations

from engine.results.microgrid import NUMBERS
from market.numerals import plain
from views.sentences import counted, difference, framed, is_nothing, listed

TRADE = {
    "ad-hoc": "Trade as it comes",
    "self-interested": "Self-interested trade",
    "cooperative": "Trade in the main grid's interest",
    "integrated": "One planner of trade and grid",
}
NONE = "none"
MOST_NAMED = 5  # nodes of a coalition that are told one by one


def sentence(summary: dict, others: dict) -> str:
    """A run against idle private lines, which every summary knows; others: not asked for."""
    if "nodes" in summary:
        return framed(summary, "")
    loss, idle = summary["losses"]["total"], summary["idle"]["loss"]
    if summary["behaviour"] == NONE:
        return framed(summary, f"Without private trade {plain(loss)} p.u. are lost.")
    trade = f"{TRADE[summary['behaviour']]} over {counted(summary['edges'], 'private line')}"
    if idle is None:
        return framed(summary, f"{trade} serves everybody, which the public grid alone could not{who_gains(summary)}.")
    return framed(summary, f"{trade} {against(loss, idle)}{who_gains(summary)}{who_leaves(summary)}.")


def against(loss, idle):
    """Losses beside those without private trade."""
    if is_nothing(loss, idle):
        return "changes losses by nothing"
    if loss > idle:
        return f"raises losses by {difference(loss, idle, 'p.u.')}"
    return f"avoids {difference(loss, idle, 'p.u.')} of the losses without it"


def who_gains(summary):
    """How many nodes are better and worse off."""
    if summary.get("winners") is None:
        return ""
    win, lose = len(summary["winners"]), len(summary["losers"])
    return f"; {counted(win, 'node')} gain{'s' if win == 1 else ''}, {lose or 'none'} lose{'' if lose > 1 else 's'}"


def who_leaves(summary):
    """Whether some nodes would have more by themselves."""
    found = summary.get("participation") or {}
    if found.get("holds") is not False:
        return ""
    names = summary.get("names", NUMBERS)
    nodes = [str(names[node]) for node in found["coalition"]]
    told = f"nodes {listed(nodes)}" if len(nodes) <= MOST_NAMED else counted(len(nodes), "node")
    return f", but {told} would have more by themselves"
