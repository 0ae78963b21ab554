"""A run of the aggregator market over days in words."""

import numpy as np

from engine.intervals import interval
from market.numerals import plain
from views.aggregator.state_words import states_text
from views.aggregator.tariffs import tariffs_note, tariffs_text
from views.aggregator.words import learning_text
from views.days.sentence import sentence as sentence
from views.tables import cell, ending, table, with_width

GROUP_COLUMNS = ("group", "kind", "users", "alpha", "bought", "mean", "surplus", "mean", "least", "Jain", "mean bill")
GROUP_COLUMNS += ("own solar used", "flexibility")
PERIOD_COLUMNS = ("period", "price", "load", "background", "solar", "charged", "discharged", "level", "cars")
FLEXIBLE = ("flexibility value", "flexibility value to others")
FLEXIBLE += ("mean surplus with flexibility", "mean surplus without flexibility")
WHO_GAINS = "Who gains by batteries, cars and load that shifts, against the same day with all of it idle, money"
GAINS = ("who has it, in all", "others, in all", "mean surplus with it", "mean surplus without")
MOST_PERIODS = 48  # told one by one


def round_line(model):
    """One line about the round just played."""
    day = f"day {model.number + 1}   " if len(model.game.days) > 1 else ""
    return (
        f"{day}round {model.round:4d}   mean price {cell(model.today.mean_price):>10}   bought "
        f"{cell(model.today.quantity):>12}   peak {cell(max(model.today.load)):>10}   "
        f"largest move {plain(model.move, 3)}   {model.status}"
    )


def summary_text(summary):
    """A run's summary as text: status with advice, totals, one row a group, one row a period."""
    lines = [ending(summary), *summary.get("read", ())]
    if summary["price"] is None:
        return "\n".join(lines)
    lines.append(
        f"mean price {cell(summary['price'])} money/energy   bought {cell(summary['quantity'])} energy   users' "
        f"surplus {cell(summary['welfare'])} money   flexibility is worth {cell(summary['flexibility_value'])} money"
    )
    lines.append(
        f"peak {cell(summary['peak'])} energy, {cell(summary['peak_over_mean'])} of the mean   price spread "
        f"{cell(summary['spread'])}   own solar used {cell(summary['self_consumption'])}   through batteries "
        f"{cell(summary['through_batteries'])} energy"
    )
    if summary["unserved"]:
        lines.append(f"unserved: {cell(summary['unserved'])} of purchases exceed the capacity")
    if "states" in summary:
        lines += ["", states_text(summary["states"])]
    if told := tariffs_text(summary):
        lines += ["", told]
    if "learning" in summary:
        lines += ["", learning_text(summary, "what its users gain")]
    lines += ["", table(GROUP_COLUMNS, [group_row(name, group) for name, group in summary["groups"].items()])]
    if len(summary["periods"]["price"]) <= MOST_PERIODS:
        lines += ["", table(PERIOD_COLUMNS, period_rows(summary))]
    return "\n".join(lines)


def group_row(name, group):
    """One group's row of the summary table."""
    alpha = "–" if group["alpha"] is None else f"{float(group['alpha']):g}"
    amounts = group["quantity"]["total"], group["quantity"]["mean"]
    surplus = (group["surplus"][key] for key in ("total", "mean", "least"))
    last = group["jain"], group["bill"]["mean"], group["self_consumption"], group["flexibility_value"]
    return (name, group["kind"], group["users"], alpha, *amounts, *surplus, *last)


def period_rows(summary):
    """Price, loads, and what all groups' devices do in each period."""
    periods, groups = summary["periods"], [group["periods"] for group in summary["groups"].values()]
    for t, price in enumerate(periods["price"]):
        load = periods["quantity"][t] + periods["background"][t]
        sums = (sum(group[name][t] for group in groups) for name in ("solar", "charged", "discharged", "level", "car"))
        yield (t, price, load, periods["background"][t], *sums)


def comparison_notes(comparison):
    """Who gains by batteries, cars and load that shifts, those who have them and those who have none; tariffs."""
    told = (_flexibility_note(comparison), tariffs_note(comparison))
    return "\n\n".join(part for part in told if part)


def _flexibility_note(comparison):
    rows = []
    for name in comparison.names:
        whole, others, having, none = (comparison.values(name, measure) for measure in FLEXIBLE)
        if np.any(whole != 0):
            rows.append((name, *(with_width(*interval(one)) for one in (whole - others, others, having, none))))
    return f"{WHO_GAINS}\n{table(('scenario', *GAINS), rows)}" if rows else ""
