"""A day of one period without devices: the market without days, which knows its answers in closed form."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from market.aggregator.allocation import split_at
from market.aggregator.best_response import PricedOut, best_response
from market.aggregator.certificate import best_moves, largest
from market.aggregator.days.block import Homes
from market.aggregator.days.day import Day
from market.aggregator.days.meter import METER, Meter
from market.aggregator.days.outcome import DayOutcome
from market.aggregator.days.parts import Consumption
from market.aggregator.days.party import Party
from market.aggregator.dearer import dearer
from market.aggregator.game import Block, Game
from market.aggregator.states import shifted
from market.arrays import Array
from market.parameters import ParameterError
from market.utilities import Quadratic, Utility


def moment_of(day: Day) -> Game | None:
    """The market without days that a day is; None where it has more periods or any device, or where the price beside
    its background is none of that market's (below 0, or not affine beside energy that is fed in)."""
    if day.periods > 1 or not all(_only_consumes(block) for block in day.blocks):
        return None
    try:
        price = shifted(day.prices[0], float(day.background[0]))
    except ParameterError:
        return None
    return Game(price, tuple(_block(block) for block in day.blocks))


def _only_consumes(block: Homes) -> bool:
    use = block.parts.get("consumption")
    return set(block.parts) <= {"consumption", METER} and use is not None and len(use.users) == block.users


def _block(block: Homes) -> Block:
    use, meter = block.parts["consumption"], block.parts.get(METER)
    assert isinstance(use, Consumption)
    a, b, profile = (np.reshape(values, block.users) for values in (use.a, use.b, use.profile))
    served = profile > 0
    utility: Utility = Quadratic(a / np.where(served, profile, 1.0), np.where(served, b, 0.0))
    if isinstance(meter, Meter):
        utility = dearer(utility, meter.per_unit[:, 0] + meter.peak)
    return Block(block.name, block.kind, utility, block.alpha, block.surplus_offset, block.sizes, block.fair)


def best_purchase(game: Game, j: int, others: float, now: float) -> float | None:
    """The best purchase of player j beside the others', energy; None where its objective is minus infinity at every
    one; now: its present purchase."""
    try:
        return best_response(game.price, game.player(j), others, now)
    except PricedOut:
        return None


def shared(blocks: Sequence[Block], party: Party, price: float, y: Array) -> Array:
    """The plan in which players share what they buy, shape (players,), among their users at its price."""
    stops = np.cumsum([block.players for block in blocks])[:-1]
    parts = zip(blocks, np.split(y, stops), strict=True)
    return plan_of(party, np.concatenate([split_at(block, price, bought) for block, bought in parts]))


def plan_of(party: Party, x: Array) -> Array:
    """The plan in which users consume x, shape (users,)."""
    plan, first = np.zeros(party.columns), np.cumsum([0, *(frame.users for frame in party.frames)])
    for frame, start, row in zip(party.frames, party.column_stops, first, strict=False):
        plan[start + frame.names["consumption"][1][:, 0]] = x[row : row + frame.users]
    return plan


def certified_moment(game: Game, outcome: DayOutcome) -> DayOutcome:
    """The outcome with its gap as the market without days proves it."""
    found = best_moves(game, outcome.y[:, 0], outcome.z[:, 0])
    gap, proven = largest(found.regrets), bool(np.all(found.proven))
    return replace(outcome, gap=gap, regrets=found.regrets, proven=proven)
