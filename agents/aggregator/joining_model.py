"""The Mesa model of users who leave and join aggregators: one step is one round of moves."""

from dataclasses import replace
from functools import partial

import mesa
import numpy as np

from agents.aggregator.columns import MOST_COLUMNS, of_outcome, transfer
from agents.aggregator.joining_players import Member, Registrar
from agents.aggregator.trajectory import Trajectory, kept_of
from agents.market_model import MarketModel, shown
from market.aggregator import endings
from market.aggregator.joining import game_of
from market.aggregator.side_payments import pay_each_other
from market.joining import FORESEES, MoveWatch, Moving, is_move, play
from market.outcome import Status


class JoiningModel(MarketModel):
    """Users who move between aggregators while that brings them surplus; the market is at equilibrium in between.

    joining: a market.aggregator.joining.Joining; membership: who starts where, shape (movers,); moving: inertia, order
    and least gain; foresight: a name in FORESEES; rng: numpy Generator of inertia and order; rounds: limit.

    In the first step the market opens as it is grouped; from the second on users move. After each step: `state`,
    `game`, `outcome`, `memberships` by round, `status`, `round`, `datacollector`, and the users' trajectories.
    """

    def __init__(
        self, joining, membership, *, moving=None, foresight="equilibrium", rng=None, rounds=100, streams=None
    ):
        super().__init__(streams)
        if foresight not in FORESEES:
            raise ValueError(f"foresight={foresight!r} is not one of {', '.join(FORESEES)}")
        self.joining, self.start = joining, membership
        self.moving = Moving() if moving is None else moving
        self.draws = np.random.default_rng(0) if rng is None else rng
        self.round, self.ended, self.moves, self.move = 0, Status.RUNNING, 0, 0.0
        self.ending = MoveWatch(self.moving, rounds)
        self.registrar = Registrar(self)
        self.members = [Member(self, number, foresight) for number in range(joining.movers)]
        self.trajectory = Trajectory(joining.users, rounds, np.float64, kept_of((*joining.offers, *joining.stayers)))
        self.memberships = []
        self.datacollector = mesa.DataCollector(model_reporters=self._reporters())

    @property
    def state(self):
        """The last membership with its market, None before the first round."""
        return self.registrar.state

    @property
    def game(self):
        """The game of the last membership, before the first round that of the first."""
        return game_of(self.joining, self.start)[0] if self.state is None else self.state.game

    @property
    def outcome(self):
        """The equilibrium of the last membership, None before the first round."""
        return None if self.state is None else self.state.outcome

    @property
    def status(self):
        """How the run stands; once its gap has been searched, settled only at an equilibrium."""
        return self.ended if self.state is None else endings.ending(self.ended, self.registrar.known)

    @property
    def advice(self):
        """What the status means and what a user can do."""
        return endings.advice(self.status, joins=True)

    @property
    def promised(self):
        """The largest gap the status allows, None where it promises none."""
        return endings.promised(self.status)

    @property
    def cycle(self):
        """How many rounds a cycle takes, None where there is none."""
        return self.ending.cycle

    @property
    def gap(self):
        """Largest relative regret of the last purchases, searched when first asked for."""
        return None if self.state is None else self.registrar.certify().gap

    def step(self):
        """Play one round: the market opens, or members move; the data collector records. Nothing once ended."""
        if not self.running:
            return
        before, wishes = self.state, self._open() if self.state is None else self._move()
        self.round += 1
        self.ended = self.ending.status(self.round, wishes, self.state.membership)
        if self.ended == Status.SETTLED and self.certify:
            self.registrar.certify()
        self.running = self.ended == Status.RUNNING
        self._remember(before)
        self.datacollector.collect(self)

    def _open(self):
        self.registrar.open(self.start)

    def _move(self):
        """One round of moves; returns how many members would have gained by one."""
        go = self.registrar.register
        _, wishes, moves = play(self.moving, self.state, self.joining.movers, self._decision, go, self.draws)
        self.moves += moves
        return wishes

    def _decision(self, state, who):
        """(Gain, offer) of the move a member would make; raises ValueError unless it is one that it can make."""
        answer, offers = self.members[who].best_move(state), len(self.joining.offers)
        if not is_move(answer, offers):
            raise ValueError(
                f"round {self.round + 1}: Member {who} decided {shown(answer)}; its gain, a number, and one of the "
                f"{offers} offers, a whole number from 0, are needed"
            )
        return answer

    def _remember(self, before):
        """Keep the round's membership and users' numbers; `move` is the largest change of a user's quantity."""
        x, s = self.state.by_user(self.outcome.x), self.state.by_user(self.outcome.s)
        paid = self.state.by_user(self.outcome.transfers) if self._pays else None
        self.move = float(np.max(np.abs(x - (0.0 if before is None else before.by_user(before.outcome.x)))))
        self.trajectory.add(replace(self.outcome, x=x, s=s, transfers=paid))
        self.memberships.append(self.state.membership)

    @property
    def _pays(self):
        return pay_each_other((*self.joining.offers, *self.joining.stayers))

    def _reporters(self):
        """Columns of the collected data: each picklable, computed from the last state."""
        columns = {"round": "round", "status": "status", "moves": "moves", "move": "move"}
        columns |= of_outcome()
        if self._pays:
            columns["transfer"] = transfer
        for number, offer in enumerate(self.joining.offers):
            columns[f"members {offer.name}"] = partial(_members, number=number)
        names = [offer.name for offer in self.joining.offers] + [block.name for block in self.joining.stayers]
        for name in names:
            columns[f"consumption {name}"] = partial(_group_mean, what="x", name=name)
            columns[f"surplus {name}"] = partial(_group_mean, what="s", name=name)
        players = [offer.name for offer in self.joining.offers if offer.kind == "aggregator"]
        players += [block.player_name(j) for block in self.joining.stayers for j in range(block.players)]
        columns |= {f"purchase {name}": partial(_purchase, name=name) for name in players[:MOST_COLUMNS]}
        return columns


def _members(model, number):
    return int(np.sum(model.state.membership == number))


def _group_mean(model, what, name):
    """Mean over a group's users, not a number where it has none."""
    for block, rows in zip(model.game.blocks, model.game.user_slices, strict=True):
        if block.name == name:
            return float(np.mean(getattr(model.outcome, what)[rows]))
    return np.nan


def _purchase(model, name):
    """The purchase of a player, 0 for an aggregator without members."""
    names = [block.player_name(j) for block in model.game.blocks for j in range(block.players)]
    return float(model.outcome.y[names.index(name)]) if name in names else 0.0
