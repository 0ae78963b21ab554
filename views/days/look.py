"""How days look: colours of what homes do, the axis of hours, areas upon each other."""

import numpy as np

from views.style import BLACK, BLUE, GREEN, GREY, OCHRE, PURPLE, TEAL, legend_below

IN_A_PERIOD = "in a period (energy)"
TAKEN = {  # what takes energy: {what: (name in a picture, colour)}, from the axis upwards
    "background": ("everybody else", GREY),
    "drawn": ("consumption", BLUE),
    "car": ("cars", PURPLE),
    "charged": ("batteries charge", GREEN),
}
GIVEN = {  # what gives energy, from the axis downwards
    "solar": ("solar", OCHRE),
    "discharged": ("batteries discharge", TEAL),
    "fed in": ("fed in by others", GREY),
}
DEVICES = {"solar": OCHRE, "battery": GREEN, "car": PURPLE, "shift": BLUE}
LOAD, IDLE = BLACK, GREY
STILL = "batteries idle, nothing shifted, cars charge at once"
NOT_DRAWN = 1e-9  # of the largest quantity: what is not drawn
DAY, MOST_TICKS = 24, 9
HELD = "held at a period's end"
BOUGHT = "bought (below 0: sold)"
LOAD_NAME = "load of the grid"
ROOM = 0.04  # above and below areas, a share of their height


def of_all(lived):
    """What all users do together, {what: energy by period}; lived: an engine.results.days.Lived."""
    return {name: np.sum(values, axis=0) for name, values in lived.outcome.told.items()}


def of_user(lived, user):
    """What one user does, {what: energy by period}."""
    return {name: values[user] for name, values in lived.outcome.told.items()}


def paid_by(lived, user):
    """What one user pays by period, money; below 0 it is paid."""
    return lived.outcome.joined("price") * lived.outcome.told["z"][user]


def amounts(told, background=None):
    """{what: energy by period} of the areas that `stacked` draws, of quantities by period as results tell them."""
    found = {"drawn": told["consumption"] + told["shifted"]}
    found |= {name: told[name] for name in ("car", "charged", "solar", "discharged")}
    if background is not None:
        found |= {"background": np.maximum(background, 0.0), "fed in": np.maximum(-background, 0.0)}
    order = [name for name in (*TAKEN, *GIVEN) if name in found]
    return {name: np.asarray(found[name], dtype=float) for name in order}


def named(lived, user):
    """A user by its number, as files have it, with its group and what it has; lived: an engine.results.days.Lived."""
    rows = zip(lived.game.blocks, lived.game.user_slices, strict=True)
    group = next(block.name for block, where in rows if user < where.stop)
    has = ", ".join(name for name, marks in lived.devices.items() if marks[user])
    return f"User {user} ({group}{': ' if has else ''}{has})"


def layers(parts):
    """[(label, colour, from, to)] of what takes energy, upwards from 0, and of what gives it, downwards.

    parts: as `amounts` gives them; those without energy are left out.
    """
    least = NOT_DRAWN * max((float(np.max(np.abs(values))) for values in parts.values()), default=0.0)
    found = []
    for kinds, sign in ((TAKEN, 1.0), (GIVEN, -1.0)):
        base = 0.0
        for name, (label, colour) in kinds.items():
            values = parts.get(name)
            if values is not None and np.any(values > least):
                top = base + sign * np.maximum(values, 0.0)
                found.append((label, colour, base + np.zeros(len(top)), top))
                base = top
    return found


def stacked(axes, edges, parts):
    """Areas of what takes energy above the axis and of what gives it below."""
    areas = layers(parts)
    for label, colour, base, top in areas:
        axes.stairs(top, edges, baseline=base, fill=True, color=colour, label=label, linewidth=0)
    reach = np.concatenate([np.zeros(1), *(top for _, _, _, top in areas)])
    high, low = float(reach.max()), -float(reach.min())
    room = ROOM * ((high + low) or 1.0)
    axes.set_ylim(-low - (room if low else 0.0), high + room)
    axes.axhline(0, color=BLACK, linewidth=0.8)


def hours_axis(axes, edges):
    """The axis of clock hours: of a day, every three hours or so; of several, days."""
    axes.set_xlim(edges[0], edges[-1])
    if edges[-1] > 2 * DAY:
        days = np.arange(0, edges[-1] + DAY / 2, DAY)
        days = days[:: max(1, -(-len(days) // MOST_TICKS))]
        axes.set_xticks(days, [f"{day / DAY:.0f}" for day in days])
        axes.set_xlabel("day")
        return
    step = next((step for step in (1, 2, 3, 6) if edges[-1] / step <= MOST_TICKS - 1), 6)
    axes.set_xticks(np.arange(0, edges[-1] + 1e-9, step) if edges[-1] >= 1 else edges)
    axes.set_xlabel("clock hour")


def legend_of(figure, panels):
    """One legend below for several axes."""
    keys = [key for axes in panels for key in zip(*axes.get_legend_handles_labels(), strict=True)]
    legend_below(figure, [one for one, _ in keys], [label for _, label in keys], 4)
