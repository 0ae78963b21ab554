"""The Mesa model of a bilateral market: one step is one round of negotiation; periods follow one another."""

from dataclasses import replace

import mesa
import numpy as np

from agents.bilateral.players import Buyer, Holdings, Platform, Seller
from agents.market_model import MarketModel, attributes
from agents.seats import check_groups
from market.bilateral.trading import remember, remembered
from market.outcome import Status, worst

MOST_RECORDED = 200  # agents whose claims and prices the data collector keeps
MOST_REMEMBERED = 5_000_000  # prices kept as a trajectory: contracts times rounds


class BilateralModel(MarketModel):
    """Buyers, sellers and a platform that signs contracts, whose prices are then negotiated peer to peer.

    trading: a market.bilateral.trading.Trading; rng: numpy Generator of links and lost messages; rounds: limit for each
    period.

    After each step: `state` of the negotiation, `market` and `period` it belongs to, `round` and `messages` of all
    periods, `status`, `outcomes` of the periods ended, `prices` by round of the present period, `resigned` (were its
    contracts signed anew in the middle?), `datacollector`.
    """

    def __init__(self, trading, *, rng=None, rounds=10_000, streams=None, players=None):
        super().__init__(streams)
        check_groups(players, ())
        self.trading, self.rounds = trading, rounds
        self.draws = np.random.default_rng(0) if rng is None else rng
        self.round, self.messages, self.status, self.outcomes = 0, 0, Status.RUNNING, []
        self.state = self.blocks = self.market = self.shown = self.latest = None
        self._held = None, None
        self.prices, self.resigned, self.between = [], False, True
        self.memory = np.full((trading.agents, 2), np.nan)
        self.platform = Platform(self)
        self.buyers = {number: Buyer(self, number) for number in _ever(trading, "buyer")}
        self.sellers = {number: Seller(self, number) for number in _ever(trading, "seller")}
        self.datacollector = mesa.DataCollector(
            model_reporters={name: name for name in ("round", "period", "status")}
            | {"violation": _violation, "gap": _gap, "spread": _spread, "messages": "messages", "price": _mean_price},
            agenttype_reporters=self._reporters(),
        )

    @property
    def period(self):
        """Number of the period negotiated last, from 0."""
        return max(len(self.outcomes) - self.between, 0)

    @property
    def gap(self):
        """Largest gap of the periods' settlements, relative to their mean contract; None before the first."""
        return max((outcome.settlement.gap for outcome in self.outcomes), default=None)

    def step(self):
        """Play one round of negotiation, and end its period where it is over. Nothing once all have ended."""
        if not self.running:
            return
        if self.between:
            self._open()
        if self.state.status is Status.RUNNING:
            sent = self.state.messages
            self.state = self.trading.rule.round(self.state, self.draws)
            self.round, self.messages = self.round + 1, self.messages + self.state.messages - sent
            if self.state.round == self.trading.leavers[0]:
                self._leave()
        self._remember_prices()
        ended = self._ended()
        if ended is not None:
            self._close(ended)
        self.datacollector.collect(self)

    def _open(self):
        """Begin a period: the platform signs contracts, agents make their first claims."""
        self.shown = self.trading.periods[len(self.outcomes)]
        self.market, self.prices, self.resigned, self.between = self.shown.market, [], False, False
        bargain, self.blocks = self.platform.sign(self.market)
        claims = remembered(self.trading, self.shown, self.memory) if self.outcomes else None
        self.state = self.trading.rule.start(bargain, self.draws, claims)
        for agents, side in ((self.buyers, self.shown.buyer), (self.sellers, self.shown.seller)):
            for agent in agents.values():
                agent.place = None
            for place, number in enumerate(side.tolist()):
                agents[number].place = place

    def _leave(self):
        """Some agents leave; the platform signs anew for the rest, who go on from their claims."""
        if not self.trading.leavers[1]:
            return
        self.market = self.trading.left(self.shown)
        before, self.resigned = self.state, True
        bargain, self.blocks = self.trading.open(self.market, "optimal")
        if self.blocks is None:
            self.state = self.trading.rule.resume(before, bargain, self.draws)
        else:
            fresh = self.trading.rule.start(bargain, self.draws)
            self.state = replace(fresh, round=before.round, messages=before.messages)

    def _ended(self):
        """How the period's negotiation ended, None where it goes on."""
        state, deadline = self.state, self.trading.deadline
        if state.status is not Status.RUNNING:
            return state.status
        late = state.round >= self.rounds or (deadline is not None and state.round >= deadline)
        return Status.ROUND_LIMIT if late else None

    def _close(self, status):
        """End the period; the run ends with the last."""
        self.state, self.between = replace(self.state, status=status), True
        self.outcomes.append(self.platform.settle(self.shown, self.market, self.state, self.blocks))
        self.memory = remember(self.memory, self.shown, self.state)
        if len(self.outcomes) == len(self.trading.periods):
            self.status = worst(outcome.state.status for outcome in self.outcomes)
            self.running = False

    @property
    def holdings(self):
        """Who holds which contracts of those negotiated, made once for each set of contracts."""
        if self._held[0] is not self.state.bargain:
            self._held = self.state.bargain, Holdings(self.state.bargain, self.blocks, self.shown)
        return self._held[1]

    def _remember_prices(self):
        self.latest = self.state.prices
        if len(self.prices) * max(len(self.state.bargain), 1) < MOST_REMEMBERED:
            self.prices.append(self.latest)

    def _reporters(self):
        names = attributes("claim", "price", "partners")
        return {Buyer: names, Seller: names} if self.trading.agents <= MOST_RECORDED else None


def _ever(trading, side):
    """Numbers of the agents who are on a side in some period, ascending."""
    return sorted({number for period in trading.periods for number in getattr(period, side).tolist()})


def _violation(model):
    return model.state.violation


def _gap(model):
    return model.state.gap


def _spread(model):
    return model.state.spread


def _mean_price(model):
    return float(np.mean(model.latest)) if len(model.state.bargain) else None
