"""Who pays what by tariffs, in words and as tiles of the page."""

import numpy as np

from engine.intervals import interval
from scenarios.aggregator.tariffs import IN_ALL, MARKET_PRICE
from views.tables import cell, table, with_width

REVENUE = "tariff revenue"  # a measure
CONTROLS = (
    "tariffs.*.per_unit",
    "tariffs.*.charge",
    "tariffs.*.fixed",
    "tariffs.*.price",
    "tariffs.*.share",
)  # of a page
TILE = ("tariffs bring", "money")


def tariffs_text(summary):
    """Who pays what, a row a tariff and a column a group; "" without tariffs."""
    if "tariffs" not in summary:
        return ""
    known = summary["tariffs"]
    groups = list(known["at_market_price"]["groups"])
    rows = [(name, *map(told["groups"].get, groups), told["total"]) for name, told in _shares(known).items()]
    rows.append((IN_ALL, *(sum(row[k] for row in rows) for k in range(1, len(groups) + 2))))
    head = f"Tariffs bring {cell(known['revenue'])} money. What users pay, money:"
    return f"{head}\n{table(('by', *groups, 'all'), rows)}"


def _shares(known):
    return {MARKET_PRICE: known["at_market_price"]} | known["paid"]


def tariffs_note(comparison):
    """What tariffs bring in each scenario of a comparison; "" where none has any."""
    found = {name: comparison.values(name, REVENUE) for name in comparison.names}
    rows = [(name, with_width(*interval(values))) for name, values in found.items()]
    if not any(np.any(values != 0) for values in found.values()):
        return ""
    return f"What tariffs bring, money\n{table(('scenario', REVENUE), rows)}"


def with_revenue(scenario, measures, tiles):
    """Measures and tiles of a page, with what tariffs bring where there are some."""
    return ((*measures, REVENUE), (*tiles, TILE)) if scenario.tariffs else (measures, tiles)
