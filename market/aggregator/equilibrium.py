"""Equilibria found directly: every root of the aggregate reply, each kept only if no player regrets it.

A root of F(Y) = Σ_j y_j(Y) − Y satisfies every player's first-order condition, no more; it may be a lower peak or a
valley for some player (docs/aggregator/model.md).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from market.aggregator.allocation import lowest_roof, quantities
from market.aggregator.bounds import nothing_else
from market.aggregator.certificate import gap
from market.aggregator.clearing import certified, clear, outcome_of
from market.aggregator.game import Game
from market.aggregator.kinks import COARSE_ENDS, FINE_ENDS, MOST_PLAYERS, Known, best_sets, holds, play, shares, sides
from market.aggregator.reply import Prices, eager, replies
from market.aggregator.roots import LAST_STEP, MOST_CELL_USERS, Root, Scan, common_slope, newton, scan, span
from market.arrays import Array
from market.outcome import CERTIFIED_GAP, Outcome, Status

MOST_SAMPLED_USERS = 4096
PRICES_TRIED = 32  # prices
SAME_PURCHASES = 1e-6  # purchases this close, as a share of the total, count as the same


@dataclass(frozen=True, eq=False)
class Solution:
    """What the direct search found.

    outcome: the certified equilibrium of highest welfare, or the candidate with the least gap; equilibria: all
    certified outcomes by total, candidates: all roots; unique: True, False or None (not known); continuum: is a whole
    line of profiles in equilibrium at the same total?
    """

    status: Status
    outcome: Outcome
    equilibria: tuple[Outcome, ...]
    candidates: tuple[Outcome, ...]
    unique: bool | None
    continuum: bool


def solve(game: Game, certify: bool = True, last_step: float = LAST_STEP, prove: bool = True) -> Solution:
    """All equilibria of a game by the aggregate reply (docs/aggregator/model.md, The direct solution).

    Up to MOST_CELL_USERS users in fair aggregators every cell is scanned and `unique` can be known; above, one root is
    found by Newton's method, which ends with a step below `last_step` times the total. Without `certify` the first root
    is returned with its gap unknown; without `prove` nothing is claimed of what else there may be.
    """
    game = game.unmixed
    found = find_roots(game, certify, last_step)
    outcomes = [outcome_at(game, root, certify) for root in found.roots] or [nobody_buys(game)]
    if not certify:
        return Solution(Status.SOLVED, outcomes[0], (), tuple(outcomes), None, False)
    sure, continuum = found.exhaustive and prove, False
    for k, root in enumerate(found.roots):
        if root.at_kink:
            outcomes[k], line, settled = at_kink(game, root, outcomes[k], prove)
            sure, continuum = sure and settled, continuum or line
    for outcome, line in on_flats(game):
        outcomes.append(outcome)
        sure, continuum = sure and line, continuum or line
    kept = apart([outcome for outcome in outcomes if outcome.doubt <= CERTIFIED_GAP])
    if sure and not continuum and len(kept) < 2:
        sure = shares_fall(game) or nothing_else(game.price, game.blocks, found.roots)
    if not kept:
        best = min(outcomes, key=lambda outcome: outcome.doubt)
        return Solution(Status.NO_EQUILIBRIUM if sure else Status.NOT_FOUND, best, (), tuple(outcomes), None, False)
    unique = False if len(kept) > 1 or continuum else (True if sure else None)
    best = max(kept, key=lambda outcome: outcome.welfare)
    return Solution(Status.SOLVED, best, kept, tuple(outcomes), unique, continuum)


def apart(outcomes: Iterable[Outcome]) -> tuple[Outcome, ...]:
    """The outcomes whose purchases differ."""
    kept: list[Outcome] = []
    for outcome in outcomes:
        if all(np.max(np.abs(outcome.y - other.y)) > SAME_PURCHASES * outcome.quantity for other in kept):
            kept.append(outcome)
    return tuple(kept)


def find_roots(game: Game, thorough: bool, last_step: float) -> Scan:
    """Every root where the market is small enough to scan, one root by Newton's method elsewhere."""
    rule, blocks = game.price, game.blocks
    fair = sum(block.users for block in blocks if not block.objective.welfare)
    if len(rule.kinks) or (thorough and 0 < fair <= MOST_CELL_USERS):
        return scan(rule, blocks)
    low, high = span(rule, blocks, 0.0)
    total, z = newton(rule, blocks, 0.0, low, high, first_total(game), last_step)
    if total is None:
        return scan(rule, blocks)
    return Scan((Root(float(total), float(rule.value(total)), float(rule.left_slope(total)), False, z),), fair == 0)


