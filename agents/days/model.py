"""The Mesa model of the aggregator game over days: in a step every player answers the others' day with its own."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import mesa
import numpy as np

from agents.aggregator.trajectory import Trajectory
from agents.days import columns
from agents.days.learners import LearningPlayer
from agents.days.players import SHIPPED, DayAggregator, DayHeard, DayOperator, DayPlan, DayView, Household
from agents.market_model import MarketModel, shown
from agents.seats import Player, Seat, SeatError, check_groups, seated, who_gain
from market.aggregator.days import endings, rounds
from market.aggregator.days.carrying import carried
from market.aggregator.days.learners import FAIR_DAYS, DayJudge
from market.aggregator.days.measures import by_user
from market.aggregator.days.outcome import clear, payoff_of
from market.aggregator.days.seats import Seats, certified
from market.aggregator.days.several import DaysOutcome
from market.aggregator.rounds import Watch, check_rounds
from market.arrays import LARGEST, Array, answered
from market.outcome import Status, of_own

BY_PERIOD = ("solar", "curtailed", "charged", "discharged", "level", "car", "shifted")  # sums over all users
PERIOD_COLUMNS = ("round", "day", "period", "price", "quantity", "background", *BY_PERIOD)


@dataclass(frozen=True, eq=False)
class Table(Seats):
    """The players at the table, each of whom is asked for its answer: ask(j, others, plan of player j)."""

    ask: Callable = None

    def reply(self, j: int, others: Array, plan: Array) -> Array:
        """What player j decides, as a plan of its users' days."""
        return self.ask(j, others, plan)

    def best(self, j: int, others: Array, plan: Array) -> Array:
        """The best day of player j against others' loads (periods,), its present plan where that is worse."""
        return super().reply(j, others, plan)


class RoundKept(NamedTuple):
    """What is remembered of every round: consumption and surplus of each user."""

    x: Array
    s: Array


