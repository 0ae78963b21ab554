"""Several days in a row: each settles before the next begins, with the levels at which it left off."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any

from market.aggregator.days.day import Day
from market.aggregator.days.equilibrium import Solution
from market.aggregator.days.rounds import solve
from market.arrays import Array


def carried(tomorrow: Day, today: Day, plan: Array) -> Day:
    """Tomorrow with batteries and cars at the levels where everybody's plan of today, shape (columns,), leaves them.

    Both days have the same homes with the same devices; profiles, prices and the background may differ.
    """
    blocks = []
    for block, after, frame, part in zip(
        today.blocks, tomorrow.blocks, today.party.frames, today.party.plans(plan), strict=True
    ):
        levels: dict[str, dict[str, Any]] = {name: device.levels(frame, part) for name, device in block.parts.items()}
        parts = {name: replace(device, **levels.get(name, {})) for name, device in after.parts.items()}  # type: ignore[type-var]  # parts are dataclasses
        blocks.append(replace(after, parts=parts))
    return tomorrow.changed(blocks)


def in_a_row(days: Iterable[Day], solved: Callable[[Day], Solution] = solve) -> Iterator[tuple[Day, Solution]]:
    """(day as it begins, its solution) of days one after another; how each is solved may be said."""
    before: tuple[Day, Array] | None = None
    for day in days:
        begun = day if before is None else carried(day, *before)
        solution = solved(begun)
        before = begun, solution.outcome.plan
        yield begun, solution
