"""Numbers by period from CSV files: time stamps, units and lengths of rows are recognised, converted and told."""

from __future__ import annotations

import re
from typing import NamedTuple

import numpy as np

from scenarios.days.simbench import profiles
from scenarios.reading.columns import read_columns
from scenarios.reading.errors import Place, cut, quoted
from scenarios.reading.meter_file import HOUR, MeterFile, Stamps, by_day, known_zone, meters, stamps_of
from scenarios.reading.schema import LONGEST_TEXT

UNIT = re.compile(r"(?<![A-Za-z/])(k|K|M)?[Ww]([hH])?(?![A-Za-z])")  # not that of a price, €/kWh
SCALES = {"": 1e-3, "k": 1.0, "M": 1e3}
NAMED = ("W", "Wh", "kW", "kWh", "MW", "MWh")
FORM = '{ csv = "meter.csv", column = "kWh" } is needed, perhaps with unit = "kW"'
FEWEST_READINGS = 23  # rows of which a column that only rises is a dial's, no meter's load rising so long
SOURCES = ("csv", "simbench")  # words that say where numbers by period stand
ENERGY, MEAN = "energy", "mean"  # what a row stands for: an amount in it, or a level throughout


class PeriodsWanted(NamedTuple):
    """The periods that are wanted: how many a day, hours of each, days, the first date, the time zone."""

    count: int
    hours: float
    days: int
    start: str | None = None
    zone: str | None = None


def filled(raw: dict, grid: PeriodsWanted, place: Place) -> list[str]:
    """Put numbers by period in place of CSV files, in a table as a file has it; how each was read, a line each.

    Raises ScenarioError.
    """
    known_zone(grid.zone, place.at("periods.zone"))
    said: list[str] = []
    for table, name, kind, here in _series(raw, place):
        value = table.get(name)
        source = next((word for word in SOURCES if word in value), None) if isinstance(value, dict) else None
        if source is None or (source == "simbench" and here.key.startswith("price.")):
            continue
        read = _read if source == "csv" else _read_simbench
        table[name], told = read(value, kind, grid, here)
        said += _lines(f"{here.key}: {value[source]}: ", told)
    return said


def _lines(head, told):
    """What is told of a file, in as many lines as it takes."""
    lines: list[str] = []
    for one in told:
        longer = f"{lines[-1]}; {one}" if lines else ""
        if lines and len(longer) <= LONGEST_TEXT:
            lines[-1] = longer
        else:
            lines.append(cut(head + one, LONGEST_TEXT))
    return lines


def _series(raw, place):
    """(table, key, what its rows stand for, place) of every key that is by period."""
    yield raw, "background", ENERGY, place.at("background")
    price = raw.get("price")
    for name in price if isinstance(price, dict) else ():
        yield price, name, MEAN, place.at("price").at(name)
    for k, row in enumerate(raw["tariffs"] if isinstance(raw.get("tariffs"), list) else ()):
        for name in row if isinstance(row, dict) else ():
            yield row, name, MEAN, place.at("tariffs").at(k).at(name)
    groups = raw.get("group")
    for k, group in enumerate(groups if isinstance(groups, list) else ()):
        if not isinstance(group, dict):
            continue
        here = place.at("group").at(group.get("name", k))
        yield group, "profile", ENERGY, here.at("profile")
        if isinstance(group.get("solar"), dict):
            yield group["solar"], "profile", MEAN, here.at("solar").at("profile")


def _read(value, kind, grid, place):
    """(numbers by period or rows of them, what is told) of { csv, column, unit }; without column, of all columns."""
    column, unit = value.get("column"), value.get("unit")
    if not set(value) <= {"csv", "column", "unit"} or not isinstance(column, str | None):
        raise place.error(f"got {quoted(value)}", FORM)
    if unit is not None and unit not in NAMED:
        raise place.at("unit").error(f"got {quoted(unit)}", f"one of {', '.join(NAMED)} is needed")
    file = MeterFile(value["csv"], place)
    columns, told = [column], list(file.told)
    if column is None:
        columns, words = meters(file)
        told += [f"left out, no numbers: {', '.join(words)}"] if words else []
    found = _columns(file, columns, [unit or _unit_of(name) for name in columns], kind, grid, told, place)
    return _rows(found), list(dict.fromkeys(told))


def _read_simbench(value, kind, grid, place):
    """(numbers by period or rows of them, what is told) of profiles of SimBench, shares of a peak in kW."""
    chosen = profiles(value, kind == MEAN, place)
    names = list(dict.fromkeys(chosen.columns))
    told = [chosen.told]
    found = _columns(chosen.file, names, ["kW"] * len(names), kind, grid, told, place)
    shares = dict(zip(names, map(np.asarray, found), strict=True))
    rows = [(peak * shares[name]).tolist() for name, peak in zip(chosen.columns, chosen.peaks, strict=True)]
    return _rows(rows), list(dict.fromkeys(told))


def _rows(found):
    """One column's numbers alone, those of several as rows."""
    return found[0] if len(found) == 1 else found


