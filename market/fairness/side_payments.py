"""Money among the members of an aggregator: it buys for the greatest total, then its members pay each other.

Transfers t among members with surpluses s, money, (users,), with Σ t = 0 for every player, maximise Σ φ(s_i + t_i) over
s_i + t_i ≥ floor_i (docs/aggregator/side-payments.md). φ is one strictly concave function for all members, so φ' is
equal for those above their floors: all are raised to one level, whatever alpha > 0 and whatever the offset.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from market.arrays import Array, Mask
    from market.fairness.objective import Players


FLOORS = ("alone", "none")  # what a member has at least: what it would have alone, or nothing is promised
FLOOR_ROUNDING = 1e-9  # share of what there is by which floors may add up to more and still be kept, but for as much


class Shared(NamedTuple):
    """How members of each player share: transfers (users,), the level that those above their floors have (players,).

    at_level: how many members have it, shape (players,); short: marks the players whose floors add up to more than
    there is, shape (players,); there nobody pays, and the level is not a number. Where alpha = 0 the level is not of
    surpluses, but of transfers.
    """

    transfers: Array
    level: Array
    at_level: Array
    short: Mask


def moved(transfers: Array | None) -> float:
    """Money that changes hands, Σ max(t, 0); 0 without payments.

    >>> moved(np.array([2.0, -3.0, 1.0])), moved(None)
    (3.0, 0.0)
    """
    return 0.0 if transfers is None else float(np.sum(np.maximum(transfers, 0.0)))


def share(surplus: Array, floors: Array, indifferent: bool, players: Players) -> Shared:
    """The transfers among each player's members, surpluses and floors of shape (users,), money.

    floors: minus infinity for none. indifferent: does the aggregator mind the total alone (alpha = 0)? Then nobody pays
    unless somebody is below its floor; who is not gives the same amount, or what it has above its floor.
    """
    total, asked = players.by_player(np.add, surplus), players.by_player(np.add, floors)
    size = players.by_player(np.add, np.abs(surplus))
    members = players.by_player(np.add, np.ones_like(surplus))
    short = (asked > total + FLOOR_ROUNDING * size) & (members > 1)
    over = (asked > total) & (asked > 0) & ~short & (members > 1)
    fitting = np.where(over, total, 1.0) / np.where(over, asked, 1.0)
    floors = np.where(players.to_users(short), -np.inf, floors) * players.to_users(fitting)
    before = surplus if indifferent else np.zeros_like(surplus)
    level = common_level(floors - before, total - players.by_player(np.add, before), players)
    raised = floors - before <= players.to_users(level)
    transfers = np.where(raised, players.to_users(level), floors - before) + before - surplus
    transfers = np.where(players.to_users(short | (members == 1)), 0.0, transfers)
    return Shared(transfers, np.where(short, np.nan, level), players.by_player(np.add, raised.astype(float)), short)


def common_level(floors: Array, total: Array, players: Players) -> Array:
    """The level L at which Σ max(floor_i, L) over each player's members is its total, shape (players,).

    floors: shape (users,), not more in sum than the total, minus infinity for none. Those whose floor is above the
    level there would be without their floors keep it; that lowers the level for the others, until none is above it.
    """
    lowest = floors == players.to_users(players.by_player(np.minimum, floors))
    raised = np.ones_like(lowest)
    while True:
        kept = players.by_player(np.add, np.where(raised, 0.0, floors))
        level = (total - kept) / players.by_player(np.add, raised.astype(float))
        still = raised & (lowest | (floors < players.to_users(level)))
        if np.array_equal(still, raised):
            return level
        raised = still
