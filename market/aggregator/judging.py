"""Purchases that somebody else worked out, judged: an equilibrium or not, who would move, which equilibrium is near."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from market.aggregator.allocation import split_at
from market.aggregator.best_response import PricedOut, best_response
from market.aggregator.clearing import certified, clear, outcome_of
from market.aggregator.game import Block, Game
from market.aggregator.payoff import payoff
from market.arrays import Array
from market.outcome import CERTIFIED_GAP, Outcome
from market.prices import PriceRule

SAME_SPLIT = 1e-6  # of a player's purchase: a split this close is its own


class Verdict(StrEnum):
    """What purchases of others amount to."""

    EQUILIBRIUM = "equilibrium"
    SHORT = "short"
    NOT_EQUILIBRIUM = "not-equilibrium"
    INFEASIBLE = "infeasible"
    UNCLEARED = "uncleared"

    @property
    def meaning(self) -> str:
        """What it means, in a sentence."""
        return MEANING[self]


MEANING = {
    Verdict.EQUILIBRIUM: "No player gains more than the gap, a share of its payoff, by another purchase.",
    Verdict.SHORT: "No player gains more than the gap by another purchase, but purchases exceed what can be served.",
    Verdict.NOT_EQUILIBRIUM: "Some player gains more than 1e-6 of its payoff by another purchase.",
    Verdict.INFEASIBLE: "The others alone price out a user of a player whose objective is then minus infinity, "
    "whatever it buys; set surplus_offset above 0.",
    Verdict.UNCLEARED: "The network cannot carry these purchases and sales, or its prices could not be worked out.",
}


@dataclass(frozen=True)
class Move:
    """What a player would rather buy: its place among all, its purchase and the better one, and what that gains.

    gain: in the unit of its payoff, money where `in_money` (at alpha = 0, under max-min, and where the others price out
    all its users), infinite from a payoff of minus infinity. Where `to` is the present purchase, its users would rather
    split it otherwise.
    """

    player: int
    now: float
    to: float
    gain: float
    in_money: bool


@dataclass(frozen=True, eq=False)
class Judged:
    """Purchases with their gap.

    proven: is the verdict beyond a search? That somebody gains is, by the move; that nobody does, where the gap is an
    upper bound. move: of who gains most as a share of its payoff, None where no purchase helps it.
    """

    verdict: Verdict
    outcome: Outcome
    proven: bool
    move: Move | None


def judged(game: Game, y: Array, x: Array | None = None) -> Judged:
    """Purchases y, shape (players,), judged; their split x, shape (users,), is each player's own where it is None."""
    game = game.unmixed
    price = float(game.price.value(float(np.sum(y))))
    outcome = certified(game, clear(game, y) if x is None else outcome_of(game, y, x, price))
    worst, regrets, moves = told(outcome)
    player, now = game.player(worst), float(y[worst])
    others = max(float(np.sum(y)) - now, 0.0)
    try:
        tried = np.array([moves[worst], best_response(game.price, player, others, now)])
    except PricedOut:
        return Judged(Verdict.INFEASIBLE, outcome, True, None)
    gains = gains_of(game.price, player, others, tried, outcome.earned[game.rows_of(worst)])
    move = best_of(worst, now, tried, gains, float(regrets[worst]), is_money(game.price, player, others))
    return Judged(verdict_of(outcome), outcome, outcome.doubt > CERTIFIED_GAP or outcome.proven, move)


def told(outcome: Outcome) -> tuple[int, Array, Array]:
    """(Who regrets most, all regrets, all moves) of a certified outcome; raises ValueError for one that is not."""
    if outcome.regrets is None or outcome.moves is None:
        raise ValueError("who would move is told of certified outcomes alone")
    return int(np.argmax(outcome.regrets)), outcome.regrets, outcome.moves


def gains_of(rule: PriceRule, player: Block, others: float, tried: Array, surplus: Array) -> Array:
    """What purchases gain over present surpluses, shape (users,), of a block of one player.

    Where the others price out all its users, to buy nothing is best and brings back what they lose.
    """
    counted = player.utility.reservation > float(rule.right_value(others))
    if not np.any(counted):
        return np.where(tried == 0, float(np.sum(np.maximum(-surplus, 0.0))), 0.0)
    return payoff(rule, player, others, tried) - float(player.objective.value(surplus, counted, player)[0])


def is_money(rule: PriceRule, player: Block, others: float) -> bool:
    """Is what a player gains an amount of money?"""
    nobody = float(np.max(player.utility.reservation)) <= float(rule.right_value(others))
    return nobody or player.objective.welfare or player.objective.common_surplus


def best_of(player: int, now: float, tried: Array, gains: Array, regret: float, in_money: bool) -> Move:
    """The best of several moves; to stay where none gains."""
    best = int(np.argmax(gains))
    gain = float(gains[best]) if np.isfinite(regret) else np.inf
    return Move(player, now, *((float(tried[best]), gain) if gain > 0 else (now, 0.0)), in_money)


def verdict_of(outcome: Outcome) -> Verdict:
    """Equilibrium or not by the gap alone; short where part of an equilibrium's purchases is unserved."""
    if outcome.doubt > CERTIFIED_GAP:
        return Verdict.NOT_EQUILIBRIUM
    return Verdict.SHORT if outcome.unserved > 0 else Verdict.EQUILIBRIUM


def own_splits(blocks: Sequence[Block], prices: Sequence[float], y: Sequence[Array], x: Sequence[Array]) -> list[float]:
    """How far each block's split is from its players' own of the same purchases, as a share of a player's purchase.

    (Li, Motoki, Zhang, section II-C.) prices, y, x: one entry a block; y of shape (players,), x of shape (users,).
    """
    return [_away_from_own(*part) for part in zip(blocks, prices, y, x, strict=True)]


def _away_from_own(block, price, y, x):
    away = block.by_player(np.maximum, np.abs(x - split_at(block, price, y)))
    return float(np.max(np.where(y > 0, away / np.where(y > 0, y, 1.0), 0.0)))
