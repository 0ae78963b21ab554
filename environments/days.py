"""The aggregator market over a day, for learners: each says what it would buy in every period, all at once."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from agents.days.players import DayPlan, DayPlayer
from environments.purchases import WORST, Purchases
from market.aggregator.days.outcome import payoff_of
from market.aggregator.days.replies import purchases_within
from market.aggregator.days.rounds import start_plan
from market.aggregator.days.seats import Seats
from scenarios.reading.errors import Place


class Hand(DayPlayer):
    """Lives the day that comes nearest to what it was told to buy."""

    wish = np.zeros(1)

    def decide(self):
        """That day."""
        return DayPlan(self.model.table.nearest(self.seat.place, self.view.others, self.wish))


class DayRounds(Purchases):
    """The rounds of one day.

    names: of all players; least, most (players, periods): between what its users' devices could sell and what they
    want at the prices of the background and could charge, energy; observed: what an observation holds: the round as a
    share of the horizon, then by period what `observe` tells: others' loads in units of `size`, its own purchases as
    shares of the way from least to most, prices in units of `worth`; bounds: of it.
    """

    figure, hand = "day", Hand

    def __init__(self, scenario, horizon):
        if scenario.periods["days"] > 1:
            here = Place(scenario.name, Path()).at("periods.days")
            raise here.error(
                f"got {scenario.periods['days']}", "one day is needed: an episode plays it again and again"
            )
        super().__init__(scenario, horizon)

    def _know(self, game):
        self.game, day = game, game.days[0]
        seats, nobody = Seats(day), day.load(np.zeros((1, day.periods)))
        start = start_plan(seats)
        self.names = [day.player_name(j) for j in range(day.players)]
        self.least, self.most = (
            day.party.by_player(part) for part in purchases_within(day.party, day.price(nobody), day.energy_unit)
        )
        self.stakes = np.array([_stake(seats, j, nobody, start[seats.columns(j)]) for j in range(day.players)])
        self.scales = np.array([alone - none if alone > none else 1.0 for none, alone in self.stakes])
        objectives = [day.player(j).objective for j in range(day.players)]
        self.floors = np.array([-np.inf if one.welfare or one.common_surplus else WORST for one in objectives])
        self.size = float(np.max(np.sum(self.most, axis=0) + np.abs(day.background))) or 1.0
        self.worth = float(np.max(np.abs(day.party.days.cost), initial=0.0)) or 1.0
        self.actions = day.periods
        by_period = [f"{what} {t}" for what in ("others", "own", "price") for t in range(day.periods)]
        self.observed = ("round", *by_period)
        low, high = ([-np.inf, 0.0, -np.inf], [np.inf, 1.0, np.inf])
        self.bounds = np.append(0.0, np.repeat(low, day.periods)), np.append(1.0, np.repeat(high, day.periods))

    def play(self, shares):
        """One round of everybody's shares of the way from least to most, shape (players, periods)."""
        wishes = self.least + shares.reshape(self.most.shape) * (self.most - self.least)
        for hand, wish in zip(self.model.seats, wishes, strict=True):
            hand.wish = wish
        self.model.step()

    @property
    def heard(self):
        """What every player heard last, None before the first round."""
        return [hand.heard for hand in self.model.seats]

    @property
    def observations(self):
        """What every player observes before it decides, shape (players, 1 + 3 periods)."""
        y, day = self.model.y, self.model.day
        wide = np.where(self.most > self.least, self.most - self.least, 1.0)
        price = np.broadcast_to(self.model.operator.price / self.worth, y.shape)
        share = np.full((len(y), 1), self.round / self.horizon)
        return np.hstack([share, (day.load(y) - y) / self.size, (y - self.least) / wide, price])

    @property
    def infos(self):
        """For every player payoff (None before the first round), scale, purchase and price by period, unscaled."""
        price, parts = self.model.operator.price, zip(self.heard, self.scales, self.model.y, strict=True)
        return [
            {
                "payoff": None if heard is None else heard.payoff,
                "scale": float(scale),
                "purchase": y.copy(),
                "price": price.copy(),
            }
            for heard, scale, y in parts
        ]


def _stake(seats, j, others, plan):
    """(Payoff of users who gain nothing, the best payoff alone in the market) of a player."""
    block = seats.day.player(j)
    best = seats.reply(j, others, plan)
    gained = seats.fair(j, others).surplus(best)
    return payoff_of(block, np.zeros(block.users)), payoff_of(block, gained)
