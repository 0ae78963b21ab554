"""The pictures of the aggregator market over days."""

from functools import partial
from pathlib import Path

from views.drawing import draw_all
from views.plots import PLOTS


def run_pictures(result, folder):
    """Write the pictures of one Result; returns their paths. What a run has no data for has no picture."""
    made = {}
    if len(result.history):
        made["convergence"] = partial(PLOTS["convergence"], result)
    if result.outcome is not None:
        made["day"] = partial(PLOTS["day"], result)
    return draw_all(made, Path(folder))


def comparison_pictures(comparison, folder):
    """Write the pictures of a Comparison: bars of surplus, bills, peak and price spread."""
    names = {"surplus": "mean small surplus", "bills": "mean bill", "peak": "peak", "spread": "spread"}
    return draw_all(
        {name: partial(PLOTS["bars"], comparison, measure) for name, measure in names.items()}, Path(folder)
    )
