"""What a run of the aggregator market comes to, in one sentence against its users' other markets."""

from __future__ import annotations

from engine.results.others import ALONE, BEFORE
from market.numerals import plain
from views.sentences import LITTLE_SHARE, counted, difference, framed, is_nothing, known, moves, share, upper

FAIR = {"0.0": "welfare", "1.0": "proportional", "inf": "max-min"}
LARGE, AGGREGATOR = "large", "aggregator"
SMALL = "small users"


def sentence(summary: dict, others: dict) -> str:
    """A run against others, {BEFORE, ALONE: summary} as far as they were played, else against one planner."""
    if summary["price"] is None:
        return framed(summary, "")
    lost = [name for name, other in others.items() if not known(other)]
    told = by_planner(summary) if lost or not others else against(summary, others)
    more = " Other markets of the same users did not settle, so this one is not held against them." if lost else ""
    return framed(summary, told + more)


def against(summary, others):
    """What large users cost small ones, and what aggregators give back."""
    now, said = mean(summary), aggregators(summary)
    before, alone = (mean(others[name]) if name in others else None for name in (BEFORE, ALONE))
    if before is None:
        return f"{upper(said)} {brings(now, alone, said)}, against each buying alone."
    if alone is None:
        return f"{what_large_costs(summary, now, before)}."
    cost = what_large_costs(summary, alone, before)
    if alone >= before or is_nothing(alone, before):
        return f"{cost}; {said} {brings(now, alone, said)}."
    return f"{cost}; {said} {gives_back(now, alone, before, said)}."


def mean(summary):
    """A small user's surplus on average, money."""
    return summary["small"]["mean_surplus"]


def what_large_costs(summary, now, before):
    """What happens to small users when the large ones come."""
    names = [name for name, group in summary["groups"].items() if group["kind"] == LARGE]
    users = sum(summary["groups"][name]["users"] for name in names)
    who = f"the {names[0] if names[0] != LARGE else 'large user'}" if users == 1 else counted(users, "large user")
    return f"{upper(who)} {moves(now, before, users == 1, SMALL)}"


def brings(now, alone, said):
    """What aggregators do to small users against everybody alone."""
    return moves(now, alone, said.startswith("one "), SMALL)


def gives_back(now, alone, before, said):
    """How much of what was lost aggregators give back."""
    end = "s" if said.startswith("one ") else ""
    if is_nothing(now, alone):
        return f"give{end} nothing of it back"
    if 0 <= now < LITTLE_SHARE * alone:
        return f"leave{end} them almost nothing"
    if now < alone:
        return f"cost{end} them another {difference(now, alone)}"
    if is_nothing(now, before):
        return f"give{end} all of it back"
    if now > before:
        return f"give{end} all of it back and {difference(now, before)} on top"
    return f"give{end} {share((now - alone) / (before - alone))} of it back"


def aggregators(summary):
    """The aggregators in words: how many, what they maximise, whether users may leave."""
    groups = [group for group in summary["groups"].values() if group["kind"] == AGGREGATOR and group["players"]]
    alphas = {str(group["alpha"]) for group in groups}
    kind = f"{FAIR.get(alphas.pop(), 'fair')} " if len(alphas) == 1 else ""
    many = counted(sum(group["players"] for group in groups), f"{kind}aggregator")
    learning = " who learn" if any("conduct" in group for group in groups) else ""
    paying = " with side payments" if any("payments" in group for group in groups) else ""
    return many + learning + paying + (" whom users may leave" if "joining" in summary else "")


def by_planner(summary):
    """The run beside one planner who buys for everybody, which every summary knows."""
    who = counted(sum(group["players"] for group in summary["groups"].values()), "buyer")
    anarchy = summary["price_of_anarchy"]
    if anarchy is None:
        return f"{upper(who)} at a price of {plain(summary['price'])}; what one planner could do is not known."
    if is_nothing(anarchy, 1.0):
        return f"{upper(who)} lose nothing against one planner who buys for all."
    return f"{upper(who)} have {share(1 / anarchy)} of what one planner who buys for all would get them."
