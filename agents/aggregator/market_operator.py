"""The agent that announces and clears the price."""

from functools import cached_property

import mesa

from market.aggregator.clearing import certified, clear
from market.aggregator.side_payments import fallback, paid


class MarketOperator(mesa.Agent):
    """Announces the price rule, adds up the purchases of a round and clears them into an outcome."""

    def __init__(self, model):
        super().__init__(model)
        self.outcome = None

    @property
    def price(self):
        """Price of the last outcome; before the first one, the price at no purchase."""
        return float(self.model.game.price.right_value(0.0)) if self.outcome is None else self.outcome.price

    def clear(self, y):
        """Turn all players' purchases, shape (players,), into the round's outcome; members pay each other then."""
        self.outcome = paid(self.model.game, clear(self.model.game, y), self.without)
        return self.outcome

    @cached_property
    def without(self):
        """The market without the aggregators of each group whose members' payments have floors."""
        return fallback(self.model.game, self.model.certify)

    def certify(self):
        """Search every player's regret globally and note the gap in the outcome; returns it."""
        self.outcome = certified(self.model.game, self.outcome)
        return self.outcome.gap
