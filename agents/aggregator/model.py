"""The Mesa model of the aggregator game: one step is one round of Algorithm 1."""

from functools import cached_property, partial

import numpy as np

from agents.aggregator import columns
from agents.aggregator.learners import Learner, LearnerGroup, mind_of
from agents.aggregator.market_operator import MarketOperator
from agents.aggregator.players import SHIPPED, Aggregator, Crowd, Heard, LargeUser, SmallUser, User
from agents.aggregator.stretch import Stretch
from agents.aggregator.trajectory import Trajectory, kept_of
from agents.aggregator.turns import Turns, decides_for_several
from agents.collector import Collector
from agents.market_model import MarketModel
from agents.seats import Player, Seat, SeatError, check_groups, seated, who_gain
from market.aggregator import endings
from market.aggregator.best_response import PricedOut
from market.aggregator.clearing import certified, clear, clear_rounds
from market.aggregator.learners import Learners, all_wanted
from market.aggregator.learning import LearningGroup, play_groups
from market.aggregator.payoff import payoffs
from market.aggregator.rounds import Watch, check_rounds
from market.aggregator.side_payments import pay_each_other
from market.conduct import Dice
from market.conduct.judge import Judge
from market.outcome import Status, of_own

MOST_SEATS = 10_000  # players of a group who sit one by one, where no higher agent_threshold says so
MOST_AT_ONCE = 1 << 19  # users times rounds that are played at once