class DaysModel(MarketModel):
    """Households and aggregators who decide whole days, an operator who clears every period.

    game: a market.aggregator.days.several.DaysGame; rng, rounds (of each day), tolerance, order, damping,
    agent_threshold, players, conducts, judging and streams as AggregatorModel has them. Each day settles before the
    next begins; whoever learns does so on one day, for the plain sum of its users' surpluses.

    After each step: `day`, `today` and `told`, what the last day as cleared amounts to; `outcome`, all days so far;
    `y`, net purchases (players, periods); `status`, `round`, `datacollector`, with a table "periods".
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
        agent_threshold=10_000,
        streams=None,
        players=None,
        conducts=None,
        judging=None,
    ):
        super().__init__(streams)
        check_rounds(order, damping)
        self.game, self.order, self.damping = game, order, damping
        self.tolerance, self.rounds = tolerance, rounds
        self.draws = np.random.default_rng(0) if rng is None else rng
        check_groups(players, (block.name for block in game.blocks))
        self.conducts = _learning(game, conducts, damping)
        self.individual = game.users <= agent_threshold
        self.round, self.move, self.outcome, self.told = 0, 0.0, None, {}
        self.past, self.endings = [], []  # (day, outcome) of days that are over; how days ended
        self.operator, self._users, self.seats = DayOperator(self), [], []
        self._begin(game.days[0])
        for parts in self._layout():
            self.seats += self._seat_block(*parts, (players or {}).get(parts[0].name))
        self.own = [agent for agent in self.seats if type(agent) not in SHIPPED]
        learners = [agent.learner for agent in self.seats if isinstance(agent, LearningPlayer)]
        self.gained = []  # surplus of the learners' users by round
        self.judge = DayJudge(learners, rounds, judging) if learners else None
        self.trajectory = Trajectory(game.users, rounds * len(game.days), np.float64 if self.individual else np.float32)
        self.datacollector = mesa.DataCollector(
            model_reporters=columns.of_rounds(self),
            agenttype_reporters=columns.of_agents(self),
            tables={"periods": PERIOD_COLUMNS},
        )

    @property
    def number(self):
        """Which day is played, from 0."""
        return len(self.past)

    @property
    def today(self):
        """The day's last outcome, None before its first round."""
        return self.operator.outcome

    @property
    def status(self):
        """How the run stands; once its gap has been searched, settled only at an equilibrium."""
        if self.running:
            return Status.RUNNING
        if self.judge is not None:
            return self.judge.status
        return endings.ending(self.endings, self.outcome.outcomes)

    @property
    def advice(self):
        """What the status means and what a user can do."""
        proven = self.outcome is not None and (self.outcome.proven or self.outcome.gap is None)
        return endings.advice(self.status, proven, learns=self.judge is not None) + of_own(self.gaining)

    @property
    def gaining(self):
        """What players of one's own are called who gain by days they did not decide on, once that is known."""
        if self.status != Status.INACCURATE:
            return []
        regrets = [outcome.regrets for outcome in self.outcome.outcomes if outcome.regrets is not None]
        return who_gain((agent, one[agent.seat.place]) for agent in self.own for one in regrets)

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
        """Largest relative regret of any day, searched when first asked for; None before the first round."""
        if self.outcome is None:
            return None
        self.past = [(day, _certified(day, outcome)) for day, outcome in self.past]
        if self.today is not None and self.today.gap is None:
            self.operator.certify()
        self._add_up()
        return self.outcome.gap

    def step(self):
        """Play one round: players decide, the operator clears, the data collector records. Nothing once ended."""
        if not self.running:
            return
        if len(self.endings) > len(self.past):
            self._begin_next()
        before = self.y
        self.plan, target = self._play()
        self.y = self._purchases()
        self.round += 1
        self.day_round += 1
        self.move = float(np.max(np.abs(target - before)))
        self.operator.clear(self.plan)
        ended = self.watch.status(self.day_round, before, target, self.y) if self.judge is None else self._judged()
        if ended != Status.RUNNING:
            self.endings.append(ended)
            if self.certify and ended == Status.SETTLED:
                self.operator.certify()
        self.running = len(self.endings) < len(self.game.days)
        self.told = by_user(self.day, self.today)
        self._add_up()
        self.trajectory.add(RoundKept(np.sum(self.told["consumption"], axis=1), self.today.s))
        for agent in self.own:
            agent.told(self._heard(agent))
        self._record_periods()
        self.datacollector.collect(self)

    def _judged(self):
        """Have a round judged in which somebody learns; returns how the run stands."""
        self.judge.live(self.today)
        self.gained.append(self.gained_in(self.today))
        self.judge.certify(self._gap_of)
        return self.judge.status

    def _gap_of(self, y):
        """The gap of the last round's purchases, of others that of the mean of all plans."""
        if np.array_equal(y, self.today.y.ravel()):
            return self.operator.certify().gap
        return certified(self.table, clear(self.day, self.judge.mean_plan)).gap

    def gained_in(self, outcome):
        """Surplus of the learners' users in a day's outcome, money."""
        return float(np.sum(outcome.s[np.isin(self.day.party.player_of, self.judge.players)]))

    def mind(self, place):
        """What the player at a place among all has in mind; None where it does not learn, or nothing was played."""
        return getattr(self.seats[place], "mind", None)

    def _add_up(self):
        """All days so far as one outcome."""
        played = [*self.past, (self.day, self.today)]
        self.outcome = DaysOutcome(*(tuple(part) for part in zip(*played, strict=True)))

    def _begin(self, day):
        self.day, self.table = day, Table(day, ask=self._ask)
        self.plan, self.day_round = rounds.start_plan(self.table), 0
        self.y = self._purchases()
        self.watch = Watch(self.order, self.tolerance, self.rounds)
        self.operator.outcome = None

    def _begin_next(self):
        today, outcome = self.day, self.today
        self.past.append((today, outcome))
        self._begin(carried(self.game.days[self.number], today, self.plan))

    def _purchases(self):
        party = self.day.party
        return party.by_player(party.purchases(self.plan))

    def user(self, row):
        """The agent of the home in a row of the population, made on request in large populations."""
        if not 0 <= row < self.game.users:
            raise IndexError(f"user {row} of {self.game.users}")
        if self.individual:
            return self._users[row]
        block, rows, places = next(parts for parts in self._layout() if row < parts[1].stop)
        if block.kind == "aggregator":
            return Household(self, Seat(block.name, row - rows.start, None), row)
        return self.seats[places.start + row - rows.start]

    def first_user(self, seat):
        """Row of the first home of a player."""
        return self.rows_of(seat).start

    def rows_of(self, seat):
        """Rows of the population that a player decides for: a slice."""
        block, rows, places = next(parts for parts in self._layout() if seat.place < parts[2].stop)
        first = seat.place - places.start
        return slice(int(rows.start + block.starts[first]), int(rows.start + block.starts[first + 1]))

    def _layout(self):
        return zip(self.game.blocks, self.game.user_slices, self.game.player_slices, strict=True)

    def _seat_block(self, block, rows, places, who):
        """The deciding agents of one block."""
        if isinstance(who, type) and hasattr(who, "decide_many") and who.decide is Player.decide:
            raise SeatError(f"players: {block.name}: each player has a day of its own; decide() is needed")
        alone = block.kind != "aggregator"
        seats = [Seat(block.name, j, places.start + j, block.player(j)) for j in range(block.players)]
        usual = LearningPlayer if block.name in self.conducts else Household if alone else DayAggregator
        made = seated(self, seats, who, usual)
        if self.individual:
            mine = {agent.row: agent for agent in made if isinstance(agent, Household)}
            self._users += [
                mine.get(row) or Household(self, Seat(block.name, row - rows.start, None), row)
                for row in range(rows.start, rows.stop)
            ]
        return made

    def _play(self):
        if self.order == "together":
            return rounds.together(self.table, self.plan, self.damping)
        many = self.game.players
        order = self.draws.permutation(many) if self.order == "random" else range(many)
        return rounds.in_turn(self.table, self.plan, order, self.damping)

    def _ask(self, j, others, plan):
        """What the agent of player j decides beside others' loads, as a plan; raises SeatError."""
        agent = self.seats[j]
        own = self.table.purchase(j, plan)
        price = self.operator.price
        agent.observe(DayView(self.round + 1, self.number, others, own, price, self.day.prices, self.day.clock))
        answer = agent.decide()
        if isinstance(answer, DayPlan):
            return self._whole(agent, answer.columns, plan)
        return self._split(agent, j, others, answer)

    def _whole(self, agent, columns, plan):
        if np.shape(columns) != plan.shape or not np.all(np.isfinite(columns)):
            raise self._wrong(agent, columns, f"a plan of {len(plan)} finite numbers, as best_day gives it, is needed")
        return columns

    def _split(self, agent, j, others, answer):
        """The plan with which a player buys what it said in each period."""
        many = self.day.periods
        if not _are_energies(answer, many):
            raise self._wrong(agent, answer, f"{many} finite net purchases, one for each period, are needed")
        found = self.table.split(j, others, np.asarray(answer, dtype=float))
        if found is None:
            raise self._wrong(agent, answer, "purchases that its devices can make something of are needed")
        return found

    def _wrong(self, agent, answer, needed):
        who = f"{agent.called} {agent.unique_id} of group {agent.group!r}"
        return SeatError(f"round {self.round + 1}: {who} decided {shown(answer)}, where {needed}")

    def _heard(self, agent):
        """What an agent learns of the last outcome."""
        j, outcome = agent.seat.place, self.today
        others, block = outcome.load - self.y[j], self.day.player(j)
        payoff = payoff_of(block, outcome.earned[self.rows_of(agent.seat)])
        known = self.round, self.number, outcome.price, others, self.y[j].copy()
        return DayHeard(*known, payoff, self.day.prices, block)

    def _record_periods(self):
        """A row of the table "periods" for each period of the round."""
        sums = {name: np.sum(self.told[name], axis=0) for name in BY_PERIOD}
        sums |= {"price": self.today.price, "quantity": np.sum(self.y, axis=0), "background": self.day.background}
        for t in range(self.day.periods):
            here = {"round": self.round, "day": self.number, "period": t}
            self.datacollector.add_table_row("periods", here | {name: float(row[t]) for name, row in sums.items()})


def _learning(game, conducts, damping):
    """{group: conduct} of those who learn; raises ValueError where they cannot."""
    check_groups(conducts, (block.name for block in game.blocks), "conducts")
    found = {group: conduct for group, conduct in (conducts or {}).items() if conduct.learns}
    if found and damping != 1:
        raise ValueError(f"damping={damping!r} goes with best responses only, not with conducts")
    if found and len(game.days) > 1:
        raise ValueError(f"conducts: got {len(game.days)} days; players learn on one day")
    for block in game.blocks:
        why = found[block.name].not_over_days if block.name in found else ""
        if block.name in found and not block.welfare:
            why = FAIR_DAYS
        if why:
            raise ValueError(f"conducts: {block.name}: {why}")
    return found


def _certified(day, outcome):
    return outcome if outcome.gap is not None else certified(Seats(day), outcome)


def _are_energies(answer, periods):
    """Is an answer a number of at most LARGEST for each period?"""
    values = answered(answer)
    if values is None or values.dtype.kind == "b" or values.shape != (periods,):
        return False
    return bool(np.all(np.abs(values.astype(float)) <= LARGEST))
