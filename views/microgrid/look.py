"""How pictures of the microgrid market look: colours of lines, nodes and behaviours, names of nodes and scenarios."""

from matplotlib.colors import LinearSegmentedColormap

from views.style import BEHAVIOURS, BLACK, BLUE, GREEN, ORANGE, PALETTE, PURPLE, SKY, VERMILLION

PUBLIC, PRIVATE = "#A9A9A9", SKY  # what lines are drawn on; their colour on top says what they lose
LOSS = LinearSegmentedColormap.from_list("loss", ["#FFF3CF", "#F7CB6A", ORANGE, VERMILLION, "#7A2E00"])
SURPLUS_NODE, DEFICIT_NODE, IDLE_NODE, MAIN_GRID = GREEN, PURPLE, "#FFFFFF", BLACK
UNSERVED = VERMILLION
COALITIONS = (BLUE, ORANGE, VERMILLION)  # rings, then again with another style of line

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
    chosen = {}
    for scenario in scenarios:
        wanted = BEHAVIOURS.get(behaviour_of(scenario), BLACK)
        free = (colour for colour in (wanted, *PALETTE) if colour not in chosen.values())
        chosen[scenario.name] = next(free, wanted)
    return chosen


def spoken(behaviour):
    """A behaviour as a picture calls it."""
    return {"none": "no private trade"}.get(behaviour, behaviour.replace("ad-hoc", "ad hoc"))
