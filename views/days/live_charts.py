"""The days' drawings of the browser's page; those over the clock share a mark of the period that is looked at."""

import numpy as np

from views.days import look
from views.kit.charts import Band, Bar, Line, bar_chart, line_chart, steps
from views.kit.frames import Panel
from views.style import BLACK, BLUE, GREEN, LINES, VERMILLION, group_colours

ENERGY, MONEY = "energy in a period", "money in a period"
NONE = '<p class="none">{}</p>'


def before(standing):
    """What is known before the first round: who has what, and what everybody else takes and feeds in."""
    has = {name: int(np.count_nonzero(marks)) for name, marks in standing.devices.items()}
    bars = [Bar(name, ((count, BLUE),), f"{count:,}") for name, count in has.items()]
    found = [Panel("devices", "Who has what", bar_chart(bars, "homes"))] if bars else []
    day = standing.game.days[0]
    edges = np.arange(day.periods + 1) * day.clock.hours
    if np.any(day.background):
        line = Line("everybody else", *steps(edges, np.broadcast_to(day.background, day.periods)), BLACK)
        found.append(Panel("background", "What everybody else takes", line_chart([line], ENERGY, "clock hour")))
    return found


def price(standing):
    """Price by period."""
    return _over_time(standing, {"price": (standing.outcome.joined("price"), BLACK)}, "money/energy")


def sources(standing):
    """What takes and gives energy by period, one upon another, and the load that is left for the grid."""
    outcome = standing.outcome
    told = look.of_all(standing)
    lines = {look.LOAD_NAME: (outcome.joined("load"), look.LOAD)}
    return _over_time(standing, lines, ENERGY, look.layers(look.amounts(told, outcome.background)))


def bought(standing):
    """Net purchases by group and period."""
    colours = group_colours([block.name for block in standing.game.blocks])
    lines = {name: (values, colours[name]) for name, values in standing.by_group("z").items()}
    return _over_time(standing, lines, ENERGY)


def levels(standing):
    """Energy that each group holds at the periods' ends."""
    if not standing.stores:
        return NONE.format("Nobody holds energy.")
    colours = group_colours([block.name for block in standing.game.blocks])
    held = {name: (values, colours[name]) for name, values in standing.by_group("level").items()}
    return _held(standing, {name: (values, colour) for name, (values, colour) in held.items() if np.any(values > 0)})


def home(standing, user):
    """What one user takes, gives and buys by period."""
    mine = look.of_user(standing, user)
    return _over_time(standing, {look.BOUGHT: (mine["z"], look.LOAD)}, ENERGY, look.layers(look.amounts(mine)))


def home_level(standing, user):
    """What one user's battery or car holds at the periods' ends."""
    level = standing.outcome.told["level"][user]
    if not np.any(level > 0):
        return NONE.format("This user holds no energy.")
    return _held(standing, {look.HELD: (level, GREEN)})


def home_pays(standing, user):
    """What one user pays by period; below 0 it is paid."""
    return _over_time(standing, {"paid": (look.paid_by(standing, user), VERMILLION)}, MONEY)


def duration(standing):
    """For how many hours the price is at least so high."""
    falling = np.sort(standing.outcome.joined("price"))[::-1]
    return line_chart([Line("price", *steps(standing.edges, falling), BLACK)], "money/energy", "hours at least so high")


def rounds(standing, run):
    """The mean price of each round's day."""
    return line_chart([Line("mean price", run.column("round"), run.column("price"), BLACK)], "money/energy")


def mind(standing, mind):
    """What a learner has in mind, by period."""
    colours = group_colours(list(mind.kept))
    return _over_time(standing, {what: (values, colours[what]) for what, values in mind.kept.items()}, ENERGY)


def _over_time(standing, values, ylabel, areas=()):
    """Stairs of {name: (by period, colour)} upon areas (name, colour, from, to by period)."""
    edges, words, moments = _clock(standing)
    bands = [Band(*steps(edges, low), steps(edges, high)[1], colour, 0.8, name) for name, colour, low, high in areas]
    lines = [
        Line(name, *steps(edges, by_period), colour, LINES[k % len(LINES)])
        for k, (name, (by_period, colour)) in enumerate(values.items())
    ]
    return line_chart(lines, ylabel, words, bands=bands, zero=bool(bands), moments=moments)


def _held(standing, values):
    """Lines of what is held at the periods' ends, {name: (by period, colour)}."""
    edges, words, moments = _clock(standing)
    whole = Band(edges[[0, -1]], [0.0, 0.0], [0.0, 0.0], BLACK, 0.0)  # the axes begin where the first period does
    lines = [
        Line(name, edges[1:], by_period, colour, LINES[k % len(LINES)])
        for k, (name, (by_period, colour)) in enumerate(values.items())
    ]
    return line_chart(lines, "energy held", words, bands=[whole], zero=True, moments=moments)


def _clock(standing):
    """Where periods begin and end on the axis, shape (periods + 1,), its name, and the first period's ends."""
    edges, words = standing.edges, "clock hour"
    if edges[-1] > 2 * look.DAY:
        edges, words = edges / look.DAY, "day"
    return edges, words, edges[:2]
