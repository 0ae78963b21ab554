"""How pictures of the microgrid market look: colours of lines, nodes and behaviours, names of nodes and scenarios."""

from matplotlib.colors import LinearSegmentedColormap

from views import style
from views.style import BEHAVIOURS, BLACK, BLUE, GREEN, GREY, OCHRE, PURPLE, TEAL, VERMILLION

PUBLIC, PRIVATE = GREY, TEAL  # what lines are drawn on; their colour on top says what they lose
LOSS = LinearSegmentedColormap.from_list("loss", ["#FFE9A8", "#F5A623", "#E0661A", "#C8321E"])
SURPLUS_NODE, DEFICIT_NODE, IDLE_NODE, MAIN_GRID = GREEN, PURPLE, "#FFFFFF", BLACK
UNSERVED = VERMILLION
COALITIONS = (BLUE, OCHRE, VERMILLION)  # rings, then again with another style of line

MARKS = dict(zip(BEHAVIOURS, "xos^D", strict=True))


def behaviour_of(scenario):
    """The behaviour a scenario of the microgrid market is played with, a name in BEHAVIOURS."""
    return scenario.table["behaviour"]


def scenario_labels(scenarios):
    """{name of a scenario: how a picture calls it}: its behaviour where that tells all of them apart."""
    behaviours = [behaviour_of(scenario) for scenario in scenarios]
    apart = len(set(behaviours)) == len(behaviours)
    named = zip(scenarios, behaviours, strict=True)
    return {one.name: spoken(behaviour) if apart else one.name.replace("_", " ") for one, behaviour in named}


def scenario_colours(scenarios):
    """{name of a scenario: colour}: its behaviour's, the next free one where an earlier scenario has that."""
    return style.scenario_colours([one.name for one in scenarios], [*map(behaviour_of, scenarios)])


def spoken(behaviour):
    """A behaviour as a picture calls it."""
    return {"none": "no private trade"}.get(behaviour, behaviour.replace("ad-hoc", "ad hoc"))
