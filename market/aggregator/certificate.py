"""How much any player could gain by another purchase: proven where that can be, else by a global search.

The proof is an upper bound on what any purchase brings (regret_bounds). Where it does not close, the payoff is
evaluated on a grid of purchases from none to all a player's users want, with points on both sides of
every reservation price and kink, and the best brackets are looked at more finely; from the best found the proof is
tried again. A payoff is formed from an explicit split of the purchase, user by user: on the grid by the solver's own
`split`, at the best point and at the present purchase also by `second_split`, so that a split gone wrong is regretted.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from market.aggregator.allocation import split
from market.aggregator.game import Block, Game, chunks
from market.aggregator.regret_bounds import Case, regret_bounds
from market.aggregator.second_split import second_split
from market.aggregator.single import most_surplus
from market.arrays import Array, Mask
from market.prices import PriceRule
from market.utilities import Utility

BEYOND_BEST = 5e-7  # of a payoff and its regret: how far beyond the best found the proof from there may end
EVEN_POINTS = 65  # even points between no purchase and the largest sensible one
MOST_WORK = 2_000_000  # users times grid points over all players; the grid thins out beyond
MOST_NODES = 1 << 18  # users times grid points at once
LEAST_POINTS = 17
BRACKETS = 3
POINTS_IN_BRACKET = 9  # points inside a bracket
ZOOMS = 4
POINTS_NEAR = 13  # points around the present purchase and near none
SPLIT_PRECISION = 1e-7  # a split this precise changes a payoff by its square
BESIDE_A_KINK = 1e-9  # how far beside a kink points stand, as a share of the total
PRICED_OUT_ROUNDING = 1e-12  # share of a total or a price by which the others may fall short of pricing a user out
HALVINGS = 40  # of an interval of logarithms
LOG_SPAN = 60.0  # how far below the highest the least purchase looked at is, as a logarithm


class Moves(NamedTuple):
    """Relative regrets, the purchases that they are found at, and whether no purchase can be regretted more.

    Each of shape (players,). A proven regret is an upper bound: what the best purchase found gains, and at most
    BEYOND_BEST beyond. Where that purchase is the present one, its users would rather split it otherwise, or nobody
    gains.
    """

    regrets: Array
    purchases: Array
    proven: Mask


def gap(game: Game, y: Array, x: Array) -> tuple[float, Array]:
    """Largest relative regret of any player and all of them, shape (players,) (docs/aggregator/model.md, The gap).

    Arguments: purchases y of shape (players,), quantities x of shape (users,), energy. A regret is the gain of the best
    purchase over the present one, as a share of Σ (s_i + offset)^(1−alpha) over the player's served users
    (max-min: the least surplus plus the offset; a single user: its surplus; where that is nothing: what its users are
    worth). Infinite for a player whose objective is minus infinity.
    """
    regrets = best_moves(game, y, x).regrets
    return largest(regrets), regrets


def largest(regrets: Array) -> float:
    """The gap of players' regrets, at least 0."""
    return float(max(regrets.max(), 0.0))


def best_moves(game: Game, y: Array, x: Array) -> Moves:
    """Every player's relative regret; arguments as of `gap`."""
    parts = _moves(game.merged, np.asarray(y, dtype=float), np.asarray(x, dtype=float))
    return Moves(*map(np.concatenate, zip(*parts, strict=True)))


def _moves(game, y, x):
    total = float(y.sum())
    for block, where, rows in zip(game.blocks, game.player_slices, game.user_slices, strict=True):
        outside = np.maximum(total - y[where], 0.0)
        if block.single:
            yield single_moves(game.price, block.utility, outside, x[rows])
            continue
        points = _most_points(block, game.users)
        for some in chunks(block.sizes):
            users = slice(block.starts[some.start], block.starts[some.stop - 1] + block.sizes[some.stop - 1])
            part = block.players_from(some)
            yield aggregator_moves(game.price, part, outside[some], y[where][some], x[rows][users], points)


