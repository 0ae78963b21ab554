"""Outcomes of other tools: purchases or sales by player, or quantities by user, from a CSV file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from market.aggregator.game import Players
from market.aggregator.network.producers import Producers
from scenarios.reading.columns import read_columns
from scenarios.reading.errors import Place, nearest, one_of, quoted
from scenarios.reading.meter_file import MeterFile
from scenarios.reading.population import read_list

FORMS = ("player,purchase", "user,quantity", "group,user,quantity")
AMOUNT = "[0, inf)"
UNITS = ("unit", "units")
PRINTED_ROUNDING = 1e-9  # share of a capacity by which a sale printed with few digits may exceed it


class Purchases(NamedTuple):
    """What players buy, or sell, shape (players,), and what their users get, shape (users,), None where nobody says."""

    y: np.ndarray
    x: np.ndarray | None


def read_outcome(name: str, game: Players, place: Place) -> Purchases:
    """The purchases in a CSV file of columns as in FORMS, or of purchase or quantity alone, row by row in order.

    Players by their names or numbers, users by numbers, from 0 or from 1; rows in any order; separators and decimal
    commas as in files of meters. Raises ScenarioError that names the row.
    """
    file = MeterFile(name, place)
    _check_units(file)
    if "purchase" in file.header and "quantity" not in file.header:
        return Purchases(_purchases(file, game), None)
    if "quantity" in file.header and "purchase" not in file.header:
        x = _quantities(file, game)
        whose = np.repeat(np.arange(game.players), np.concatenate([block.sizes for block in game.blocks]))
        return Purchases(np.bincount(whose, x, minlength=game.players), x)
    allowed = f"{one_of(FORMS)} are needed"
    near = next((said for said in (nearest(one, ("purchase", "quantity")) for one in file.header) if said), "")
    raise place.error(f"{name} has the columns {quoted(','.join(file.header))}", allowed, near)


def _purchases(file, game):
    """What each player buys or sells, shape (players,)."""
    names = [game.player_name(j) for j in range(game.players)]
    places = _in_order(file, len(names), "players", lambda: _missing_or_again(file, names))
    if "player" in file.header:
        places = _named(file, "player", names)
    rows = np.argsort(places)
    y = _amounts(file, "purchase")[rows]
    return _within_capacity(y, game, file.place.at("purchase"), lambda j: file.row(int(rows[j])))


def _quantities(file, game):
    """What each user gets, shape (users,)."""
    seller = next((block.name for block in game.blocks if isinstance(block, Producers)), None)
    if seller is not None:
        got = f"{file.name} says what users get, but the producers {quoted(seller)} have none"
        raise file.place.error(got, "player,purchase is needed, sales as positive numbers")
    places = _in_order(file, game.users, "users")
    if "group" in file.header:
        places = _in_groups(file, game)
    elif "user" in file.header:
        places = _numbered(file, "user", np.arange(len(places)), game.users, (0, 1), "users of the market")
    x = np.empty(game.users)
    x[places] = _amounts(file, "quantity")
    return x


def _amounts(file, column):
    values = read_columns(file, [column])[column]
    return np.array(read_list(values, AMOUNT, file.place.at(column)))


def _check_units(file):
    """Raise ScenarioError where a column of units says different ones: amounts are read as they stand."""
    for column in set(UNITS) & set(file.header):
        said = file.texts(column)
        other = next((row for row, unit in enumerate(said) if unit.strip() != said[0].strip()), None)
        if other is not None:
            got = f"{file.row(0)} is {quoted(said[0])}, {file.row(other)} {quoted(said[other])}"
            raise file.place.at(column).error(got, "amounts are read as they stand: one unit for all is needed")


def _missing_or_again(file, names):
    """Which player's row comes twice, or is missing, in words; "" where rows have no names."""
    said = file.texts("player") if "player" in file.header else []
    if not set(said) & set(names):
        return ""
    again = next((name for name in said if said.count(name) > 1), None)
    if again is not None:
        return f"; {quoted(again)} comes twice"
    return "".join(f"; {quoted(name)} is missing" for name in names if name not in said)


def _in_order(file, count, what, hint=lambda: ""):
    """Places of rows that stand in order; raises ScenarioError for more or fewer rows than there are, with a hint."""
    rows = file.body.count(b"\n") if b'"' not in file.body else sum(1 for _ in file.rows())
    if rows != count:
        raise file.place.error(
            f"{file.name} has {rows} rows", f"the market has {count} {what}; a row for each is needed{hint()}"
        )
    return np.arange(count)


