"""Curves of a profile for readers: the price along one player's amount with its payoff, and two players' replies."""

from __future__ import annotations

from typing import NamedTuple, cast

import numpy as np

from market.aggregator.curves import CURVE_REACH
from market.aggregator.network.certificate import BESIDE_A_KINK
from market.aggregator.network.direct import reply
from market.aggregator.network.facing import CONDUCTS, Rising
from market.aggregator.network.game import NetworkGame
from market.aggregator.network.producers import Falling, Producers
from market.aggregator.payoff import payoff
from market.arrays import Array

CURVE_POINTS = 241  # of a curve
FEW, REPLIES, COARSE = 200, 151, 61  # users up to which a curve of replies has so many points, beyond so many


class Residual(NamedTuple):
    """What one player faces beside the others' amounts; arrays of shape (points,).

    price: along the true residual curve; believed: as its conduct has it; payoff: along the believed one, what its
    objective tells, a producer's profit; now, best: its present amount and the best one by its conduct; breaks: amounts
    at which the true price bends or jumps.
    """

    player: int
    amounts: Array
    price: Array
    believed: Array
    payoff: Array
    now: float
    best: float
    breaks: Array


def residual(game: NetworkGame, y: Array, j: int) -> Residual:
    """The residual curve of player j beside y, shape (players,), and its best amount."""
    number = next(k for k, where in enumerate(game.player_slices) if j < where.stop)
    line = CONDUCTS["network"](game, number, j, np.asarray(y, dtype=float))
    rule, _ = game.facing(j, y)
    best, now, player = reply(game, j, y), float(y[j]), game.player(j)
    most = CURVE_REACH * max(best, now, float(np.finfo(float).tiny))
    if isinstance(player, Producers):
        most = min(most, float(player.capacity[0]))
    breaks = np.unique(line[0][(line[0] > 0) & (line[0] < most)])
    sides = np.concatenate([breaks - BESIDE_A_KINK * most, breaks, breaks + BESIDE_A_KINK * most])
    amounts = np.unique(np.clip(np.concatenate([np.linspace(0, most, CURVE_POINTS), sides, [now, best]]), 0.0, most))
    true = Falling(*line) if isinstance(player, Producers) else Rising(line[:2], line[2])
    believed = np.asarray(rule.value(amounts), dtype=float)
    if isinstance(player, Producers):
        gain = believed * amounts - (player.cost + player.rise * amounts / 2) * amounts
    else:
        gain = payoff(cast(Rising, rule), player, 0.0, amounts)
    return Residual(j, amounts, np.asarray(true.value(amounts)), believed, gain, now, best, breaks)


def reply_curve(game: NetworkGame, j: int, other: int, y: Array, amounts: Array) -> Array:
    """Player j's best amounts against those of another player, shape of the amounts; all others' as in y."""
    found, y = np.empty(len(amounts)), np.array(y, dtype=float)
    for k, amount in enumerate(amounts):
        y[other] = amount
        found[k] = reply(game, j, y)
    return found


def replies_of_two(game: NetworkGame, y: Array, one: int, other: int) -> tuple[Array, Array, Array]:
    """(Amounts, replies of the one against such of the other, of the other against such of the one)."""
    most = CURVE_REACH * max(float(y[one]), float(y[other]), float(np.finfo(float).tiny))
    amounts = np.linspace(0.0, most, REPLIES if game.users <= FEW else COARSE)
    return amounts, reply_curve(game, one, other, y, amounts), reply_curve(game, other, one, y, amounts)
