"""The agents who buy. Users' numbers live in the game's arrays; an agent is a view on its row or rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import mesa
import numpy as np

from agents.seats import Player, Seat
from market.aggregator.best_response import best_response
from market.aggregator.game import Block
from market.aggregator.payoff import payoff
from market.aggregator.rounds import users_in_turn
from market.aggregator.single import best_quantities
from market.prices import PriceRule
from market.utilities import Utility


@dataclass(frozen=True, slots=True)
class View:
    """What a player of the aggregator market knows before it decides.

    round: the round being played, from 1; others: what all others buy as it stands now, energy; own: what it buys
    itself, energy; price: of the last outcome, before the first one that at no purchase; rule: the price as a function
    of all purchases. For a block of players own is an array (players,), others the total outside the block.
    """

    round: int
    others: float
    own: float | np.ndarray
    price: float
    rule: PriceRule


@dataclass(frozen=True, slots=True)
class Heard:
    """What a player of the aggregator market learns once a round is cleared.

    round, price; others and own: purchases as cleared, energy; payoff: what its objective makes of its users'
    surpluses. For a block of players own and payoff are arrays (players,), others the total outside the block.
    """

    round: int
    price: float
    others: float
    own: float | np.ndarray
    payoff: float | np.ndarray
    rule: PriceRule
    player: Block

    def payoff_at(self, purchases: float | np.ndarray) -> np.ndarray:
        """What other purchases would have paid beside the same others, shape as given: one player's payoff function.

        Raises ValueError for a block of several players.
        """
        return payoff(self.rule, self.player, self.others, purchases)


class BestResponder(Player):
    """Buys what is best for it given the others' total; its seat's own is the block of its users alone.

    Those whom the model works out together observe nothing; their view is what the model noted.
    """

    _observed: View | None = None

    @property
    def view(self) -> View | None:
        """What it saw when it decided last, None before."""
        if self._observed is None and self.seat.place is not None:
            return self.model.turns.seen(self.seat.place)
        return self._observed

    @view.setter
    def view(self, view: View | None) -> None:
        self._observed = view

    @property
    def player(self) -> Block:
        """Its users, their utility and its objective."""
        return self.seat.own

    @property
    def rows(self) -> slice:
        """Rows of its users in the population."""
        return self.model.rows_of(self.seat)

    @property
    def purchase(self) -> float:
        """Its purchase y in the last round."""
        return float(self.model.y[self.seat.place])

    def decide(self) -> Any:
        """The purchase that is globally best for its objective, given the others' total."""
        return best_response(self.view.rule, self.player, self.view.others, self.view.own)


class User(BestResponder):
    """A user: row `row` of the population.

    A user who buys for itself decides; one inside an aggregator, told by its `block`, is without a place at the market.
    """

    def __init__(self, model: mesa.Model, seat: Seat, block: Block | None = None, row: int | None = None):
        super().__init__(model, seat)
        self.block = seat.own if block is None else block
        self.row = model.rows_of(seat).start if row is None else row

    @property
    def utility(self) -> Utility:
        """The user's utility, its parameters as arrays of length 1."""
        first = 0 if self.block is self.seat.own else self.seat.number
        return self.block.utility.take(slice(first, first + 1))

    @property
    def quantity(self) -> float:
        """Quantity x in the last outcome."""
        outcome = self.model.outcome
        return 0.0 if outcome is None else float(outcome.x[self.row])

    @property
    def surplus(self) -> float:
        """Surplus s in the last outcome, in money."""
        outcome = self.model.outcome
        return 0.0 if outcome is None else float(outcome.s[self.row])

    def decide(self) -> Any:
        """The purchase that is best for the user itself, given the others' total."""
        return best_quantities(self.view.rule, self.utility, [self.view.others])


class SmallUser(User):
    """A small user, in an aggregator or for itself."""


class LargeUser(User):
    """A large user, such as a data centre, who buys for itself."""


class Aggregator(BestResponder):
    """Buys for its users and splits the purchase among them by its fairness objective."""

    @property
    def alpha(self) -> float:
        """Fairness parameter of its objective."""
        return self.player.alpha

    @property
    def quantities(self) -> np.ndarray:
        """Its users' quantities in the last outcome, shape (users,)."""
        return self.model.outcome.x[self.rows]

    @property
    def surpluses(self) -> np.ndarray:
        """Its users' surpluses in the last outcome, in money, shape (users,)."""
        return self.model.outcome.s[self.rows]


class Crowd(Player):
    """Very many users who each buy for themselves, held as one block, its seat's own."""

    def decide_one(self, number: int) -> Any:
        """The best purchase of one user of the group, as it observes the market."""
        utility = self.seat.own.utility.take(slice(number, number + 1))
        return best_quantities(self.view.rule, utility, [self.view.others])

    def decide_many(self) -> Any:
        """Every user's best purchase, in turn or all at once as the model's order says."""
        view, utility = self.view, self.seat.own.utility
        if self.model.order == "together":
            return best_quantities(view.rule, utility, view.others + view.own.sum() - view.own)
        return users_in_turn(view.rule, utility, view.others, view.own, self.model.damping)[0]


SHIPPED = (Aggregator, SmallUser, LargeUser, Crowd)
