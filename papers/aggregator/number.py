"""Figs. 12 and 13: from two aggregators to one per user, surplus trades off against consumption."""

import numpy as np

from engine.intervals import interval
from papers.claims import judge
from papers.figure import Reproduction, to_csv
from papers.study import by_replication, solves, values
from views.drawing import draw_to
from views.plots import frontier
from views.style import DESIGNS

COUNTS = (2, 4, 8, 16, 32, 64, 128, 200)  # 200 aggregators of one user each are direct participation


def _set_up(design, count):
    return f"many_aggregators_{design}", (f"group.small.count={count}",)


def questions(design):
    """Every number of aggregators."""
    return lambda replications: [q for count in COUNTS for q in solves(*_arguments(design, count, replications))]


def _arguments(design, count, replications):
    scenario, changes = _set_up(design, count)
    return scenario, replications, changes


def _write(figure, design, alpha):
    def write(study, folder):
        facts = {count: study.solved(*_set_up(design, count)) for count in COUNTS}
        to_csv(by_replication(facts).rename(columns={"market": "aggregators"}), folder / f"{figure}.csv")
        consumption = np.array([values(facts[count], "mean small consumption") for count in COUNTS])
        surplus = np.array([values(facts[count], "mean small surplus") for count in COUNTS])
        curve = ([str(count) for count in COUNTS], _means(consumption), _means(surplus))
        name = f"α = {alpha}, labels: number of aggregators"
        labels = "mean consumption of small users (energy)", "mean surplus of small users (money)"
        path, colours = folder / f"{figure}.png", {name: DESIGNS[design]}
        draw_to(path, frontier, {name: curve}, *labels, colours=colours, title=name)
        return CLAIMS[design](
            figure, consumption.mean(axis=1), surplus.mean(axis=1), max(f.gap for many in facts.values() for f in many)
        )

    return write


def _means(sample):
    return np.array([interval(row)[0] for row in sample])


def _numbers(surplus, consumption, gap):
    numbers = {f"surplus, {count} aggregators": surplus[COUNTS.index(count)] for count in (2, 8, 32, 200)}
    numbers |= {f"consumption, {count}": consumption[COUNTS.index(count)] for count in (2, 200)}
    return numbers | {"largest gap": gap}


def welfare_claims(figure, consumption, surplus, gap):
    """At alpha = 0 more aggregators buy more and leave less surplus."""
    holds = np.all(np.diff(consumption) > 0) and np.all(np.diff(surplus) < 0)
    text = "α = 0: surplus and consumption trade off in the number of aggregators"
    return [judge(figure, text, bool(holds), _numbers(surplus, consumption, gap))]


def proportional_claims(figure, consumption, surplus, gap):
    """At alpha = 1 surplus rises first and then falls: the best lies between 2 and one per user."""
    steps = np.sign(np.diff(surplus))
    numbers = _numbers(surplus, consumption, gap)
    return [
        judge(
            figure,
            "α = 1: no monotone trend of surplus in the number of aggregators",
            bool(steps.min() < 0 < steps.max()),
            numbers,
        ),
        judge(
            figure,
            "α = 1: 8 aggregators leave the small users more surplus than direct participation, 2 leave less",
            bool(surplus[COUNTS.index(2)] < surplus[-1] < surplus[COUNTS.index(8)]),
            numbers,
        ),
    ]


CLAIMS = {"welfare": welfare_claims, "proportional": proportional_claims}
FIG12 = Reproduction("Ever more aggregators, welfare", _write("fig12", "welfare", "0"), questions("welfare"))
FIG13 = Reproduction(
    "Ever more aggregators, proportional fairness", _write("fig13", "proportional", "1"), questions("proportional")
)