def first_total(game: Game) -> float:
    """Rough total for Newton's method to start from: where price-taking demand of a sample of users meets the price."""
    price = game.highest_reservation * np.linspace(0, 1, PRICES_TRIED + 1)[1:]
    steps = [max(1, block.users // MOST_SAMPLED_USERS) for block in game.blocks]
    wanted = sum(
        step * block.utility.take(slice(None, None, step)).demand(price[:, None]).sum(axis=1)
        for block, step in zip(game.blocks, steps, strict=True)
    )
    return float(game.price.supply(price[np.argmax(wanted <= game.price.supply(price))] - price[0] / 2))


def outcome_at(game: Game, root: Root, certify: bool = True) -> Outcome:
    """The outcome in which every player plays its reply at a root."""
    slope = common_slope(game.price, game.blocks, root.total) if root.at_kink else root.slope
    prices = Prices(
        np.array([root.price]), np.array([slope]), np.atleast_1d(np.asarray(game.price.curvature(root.total), float))
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


def at_kink(game: Game, root: Root, outcome: Outcome, prove: bool) -> tuple[Outcome, bool, bool]:
    """An equilibrium at a kink if there is one, given the outcome with one slope for all.

    Returns (the outcome, is it one of a line of equilibria, is it known whether there are others at this kink)
    (docs/aggregator/model.md, Kinks).
    """
    total, ends = root.total, sides(game.price, game.blocks, root.total)
    outcome = rescaled(game, outcome, total)
    fine = outcome.doubt <= CERTIFIED_GAP
    if fine and play(*ends, total) <= SAME_PURCHASES * total:
        return outcome, False, True
    if fine and has_line(game, outcome, ends):
        return outcome, True, True
    if game.players > MOST_PLAYERS or (fine and not prove):
        return outcome, False, False
    regrets = gap(game, outcome.y, outcome.x)[1]
    order = np.argsort(-regrets, kind="stable").tolist()
    known: list[Known] = [{} for _ in regrets]
    for precision in (COARSE_ENDS, FINE_ENDS):
        sets = best_sets(game, total, precision, order, known)
        y = None if fine else shares([held.best for held in sets], total)
        if y is not None:
            other = certified(game, clear(game, y))
            outcome, fine = (other, True) if other.doubt <= CERTIFIED_GAP else (outcome, False)
        if fine and has_line(game, outcome, hull_of([held.best for held in sets])):
            return outcome, True, True
        if not fine and not holds([held.left for held in sets], total):
            return outcome, False, True
    left = [held.left for held in sets]
    if not fine:
        return outcome, False, not holds(left, total)
    return outcome, False, play(*hull_of(left), total) <= SAME_PURCHASES * total


def hull_of(sets: Sequence[list[tuple[float, float]]]) -> tuple[Array, Array]:
    """The least and the most of every set, shapes (players,)."""
    low, high = np.array([(pieces[0][0], pieces[-1][1]) if pieces else (np.inf, -np.inf) for pieces in sets]).T
    return low, high


def on_flats(game: Game) -> Iterator[tuple[Outcome, bool]]:
    """Equilibria on flat stretches of the price where max-min players do not care how much exactly they buy.

    Yields (outcome, is it one of a line of equilibria) for every stretch that may hold such a line
    (docs/aggregator/model.md, Flat prices).
    """
    indifferent = np.concatenate([np.full(b.players, b.objective.common_surplus) for b in game.blocks])
    if not np.any(indifferent):
        return
    for start, stop in game.price.flats:
        price = np.array([float(game.price.right_value(start))])
        most = np.concatenate([block.by_player(np.add, block.utility.demand(price)) for block in game.blocks])
        least = most.copy()
        for block, players in zip(game.blocks, game.player_slices, strict=True):
            if block.objective.common_surplus:
                least[players] = eager(block, price[:, None])[0]
        low, high = max(start, least.sum()), min(stop, most.sum())
        if not np.all(np.isfinite(most)) or high - low <= SAME_PURCHASES * high:
            continue
        tried = []
        for total in low + (high - low) * np.array([0.25, 0.5, 0.75]):
            y = least + (most - least) * (total - least.sum()) / (most.sum() - least.sum())
            tried.append(certified(game, clear(game, y)))
        fine = [outcome for outcome in tried if outcome.doubt <= CERTIFIED_GAP]
        yield (fine or tried)[0], bool(fine)


def shares_fall(game: Game) -> bool:
    """Is there at most one root on each smooth stretch by the argument for alpha = 0?

    (docs/aggregator/model.md, What `unique` and *no-equilibrium* rest on.)
    """
    return all(block.objective.welfare for block in game.blocks)


def rescaled(game: Game, outcome: Outcome, total: float) -> Outcome:
    """The outcome with purchases that add up to the total to the last bit or nearly so."""
    if outcome.quantity <= 0 or outcome.quantity == total:
        return outcome
    return certified(game, clear(game, outcome.y * (total / outcome.quantity)))


def has_line(game: Game, outcome: Outcome, ends: tuple[Array, Array]) -> bool:
    """May two players trade a little of their purchases, within their ends, and the outcome stay an equilibrium?"""
    room = np.minimum(outcome.y - ends[0], ends[1] - outcome.y)
    one, other = np.argsort(room)[-2:] if len(room) > 1 else (0, 0)
    if one == other or room[one] <= SAME_PURCHASES * outcome.quantity:
        return False
    moved = outcome.y.copy()
    moved[[one, other]] += room[one] / 2 * np.array([1.0, -1.0])
    return certified(game, clear(game, moved)).doubt <= CERTIFIED_GAP


def nobody_buys(game: Game) -> Outcome:
    """The outcome without any purchase."""
    return appraised(game, np.zeros(game.players), np.zeros(game.users), float(game.price.right_value(0.0)), True)


def appraised(game: Game, y: Array, x: Array, price: float, certify: bool) -> Outcome:
    """An outcome with, if asked for, its gap."""
    outcome = outcome_of(game, y, x, price)
    return certified(game, outcome) if certify else outcome
