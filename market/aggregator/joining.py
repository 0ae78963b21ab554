"""Which aggregator a user would rather be with: the market for every membership, and what a move is worth.

Between moves the market is at the equilibrium of its membership (market.aggregator.equilibrium). A user's *gain* by a
move is its surplus in the equilibrium after the move, all other users staying where they are, less its surplus now
(docs/aggregator/who-joins-whom.md, The rule).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import NamedTuple

import numpy as np

from market.aggregator.best_response import best_response
from market.aggregator.clearing import certified
from market.aggregator.equilibrium import solve
from market.aggregator.game import Block, Game
from market.aggregator.reply import Prices, common_roof, solve_multipliers
from market.aggregator.side_payments import Apart, Fallback, fallback, paid, sharing
from market.aggregator.single import best_quantities, surplus_alone
from market.arrays import Array, Integers
from market.fairness import Objective
from market.fairness.side_payments import Shared
from market.joining import FORESEES
from market.outcome import CERTIFIED_GAP, Outcome
from market.prices import PriceRule
from market.tariffs import Levied
from market.utilities import Utility

MOST_SEARCHED = 20  # users up to whom every membership's market is searched for all its equilibria
SAME_PURCHASE = 1e-9  # share of the total: a purchase this near to the best one costs its square
MOST_REMEMBERED = 256  # memberships solved last: those tried are often those that come next


class Offer(NamedTuple):
    """What a user can choose: an aggregator with its objective, or (kind "direct") buying alone."""

    name: str
    kind: str
    alpha: float
    surplus_offset: float
    fair: Objective | None = None
    floor: str | None = None


@dataclass(frozen=True, eq=False)
class Joining:
    """Users who may move between offers, and blocks of users who stay as they are.

    utility: of the movers. A membership is an array of numbers of offers, one a mover. Users are numbered movers first,
    then stayers, each in the order of the groups. levied, before: those of the game; movers meet the same everywhere.
    """

    price: PriceRule
    utility: Utility
    offers: tuple[Offer, ...]
    stayers: tuple[Block, ...]
    levied: Levied | None = None
    before: Game | None = None

    @property
    def movers(self) -> int:
        return len(self.utility)

    @property
    def users(self) -> int:
        return self.movers + sum(block.users for block in self.stayers)


@dataclass(frozen=True, eq=False)
class State:
    """A membership, shape (movers,), the game it makes, and the equilibrium of that game.

    rows: number of each user of the game, shape (users,). An offer that nobody took has no block in the game. without:
    the market without each block whose members have floors.
    """

    joining: Joining
    membership: Integers
    game: Game
    rows: Integers
    outcome: Outcome
    without: Fallback = field(default_factory=dict)

    def by_user(self, values: Array) -> Array:
        """Values in the order of the game's users, in the order of the users' numbers, shape (users,)."""
        found = np.empty_like(values)
        found[self.rows] = values
        return found

    @cached_property
    def surplus(self) -> Array:
        """Surplus of the movers, in money, shape (movers,)."""
        return self.by_user(self.outcome.s)[: self.joining.movers]

    @cached_property
    def expected_gains(self) -> Array:
        """What movers would gain if a move changed neither price nor terms; money, shape (movers, offers).

        The terms of an aggregator are its multiplier kappa: a newcomer has U'(x) − p = kappa (s + offset)^alpha
        (docs/aggregator/who-joins-whom.md, The rule). Alone, or with an aggregator of less than two members, it has
        U'(x) = p + p' x. Where members pay each other, who joins brings that along and shares.
        """
        members = {block.name: block for block in self.game.blocks}
        offered = [self._offered(members.get(offer.name)) for offer in self.joining.offers]
        gains = np.column_stack(offered) - self.by_user(self.outcome.earned)[: self.joining.movers, None]
        gains[np.arange(self.joining.movers), self.membership] = 0.0
        return gains

    def _offered(self, block):
        """Surplus every mover would have at the present terms of an offer, with its block or None, shape (movers,)."""
        earned = self._earned(block)
        if block is None or block.floor is None:
            return earned
        number = self.game.blocks.index(block)
        rows, without = self.game.user_slices[number], self.without.get(number)
        before = self.outcome.earned[rows] - self.outcome.transfers[rows]
        return as_member(earned, self.joining.utility, block, sharing(block, before, without), without)

    def _earned(self, block):
        """Surplus every mover would have by what an offer, with its block or None, would buy for it, (movers,)."""
        rule, utility, total = self.game.price, self.joining.utility, self.outcome.quantity
        now = Prices(*(np.array([float(of(total))]) for of in (rule.value, rule.left_slope, rule.curvature)))
        if block is None or block.single or not 0 < now.slope[0] < np.inf:
            return surplus_alone(rule, utility, total)
        z, roof = solve_multipliers(block, now)[0], common_roof(block, now.value)
        price = float(now.value[0])
        return utility.surplus(price, block.objective.taken(utility, price, z, roof)[0])


def as_member(earned: Array, utility: Utility, block: Block, now: Shared, without: Apart | None) -> Array:
    """What each newcomer to a block of one player would have if its members earned what they do, money, (movers,).

    earned: what it would have before payments, which it brings along; now: how the members share.
    """
    if now.short[0]:
        return earned
    floor = -np.inf if without is None else without.surplus_of(utility)
    before = earned if block.goal.welfare else np.zeros_like(earned)
    level = (now.at_level[0] * now.level[0] + earned - before) / (now.at_level[0] + 1)
    return np.maximum(floor, before + level)


def joining_of(game: Game, direct: bool = False, alone: str = "alone") -> tuple[Joining, Integers]:
    """The Joining of a game and the membership it starts from: users of aggregators may move, each to any aggregator.

    direct: they, and the users who buy directly, may also buy alone, an offer called `alone`.
    """
    offers = tuple(
        Offer(block.player_name(j), block.kind, block.alpha, block.surplus_offset, block.fair, block.floor)
        for block in game.blocks
        if block.kind == "aggregator"
        for j in range(block.players)
    )
    numbers, moving = iter(range(len(offers))), []
    for block in game.blocks:
        if block.kind == "aggregator":
            moving.append((block, [next(numbers) for _ in range(block.players)]))
        elif block.kind == "direct" and direct:
            moving.append((block, [len(offers)] * block.players))
    membership = np.concatenate([np.repeat(offer, block.sizes) for block, offer in moving]).astype(np.intp)
    utility = type(moving[0][0].utility).together([block.utility for block, _ in moving])
    stayers = tuple(block for block in game.blocks if all(block is not other for other, _ in moving))
    offers += direct * (Offer(alone, "direct", 0.0, 0.0),)
    levied = game.levied and game.levied.called({offer.name: moving[0][0].name for offer in offers})
    return Joining(game.price, utility, offers, stayers, levied, game.before), membership


def game_of(joining: Joining, membership: Integers) -> tuple[Game, Integers]:
    """The game that a membership makes, a block for each offer somebody took, and the number of each of its users."""
    order = np.argsort(membership, kind="stable")
    sizes = np.bincount(membership, minlength=len(joining.offers))
    stops = np.cumsum(sizes)
    blocks = tuple(
        _block(offer, joining.utility.take(order[stop - size : stop]))
        for offer, size, stop in zip(joining.offers, sizes, stops, strict=True)
        if size
    )
    game = Game(joining.price, blocks + joining.stayers, joining.levied, joining.before)
    return game, np.append(order, np.arange(joining.movers, joining.users))


def _block(offer, utility):
    sizes = np.ones(len(utility), dtype=int) if offer.kind == "direct" else np.array([len(utility)])
    return Block(offer.name, offer.kind, utility, offer.alpha, offer.surplus_offset, sizes, offer.fair, offer.floor)


def settled(joining: Joining, membership: Integers, certify: bool = True) -> State:
    """The State of a membership, its equilibrium found directly.

    It is the first root at which all best replies stay, or that is certified; up to MOST_SEARCHED users all are looked
    for and it is the one of highest welfare. Without any it is the candidate with the least gap. Without `certify` it
    may be a root that is none.
    """
    return _settled(joining, np.asarray(membership, dtype=np.intp).tobytes(), certify)


@lru_cache(maxsize=MOST_REMEMBERED)
def _settled(joining, membership, certify):
    membership = np.frombuffer(membership, dtype=np.intp)
    game, rows = game_of(joining, membership)
    few = game.users <= MOST_SEARCHED
    outcome = solve(game, certify=few, prove=False).outcome
    if certify and not few and not _all_stay(game, outcome.y):
        outcome = certified(game, outcome)
        outcome = outcome if outcome.gap <= CERTIFIED_GAP else solve(game, prove=False).outcome
    without = fallback(game)
    return State(joining, membership, game, rows, paid(game, outcome, without), without)


def moved(state: State, users: int | Integers, to: int | np.intp | Integers, certify: bool = True) -> State:
    """The State after some users have moved to offers, arrays both, all else as it is."""
    membership = state.membership.copy()
    membership[users] = to
    return settled(state.joining, membership, certify)


def exact_gains(state: State, user: int) -> Array:
    """What a user gains by a move to each offer, the market solved after each move; money, shape (offers,).

    A gain that the first root promises is worked out again at the certified equilibrium.
    """
    gains = np.zeros(len(state.joining.offers))
    for to in np.flatnonzero(np.arange(len(gains)) != state.membership[user]):
        for certify in (False, True):
            gains[to] = moved(state, user, to, certify).surplus[user] - state.surplus[user]
            if gains[to] <= 0:
                break
    return gains


def expected_gains(state: State, user: int) -> Array:
    """What a user gains by each offer at its present terms, money, shape (offers,)."""
    return state.expected_gains[user]


GAINS: dict[str, Callable[[State, int], Array]] = dict(zip(FORESEES, (exact_gains, expected_gains), strict=True))


def best_move(state: State, user: int, foresight: str = "equilibrium") -> tuple[float, int]:
    """(Gain in money, offer) of the move by which a user expects to gain most, the first of equals."""
    gains = GAINS[foresight](state, user)
    to = int(np.argmax(gains))
    return float(gains[to]), to


class Move(NamedTuple):
    """A user's move to an offer and what it gains by it, in money."""

    user: int
    to: int
    gain: float


