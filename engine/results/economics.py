"""Numbers that economists draw of a run of the aggregator market: who has what, what players answer, all equilibria."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from market.aggregator import curves
from market.aggregator.best_response import PricedOut
from market.aggregator.equilibrium import solve
from market.aggregator.game import Game
from market.aggregator.planner import best_total_welfare
from market.arrays import Array
from market.measures import gini, lorenz, producer_surplus, total_welfare
from market.outcome import Outcome

MOST_USERS = 20_000  # up to which curves are drawn
MOST_ANSWERING = 1_000  # up to which players' answers are
MOST_POINTS = 400  # of users in a picture


supply_and_demand, wedge = curves.supply_and_demand, curves.wedge


class Split(NamedTuple):
    """Who has how much of the welfare there could be, money: the parts add up to the best there could be."""

    small: float
    large: float
    producers: float
    lost: float


def split(game: Game, outcome: Outcome) -> Split | None:
    """Users, producers, and what is lost against price-taking users; None where part is unserved, or goes to tariffs.

    (docs/aggregator/model.md, Measures.)
    """
    if outcome.unserved > 0 or outcome.tariffs is not None:
        return None
    parts = zip(game.blocks, game.user_slices, strict=True)
    large = float(sum(np.sum(outcome.s[rows]) for block, rows in parts if block.kind == "large"))
    lost = best_total_welfare(game) - total_welfare(game, outcome)
    return Split(float(np.sum(outcome.s)) - large, large, producer_surplus(game, outcome), max(lost, 0.0))


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
        return Answers(faced, curves.replies_of_two(game) if game.players == 2 else None)
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
