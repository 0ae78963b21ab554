"""Seats: how an agent of one's own comes to act in a market.

A model has a seat for each player of each group. Whoever sits there observes in every round what the market lets it
know, decides, and hears what came of it; each market's model says what the three are (docs/agents.md).
"""

from __future__ import annotations

import difflib
import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple

import mesa
import numpy as np


class SeatError(ValueError):
    """Somebody who cannot sit there, or a decision nobody can act on; its text is one line."""


class Seat(NamedTuple):
    """A place at the market.

    group: its group's name; number: among the group's players, from 0; place: among all players of the market, from 0;
    own: what its player knows of itself for good, as each market says.
    """

    group: str
    number: int
    place: int
    own: Any = None

    def __str__(self) -> str:
        return f"{self.group} {self.number}"


class Player(mesa.Agent):
    """Who sits in a seat: a subclass that says what it decides. `view` is what it observed last.

    `rng` and `random` are its own, from seed, replication, group and number: nobody else's draws disturb them.
    """

    def __init__(self, model: mesa.Model, seat: Seat):
        super().__init__(model)
        self.seat = seat
        self.view: Any = None

    @cached_property
    def rng(self) -> np.random.Generator:
        """The player's own generator."""
        return self.model.streams.of(self.seat.group, f"player {self.seat.number}")

    @cached_property
    def random(self) -> random.Random:
        """The same for those who prefer Python's."""
        return random.Random(int(self.model.streams.of(self.seat.group, f"random {self.seat.number}").integers(2**63)))

    @property
    def group(self) -> str:
        """Name of the player's group."""
        return self.seat.group

    def observe(self, view: Any) -> None:
        """Learn what the market lets it know before it decides."""
        self.view = view

    def decide(self) -> Any:
        """What it does; each market says what that can be."""
        raise NotImplementedError(f"{type(self).__name__} has no decide()")

    def hear(self, outcome: Any) -> None:
        """Learn what came of everybody's decisions."""


class Guest(Player):
    """A player played by any object with `decide()`, and with `observe(view)` and `hear(outcome)` if it cares."""

    def __init__(self, model: mesa.Model, seat: Seat, mind: Any):
        super().__init__(model, seat)
        if not callable(getattr(mind, "decide", None)):
            raise SeatError(f"{seat}: a {type(mind).__name__} cannot sit there; an object with decide() is needed")
        self.mind = mind

    def observe(self, view: Any) -> None:
        """Pass on what it may know."""
        super().observe(view)
        if hasattr(self.mind, "observe"):
            self.mind.observe(view)

    def decide(self) -> Any:
        """What the object decides."""
        return self.mind.decide()

    def hear(self, outcome: Any) -> None:
        """Pass on what came of it."""
        if hasattr(self.mind, "hear"):
            self.mind.hear(outcome)


Seated = Callable[[mesa.Model, Seat], Player] | Sequence | object  # what may be said of a group


def check_groups(players: Mapping[str, Seated], groups: Iterable[str]) -> None:
    """Raise SeatError where somebody is to sit in a group that is not there."""
    known = list(groups)
    for name in players:
        if name not in known:
            near = difflib.get_close_matches(str(name), known, 1)
            hint = f"; nearest known name: {near[0]}" if near else ""
            raise SeatError(f"players: no group {name!r}; {', '.join(known)} have seats{hint}")


def seated(model: mesa.Model, seats: Sequence[Seat], who: Seated) -> list[Player]:
    """The players of one group's seats.

    who: a class or function of (model, seat) that makes each; an object that decides, for a group of one; or a list,
    one for each seat. Raises SeatError.
    """
    if callable(who):
        made = [who(model, seat) for seat in seats]
    else:
        minds = list(who) if isinstance(who, Sequence) else [who]
        if len(minds) != len(seats):
            group = seats[0].group if seats else "?"
            raise SeatError(f"players: {group} has {len(seats)} seats, got {len(minds)}; one for each is needed")
        made = [Guest(model, seat, mind) for seat, mind in zip(seats, minds, strict=True)]
    for seat, player in zip(seats, made, strict=True):
        if not isinstance(player, Player):
            raise SeatError(f"{seat}: got a {type(player).__name__}; a Player is needed")
    return made
