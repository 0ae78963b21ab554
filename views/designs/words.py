"""A run of several designs in words."""

import numpy as np

from engine.intervals import interval
from engine.results.designs import HEADLINE, class_marks, mean_of_class
from market.numerals import plain
from views.designs.sentence import sentence as sentence
from views.tables import ending, left_out_lines, table, with_width

NOT_COMPARABLE = (
    "Not comparable: direct participation and aggregators pay the price their purchases make, and react to it; "
    "contracts and private\nlines keep everybody's consumption at the tariff's and are paid for beside that tariff; "
    "only private lines and the planner choose flows."
)

OVER_A_DAY = (
    "Over a day: direct participation and aggregators decide on all periods at once, aggregators fair in the day's "
    "surplus; all others play\neach period by itself. Nobody has batteries, cars or load that shifts: contracts, "
    "private lines and the planner carry nothing over."
)
UNDEFINED = "Jain and Gini are means over the replications in which nobody is worse off than with own generation alone."


def round_line(model):
    """One line where designs ended in the round just played."""
    if not model.ended:
        return None
    said = ", ".join(f"{name} {model.parts[name].status}" for name in model.ended)
    return f"round {model.round:4d}   {said}"


def summary_text(summary):
    """A run's summary as text: the population, a row a design, surplus by class, what is not comparable."""
    at, designs = summary["at_tariff"], summary["designs"]
    rows = [
        (name, *(row[measure.replace(" ", "_")] for measure in HEADLINE), row["status"])
        for name, row in designs.items()
    ]
    names = list(summary["classes"])
    classes = [(name, *(_class_cell(row["classes"][one]) for one in names)) for name, row in designs.items()]
    heads = [f"{name} ({count})" for name, count in summary["classes"].items()]
    span = f" over {summary['periods']} periods in all" if "periods" in summary else ""
    return "\n".join(
        [
            ending(summary),
            *left_out_lines(summary),
            f"{summary['agents']} agents; at the tariff {at['buyers']} buy and {at['sellers']} sell{span}.",
            "",
            table(("design", *HEADLINE, "status"), rows),
            "",
            "Mean surplus of an agent by class, money; in brackets how many win and lose against direct participation",
            table(("design", *heads), classes),
            "",
            NOT_COMPARABLE,
            *([OVER_A_DAY] if span else []),
        ]
    )


def _class_cell(found):
    if found["surplus"] is None:
        return "–"
    counts = "" if found["winners"] is None else f" ({found['winners']}, {found['losers']})"
    return f"{plain(found['mean_surplus'])}{counts}"


def comparison_notes(comparison):
    """Mean surplus of an agent by class and design, how many win and lose, and what is not comparable."""
    lines = [
        "Mean surplus of an agent by class, money; in brackets how many win and lose against direct participation, on "
        "average"
    ]
    for scenario in comparison.scenarios:
        alone = len(comparison.scenarios) == 1
        names = [name for name in comparison.names if alone or name.startswith(f"{scenario.name}: ")]
        marks = class_marks(scenario)
        rows = [(name, *(_mean_cell(*comparison.agents[name], rows) for rows in marks.values())) for name in names]
        lines.append(table(("design", *(f"{name} ({np.count_nonzero(rows)})" for name, rows in marks.items())), rows))
    days = [OVER_A_DAY] if any(scenario.periods > 1 for scenario in comparison.scenarios) else []
    return "\n".join([*lines, "", UNDEFINED, NOT_COMPARABLE, *days])


def _mean_cell(gained, against, marks):
    """One class under one design over the replications."""
    if not gained.size:
        return "–"
    surplus, win, lose = mean_of_class(gained, against, marks)
    return f"{with_width(*interval(surplus))} ({plain(win, 3)}, {plain(lose, 3)})"
