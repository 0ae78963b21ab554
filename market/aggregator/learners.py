"""What players of a block who learn know of their payoffs at a price that depends on the total (market/conduct)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING

import numpy as np

from market.aggregator.allocation import split
from market.aggregator.best_response import best_response
from market.aggregator.certificate import SPLIT_PRECISION, price_taking
from market.aggregator.game import Block, Game
from market.aggregator.single import best_quantities
from market.arrays import Array, Integers, Mask
from market.conduct import Start
from market.prices import PriceRule
from market.utilities import Quadratic

if TYPE_CHECKING:
    from collections.abc import Callable

MOST_NODES = 1 << 17  # users times purchases that are split at once
FLOOR_ACTIONS = 65  # purchases among which the best alone is looked for
MOST_SUMS = 1 << 20  # players times users whose sums by price are kept
MARGIN_ROUNDING = 1e-13  # share of the reservation price
NEXT_TO_NONE = 1e-7  # of the largest purchase: stands for none where margins are asked for: less is lost in rounding


class Unbounded(ValueError):
    """Payoffs that have no lower bound, so that nothing can be learned from them."""


class Learners:
    """Players of a block who learn: the even purchases they try, and what these pay beside a total of the others.

    rule: the price of the total; block: of single users, or of larger players only; where, among all players; most:
    all that all players want, energy. A payoff is what the players' objective makes of their users' surpluses; unless
    that is their sum, a loss counts for no more than could be gained alone in the market, which keeps payoffs finite.
    Raises Unbounded where buying nothing has no finite payoff.
    """

    def __init__(self, rule: PriceRule, block: Block, where: slice, most: float) -> None:
        self.rule, self.block, self.where, self.most = rule, block, where, most
        self.first_price = float(rule.right_value(0.0))
        self.tables: dict[int, _Table] = {}
        self.kind = _kind_of_table(block)
        self.top = wanted_alone(rule, block)
        self.floor = self._floor()
        self._best, self._marginal = Remembered(), Remembered()

    def start(self, y: Array, rounds: int) -> Start:
        """What the players know before the first of so many rounds; y: all first purchases."""
        prices = self.first_price, float(self.rule.value(self.most))
        return Start(rounds, self.top, self.steepness, prices, self.faced(y), self.grid)

    def faced(self, y: Array) -> FacedTotal:
        """A round of purchases y of all players as these players faced it."""
        own, total = y[self.where].copy(), float(np.add.reduce(y))
        price = float(self.rule.value(total)) if total > 0 else self.first_price
        return FacedTotal(self, own, np.maximum(total - own, 0.0), price)

    def _floor(self):
        """The least a payoff counts, shape (players,)."""
        if self.block.objective.welfare:
            return np.full(self.block.players, -np.inf)
        purchases = even(self.top, FLOOR_ACTIONS)
        best = split_payoffs(self.rule, self.block, np.zeros(self.block.players), purchases.T).max(axis=0)
        return floor_of(payoff_of_nothing(self.block, self.first_price), best)

    def grid(self, count: int) -> Array:
        """So many even purchases of each player from none to all that it wants alone, shape (players, count)."""
        return self._table(count).grid

    def _table(self, count):
        if count not in self.tables:
            self.tables[count] = self.kind(self, count)
        return self.tables[count]

    @cached_property
    def steepness(self) -> Array:
        """What a first unit brings each player alone in the market, money per energy, shape (players,)."""
        return np.maximum(self.block.highest_reservation - self.first_price, 0.0)

    def of(self, others: Array, own: Array) -> Array:
        """Payoffs of purchases beside others' totals, shapes (players,); looked up where that is quick."""
        tables = list(self.tables.values()) if self.kind.quick else []
        for table in tables:
            place, known = table.places(own)
            if known.all():
                return np.maximum(table.paid(others, own, place), self.floor)
        paid = split_payoffs(self.rule, self.block, others, own[None])[0]
        for table in reversed(tables):
            place, known = table.places(own)
            paid = np.where(known, table.paid(others, own, place), paid)
        return np.maximum(paid, self.floor)

    def hindsight(self, rounds: Array, count: int) -> tuple[Array, Array]:
        """(What even purchases would have paid, (rounds, players, count); what was paid, (rounds, players)).

        rounds: purchases of all players, shape (rounds, all players).
        """
        own = rounds[:, self.where]
        others = np.maximum(rounds.sum(axis=1)[:, None] - own, 0.0)
        return self.of_actions(others, count), self._paid(others, own)

    def _paid(self, others, own):
        """Payoffs of purchases beside others' totals, shapes (rounds, players)."""
        return np.maximum(split_payoffs(self.rule, self.block, others, own), self.floor)

    def of_actions(self, others: Array, count: int) -> Array:
        """Payoffs of so many even purchases, shape (…, players, count), beside others' totals (…, players)."""
        return np.maximum(self._table(count).at(others), self.floor[:, None])

    def marginal(self, others: Array, own: Array) -> Array:
        """What a little more would bring beside others' totals, shapes (players,), money per energy."""
        return self._marginal.of(lambda: margins(self.rule, self.block, others, own, self.top), others, own)

    def best(self, others: Array, now: Array) -> Array:
        """Best purchases beside others' totals, shape (players,); now: the present ones, which settle ties."""
        return self._best.of(lambda: self._best_beside(others, now), others, now)

    def _best_beside(self, others, now):
        block = self.block
        if block.single:
            return best_quantities(self.rule, block.utility, others, each_alone=True)
        seats = range(block.players)
        return np.array([best_response(self.rule, block.player(j), float(others[j]), float(now[j])) for j in seats])

    def wanted(self, price: float) -> Array:
        """What each player's users want at a price taken as given, at most what they want alone, shape (players,)."""
        return np.minimum(wanted_at(self.block, np.full(self.block.players, price)), self.top)


