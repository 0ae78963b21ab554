"""Equilibria on a network without rounds: the convex programme where there is one, else replies from several starts.

(docs/network/model.md, The direct solution.)
"""

from __future__ import annotations

from typing import cast

import numpy as np

from market.aggregator.best_response import PricedOut, best_response
from market.aggregator.equilibrium import Solution, apart
from market.aggregator.game import Block
from market.aggregator.network.certificate import certified
from market.aggregator.network.facing import Rising
from market.aggregator.network.game import NetworkGame, NetworkOutcome, clear
from market.aggregator.network.planner import can_plan, planned
from market.aggregator.network.producers import Falling, Producers, best_sale
from market.arrays import Array
from market.outcome import CERTIFIED_GAP, Status
from market.utilities import Quadratic

MOST_ROUNDS = 200  # of replies from each start
FEW_ROUNDS = 20  # of replies beside a programme's end
NEAR_PROGRAMME = 1e-3  # of all purchases, or of what the grid turns over: how far they may lead from it
SETTLED_MOVE = 1e-10  # of all purchases: a round that moves nobody further has settled
LATE, COME_ROUND = 50, 1e-3  # from so many rounds on: this near to an earlier round, as a share of the last move
SLOPES_TAKEN = 6  # times that slopes of the hub's price are taken anew
SAME_SLOPE = 1e-9
DAMPINGS = (1.0, 0.5)
START_SHARES = (1.0, 0.0, 0.5)  # of the planner's purchases: where replies start


def solve(game: NetworkGame, certify: bool = True) -> Solution:
    """The equilibria found, all certified; without `certify` the first candidate with its gap unknown.

    Where nobody anticipates the network and its programme is solved, its end is the only equilibrium if every player
    maximises its users' surplus and it is certified. Elsewhere `unique` is not known, and that none exists is known for
    two nodes alike alone.
    """
    first = competing(game) if is_convex(game) else None
    if first is not None:
        first = _polished(game, first)
        outcome = clear(game, first)
        if not certify:
            return Solution(Status.SOLVED, outcome, (), (outcome,), None, False)
        outcome = certified(game, outcome)
        if _gap(outcome) <= CERTIFIED_GAP:
            sure = all(block.objective.welfare for block in game.blocks if isinstance(block, Block)) or None
            return Solution(
                Status.SOLVED, outcome, (outcome,), (outcome,), sure if _is_straight(game, first) else None, False
            )
    try:
        ends = [end for start in _starts(game, first) for end in _ends(game, start)]
    except PricedOut:
        return Solution(Status.INFEASIBLE, clear(game, np.zeros(game.players)), (), (), None, False)
    if not certify:
        return Solution(Status.SOLVED, clear(game, ends[0]), (), (), None, False)
    outcomes = [certified(game, clear(game, end)) for end in _apart(ends)]
    kept = apart([outcome for outcome in outcomes if _gap(outcome) <= CERTIFIED_GAP])
    if not kept:
        status = Status.NO_EQUILIBRIUM if has_none(game) else Status.NOT_FOUND
        return Solution(status, min(outcomes, key=_gap), (), tuple(outcomes), None, False)
    best = max(kept, key=lambda outcome: outcome.welfare)
    return Solution(Status.SOLVED, best, kept, tuple(outcomes), False if len(kept) > 1 else None, False)


def _polished(game: NetworkGame, y: Array) -> Array:
    """A programme's end made exact by replies, where they settle beside it."""
    try:
        end, settled = replies(game, y, 1.0, FEW_ROUNDS)
    except PricedOut:
        return y
    beside = np.max(np.abs(end - y), initial=0.0) <= NEAR_PROGRAMME * max(
        np.sum(y), game.operator.programme.offers.energy
    )
    return end if settled and beside else y


def _gap(outcome: NetworkOutcome) -> float:
    return np.inf if outcome.gap is None else outcome.gap


def is_convex(game: NetworkGame) -> bool:
    """Is an equilibrium the end of a convex programme, where the hub's supply curve is straight?

    Nobody anticipates the network, and who moves the hub's price maximises its users' surplus: who takes prices gives
    each user what it wants, whatever its objective.
    """
    moving = (
        block
        for block, conduct in zip(game.blocks, game.conducts, strict=True)
        if conduct != "nothing" and isinstance(block, Block)
    )
    return "network" not in game.conducts and all(block.objective.welfare for block in moving)


def competing(game: NetworkGame) -> Array | None:
    """Where players end who do not anticipate the network, shape (players,); None where no programme tells."""
    if not can_plan(game):
        return None
    own = np.zeros(game.players)
    y = planned(game, own)
    for _ in range(SLOPES_TAKEN if "energy" in game.conducts else 0):
        if y is None:
            return None
        slopes = _slopes(game, y)
        if np.max(np.abs(slopes - own)) <= SAME_SLOPE * np.max(slopes):
            break
        own, y = slopes, planned(game, slopes)
    return y


def _slopes(game, y):
    """By how much the price each player believes to move rises with a purchase, or falls with a sale, (players,)."""
    found = np.zeros(game.players)
    for conduct, where in zip(game.conducts, game.player_slices, strict=True):
        if conduct != "nothing":
            for j in range(where.start, where.stop):
                rule, others = game.facing(j, y)
                found[j] = _slope(rule, others + y[j])
    return found


