"""What every fairness objective offers, and the questions that solvers ask of it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol, TypeVar

    import numpy.typing as npt

    from market.arrays import Array, Mask, Numbers
    from market.utilities import Utility

    Reduction = Callable[[np.ufunc, Array], Array]  # an array (…, users) reduced to (…, players)
    Scalar = TypeVar("Scalar", bound=np.generic)
    Response = tuple[Array, Array, Array, Numbers, Numbers]  # what `respond` returns
    Roof = tuple[Array, ...]  # the most that a common surplus can be, and its relative slope in the price

    class Players(Protocol):
        """Players whose users stand last in an array: a block, or OnePlayer."""

        def by_player(self, ufunc: np.ufunc, values: npt.NDArray[Scalar]) -> npt.NDArray[Scalar]:
            """Reduce an array (…, users) to (…, players)."""

        def to_users(self, values: npt.NDArray[Scalar]) -> npt.NDArray[Scalar]:
            """Spread an array (…, players) over the users, or leave it to broadcast."""


OFFSET: dict[str, Any] = {
    "key": "surplus_offset",
    "unit": "money",
    "range": "[0, inf)",
    "meaning": "added to each surplus",
}


class Objective(ABC):
    """An aggregator's objective Φ of its users' surpluses (Li, Motoki, Zhang, section II-A), rising in each of them.

    A player's multiplier is a number z for each player, in which the margins of its users rise: `respond` says what
    they then get. Users stand last in every array.
    alpha, offset: what tables call it by and what is added to each surplus, where it has such.
    common_surplus: do all whom it serves have one surplus? It then does not mind how much exactly it buys where the
    price is flat.
    """

    alpha: float | None = None
    offset: float = 0.0
    common_surplus: bool = False

    @property
    def welfare(self) -> bool:
        """Is it the plain sum of surpluses?"""
        return False

    @property
    def literal(self) -> bool:
        """Is it minus infinity as soon as one user has no surplus?"""
        return False

    @property
    def sudden(self) -> bool:
        """May what a player buys jump where one of its users is priced out?"""
        return False

    @property
    def steepness(self) -> float:
        """How many times faster the logarithm of a margin may move than z."""
        return 1.0

    def closed_form(self, utility: Utility) -> bool:
        """Is every answer worked out user by user, with the same bits whoever else is worked out?"""
        return False

    @abstractmethod
    def respond(self, utility: Utility, price: Numbers, z: Numbers, roof: Roof | None = None) -> Response:
        """Users' (x, margin, demand slope, share, margin_p) at a price and z, each shape (…, users).

        share = dlog m/dz, margin_p = dm/dp; roof: with a common surplus, the most it can be and its relative slope.
        """

    def taken(self, utility: Utility, price: Numbers, z: Numbers, roof: Roof | None = None) -> Array:
        """The quantities of `respond` alone, which an objective may know with less work."""
        return self.respond(utility, price, z, roof)[0]

    @abstractmethod
    def first_guess(self, utility: Utility, price: Numbers, slope: Numbers, by_player: Reduction) -> Array:
        """Multiplier z from which Newton's method starts; `by_player(ufunc, v)` reduces users to players."""

    @abstractmethod
    def multiplier(self, utility: Utility, price: Numbers, x: Array, roof: Roof | None = None) -> Array:
        """The z at which a user would get quantity x, shape (…, users)."""

    @abstractmethod
    def gain(self, new: Array, old: Array, served: Mask, players: Players | None = None) -> Array:
        """Rise of Φ from surpluses `old` to `new` in a unit of its own, shape (…) or (…, players)."""

    @abstractmethod
    def regret(self, new: Array, old: Array, counted: Mask, served: Mask, worth: Array, players: Players) -> Array:
        """The gain as the certificate tells it, in no unit, shape (…, players) (docs/aggregator/model.md, The gap)."""

    @abstractmethod
    def value(self, surplus: Array, counted: Mask, players: Players) -> Array:
        """Φ of every player's surpluses, (…, users) to (…, players), in its own unit."""

    def plane(
        self, at: Array, margin: Array, old: Array, counted: Mask, served: Mask, worth: Array, players: Players
    ) -> tuple[Array, Array]:
        """(Height at surpluses `at`, slopes in each) of a plane that no surpluses' regret lies above.

        Shapes (…, players) and (…, users) for surpluses and margins (…, users); the other arguments are those of
        `regret`. Infinitely high where no plane is known.
        """
        return np.full_like(players.by_player(np.add, at), np.inf), np.zeros_like(at)

    def log_scale(self, surplus: Array, served: Mask) -> Numbers:
        """Logarithm of the unit in which `gain` counts, of one player with surpluses (…, users), where z is log kappa.

        kappa: what one more unit of energy is worth to Φ. Needed of all objectives without a common surplus.
        """
        raise NotImplementedError(f"{type(self).__name__} has no log_scale()")

    def margin(self, utility: Utility, price: Numbers, z: Numbers) -> Array:
        """Users' margins at a price and z, rising in z and not rising in the price, shape (…, users)."""
        return self.respond(utility, price, z)[1]

    def least_margin(self, z: Numbers) -> Numbers | None:
        """What a served user's margin is at least, whatever the price, or None."""
        return None

    def pressure_rises(self, utility: Utility) -> bool:
        """Does x/m of a user rise with the price at a given z?"""
        return False
