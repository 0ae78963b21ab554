"""The pictures of the aggregator market on a network."""

from functools import partial
from pathlib import Path

from views.aggregator import pictures
from views.drawing import draw_all
from views.plots import PLOTS


def run_pictures(result, folder):
    """Write the pictures of one Result; returns their paths. What a run has no data for has no picture."""
    made = {}
    if len(result.history):
        made["convergence"] = partial(PLOTS["convergence"], result)
        if any(block.users > 1 for block in result.game.blocks):
            made["users_by_round"] = partial(PLOTS["user bands"], result)
    made["purchases"] = partial(PLOTS["purchases"], result)
    return draw_all(made, Path(folder))


def comparison_pictures(comparison, folder):
    """Write the pictures of a Comparison: bars of surplus, consumption, price and rent, and small users' densities."""
    bars = draw_all({"rent": partial(PLOTS["bars"], comparison, "rent")}, Path(folder))
    return [*bars, *pictures.comparison_pictures(comparison, folder)]