def _is_straight(game, y):
    """Is the hub's price straight from none to twice of what every player who moves it buys or sells?"""
    for conduct, where in zip(game.conducts, game.player_slices, strict=True):
        for j in range(where.start, where.stop) if conduct == "energy" else ():
            quantities = game.facing(j, y)[0].quantities
            if np.any((quantities > 0) & (quantities < 2 * y[j])):
                return False
    return True


def _slope(rule, at):
    """Size of the slope of a broken line just below a total."""
    piece = np.clip(np.searchsorted(rule.quantities, at) - 1, 0, len(rule.quantities) - 1)
    if piece == len(rule.quantities) - 1:
        return abs(float(rule.last_slope))
    rise = rule.prices[piece + 1] - rule.prices[piece]
    return abs(float(rise / (rule.quantities[piece + 1] - rule.quantities[piece])))


def _starts(game, first):
    """Where replies start: shares of the planner's purchases, and nobody acting."""
    y = planned(game, np.zeros(game.players)) if first is None and can_plan(game) else first
    return [np.zeros(game.players)] if y is None else [share * y for share in START_SHARES]


def _ends(game, start):
    """Where replies in turn lead from a start: the end that settled, or the last purchases of every damping."""
    found = []
    for damping in DAMPINGS:
        y, settled = replies(game, start, damping)
        if settled:
            return [y]
        found.append(y)
    return found


def replies(game: NetworkGame, y: Array, damping: float, rounds: int = MOST_ROUNDS) -> tuple[Array, bool]:
    """(Purchases after rounds of replies in turn, have they settled?); raises PricedOut."""
    y = y.copy()
    past: list[Array] = []
    for _ in range(rounds):
        move, total = 0.0, 1e-300
        for j in range(game.players):
            best = reply(game, j, y)
            move = max(move, abs(best - y[j]))
            y[j] += damping * (best - y[j])
        total += float(np.sum(y))
        if move <= SETTLED_MOVE * total:
            return y, True
        if _come_round(past, y, move, total):
            return y, False
        past.append(y.copy())
    return y, False


def _come_round(past, y, move, total):
    """Are purchases y where they were? Cycles are approached without end: the later it is, the longer they may be."""
    looked, near = (past[-8:-1], SETTLED_MOVE * total) if len(past) < LATE else (past[:-1], COME_ROUND * move)
    return any(np.max(np.abs(y - old)) <= near for old in looked)


def reply(game: NetworkGame, j: int, y: Array) -> float:
    """The best purchase or sale of player j, by its conduct, beside the others' y, shape (players,)."""
    rule, others = game.facing(j, y)
    player = game.player(j)
    if isinstance(player, Producers):
        return best_sale(cast(Falling, rule), player, others, float(y[j]))
    return float(best_response(cast(Rising, rule), player, others, float(y[j])))


def _apart(ends):
    kept: list[Array] = []
    for end in ends:
        if all(np.max(np.abs(end - other)) > 1e-7 * (np.sum(end) + 1e-300) for other in kept):
            kept.append(end)
    return kept


def has_none(game: NetworkGame) -> bool:
    """Is it proven that no equilibrium exists? Known for two nodes alike with one buyer each and a thin line.

    With marginal cost m q at both nodes and utilities b x − a x² both buy b / (2a + 3m/2) where the line is not full;
    to fill it away from oneself brings (b − m K)² / 4(a + m), and that is more for every K below a bound; with the line
    full no reply keeps it so (docs/network/model.md, What fails).
    """
    found = _two_alike(game)
    if found is None:
        return False
    a, b, m, limit = found
    x = b / (2 * a + 1.5 * m)
    return limit > 0 and b > m * limit and (b - m * limit) ** 2 / (4 * (a + m)) > (b - (a + m) * x) * x * (1 + 1e-9)


def _two_alike(game):
    """(a, b, m, limit) of two nodes alike with one buyer each, None for any other game."""
    grid, lines, gens = game.grid, game.grid.lines, game.grid.generators
    blocks = [block for block in game.blocks if isinstance(block, Block) and isinstance(block.utility, Quadratic)]
    plain = grid.nodes == 2 and len(lines) == 1 and len(gens) == 2 and not len(grid.elastic) and not np.any(grid.demand)
    if not (plain and len(blocks) == len(game.blocks) == 2 and game.users == 2 and set(game.conducts) == {"network"}):
        return None
    a, b = (np.array([float(getattr(block.utility, name)[0]) for block in blocks]) for name in "ab")
    m, alike = grid.rises, np.ptp(a) == np.ptp(b) == np.ptp(grid.rises) == 0
    places, ends = np.array(game.places), set(gens.node.tolist())
    apart = len(ends) == 2 and np.all((places == 0) | (places == 1)) and np.all(places.sum(axis=0) == 1)
    wide = (
        np.all(gens.capacity * m >= b) and not np.any(gens.cost) and not np.any(gens.least) and not np.any(lines.shift)
    )
    return (a[0], b[0], m[0], float(lines.limit[0])) if alike and apart and wide else None
