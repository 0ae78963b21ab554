"""A day: periods, a price rule in each, the background's net load and the homes that decide."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from market.aggregator.days.alone import worth_alone
from market.aggregator.days.block import Homes, whole
from market.aggregator.days.clock import Clock
from market.aggregator.days.meter import metered, unmetered
from market.aggregator.days.outlay import prices_at
from market.aggregator.days.party import Party
from market.aggregator.game import Players
from market.arrays import Array
from market.parameters import made, parameters_of
from market.prices import Affine, PriceRule
from market.tariffs import Levied


@dataclass(frozen=True, eq=False)
class Day(Players[Homes]):
    """`prices`: a price rule a period; `background`: net load of everybody else, energy, shape (periods,).

    Prices are those of the whole load p_t(Y_t), Y_t = Σ_j y_jt + background_t. Below no load an affine price goes on
    falling, any other stays what it is at no load (docs/days/model.md, Prices). levied: its tariffs;
    their meters know of it what they decide by (meter.py).
    """

    clock: Clock
    prices: tuple[PriceRule, ...]
    blocks: tuple[Homes, ...]
    background: Array = field(default_factory=lambda: np.zeros(1))
    levied: Levied | None = None

    def __post_init__(self) -> None:
        background = np.asarray(self.background, dtype=float)
        object.__setattr__(self, "background", np.broadcast_to(background, (self.clock.count,)))

    @property
    def periods(self) -> int:
        return self.clock.count

    @cached_property
    def party(self) -> Party:
        """Everybody's days laid out."""
        return Party.of(self.blocks, self.clock)

    @cached_property
    def alone(self) -> Array:
        """What users' best days are worth without a grid, money, shape (users,)."""
        return np.concatenate([worth_alone(block, self.clock, self.energy_unit) for block in self.blocks])

    @cached_property
    def welfare(self) -> bool:
        """Does every player maximise the plain sum of its users' surpluses?"""
        return all(block.welfare for block in self.blocks)

    @cached_property
    def affine(self) -> tuple[Array, Array] | None:
        """(p0, c) of every period where all prices are affine, shapes (periods,), else None."""
        if not all(isinstance(rule, Affine) for rule in self.prices):
            return None
        p0, c = (np.array([getattr(rule, name) for rule in self.prices], dtype=float) for name in ("p0", "c"))
        return p0, c

    def price(self, total: Array) -> Array:
        """Prices at total loads with the background in them, shape (…, periods)."""
        return prices_at(self.prices, total)

    def load(self, y: Array) -> Array:
        """Total load of purchases (players, periods) and the background, shape (periods,)."""
        return np.sum(y, axis=0) + self.background

    @property
    def plain(self) -> Day:
        """The same day where every player maximises the plain sum."""
        return self.changed([replace(block, alpha=0.0, fair=None) for block in self.blocks])

    @property
    def untaxed(self) -> Day:
        """The same day without tariffs."""
        return replace(self.changed([unmetered(block) for block in self.blocks]), levied=None)

    def taxed(self, levied: Levied) -> Day:
        """The day with tariffs; raises MeterError where they cannot be."""
        return replace(self.changed([metered(block, levied) for block in self.blocks]), levied=levied)

    def bought(self, z: Array) -> list[tuple[Homes, Array]]:
        """Blocks, each with its users' part of net purchases z (users, periods)."""
        return [(block, z[rows]) for block, rows in zip(self.blocks, self.user_slices, strict=True)]

    def changed(self, blocks: Sequence[Homes]) -> Day:
        """The same day with other homes."""
        return replace(self, blocks=tuple(blocks))

    @cached_property
    def energy_unit(self) -> float:
        """A quantity of the day's size: the most that a part of a user moves, or the background."""
        sizes = [whole(block.parts, self.clock) for block in self.blocks]
        return max([*sizes, float(np.max(np.abs(self.background))) / 100]) or 1.0

    def unit(self, j: int) -> float:
        """A quantity of player j's size, energy."""
        return whole(self.player(j).parts, self.clock) or self.energy_unit


def rules_by_period(rule: type[PriceRule], keys: Mapping[str, Any], periods: int) -> tuple[PriceRule, ...]:
    """A price rule for each period of a file's keys, in which a number may be a list with one value a period."""
    numbers = {name for name, said in parameters_of(rule).items() if said.type == "number"}
    lists = {name for name, value in keys.items() if name in numbers and np.ndim(value) == 1}
    if not lists:
        return (made(rule, dict(keys)),) * periods
    return tuple(
        made(rule, {name: value[t] if name in lists else value for name, value in keys.items()}) for t in range(periods)
    )
