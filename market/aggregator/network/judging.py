"""Purchases and sales on a network that somebody else worked out, judged by each player's own conduct."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

import numpy as np

from market.aggregator.best_response import PricedOut
from market.aggregator.game import Block
from market.aggregator.judging import Judged, Verdict, best_of, gains_of, is_money, told, verdict_of
from market.aggregator.network.certificate import certified
from market.aggregator.network.direct import reply
from market.aggregator.network.endings import UNCLEARED
from market.aggregator.network.facing import Rising
from market.aggregator.network.game import NetworkGame, NetworkOutcome, clear
from market.aggregator.network.producers import Producers
from market.arrays import Array
from market.outcome import CERTIFIED_GAP


def judged(game: NetworkGame, y: Array, x: Array | None = None) -> Judged:
    """Amounts y, shape (players,), judged; the buyers' split x, shape (users,), is their own where None is given."""
    outcome = clear(game, y) if x is None else shared(game, clear(game, y), x)
    if outcome.cleared.status in UNCLEARED:
        return Judged(Verdict.UNCLEARED, outcome, False, None)
    answers = [_answer(game, j, y) for j in range(game.players)]
    known = np.array([now if answer is None else answer for now, answer in zip(y, answers, strict=True)])
    outcome = certified(game, outcome, known)
    worst, regrets, moves = told(outcome)
    if answers[worst] is None:
        return Judged(Verdict.INFEASIBLE, outcome, True, None)
    tried = np.array([moves[worst], known[worst]])
    gains, in_money = _gains(game, outcome, worst, tried)
    move = best_of(worst, float(y[worst]), tried, gains, float(regrets[worst]), in_money)
    return Judged(verdict_of(outcome), outcome, outcome.doubt > CERTIFIED_GAP or peaks_once(game), move)


def _answer(game, j, y):
    """The solver's best amount of player j, None where the others alone make its objective minus infinity."""
    try:
        return reply(game, j, y)
    except PricedOut:
        return None


def shared(game: NetworkGame, outcome: NetworkOutcome, x: Array) -> NetworkOutcome:
    """The outcome with users' quantities x, shape (users,), in place of their players' own split."""
    parts = zip(game.blocks, game.player_slices, game.user_slices, strict=True)
    s = [
        block.utility.surplus(outcome.paid[players][0], x[users]) + 0.0
        for block, players, users in parts
        if isinstance(block, Block)
    ]
    return replace(outcome, x=x, s=np.concatenate([np.empty(0), *s]))


def _gains(game, outcome, j, tried):
    """(What player j gains by other amounts at the prices that it believes in, is that money?)."""
    rule, others = game.facing(j, outcome.y)
    player, now = game.player(j), float(outcome.y[j])
    if isinstance(player, Producers):
        amounts = np.append(tried, now)
        profit = rule.value(others + amounts) * amounts - player.spent(amounts)
        return profit[:-1] - profit[-1], True
    price = float(rule.value(others + now))
    surplus = player.utility.surplus(price, outcome.x[game.rows_of(j)])
    line = cast(Rising, rule)
    return gains_of(line, player, others, tried, surplus), is_money(line, player, others)


def peaks_once(game: NetworkGame) -> bool:
    """Is it known that every player's payoff has one peak? Where all take prices as given, and sums of surpluses."""
    return set(game.conducts) == {"nothing"} and all(
        block.objective.welfare for block in game.blocks if isinstance(block, Block)
    )
