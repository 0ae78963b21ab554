"""Max-min fairness: the least surplus as large as possible."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from market.fairness.objective import OFFSET, Objective
from market.fairness.one_player import OnePlayer
from market.parameters import parameter
from market.utilities.utility import LEAST_LOGGED

if TYPE_CHECKING:
    from market.arrays import Array, Mask, Numbers
    from market.fairness.objective import Players, Reduction, Response, Roof
    from market.utilities import Utility


FARTHEST_MULTIPLIER = 300.0  # the square of exp of it is still a number


@dataclass(frozen=True)
class MaxMin(Objective):
    """Φ(s) = min s_i over the users not priced out before the player buys (alpha → ∞)
    (Li, Motoki, Zhang, eq. 11).

    All of them then have one common surplus t = roof / (1 + e^z), roof the least best_surplus among them.
    """

    offset: float = parameter(default=0.01, **OFFSET)

    alpha = np.inf
    common_surplus = True
    sudden = True

    def closed_form(self, utility: Utility) -> bool:
        return utility.closed_form(self.alpha)

    def respond(self, utility: Utility, price: Numbers, z: Numbers, roof: Roof | None = None) -> Response:
        """Users' quantities and margins and how they move, each shape (…, users).

        `roof` is (least best_surplus, its relative slope in the price), each broadcastable to users.
        Returns (x, margin, demand slope, share, margin_p): share = dlog m/dz, margin_p = dm/dp. A user not served has
        no quantity and no demand slope.
        """
        least, rate = told(roof)
        served = utility.reservation > price
        below = 1 / (1 + np.exp(-np.clip(z, -FARTHEST_MULTIPLIER, FARTHEST_MULTIPLIER)))  # share of the roof given up
        best = utility.best_surplus(price)
        above = best - least
        above = np.where(above > 4e-16 * best, above, 0.0)
        margin = np.where(served, utility.margin_that_loses(price, above + least * below), 1.0)
        x = utility.demand(price + margin) * served
        bend = utility.demand_slope(price + margin)
        common = least * (1 - below)
        with np.errstate(divide="ignore", invalid="ignore"):
            share = common * below / (margin * margin * bend)
            margin_p = -(x + common * rate) / (margin * bend) - 1
        return x, margin, bend * served, np.where(served, share, 0.0), np.where(served, margin_p, 0.0)

    def first_guess(self, utility: Utility, price: Numbers, slope: Numbers, by_player: Reduction) -> Array:
        """Multiplier z from which Newton's method starts: half of the roof given up."""
        return np.zeros_like(by_player(np.add, utility.demand(price)))

    def multiplier(self, utility: Utility, price: Numbers, x: Array, roof: Roof | None = None) -> Array:
        """The z at which a user would get quantity x, shape (…, users)."""
        most = told(roof)[0]
        least = np.maximum(most * LEAST_LOGGED, LEAST_LOGGED)  # the quotient stays a number
        return np.log(np.maximum(most / np.maximum(utility.surplus(price, x), least) - 1, LEAST_LOGGED))

    def value(self, surplus: Array, counted: Mask, players: Players) -> Array:
        """Least surplus of every player's users who count, (…, users) to (…, players); 0 where none does."""
        least = players.by_player(np.minimum, np.where(counted, surplus, np.inf))
        return np.where(np.isposinf(least), 0.0, least)

    def gain(self, new: Array, old: Array, served: Mask, players: Players | None = None) -> Array:
        """Rise of the least surplus, as a share of the old one plus the offset; the rise itself where that is 0.

        Arrays of shape (…, users) of one player, result (…); with a block of `players`, result (…, players).
        """
        gain = self._share(new, old, self.offset, 1.0, OnePlayer if players is None else players)
        return gain[..., 0] if players is None else gain

    def regret(self, new: Array, old: Array, counted: Mask, served: Mask, worth: Array, players: Players) -> Array:
        """The gain as the certificate tells it, in no unit: shape (…, players) for surpluses (…, users).

        counted: users whose surplus matters; worth: surpluses that they could have in a good market. An offset above
        all that is worth counts as that, and so does no surplus without an offset. Who leaves one who counts without a
        surplus gains the whole of the least one, at least 1 (docs/aggregator/model.md, The gap).
        """
        anyone = players.to_users(players.by_player(np.maximum, counted))
        new, old = (np.where(counted | ~anyone, surplus, np.inf) for surplus in (new, old))
        most = players.by_player(np.maximum, np.where(counted, worth, 0.0))
        share = self._share(new, old, np.minimum(self.offset, most), most, players)
        lost = players.by_player(np.minimum, np.where(counted, old, np.inf)) <= 0
        return np.where(lost, np.maximum(share, 1.0), share)

    def plane(
        self, at: Array, margin: Array, old: Array, counted: Mask, served: Mask, worth: Array, players: Players
    ) -> tuple[Array, Array]:
        """No mean of the surpluses lies below the least; its weights are as one over the margins."""
        steep = np.where(counted, np.maximum(np.where(at > 0, margin, 0.0), LEAST_LOGGED), 1.0)
        flattest = players.by_player(np.minimum, np.where(counted, steep, np.inf))
        weight = np.where(counted, players.to_users(flattest) / steep, 0.0)
        total = players.by_player(np.add, weight)
        weight = weight / players.to_users(np.where(total > 0, total, 1.0))
        most = players.by_player(np.maximum, np.where(counted, worth, 0.0))
        least = players.by_player(np.minimum, np.where(counted, old, np.inf))
        least = np.where(total > 0, least, 0.0)
        base = self._base(least, np.minimum(self.offset, most), most)
        height = (players.by_player(np.add, weight * at) - least) / base
        return np.where(least <= 0, np.inf, height), weight / players.to_users(base)

    @classmethod
    def _share(cls, new, old, offset, otherwise, group):
        """Rise of the least surplus as a share of the old one and the offset; of `otherwise` where both are 0."""
        least = group.by_player(np.minimum, old)
        return (group.by_player(np.minimum, new) - least) / cls._base(least, offset, otherwise)

    @staticmethod
    def _base(least, offset, otherwise):
        base = np.where(least + offset > 0, least + offset, otherwise)
        return np.where(base > 0, base, 1.0)


def told(roof: Roof | None) -> Roof:
    """The roof of a common surplus; raises ValueError where a solver has told none."""
    if roof is None:
        raise ValueError("a common surplus is shared below a roof, and none was told")
    return roof
