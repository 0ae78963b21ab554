"""Markets of users who buy for themselves, solved and proven side by side, each with the bits it has alone.

A market's users are a row of arrays that hold all markets; sums run along rows, and a search that has ended in one
market goes on in the others (market/searches.py).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from functools import partial

import numpy as np

from market.aggregator.certificate import largest, single_moves
from market.aggregator.clearing import outcome_of
from market.aggregator.equilibrium import Solution, first_total
from market.aggregator.game import USERS_AT_ONCE, Block, Game
from market.aggregator.planner import best_total_welfare, best_welfare, planned, planned_surplus
from market.aggregator.reply import replies
from market.aggregator.roots import LAST_STEP, STRAYED, excess_reply, newtons_totals, prices_at, span
from market.arrays import Array
from market.outcome import CERTIFIED_GAP, Outcome, Status
from market.prices import PriceRule
from market.searches import together
from market.utilities import Utility


def are_side_by_side(game: Game) -> bool:
    """Can games like this one be solved here? Everybody then buys for itself at a straight price without kinks."""
    single = all(block.single and block.utility.closed_form(0.0) for block in game.blocks)
    return single and game.price.straight and not len(game.price.kinks) and game.levied is None


def solve_all(games: Sequence[Game]) -> list[Solution | None]:
    """What `market.aggregator.equilibrium.solve` makes of each of some games, None where that has to be asked.

    The games are alike: they have one price rule, and blocks of the same kinds and sizes (`are_side_by_side`).
    """
    each = max(1, USERS_AT_ONCE // games[0].users)
    parts = [games[k : k + each] for k in range(0, len(games), each)]
    for part in parts:
        plan_all(part)
    return [solution for part in parts for solution in _solved(part)]


def plan_all(games: Sequence[Game]) -> None:
    """Work out the yardsticks of some games like those of `solve_all`, which are then known of each."""
    blocks = _stacked([game.blocks for game in games])

    def demanded(prices, which):
        price = prices[:, None]
        wanted = (np.sum(block.utility.demand(price), axis=1) for block in _rows(blocks, which))
        return sum(wanted).tolist()

    for yardstick, asks in ((planned_surplus, planned), (best_total_welfare, best_welfare)):
        yardstick.known.update(zip(games, together([asks(game) for game in games], demanded), strict=True))


def _solved(games):
    rule, blocks = games[0].price, _stacked([game.blocks for game in games])
    spans = [span(rule, game.blocks, 0.0) for game in games]
    starts = [newtons_totals(*ends, first_total(game), LAST_STEP) for ends, game in zip(spans, games, strict=True)]
    totals = together(starts, partial(_answers, rule, blocks))
    known = [k for k, total in enumerate(totals) if total is not None]
    found: list[Solution | None] = [None] * len(games)
    if known:
        outcomes = _outcomes([games[k] for k in known], _rows(blocks, known), np.array([totals[k] for k in known]))
        for k, outcome in zip(known, outcomes, strict=True):
            if outcome.doubt <= CERTIFIED_GAP:
                found[k] = Solution(Status.SOLVED, outcome, (outcome,), (outcome,), True, False)
    return found


def _stacked(blocks: Sequence[tuple[Block, ...]]) -> list[Block]:
    """The blocks of some games as one game's, of which each has a row of users a game."""
    return [
        replace(same[0], utility=_with([one.utility for one in same], np.stack)) for same in zip(*blocks, strict=True)
    ]


def _with(utilities: Sequence[Utility], join: Callable[[list[Array]], Array]) -> Utility:
    """Some utilities as one, its arrays made of theirs."""
    first = utilities[0]
    return type(first)(*(join([getattr(one, field.name) for one in utilities]) for field in fields(first)))


def _rows(blocks, which):
    """The blocks of some of the games."""
    if len(which) == len(blocks[0].utility):
        return blocks
    return [replace(block, utility=block.utility.take(which)) for block in blocks]


def _answers(rule: PriceRule, blocks: Sequence[Block], totals: Array, which: list[int]) -> list[tuple]:
    """F, its slope and no excess of multipliers at a total of each of some games."""
    prices = prices_at(rule, totals)
    value, slope = excess_reply(_rows(blocks, which), prices, totals)
    told = zip(value.tolist(), slope.tolist(), strict=True)
    fine = (prices.slope > 0) & np.isfinite(prices.slope)
    return [(*one, 0.0) if well else STRAYED for one, well in zip(told, fine.tolist(), strict=True)]


def _outcomes(games: Sequence[Game], blocks: Sequence[Block], totals: Array) -> list[Outcome]:
    """The outcome of every game at its root, with the gap."""
    rule = games[0].price
    prices = prices_at(rule, totals)
    x = [replies(block, prices)[0] for block in blocks]
    rows = zip(games, np.concatenate(x, axis=1), prices.value.tolist(), *_moves(rule, blocks, x), strict=True)
    outcomes = []
    for game, y, price, regrets, purchases in rows:
        outcome = outcome_of(game, y, y.copy(), price)
        outcomes.append(replace(outcome, gap=largest(regrets), regrets=regrets, moves=purchases, proven=True))
    return outcomes


def _moves(rule, blocks, x):
    """Regrets and best purchases, each of shape (games, users); x: what each block's users buy, (games, its users)."""
    totals = np.sum(np.concatenate(x, axis=1), axis=1, keepdims=True)
    found = []
    for block, bought in zip(blocks, x, strict=True):
        outside, utility = np.maximum(totals - bought, 0.0), _with([block.utility], np.ravel)
        moves = single_moves(rule, utility, outside.ravel(), bought.ravel(), len(bought))
        found.append((moves.regrets.reshape(bought.shape), moves.purchases.reshape(bought.shape)))
    return [np.concatenate(told, axis=1) for told in zip(*found, strict=True)]
