"""Figs. 10 and 11 and section IV-D: what more fairness costs the small users."""

import numpy as np

from engine.intervals import interval
from market.measures import price_of_fairness
from papers.claims import FAIL, PASS, judge
from papers.figure import Reproduction, to_csv
from papers.study import by_replication, solves, values
from views.drawing import draw_to
from views.plots import frontier, series
from views.style import BLUE, DESIGNS, GREEN

ALPHAS = ("0", "0.25", "0.5", "0.75", "1", "1.25", "1.5", "2", "3", "5")
FRONTIER = ("0", "0.5", "1", "1.5", "2", "5", "inf")
COUNTS = (2, 8)
FLOORED = {"alone": "α > 0, floors", "none": "α > 0, no floor"}  # of payments, as pictures call them
SHARING = f"{COUNTS[0]} aggregators, users share money"
SAME_SHARE = 1e-9  # of a share
SMALL_SURPLUS = "mean surplus of small users (money)"


def together(alpha):
    """Set-up of fig. 10: both aggregators' alpha rises."""
    return "fairness_together", (f"group.north.fairness.alpha={alpha}", f"group.south.fairness.alpha={alpha}")


def one_sided(alpha):
    """Set-up of fig. 11: one aggregator stays at 0, the other's alpha rises."""
    return "fairness_one_sided", (f"group.south.fairness.alpha={alpha}",)


def counted(count, alpha):
    """Set-up of the frontier: `count` aggregators of one alpha."""
    return "many_aggregators_proportional", (f"group.small.count={count}", f"group.small.fairness.alpha={alpha}")


def paying(count, floor):
    """Set-up of the frontier: as `counted` at alpha = 1, but users share money, with a floor or none."""
    name, changes = counted(count, "1")
    return name, (*changes, "group.small.fairness.by=payments", f"group.small.fairness.floor={floor}")


def asks(set_up, alphas=ALPHAS):
    """The questions of a set-up over alphas."""

    def questions(replications):
        return [question for alpha in alphas for question in solves(set_up(alpha)[0], replications, set_up(alpha)[1])]

    return questions


def _write(figure, set_up, who):
    def write(study, folder):
        facts = {alpha: study.solved(*set_up(alpha)) for alpha in ALPHAS}
        to_csv(by_replication(facts).rename(columns={"market": "alpha"}), folder / f"{figure}.csv")
        surplus = [values(facts[alpha], "mean small surplus", certified_only=True) for alpha in ALPHAS]
        missing = sum(int(np.isnan(sample).sum()) for sample in surplus)
        title = f"{study.replications} runs, band: 95 % interval"
        draw_to(
            folder / f"{figure}.png",
            series,
            [float(a) for a in ALPHAS],
            {"small users": surplus},
            f"α of {who}",
            SMALL_SURPLUS,
            title=title,
            colours={"small users": BLUE},
        )
        mean = [float(np.nanmean(sample)) for sample in surplus]
        numbers = {f"at α = {alpha}": mean[ALPHAS.index(alpha)] for alpha in ("0", "0.5", "1", "2", "5")}
        numbers["markets without an equilibrium, left out"] = missing
        text = f"mean surplus of the small users falls as the α of {who} rises"
        return [judge(figure, text, bool(np.all(np.diff(mean) < 0)), numbers)]

    return write


def frontier_questions(replications):
    """Markets of 2 and of 8 aggregators over alpha, and of 2 whose users share money."""
    shared = [asks(lambda alpha, n=count: counted(n, alpha), FRONTIER) for count in COUNTS]
    asked = [*shared, asks(lambda floor: paying(COUNTS[0], floor), FLOORED)]
    return [question for questions in asked for question in questions(replications)]


def _curves(study, set_ups):
    """Total surplus as a share of that of the first, Jain's index and 1 − Gini, by set-up: lists of arrays."""
    facts = [study.solved(*set_up) for set_up in set_ups]
    total = [values(one, "total small surplus", certified_only=True) for one in facts]
    share = [sample / total[0] for sample in total]
    return share, [values(one, "jain", True) for one in facts], [1 - values(one, "gini", True) for one in facts]


