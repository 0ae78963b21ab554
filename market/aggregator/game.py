"""The game's data: a price rule and blocks of players, each player some users in a row."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Generic, Protocol, Self, TypeVar

import numpy as np
import numpy.typing as npt

from market.arrays import Array, Integers, Mask
from market.fairness import Objective, objective
from market.prices import PriceRule
from market.tariffs import Collected, Levied
from market.utilities import Utility

if TYPE_CHECKING:
    Scalar = TypeVar("Scalar", bound=np.generic)

SAMPLED_USERS = 256
MOST_BENT = 1e-8  # of what a user gains: what a utility may lose by being bent, so that its purchase is a number
USERS_AT_ONCE = 1 << 14  # users in one piece of work: its temporaries stay in the processor's cache


@dataclass(frozen=True, eq=False)
class Block:
    """Players of one kind: aggregators with one fairness objective, or users who each are a player.

    `utility` holds the users' parameters, shape (users,); `sizes` the number of users of each player, in order,
    shape (players,); `kind` is "aggregator", "direct" or "large"; `fair` is an objective in place of that of alpha;
    `floor`, a name in FLOORS: an aggregator buys for the greatest total and its users pay each other, down to there.
    """

    name: str
    kind: str
    utility: Utility
    alpha: float
    surplus_offset: float
    sizes: Integers
    fair: Objective | None = None
    floor: str | None = None

    @cached_property
    def objective(self) -> Objective:
        """What it buys for, its fairness; with payments the total; of a single user, its own surplus."""
        if self.single:
            return objective(0.0, 0.0)
        return self.goal if self.floor is None else objective(0.0, self.surplus_offset)

    @cached_property
    def goal(self) -> Objective:
        """The fairness objective, by which it allocates, or by which its users pay each other."""
        return self.fair or objective(self.alpha, self.surplus_offset)

    @cached_property
    def single(self) -> bool:
        """Is every player one user?"""
        return bool(np.all(self.sizes == 1))

    @cached_property
    def starts(self) -> Integers:
        """Index of each player's first user, shape (players,)."""
        return np.concatenate([[0], np.cumsum(self.sizes)[:-1]]).astype(np.intp)

    @cached_property
    def highest_reservation(self) -> Array:
        """Price at which a player buys nothing, shape (players,)."""
        return self.by_player(np.maximum, self.utility.reservation)

    @property
    def users(self) -> int:
        return len(self.utility)

    @property
    def players(self) -> int:
        return len(self.sizes)

    def by_player(self, ufunc: np.ufunc, values: npt.NDArray[Scalar]) -> npt.NDArray[Scalar]:
        """Reduce an array (…, users) to (…, players) by np.add, np.minimum or np.maximum."""
        return values if self.single else ufunc.reduceat(values, self.starts, axis=-1)

    def to_users(self, values: npt.NDArray[Scalar]) -> npt.NDArray[Scalar]:
        """Spread an array (…, players) over the users, (…, users), or (…, 1) where one player has them all."""
        return values if self.single or self.players == 1 else np.repeat(values, self.sizes, axis=-1)

    def player(self, j: int) -> Block:
        """The block of player j alone."""
        return self.players_from(slice(j, j + 1))

    def wanted(self, price: Array) -> Array:
        """What each player's users want at its price, taken as given, energy, shapes (players,)."""
        return self.by_player(np.add, self.utility.demand(np.broadcast_to(self.to_users(price), self.users)))

    @property
    def unmixed(self) -> tuple[Block, ...]:
        """The block cut where players of one user and larger ones meet: a player of one user has its own objective."""
        return tuple(part for _, part in self.unmixed_parts)

    @cached_property
    def unmixed_parts(self) -> tuple[tuple[slice, Block], ...]:
        """(Which of its players, their block) of each part of the block as it is cut in `unmixed`."""
        if self.players == 1 or not len(edges := np.flatnonzero(np.diff(self.sizes == 1)) + 1):
            return ((slice(0, self.players), self),)
        cuts = (slice(int(lo), int(hi)) for lo, hi in pairwise([0, *edges, self.players]))
        return tuple((cut, self.players_from(cut)) for cut in cuts)

    def player_name(self, j: int) -> str:
        """The name of player j: the block's, with its number where there are several."""
        return self.name if self.players == 1 else f"{self.name} {j + 1}"

    def players_from(self, some: slice) -> Block:
        """The block of some players in a row, a slice."""
        if some.start == 0 and some.stop == self.players:
            return self
        start, stop = self.starts[some.start], self.starts[some.stop - 1] + self.sizes[some.stop - 1]
        return replace(self, utility=self.utility.take(slice(start, stop)), sizes=self.sizes[some])

    def only(self, some: Mask) -> Block:
        """The block of the marked players, shape (players,)."""
        if np.all(some):
            return self
        rows = np.repeat(some, self.sizes)
        return replace(self, utility=self.utility.take(rows), sizes=self.sizes[some])

    def picked(self, players: Integers) -> Block:
        """The block of some players, by their numbers, in that order."""
        if np.array_equal(players, np.arange(self.players)):
            return self
        sizes = self.sizes[players]
        rows = np.repeat(self.starts[players] - np.cumsum(sizes) + sizes, sizes) + np.arange(sizes.sum())
        return replace(self, utility=self.utility.take(rows), sizes=sizes)

    @cached_property
    def sample(self) -> tuple[Block, Array]:
        """(A block with at most SAMPLED_USERS users of every player, how many users each of them stands for)."""
        if np.max(self.sizes) <= SAMPLED_USERS:
            return self, np.ones(self.players)
        sizes = np.minimum(self.sizes, SAMPLED_USERS)
        place = np.arange(sizes.sum()) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        rows = np.repeat(self.starts, sizes) + place * np.repeat(self.sizes, sizes) // np.repeat(sizes, sizes)
        return replace(self, utility=self.utility.take(rows), sizes=sizes), self.sizes / sizes

    @cached_property
    def pieces(self) -> list[tuple[Block, Integers]]:
        """Players cut into pieces of at most USERS_AT_ONCE users, gathered into chunks of about that size.

        A list of (chunk's block of pieces, player of each piece): sums over a million users
        then run through the cache instead of memory.
        """
        if self.users <= USERS_AT_ONCE:
            return [(self, np.arange(self.players))]
        cuts = np.maximum(-(-self.sizes // USERS_AT_ONCE), 1)
        player = np.repeat(np.arange(self.players), cuts)
        place = np.arange(len(player)) - np.repeat(np.cumsum(cuts) - cuts, cuts)
        share, extra = self.sizes[player] // cuts[player], self.sizes[player] % cuts[player]
        sizes = share + (place < extra)
        stops = np.concatenate([[0], np.cumsum(sizes)])
        return [
            (
                replace(self, utility=self.utility.take(slice(stops[some.start], stops[some.stop])), sizes=sizes[some]),
                player[some],
            )
            for some in chunks(sizes)
        ]


def chunks(sizes: Integers) -> list[slice]:
    """Players, or pieces of them, of so many users, cut into runs of about USERS_AT_ONCE users each."""
    chunk = (np.cumsum(sizes) - 1) // USERS_AT_ONCE
    edges = np.concatenate([[0], np.flatnonzero(np.diff(chunk)) + 1, [len(sizes)]])
    return [slice(int(lo), int(hi)) for lo, hi in pairwise(edges)]


class Members(Protocol):
    """Players of one kind in a game: how many there are, and how many users stand behind them."""

    @property
    def name(self) -> str:
        """What the group is called."""

    @property
    def users(self) -> int:
        """How many users consume."""

    @property
    def players(self) -> int:
        """How many players act."""

    @property
    def sizes(self) -> Integers:
        """How many users each player has, shape (players,)."""

    def player(self, j: int) -> Self:
        """Player j alone."""

    def player_name(self, j: int) -> str:
        """What player j is called."""


Group = TypeVar("Group", bound=Members)


class Players(Generic[Group]):
    """Blocks of players, and where each stands among all players and all users."""

    blocks: tuple[Group, ...]

    @cached_property
    def player_slices(self) -> tuple[slice, ...]:
        """Where each block's players stand in an array of all purchases y, a tuple of slices."""
        return _in_a_row([block.players for block in self.blocks])

    @cached_property
    def user_slices(self) -> tuple[slice, ...]:
        """Where each block's users stand in an array of all users, a tuple of slices."""
        return _in_a_row([block.users for block in self.blocks])

    @property
    def players(self) -> int:
        return sum(block.players for block in self.blocks)

    @property
    def users(self) -> int:
        return sum(block.users for block in self.blocks)

    @cached_property
    def user_stops(self) -> Integers:
        """Row after the last user of each player, shape (players,)."""
        return np.cumsum(np.concatenate([block.sizes for block in self.blocks]))

    def rows_of(self, j: int) -> slice:
        """Rows of player j's users among all users."""
        return slice(int(self.user_stops[j - 1]) if j else 0, int(self.user_stops[j]))

    def where(self, j: int) -> tuple[int, int]:
        """(Block, number in it) of player j."""
        for k, players in enumerate(self.player_slices):
            if j < players.stop:
                return k, j - players.start
        raise IndexError(f"player {j} of {self.players}")

    def player(self, j: int) -> Group:
        """The block of player j alone."""
        k, number = self.where(j)
        return self.blocks[k].player(number)

    def player_name(self, j: int) -> str:
        """The name of player j: its group's, with its number where the group has several."""
        k, number = self.where(j)
        return self.blocks[k].player_name(number)


def _in_a_row(counts):
    return tuple(slice(int(lo), int(hi)) for lo, hi in pairwise(np.cumsum([0, *counts])))


class Market(Players[Group]):
    """Players in a market. levied: its tariffs, None without, of which utilities and offsets hold what players
    decide by (market/aggregator/tariffs.py); before: the same market without them, None where there are none."""

    levied: Levied | None
    before: Self | None

    @property
    def untaxed(self) -> Self:
        """The same market without tariffs."""
        return self if self.before is None else self.before

    def bought(self, x: Array) -> list[tuple[Group, Array]]:
        """Blocks with users, each with what these buy, (users of the block, 1); x: of all users, shape (users,)."""
        rows = zip(self.blocks, self.user_slices, strict=True)
        return [(block, x[where, None]) for block, where in rows if block.users]

    def after_tariffs(self, surplus: Array, x: Array) -> tuple[Array, Collected | None]:
        """(Users' surpluses less what tariffs take whatever they buy, what tariffs come to); shapes (users,)."""
        if self.levied is None:
            return surplus, None
        found = self.levied.collected(self.bought(x))
        return surplus - found.fees, found


@dataclass(frozen=True, eq=False)
class Game(Market[Block]):
    """A price rule and the blocks of players who face it (Li, Motoki, Zhang, section II).

    A utility all but straight up to the last total a user can want is bent by MOST_BENT of its gain (`bent`).
    """

    price: PriceRule
    blocks: tuple[Block, ...]
    levied: Levied | None = None
    before: Game | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "blocks", tuple(bent(self.price, block) for block in self.blocks))

    @cached_property
    def unmixed(self) -> Game:
        """The same players in the same order, in blocks of which none holds both single users and larger players."""
        blocks = tuple(part for block in self.blocks for part in block.unmixed)
        return self if len(blocks) == len(self.blocks) else replace(self, blocks=blocks)

    @cached_property
    def merged(self) -> Game:
        """The same players in the same order, those of `unmixed` in one block whose answers are in one closed form."""
        blocks: list[Block] = []
        for block in self.unmixed.blocks:
            if blocks and alike(blocks[-1], block):
                utility = type(block.utility).together([blocks[-1].utility, block.utility])
                blocks[-1] = replace(block, utility=utility, sizes=np.concatenate([blocks[-1].sizes, block.sizes]))
            else:
                blocks.append(block)
        return self.unmixed if len(blocks) == len(self.unmixed.blocks) else replace(self, blocks=tuple(blocks))

    @cached_property
    def highest_reservation(self) -> float:
        """Price at which nobody buys."""
        return float(max(0.0, *(block.utility.reservation.max() for block in self.blocks)))


def alike(one: Block, other: Block) -> bool:
    """Do the aggregators of two blocks answer alike, in closed form, so that they can be asked as one block?"""
    same = one.utility.form == other.utility.form and one.objective == other.objective
    return same and not (one.single or other.single) and one.objective.closed_form(one.utility)


def bent(rule: PriceRule, block: Block) -> Block:
    """The block with utilities whose bend tells in purchases: −U''(0) at least 2 MOST_BENT (b − p(0)) / supply(b).

    No purchase x above supply(b), the total at which the price is b, serves a user, so utilities fall by at most
    MOST_BENT (b − p(0)) x. Below that a margin U'(x) − p would not tell the purchase: it is the same for all x.
    """
    worth = block.utility.reservation
    last = np.asarray(rule.supply(worth), dtype=float)
    least = 2 * MOST_BENT * np.maximum(worth - float(rule.right_value(0.0)), 0.0) / np.where(last > 0, last, np.inf)
    utility = block.utility.bent(least)
    return block if utility is block.utility else replace(block, utility=utility)
