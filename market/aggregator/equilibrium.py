"""Equilibria found directly: every root of the aggregate reply, each kept only if no player regrets it.

A root of F(Y) = Σ_j y_j(Y) − Y satisfies every player's first-order condition, no more; it may be a lower peak or a
valley for some player (docs/aggregator/model.md).
"""

from dataclasses import dataclass

import numpy as np

from market.aggregator.allocation import lowest_roof, quantities
from market.aggregator.best_response import PricedOut, best_response
from market.aggregator.clearing import CERTIFIED, certified, clear, outcome_of
from market.aggregator.reply import Prices, replies
from market.aggregator.roots import LAST_STEP, MOST_CELL_USERS, Root, Scan, newton, scan, span
from market.aggregator.rounds import take_turns
from market.outcome import Outcome, Status

SAMPLE = 4096
TRIED = 32  # prices
MOST_REPLYING = 200  # players whose shares of a kink's total are looked for by replies in turn
REPLIES = 30


@dataclass(frozen=True, eq=False)
class Solution:
    """What the direct search found.

    outcome: the certified equilibrium of highest welfare, or the candidate with the least gap; equilibria: all
    certified outcomes by total, candidates: all roots; unique: True, False or None (not known); continuum: is a whole
    line of profiles in equilibrium at the same total?
    """

    status: Status
    outcome: Outcome
    equilibria: tuple
    candidates: tuple
    unique: bool | None
    continuum: bool


def solve(game, certify=True, last_step=LAST_STEP):
    """All equilibria of a game by the aggregate reply (docs/aggregator/model.md).

    Up to MOST_CELL_USERS users in fair aggregators every cell is scanned and `unique` can be known; above, one root is
    found by Newton's method, which ends with a step below `last_step` times the total. Without `certify` the first root
    is returned with its gap unknown.
    """
    game = game.unmixed
    found = find_roots(game, certify, last_step)
    outcomes = [outcome_at(game, root, certify) for root in found.roots] or [nobody_buys(game)]
    if not certify:
        return Solution(Status.SOLVED, outcomes[0], (), tuple(outcomes), None, False)
    for k, root in enumerate(found.roots):
        if root.at_kink and outcomes[k].gap > CERTIFIED:
            outcomes[k] = other_shares(game, outcomes[k])
    kept = tuple(outcome for outcome in outcomes if outcome.gap <= CERTIFIED)
    if not kept:
        best = min(outcomes, key=lambda outcome: outcome.gap)
        return Solution(Status.NO_EQUILIBRIUM, best, (), tuple(outcomes), None, False)
    continuum = any(
        has_continuum(game, root) for root, outcome in zip(found.roots, outcomes, strict=False) if outcome in kept
    )
    unique = False if len(kept) > 1 or continuum else (True if found.exhaustive else None)
    best = max(kept, key=lambda outcome: outcome.welfare)
    return Solution(Status.SOLVED, best, kept, tuple(outcomes), unique, continuum)


def find_roots(game, thorough=True, last_step=LAST_STEP):
    """Every root where the market is small enough to scan, one root by Newton's method elsewhere."""
    rule, blocks = game.price, game.blocks
    fair = sum(block.users for block in blocks if not block.single and block.alpha > 0)
    if len(rule.kinks) or (thorough and 0 < fair <= MOST_CELL_USERS):
        return scan(rule, blocks)
    low, high = span(rule, blocks, 0.0)
    total, z = newton(rule, blocks, 0.0, low, high, first_total(game), last_step)
    if total is None:
        return scan(rule, blocks)
    return Scan(
        (Root(float(total), float(rule.value(total)), float(rule.left_slope(total)), False, 0.0, z),), fair == 0
    )


def first_total(game):
    """Rough total for Newton's method to start from: where price-taking demand of a sample of users meets the price."""
    price = game.highest_reservation * np.linspace(0, 1, TRIED + 1)[1:]
    steps = [max(1, block.users // SAMPLE) for block in game.blocks]
    wanted = sum(
        step * block.utility.take(slice(None, None, step)).demand(price[:, None]).sum(axis=1)
        for block, step in zip(game.blocks, steps, strict=True)
    )
    return float(game.price.supply(price[np.argmax(wanted <= game.price.supply(price))] - price[0] / 2))


def outcome_at(game, root, certify=True):
    """The outcome in which every player plays its reply at a root."""
    prices = Prices(
        np.array([root.price]),
        np.array([root.slope]),
        np.atleast_1d(np.asarray(game.price.curvature(root.total), float)),
    )
    known = root.multipliers or [None] * len(game.blocks)
    y, x = zip(*(_block_reply(block, prices, z) for block, z in zip(game.blocks, known, strict=True)), strict=True)
    return appraised(game, np.concatenate(y), np.concatenate(x), root.price, certify)


def _block_reply(block, prices, z):
    """Purchases (players,) and quantities (users,) of a block; the multipliers' last step is taken here if known."""
    price = prices.value[:, None]
    if block.single:
        x = replies(block, prices)[0][0]
        return x, x.copy()
    if prices.slope[0] == 0:
        x = block.utility.demand(prices.value[0])
        return block.by_player(np.add, x), x
    z = replies(block, prices)[2] if z is None else z
    roof = lowest_roof(block, price)
    x = np.concatenate(
        [
            quantities(
                piece,
                price,
                z[:, player],
                None if roof is None else tuple(part[:, player] for part in roof),
                block.objective,
            )[0]
            for piece, player in block.pieces
        ]
    )
    return block.by_player(np.add, x), x


def other_shares(game, outcome):
    """At a kink no common slope may give the right shares of the total: replies in turn look for others there.

    Returns the outcome they settle at if it is certified and has the same total, else the given one.
    """
    if game.players > MOST_REPLYING:
        return outcome
    players = [game.player(j) for j in range(game.players)]
    seats = [
        (slice(j, j + 1), lambda others, now, player=player: best_response(game.price, player, others, float(now[0])))
        for j, player in enumerate(players)
    ]
    y = outcome.y
    try:
        for _ in range(REPLIES):
            y, _ = take_turns(seats, y, range(len(seats)), 1.0)
    except PricedOut:
        return outcome
    other = certified(game, clear(game, y))
    same = abs(other.quantity - outcome.quantity) <= 1e-9 * outcome.quantity
    return other if same and other.gap <= CERTIFIED else outcome


def nobody_buys(game):
    """The outcome without any purchase."""
    return appraised(game, np.zeros(game.players), np.zeros(game.users), float(game.price.right_value(0.0)), True)


def appraised(game, y, x, price, certify):
    """An outcome with, if asked for, its gap."""
    outcome = outcome_of(game, y, x, price)
    return certified(game, outcome) if certify else outcome


def has_continuum(game, root):
    """At a kink: do at least two players' replies differ between the two slopes, so that shares can be traded?"""
    if not root.at_kink or root.spread <= 1e-9:
        return False
    price = np.array([root.price])
    slopes = float(game.price.left_slope(root.total)), float(game.price.right_slope(root.total))
    sides = [
        np.concatenate([replies(block, Prices(price, np.array([slope]), np.zeros(1)))[0][0] for block in game.blocks])
        for slope in slopes
    ]
    return int(np.sum(sides[0] - sides[1] > 1e-9 * root.total)) > 1