def _most_points(block, users_in_all):
    """Grid points for every player: enough for both sides of all reservation prices, fewer in large markets."""
    wanted = EVEN_POINTS + 3 * int(block.sizes.max()) + POINTS_NEAR
    return int(np.clip(MOST_WORK // users_in_all, LEAST_POINTS, wanted))


def single_moves(rule: PriceRule, utility: Utility, outside: Array, x: Array, markets: int = 1) -> Moves:
    """Regrets of users who buy for themselves, each alone with the others' totals `outside`, shapes (users,).

    markets: as of `most_surplus`.
    """
    held = utility.surplus(rule.value(outside + x), x)
    most, purchases = most_surplus(rule, utility, outside, markets)
    regrets = (most - held) / _positive(np.where(held > 0, held, worth(utility)))
    return Moves(regrets, purchases, np.ones(len(x), dtype=bool))


def aggregator_moves(rule: PriceRule, block: Block, outside: Array, y: Array, x: Array, points: int) -> Moves:
    """Regrets of aggregators, each alone with the others' totals `outside`.

    outside, y: shape (players,); x: shape (users,); points: of a grid that is searched.
    """
    case = case_of(rule, block, outside, y, x)
    counted = case.measure[1]
    price = block.to_users(case.price(y))
    lost = block.by_player(np.add, np.maximum(-block.utility.surplus(price, x), 0.0))
    nobody = ~block.by_player(np.maximum, counted)  # then to buy nothing is best
    never = ~block.by_player(np.minimum, counted) & block.objective.literal
    bounds, proven = regret_bounds(case, y, x)
    regrets = np.where(never, np.inf, np.where(nobody, lost, bounds))
    moves = Moves(regrets, np.where(nobody, 0.0, y), proven | nobody)
    open_ = ~moves.proven & ~never
    if not np.any(open_):
        return moves
    for known, found in zip(moves, _searched(case.only(open_), y[open_], points), strict=True):
        known[open_] = found
    return moves


def case_of(rule: PriceRule, block: Block, outside: Array, y: Array, x: Array) -> Case:
    """What players' regrets are measured by at purchases y, shape (players,), and quantities x, shape (users,).

    outside: the others' totals that each faces alone, shape (players,).
    """
    counted = block.utility.reservation > block.to_users(first_price(rule, block, outside))
    price = np.asarray(rule.value(outside + y), dtype=float)
    held = np.where(counted, block.utility.surplus(block.to_users(price), x), 0.0)
    return Case(rule, block, outside, (held, counted, counted & (x > 0), worth(block.utility), block))


def _searched(case, y, points):
    """The regrets of a search, and the proof tried from the best purchases that it found."""
    regrets, best = searched_moves(case, y, points)
    price = case.price(best)
    bounds, proven = regret_bounds(
        case, best, split(case.block, price[None], best[None])[0], regrets + BEYOND_BEST * (1 + np.abs(regrets))
    )
    return Moves(np.where(proven, np.maximum(bounds, regrets), regrets), best, proven)


def searched_moves(case: Case, y: Array, points: int) -> tuple[Array, Array]:
    """The highest relative regrets that a search finds, and where, shapes (players,).

    y: the present purchases, shape (players,); points: of each player's first grid of purchases.
    """
    rule, block, outside = case.rule, case.block, case.outside
    held, counted = case.measure[:2]

    def payoff(purchase, again=False):
        price = case.price(purchase)
        part = split(block, price, purchase, SPLIT_PRECISION)
        if again:
            other = second_split(block, price, purchase)
            part = np.where(np.isnan(other), part, other)
        return case.regret(np.where(counted, block.utility.surplus(block.to_users(price), part), held))

    grid = _grid(rule, block, outside, y, points)
    value = _in_parts(payoff, grid, block.users)
    for _ in range(ZOOMS):
        grid, value = _zoomed(payoff, grid, value, block.users)
    best = np.take_along_axis(grid, np.argmax(value, axis=0)[None], axis=0)
    grid = np.concatenate([grid, best, y[None]])
    value = np.concatenate([value, payoff(grid[-2:], again=True)])
    return value.max(axis=0), np.take_along_axis(grid, np.argmax(value, axis=0)[None], axis=0)[0]


def first_price(rule: PriceRule, block: Block, outside: Array) -> Array:
    """The price before a player buys, above which a reservation price counts, shape (players,).

    Max-min minds whether a user counts, even one whom any purchase prices out: there it is a little higher.
    """
    more = 1 + PRICED_OUT_ROUNDING if block.objective.common_surplus else 1.0
    return np.asarray(rule.right_value(outside * more), dtype=float) * more


def worth(utility: Utility) -> Array:
    """Surplus of every user at half its reservation price, in money, shape (users,): what a good price brings it."""
    return utility.best_surplus(utility.reservation / 2)


def _grid(rule, block, outside, y, points):
    """Purchases to try, shape (points, players), ascending.

    Even ones, both sides of each reservation price and kink (evenly chosen ones where there are more than fit), and
    some around the present purchase.
    """
    high = np.maximum(np.asarray(rule.supply(block.by_player(np.maximum, block.utility.reservation))) - outside, 0.0)
    high = np.maximum(price_taking(rule, outside, block.wanted, high), y)
    room = max((points - EVEN_POINTS - POINTS_NEAR) // 3, 1)
    marks = np.concatenate([rule.supply(_some_reservations(block, room)) - outside, rule.kinks[:, None] - outside])
    marks = np.where(np.isfinite(marks), marks, 0.0)
    side = BESIDE_A_KINK * (outside + np.abs(marks))
    steps = np.geomspace(1e-6, 0.3, 4)
    near = y * (1 + np.concatenate([-steps, [0.0], steps]))[:, None]
    even = high * np.concatenate([np.linspace(0, 1, min(EVEN_POINTS, points)), np.geomspace(1e-6, 1e-2, 4)])[:, None]
    grid = np.concatenate([even, marks - side, marks, marks + side, near])
    return np.sort(np.clip(grid, 0.0, high), axis=0)


def price_taking(rule: PriceRule, outside: Array, wanted: Callable[[Array], Array], most: Array) -> Array:
    """The purchase price-taking users want just as much, at most `most`, shape (players,): no more can be best."""
    high = np.log(np.clip(most, 1e-300, 1e30))
    low = np.minimum(high, 0.0) - LOG_SPAN
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        more = wanted(np.asarray(rule.value(outside + np.exp(middle)), dtype=float)) > np.exp(middle)
        low, high = np.where(more, middle, low), np.where(more, high, middle)
    return np.minimum(np.exp(high), most)


def _some_reservations(block, most):
    """Up to `most` reservation prices of every player, evenly among its sorted ones, shape (marks, players)."""
    player = np.repeat(np.arange(block.players), block.sizes)
    ordered = block.utility.reservation[np.lexsort((block.utility.reservation, player))]
    count = min(most, int(block.sizes.max()))
    place = np.linspace(0, 1, count)[:, None] * (block.sizes - 1)
    return ordered[block.starts + np.rint(place).astype(int)]


def _in_parts(payoff, grid, users):
    step = max(1, MOST_NODES // users)
    return np.concatenate([payoff(grid[lo : lo + step]) for lo in range(0, len(grid), step)])


def _zoomed(payoff, grid, value, users):
    """Finer points around the best peaks of each player's grid, shape (points, players), with their payoffs."""
    inner = (value[1:-1] >= value[:-2]) & (value[1:-1] >= value[2:])
    order = np.argsort(np.where(inner, -value[1:-1], np.inf), axis=0)[:BRACKETS] + 1
    column = np.arange(grid.shape[1])
    left, right = grid[order - 1, column], grid[order + 1, column]
    best = grid[np.argmax(value, axis=0), column]
    finer = left + (right - left) * np.linspace(0, 1, POINTS_IN_BRACKET + 2)[1:-1, None, None]
    finer = np.sort(np.concatenate([finer.reshape(-1, len(column)), best[None]]), axis=0)
    return finer, _in_parts(payoff, finer, users)


def _positive(values):
    return np.where(values > 0, values, 1.0)
