"""The days' drawings of the browser's page; those over the clock share a mark of the period that is looked at."""

import numpy as np

from views.days import look
from views.kit.charts import STYLES, Band, Bar, Line, bar_chart, instead, level_of, line_chart, steps
from views.kit.frames import Panel
from views.style import BLACK, GREEN, VERMILLION, group_colours

ENERGY, MONEY = "energy in a period", "money in a period"
NONE = instead("This user holds no energy.")


def before(standing):
    """What is known before the first round: who has what, and what everybody else takes and feeds in."""
    has = {name: int(np.count_nonzero(marks)) for name, marks in standing.devices.items()}
    bars = [Bar(name, ((count, look.DEVICES[name]),), f"{count:,}") for name, count in has.items()]
    found = [Panel("devices", "Who has what", bar_chart(bars, "homes"))] if bars else []
    day = standing.game.days[0]
    edges = np.arange(day.periods + 1) * day.clock.hours
    if np.any(day.background):
        line = Line("everybody else", *steps(edges, np.broadcast_to(day.background, day.periods)), BLACK)
        found.append(Panel("background", "What everybody else takes", line_chart([line], ENERGY, "clock hour")))
    return found


def price(standing, faint):
    """Price by period."""
    return _over_time(standing, _price(standing), "money/energy", faint=faint.of(_price))


def sources(standing, faint):
    """What takes and gives energy by period, one upon another, and the load that is left for the grid."""
    areas = look.layers(look.amounts(look.of_all(standing), standing.outcome.background))
    return _over_time(standing, _load(standing), ENERGY, areas, faint.of(_load))


def bought(standing, faint):
    """Net purchases by group and period."""
    what = "z", group_colours([block.name for block in standing.game.blocks])
    return _over_time(standing, _by_group(standing, *what), ENERGY, faint=faint.of(_by_group, *what))


def levels(standing, faint):
    """Energy that each group holds at the periods' ends."""
    what = "level", group_colours([block.name for block in standing.game.blocks])
    return _held(standing, _some(_by_group(standing, *what)), _some(faint.of(_by_group, *what)))


def home(standing, faint, user):
    """What one user takes, gives and buys by period."""
    areas = look.layers(look.amounts(look.of_user(standing, user)))
    return _over_time(standing, _bought_by(standing, user), ENERGY, areas, faint.of_user(_bought_by, user))


def home_level(standing, faint, user):
    """What one user's battery or car holds at the periods' ends."""
    held = _some(_held_by(standing, user))
    if not held:
        return NONE
    return _held(standing, held, _some(faint.of_user(_held_by, user)))


def home_pays(standing, faint, user):
    """What one user pays by period; below 0 it is paid."""
    return _over_time(standing, _pays(standing, user), MONEY, faint=faint.of_user(_pays, user))


def duration(standing, faint):
    """For how many hours the price is at least so high."""
    lines = [
        Line(name, *steps(standing.edges, np.sort(values)[::-1]), colour)
        for name, (values, colour) in (*_price(standing).items(), *faint.of(_price).items())
    ]
    return line_chart(lines[:1], "money/energy", "hours at least so high", faint=lines[1:])


def rounds(standing, faint, run):
    """The mean price of each round's day; of one day, beside that of what it is held against."""
    by_round, single = run.column("round"), len(standing.game.days) == 1
    behind = level_of("price", by_round, faint.lived.outcome.price, BLACK) if single and faint.lived else []
    return line_chart([Line("mean price", by_round, run.column("price"), BLACK)], "money/energy", faint=behind)


def mind(standing, mind):
    """What a learner has in mind, by period."""
    colours = group_colours(list(mind.kept))
    return _over_time(standing, {what: (values, colours[what]) for what, values in mind.kept.items()}, ENERGY)


def _price(lived):
    return {"price": (lived.outcome.joined("price"), BLACK)}


def _load(lived):
    return {look.LOAD_NAME: (lived.outcome.joined("load"), look.LOAD)}


def _by_group(lived, what, colours):
    return {name: (values, colours[name]) for name, values in lived.by_group(what).items()}


def _bought_by(lived, user):
    return {look.BOUGHT: (look.of_user(lived, user)["z"], look.LOAD)}


def _held_by(lived, user):
    return {look.HELD: (look.of_user(lived, user)["level"], GREEN)}


def _pays(lived, user):
    return {"paid": (look.paid_by(lived, user), VERMILLION)}


def _some(held):
    """Those of {what: (by period, colour)} who hold anything."""
    return {name: one for name, one in held.items() if np.any(one[0] > 0)}


def _over_time(standing, values, ylabel, areas=(), faint=None):
    """Stairs of {name: (by period, colour)} upon areas (name, colour, from, to by period); faint: as values, behind."""
    edges, words, moments = _clock(standing)
    bands = [Band(*steps(edges, low), steps(edges, high)[1], colour, 0.8, name) for name, colour, low, high in areas]
    lines, behind = (_lines(found, lambda by_period: steps(edges, by_period)) for found in (values, faint or {}))
    return line_chart(lines, ylabel, words, bands=bands, zero=bool(bands), moments=moments, faint=behind)


def _held(standing, values, faint):
    """Lines of what is held at the periods' ends, {name: (by period, colour)}; faint: as values, behind."""
    edges, words, moments = _clock(standing)
    whole = Band(edges[[0, -1]], [0.0, 0.0], [0.0, 0.0], BLACK, 0.0)  # the axes begin where the first period does
    lines, behind = (_lines(found, lambda by_period: (edges[1:], by_period)) for found in (values, faint))
    return line_chart(lines, "energy held", words, bands=[whole], zero=True, moments=moments, faint=behind)


def _lines(values, at):
    """Lines of {name: (by period, colour)}, where at(by period) says; each another style."""
    return [
        Line(name, *at(by_period), colour, STYLES[k % len(STYLES)])
        for k, (name, (by_period, colour)) in enumerate(values.items())
    ]


def _clock(standing):
    """Where periods begin and end on the axis, shape (periods + 1,), its name, and the first period's ends."""
    edges, words = standing.edges, "clock hour"
    if edges[-1] > 2 * look.DAY:
        edges, words = edges / look.DAY, "day"
    return edges, words, edges[:2]
