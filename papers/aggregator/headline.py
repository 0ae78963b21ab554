"""Figs. 6 and 7: what a large user does to 200 small ones, and how far aggregators put it right."""

import numpy as np

from engine.intervals import interval
from papers.claims import FAIL, PASS, judge
from papers.figure import Reproduction, to_csv
from papers.study import by_replication, solves, values
from views.drawing import draw_to
from views.plots.bars import draw_bars
from views.style import DESIGNS, new_figure, styled

READINGS = {"K = 200": "large", "K = sum of the small users' sizes": "large_equal"}
MARKETS = {  # name of the scenario after its reading's, and the words on the axis
    "alone": "small users alone",
    "direct": "large user, all direct",
    "welfare": "2 aggregators, α = 0",
    "proportional": "2 aggregators, α = 1",
    "maxmin": "2 aggregators, α = ∞",
}
SLIGHTLY, VERY_SMALL = 0.8, 0.1
QUANTITIES = {"surplus": ("mean small surplus", "money"), "consumption": ("mean small consumption", "energy")}


def scenario(reading, design):
    """Scenario of a design under a reading of K."""
    if design == "alone":
        return "small_alone"
    return (
        f"{READINGS[reading]}_direct"
        if design == "direct"
        else f"{READINGS[reading]}_two_{design}".replace("equal_two", "equal")
    )


def questions(replications):
    """All five markets under both readings."""
    names = dict.fromkeys(scenario(reading, design) for reading in READINGS for design in MARKETS)
    return [question for name in names for question in solves(name, replications)]


def samples(study, reading, measure):
    """A measure by replication of every design, {design: shape (replications,)}."""
    return {design: values(study.solved(scenario(reading, design)), measure) for design in MARKETS}


@styled
def headline_bars(found, label, replications):
    """A panel of bars per reading of K: found {reading: {design: values}}."""
    figure, row = new_figure(1, len(found), width=13.5, height=5.2, sharey=True)
    for axes, (reading, by_design) in zip(row, found.items(), strict=True):
        means, halves = np.array([interval(by_design[design]) for design in MARKETS]).T
        draw_bars(axes, list(MARKETS), means, halves, DESIGNS, list(MARKETS.values()))
        axes.set_title(f"large user: {reading}", fontsize=15)
        axes.set_xlabel(label)
    figure.suptitle(f"200 small users, {replications} runs, 95 % intervals", x=0.01, ha="left")
    return figure


def _write(figure, quantity, claims):
    measure, unit = QUANTITIES[quantity]

    def write(study, folder):
        found = {reading: samples(study, reading, measure) for reading in READINGS}
        names = dict.fromkeys(scenario(reading, design) for reading in READINGS for design in MARKETS)
        to_csv(by_replication({name: study.solved(name) for name in names}), folder / f"{figure}.csv")
        draw_to(
            folder / f"{figure}.png",
            headline_bars,
            found,
            f"mean {quantity} of a small user ({unit})",
            study.replications,
        )
        return [claim for reading in READINGS for claim in claims(figure, reading, found[reading])]

    return write


def _order_claims(figure, quantity, reading, found, slightly_expected=PASS, reason=""):
    """Welfare highest, proportional slightly lower, max-min very small."""
    mean = {design: float(sample.mean()) for design, sample in found.items()}
    share = {design: mean[design] / mean["welfare"] for design in ("proportional", "maxmin")}
    return [
        judge(
            figure,
            f"{reading}: {quantity} is highest under welfare of the three objectives",
            mean["welfare"] > mean["proportional"] > mean["maxmin"],
            {MARKETS[design]: mean[design] for design in ("welfare", "proportional", "maxmin")},
        ),
        judge(
            figure,
            f"{reading}: {quantity} under proportional fairness is slightly lower (at least {SLIGHTLY:g} of welfare's)",
            SLIGHTLY <= share["proportional"] < 1,
            {"share": share["proportional"]},
            expected=slightly_expected,
            reason=reason,
        ),
        judge(
            figure,
            f"{reading}: {quantity} under max-min fairness is very small (below {VERY_SMALL:g} of welfare's)",
            share["maxmin"] < VERY_SMALL,
            {"share": share["maxmin"]},
        ),
    ]


def _above(figure, text, found, one, other, **expectation):
    """Is design `one` above `other`, its paired 95 % interval clear of zero?"""
    mean, half = interval(found[one] - found[other])
    numbers = {MARKETS[one]: found[one].mean(), MARKETS[other]: found[other].mean(), "difference": mean, "± 95 %": half}
    return judge(figure, text, bool(mean > 0 and not mean - half < 0), numbers, **expectation)


def surplus_claims(figure, reading, found):
    """What the paper says of surplus."""
    return [
        _above(figure, f"{reading}: a large user lowers the small users' surplus", found, "alone", "direct"),
        *_order_claims(figure, "surplus", reading, found),
        _above(figure, f"{reading}: aggregators under welfare win back some of it", found, "welfare", "direct"),
        _above(
            figure,
            f"{reading}: aggregators under proportional fairness improve the outcomes for smaller users",
            found,
            "proportional",
            "direct",
            expected=FAIL,
            reason="for the sake of users the price nearly keeps out they buy less than is best for the mean",
        ),
    ]


def consumption_claims(figure, reading, found):
    """What the paper says of consumption."""
    reason = "consumption falls by more than surplus: what fair aggregators leave unbought lowers the price of the rest"
    return _order_claims(figure, "consumption", reading, found, FAIL, reason)


FIG06 = Reproduction("Mean surplus of the small users", _write("fig06", "surplus", surplus_claims), questions)
FIG07 = Reproduction(
    "Mean consumption of the small users", _write("fig07", "consumption", consumption_claims), questions
)
