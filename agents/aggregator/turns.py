"""Who acts when in a round: agents one by one, neighbours who best-respond worked out together to the same bits."""

from functools import cached_property, partial

import numpy as np

from agents.aggregator.players import Aggregator, Crowd, LargeUser, SmallUser, View
from agents.market_model import shown
from agents.seats import Player, SeatError
from market.aggregator.best_response import PricedOut, best_responses
from market.aggregator.game import USERS_AT_ONCE
from market.aggregator.rounds import Row, are_purchases, move_together, take_exact_turns, take_turns, wrong_part
from market.arrays import LARGEST

IN_ROWS = (Aggregator, SmallUser, LargeUser)  # agents whose best responses are worked out together


class Turns:
    """The turns of a model's agents: in order, in random order or all together, as the model's `order` says."""

    def __init__(self, model):
        self.model = model
        self._price, self._held = None, None
        self._faced = np.full(model.game.players, np.nan)

    def play(self):
        """Play a round: (purchases after it, what players wanted), shapes (players,); raises PricedOut, SeatError."""
        model, many = self.model, len(self._standing[0])
        self._price, self._held = model.operator.price, model.y
        self._faced = np.full(model.game.players, np.nan)
        if model.order == "together":
            y, target = move_together(self._in_order(np.arange(many)), model.y, model.damping)
            return (y if model.judge is None else target), target
        seats = list(self._in_order(model.draws.permutation(many) if model.order == "random" else np.arange(many)))
        if model.judge is None:
            return take_turns(seats, model.y, range(len(seats)), model.damping)
        y = take_exact_turns(seats, model.y, range(len(seats)))
        return y, y

    def seen(self, place):
        """What a player who acts in a row saw when it decided last, a View; None before."""
        if not self._faced[place] >= 0:
            return None
        faced, held = float(self._faced[place]), float(self._held[place])
        return View(self.model.round, faced, held, self._price, self.model.game.price)

    def answer(self, agent, decide, view, players):
        """What an agent answers to what it observes; raises SeatError unless that is a purchase for each player."""
        agent.observe(view)
        try:
            answer = decide()
        except PricedOut as priced_out:
            priced_out.player = agent
            raise
        if not are_purchases(answer, players):
            raise SeatError(
                f"round {view.round}: {agent.called} {agent.unique_id} of group {agent.group!r} decided "
                f"{shown(wrong_part(answer))} where purchases from 0 to {LARGEST:g} are needed, {players} of them"
            )
        return answer

    @cached_property
    def _standing(self):
        """Who acts, one by one: (first places, numbers of blocks whose players act in rows or -1, {index: seat}).

        In random order a crowd's users mix with all others.
        """
        model, mixed = self.model, self.model.order == "random"
        places, blocks, alone = [], [], {}
        fit = [_fits_in_rows(block) for block in model.game.blocks]
        kinds = (*IN_ROWS, Crowd) if mixed else IN_ROWS
        block_of = np.repeat(np.arange(len(fit)), [block.players for block in model.game.blocks]).tolist()
        for where, agent in model.seats:
            in_rows = model.judge is None and type(agent) in kinds and fit[block_of[where.start]]
            some = range(where.start, where.stop)
            if not in_rows and mixed and decides_for_several(agent) and hasattr(agent, "decide_one"):
                alone |= {len(places) + k: self._one_of(agent, k, place) for k, place in enumerate(some)}
            elif not in_rows:
                some, alone[len(places)] = some[:1], (where, self._turn(agent))
            places += some
            blocks += [block_of[where.start] if in_rows else -1] * len(some)
        return np.array(places, dtype=int), np.array(blocks, dtype=int), alone

    def _in_order(self, order):
        """(Where, decision) of all who act, by their indices, neighbours of one block as a Row."""
        places, blocks, alone = self._standing
        game, number = self.model.game, blocks[order]
        cuts = np.flatnonzero((number[1:] != number[:-1]) | (number[1:] < 0)) + 1
        for run in np.split(order, cuts):
            if blocks[run[0]] < 0:
                yield alone[run[0]]
                continue
            block, first = game.blocks[blocks[run[0]]], game.player_slices[blocks[run[0]]].start
            yield places[run], Row(partial(self._reply, places[run], block.picked(places[run] - first)))

    def _reply(self, places, block, some, outside, now):
        """Best responses of some players of a row, their places and block; what they see is noted."""
        self._faced[places[some]] = outside
        return best_responses(self.model.game.price, block.players_from(some), outside, now)

    def _turn(self, agent):
        """The decision of an agent as a function of the others' total and its present purchases."""
        several = decides_for_several(agent)
        return partial(self._decision, agent, agent.decide_many if several else agent.decide, several)

    def _one_of(self, agent, number, place):
        """The seat of one of the players that an agent decides for."""
        return slice(place, place + 1), partial(self._decision, agent, partial(agent.decide_one, number), False)

    def _decision(self, agent, decide, several, outside, now):
        """What an agent decides to buy; raises SeatError unless that is a purchase for each of its players."""
        own = now.copy() if several else float(now[0])
        view = View(self.model.round + 1, outside, own, self._price, self.model.game.price)
        return self.answer(agent, decide, view, len(now))


def decides_for_several(agent):
    """Does an agent decide for several players at once?"""
    return hasattr(agent, "decide_many") and (agent.seat.own.players > 1 or type(agent).decide is Player.decide)


def _fits_in_rows(block):
    """Do a block's players have the same bits, and nobody that is priced out, when they are worked out together?"""
    closed = block.single or (block.objective.closed_form(block.utility) and not block.objective.literal)
    return closed and block.sizes.max() <= USERS_AT_ONCE
