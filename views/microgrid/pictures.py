"""The pictures of a microgrid's run and of a comparison of microgrids, as PNG files in a folder."""

from functools import partial
from pathlib import Path

from views.drawing import draw_all
from views.plots import PLOTS


def run_pictures(result, folder):
    """Write the pictures of one MicrogridResult; returns their paths. What a run has no data for has no picture.

    The map is that of the first period in which somebody cannot be served, else of the one that loses most.
    """
    folder, made = Path(folder), {}
    if result.outcomes:
        number = _period_shown(result)
        shown = result.outcomes[number]
        title = result.scenario.title + (f", period {number}" if len(result.outcomes) > 1 else "")
        groups = result.coalitions if number == 0 else ()
        made["network_map"] = partial(PLOTS["network map"], shown.network, shown.dispatch, title, groups, result.names)
    if len(result.outcomes) > 1:
        made["periods"] = partial(PLOTS["periods"], result)
    return draw_all(made, folder)


def _period_shown(result):
    if result.cut_off is not None:
        return result.cut_off[0]
    return max(range(len(result.outcomes)), key=lambda k: result.outcomes[k].dispatch.loss)


def comparison_pictures(comparison, folder):
    """Write the pictures of a Comparison of microgrids: losses by behaviour, and payments where there are any."""
    folder = Path(folder)
    made = {"losses": partial(PLOTS["losses by behaviour"], comparison)}
    if any(paid.size for paid, _ in comparison.agents.values()):
        made["payments"] = partial(PLOTS["node payments"], comparison)
    return draw_all(made, folder)
