"""Prosumers of a bilateral market: a row for each prosumer and period, buyer or seller by the sign of its energy."""

from __future__ import annotations

import numpy as np

from scenarios.reading.columns import label
from scenarios.reading.errors import Place, quoted
from scenarios.reading.kept import Kept
from scenarios.reading.people import KEEP, lengths
from scenarios.reading.schema import REQUIRED, Key, of_people
from scenarios.reading.time_labels import first_gap, moments_of

MONEY = "money/kWh"

KEYS = (
    Key("prosumers", "columns", "", None, "", "in place of buyers and sellers: who is which by its net energy"),
    Key("prosumers.prosumer", "labels", "", REQUIRED, "[0, 1000000]", "number of the prosumer, from 0, or its name"),
    Key(
        "prosumers.period", "labels", "", None, "[0, 1000000]", "number of the period, from 0, or a time; default: one"
    ),
    Key("prosumers.net", "list", "kWh", None, "(-inf, inf)", "what it has (> 0) or needs (< 0)"),
    Key("prosumers.load", "list", "kWh", None, "[0, inf)", "in place of net, with generation: what it uses"),
    Key("prosumers.generation", "list", "kWh", None, "[0, inf)", "in place of net, with load: what it generates"),
    Key("prosumers.value", "list", MONEY, REQUIRED, "[0, inf)", "what a kWh is worth to it when it buys"),
    Key("prosumers.ask", "list", MONEY, REQUIRED, "[0, inf)", "the least it takes for a kWh when it sells"),
    *of_people("prosumers"),
    Key("prosumers.names", "labels", "", None, "[0, 1000000]", "of the prosumers by number, filled in from names"),
    Key("prosumers.times", "labels", "", None, "[0, 1000000]", "of the periods by number, filled in from times"),
    Key("periods", "whole", "periods", None, "[1, 100000]", "how many are played; drawn quantities are drawn anew"),
)


def read_prosumers(columns, place: Place) -> dict:
    """Columns checked against each other and `net` filled in; raises ScenarioError."""
    columns = _numbered(_numbered(columns, "prosumer", "names", place), "period", "times", place)
    long = {name: len(values) for name, values in columns.items() if name not in ("names", "times", KEEP)}
    long |= lengths(columns)
    if len(set(long.values())) > 1:
        told = ", ".join(f"{name} {length}" for name, length in long.items())
        raise place.error(f"columns of different lengths: {told}", "one value per row is needed")
    given = [name for name in ("net", "load", "generation") if name in columns]
    if given not in (["net"], ["load", "generation"]):
        got = f"got {', '.join(given)}" if given else "got none of net, load, generation"
        raise place.error(got, "net alone, or load and generation, are needed")
    rows = len(columns["prosumer"])
    period = columns.get("period", (0.0,) * rows)
    for name, values in (("prosumer", columns["prosumer"]), ("period", period)):
        odd = np.flatnonzero(np.asarray(values) != np.floor(values))
        if odd.size:
            got = f"{label(values, int(odd[0]))} is {values[odd[0]]}"
            raise place.at(name).error(got, "a whole number is needed")
    seen = {}
    for row, pair in enumerate(zip(period, columns["prosumer"], strict=True)):
        if pair in seen:
            first, again = (label(columns["prosumer"], one) for one in (seen[pair], row))
            got = f"{again} is prosumer {pair[1]:g} in period {pair[0]:g}, as is {first}"
            raise place.error(got, "each prosumer once in a period")
        seen[pair] = row
    _check_kept(columns, place.at(KEEP))
    return {**columns, "period": tuple(period)} if "period" not in columns else columns


def _check_kept(columns, place):
    """Raise ScenarioError where something else is kept of a prosumer in one period than in another."""
    number = np.array(columns["prosumer"], dtype=np.intp)
    first = _first_rows(number)[number]
    for name, kept in columns.get(KEEP, {}).items():
        odd = np.flatnonzero(kept.array != kept.array[first])
        if odd.size:
            row = int(odd[0])
            got = f"{label(columns['prosumer'], row)} is {quoted(kept[row])}, {kept[int(first[row])]!r} before"
            raise place.at(name).error(got, "a prosumer's must be the same in all periods")


def _first_rows(number):
    """The first row of each prosumer, of one without any the first of all, shape (prosumers,)."""
    rows = np.zeros(int(number.max()) + 1, dtype=np.intp)
    rows[number[::-1]] = np.arange(len(number))[::-1]
    return rows


def crowd(columns) -> tuple[int, dict[str, Kept]]:
    """(Number of prosumers, what is kept of them) of checked columns."""
    first = _first_rows(np.array(columns["prosumer"], dtype=np.intp))
    return len(first), {name: Kept(kept.array[first]) for name, kept in columns.get(KEEP, {}).items()}


def _numbered(columns, name, labels, place):
    """Columns with a worded one by number, its distinct words beside it: in order of time, else of appearance."""
    words = columns.get(name)
    if words is None or not isinstance(words[0], str):
        numbers = columns.get(name, (0.0,))
        if len(columns.get(labels, ())) not in (0, int(max(numbers)) + 1):
            got = f"{len(columns[labels])} for {int(max(numbers)) + 1} of column {name}"
            raise place.at(labels).error(got, "one for each is needed")
        return columns
    distinct = list(dict.fromkeys(words))
    moments = moments_of(distinct) if name == "period" else None
    if moments is not None:
        distinct = [distinct[k] for k in np.argsort(moments, kind="stable")]
        gap = first_gap(np.sort(moments))
        if gap is not None:
            got = f"{quoted(distinct[gap + 1])} after {quoted(distinct[gap])} (a gap)"
            raise place.at(name).error(got, "times without gaps, or numbers of periods, are needed")
    number = {word: float(k) for k, word in enumerate(distinct)}
    return columns | {name: tuple(number[word] for word in words), labels: tuple(distinct)}


def check_periods(table, place: Place) -> None:
    """As many periods as asked for must be there; raises ScenarioError."""
    there, asked = len(set(table["prosumers"]["period"])), table.get("periods", 1)
    if asked > there:
        raise place.at("periods").error(
            f"got {asked}", f"prosumers have {there} {'period' if there == 1 else 'periods'}"
        )


def net_energy(columns) -> np.ndarray:
    """What each row has (> 0) or needs (< 0), kWh, shape (rows,)."""
    if "net" in columns:
        return np.array(columns["net"])
    return np.array(columns["generation"]) - np.array(columns["load"])
