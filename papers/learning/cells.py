"""The runs behind `reproduce learning`: every rule in five markets, and hedge where nothing can be learned."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from agents.streams import Streams
from market.aggregator.clearing import certified, clear
from market.aggregator.equilibrium import solve
from market.aggregator.game import Block, Game
from market.aggregator.learners import wanted_alone
from market.aggregator.learning import play
from market.conduct import CONDUCTS, Hedge
from market.conduct.judge import Judging, away, nearest
from market.prices import Linear
from market.utilities import Quadratic
from scenarios import draw, load

SEED, SEEDS = 1, 20
JUDGING = Judging(tolerance_gap=1e-3, window=3)
ANSWER = ("best-response", "fictitious-play", "inertial")  # rules whose every round takes best responses
ZERO, PYPSA, NONE = "ZERO duopoly", "PyPSA Cournot", "no_equilibrium"
ROUNDS = {  # of rules that answer best, of all others
    ZERO: (200, 500),
    PYPSA: (200, 500),
    "two_aggregators": (12, 100),
    NONE: (12, 100),
    "two_equilibria": (40, 100),
}
LONG, LONG_SEEDS = (100, 400, 1600), 3  # rounds of hedge where there is no equilibrium
SUN = (2.4, 1.5, 0.3)


def games(market, seed):
    """The games of a market, one for each hour: in Cournot's, what a producer sells is what a user buys.

    A price A − B Q and cost c q + r q²/2 leave (A − c) q − r q²/2 − B Q q, so that a user with this utility at a price
    B Q chooses as the producer does, from the same amounts.
    """
    if market == ZERO:
        return (cournot([90.0, 95.0], [0.2, 0.4], 1.0),)
    if market == PYPSA:
        return tuple(cournot([29 - 4 * sun] * 2, [1.0, 1.0], 4.0) for sun in SUN)
    return (draw(load(market), seed).game,)


def cournot(margins, rises, slope):
    """Producers by the first unit's margin and the rise of their costs, at a demand that falls by `slope`."""
    utility = Quadratic(a=np.array(rises) / 2, b=np.array(margins))
    return Game(Linear(slope), (Block("firms", "direct", utility, 0.0, 0.0, np.ones(len(margins), dtype=int)),))


class Ended(NamedTuple):
    """How a run ended: is it learned; gaps of the last amounts and of the mean; how far these are from an equilibrium.

    nearest: the number of the equilibrium nearest to the last amounts; away, mean_away and nearest are not numbers
    where there is none.
    """

    learned: bool
    gap: float
    mean_gap: float
    away: float
    mean_away: float
    nearest: float


@dataclass(frozen=True)
class Lesson:
    """Every rule in one market from first amounts drawn with a seed."""

    market: str
    seed: int

    def answer(self):
        """{rule: how it Ended}, the worst of several hours."""
        hours = [(game, [one.y for one in solve(game).equilibria]) for game in games(self.market, self.seed)]
        return {rule: worst([self._ended(*hour, rule) for hour in hours]) for rule in CONDUCTS}

    def _ended(self, game, equilibria, rule):
        rounds = ROUNDS[self.market][0 if rule in ANSWER else 1]
        purchases = played(game, CONDUCTS[rule](), rounds, self.seed).purchases
        last, mean = purchases[-1], purchases.mean(axis=0)
        gap = gap_of(game, last)
        distances = away(np.array([last, mean]), equilibria)
        close = nearest(last, equilibria)
        learned = is_learned(game, purchases, gap)
        return Ended(learned, gap, gap_of(game, mean), *map(float, distances), np.nan if close is None else close[0])


def worst(ends):
    """The worst of several, number by number."""
    return Ended(all(one.learned for one in ends), *(max(values) for values in list(zip(*ends, strict=True))[1:]))


def played(game, conduct, rounds, seed):
    """Rounds of a game all of whose players decide by one conduct, from amounts anywhere below all they want."""
    streams = Streams(SEED, seed)
    top = np.concatenate([wanted_alone(game.price, block) for block in game.blocks])
    start = top * streams.of("first amounts", "share").random(len(top))
    conducts = {block.name: conduct for block in game.blocks} if conduct.learns else {}
    return play(game, conducts, rounds, lambda group, number: streams.of(group, f"player {number}"), start=start)


def gap_of(game, y):
    """The gap of purchases of all players."""
    return float(certified(game, clear(game, y)).gap)


def is_learned(game, purchases, gap):
    """Was the gap small enough in all of the last rounds? gap: of the last."""
    before = purchases[-1]
    for y in purchases[-JUDGING.window :][::-1]:
        gap = gap if np.array_equal(y, before) else gap_of(game, y)
        if gap > JUDGING.tolerance_gap:
            return False
        before = y
    return True


class Unlearned(NamedTuple):
    """Hedge where there is no equilibrium: largest regret a round in ranges, hedge's promise, gap of last and mean."""

    regret: float
    promise: float
    gap: float
    mean_gap: float


@dataclass(frozen=True)
class Long:
    """A run of hedge where there is no equilibrium."""

    rounds: int
    seed: int

    def answer(self):
        """What is Unlearned."""
        (game,), hedge = games(NONE, self.seed), Hedge()
        done = played(game, hedge, self.rounds, self.seed)
        judge = done.judged()
        promise = hedge.bound(self.rounds, self.rounds) / self.rounds
        gaps = (gap_of(game, y) for y in (done.purchases[-1], judge.average))
        return Unlearned(judge.average_regret, promise, *gaps)


def lessons(replications):
    """The questions of all markets: so many seeds of each, at most SEEDS."""
    return [Lesson(market, seed) for market in ROUNDS for seed in range(min(replications, SEEDS))]


def longs(replications):
    """The questions of hedge's long runs."""
    return [Long(rounds, seed) for rounds in LONG for seed in range(min(replications, LONG_SEEDS))]


def questions(replications):
    """All there is to compute."""
    return lessons(replications) + longs(replications)
