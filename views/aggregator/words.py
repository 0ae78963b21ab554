"""A run of the aggregator market in words."""

import numpy as np

from agents import JoiningModel
from market.numerals import gap, percent, plain
from market.outcome import CERTIFIED_GAP
from views.aggregator.sentence import sentence as sentence
from views.aggregator.state_words import states_text
from views.aggregator.tariffs import tariffs_note, tariffs_text
from views.tables import cell, ending, table

GROUP_COLUMNS = (
    "group",
    "kind",
    "users",
    "alpha",
    "consumption",
    "mean",
    "surplus",
    "mean",
    "least",
    "Jain",
    "Gini",
    "priced out",
)


def round_line(model):
    """One line about the round just played."""
    outcome = model.outcome
    if isinstance(model, JoiningModel):
        sizes = np.bincount(model.state.membership, minlength=len(model.joining.offers))
        members = ", ".join(f"{offer.name} {size}" for offer, size in zip(model.joining.offers, sizes, strict=True))
        return (
            f"round {model.round:4d}   price {cell(outcome.price):>10}   moves in all {model.moves:5d}   "
            f"members: {members}   {model.status}"
        )
    return (
        f"round {model.round:4d}   price {cell(outcome.price):>10}   total {cell(outcome.quantity):>12}   "
        f"largest move {plain(model.move, 3)}   {model.status}"
    )


def summary_text(summary):
    """A run's summary as text: status with advice, totals, one row a group."""
    lines = [ending_text(summary)]
    if summary["price"] is None:
        return "\n".join(lines)
    lines.append(
        f"price {cell(summary['price'])} money/energy   total {cell(summary['quantity'])} energy   users' surplus "
        f"{cell(summary['welfare'])} money   efficiency {cell(summary['efficiency'])}   "
        f"price of anarchy {cell(summary['price_of_anarchy'])}"
    )
    if summary["unserved"]:
        lines.append(f"unserved: {cell(summary['unserved'])} of purchases exceed the generators' capacity")
    lines += ["", table(GROUP_COLUMNS, [group_row(name, group) for name, group in summary["groups"].items()])]
    if "states" in summary:
        lines += ["", states_text(summary["states"])]
    paying = {name: group["payments"] for name, group in summary["groups"].items() if "payments" in group}
    if paying:
        lines += ["", *(payments_text(name, paid) for name, paid in paying.items())]
    lines += [part for told in (tariffs_text(summary), learning_text(summary)) if told for part in ("", told)]
    if "joining" in summary:
        lines += ["", joining_text(summary["joining"])]
    if "equilibria" in summary:
        lines += ["", equilibria_text(summary)]
    return "\n".join(lines)


def ending_text(summary):
    """How a run ended, and which user was priced out where one was."""
    if "priced_out" not in summary:
        return ending(summary)
    blame = summary["priced_out"]
    return f"{ending(summary)} Priced out: user {blame['user']} of player {blame['player']}."


def learning_text(summary, of="the range of payoffs"):
    """What players who learn reached: by whom, gap, regret as a share `of`, equilibria and surplus; "" without any."""
    conducts = {name: group["conduct"] for name, group in summary["groups"].items() if "conduct" in group}
    who = ", ".join(f"{name} by {rule}" for name, rule in conducts.items())
    if "equilibria" in summary:
        return f"Conducts play in rounds only ({who}): this is the equilibrium itself." if who else ""
    if "learning" not in summary:
        return ""
    known = summary["learning"]
    lines = [
        f"Learners: {who}. Gap {_gap_said(summary['gap'])}, of the running average "
        f"{_gap_said(known['gap_of_average'])}; largest regret a round {cell(known['average_regret'])} of {of}."
    ]
    if known["equilibria"]:
        lines.append(
            f"Distance to the nearest certified equilibrium (of {known['equilibria']}): {cell(known['distance'])} of "
            f"its total; within 1 % of one in {percent(known['near'])} of the rounds."
        )
    else:
        lines.append("No certified equilibrium is known, so that nothing could be neared.")
    surplus = known["surplus"]
    told = ", ".join(f"{what} {cell(surplus[what])}" for what in ("mean", "last", "equilibrium", "collusion"))
    why = " What one planner would have is not worked out on a network, or where revenue is handed back."
    only = "" if surplus["collusion"] is not None else why
    return "\n".join([*lines, f"Surplus of the learners' users, money: {told}.{only}"])


def _gap_said(share):
    """A gap as a summary has it: None where nothing cleared, "inf" where somebody's payoff is minus infinity."""
    return {None: "not defined", "inf": "without bound"}[share] if share in (None, "inf") else gap(share)


def group_row(name, group):
    """One group's row of the summary table."""
    return (
        name,
        group["kind"],
        group["users"],
        _alpha_text(group),
        group["quantity"]["total"],
        group["quantity"]["mean"],
        group["surplus"]["total"],
        group["surplus"]["mean"],
        group["surplus"]["least"],
        group["jain"],
        group["gini"],
        group["priced_out"],
    )


def _alpha_text(group):
    """A group's alpha; by payments where members pay each other."""
    by = " paid" if "payments" in group else ""
    return "–" if group["alpha"] is None else f"{float(group['alpha']):g}{by}"


def payments_text(name, paid):
    """Who pays whom in a group, whether floors can be kept, and who would leave."""
    text = (
        f"{name}: {paid['paying']} pay {paid['receiving']} others {cell(paid['moved'])} money in all, one at most "
        f"{cell(paid['most_paid'])}; one gets at most {cell(paid['most_received'])}. "
        f"{paid['would_leave']} would have more by buying for themselves at this price."
    )
    if paid["short"]:
        text += (
            f"\n{name}: floors cannot be kept: in {paid['short']} of its aggregators members would have more in all "
            "without it than there is, so there nobody pays."
        )
    if paid["gap_without"] is not None and paid["gap_without"] > CERTIFIED_GAP:
        text += (
            f"\n{name}: what members would have without aggregators is not proven: that market was not solved to an "
            f"equilibrium (gap {gap(paid['gap_without'])})."
        )
    return text


def joining_text(joining):
    """Who is with whom after joining, and whether anybody still gains by a move."""
    told = ", ".join(f"{name} {members}" for name, members in joining["members"].items())
    bought = ", ".join(f"{name} {buying}" for name, buying in joining["buying"].items())
    text = f"After {joining['moves']} moves, members: {told}; of them buy: {bought}.\n"
    best = joining["largest_gain"]
    if best is None:
        return text + "Whether somebody gains by a move was not looked for among so many."
    if joining["stable"]:
        return text + "Stable: every user's move to every other was tried, nobody gains."
    if joining["stable"] is None:
        return text + "Not known whether it is stable: the market, or that after a move, has no certified equilibrium."
    return text + (
        f"Not stable: user {best['user']} gains {cell(best['gain'])} money by leaving {best['from']} for {best['to']}."
    )


def equilibria_text(summary):
    """The certified equilibria of a direct solution, and what is known of their number."""
    known = {True: "It is the only one.", False: "There are several.", None: "Whether there are others is not known."}
    if summary["continuum"]:
        head = "A continuum of equilibria shares this total and price."
    else:
        head = known[summary["unique"]] if summary["equilibria"] else "No equilibrium was found."
    rows = [(o["quantity"], o["price"], o["welfare"], gap(o["gap"])) for o in summary["equilibria"]]
    return head if not rows else head + "\n" + table(("quantity", "price", "welfare", "gap"), rows)


def comparison_notes(comparison):
    """What a comparison says beyond its table of means: what tariffs bring."""
    return tariffs_note(comparison)
