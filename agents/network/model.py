"""The Mesa model of the aggregator game on a network: in a step players answer, the operator clears at least cost."""

from dataclasses import replace
from functools import cached_property, partial

import networkx as nx
import numpy as np
from mesa.discrete_space import Network as Space

from agents.aggregator.columns import MOST_COLUMNS
from agents.aggregator.learners import Learner
from agents.aggregator.model import AggregatorModel
from agents.aggregator.players import Heard
from agents.market_model import attributes
from agents.network.players import SHIPPED, Generator, GridLine, GridNode, HeardOfSale, NetworkOperator, Producer
from agents.network.turns import NetworkTurns
from agents.seats import Player, SeatError
from market.aggregator.network import endings
from market.aggregator.network.certificate import certified
from market.aggregator.network.game import clear, sells
from market.aggregator.network.learners import PlacedLearners
from market.aggregator.network.measures import full_lines
from market.aggregator.payoff import payoffs
from market.outcome import Status, of_own


class NetworkModel(AggregatorModel):
    """Buyers and producers at the nodes of a grid who best-respond to the price curves that they believe in.

    game: a market.aggregator.network.game.NetworkGame; everything else as AggregatorModel has it. A producer's sale is
    a positive number. `nodes`, `lines` and `generators` are agents to be seen: views on the last clearing, `cleared`,
    before the first round that without players; `grid` is the space, a node a cell.
    """

    shipped = SHIPPED
    one_price = False

    def __init__(self, game, **options):
        self.game = game = replace(game)  # what was cleared in another run would change the last digits
        super().__init__(game, **options)
        self.grid = Space(_graph(game.grid), capacity=None, random=self.random)
        self.nodes = [GridNode(self, number, self.grid[number]) for number in range(game.grid.nodes)]
        self.lines = [GridLine(self, number) for number in range(len(game.grid.lines))]
        self.generators = [Generator(self, number) for number in range(len(game.grid.generators))]

    @property
    def cleared(self):
        """The last clearing; before the first round that without any player."""
        return self.idle if self.outcome is None else self.outcome.cleared

    @cached_property
    def idle(self):
        """The clearing of the grid without players."""
        return self.game.operator.clear()

    @property
    def status(self):
        """How the run stands; once its gap has been searched, settled only at an equilibrium."""
        return endings.ending(self.ended, self.outcome)

    @property
    def advice(self):
        """What the status means and what a user can do."""
        return endings.advice(self.status, self.outcome, learns=self.judge is not None) + of_own(self.gaining)

    def _operator(self):
        return NetworkOperator(self)

    def _turns(self):
        return NetworkTurns(self)

    def learning(self, place, block):
        """The players of a block who learn, the first of them at a place among all players."""
        return PlacedLearners(self.game, block, slice(place, place + block.players))

    def gained_in(self, outcome):
        """Surplus of the learners' users and profits of producers who learn, money; not a number if nothing cleared."""
        if outcome.cleared.status is Status.INFEASIBLE:
            return np.nan
        return super().gained_in(outcome) + float(np.sum(outcome.profits[self.judge.players]))

    def _gap_of(self, y):
        """The gap of amounts of all players; infinite where no prices clear them."""
        cleared = self.cleared if np.array_equal(y, self.y) else clear(self.game, y).cleared
        return np.inf if cleared.status is Status.INFEASIBLE else super()._gap_of(y)

    def _certified(self, y):
        return certified(self.game, clear(self.game, y))

    def _judged(self):
        super()._judged()
        if self.ended != Status.RUNNING and self.outcome.cleared.status is Status.INFEASIBLE:
            self.ended = Status.INFEASIBLE

    def _seat_block(self, block, rows, places, who):
        if isinstance(who, type) and hasattr(who, "decide_many") and who.decide is Player.decide:
            raise SeatError(
                f"players: {block.name}: on a network each player has a price curve of its own; decide() is needed"
            )
        if sells(block):
            return self._players(block, places, who, Learner if block.name in self.conducts else Producer)
        return super()._seat_block(block, rows, places, who)

    def _heard(self, agent):
        seat, block, j = agent.seat, agent.seat.own, agent.seat.place
        rule, others = self.game.facing(j, self.y)
        own, known = float(self.y[j]), (self.round, float(self.outcome.paid[j]), others)
        if sells(block):
            return HeardOfSale(*known, own, float(self.outcome.profits[j]), rule, block)
        paid = payoffs(rule, block, others + own, self.y[j : j + 1], self.outcome.earned[self.rows_of(seat)])
        return Heard(*known, own, float(paid[0]), rule, block)

    def _reporters(self):
        """Columns as without a network, with rents and full lines; prices and flows where nodes and lines are few."""
        columns = super()._reporters()
        columns |= {name: partial(_of_cleared, name=name) for name in ("rent", "generation_cost")}
        columns["full lines"] = _full_lines
        for number, block in enumerate(self.game.blocks):
            columns[f"price {block.name}"] = partial(_group_price, number=number)
        grid = self.game.grid
        if grid.nodes <= MOST_COLUMNS:
            columns |= {f"price at {name}": partial(_at, what="prices", k=k) for k, name in enumerate(grid.names)}
        if len(grid.lines) <= MOST_COLUMNS:
            columns |= {f"flow {name}": partial(_at, what="flows", k=k) for k, name in enumerate(grid.line_names)}
        return columns

    def _agent_reporters(self):
        seen = {
            GridNode: attributes("name", "price", "demand", "withdrawn"),
            GridLine: attributes("name", "flow", "multiplier"),
            Generator: attributes("node", "output"),
            Producer: attributes("purchase", "profit"),
        }
        return (super()._agent_reporters() or {}) | seen


def _graph(grid):
    """Nodes by number, and the lines between them."""
    graph = nx.Graph()
    graph.add_nodes_from(range(grid.nodes))
    graph.add_edges_from(zip(grid.lines.tail.tolist(), grid.lines.head.tolist(), strict=True))
    return graph


def _of_cleared(model, name):
    return getattr(model.cleared, name)


def _full_lines(model):
    return int(np.sum(full_lines(model.cleared)))


def _group_price(model, number):
    return float(model.game.places[number] @ model.cleared.prices)


def _at(model, what, k):
    return float(getattr(model.cleared, what)[k])
