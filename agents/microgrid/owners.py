"""Owners of private lines who decide by themselves: what they see, what they may answer, what they hear.

The group "owners" has a seat for each node with a part in some private line, its number the node's. Once a round, which
is a period of a day or the next ad hoc trades, an owner answers what it lets flow on each of its lines: True or ∞,
whatever the behaviour wants; False or 0, nothing; where trade goes line by line also an amount in p.u. A single answer
goes for all its lines. A line of two owners carries what both let flow.
"""

from __future__ import annotations

from typing import NamedTuple

import mesa
import numpy as np

from agents.market_model import shown
from agents.seats import Guest, Player, Seat, SeatError
from market.arrays import answered
from market.microgrid.behaviours.ad_hoc import most_trade
from market.microgrid.market import ClearedPeriod
from market.microgrid.network import SHARED
from market.microgrid.offers import owned
from market.microgrid.payments import by_owner
from market.microgrid.tariff import Tariff

GROUP = "owners"


class OwnersView(NamedTuple):
    """What an owner knows before it decides; all arrays of shape (its lines,).

    round, period: of the run; tariff: the period's; lossy: are flows lossy? line by line: may amounts be offered?
    lines: numbers of its private lines; tail, head: their ends; r, length: in p.u., in km; share: its part of their
    rent; left_tail, left_head: what their ends have (> 0) or need (< 0), p.u., trades so far taken off; flows: trades
    so far, p.u., from tail to head; open: can the line still be used?
    """

    round: int
    period: int
    tariff: Tariff
    lossy: bool
    line_by_line: bool
    lines: np.ndarray
    tail: np.ndarray
    head: np.ndarray
    r: np.ndarray
    length: np.ndarray
    share: np.ndarray
    left_tail: np.ndarray
    left_head: np.ndarray
    flows: np.ndarray
    open: np.ndarray


class OwnersOutcome(NamedTuple):
    """What an owner hears of a round.

    offer: its answer as amounts, shape (its lines,); flows: on its lines, p.u., or None where nobody could be served;
    rent: what its lines earn it, payment: what its node gets with that (negative: pays), gain: the payment beside that
    without private trade, money; each None where the payment rule has none.
    """

    offer: np.ndarray
    flows: np.ndarray | None
    rent: float | None
    payment: float | None
    gain: float | None


class Owner(Player):
    """The shipped owner: offers its lines, and trades until the marginal loss eats up the spread of the tariff."""

    def decide(self) -> np.ndarray:
        """What it lets flow on each of its lines, shape (its lines,)."""
        if not self.view.line_by_line:
            return np.ones(len(self.view.lines), dtype=bool)
        worth = most_trade(self.view.r, self.view.tariff)
        return np.where(worth > 0, worth, np.inf)  # without a spread nothing is traded, but no line is withheld


def owners_seats(lines) -> list[Seat]:
    """The seats of a network's private lines; `own` of each are the numbers of its lines."""
    return [Seat(GROUP, node, place, rows) for place, (node, rows) in enumerate(owned(lines).items())]


def view_of(model: mesa.Model, seat: Seat) -> OwnersView:
    """What an owner knows in the present round of a MicrogridModel."""
    network, rows = model.network, seat.own
    lines = network.private.take(rows)
    trading = model.owners.trading
    left = network.injection if trading is None else trading.left
    flows = np.zeros(len(rows)) if trading is None else trading.g[rows]
    low, high = left[lines.tail], left[lines.head]
    is_open = np.ones(len(rows), dtype=bool)
    if model.line_by_line:
        past = [] if trading is None else trading.order[: trading.visited]
        is_open = (low * high < 0) & ~np.isin(rows, past)
    share = np.where(lines.owner == SHARED, 0.5, 1.0)
    known = (model.round, model.period, model.market.tariff_at(model.period), model.market.lossy, model.line_by_line)
    return OwnersView(*known, rows, lines.tail, lines.head, lines.r, lines.length, share, low, high, flows, is_open)


def offer_of(answer: object, player: Player, round: int, line_by_line: bool) -> np.ndarray:
    """An owner's answer as the most that may flow on each of its lines, p.u., shape (its lines,).

    Raises SeatError unless it is one number or truth value, or one for each line.
    """
    count = len(player.seat.own)
    amounts = _amounts(answer)
    fine = amounts is not None and amounts.shape in ((), (count,)) and np.all(amounts >= 0)
    if not fine or not (line_by_line or np.all((amounts == 0) | (amounts == np.inf))):
        who = type(player.mind if isinstance(player, Guest) else player).__name__
        allowed = "an amount in p.u. >= 0 or True or False" if line_by_line else "True or False"
        raise SeatError(
            f"round {round}: {who} of {player.seat} decided {shown(answer)}; "
            f"{allowed} for each of its {count} lines, or one for all, is needed"
        )
    return np.broadcast_to(amounts, (count,)).copy()


def _amounts(answer):
    """An answer as numbers, True as ∞ and False as 0; None where it is neither."""
    values = answered(answer)
    if values is None or values.dtype.kind != "b":
        return None if values is None else values.astype(float)
    return np.where(values, np.inf, 0.0)


def least_offer(lines: int, seats: list[Seat], offers: list[np.ndarray]) -> np.ndarray:
    """What may flow on each private line: the least that any of its owners lets flow, p.u., shape (lines,)."""
    most = np.full(lines, np.inf)
    for seat, offer in zip(seats, offers, strict=True):
        most[seat.own] = np.minimum(most[seat.own], offer)
    return most


def heard_by(seat: Seat, offer: np.ndarray, outcome: ClearedPeriod, rents: np.ndarray | None) -> OwnersOutcome:
    """What an owner hears of an outcome; rents: of all nodes, `rents_of(outcome)`."""
    g, paid, node = outcome.dispatch.g, outcome.payments, seat.number
    flows = None if g is None else g[seat.own]
    if paid is None:
        return OwnersOutcome(offer, flows, None, None, None)
    gain = None if outcome.gains is None else float(outcome.gains[node])
    return OwnersOutcome(offer, flows, float(rents[node]), float(paid.agents[node]), gain)


def rents_of(outcome: ClearedPeriod) -> np.ndarray | None:
    """What private lines earn each node, money, shape (n,), None where there are no payments."""
    return None if outcome.payments is None else by_owner(outcome.network, outcome.payments.lines)
