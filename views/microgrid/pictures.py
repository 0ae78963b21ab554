"""The pictures of a microgrid's run and of a comparison of microgrids."""

from functools import partial

from engine.results.microgrid import called
from views.plots import PLOTS


def run_pictures(result):
    """The pictures of one MicrogridResult. What a run has no data for has no picture.

    The map is that of the first period in which somebody cannot be served, else of the one that loses most.
    """
    made = {}
    if result.outcomes:
        number = _period_shown(result)
        shown = result.outcomes[number]
        title = result.scenario.title + (f", period {number}" if len(result.outcomes) > 1 else "")
        groups = result.coalitions if number == 0 else ()
        made["network_map"] = partial(PLOTS["network map"], shown.network, shown.dispatch, title, groups, result.names)
    if len(result.outcomes) > 1:
        made["periods"] = partial(PLOTS["periods"], result)
    return made


def _period_shown(result):
    if result.cut_off is not None:
        return result.cut_off[0]
    return max(range(len(result.outcomes)), key=lambda k: result.outcomes[k].dispatch.loss)


def comparison_pictures(comparison):
    """The pictures of a Comparison of microgrids: losses by behaviour, and payments where there are any."""
    made = {"losses": partial(PLOTS["losses by behaviour"], comparison)}
    if any(paid.size for paid, _ in comparison.agents.values()):
        made["payments"] = partial(PLOTS["node payments"], comparison, called(comparison.scenarios))
    return made