def _named(file, column, names):
    """Places of the rows whose column holds names, or numbers from 0 or from 1."""
    said = file.texts(column)
    if file.is_numeric(column) and not set(said) <= set(names):
        return _numbered(file, column, np.arange(len(said)), len(names), (0, 1), "players of the market")
    known = {name: place for place, name in enumerate(names)}
    wrong = next((row for row, name in enumerate(said) if name not in known), None)
    if wrong is not None:
        got = f"{file.row(wrong)} is {quoted(said[wrong])}"
        allowed = f"{one_of(names) if len(names) <= 10 else 'a player of the market'} is needed"
        raise file.place.at(column).error(got, allowed, nearest(said[wrong], names))
    places = np.array([known[name] for name in said])
    _check_once(file, column, places, lambda place: quoted(names[place]))
    return places


def _in_groups(file, game):
    """Places of rows that name a group and the number of a user in it, from 0, from 1, or among all users."""
    said, names = np.array(file.texts("group")), [block.name for block in game.blocks]
    wrong = np.flatnonzero(~np.isin(said, names))
    if wrong.size:
        row = int(wrong[0])
        got = f"{file.row(row)} is {quoted(str(said[row]))}"
        raise file.place.at("group").error(got, f"{one_of(names)} is needed", nearest(str(said[row]), names))
    places = np.empty(len(said), dtype=int)
    for block, users in zip(game.blocks, game.user_slices, strict=True):
        rows, starts = np.flatnonzero(said == block.name), (0, 1, users.start)
        what = f"users of {quoted(block.name)}"
        if len(rows) != block.users:
            got = f"{file.name} has {len(rows)} rows of {quoted(block.name)}"
            raise file.place.at("group").error(got, f"it has {block.users} users; a row for each is needed")
        places[rows] = users.start + _numbered(file, "user", rows, block.users, starts, what)
    return places


def _numbered(file, column, rows, count, starts: Sequence[int], what):
    """Places among `count` of numbers in some rows of a column, counted from their least if it is one of `starts`."""
    numbers = np.asarray(read_columns(file, [column])[column])[rows]
    first = int(numbers.min()) if numbers.min() in starts else 0
    wrong = np.flatnonzero(~((numbers >= first) & (numbers < first + count) & (numbers == np.floor(numbers))))
    if wrong.size:
        got = f"{file.row(int(rows[wrong[0]]))} is {numbers[wrong[0]]:g}"
        allowed = f"there are {count} {what}; a whole number from {first} to {first + count - 1} is needed"
        raise file.place.at(column).error(got, allowed)
    places = numbers.astype(int) - first
    _check_once(file, column, places, lambda place: str(place + first), rows)
    return places


def _check_once(file, column, places, called, rows=None):
    """Raise ScenarioError where a place comes twice; as many rows as places, none is then missing."""
    order = np.argsort(places, kind="stable")
    again = np.flatnonzero(np.diff(places[order]) == 0)
    if again.size:
        row = int(np.min(order[again + 1]))
        number = row if rows is None else int(rows[row])
        got = f"{file.row(number)} is {called(places[row])} again"
        missing = called(int(np.min(np.setdiff1d(np.arange(len(places)), places))))
        raise file.place.at(column).error(got, f"each once is needed; {missing} is missing")


def _within_capacity(y, game, place, called):
    """Amounts, sales cut by rounding at capacities; raises ScenarioError for a sale beyond one."""
    for block, where in zip(game.blocks, game.player_slices, strict=True):
        if not isinstance(block, Producers):
            continue
        over = np.flatnonzero(y[where] > block.capacity * (1 + PRINTED_ROUNDING))
        if over.size:
            k = int(over[0])
            most = f"{quoted(block.player_name(k))} can sell {block.capacity[k]:g} at most"
            raise place.error(f"{called(where.start + k)} is {y[where.start + k]:g}", most)
        y[where] = np.minimum(y[where], block.capacity)
    return y


def checked_purchases(y, game: Players, place: Place) -> Purchases:
    """Purchases or sales of all players, given as numbers in order; raises ScenarioError."""
    values = np.array(read_list(np.ravel(np.asarray(y, dtype=float)).tolist(), AMOUNT, place))
    if len(values) != game.players:
        raise place.error(f"got {len(values)} numbers", f"one for each of {game.players} players is needed")
    return Purchases(_within_capacity(values, game, place, lambda j: f"value {j} (counted from 0)"), None)
