"""Outcomes that other tools computed, certified: an equilibrium or not, who would move, which equilibrium is near."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from engine import limits
from engine.results import results_of
from engine.results.result import number, numbers
from market.aggregator import judging
from market.aggregator.judging import SAME_SPLIT, Judged, own_splits
from market.aggregator.network import judging as on_network
from market.aggregator.network.game import sells
from market.conduct.judge import nearest
from market.outcome import Outcome, Status
from scenarios import draw, load
from scenarios.aggregator.keys import refuse_joining
from scenarios.reading.errors import Place, quoted
from scenarios.reading.outcome_file import checked_purchases, read_outcome

JUDGES = {"aggregator": judging.judged, "network": on_network.judged}  # by market


@dataclass(frozen=True, eq=False)
class Certified:
    """What is known of an outcome that was computed elsewhere.

    source: the file's name; judged: verdict, gap and best move; splits: {group: how far its split of its purchases is
    from its own fairness', as a share}, None where the file says nothing of users; status, equilibria, unique,
    continuum: of the direct solution.
    """

    scenario: object
    game: object
    source: str
    judged: Judged
    splits: dict | None
    status: Status
    equilibria: tuple[Outcome, ...]
    unique: bool | None
    continuum: bool

    @property
    def gap(self):
        """The largest gain of any player by another purchase, as a share of its payoff's scale; None if uncleared."""
        return self.judged.outcome.gap

    @property
    def nearest(self):
        """(Number of the nearest certified equilibrium, its distance as a share of its total), None without one."""
        return nearest(self.judged.outcome.y, [one.y for one in self.equilibria])

    def summary(self):
        """All of it as plain numbers for JSON."""
        judged, outcome = self.judged, self.judged.outcome
        facts = {
            "scenario": self.scenario.name,
            "market": "aggregator",
            "outcome": self.source,
            "status": str(judged.verdict),
            "meaning": judged.verdict.meaning,
            "gap": number(outcome.gap),
            "proven": judged.proven,
            "best_move": self._best_move(),
            "price": number(outcome.price),
            "quantity": number(outcome.quantity),
            "unserved": number(outcome.unserved),
            "nearest": self._nearest(),
            "direct": {
                "status": str(self.status),
                "equilibria": len(self.equilibria),
                "unique": self.unique,
                "continuum": self.continuum,
            },
        }
        if self.splits is not None:
            own = {name: {"distance": number(far), "own": far <= SAME_SPLIT} for name, far in self.splits.items()}
            facts["splits"] = own
        if hasattr(outcome, "cleared"):
            prices = zip(self.game.grid.names, outcome.cleared.prices, strict=True)
            facts["prices"] = {str(name): number(price) for name, price in prices}
            facts["gap_anticipating"] = number(outcome.gap_anticipating)
        return facts

    def _best_move(self):
        move = self.judged.move
        if move is None:
            return None
        facts = {"player": self.game.player_name(move.player), "from": number(move.now), "to": number(move.to)}
        return facts | {"gain": number(move.gain), "unit": "money" if move.in_money else "payoff"}

    def _nearest(self):
        if self.nearest is None:
            return None
        place, distance = self.nearest
        one = self.equilibria[place]
        facts = {"distance": number(distance), "number": place, "quantity": number(one.quantity)}
        return facts | {"price": number(one.price), "gap": number(one.gap), "players": numbers(one.y)}


def certify(scenario, outcome, *, set=(), seed=None, replication=0, patient=False):
    """Certify purchases that somebody else computed for a scenario (name, path or Scenario); returns a Certified.

    outcome: the path of a CSV file (scenarios/reading/outcome_file.py), or the players' purchases in order, shape
    (players,); `set` and seed as in `run`. Raises scenarios.ScenarioError for a bad file, and for a market whose
    outcomes cannot be judged so, and limits.TooLarge where it may not fit in memory, unless `patient`.
    """
    scenario = load(scenario, set=set, seed=seed)
    _check(scenario)
    limits.check([scenario], patient=patient)
    game = draw(scenario, replication).game
    if isinstance(outcome, str | Path):
        source = str(outcome)
        y, x = read_outcome(source, game, Place("", Path()))
    else:
        source = "purchases"
        y, x = checked_purchases(outcome, game, Place(source, Path()))
    judged = JUDGES[scenario.market](game, y, x)
    solved = results_of(scenario.market).solved(game, True)
    known = {name: solved[name] for name in ("status", "equilibria", "unique", "continuum")}
    splits = None if x is None else _splits(game, judged.outcome)
    return Certified(scenario, game, source, judged, splits, **known)


def _check(scenario):
    """Raise ScenarioError for a market whose outcomes cannot be judged by purchases alone."""
    place = Place(scenario.path.name if scenario.path else scenario.name, Path())
    if scenario.market not in JUDGES:
        allowed = "market = 'aggregator' without periods is needed, with a network or without"
        raise place.at("market").error(
            f"purchases in the market {quoted(scenario.market)} cannot be certified", allowed
        )
    refuse_joining(scenario, place)


def _splits(game, outcome):
    """{group: how far its split is from its own fairness', as a share of a player's purchase} of groups with users."""
    parts = list(zip(game.blocks, game.player_slices, game.user_slices, strict=True))
    buyers = [(block, players, users) for block, players, users in parts if not sells(block)]
    paid = getattr(outcome, "paid", np.full(game.players, outcome.price))
    far = own_splits(
        [block for block, _, _ in buyers],
        [float(paid[players][0]) for _, players, _ in buyers],
        [outcome.y[players] for _, players, _ in buyers],
        [outcome.x[users] for _, _, users in buyers],
    )
    return {block.name: away for (block, _, _), away in zip(buyers, far, strict=True)}
