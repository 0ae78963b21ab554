"""The agents who buy. Users' numbers live in the game's arrays; an agent is a view on its row or rows."""

import mesa

from market.aggregator.best_response import PricedOut, best_response
from market.aggregator.rounds import users_in_turn
from market.aggregator.single import best_quantities


class User(mesa.Agent):
    """A user: row `row` of the population; `block` its group, `place` its row in the group.

    A user who buys for itself stands at `seat` in the purchases and decides; one inside an aggregator has no seat.
    """

    def __init__(self, model, block, place, row, seat=None):
        super().__init__(model)
        self.block, self.place, self.row, self.seat = block, place, row, seat

    @property
    def group(self):
        """Name of the user's group."""
        return self.block.name

    @property
    def utility(self):
        """The user's utility, its parameters as arrays of length 1."""
        return self.block.utility.take(slice(self.place, self.place + 1))

    @property
    def quantity(self):
        """Quantity x in the last outcome."""
        outcome = self.model.outcome
        return 0.0 if outcome is None else float(outcome.x[self.row])

    @property
    def surplus(self):
        """Surplus s in the last outcome, in money."""
        outcome = self.model.outcome
        return 0.0 if outcome is None else float(outcome.s[self.row])

    def decide(self, outside, now):
        """The purchase that is best for the user itself, given the others' total."""
        return best_quantities(self.model.game.price, self.utility, [outside])


class SmallUser(User):
    """A small user, in an aggregator or for itself."""


class LargeUser(User):
    """A large user, such as a data centre, who buys for itself."""


class Aggregator(mesa.Agent):
    """Buys for its users and splits the purchase among them by its fairness objective."""

    def __init__(self, model, block, number, seat, rows):
        super().__init__(model)
        self.block, self.number, self.seat, self.rows = block, number, seat, rows
        self.player = block.player(number)

    @property
    def group(self):
        """Name of the aggregator's group."""
        return self.block.name

    @property
    def alpha(self):
        """Fairness parameter of its objective."""
        return self.block.alpha

    @property
    def purchase(self):
        """Its purchase y in the last round."""
        return float(self.model.y[self.seat])

    @property
    def quantities(self):
        """Its users' quantities in the last outcome, shape (users,)."""
        return self.model.outcome.x[self.rows]

    @property
    def surpluses(self):
        """Its users' surpluses in the last outcome, in money, shape (users,)."""
        return self.model.outcome.s[self.rows]

    def decide(self, outside, now):
        """The purchase that is globally best for its objective, given the others' total."""
        try:
            return best_response(self.model.game.price, self.player, outside, float(now[0]))
        except PricedOut as priced_out:
            priced_out.player = self
            raise


class Crowd(mesa.Agent):
    """Very many users who each buy for themselves, held as one block."""

    def __init__(self, model, block, seat, rows):
        super().__init__(model)
        self.block, self.seat, self.rows = block, seat, rows

    @property
    def group(self):
        """Name of the group."""
        return self.block.name

    def decide_one(self, place, outside, now):
        """The best purchase of the user in one place of the group."""
        return best_quantities(self.model.game.price, self.block.utility.take(slice(place, place + 1)), [outside])

    def decide(self, outside, now):
        """Every user's best purchase, in turn or all at once as the model's order says."""
        rule, utility = self.model.game.price, self.block.utility
        if self.model.order == "together":
            return best_quantities(rule, utility, outside + now.sum() - now)
        return users_in_turn(rule, utility, outside, now, self.model.damping)[0]
