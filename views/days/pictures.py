"""The pictures of the aggregator market over days."""

from functools import partial

from views.aggregator.pictures import of_learners
from views.plots import PLOTS

BARS = {"surplus": "mean small surplus", "bills": "mean bill", "peak": "peak", "spread": "spread"}
BARS |= {"self_consumption": "self consumption", "jain": "jain"}
PAIRED = {  # measures whose paired differences are drawn, and words on their axes
    "mean bill": "bill of a small user (money)",
    "peak": "peak (energy)",
    "spread": "price spread (money/energy)",
    "self consumption": "own solar used (share)",
    "jain": "Jain's index",
}


def run_pictures(result):
    """The pictures of one Result. What a run has no data for has no picture."""
    made = {}
    if result.kept:
        made["convergence"] = partial(PLOTS["convergence"], result)
    made |= of_learners(result, ("gaps", "regrets"))
    if result.outcome is not None and result.by_tariff:
        made["tariffs"] = partial(PLOTS["who pays"], result)
    if result.outcome is not None:
        names = {"day": "day", "home": "one home", "price_duration": "price duration"}
        if result.stores:
            names["levels"] = "levels"
        if result.idle is not None:
            names["flexibility"] = "flexibility"
        if result.by_state is not None:
            names["states"] = "states"
        made |= {file: partial(PLOTS[name], result) for file, name in names.items()}
    return made


def comparison_pictures(comparison):
    """The pictures of a Comparison: a picture a measure, differences paired by replication, small users."""
    made = {name: partial(PLOTS["bars"], comparison, measure) for name, measure in BARS.items()}
    if len(comparison.names) > 1:
        made["differences"] = partial(PLOTS["differences"], comparison, PAIRED)
    return made