class Remembered:
    """The last answer of a function of arrays, given again while their bits stay: learners come to rest."""

    def __init__(self) -> None:
        self.asked: list[bytes] | None = None
        self.answer: Array = np.empty(0)

    def of(self, work_out: Callable[[], Array], *arrays: Array) -> Array:
        """The function's value of these arrays."""
        asked = [array.tobytes() for array in arrays]
        if asked != self.asked:
            self.answer, self.asked = work_out(), asked
        return self.answer


@dataclass(frozen=True, eq=False)
class FacedTotal:
    """A round as the players of a block faced it: see market.conduct.Faced; seen: the others' totals, (players, 1).

    others: the same, shape (players,); cleared: the price of the round.
    """

    learners: Learners
    own: Array
    others: Array
    cleared: float

    @property
    def seen(self) -> Array:
        return self.others[:, None]

    @property
    def price(self) -> Array:
        return np.full(len(self.own), self.cleared)

    @cached_property
    def payoff(self) -> Array:
        return self.learners.of(self.others, self.own)

    def of_actions(self, count: int) -> Array:
        return self.learners.of_actions(self.others, count)

    def marginal(self) -> Array:
        return self.learners.marginal(self.others, self.own)

    def best(self, seen: Array) -> Array:
        return self.learners.best(seen[:, 0], self.own)

    def nearest(self, amounts: Array) -> Array:
        return np.clip(amounts, 0.0, self.learners.top)

    def wanted(self) -> Array:
        return self.learners.wanted(self.cleared)


def all_wanted(game: Game) -> float:
    """What all players want, each alone in the market, energy."""
    return sum(float(np.sum(wanted_alone(game.price, block))) for block in game.blocks)


def wanted_alone(rule: PriceRule, block: Block) -> Array:
    """What the users of each player, alone in the market, want at the price that this makes, shape (players,).

    No best response is larger: a price that others move lies higher, and who takes it as given wants more.
    """
    far = np.asarray(rule.supply(block.highest_reservation), dtype=float)
    return price_taking(rule, np.zeros(block.players), partial(wanted_at, block), far)


def wanted_at(block: Block, price: Array) -> Array:
    """What the users of each player want at its price, shapes (players,)."""
    with np.errstate(divide="ignore"):
        return block.wanted(price)


