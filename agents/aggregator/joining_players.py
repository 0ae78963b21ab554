"""Who acts where users may leave and join aggregators: the members who choose, and the registrar who clears."""

import mesa
import numpy as np

from agents.seats import Player, Seat
from market.aggregator.clearing import certified
from market.aggregator.joining import best_move, moved, settled


class Member(Player):
    """A user who may move: its number among the movers, and what it foresees of a move."""

    def __init__(self, model, number, foresight):
        super().__init__(model, Seat("", number, number))
        self.number, self.foresight = number, foresight

    @property
    def offer(self):
        """The offer it has taken: its aggregator, or buying alone."""
        membership = self.model.start if self.model.state is None else self.model.state.membership
        return self.model.joining.offers[membership[self.number]]

    @property
    def utility(self):
        """Its utility, the parameters as arrays of length 1."""
        return self.model.joining.utility.take(slice(self.number, self.number + 1))

    @property
    def quantity(self):
        """Quantity x in the last outcome."""
        return 0.0 if self.model.state is None else float(self.model.state.by_user(self.model.outcome.x)[self.number])

    @property
    def surplus(self):
        """Surplus s in the last outcome, in money."""
        return 0.0 if self.model.state is None else float(self.model.state.surplus[self.number])

    def best_move(self, state):
        """(Gain in money, offer) of the move by which it expects to gain most."""
        return best_move(state, self.number, self.foresight)


class Registrar(mesa.Agent):
    """Keeps who is with which aggregator, and brings the market to the equilibrium of each membership."""

    def __init__(self, model):
        super().__init__(model)
        self.state, self.proven = None, None

    def open(self, membership):
        """The market of the first membership."""
        self.state = settled(self.model.joining, np.asarray(membership, dtype=np.intp))

    def register(self, state, users, to):
        """The state after users' moves to offers, arrays both."""
        self.state = moved(state, users, to)
        return self.state

    def certify(self):
        """The outcome with every player's regret, searched globally."""
        if self.proven is None or self.proven[0] is not self.state:
            self.proven = self.state, certified(self.state.game, self.state.outcome)
        return self.proven[1]

    @property
    def known(self):
        """The last outcome with what is known of its regrets."""
        searched = self.proven is not None and self.proven[0] is self.state
        return self.proven[1] if searched else self.state.outcome
