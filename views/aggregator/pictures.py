"""The pictures of the aggregator market."""

from functools import partial

from views.aggregator.convergence import purchases_by_round
from views.plots import PLOTS
from views.style import CONSUMPTION, SURPLUS, group_colours, scenario_colours

CROWD = 5  # users from which a density makes sense


def run_pictures(result):
    """The pictures of one Result. What a run has no data for has no picture."""
    made = {}
    if result.joined is not None:
        made["members"] = partial(PLOTS["members"], result)
    elif result.kept:
        made["convergence"] = partial(PLOTS["convergence"], result)
        if any(block.users > 1 for block in result.game.blocks):
            made["users_by_round"] = partial(PLOTS["user bands"], result)
    made |= of_learners(result)
    if result.learned is not None and result.game.players == 2:
        made["replies"] = partial(two_replies, result)
    made["purchases"] = partial(PLOTS["purchases"], result)
    if result.outcome is not None and result.by_tariff:
        made["tariffs"] = partial(PLOTS["who pays"], result)
    if result.outcome is not None:
        if result.by_state is not None:
            made["states"] = partial(PLOTS["states"], result)
        groups = {block.name: result.group(block.name) for block in result.game.blocks}
        made["surplus_against_consumption"] = partial(PLOTS["scatter"], groups)
        many = {name: values for name, values in groups.items() if len(values[0]) >= CROWD}
        if many:
            panels = {
                label: {name: values[k] for name, values in many.items()}
                for k, label in enumerate((CONSUMPTION, SURPLUS))
            }
            made["densities"] = partial(
                PLOTS["densities"], panels, group_colours([block.name for block in result.game.blocks])
            )
    return made


def of_learners(result, names=("gaps", "regrets", "purchase bands")):
    """{name: what draws it} of pictures of players who learn; none where nobody does, or no rounds were kept."""
    if result.learned is None or not result.kept:
        return {}
    return {name.replace(" ", "_"): partial(PLOTS[name], result) for name in names}


def two_replies(result):
    """Both players' replies, the certified equilibria and the way that was taken."""
    equilibria = [outcome.y for outcome in result.learned.equilibria]
    options = {"path": purchases_by_round(result), "title": "best replies of two players, and what they learned"}
    return PLOTS["replies"](*result.replies, equilibria=equilibria, **options)


def comparison_pictures(comparison):
    """The pictures of a Comparison: bars of surplus, consumption and price, and the small users' densities."""
    made = {
        "surplus": partial(PLOTS["bars"], comparison, "mean small surplus"),
        "consumption": partial(PLOTS["bars"], comparison, "mean small consumption"),
        "price": partial(PLOTS["bars"], comparison, "price"),
        "fairness": partial(PLOTS["bars"], comparison, "jain"),
    }
    users = {name: values for name, values in comparison.agents.items() if values[0].size}
    if users:
        colours = scenario_colours(comparison.names)
        panels = {
            label: {name.replace("_", " "): values[k].ravel() for name, values in users.items()}
            for k, label in enumerate(("consumption of a small user (energy)", "surplus of a small user (money)"))
        }
        made["densities"] = partial(
            PLOTS["densities"], panels, {name.replace("_", " "): colour for name, colour in colours.items()}
        )
    return made
