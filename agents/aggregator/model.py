"""The Mesa model of the aggregator game: one step is one round of Algorithm 1."""

from functools import partial

import mesa
import numpy as np

from agents.aggregator.market_operator import MarketOperator
from agents.aggregator.players import Aggregator, Crowd, LargeUser, SmallUser
from agents.market_model import MarketModel, attributes, shown
from market.aggregator.best_response import PricedOut
from market.aggregator.clearing import ending
from market.aggregator.rounds import ORDERS, Watch, are_purchases, move_together, take_turns, wrong_part
from market.measures import gini, jain
from market.outcome import Status

MOST_COLUMNS = 50  # players with a column of their own in the collected data
MOST_REMEMBERED = 50_000_000  # users times rounds kept as trajectories


class AggregatorModel(MarketModel):
    """Aggregators, large and small users who best-respond to a price that rises with total purchases.

    game: a market.aggregator.game.Game; rng: numpy Generator of the order of activation; rounds: limit; tolerance:
    settled when no undamped best response moves further than this share of the total; order: "in-turn", "random" or
    "together"; damping: share of the way to the best response; start: first purchases, shape (players,);
    agent_threshold: above this many users an agent holds its users as a block.

    After each step: `y`, `outcome`, `status`, `round`, `datacollector`, and the users' trajectories.
    """

    def __init__(
        self,
        game,
        *,
        rng=None,
        rounds=100,
        tolerance=1e-8,
        order="in-turn",
        damping=1.0,
        start=None,
        agent_threshold=10_000,
        streams=None,
        players=None,
    ):
        super().__init__(streams)
        if order not in ORDERS:
            raise ValueError(f"order={order!r} is not one of {', '.join(ORDERS)}")
        if not 0 < damping <= 1:
            raise ValueError(f"damping={damping!r} must be in (0, 1]")
        self.game, self.order, self.damping = game, order, damping
        self.draws = np.random.default_rng(0) if rng is None else rng
        self.y = np.zeros(game.players) if start is None else np.array(start, dtype=float)
        if self.y.shape != (game.players,) or not np.all(self.y >= 0):
            raise ValueError(f"start must hold {game.players} purchases >= 0, one for each player")
        self.watch = Watch(order, tolerance, rounds)
        self.round, self.ended, self.move, self.blame = 0, Status.RUNNING, 0.0, None
        self.individual = game.users <= agent_threshold
        self.operator = MarketOperator(self)
        self.seats = [seat for number in range(len(game.blocks)) for seat in self._seat_block(number)]
        self.trajectory = Trajectory(game.users, rounds, np.float64 if self.individual else np.float32)
        self.datacollector = mesa.DataCollector(
            model_reporters=self._reporters(), agenttype_reporters=self._user_reporters()
        )

    @property
    def outcome(self):
        """The last cleared outcome, None before the first round."""
        return self.operator.outcome

    @property
    def status(self):
        """How the run stands; once its gap has been searched, settled only at an equilibrium."""
        return ending(self.ended, self.outcome)

    @property
    def cycle(self):
        """How many rounds a cycle takes, None where there is none."""
        return self.watch.cycle

    @property
    def gap(self):
        """Largest relative regret of the present purchases, searched when first asked for; None if undefined."""
        if self.outcome is None or self.ended == Status.INFEASIBLE:
            return None
        return self.outcome.gap if self.outcome.gap is not None else self.operator.certify()

    def step(self):
        """Play one round: players decide, the operator clears, the data collector records. Nothing once ended."""
        if not self.running:
            return
        before = self.y
        try:
            self.y, target = self._play()
        except PricedOut as priced_out:
            self._stop_infeasible(priced_out)
            return
        self.round += 1
        self.move = float(np.max(np.abs(target - before)))
        self.ended = self.watch.status(self.round, before, target, self.y)
        if self.ended == Status.SETTLED:
            self.y = target  # all of the way: what damping would leave is a regret, however small
        self.operator.clear(self.y)
        if self.ended == Status.SETTLED and self.certify:
            self.operator.certify()
        self.running = self.ended == Status.RUNNING
        self.trajectory.add(self.outcome)
        self.datacollector.collect(self)

    def user(self, row):
        """The agent of the user in a row of the population, made on request in large populations."""
        if not 0 <= row < self.game.users:
            raise IndexError(f"user {row} of {self.game.users}")
        if self.individual:
            return self._users[row]
        for block, rows, seats in self._layout():
            if row < rows.stop:
                seat = seats.start + row - rows.start if block.single else None
                return _user_type(block)(self, block, row - rows.start, row, seat)

    def _layout(self):
        return zip(self.game.blocks, self.game.user_slices, self.game.player_slices, strict=True)

    def _seat_block(self, number):
        """The deciding agents of one block, as (where in y, agent)."""
        block, rows, seats = list(self._layout())[number]
        if block.single and block.kind != "aggregator":
            if self.individual:
                users = self._make_users(block, rows, seats)
                return [(slice(user.seat, user.seat + 1), user) for user in users]
            return [(seats, Crowd(self, block, seats, rows))]
        stops = rows.start + np.append(block.starts, block.users)
        if self.individual:
            self._make_users(block, rows, None)
        return [
            (
                slice(seats.start + j, seats.start + j + 1),
                Aggregator(self, block, j, seats.start + j, slice(*stops[j : j + 2])),
            )
            for j in range(block.players)
        ]

    def _make_users(self, block, rows, seats):
        made = [
            _user_type(block)(self, block, place, rows.start + place, None if seats is None else seats.start + place)
            for place in range(block.users)
        ]
        self._users = [*getattr(self, "_users", []), *made]
        return made

    def _play(self):
        seats = [(where, partial(self._decision, agent, agent.decide)) for where, agent in self.seats]
        if self.order == "together":
            return move_together(seats, self.y, self.damping)
        if self.order == "in-turn":
            return take_turns(seats, self.y, range(len(seats)), self.damping)
        seats = [seat for where, agent in self.seats for seat in self._single_seats(where, agent)]
        return take_turns(seats, self.y, self.draws.permutation(len(seats)), self.damping)

    def _single_seats(self, where, agent):
        """One seat for every player, so that a crowd's users mix with all others in random order."""
        if not isinstance(agent, Crowd):
            return [(where, partial(self._decision, agent, agent.decide))]
        return [
            (slice(seat, seat + 1), partial(self._decision, agent, partial(agent.decide_one, place)))
            for place, seat in enumerate(range(where.start, where.stop))
        ]

    def _decision(self, agent, decide, outside, now):
        """What an agent decides to buy; raises ValueError unless that is a purchase for each of its players."""
        answer = decide(outside, now)
        if not are_purchases(answer, len(now)):
            raise ValueError(
                f"round {self.round + 1}: {type(agent).__name__} {agent.unique_id} of group "
                f"{getattr(agent, 'group', '')!r} decided {shown(wrong_part(answer))} "
                f"where finite purchases >= 0 are needed, {len(now)} of them"
            )
        return answer

    def _stop_infeasible(self, priced_out):
        agent = priced_out.player
        self.ended, self.running = Status.INFEASIBLE, False
        self.blame = {"player": self.game.player_name(agent.seat), "user": int(agent.rows.start + priced_out.user)}

    def _reporters(self):
        """Columns of the collected data: each picklable, computed from the last outcome."""
        columns = {"round": "round", "status": "status", "move": "move"}
        columns |= {name: partial(_of_outcome, name=name) for name in ("price", "quantity", "welfare", "unserved")}
        columns |= {name: partial(_of_surplus, measure=measure) for name, measure in (("jain", jain), ("gini", gini))}
        for number, block in enumerate(self.game.blocks):
            columns[f"consumption {block.name}"] = partial(_group_mean, what="x", number=number)
            columns[f"surplus {block.name}"] = partial(_group_mean, what="s", number=number)
        if self.game.players <= MOST_COLUMNS:
            columns |= {
                f"purchase {self.game.player_name(j)}": partial(_purchase, j=j) for j in range(self.game.players)
            }
        else:
            columns["purchases"] = _purchases
        return columns

    def _user_reporters(self):
        return {kind: attributes("quantity", "surplus") for kind in (SmallUser, LargeUser)} if self.individual else None


class Trajectory:
    """Quantities and surpluses of every user after each round; only the last one where all would not fit in memory."""

    def __init__(self, users, rounds, dtype):
        self.dtype, self.whole = dtype, users * rounds <= MOST_REMEMBERED
        self._x, self._s = [], []

    def add(self, outcome):
        """Remember an outcome."""
        if not self.whole:
            self._x.clear()
            self._s.clear()
        self._x.append(outcome.x.astype(self.dtype))
        self._s.append(outcome.s.astype(self.dtype))

    @property
    def quantities(self):
        """Quantities by round and user, shape (rounds, users)."""
        return np.array(self._x, dtype=self.dtype)

    @property
    def surpluses(self):
        """Surpluses by round and user, in money, shape (rounds, users)."""
        return np.array(self._s, dtype=self.dtype)


def _user_type(block):
    return LargeUser if block.kind == "large" else SmallUser


def _of_outcome(model, name):
    return getattr(model.outcome, name)


def _of_surplus(model, measure):
    return float(measure(model.outcome.s))


def _group_mean(model, what, number):
    return float(np.mean(getattr(model.outcome, what)[model.game.user_slices[number]]))


def _purchase(model, j):
    return float(model.y[j])


def _purchases(model):
    return model.y.copy()
