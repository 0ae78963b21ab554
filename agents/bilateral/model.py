"""The Mesa model of a bilateral market: one step is one round of negotiation; periods follow one another."""

from dataclasses import replace
from functools import partial

import mesa
import numpy as np

from agents.bilateral.players import OTHER, Buyer, BuyerAccount, Holdings, Platform, Seller, SellerAccount, account_of
from agents.bilateral.rounds import Table, check_rule
from agents.bilateral.views import Signed
from agents.market_model import MarketModel
from agents.seats import Seat, check_groups, seated
from market.bilateral import endings
from market.bilateral.trading import remember, remembered
from market.outcome import Status

MOST_RECORDED = 200  # agents whose claims and prices the data collector keeps
MOST_REMEMBERED = 5_000_000  # prices kept as a trajectory: contracts times rounds


class BilateralModel(MarketModel):
    """Buyers, sellers and a platform that signs contracts, whose prices are then negotiated peer to peer.

    trading: a market.bilateral.trading.Trading; rng: numpy Generator of links and lost messages; rounds: limit for each
    period; players: who sits where, {"buyers", "sellers": see agents.seats.seated}. Where anybody is seated all agents
    decide one by one, as agents/bilateral/views.py says; else the rule plays all at once. Raises SeatError.

    After each step: `state` of the negotiation, `market` and `period` it belongs to, `round` and `messages` of all
    periods, `status`, `outcomes` of the periods ended, `prices` by round of the present period, `resigned` (were its
    contracts signed anew in the middle?), `datacollector`.
    """

    def __init__(self, trading, *, rng=None, rounds=10_000, streams=None, players=None):
        super().__init__(streams)
        check_groups(players, ("buyers", "sellers"))
        self.trading, self.rounds = trading, rounds
        self.draws = np.random.default_rng(0) if rng is None else rng
        self.round, self.messages, self.status, self.outcomes = 0, 0, Status.RUNNING, []
        self.state = self.blocks = self.market = self.shown = self.latest = None
        self._held = self._core = None, None
        self.prices, self.resigned, self.between = [], False, True
        self.memory = np.full((trading.agents, 2), np.nan)
        self.platform = Platform(self)
        self.seats_taken, self.table = bool(players), None
        if self.seats_taken:
            check_rule(trading.rule)
        self.buyers, self.sellers = (self._players(side, (players or {}).get(f"{side}s")) for side in SIDES)
        self.accounts = {
            side: {number: account_of(player, SIDES[side][1]) for number, player in self._of(side).items()}
            for side in SIDES
        }
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
        return endings.gap(self.outcomes)

    @property
    def advice(self):
        """What the status means and what a user can do."""
        return endings.advice(self.trading, self.status)

    @property
    def promised(self):
        """The largest gap the status allows, None where it promises none."""
        return endings.promised(self.trading, self.status, self.outcomes)

    def step(self):
        """Play one round of negotiation, and end its period where it is over. Nothing once all have ended."""
        if not self.running:
            return
        if self.between:
            self._open()
        if self.state.status is Status.RUNNING:
            sent = self.state.messages
            play = self.table if self.seats_taken else self.trading.rule
            self.state = play.round(self.state, self.draws)
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
        for side, accounts in self.accounts.items():
            for account in accounts.values():
                account.place = None
            for place, number in enumerate(getattr(self.shown, side).tolist()):
                accounts[number].place = place
        self._set_table()

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
        self._set_table()

    def _of(self, side):
        """Players of a side by number."""
        return self.buyers if side == "buyer" else self.sellers

    def _players(self, side, who):
        """Who sits in a side's seats, by number among all agents."""
        numbers = _ever(self.trading, side)
        seats = [Seat(f"{side}s", k, number) for k, number in enumerate(numbers)]
        return dict(zip(numbers, seated(self, seats, who, SIDES[side][0]), strict=True))

    def _at(self, side):
        """Players of a side by place in the present period."""
        return [self._of(side)[number] for number in getattr(self.shown, side).tolist()]

    def _set_table(self):
        """Players, if any are seated, take their places where the present contracts are negotiated."""
        if self.seats_taken:
            several = len(self.trading.periods) > 1
            period = len(self.outcomes) if several else None
            sides = {side: self._at(side) for side in SIDES}
            self.table = Table(self.trading.rule, self.state.bargain, sides, self.blocks, period)

    def _least(self):
        """Claims (u, v) that players of one's own stand by, −∞ for the shipped ones; None where nobody is seated."""
        if not self.seats_taken:
            return None
        return tuple(
            np.where([own and spoke for own, spoke in zip(map(_is_own, who), spoken, strict=True)], claims, -np.inf)
            for who, spoken, claims in self.table.claimed(self.state)
        )

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
        self.outcomes.append(self.platform.settle(self.shown, self.market, self.state, self.blocks, self._least()))
        if self.seats_taken:
            self._tell()
        self.memory = remember(self.memory, self.shown, self.state)
        if len(self.outcomes) == len(self.trading.periods):
            self.status = endings.ending(self.outcomes)
            self.running = False

    def _tell(self):
        """Everybody hears of its own contracts."""
        closed = self.outcomes[-1]
        columns, status = closed.contracts, str(closed.state.status)
        for side, other in OTHER.items():
            for place, player in enumerate(self._at(side)):
                rows = np.flatnonzero(columns[side] == place)
                others = getattr(self.shown, other)[columns[other][rows]]
                energy, price, gain = (columns[name][rows] for name in ("quantity", "price", f"{side}_gain"))
                player.hear(Signed(len(self.outcomes) - 1, status, others, energy, price, float(np.sum(gain))))

    @property
    def holdings(self):
        """Who holds which contracts of those negotiated, made once for each set of contracts."""
        if self._held[0] is not self.state.bargain:
            self._held = self.state.bargain, Holdings(self.state.bargain, self.blocks, self.shown)
        return self._held[1]

    @property
    def core_prices(self):
        """(Lowest, highest) stable price of each contract negotiated, shape (k,) each, found once for each set."""
        if self._core[0] is not self.state.bargain:
            self._core = self.state.bargain, self.trading.core_prices(self.market, self.state.bargain)
        return self._core[1]

    def _remember_prices(self):
        self.latest = self.state.prices
        if len(self.prices) * max(len(self.state.bargain), 1) < MOST_REMEMBERED:
            self.prices.append(self.latest)

    def _reporters(self):
        if self.trading.agents > MOST_RECORDED:
            return None
        names = {name: partial(_of_account, name=name) for name in ("claim", "price", "partners")}
        kinds = {side: {type(player): names for player in self._of(side).values()} for side in SIDES}
        return {kind: names for side in SIDES for kind in kinds[side] or {SIDES[side][0]: names}}


SIDES = {"buyer": (Buyer, BuyerAccount), "seller": (Seller, SellerAccount)}  # who sits there unless told otherwise


def _is_own(player):
    """Is it anybody but a shipped agent, who takes what the platform makes of its last claim?"""
    return type(player) not in (Buyer, Seller)


def _of_account(player, name):
    account = player.model.accounts[player.group.removesuffix("s")][player.seat.place]
    return getattr(account, name)


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