def write_frontier(study, folder):
    """Section IV-D's announced plots: total surplus and fairness against alpha, and against each other."""
    facts = {
        f"{count} aggregators, alpha {alpha}": study.solved(*counted(count, alpha))
        for count in COUNTS
        for alpha in FRONTIER
    }
    facts |= {
        f"{COUNTS[0]} aggregators, payments, floor {floor}": study.solved(*paying(COUNTS[0], floor))
        for floor in FLOORED
    }
    to_csv(by_replication(facts), folder / "frontier.csv")
    shown = ["∞" if alpha == "inf" else alpha for alpha in FRONTIER]
    names = {count: f"{count} aggregators" for count in COUNTS}
    colours = dict(zip(names.values(), (BLUE, GREEN), strict=True))
    found = {count: _curves(study, [counted(count, alpha) for alpha in FRONTIER]) for count in COUNTS}
    paid = _curves(study, [counted(COUNTS[0], FRONTIER[0]), *(paying(COUNTS[0], floor) for floor in FLOORED)])
    plots = {
        "surplus_against_alpha": (0, "total surplus, share of that at α = 0"),
        "fairness_against_alpha": (1, "fairness: Jain's index of surplus"),
    }
    for name, (part, label) in plots.items():
        samples = {names[count]: found[count][part] for count in COUNTS}
        draw_to(folder / f"{name}.png", series, FRONTIER, samples, "fairness parameter α", label, shown, colours)
    curves = {
        names[count]: ([f"α = {a}" for a in shown], _interval(found[count][1]), _interval(found[count][0]))
        for count in COUNTS
    }
    curves[SHARING] = (list(FLOORED.values()), *(_interval([part[1], part[2]]) for part in (paid[1], paid[0])))
    draw_to(folder / "frontier.png", frontier, curves, colours=colours | {SHARING: DESIGNS["payments"]})
    claims = [claim for count in COUNTS for claim in _frontier_claims(count, found[count])]
    return [*claims, *_payment_claims(found[COUNTS[0]], paid)]


def _interval(samples):
    means, halves = zip(*map(interval, samples), strict=True)
    return np.array(means), np.array(halves)


RIVALS = "rivals together buy too much at α = 0; a little fairness makes them buy less, to everybody's good"
APART = "an aggregator evens out its own users' surplus, but how much they get hangs on its poorest user"


def _frontier_claims(count, found):
    """The frontier of 2 aggregators is as one expects; with more of them neither axis moves one way only."""
    surplus, jain, even = (np.array([np.nanmean(sample) for sample in part]) for part in found)
    costs = {
        f"price of fairness at α = {alpha}": price_of_fairness(share, 1.0)
        for alpha, share in zip(FRONTIER[1:], surplus[1:], strict=True)
    }
    fairer = {f"Jain at α = {alpha}": value for alpha, value in zip(FRONTIER, jain, strict=True)}
    falls = bool(np.all(np.diff(surplus) < 0))
    evener = bool(np.all(np.diff(jain[:-1]) > 0) and np.all(np.diff(even[:-1]) > 0))
    most = bool(np.argmax(jain) == len(jain) - 1)
    which = f"{count} aggregators:"
    rivals = (FAIL, RIVALS) if count > COUNTS[0] else (PASS, "")
    apart = (FAIL, APART) if count > COUNTS[0] else (PASS, "")
    return [
        judge("frontier", f"{which} total surplus falls at every step of α", falls, costs, *rivals),
        judge("frontier", f"{which} surplus is more even at every step of α from 0 to 5", evener, fairer, *apart),
        judge("frontier", f"{which} max-min fairness spreads surplus most evenly of all α", most, fairer, FAIL, APART),
    ]


def _payment_claims(found, paid):
    """With payments fairness costs nothing; what floors leave to share makes little difference."""
    share = np.array([np.nanmean(sample) for sample in paid[0]])
    _, floored, evened = (float(np.nanmean(sample)) for sample in paid[1])
    energy = {alpha: float(np.nanmean(sample)) for alpha, sample in zip(FRONTIER, found[1], strict=True)}
    which, most = f"{COUNTS[0]} aggregators, payments:", max(energy, key=energy.get)
    costless = {f"share of surplus with floor {floor}": kept for floor, kept in zip(FLOORED, share[1:], strict=True)}
    jain = {"Jain with floors": floored, "without": evened}
    none = bool(np.all(np.abs(share - 1) < SAME_SHARE))
    return [
        judge("frontier", f"{which} fairness costs nothing in total", none, costless),
        judge(
            "frontier",
            f"{which} without floors surplus is more even than under any α that shares energy",
            evened > energy[most],
            jain | {f"the most even, α = {most}": energy[most]},
        ),
        judge(
            "frontier",
            f"{which} with floors surplus is more even than where α = 1 shares energy",
            floored > energy["1"],
            jain | {"energy, α = 1": energy["1"]},
            FAIL,
            "what aggregators earn together is all there is to share if nobody is to have less than without them",
        ),
    ]


FIG10 = Reproduction("Both aggregators become fairer", _write("fig10", together, "both aggregators"), asks(together))
FIG11 = Reproduction(
    "One aggregator becomes fairer, the other stays at welfare",
    _write("fig11", one_sided, "one aggregator (the other: 0)"),
    asks(one_sided),
)
FRONT = Reproduction("Fairness against efficiency", write_frontier, frontier_questions)
