"""Who acts when in a round on a network: one by one, each beside a price curve of its own."""

from agents.aggregator.players import View
from agents.aggregator.turns import Turns
from market.aggregator.best_response import PricedOut


class NetworkTurns(Turns):
    """The turns of players who each answer the others' latest amounts, where all move at once those of before."""

    def play(self):
        """Play a round: (amounts after it, what players wanted), shapes (players,); raises PricedOut, SeatError."""
        model, many = self.model, len(self.model.seats)
        y, target = model.y.copy(), model.y.copy()
        for number in model.draws.permutation(many) if model.order == "random" else range(many):
            where, agent = model.seats[number]
            target[where] = self._decided(agent, where.start, model.y if model.order == "together" else y)
            y[where] += model.damping * (target[where] - y[where])
        return (y if model.judge is None else target), target

    def _decided(self, agent, j, y):
        """What the agent of player j decides beside amounts y."""
        try:
            rule, others = self.model.game.facing(j, y)
        except PricedOut as priced_out:
            priced_out.player = agent
            raise
        view = View(self.model.round + 1, others, float(y[j]), self._announced(j), rule)
        return self.answer(agent, agent.decide, view, 1)

    def _announced(self, j):
        """The last price at a player's place."""
        return float(self.model.game.directions[j] @ self.model.cleared.prices)