def best_moves(state: State) -> tuple[Move, ...]:
    """The Move that gains most for each user, all others staying where they are, the market solved after each.

    Where none gains, it is to where the user is, with gain 0.
    """
    return tuple(Move(user, to, gain) for user in range(state.joining.movers) for gain, to in [best_move(state, user)])


def largest_gain(moves: Sequence[Move]) -> Move:
    """The Move that gains most, the first of equals."""
    return max(moves, key=lambda move: move.gain)


def is_stable(state: State, best: Move, least_gain: float) -> bool | None:
    """Does no move gain more than `least_gain` from one equilibrium to another? None where that is not known.

    best: the Move that gains most. It is not known where the market as it is has no certified equilibrium, nor, where
    no move gains, if a market after a move has none (docs/aggregator/who-joins-whom.md, The proof).
    """
    if not in_equilibrium(state):
        return None
    if best.gain > least_gain:
        after = moved(state, best.user, best.to)
        return False if in_equilibrium(after) else None
    offers = np.arange(len(state.joining.offers))
    moves = ((user, to) for user in range(state.joining.movers) for to in offers if to != state.membership[user])
    return True if all(in_equilibrium(moved(state, user, to, False)) for user, to in moves) else None


def in_equilibrium(state: State) -> bool:
    """Is the outcome of a state a certified equilibrium? Where all replies stay, no further search is made."""
    outcome = state.outcome
    if outcome.gap is None and not _all_stay(state.game, outcome.y):
        outcome = certified(state.game, outcome)
    return outcome.gap is None or outcome.gap <= CERTIFIED_GAP


def _all_stay(game, y):
    """Is every player's globally best purchase the one it has?"""
    total, near = float(y.sum()), SAME_PURCHASE * float(y.sum())
    for block, where in zip(game.unmixed.blocks, game.unmixed.player_slices, strict=True):
        outside = np.maximum(total - y[where], 0.0)
        if block.single:
            best = best_quantities(game.price, block.utility, outside)
        else:
            best = [
                best_response(game.price, block.player(j), outside[j], now) for j, now in enumerate(y[where].tolist())
            ]
        if np.any(np.abs(best - y[where]) > near):
            return False
    return True
