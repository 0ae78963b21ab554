"""The Mesa model of a microgrid: one step is the next ad hoc trades, or one period."""

from functools import partial

import mesa
import networkx as nx
import numpy as np
from mesa.discrete_space import Network as Space

from agents.market_model import MarketModel, attributes, shown
from agents.microgrid.owners import GROUP, Owner, heard_by, least_offer, offer_of, owners_seats, rents_of, view_of
from agents.microgrid.players import GridOperator, MicrogridNode, Neighbours, Owners, PrivateLine, PublicLine
from agents.seats import check_groups, seated
from market.microgrid import endings
from market.microgrid.behaviours.behaviour import LineByLine
from market.microgrid.dispatch import fits
from market.outcome import Status

MOST_LINE_AGENTS = 10_000  # lines above which none has an agent of its own
TRADING_ROUNDS = 50  # rounds that all lines' trades are spread over where nothing is said


class MicrogridModel(MarketModel):
    """Nodes, owners of private lines, and the operator of the public grid.

    market: a market.microgrid.market.Microgrid; rounds: limit; lines_per_round: ad hoc trades a step, None: one on
    small networks, all within TRADING_ROUNDS on large ones. With several periods a step is a period. players: who owns
    private lines, as {"owners": who} (agents/microgrid/owners.py); the rest are owners that ship. Raises SeatError.

    After each step: `network` and `dispatch` of the period, `outcome`, `status`, `round`, `outcomes` of the periods
    ended, `datacollector`. With players also `players`, `most`, what they let flow on each private line, p.u., and
    `heard`, what each owner heard, by its node.
    """

    def __init__(self, market, *, rng=None, rounds=100, lines_per_round=None, streams=None, players=None):
        super().__init__(streams)
        self.market, self.rounds = market, rounds
        self.network, self.round, self.status = market.at(0), 0, Status.RUNNING
        self.outcomes = []
        self.grid = Space(_graph(self.network), capacity=1, random=self.random)
        self.operator = GridOperator(self)
        self.nodes = [MicrogridNode(self, number, self.grid[number]) for number in range(self.network.nodes)]
        self.lines = _line_agents(self)
        self.owners = self._owners(lines_per_round)
        self.players = self._seated(players)
        self.most, self.heard = None, {}
        self.datacollector = mesa.DataCollector(
            model_reporters={"round": "round", "period": "period", "status": "status"}
            | {name: partial(_of_dispatch, name=name) for name in COLUMNS}
            | {"payments": _paid},
            agenttype_reporters={MicrogridNode: attributes("put_in", "price", "payment", "gain")}
            | {type(player): OWNERS_COLUMNS for player in self.players},
        )

    @property
    def line_by_line(self):
        """Do private lines trade one after another, so that owners may offer amounts?"""
        return isinstance(self.market.behaviour, LineByLine)

    @property
    def outcome(self):
        """The last cleared outcome, None before the first step."""
        return self.operator.outcome

    @property
    def dispatch(self):
        """The last cleared dispatch, None before the first step."""
        return None if self.outcome is None else self.outcome.dispatch

    @property
    def period(self):
        """Number of the period being played, from 0."""
        return max(self.round - 1, 0) if self.market.periods > 1 else 0

    @property
    def gap(self):
        """Largest gap of the periods ended and of the present one; None where nobody can be served."""
        return endings.gap(one for one in (*self.outcomes, self.outcome) if one is not None)

    @property
    def advice(self):
        """What the status means and what a user can do."""
        return endings.advice(self.status)

    @property
    def promised(self):
        """The largest gap the status allows, None where it promises none."""
        return endings.promised(self.market, self.status)

    def step(self):
        """Play one round: the owners decide, the operator clears, the data collector records. Nothing once ended."""
        if not self.running:
            return
        self.round += 1
        if self.market.periods > 1:
            self.network = self.market.at(self.period)
        offers = self._offers()
        dispatch, over = self._decision()
        self.operator.clear(dispatch, self.most)
        self._tell(offers)
        if over:
            self.outcomes.append(self.outcome)
        self.status = self._status()
        self.running = self.status == Status.RUNNING
        self.datacollector.collect(self)

    def _seated(self, players):
        """The owners as agents of their own, none where only those that ship decide."""
        check_groups(players, (GROUP,))
        if not players:
            return []
        return seated(self, owners_seats(self.network.private), players[GROUP], Owner)

    def _offers(self):
        """What each player lets flow on its lines; `most` of all lines follows. Raises SeatError."""
        offers = []
        for player in self.players:
            player.observe(view_of(self, player.seat))
            offers.append(offer_of(player.decide(), player, self.round, self.line_by_line))
        if self.players:
            seats = [player.seat for player in self.players]
            self.most = least_offer(len(self.network.private), seats, offers)
        return offers

    def _tell(self, offers):
        """Let each player hear what came of the round."""
        rents = rents_of(self.outcome) if self.players else None
        for player, offer in zip(self.players, offers, strict=True):
            self.heard[player.seat.number] = heard_by(player.seat, offer, self.outcome, rents)
            player.hear(self.heard[player.seat.number])

    def _decision(self):
        """What the owners decide; raises ValueError unless it is a dispatch of the network, and whether all is over."""
        answer = self.owners.decide()
        if not (isinstance(answer, tuple) and len(answer) == 2 and fits(answer[0], self.network)):
            raise ValueError(
                f"round {self.round}: {type(self.owners).__name__} {self.owners.unique_id} decided {shown(answer)}; "
                f"a Dispatch with finite flows on {len(self.network.private)} private and {len(self.network.public)} "
                "public lines is needed, and whether the period is over"
            )
        return answer

    def _status(self):
        if len(self.outcomes) == self.market.periods:
            return self.market.ending(self.outcomes, self.certify)
        return Status.ROUND_LIMIT if self.round >= self.rounds else Status.RUNNING

    def _owners(self, lines_per_round):
        stepwise = self.line_by_line and self.market.periods == 1
        if not stepwise:
            return Owners(self)
        spread = -(-len(self.network.private) // TRADING_ROUNDS)
        return Neighbours(self, lines_per_round or max(spread, 1))


def _node(player):
    return player.seat.number


def _lines_offered(player):
    return int(np.count_nonzero(player.model.heard[player.seat.number].offer))


def _rent(player):
    return player.model.heard[player.seat.number].rent


def _payment(player):
    return player.model.heard[player.seat.number].payment


OWNERS_COLUMNS = {"node": _node, "lines_offered": _lines_offered, "rent": _rent, "payment": _payment}
COLUMNS = ("loss", "public_loss", "private_loss", "grid_supply", "gap")


def _of_dispatch(model, name):
    return getattr(model.dispatch, name)


def _paid(model):
    return None if model.outcome.payments is None else float(model.outcome.payments.agents.sum())


def _graph(network):
    """A networkx Graph of all nodes, joined where a line of either kind joins them."""
    graph = nx.Graph()
    graph.add_nodes_from(range(network.nodes))
    for lines in (network.public, network.private):
        graph.add_edges_from(zip(lines.tail.tolist(), lines.head.tolist(), strict=True))
    return graph


def _line_agents(model):
    network = model.network
    if len(network.public) + len(network.private) > MOST_LINE_AGENTS:
        return []
    public = [PublicLine(model, number) for number in range(len(network.public))]
    return public + [PrivateLine(model, number) for number in range(len(network.private))]
