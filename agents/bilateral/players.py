"""The agents of a bilateral market. Each shows what the protocol lets it know: its own numbers and its contracts."""

import mesa
import numpy as np

from agents.seats import Player

OTHER = {"buyer": "seller", "seller": "buyer"}


class Account:
    """What one side of an agent has and holds; number: among all agents; place: its row, None where it is not there.

    A prosumer has a buyer and a seller, of which at most one has something to trade in a period.
    """

    side, claims = "", ""
    model, number, place = None, None, None

    @property
    def rows(self):
        """Rows of the negotiation's claims that are its own: one, or one for each of its blocks."""
        if self.place is None or self.model.state is None:
            return np.empty(0, dtype=np.intp)
        blocks = self.model.blocks
        return np.array([self.place]) if blocks is None else np.flatnonzero(getattr(blocks, self.side) == self.place)

    @property
    def claim(self):
        """What it asks for beside the grid: money, or money per kWh where it may sign several; or None."""
        rows = self.rows
        return float(np.mean(getattr(self.model.state, self.claims)[rows])) if len(rows) else None

    @property
    def contracts(self):
        """Rows of its contracts among those negotiated."""
        if self.place is None or self.model.state is None:
            return np.empty(0, dtype=np.intp)
        return self.model.holdings.rows[self.side][self.place]

    @property
    def partners(self):
        """Numbers of the agents it has contracts with, ascending."""
        return self.model.holdings.partners[self.side][self.place] if len(self.contracts) else []

    @property
    def price(self):
        """Mean price of its contracts, half-way between bid and ask, money per kWh, None without a contract."""
        rows = self.contracts
        if not len(rows):
            return None
        amount = self.model.state.bargain.amount[rows]
        return float(np.sum(self.model.latest[rows] * amount) / np.sum(amount))


class Holdings:
    """Who holds which contracts of one bargain: by side and place, rows of contracts and numbers of the partners."""

    def __init__(self, bargain, blocks, period):
        ends = {side: getattr(bargain, side) for side in OTHER}
        if blocks is not None:
            ends = {side: getattr(blocks, side)[rows] for side, rows in ends.items()}
        self.rows = {side: _by_place(ends[side], len(getattr(period, side))) for side in OTHER}
        self.partners = {
            side: [np.unique(getattr(period, other)[ends[other][rows]]).tolist() for rows in self.rows[side]]
            for side, other in OTHER.items()
        }


def _by_place(places, count):
    """Rows that hold each place, a list of arrays."""
    order = np.argsort(places, kind="stable")
    return np.split(order, np.cumsum(np.bincount(places, minlength=count))[:-1]) if count else []


class BuyerAccount(Account):
    """Needs energy; knows what a kWh from each seller is worth to it, and its own claim."""

    side, claims = "buyer", "u"

    @property
    def energy(self):
        """What it needs, kWh."""
        return None if self.place is None else float(self.model.market.demand[self.place])

    @property
    def worth(self):
        """What a kWh from each seller is worth to it, money per kWh, shape (n,)."""
        return None if self.place is None else self.model.market.worth[self.place]


class SellerAccount(Account):
    """Has energy; knows what a kWh costs it, and its own claim."""

    side, claims = "seller", "v"

    @property
    def energy(self):
        """What it has, kWh."""
        return None if self.place is None else float(self.model.market.supply[self.place])

    @property
    def cost(self):
        """The least it takes for a kWh, money per kWh."""
        return None if self.place is None else float(self.model.market.cost[self.place])


class Trader(Player):
    """Decides as its rule has it; a subclass may decide otherwise, `self.view.reply()` is what the rule would do.

    What it observes, may decide and hears: agents/bilateral/views.py.
    """

    def __init__(self, model, seat):
        super().__init__(model, seat)
        self.number = seat.place

    def approach(self, asks):
        """Place of the seller a buyer wants to meet, by the asks it hears; None to meet nobody."""
        return asks.reply()

    def decide(self):
        """What the rule's own agents do with what they observe."""
        return self.view.reply()


class Buyer(Trader, BuyerAccount):
    """A buyer: its account, and how it decides."""


class Seller(Trader, SellerAccount):
    """A seller: its account, and how it decides."""


def account_of(player, kind):
    """The account of a player: itself, or one beside it where it is any other Player."""
    if isinstance(player, Account):
        return player
    account = kind()
    account.model, account.number = player.model, player.seat.place
    return account


class Platform(mesa.Agent):
    """Signs contracts before prices are negotiated, and again where somebody leaves; settles them in the end."""

    def sign(self, market):
        """(Bargain, Blocks or None): who has contracts with whom, without prices."""
        return self.model.trading.open(market)

    def settle(self, period, market, state, blocks, least=None):
        """The outcome of a period from the last claims; least: those some stand by."""
        return self.model.trading.close(period, market, state, blocks, least)
