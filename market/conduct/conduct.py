"""What every conduct offers, and what a market lets the players know who decide by it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from market.arrays import Array, Integers, Numbers
    from market.conduct.dice import Dice

PAYOFF_FUNCTION = "its payoff function and what the others bought"
OWN_PAYOFF = "its own payoff"
PRICES = "prices"
STEP = "its next step"  # what of `kept` is a difference of amounts
ONE_AMOUNT = "it decides on one amount a round, and a day has one for each period"
TOO_MANY = "it chooses among even amounts, and a day of them has that many to the power of its periods"
NO_RANDOM_DAY = "what devices allow has no random day that all would agree on"
ACTIONS: dict[str, Any] = {
    "type": "whole",
    "range": "[2, 1001]",
    "default": 41,
    "meaning": "amounts it chooses among, evenly from none to all that it would want alone",
}

State = dict[str, Any]  # what players have in mind: arrays whose first axis are the players


class Faced(Protocol):
    """What came of a round for the players of a group, each looked at beside what all others did.

    own: their amounts, payoff: what these paid, price: what a unit cost them, each shape (players,); seen: what of the
    others' amounts their payoffs depend on, shape (players, numbers). Amounts in energy, payoffs in the unit of the
    players' objective (of a single user and of producers: money).
    """

    @property
    def own(self) -> Array: ...

    @property
    def payoff(self) -> Array: ...

    @property
    def price(self) -> Array: ...

    @property
    def seen(self) -> Array: ...

    def of_actions(self, count: int) -> Array:
        """What each of so many even amounts would have paid, shape (players, count), all in one call."""

    def marginal(self) -> Array:
        """What a little more would have brought, money per unit of energy, shape (players,)."""

    def best(self, seen: Array) -> Array:
        """The best amounts beside what is seen, shape (players,)."""

    def nearest(self, amounts: Array) -> Array:
        """The nearest amounts that players may take to these, shape (players,)."""

    def wanted(self) -> Array:
        """What each would take, or sell, at the price of a unit taken as given, shape (players,)."""


@dataclass(frozen=True, eq=False)
class Start:
    """What players of a group know before the first round.

    rounds: how many there may be; top: the largest amount each tries, energy; steepness: what a first unit would bring
    each if it were alone, money per energy, shapes (players,); prices: the starting price, and the price if all players
    bought all they want, money per energy; faced: the first amounts as if they had been a round; grid: so many even
    amounts of each player from none to its largest, shape (players, count).
    """

    rounds: int
    top: Array
    steepness: Array
    prices: tuple[float, float]
    faced: Faced
    grid: Callable[[int], Array]

    def pace(self, share: float) -> Array:
        """How far a step goes per marginal payoff, shape (players,), energy² per money: with a share of 1 one that
        falls from what the first unit brings to nothing at the largest amount leads there at once."""
        return share * self.top / np.where(self.steepness > 0, self.steepness, np.inf)


class Conduct(ABC):
    """How the players of a group decide in rounds, each for itself, all of them worked out at once.

    A subclass is a frozen dataclass whose keys are `parameter` fields. What its players have in mind is a State that
    `begin` makes and the others change; row j of every array is player j's, so that a group's rows are what each player
    alone would have. knows: the information it uses; learns: does it play its rounds to the end? not_over_days: why it
    cannot decide a day, "" where it can: an amount is then a whole plan, shape (players, columns).
    """

    knows: ClassVar[str]
    learns: ClassVar[bool] = True
    not_over_days: ClassVar[str] = ONE_AMOUNT

    @abstractmethod
    def begin(self, start: Start) -> State:
        """What players have in mind before the first round."""

    @abstractmethod
    def decide(self, state: State, dice: Dice) -> Array:
        """Amounts of the next round, shape (players,), energy."""

    @abstractmethod
    def learn(self, state: State, faced: Faced) -> None:
        """Take in what came of a round."""

    def beliefs(self, state: State) -> Array | None:
        """Chances of each player's even amounts in the next round, shape (players, actions); None without such."""
        return None

    def kept(self, state: State) -> dict[str, Array]:
        """{What: energy, shape (players, numbers)} of what else players have in mind, to be told; one number or more.

        Of what is `seen` there are as many numbers as the market lets players see.
        """
        return {}

    def bound(self, played: Numbers, rounds: int) -> Numbers | None:
        """The largest expected regret after some of so many rounds, in ranges of payoffs; None where none is proven."""
        return None


def rows(amounts: Array) -> Array:
    """Amounts (players,) or (players, numbers) as rows, shape (players, numbers)."""
    return amounts.reshape(len(amounts), -1)


def chosen(weights: Array, luck: Array) -> Integers:
    """The action at which the running sum of weights (players, actions) passes luck in [0, 1) of it, (players,)."""
    reached = weights.cumsum(axis=1)
    passed = reached <= luck[:, None] * reached[:, -1:]
    passed[:, -1] = False
    return passed.argmin(axis=1)
