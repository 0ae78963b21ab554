"""Who acts on a network, and views on its nodes, lines and generators as the operator last cleared them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import mesa
import numpy as np
from mesa.discrete_space import CellAgent

from agents.aggregator.market_operator import MarketOperator
from agents.aggregator.players import SHIPPED as BUYERS
from agents.aggregator.players import Heard
from agents.seats import Player
from market.aggregator.network.certificate import certified
from market.aggregator.network.game import NetworkOutcome, clear
from market.aggregator.network.measures import full_lines
from market.aggregator.network.producers import Producers, best_sale


@dataclass(frozen=True, slots=True)
class HeardOfSale(Heard):
    """What a producer learns once a round is cleared; own: what it sold, payoff: its profit, money."""

    def payoff_at(self, purchases: float | np.ndarray) -> np.ndarray:
        """What other sales would have brought beside the same others, shape as given."""
        sales = np.asarray(purchases, dtype=float)
        price = np.asarray(self.rule.value(self.others + sales), dtype=float)
        return price * sales - self.player.spent(sales)


class Producer(Player):
    """Sells what is best for it along the price curve it believes in; its seat's own is the block of it alone."""

    @property
    def player(self) -> Producers:
        """Its capacity and cost."""
        return self.seat.own

    @property
    def purchase(self) -> float:
        """Its sale in the last round, a positive number."""
        return float(self.model.y[self.seat.place])

    @property
    def profit(self) -> float:
        """What it earned in the last round, money."""
        outcome = self.model.outcome
        return 0.0 if outcome is None else float(outcome.profits[self.seat.place])

    def decide(self) -> Any:
        """The sale that brings most."""
        return best_sale(self.view.rule, self.player, self.view.others, self.view.own)


class NetworkOperator(MarketOperator):
    """Clears a round at least cost: prices at the nodes, flows on the lines."""

    outcome: NetworkOutcome | None

    @property
    def price(self) -> float:
        """Mean price of the last outcome; before the first one, that of the hub without players."""
        return self._before if self.outcome is None else self.outcome.price

    @property
    def _before(self):
        game = self.model.game
        return float(game.grid.hub_weights @ self.model.idle.prices)

    def clear(self, y):
        """Turn all players' purchases and sales, shape (players,), into the round's outcome."""
        self.outcome = clear(self.model.game, y)
        return self.outcome

    def certify(self):
        """Search every player's regret, by its conduct and against the network, and note them; returns the gap."""
        self.outcome = certified(self.model.game, self.outcome)
        return self.outcome.gap


class GridNode(CellAgent):
    """A node: its price, and what is taken out and put in there."""

    def __init__(self, model: mesa.Model, number: int, cell: Any):
        super().__init__(model)
        self.number, self.cell = number, cell

    @property
    def name(self) -> str:
        """What the scenario calls it."""
        return self.model.game.grid.names[self.number]

    @property
    def price(self) -> float:
        """Price of energy here, money per unit."""
        return float(self.model.cleared.prices[self.number])

    @property
    def demand(self) -> float:
        """What players and fixed demand take out, energy."""
        return float(self.model.cleared.demand[self.number])

    @property
    def withdrawn(self) -> float:
        """What lines bring on balance, energy; negative: what they carry away."""
        return float(self.model.cleared.withdrawn[self.number])

    @property
    def shed(self) -> float:
        """Load that is not served, energy."""
        return float(self.model.cleared.shed[self.number])


class GridLine(mesa.Agent):
    """A line: its flow, positive from tail to head, its limit, and what another unit of limit would be worth."""

    def __init__(self, model: mesa.Model, number: int):
        super().__init__(model)
        self.number = number

    @property
    def name(self) -> str:
        """From-to, numbered where several lie side by side."""
        return self.model.game.grid.line_names[self.number]

    @property
    def ends(self) -> tuple[int, int]:
        """Numbers of tail and head."""
        lines = self.model.game.grid.lines
        return int(lines.tail[self.number]), int(lines.head[self.number])

    @property
    def limit(self) -> float:
        """The most it carries either way, energy."""
        return float(self.model.game.grid.lines.limit[self.number])

    @property
    def flow(self) -> float:
        """Energy from tail to head."""
        return float(self.model.cleared.flows[self.number])

    @property
    def multiplier(self) -> float:
        """Worth of another unit of limit, money; negative where it is full from head to tail."""
        return float(self.model.cleared.multipliers[self.number])

    @property
    def full(self) -> bool:
        """Does it carry all it can?"""
        return bool(full_lines(self.model.cleared)[self.number])


class Generator(mesa.Agent):
    """A generator that sells at cost, or a piece of one: its node, output and limits."""

    def __init__(self, model: mesa.Model, number: int):
        super().__init__(model)
        self.number = number

    @property
    def node(self) -> str:
        """Name of its node."""
        grid = self.model.game.grid
        return grid.names[grid.generators.node[self.number]]

    @property
    def capacity(self) -> float:
        """The most it makes, energy."""
        return float(self.model.game.grid.generators.capacity[self.number])

    @property
    def output(self) -> float:
        """What it makes, energy."""
        return float(self.model.cleared.generation[self.number])

    @property
    def surplus(self) -> float:
        """What it earns above its cost, money."""
        grid, q = self.model.game.grid, self.output
        price = float(self.model.cleared.prices[grid.generators.node[self.number]])
        return float((price - grid.generators.cost[self.number] - grid.rises[self.number] * q / 2) * q)


SHIPPED = (*BUYERS, Producer)
