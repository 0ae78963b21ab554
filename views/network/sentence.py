"""What a run on a network comes to, in one sentence: what large users cost, or what is gained on competition."""

from __future__ import annotations

from engine.results.others import BEFORE, COMPETITION
from market.numerals import plain
from views.aggregator.sentence import mean, what_large_costs
from views.sentences import counted, difference, framed, is_nothing, known, listed, upper


def sentence(summary: dict, others: dict) -> str:
    """A run against {BEFORE or COMPETITION: summary}; where there is neither, its prices and full lines alone."""
    if summary["price"] is None:
        return framed(summary, "")
    if known(others.get(BEFORE)):
        return framed(summary, against_before(summary, others[BEFORE]))
    if known(others.get(COMPETITION)):
        return framed(summary, against_competition(summary, others[COMPETITION]))
    more = " The market it could be held against did not settle." if others else ""
    return framed(summary, f"The mean price is {plain(summary['price'])} money a unit, {full_lines(summary)}.{more}")


def against_before(summary, before):
    """What large users cost small ones, and where most."""
    told = what_large_costs(summary, mean(summary), mean(before))
    lost = {
        name: (summary["groups"][name]["surplus"]["mean"], group["surplus"]["mean"])
        for name, group in before["groups"].items()
        if group["kind"] in ("aggregator", "direct") and group["surplus"]["mean"] > 0
    }
    most = min(lost, key=lambda name: lost[name][0] / lost[name][1], default=None)
    if len(lost) > 1 and lost[most][0] < lost[most][1] and not is_nothing(*lost[most]):
        told += f" ({most}: {difference(*lost[most])})"
    return f"{told}; {full_lines(summary)}."


def against_competition(summary, competition):
    """How far players who foresee prices move the mean price."""
    now, then = summary["price"], competition["price"]
    who = counted(sum(group["players"] for group in summary["groups"].values()), "player")
    what = f"{upper(who)} who see what they do to prices"
    if is_nothing(now, then):
        return f"{what} change the mean price by nothing against competition."
    return f"{what} {'raise' if now > then else 'lower'} the mean price by {difference(now, then)} against competition."


def full_lines(summary):
    """The lines that are full, in words."""
    names = list(summary["full_lines"] or ())
    if not names:
        return "no line is full"
    return f"{counted(len(names), 'line')} {'is' if len(names) == 1 else 'are'} full" + (
        f" ({listed(names)})" if len(names) <= 3 else ""
    )
