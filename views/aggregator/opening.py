"""What the browser shows before the first round of a market with groups of users: who they are."""

import numpy as np

from views.kit.charts import Bar, bar_chart, density_chart
from views.kit.frames import Panel
from views.style import finite, group_colours


def panels(blocks):
    """Users by group, and what a first unit is worth to them; blocks: those of a game."""
    colours = group_colours([block.name for block in blocks])
    found = [_users(blocks, colours)]
    buying = [block for block in blocks if block.users]
    worth = {block.name: finite(np.broadcast_to(block.utility.reservation, block.users)) for block in buying}
    known = {name: (values[~np.isnan(values)], colours[name]) for name, values in worth.items()}
    known = {name: (values, colour) for name, (values, colour) in known.items() if len(values)}
    if known:
        chart = density_chart(known, "worth of a first unit (money/energy)")
        found.append(Panel("worth", "What energy is worth to whom", chart))
    return tuple(found)


def users(blocks):
    """Users by group."""
    return _users(blocks, group_colours([block.name for block in blocks]))


def _users(blocks, colours):
    bars = [Bar(block.name, ((block.users, colours[block.name]),), _said(block)) for block in blocks]
    shared = any(1 < block.players < block.users for block in blocks)
    return Panel("users", "Who takes part", bar_chart(bars, "users, in how many aggregators" if shared else "users"))


def _said(block):
    if block.users == 0:
        return "sells"
    shared = f" in {block.players:,}" if 1 < block.players < block.users else ""
    return f"{block.users:,}{shared}"
