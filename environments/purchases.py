"""The aggregator market, also on a network, for learners: each buys, or sells, a share of the most it may want."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from agents.seats import Player
from environments.table import Table
from market.aggregator.best_response import best_response
from market.aggregator.learners import wanted_alone
from market.aggregator.network.producers import Producers, best_sale
from market.aggregator.payoff import payoff
from market.outcome import Status
from scenarios import build
from scenarios.aggregator.keys import refuse_joining
from scenarios.reading.errors import Place

OBSERVED = ("round", "others", "own", "price")
WORST = -1.0  # reward of a fair player beyond which a loss does not count: as much as it could have gained alone


class Hand(Player):
    """Buys, or sells, what it was told to."""

    amount = 0.0

    def decide(self):
        """What it was told."""
        return self.amount


class Endless:
    """Watches a run that ends when its horizon says so, even where nobody moves."""

    cycle = None

    def status(self, played, before, target, after):
        """It goes on."""
        return Status.RUNNING


class Purchases(Table):
    """The rounds of an aggregator market in which everybody buys or sells at once.

    names: of all players; most (players,): what their users want at the starting price, or the producers' capacities,
    energy; observed: what an observation holds: the round as a share of the horizon, what `observe` tells as others'
    and own amounts as shares of the most that they can be, and the price in units of `worth`; bounds: of it.
    """

    figure, observed, hand = "convergence", OBSERVED, Hand
    bounds = (0.0, 0.0, 0.0, -np.inf), (1.0, 1.0, 1.0, np.inf)

    def __init__(self, scenario, horizon):
        place = Place(scenario.name, Path())
        refuse_joining(scenario, place)
        super().__init__(scenario, horizon, order="together", damping=1.0)
        for j, (none, alone) in enumerate(self.stakes):
            if not np.isfinite([none, alone]).all():
                got = f"{self.names[j]} has a payoff of minus infinity where it buys nothing"
                raise place.error(got, "surplus_offset > 0 is needed")

    def _know(self, game):
        self.game = game
        self.names = [game.player_name(j) for j in range(game.players)]
        lines = [self._line(j) for j in range(game.players)]
        parts = [(rule, game.player(j)) for j, rule in enumerate(lines)]
        self.first = np.array([float(getattr(rule, "right_value", rule.value)(0.0)) for rule in lines])
        self.most = np.array([most_wanted(rule, player) for rule, player in parts])
        self.stakes = np.array([stake(rule, player) for rule, player in parts])
        self.scales = np.array([alone - none if alone > none else 1.0 for none, alone in self.stakes])
        self.floors = np.array([-np.inf if bears_all(player) else WORST for _, player in parts])
        worth = [*np.abs(self.first).tolist()]
        worth += [float(block.utility.reservation.max()) for block in game.blocks if block.users]
        self.worth = max(worth) or 1.0

    def _line(self, j):
        """The price of player j alone in the market."""
        nobody = np.zeros(self.game.players)
        return self.game.facing(j, nobody)[0] if hasattr(self.game, "facing") else self.game.price

    def begin(self, seed, replication):
        """Everybody where the market begins; chance decides nothing here, so a seed does not matter."""
        self._draw(replication)
        hands = {block.name: self.hand for block in self.game.blocks}
        self.model = build(self.scenario, replication=self.replication, drawn=self.drawn, players=hands)
        self.model.watch = Endless()

    def play(self, shares):
        """One round of everybody's shares of the most, shape (players,)."""
        for where, hand in self.model.seats:
            hand.amount = float(shares[where.start] * self.most[where.start])
        self.model.step()

    @property
    def over(self):
        """Has the market broken down before the horizon?"""
        return not self.model.running

    @property
    def gap(self):
        """Largest relative regret of the last round's purchases."""
        return self.model.gap

    @property
    def heard(self):
        """What every player heard last, None before the first round."""
        return [hand.heard for _, hand in self.model.seats]

    @property
    def observations(self):
        """What every player observes before it decides, shape (players, 4)."""
        around = np.maximum(self.most.sum() - self.most, np.finfo(float).tiny)
        own, most = self.model.y, np.maximum(self.most, np.finfo(float).tiny)
        others = np.array([0.0 if heard is None else heard.others for heard in self.heard])
        share = np.full(len(own), self.round / self.horizon)
        return np.column_stack([share, others / around, own / most, self._prices / self.worth])

    @property
    def _prices(self):
        return np.array([p if h is None else h.price for h, p in zip(self.heard, self.first, strict=True)])

    @property
    def rewards(self):
        """Payoffs of the last round, 0 for buying nothing, 1 for the best that one could have alone, (players,)."""
        paid = np.array([self.stakes[j, 0] if h is None else h.payoff for j, h in enumerate(self.heard)])
        return np.maximum((paid - self.stakes[:, 0]) / self.scales, self.floors)

    @property
    def infos(self):
        """For every player payoff (None before the first round), scale, purchase and price, unscaled."""
        parts = zip(self.heard, self.scales, self.model.y, self._prices, strict=True)
        return [
            {
                "payoff": None if heard is None else float(heard.payoff),
                "scale": float(scale),
                "purchase": float(y),
                "price": float(price),
            }
            for heard, scale, y, price in parts
        ]


def most_wanted(rule, player):
    """What a player's users want at the starting price; where that has no end, at the price it makes alone."""
    if isinstance(player, Producers):
        return float(player.capacity[0])
    with np.errstate(divide="ignore"):
        most = player.wanted(np.asarray(rule.right_value(0.0), dtype=float))
    return float((most if np.isfinite(most[0]) else wanted_alone(rule, player))[0])


def stake(rule, player):
    """(Payoff of nothing, the best payoff alone in the market) of a player."""
    if isinstance(player, Producers):
        sale = best_sale(rule, player, 0.0, 0.0)
        return 0.0, float(rule.value(sale) * sale - player.spent(np.array([sale]))[0])
    if player.objective.literal:
        return -np.inf, -np.inf
    return tuple(payoff(rule, player, 0.0, [0.0, best_response(rule, player, 0.0)]).tolist())


def bears_all(player):
    """Is its payoff money, so that a loss of any size is a number?"""
    return isinstance(player, Producers) or player.objective.welfare or player.objective.common_surplus
