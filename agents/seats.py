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

from market.arrays import Array
from market.outcome import CERTIFIED_GAP

MOST_TOLD = 12  # numbers of seats told one by one
NO_CONDUCTS = "nobody decides by one in this market; aggregators and users who buy, over a day or on a network, do"


class SeatError(ValueError):
    """Somebody who cannot sit there, or a decision nobody can act on; its text is one line."""


class Seat(NamedTuple):
    """A place at the market.

    group: its group's name; number: among the group's players, from 0; place: among all players of the market, from 0;
    own: what its player knows of itself for good, as each market says. Who is told of as a view on numbers, and has
    nothing to decide, has no place.
    """

    group: str
    number: int
    place: int | None
    own: Any = None

    def __str__(self) -> str:
        return f"{self.group} {self.number}"


class Player(mesa.Agent):
    """Who sits in a seat: a subclass that says what it decides.

    `view` is what it observed last, `heard` what it learned last, None before.

    `rng` and `random` are its own, from seed, replication, group and number: nobody else's draws disturb them.
    """

    def __init__(self, model: mesa.Model, seat: Seat):
        super().__init__(model)
        self.seat = seat
        self.view: Any = None
        self.heard: Any = None

    @cached_property
    def rng(self) -> np.random.Generator:
        """The player's own generator."""
        return self.model.streams.of(self.seat.group, self._draws)

    @cached_property
    def random(self) -> random.Random:
        """The same for those who prefer Python's."""
        return random.Random(int(self.model.streams.of(self.seat.group, f"{self._draws} random").integers(2**63)))

    @property
    def _draws(self):
        return f"{'member' if self.seat.place is None else 'player'} {self.seat.number}"

    @property
    def called(self) -> str:
        """What messages call it."""
        return type(self).__name__

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

    def told(self, outcome: Any) -> None:
        """Note what came of everybody's decisions, and hear it."""
        self.heard = outcome
        self.hear(outcome)


class Guest(Player):
    """A player played by any object with `decide()`, and with `observe(view)` and `hear(outcome)` if it cares."""

    def __init__(self, model: mesa.Model, seat: Seat, mind: Any):
        super().__init__(model, seat)
        if not callable(getattr(mind, "decide", None)):
            raise SeatError(f"{seat}: a {type(mind).__name__} cannot sit there; an object with decide() is needed")
        self.mind = mind

    @property
    def called(self) -> str:
        """What messages call it: by the object that decides."""
        return type(self.mind).__name__

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


Seated = type | Callable[[mesa.Model, Seat], Player] | Mapping[int, Any] | Sequence | object  # said of a group


def check_groups(players: Mapping[str, Seated] | None, groups: Iterable[str], said: str = "players") -> None:
    """Raise SeatError where somebody is to sit in a group that is not there; said: what messages call the argument."""
    if players is not None and not isinstance(players, Mapping):
        raise SeatError(f"{said}: got a {type(players).__name__}; {{'group': who sits there}} is needed")
    known = list(groups)
    for name in players or ():
        if name not in known:
            near = difflib.get_close_matches(str(name), known, 1)
            hint = f"; nearest known name: {near[0]}" if near else ""
            have = f"{', '.join(known)} have seats" if known else "nobody but its own agents can sit in this market"
            raise SeatError(f"{said}: no group {str(name)!r}; {have}{hint}")


def names_of(players: Mapping[str, Seated] | None) -> dict[str, list[str]]:
    """{group: sorted names of the classes, functions or objects that sit there}; of entries that are None, nothing.

    >>> names_of({"north": None, "south": {3: dict}, "east": [dict, list]})
    {'south': ['dict'], 'east': ['dict', 'list']}
    """
    named = {str(group): sorted({_name_of(one) for one in _entered(who)}) for group, who in (players or {}).items()}
    return {group: found for group, found in named.items() if found}


def who_gain(seated: Iterable[tuple[Player, Array | float]]) -> list[str]:
    """What players are called who have regrets beyond an equilibrium's, sorted; of (player, its seats' regrets)."""
    return sorted({player.called for player, regrets in seated if np.any(regrets > CERTIFIED_GAP)})


def _entered(who):
    """Whoever is named for a group's seats, one by one."""
    if isinstance(who, Mapping):
        who = list(who.values())
    listed = isinstance(who, Sequence) and not isinstance(who, str)
    return [one for one in (who if listed else [who]) if one is not None]


def _name_of(one):
    """What messages call a class, a function or an object that decides."""
    return getattr(one, "__name__", None) or type(one).__name__


def refuse(players: Mapping[str, Seated] | None, why: str, said: str = "players") -> None:
    """Raise SeatError where anybody is to sit in a market without seats for them; said: what the argument is called."""
    if players:
        raise SeatError(f"{said}: {why}")


def refuse_conducts(options: dict[str, Any], why: str = NO_CONDUCTS) -> None:
    """Take the conducts out of a model's options; raise SeatError where there are any."""
    refuse(options.pop("conducts", None), why, "conducts")


def seated(model: mesa.Model, seats: Sequence[Seat], who: Seated, usual: Seated = None) -> list[Player]:
    """The players of one group's seats.

    who: a class or function of (model, seat) that makes each; an object that decides, for a group of one; a list, one
    entry for each seat; or {number: entry} for some of them. An entry is a class, a function or an object that
    decides; None, and whoever a table leaves out, is made by `usual`. Raises SeatError.
    """
    entries = _entries(seats, who)
    return [_player(model, seat, usual if entry is None else entry) for seat, entry in zip(seats, entries, strict=True)]


def _entries(seats, who):
    """Who sits in each of a group's seats."""
    group = seats[0].group if seats else "?"
    if isinstance(who, Mapping):
        numbers = {seat.number for seat in seats}
        for number in who:
            if number not in numbers:
                raise SeatError(f"players: {group} has no number {number!r}; {_told(numbers)} have seats")
        return [who.get(seat.number) for seat in seats]
    if who is None or _makes(who):
        return [who] * len(seats)
    minds = list(who) if isinstance(who, Sequence) and not isinstance(who, str) else [who]
    if len(minds) != len(seats):
        raise SeatError(f"players: {group} has {len(seats)} seats, got {len(minds)}; one for each is needed")
    return minds


def _makes(who):
    """Is it a class or function that makes players, rather than somebody who decides?"""
    return isinstance(who, type) or (callable(who) and not callable(getattr(who, "decide", None)))


def _told(numbers):
    """Numbers in words: all, or their ends where there are many."""
    ordered = sorted(numbers)
    few = len(ordered) <= MOST_TOLD
    return ", ".join(map(str, ordered)) if few else f"{ordered[0]} to {ordered[-1]}, {len(ordered)} of them,"


def _player(model, seat, who):
    player = who(model, seat) if _makes(who) else Guest(model, seat, who)
    if not isinstance(player, Player):
        raise SeatError(f"{seat}: got a {type(player).__name__}; a Player is needed")
    return player