def margins(rule: PriceRule, block: Block, others: Array, own: Array, top: Array) -> Array:
    """What a little more than each player's own would bring it, shape (players,), money per energy.

    It is its users' margin U' − p less p' y. The margin is the harmonic mean of those of the users served, weighted by
    what they get: of a fair aggregator the objective's unit cancels, and it is at rest where p' Σ x/m = 1
    (docs/aggregator/model.md, Replies). Beyond what they want it is the mean of those below none.
    """
    y, total = np.maximum(own, NEXT_TO_NONE * top), others + own
    price = np.asarray(rule.right_value(total), dtype=float)
    x = split(block, price[None], y[None])[0]
    margin = _but_rounding(block.utility.marginal(x) - block.to_users(price), block.utility.reservation)
    if not block.single:
        margin = np.where(
            block.highest_reservation > price, _mean_margin(block, x, margin, y), block.highest_reservation - price
        )
    moved = np.multiply(
        rule.left_slope(total), own, where=own > 0, out=np.zeros_like(y)
    )  # the slope may be infinite at 0
    return margin - moved


def _but_rounding(margin, worth):
    """Margins, 0 where rounding decides their sign: of a user that has all it wants, the others' do not count."""
    return np.where(np.abs(margin) > MARGIN_ROUNDING * worth, margin, 0.0)


