"""The bilateral market for learners: each buyer and seller makes one claim a round, which it stands by in all of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from agents.bilateral.players import Buyer, Seller
from agents.bilateral.views import Meeting, Signed
from agents.streams import Streams
from environments.table import Table
from market.bilateral.negotiation import Bilateral, Corner
from market.bilateral.settlement import claims_are_money
from market.outcome import Status
from scenarios import build
from scenarios.reading.errors import Place, quoted

OBSERVED = ("round", "claim", "bid", "ask", "gap", "contract", "idle")
SIDES = {"buyers": "buyer", "sellers": "seller"}


class Hand:
    """Claims what it was told to, in every meeting of a round."""

    amount, gain = 0.0, None

    def decide(self):
        """What it was told."""
        return self.amount

    def hear(self, outcome):
        """Note what its contracts bring."""
        if isinstance(outcome, Signed):
            self.gain = outcome.gain


class BuyingHand(Hand, Buyer):
    """A buyer's."""


class SellingHand(Hand, Seller):
    """A seller's."""


class Contracts(Table):
    """The rounds of one period's negotiation.

    names: of all buyers and sellers, "buyers 0" and so on; most: the largest claim of each that a partner could grant,
    money, or money per kWh where it may sign several contracts; observed: what an observation holds: the round as a
    share of the horizon, its claim as a share of `most`, bid, ask and gap of its last meeting in units of the largest
    worth and `most`, has it a contract with that one, has it capacity left; bounds: of it.
    """

    figure, observed = "price rounds", OBSERVED
    bounds = (0.0, -np.inf, -np.inf, -np.inf, -np.inf, 0.0, 0.0), (1.0, np.inf, np.inf, np.inf, np.inf, 1.0, 1.0)

    def __init__(self, scenario, horizon):
        super().__init__(scenario, horizon)
        place = Place(scenario.name, Path())
        if not isinstance(self.game.rule, Bilateral | Corner):
            got = f"got {quoted(scenario.table['negotiation']['rule'])}"
            raise place.at("negotiation.rule").error(
                got, "a rule in which agents claim, bilateral or corner, is needed"
            )
        if len(self.game.periods) > 1:
            raise place.at("periods").error(f"got {len(self.game.periods)}", "one period is needed")

    def _know(self, game):
        self.game = game
        period = game.periods[0]
        market = period.market
        sizes = len(period.buyer), len(period.seller)
        self.names = [f"{group} {k}" for group, count in zip(SIDES, sizes, strict=True) for k in range(count)]
        bargain = self.game.open(market)[0]
        value = np.maximum(bargain.value, 0.0)
        self.most = np.concatenate([value.max(axis=1, initial=0.0), value.max(axis=0, initial=0.0)])
        energy = np.ones(len(self.names)) if claims_are_money(bargain) else np.append(market.demand, market.supply)
        self.scales = np.where(self.most * energy > 0, self.most * energy, 1.0)
        self.worth = float(np.max(market.worth, initial=0.0)) or 1.0

    def begin(self, seed, replication):
        """The platform signs contracts anew; a seed decides who meets whom and which messages are lost."""
        self._draw(replication)
        hands = {"buyers": BuyingHand, "sellers": SellingHand}
        chance = {} if seed is None else {"streams": Streams(seed, self.replication)}
        self.model = build(self.scenario, replication=self.replication, drawn=self.drawn, players=hands, **chance)
        if seed is not None:
            self.model.draws = self.model.streams.of("", "negotiation")
        self.hands = [hand for side in (self.model.buyers, self.model.sellers) for hand in side.values()]

    def play(self, shares):
        """One round of everybody's shares of the most it may claim, shape (agents,)."""
        for hand, share, most in zip(self.hands, shares, self.most, strict=True):
            hand.amount = float(share * most)
        self.model.step()

    @property
    def over(self):
        """Has the negotiation ended before the horizon?"""
        return not self.model.running and self.model.status is not Status.ROUND_LIMIT

    @property
    def gap(self):
        """Most that a pair gains by leaving: of the claims as they stand, of the settlement once it has ended."""
        if self.model.state is None:
            return None
        return self.model.state.gap if self.model.running else self.model.gap

    @property
    def observations(self):
        """What every agent knows before it decides, shape (agents, 7)."""
        rows = [self._seen(hand, most or 1.0) for hand, most in zip(self.hands, self.most, strict=True)]
        return np.nan_to_num(np.array(rows, dtype=float))

    def _seen(self, hand, most):
        view = hand.view if isinstance(hand.view, Meeting) else None
        claim = (hand.claim or 0.0) / most
        met = (view.bid / self.worth, view.ask / self.worth, view.gap / most) if view else (0.0, 0.0, 0.0)
        return self.round / self.horizon, claim, *met, *((view.contract, view.idle) if view else (False, False))

    @property
    def rewards(self):
        """What an agent's contracts bring once they are signed, as a share of the most it may claim; 0 before."""
        return np.array([hand.gain or 0.0 for hand in self.hands]) / self.scales

    @property
    def infos(self):
        """For every agent payoff, the gain beside the grid (None until it signs), scale, claim and price, unscaled."""
        return [
            {"payoff": hand.gain, "scale": float(scale), "claim": hand.claim, "price": hand.price}
            for hand, scale in zip(self.hands, self.scales, strict=True)
        ]
