"""Alpha as a strategy: the empirical game of aggregators who each choose their alpha, and its equilibria.

Every profile of alphas is a market of the same draws; what each aggregator has in it is the game's payoff
(docs/aggregator/alpha-as-a-strategy.md).
"""

import importlib
import warnings
from dataclasses import dataclass, field
from itertools import product
from typing import NamedTuple

import numpy as np

from engine import limits
from engine.intervals import interval
from engine.many import run_many
from engine.results.result import number
from engine.running import run
from market.empirical_game import exchanged, gains, nobody_gains, pure
from market.outcome import CERTIFIED_GAP, Status
from scenarios import Scenario, ScenarioError, load
from scenarios.aggregator.keys import PAYOFFS

PAYOFF_ROUNDING = 1e-9  # share of the largest payoff that is no gain


class MarketPayoffs(NamedTuple):
    """What one market leaves: each aggregator's total surplus and users who buy, in the order of PAYOFFS; its ending.

    payoffs: shape (payoffs, aggregators), NaN where the market has no certified equilibrium; settled: does nobody want
    to move?
    """

    payoffs: np.ndarray
    settled: bool


@dataclass(frozen=True)
class AlphaProfile:
    """A market to play: a scenario in which aggregators choose, each aggregator's alpha, the draw."""

    scenario: Scenario = field(hash=False)
    alphas: tuple
    replication: int

    def answer(self):
        """MarketPayoffs: users join until they are content, or stay and the market is solved directly."""
        numbers = [k for k, group in enumerate(self.scenario.groups) if group.kind == "aggregator"]
        alphas = [f"group.{k}.fairness.alpha={alpha}" for k, alpha in zip(numbers, self.alphas, strict=True)]
        scenario = load(self.scenario, set=alphas)
        stay = scenario.joining is None
        result = run(scenario, replication=self.replication, direct=stay, certify=stay, patient=True)
        known = result.outcome.gap is None or result.outcome.gap <= CERTIFIED_GAP
        found = np.zeros((len(PAYOFFS), len(numbers))) if known else np.full((len(PAYOFFS), len(numbers)), np.nan)
        names = [scenario.groups[k].name for k in numbers]
        for block, rows in zip(result.game.blocks, result.game.user_slices, strict=True):
            if block.name in names:
                found[:, names.index(block.name)] += result.outcome.s[rows].sum(), (result.outcome.x[rows] > 0).sum()
        return MarketPayoffs(found, result.status in (Status.SETTLED, Status.SOLVED))


class Equilibrium(NamedTuple):
    """A profile that nobody gains by leaving in the means: each aggregator's weights of its alphas, and how sure it is.

    upper: the highest upper end of the 95 % intervals of what any gains by an alpha it does not play throughout, NaN
    for one draw; certain: do all these intervals exclude a gain? The alphas of a mixture all gain 0 in the mean, some
    more in some draws, so of a mixture that is never known.
    """

    weights: np.ndarray
    upper: float
    certain: bool

    @property
    def is_pure(self):
        """Does everybody play one alpha?"""
        return bool(np.all(self.weights.max(axis=1) == 1))


@dataclass(frozen=True, eq=False)
class AlphaGame:
    """The empirical game: payoffs by draw, shape (draws, aggregators, alphas, …, alphas).

    names: of the aggregators; payoff: one of PAYOFFS; left_out: draws with a market without certified equilibrium;
    unsettled: share of all markets in which some still wanted to move; alike: are the aggregators, so that payoffs are
    means over all ways of exchanging them?
    """

    names: tuple
    alphas: tuple
    payoff: str
    payoffs: np.ndarray
    left_out: int
    unsettled: float
    alike: bool

    @property
    def draws(self):
        """Draws behind each entry."""
        return len(self.payoffs)

    @property
    def means(self):
        """Mean payoffs, shape (aggregators, alphas, …, alphas)."""
        return self.payoffs.mean(axis=0)

    @property
    def least(self):
        """What is no gain, but rounding."""
        return PAYOFF_ROUNDING * float(np.abs(self.means).max(initial=0.0))

    def half_widths(self):
        """Half-widths of the 95 % intervals of the means, of their shape."""
        flat = self.payoffs.reshape(self.draws, -1)
        return np.array([interval(values)[1] for values in flat.T]).reshape(self.payoffs.shape[1:])

    def pure_equilibria(self):
        """Every Equilibrium in pure strategies."""
        found = np.argwhere(nobody_gains(self.means, self.least))
        return [self._equilibrium(pure(profile, len(self.alphas))) for profile in found]

    def mixed_equilibria(self):
        """Equilibria in mixed strategies of two aggregators, by their supports; None where they were not looked for."""
        found = _mixed(self.means) if len(self.names) == 2 else None
        return None if found is None else [self._equilibrium(weights) for weights in found]

    def gain(self, weights):
        """(Mean gain by each alpha, half-width of its interval), each of shape (aggregators, alphas)."""
        found = gains(self.payoffs, weights).reshape(self.draws, -1)
        return np.array([interval(values) for values in found.T]).T.reshape(2, *weights.shape)

    def summary(self):
        """Plain numbers for JSON: payoffs by aggregator and alphas, equilibria and how sure they are."""
        mixed = self.mixed_equilibria()
        return {
            "payoff": self.payoff,
            "aggregators": list(self.names),
            "alphas": [number(alpha) for alpha in self.alphas],
            "draws": self.draws,
            "left_out": self.left_out,
            "unsettled": number(self.unsettled),
            "alike": self.alike,
            "means": _nested(self.means),
            "half_widths": _nested(self.half_widths()),
            "pure": [self._told(one) for one in self.pure_equilibria()],
            "mixed": None if mixed is None else [self._told(one) for one in mixed],
        }

    def _told(self, found):
        weights = dict(zip(self.names, _nested(found.weights), strict=True))
        return {"weights": weights, "certain": found.certain, "another_gains_at_most": number(found.upper)}

    def _equilibrium(self, weights):
        mean, half = self.gain(weights)
        upper = float(np.max((mean + half)[weights < 1], initial=-np.inf))
        return Equilibrium(weights, upper, upper <= self.least)


