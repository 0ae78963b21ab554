"""The pictures of a microgrid's run and of a comparison of microgrids, as PNG files in a folder."""

from pathlib import Path

from views.plots import losses_by_behaviour, network_map, node_payments, periods
from views.style import save


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
        made["network_map"] = network_map(shown.network, shown.dispatch, title, groups)
    if len(result.outcomes) > 1:
        made["periods"] = periods(result)
    return [save(figure, folder / f"{name}.png") for name, figure in made.items()]


def _period_shown(result):
    if result.cut_off is not None:
        return result.cut_off[0]
    return max(range(len(result.outcomes)), key=lambda k: result.outcomes[k].dispatch.loss)


def comparison_pictures(comparison, folder):
    """Write the pictures of a Comparison of microgrids: losses by behaviour, and payments where there are any."""
    folder = Path(folder)
    made = {"losses": losses_by_behaviour(comparison)}
    if any(paid.size for paid, _ in comparison.agents.values()):
        made["payments"] = node_payments(comparison)
    return [save(figure, folder / f"{name}.png") for name, figure in made.items()]
