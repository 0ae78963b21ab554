"""Numbers that economists draw of a run of the aggregator market: who has what, what players answer, all equilibria."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from engine.results.welfare import FEARED, UNSERVED, Welfare
from market.aggregator import curves
from market.aggregator.best_response import PricedOut
from market.aggregator.equilibrium import solve
from market.aggregator.game import Game
from market.aggregator.joining import Move, State
from market.aggregator.splits import planners_split, split
from market.aggregator.states import States
from market.arrays import Array, Integers
from market.measures import gini, lorenz
from market.outcome import Outcome

MOST_ANSWERING, MOST_REPLYING = 150_000, 1_000  # users up to which what one player faces, and two players' replies, are
MOST_POINTS = 400  # of users in a picture


supply_and_demand, wedge = curves.supply_and_demand, curves.wedge


def welfare(game: Game, outcome: Outcome, states: States | None = None) -> Welfare:
    """Who has what of an outcome's welfare and of a planner's; states: of the price that players reckon with."""
    here = split(game, outcome)
    if here is None:
        return Welfare(why=UNSERVED)
    if states is not None and states.fearful:
        return Welfare(why=FEARED)
    return Welfare(here, planners_split(game))


class Evenness(NamedTuple):
    """A Lorenz curve: shares of the users, of their surplus, shapes (points,), and Gini's coefficient."""

    users: Array
    surplus: Array
    gini: float


def evenness(surplus: Array) -> Evenness | None:
    """How even a surplus is, shape (users,); None where somebody loses, or there is nobody."""
    if not len(surplus):
        return None
    shares = lorenz(surplus)
    if np.isnan(shares[-1]):
        return None
    some = thinned(len(shares))
    return Evenness(some / (len(shares) - 1), shares[some], float(gini(surplus)))


class Moved(NamedTuple):
    """Users' surplus in two markets, shapes (points,), and how many of all gain and lose by the second."""

    before: Array
    now: Array
    gain: int
    lose: int


def moved(before: Array, now: Array) -> Moved:
    """The same users in two markets, shapes (users,)."""
    apart, nothing = now - before, 1e-9 * float(np.max(np.abs([before, now]), initial=0.0))
    some = thinned(len(now))
    return Moved(before[some], now[some], int(np.sum(apart > nothing)), int(np.sum(apart < -nothing)))


def thinned(count: int) -> Array:
    """Evenly chosen numbers below a count, the first and the last among them."""
    return np.unique(np.linspace(0, count - 1, min(count, MOST_POINTS)).round().astype(int))


class Leaving(NamedTuple):
    """Who would gain by moving alone, arrays (those,): number of the user, of the offer it would take, gain in money.

    solved: is the market solved after each move? Else prices and terms are taken as they are.
    """

    users: Integers
    to: Integers
    gain: Array
    solved: bool


def leaving(state: State, least_gain: float, moves: Sequence[Move] | None = None) -> Leaving:
    """Of every user's best move those that gain more than `least_gain`; moves: as solved, None: by the terms."""
    if moves is None:
        gains = state.expected_gains
        to, gain = np.argmax(gains, axis=1), np.max(gains, axis=1)
    else:
        to, gain = np.array([move.to for move in moves]), np.array([move.gain for move in moves])
    users = np.flatnonzero(gain > least_gain)
    return Leaving(users, to[users], gain[users], moves is not None)


class Answers(NamedTuple):
    """What players answer: the residual curve of one, and two players' (amounts, replies, replies) or None."""

    facing: curves.Facing
    replies: tuple[Array, Array, Array] | None


def answers(game: Game, y: Array, player: int | None = None) -> Answers | None:
    """Of the player asked for, by default the largest; None among very many, or where one is priced out."""
    if game.users > MOST_ANSWERING:
        return None
    try:
        faced = curves.facing(game, y, int(np.argmax(y)) if player is None else player)
        both = game.players == 2 and game.users <= MOST_REPLYING
        return Answers(faced, curves.replies_of_two(game) if both else None)
    except PricedOut:
        return None


class Found(NamedTuple):
    """All equilibria that a direct search has certified, and whether there are others: unique as in a Solution."""

    equilibria: tuple[Outcome, ...]
    unique: bool | None
    continuum: bool


def all_equilibria(game: Game) -> Found:
    """The equilibria of a game without rounds."""
    solution = solve(game)
    return Found(solution.equilibria, solution.unique, solution.continuum)