def _nested(values):
    """An array as nested lists fit for JSON."""
    return [_nested(row) for row in values] if np.ndim(values) else number(values)


def _mixed(means):
    """Weights of every mixed equilibrium that nashpy's support enumeration finds, (2, alphas) each; None without it."""
    try:
        nashpy = importlib.import_module("nashpy")
    except ImportError:
        return None
    scale = np.abs(means).max() or 1.0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of games with ties, where there may be more
        found = [np.array(pair) for pair in nashpy.Game(*(means / scale)).support_enumeration()]
    return [weights for weights in found if np.any(weights.max(axis=1) < 1)]


def profiles(scenario, replications):
    """The Profiles of a loaded scenario in which aggregators choose, all of a draw together; raises ScenarioError."""
    if getattr(scenario, "choosing", None) is None:
        raise ScenarioError(f"{scenario.name}: choosing: is missing; what each aggregator chooses from is needed")
    players = sum(group.kind == "aggregator" for group in scenario.groups)
    chosen = list(product(scenario.choosing["alphas"], repeat=players))
    return [AlphaProfile(scenario, alphas, draw) for draw in range(replications) for alphas in chosen]


def alpha_game(scenario, played, payoff=None):
    """The AlphaGame of what markets left, in the order of `profiles`; payoff: one of PAYOFFS, by default the file's."""
    payoff = payoff or scenario.choosing["payoff"]
    groups = [group for group in scenario.groups if group.kind == "aggregator"]
    alphas = scenario.choosing["alphas"]
    values = np.array([one.payoffs[PAYOFFS.index(payoff)] for one in played])
    shape = (-1, *(len(alphas),) * len(groups), len(groups))
    payoffs = np.moveaxis(values.reshape(shape), -1, 1)
    known = np.isfinite(payoffs).reshape(len(payoffs), -1).all(axis=1)
    alike = all(_but_alpha(group) == _but_alpha(groups[0]) for group in groups)
    return AlphaGame(
        names=tuple(group.name for group in groups),
        alphas=alphas,
        payoff=payoff,
        payoffs=exchanged(payoffs[known]) if alike else payoffs[known],
        left_out=int((~known).sum()),
        unsettled=1 - float(np.mean([one.settled for one in played])),
        alike=alike,
    )


def _but_alpha(group):
    return group.users, group.utility, {key: value for key, value in group.fairness.items() if key != "alpha"}


class Chosen(NamedTuple):
    """Every profile of a scenario's alphas in every draw, what markets left, and the AlphaGame of it."""

    scenario: object
    asked: list
    played: list
    game: AlphaGame

    @property
    def rows(self):
        """A row for each market played and aggregator, as `rows_played` has them."""
        return rows_played(self.asked, self.played)


def choose(scenario, replications=20, payoff=None, set=(), workers=None, progress=True):
    """Play every profile of alphas of a scenario with `choosing` and return its AlphaGame; raises ScenarioError."""
    options = {"workers": workers, "progress": progress}
    return chosen(scenario, replications, payoff, set, patient=True, **options).game


def chosen(scenario, replications=20, payoff=None, set=(), patient=False, **where):
    """The same as Chosen, with all that was played; where: options of run_many.

    Raises ScenarioError, and limits.TooLarge where a market, or so many, may not fit in memory, unless `patient`.
    """
    loaded = load(scenario, set=set)
    limits.check([loaded], replications=replications * len(profiles(loaded, 1)), patient=patient)
    asked = profiles(loaded, replications)
    played = run_many(AlphaProfile.answer, asked, label="choose", **where)
    return Chosen(loaded, asked, played, alpha_game(loaded, played, payoff))


def rows_played(asked, played):
    """A row for each market played and aggregator: draw, alphas, number, did it settle, and all PAYOFFS."""
    return [
        {"replication": one.replication, "alphas": " ".join(f"{alpha:g}" for alpha in one.alphas)}
        | {"aggregator": player, "settled": found.settled}
        | dict(zip(PAYOFFS, found.payoffs[:, player].tolist(), strict=True))
        for one, found in zip(asked, played, strict=True)
        for player in range(len(one.alphas))
    ]