def _mean_margin(block, x, margin, y):
    """The margin of each player, from its users' quantities and margins, shapes (users,) to (players,)."""
    served = (x > 0) & (margin >= 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        pressure = block.by_player(np.add, np.where(served, x / margin, 0.0))
        kept = block.by_player(np.add, np.where(served, x, 0.0)) / pressure
        lost = block.by_player(np.add, np.where(x > 0, x * np.minimum(margin, 0.0), 0.0)) / y
    beyond = block.by_player(np.minimum, np.where(x > 0, margin, np.inf)) < 0
    return np.where(beyond | ~(pressure > 0), lost, kept)


def payoff_of_nothing(block: Block, price: float) -> Array:
    """What buying nothing pays each player of a block at a first price, shape (players,)."""
    return block.objective.value(np.zeros(block.users), block.utility.reservation > price, block)


def floor_of(nothing: Array, best: Array) -> Array:
    """As far below the payoff of nothing as the best alone lies above it, (players,); raises Unbounded."""
    if not np.all(np.isfinite(nothing)):
        raise Unbounded("a user without a surplus is worth minus infinity, so that payoffs have no lower bound")
    return nothing - np.maximum(best - nothing, 0.0)


def even(top: Array, count: int) -> Array:
    """So many even purchases from none to the largest, shape (players, count)."""
    return top[:, None] * np.linspace(0.0, 1.0, count)


def split_payoffs(rule: PriceRule, block: Block, others: Array, y: Array) -> Array:
    """Payoffs of purchases y, shape (rows, players), beside others' totals, (players,) or (rows, players).

    Every purchase is split by itself.
    """
    step, others = max(1, MOST_NODES // max(block.users, 1)), np.broadcast_to(others, y.shape)
    return np.concatenate(
        [_payoffs(rule, block, others[lo : lo + step], y[lo : lo + step]) for lo in range(0, len(y), step)]
    )


def _payoffs(rule, block, others, y):
    """The same of a few rows at once."""
    price = np.asarray(rule.value(others + y), dtype=float)
    counted = block.utility.reservation > block.to_users(np.asarray(rule.right_value(others), dtype=float))
    surplus = block.utility.surplus(block.to_users(price), split(block, price, y, SPLIT_PRECISION))
    return block.objective.value(surplus, np.broadcast_to(counted, surplus.shape), block)


class _Table:
    """Payoffs of even purchases, split afresh for every total of the others; quick: are all had as fast as one?"""

    quick = False

    def __init__(self, learners: Learners, count: int) -> None:
        self.learners, self.grid, self.count = learners, even(learners.top, count), count
        self.first = np.arange(len(self.grid)) * count  # of each player's, where those of all stand in a row
        self.per_energy = (count - 1) / np.where(learners.top > 0, learners.top, np.inf)

    def places(self, own: Array) -> tuple[Integers, Mask]:
        """(Which of the even purchases of all in a row each player's is, or is near, and is it that), (players,)."""
        place = self.first + np.minimum(np.rint(own * self.per_energy), self.count - 1).astype(np.intp)
        return place, self.grid.take(place) == own

    def paid(self, others: Array, own: Array, place: Integers) -> Array:
        """Payoffs of purchases at such places beside others' totals, shapes (players,)."""
        return self.at(others).take(place)

    def at(self, others: Array) -> Array:
        """Payoffs (…, players, count) beside others' totals (…, players)."""
        rule, block = self.learners.rule, self.learners.block
        rows, count = others.reshape(-1, block.players), self.grid.shape[1]
        y = np.tile(self.grid.T, (len(rows), 1))
        found = split_payoffs(rule, block, np.repeat(rows, count, axis=0), y)
        return found.reshape(len(rows), count, -1).swapaxes(1, 2).reshape(*others.shape, count)


class _Separable(_Table):
    """Payoffs worth(y) − p y: of users who buy for themselves."""

    quick = True

    def __init__(self, learners: Learners, count: int) -> None:
        super().__init__(learners, count)
        self.worth = learners.block.utility.take((slice(None), None)).value(self.grid)

    def at(self, others: Array) -> Array:
        return self.worth - self.learners.rule.value(others[..., None] + self.grid) * self.grid

    def paid(self, others: Array, own: Array, place: Integers) -> Array:
        return self.worth.take(place) - self.learners.rule.value(others + own) * own


class _WelfareOfQuadratic(_Table):
    """Payoffs of aggregators at alpha = 0 whose users' utilities are quadratic.

    A purchase up to what its users want is split such that marginal utilities are equal, whatever the price, so its
    worth is known once; beyond that it is shared in proportion to what they want, D(p), which brings (2 r − r²) of
    their best surplus S(p) where it is r times as much. D and S are sums over a player's users above the price,
    Σ (b − p)/2a and Σ (b − p)²/4a, known from three sums for every price between two reservation prices.
    """

    quick = True

    def __init__(self, learners: Learners, count: int) -> None:
        super().__init__(learners, count)
        block, utility = learners.block, learners.block.utility
        assert isinstance(utility, Quadratic)
        x = split(block, np.array([learners.first_price]), self.grid.T)
        self.worth = block.by_player(np.add, utility.value(x)).T
        level = block.by_player(np.maximum, np.where(x > 0, utility.marginal(x), -np.inf)).T
        self.level = np.where(np.isfinite(level), level, np.inf)  # the price at which just so much is wanted
        self.kept = block.objective.offset * block.sizes[:, None]
        self.edges = np.unique(utility.reservation)
        sums = self._sums(block, utility.a, utility.reservation)
        self.sums, places = sums.reshape(3, -1), sums.shape[2]  # those of all players in a row
        self.rows = np.arange(block.players)[:, None] * places
        each = self.grid / block.sizes[:, None]
        self.even = block.by_player(np.add, utility.value(block.to_users(each.T))).T  # where nobody wants any

    def _sums(self, block, a, b):
        """Σ 1/a, Σ b/a and Σ b²/a over each player's users with reservation prices from an edge on, 0 beyond all."""
        player, edge = np.repeat(np.arange(block.players), block.sizes), np.searchsorted(self.edges, b)
        sums = np.zeros((3, block.players, len(self.edges) + 1))
        for found, weight in zip(sums, (1 / a, b / a, b * (b / a)), strict=True):
            np.add.at(found, (player, edge), weight)
        return np.cumsum(sums[:, :, ::-1], axis=2)[:, :, ::-1]

    def at(self, others: Array) -> Array:
        price = self.learners.rule.value(others[..., None] + self.grid)
        outlay = price * self.grid
        ones, linear, squares = self.sums.take(self.rows + self.edges.searchsorted(price, "right"), axis=1)
        spent = price * ones
        wanted, best = (linear - spent) / 2, (squares - price * (2 * linear - spent)) / 4
        some = wanted > 0
        times = self.grid / np.where(some, wanted, 1.0)
        shared = np.where(some, times * (2 - times) * best, self.even - outlay)
        return np.where(price > self.level, shared, self.worth - outlay) + self.kept


def _kind_of_table(block: Block) -> type[_Table]:
    """What payoffs of even purchases of a block's players are looked up in."""
    if block.single:
        return _Separable
    few = block.players * block.users <= MOST_SUMS
    return _WelfareOfQuadratic if few and block.objective.welfare and isinstance(block.utility, Quadratic) else _Table
