"""Who pays what by tariffs, by tariff and by group, as results tell it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.columns import write_csv
from engine.results.result import Measure, number
from scenarios.aggregator.tariffs import MARKET_PRICE

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from market.arrays import Array
    from market.tariffs import Levied

MEASURES = {"tariff revenue": Measure("money", lambda result: result.outcome.revenue)}


def by_group(paid: Mapping[str, Array], rows: Mapping[str, slice]) -> dict[str, dict[str, float]]:
    """{tariff: {group: what its users pay in all}}, money; paid: by user, rows: where each group's users stand."""
    return {name: {group: float(np.sum(by[where])) for group, where in rows.items()} for name, by in paid.items()}


def facts(result: Any) -> dict[str, Any]:
    """{"tariffs": …} of a run that has some and has cleared: what they bring, who pays what, also at market price."""
    if not result.scenario.tariffs or not result.cleared:
        return {}
    rows = dict(zip((block.name for block in result.game.blocks), result.game.user_slices, strict=True))
    rows = {name: where for name, where in rows.items() if where.stop > where.start}
    rules = {row["name"]: row["rule"] for row in result.scenario.tariffs}
    told = {
        name: {"rule": rules[name], "total": number(sum(groups.values())), "groups": numbers_of(groups)}
        for name, groups in by_group(result.by_tariff, rows).items()
    }
    market = by_group({MARKET_PRICE: result.at_market_price}, rows)[MARKET_PRICE]
    paid = {"total": number(sum(market.values())), "groups": numbers_of(market)}
    return {"tariffs": {"revenue": number(result.outcome.revenue), "paid": told, "at_market_price": paid}}


def numbers_of(groups: Mapping[str, float]) -> dict[str, Any]:
    """Amounts by group fit for JSON."""
    return {group: number(amount) for group, amount in groups.items()}


def columns(result: Any) -> dict[str, Array]:
    """{"tariff NAME": what each user pays} for tables of users, in the order of their numbers."""
    return {f"tariff {name}": result.by_number(paid) for name, paid in result.by_tariff.items()}


def write(result: Any, folder: Path) -> None:
    """Write who pays what, a row a tariff and group, where there are tariffs."""
    found = facts(result)
    if not found:
        return
    table: dict[str, list] = {"tariff": [], "group": [], "paid": []}
    shares = {MARKET_PRICE: found["tariffs"]["at_market_price"]} | found["tariffs"]["paid"]
    for name, told in shares.items():
        for group, amount in told["groups"].items():
            for column, value in zip(table.values(), (name, group, amount), strict=True):
                column.append(value)
    write_csv(table, folder / "tariffs.csv")


def less_charges(surplus: float, levied: Levied | None, blocks: Sequence[Any]) -> float | None:
    """Surplus of some groups' users less their charges; None where part of the revenue comes back to them."""
    if levied is None:
        return surplus
    if any(levied.back(block.name) for block in blocks):
        return None
    return surplus - sum(levied.terms(block.name).fixed * block.users for block in blocks)