def _columns(file, columns, units, kind, grid, told, place):
    """Columns as numbers by period; what was done is added to what is told."""
    numbers, stamps = read_columns(file, columns), stamps_of(file, grid.zone)
    return [
        _converted(file, name, numbers[name], stamps, kind, unit, grid, told, place)
        for name, unit in zip(columns, units, strict=True)
    ]


def _unit_of(name):
    found = UNIT.search(name)
    return found[0] if found else None


def _converted(file, name, column, stamps: Stamps | None, kind, unit, grid, told, place):
    """A column as numbers by period."""
    if not np.all(np.isfinite(column.array)):
        i = int(np.flatnonzero(~np.isfinite(column.array))[0])
        raise place.error(f"{file.row(i)} is {column[i]!r}", "a finite number is needed")
    plain = stamps is None or (not stamps.dated and len(column) in (grid.count, grid.count * grid.days))
    step = grid.hours if plain else stamps.step / HOUR
    factor, said = _factor(unit, kind, step)
    if factor is None and abs(step - grid.hours) > 1e-9 and kind == ENERGY:
        got = f"rows of {step:g} hours for periods of {grid.hours:g}, and column {quoted(name)}"
        raise place.error(f"{got} does not say kW or kWh", 'unit = "kW" or "kWh" is needed')
    if said:
        told.append(said)
    if plain:
        return column if factor in (None, 1.0) else _times(column, factor)
    if stamps.dated and kind == ENERGY and _is_reading(column.array):
        got = f"column {quoted(name)} only rises, as what a meter's dial shows"
        raise place.error(got, "what each row took is needed, the difference to the row before")
    values = column.array * (1.0 if factor is None else factor)
    told += stamps.told
    if stamps.dated and abs(grid.count * grid.hours - 24) < 1e-9:
        values = _chosen(values, stamps, grid, told, place)
    values = _resampled(values, step, grid.hours, kind, told, place)
    lengths = grid.count, grid.count * grid.days
    if len(values) not in lengths:
        raise place.error(
            f"{file.name} holds {len(values)} periods of {grid.hours:g} hours", f"{lengths[0]} are needed"
        )
    return values.tolist()


def _is_reading(values):
    """Are values a dial's, which never falls and stands far above what a row adds?"""
    added = np.diff(values)
    return len(added) >= FEWEST_READINGS and np.all(added >= 0) and 0 < np.max(added) < values[0] / 10


def _times(column, factor):
    return [value * factor for value in column]


def _factor(unit, kind, step):
    """(what a row is multiplied by, what is said of it); None where the column says no unit."""
    if unit is None:
        return None, ""
    found = UNIT.fullmatch(unit)
    scale, is_energy = SCALES[(found[1] or "").replace("K", "k")], found[2] is not None
    wanted = "kWh" if kind == ENERGY else "kW"
    factor = scale * (1.0 if is_energy == (kind == ENERGY) else step if kind == ENERGY else 1 / step)
    plain = unit.lower() == wanted.lower()
    return factor, "" if plain else f"{unit} taken as {wanted}"


def _chosen(values, stamps, grid, told, place):
    """The rows of the days that are wanted."""
    midnights, days, changed = by_day(values, stamps)
    dates = [str(np.datetime64(int(day), "D")) for day in midnights]
    if not dates:
        raise place.error("no whole day of 24 hours", "a day from midnight to midnight is needed")
    first = 0
    if grid.start is not None:
        if grid.start not in dates:
            got = f"{grid.start} is not among its whole days, {dates[0]} to {dates[-1]}"
            raise place.error(got, "another periods.start is needed")
        first = dates.index(grid.start)
    many = min(grid.days, len(dates) - first)
    if many < grid.days and len(dates) > 1:
        raise place.error(f"{len(dates) - first} whole days from {dates[first]}", f"{grid.days} are needed, or one")
    chosen = slice(first, first + many)
    if np.any(np.diff(midnights[chosen]) != 1):
        raise place.error("days do not follow one another", "whole days without gaps are needed")
    told.append(dates[first] if many == 1 else f"{dates[first]} to {dates[first + many - 1]}")
    if len(dates) > many:
        told[-1] += f" of {len(dates)} days"
    told += [said for said in changed if said[:10] in dates[chosen]]
    return days[chosen].ravel()


def _resampled(values, step, hours, kind, told, place):
    """Rows of `step` hours as periods of `hours`."""
    ratio = hours / step
    whole = round(ratio) if ratio >= 1 else round(1 / ratio)
    if abs((ratio if ratio >= 1 else 1 / ratio) - whole) > 1e-9:
        got = f"rows of {step:g} hours for periods of {hours:g}"
        raise place.error(got, "one must be a whole multiple of the other")
    if whole == 1:
        return values
    minutes = f"{step * 60:g} minutes"
    if ratio > 1:
        if len(values) % whole:
            raise place.error(f"{len(values)} rows of {minutes}", f"a multiple of {whole} is needed")
        told.append(f"{minutes} {'added up' if kind == ENERGY else 'averaged'} to {hours * 60:g}")
        sums = values.reshape(-1, whole).sum(axis=1)
        return sums if kind == ENERGY else sums / whole
    told.append(f"{minutes} spread evenly over {hours * 60:g} each")
    spread = np.repeat(values, whole)
    return spread / whole if kind == ENERGY else spread