class AggregatorModel(MarketModel):
    """Aggregators, large and small users who best-respond to a price that rises with total purchases.

    game: a market.aggregator.game.Game; rng: numpy Generator of the order of activation; rounds: limit; tolerance:
    settled when no undamped best response moves further than this share of the total; order: "in-turn", "random" or
    "together"; damping: share of the way to the best response; start: first purchases, shape (players,);
    agent_threshold: above this many users an agent holds its users as a block; players: {group: who sits there} (see
    docs/agents.md), everybody else best-responds, or decides by what `conducts` says: {group: market.conduct.Conduct}.
    Where some do who learn, the run has all its rounds, `judge` (a market.conduct.judge.Judge) tells what they reached,
    and `judging` by what. streams: where the agents' random numbers come from.

    After each step: `y`, `outcome`, `status`, `round`, `datacollector`, and the users' trajectories.
    """

    shipped = SHIPPED  # classes of agents that are not one's own
    one_price = True  # does one price meet all, so that a group can decide as one?

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
        conducts=None,
        judging=None,
    ):
        super().__init__(streams)
        check_rounds(order, damping)
        self.game, self.order, self.damping = game, order, damping
        self.draws = np.random.default_rng(0) if rng is None else rng
        self.y = np.zeros(game.players) if start is None else np.array(start, dtype=float)
        if self.y.shape != (game.players,) or not np.all(self.y >= 0):
            raise ValueError(f"start must hold {game.players} purchases >= 0, one for each player")
        check_groups(players, (block.name for block in game.blocks))
        check_groups(conducts, (block.name for block in game.blocks), "conducts")
        self.conducts = {group: conduct for group, conduct in (conducts or {}).items() if conduct.learns}
        if self.conducts and damping != 1:
            raise ValueError(f"damping={damping!r} goes with best responses only, not with conducts")
        self.rounds, self.watch = rounds, Watch(order, tolerance, rounds)
        self.round, self.ended, self.move, self.blame = 0, Status.RUNNING, 0.0, None
        self.individual, self.agent_threshold = game.users <= agent_threshold, agent_threshold
        self._minds = {}
        self.operator, self._users, self.seats = self._operator(), [], []
        for parts in self._layout():
            self.seats += self._seat_block(*parts, (players or {}).get(parts[0].name))
        self.own = [agent for _, agent in self.seats if self._is_own(agent)]
        self.turns = self._turns()
        self.gained = []  # surplus of the learners' users by round
        learning = self._learning_groups(players)
        self.judge = Judge(learning, rounds, judging) if learning else None
        self.trajectory = Trajectory(
            game.users, rounds, np.float64 if self.individual else np.float32, kept_of(game.blocks)
        )
        self.datacollector = Collector(
            columns.USERS if self.individual else (),
            model_reporters=self._reporters(),
            agenttype_reporters=self._agent_reporters(),
        )

    @property
    def outcome(self):
        """The last cleared outcome, None before the first round."""
        return self.operator.outcome

    @property
    def status(self):
        """How the run stands; once its gap has been searched, settled only at an equilibrium."""
        return endings.ending(self.ended, self.outcome)

    @property
    def advice(self):
        """What the status means and what a user can do."""
        return endings.advice(self.status, learns=self.judge is not None) + of_own(self.gaining)

    @property
    def gaining(self):
        """What players of one's own are called who gain by purchases they did not decide on, once that is known."""
        if self.status != Status.INACCURATE or self.outcome.regrets is None:
            return []
        return who_gain((agent, self.outcome.regrets[where]) for where, agent in self.seats if self._is_own(agent))

    def _is_own(self, agent):
        return type(agent) not in self.shipped

    @property
    def promised(self):
        """The largest gap the status allows, None where it promises none."""
        return endings.promised(self.status) if self.judge is None else self.judge.promised

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
        before, groups = self.y, [group for groups in self._minds.values() for group in groups]
        for group in groups:
            group.decide(self.y, self.rounds)
        try:
            self.y, target = self.turns.play()
        except PricedOut as priced_out:
            self._stop_infeasible(priced_out)
            return
        self.round += 1
        self.move = float(np.max(np.abs(target - before)))
        if self.judge is None:
            self._end_or_settle(before, target)
        else:
            self._judged()
        self.running = self.ended == Status.RUNNING
        self.trajectory.add(self.outcome)
        for group in groups:
            group.learn(self.y)
        for agent in self.own:
            agent.told(self._heard(agent))
        self.datacollector.collect(self)
        if self.individual:
            self.datacollector.fold(partial(self._later, self.steps, self.round, self.outcome))

    def play_on(self):
        """Play the rounds up to the next whose gap is worked out, all at once where nobody else needs to be asked."""
        many = min(self.judge.until_due, MOST_AT_ONCE // self.game.users) if self._learners_alone else 1
        if many > 1:
            self._play_at_once(many - 1)
        self.step()

    @cached_property
    def _learners_alone(self):
        """Do all players learn, at one price, each beside nothing but totals?"""
        learn = self.judge is not None and all(type(agent) in (Learner, LearnerGroup) for _, agent in self.seats)
        return learn and self.one_price and not pay_each_other(self.game.blocks)

    def _play_at_once(self, many):
        """Play so many rounds, none of which is judged by its gap, without asking the agents."""
        groups = [group for block in self.game.blocks for group in self.minds_of(block.name)]
        rounds = play_groups(groups, self.y, many, self.rounds)
        told = self.judge.add_all(rounds)
        stretch = Stretch(self.game, self.round, self.y, clear_rounds(self.game, rounds), told)
        self.gained += np.take(stretch.outcome.s, self._learning_rows, axis=1).sum(axis=1).tolist()
        self.trajectory.add_all(stretch.outcome)
        self.datacollector.collect_rounds(stretch, partial(self._records, self.steps + 1, stretch))
        self.y, self.round, self.steps = rounds[-1].copy(), self.round + many, self.steps + many
        self.operator.clear(self.y)

    def _records(self, first, stretch):
        """Rows of the agents' tables in rounds that were played at once, as agents.collector.Records; first: step."""
        kinds = self.datacollector.agenttype_reporters
        return {
            first + k: self._rows(first + k, stretch.round[k], stretch.outcome_of(k), kinds)
            for k in range(len(stretch.y))
        }

    def _later(self, step, number, outcome):
        """The same of a round and the classes of agents that were not asked in it."""
        return {step: self._rows(step, number, outcome, self.datacollector.later)}

    def _rows(self, step, number, outcome, kinds):
        agents = {kind: self.agents_by_type.get(kind, ()) for kind in kinds}
        return {
            kind: [(step, agent.unique_id, *self._row(agent, number, outcome)) for agent in found]
            for kind, found in agents.items()
        }

    def _row(self, agent, number, outcome):
        if isinstance(agent, User):
            return float(outcome.x[agent.row]), float(outcome.s[agent.row])
        heard = self._heard_in(agent, number, outcome)
        return heard.own, heard.payoff

    def _end_or_settle(self, before, target):
        """Clear a round of best responses, and see whether the run has ended."""
        self.ended = self.watch.status(self.round, before, target, self.y)
        if self.ended == Status.SETTLED:
            self.y = target  # all of the way: what damping would leave is a regret, however small
        self.operator.clear(self.y)
        if self.ended == Status.SETTLED and self.certify:
            self.operator.certify()

    def _judged(self):
        """Clear a round in which somebody learns, and have it judged."""
        self.operator.clear(self.y)
        self.judge.add(self.y)
        self.gained.append(self.gained_in(self.outcome))
        self.judge.certify(self._gap_of)
        self.ended = self.judge.status

    def _gap_of(self, y):
        """The gap of purchases of all players."""
        if np.array_equal(y, self.y):
            return self.operator.certify()
        return self._certified(y).gap

    def _certified(self, y):
        """The outcome of purchases of all players, with its gap."""
        return certified(self.game, clear(self.game, y))

    def learning(self, place, block):
        """The players of a block who learn, the first of them at a place among all players."""
        return Learners(self.game.price, block, slice(place, place + block.players), self._wanted)

    def minds_of(self, group):
        """The players of a group who learn, as market.aggregator.learning.Groups that decide at once."""
        if group not in self._minds:
            parts = zip(self.game.blocks, self.game.player_slices, strict=True)
            block, where = next((block, where) for block, where in parts if block.name == group)
            self._minds[group] = [self._mind(block, where.start, some, part) for some, part in self._taught(block)]
        return self._minds[group]

    def mind_at(self, place):
        """The LearningGroup of the player at a place among all."""
        parts = zip(self.game.blocks, self.game.player_slices, strict=True)
        name = next(block.name for block, where in parts if place < where.stop)
        return next(group for group in self.minds_of(name) if place < group.learners.where.stop)

    def _mind(self, block, first, some, part):
        dice = Dice([self.streams.of(block.name, f"player {number}") for number in range(some.start, some.stop)])
        return LearningGroup(self.learning(first + some.start, part), self.conducts[block.name], dice)

    def _taught(self, block):
        """(Which of a block's players, their block) of those who can be asked at once: all who face one price."""
        if self.one_price:
            return block.unmixed_parts
        return [(slice(k, k + 1), block.player(k)) for k in range(block.players)]

    @cached_property
    def _wanted(self):
        """What all players want, each alone in the market."""
        return all_wanted(self.game)

    def mind(self, place):
        """What the player at a place among all has in mind: an agents.aggregator.learners.Mind, None if it has none.

        Whoever does not learn has none, and nobody before the first round.
        """
        agent = next(agent for where, agent in self.seats if place < where.stop)
        return mind_of(agent, place) if isinstance(agent, Learner | LearnerGroup) else None

    def gained_in(self, outcome):
        """Surplus of the learners' users in an outcome, money."""
        return float(outcome.s[self._learning_rows].sum())

    @cached_property
    def _learning_rows(self):
        """Rows of the users whose players learn, an array."""
        found = [np.arange(rows.start, rows.stop) for _, rows, places in self._layout() if self._learn_at(places)]
        return np.concatenate([np.empty(0, dtype=int), *found])

    def _learn_at(self, places):
        """Do the players of a block learn? places: where they are among all."""
        return places.stop > places.start and places.start in self.judge.players

    def _learning_groups(self, players):
        """Whoever decides by a conduct, as the judge looks at them: groups with players of one's own left out."""
        parts = zip(self.game.blocks, self.game.player_slices, strict=True)
        return [
            self.learning(where.start + some.start, part)
            for block, where in parts
            if block.name in self.conducts and (players or {}).get(block.name) is None
            for some, part in block.unmixed_parts
        ]

    def user(self, row):
        """The agent of the user in a row of the population, made on request in large populations."""
        if not 0 <= row < self.game.users:
            raise IndexError(f"user {row} of {self.game.users}")
        if self.individual:
            return self._users[row]
        for block, rows, places in self._layout():
            if row < rows.stop:
                alone = block.single and block.kind != "aggregator"
                return self._user(block, rows, places, row - rows.start, alone)

    def rows_of(self, seat):
        """Rows of the population that a player, or a block of them, buys for: a slice."""
        block, rows, places = next(parts for parts in self._layout() if seat.place < parts[2].stop)
        first = seat.place - places.start
        last = first + seat.own.players - 1
        return slice(int(rows.start + block.starts[first]), int(rows.start + block.starts[last] + block.sizes[last]))

    def _operator(self):
        """Who clears the rounds."""
        return MarketOperator(self)

    def _turns(self):
        """Who acts when."""
        return Turns(self)

    def _layout(self):
        return zip(self.game.blocks, self.game.user_slices, self.game.player_slices, strict=True)

    def _seat_block(self, block, rows, places, who):
        """The deciding agents of one block, as (where in y, agent)."""
        alone = block.single and block.kind != "aggregator"
        if self.individual and not alone:
            self._users += [self._user(block, rows, places, k, False) for k in range(block.users)]
        learns = block.name in self.conducts
        if who is None and self.one_price and not self.individual and (alone or learns):
            who = LearnerGroup if learns else Crowd
        made = self._players(block, places, who, Learner if learns else _user_type(block) if alone else Aggregator)
        if self.individual and alone:
            mine = {agent.seat.number: agent for _, agent in made if isinstance(agent, User)}
            self._users += [mine.get(k) or self._user(block, rows, places, k, False) for k in range(block.users)]
        return made

    def _players(self, block, places, who, usual):
        most = max(self.agent_threshold, MOST_SEATS)
        if _decides_for_many(who, block.players > most):
            (agent,) = seated(self, [Seat(block.name, 0, places.start, block)], who)
            return [(places, agent)]
        if who is not None and block.players > most:
            raise SeatError(
                f"players: {block.name} has {block.players} seats, more than {most}; a class with decide_many(), which "
                "decides for all of them at once, or a higher agent_threshold is needed"
            )
        seats = [Seat(block.name, j, places.start + j, block.player(j)) for j in range(block.players)]
        agents = seated(self, seats, who, usual)
        return [(slice(agent.seat.place, agent.seat.place + 1), agent) for agent in agents]

    def _user(self, block, rows, places, number, alone):
        """The agent of one user of a block, with a place at the market where it buys for itself."""
        if alone:
            return _user_type(block)(self, Seat(block.name, number, places.start + number, block.player(number)))
        return _user_type(block)(self, Seat(block.name, number, None), block, rows.start + number)

    def _heard(self, agent):
        """What an agent learns of the last outcome."""
        return self._heard_in(agent, self.round, self.outcome)

    def _heard_in(self, agent, number, outcome):
        """What an agent learns of the outcome of a round, by its number."""
        seat, block, total = agent.seat, agent.seat.own, float(outcome.y.sum())
        own = outcome.y[seat.place : seat.place + block.players].copy()
        paid = payoffs(self.game.price, block, total, own, outcome.earned[self.rows_of(seat)])
        if not decides_for_several(agent):
            own, paid = float(own[0]), float(paid[0])
        others = max(total - float(np.sum(own)), 0.0)
        return Heard(number, outcome.price, others, own, paid, self.game.price, block)

    def _stop_infeasible(self, priced_out):
        seat = priced_out.player.seat
        self.ended, self.running = Status.INFEASIBLE, False
        user = int(self.rows_of(seat).start + priced_out.user)
        self.blame = {"player": self.game.player_name(seat.place), "user": user}

    def _reporters(self):
        """Columns of what is collected of each round."""
        return columns.of_rounds(self)

    def _agent_reporters(self):
        """Columns of the agents' tables."""
        return columns.of_agents(self)


def _user_type(block):
    return LargeUser if block.kind == "large" else SmallUser


def _decides_for_many(who, large):
    """Is it a class that decides for all players of a group at once, and has to or can do nothing else?"""
    able = isinstance(who, type) and hasattr(who, "decide_many")
    return able and (large or getattr(who, "decide", Player.decide) is Player.decide)
