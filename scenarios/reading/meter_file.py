"""CSV files as meters and their portals write them: other separators, decimal commas, time stamps of local clocks."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import pandas as pd

from scenarios.reading.csv_file import NUMBER, CsvFile
from scenarios.reading.errors import Place, one_of, quoted
from scenarios.reading.time_labels import CLOCK, check_order, says_when

HOUR, DAY = 3600, 86_400  # seconds
SEPARATORS = {b";": "semicolons", b"\t": "tabs"}
WORDS = ("zeit", "datum", "uhrzeit", "zeitstempel", "zeitpunkt", "von", "bis", "from", "to", "start", "end", "ende")
ENDS = ("end", "ende", "bis", "to")  # words of columns whose stamps say when a period is over
ZONES = {"CET": "+01:00", "CEST": "+02:00", "EST": "-05:00", "EDT": "-04:00", "CST": "-06:00", "CDT": "-05:00"}
ZONES |= {"MST": "-07:00", "MDT": "-06:00", "PST": "-08:00", "PDT": "-07:00"}  # as Europe and North America use them
OFFSET = re.compile(rf"\s*(Z|UTC|GMT|{'|'.join(ZONES)}|[+-]\d\d:?\d\d)$")
HALF = re.compile(r"\b(0?[1-9]|1[0-2])(:\d\d(?::\d\d)?)\s*([AaPp])\.?[Mm]\b\.?", re.ASCII)  # 1:30 PM
NUMERIC_DATE = re.compile(r"(\d{1,2})([./])(\d{1,2})\2(\d{4})(.*)", re.ASCII)
SUNDAY = 6
LATEST_CHANGE = 3  # o'clock: clocks are put forward or back before it
AT_ENDS = "stamped at ends"
ORDER = "rows in order of time, each once, without gaps are needed"


class MeterFile(CsvFile):
    """A CSV file whose cells may be separated by semicolons or tabs and have decimal commas; `told` says which."""

    def _content(self):
        content = super()._content()
        self.told = []
        head = content.lstrip(b"\n").partition(b"\n")[0]
        mark = max(SEPARATORS, key=head.count)
        if not head.count(mark) or head.count(mark) < head.count(b","):
            return content
        self.told.append(SEPARATORS[mark])
        if b'"' in content:
            content = content.replace(b'"', b"")
        pointed = re.sub(rb"(?<=\d),(?=\d)", b".", content)
        if pointed != content:
            self.told.append("decimal commas")
        return pointed.replace(b",", b" ").replace(mark, b",")


@dataclass(frozen=True)
class Stamps:
    """When the rows of a file begin.

    wall: local clock, seconds since 1970, shape (rows,); step: seconds of a row; changes: {row: seconds by which the
    clock jumped before it}; dated: are there dates at all? told: what was recognised.
    """

    wall: np.ndarray
    step: float
    changes: dict
    dated: bool
    told: tuple[str, ...]


def time_columns(file: CsvFile) -> list[str]:
    """Names of the columns that say when."""
    return [name for name in file.header if says_when(name) or _words(name) & set(WORDS)]


def meters(file: MeterFile) -> tuple[list[str], list[str]]:
    """(columns that may be meters, columns in which no cell is a number), without those that say when."""
    times = time_columns(file)
    names = [name for name in file.header if name not in times]
    first = dict(zip(file.header, next(file.rows()), strict=True))
    odd = [name for name in names if not NUMBER.fullmatch(first[name]) and file.header.count(name) == 1]
    words = [name for name in odd if not any(map(NUMBER.fullmatch, file.texts(name)))]
    return ([name for name in names if name not in words], words) if len(words) < len(names) else (names, [])


def _words(name):
    return set(re.split(r"[\s_()\[\]-]+", name.strip().lower()))


def stamps_of(file: MeterFile, zone: str | None) -> Stamps | None:
    """The time stamps of a file's rows, None where it has none; raises ScenarioError.

    zone: in which stamps with an offset are told, None for that of the stamps.
    """
    columns = time_columns(file)
    starts = [name for name in columns if not _words(name) & set(ENDS)]
    columns = starts or columns
    if not columns:
        return None
    texts = _whole_clock(file.texts(columns[0]))
    if len(columns) > 1 and not any(":" in text for text in texts[:1]):
        clock = _whole_clock(file.texts(columns[1]))
        if all(CLOCK.fullmatch(text) for text in clock):  # a date beside a clock
            texts = [f"{one} {other}" for one, other in zip(texts, clock, strict=True)]
    if all(CLOCK.fullmatch(text) for text in texts):
        parts = [[int(part or 0) for part in CLOCK.fullmatch(text).groups()] for text in texts]
        wall = np.array(parts) @ [3600.0, 60.0, 1.0]
        return _stepped(file, columns[0], texts, np.unwrap(wall, period=DAY), None, [], False)
    if _are_numbers(texts):
        check_order(file, columns)
        return None
    wall, instant = _moments(file, columns[0], texts, zone)
    told = [] if instant is None else [f"in {zone}" if zone else "with offsets"]
    names = {found[1] for found in map(OFFSET.search, texts) if found} & set(ZONES)
    told += [f"{name} taken as {ZONES[name]}" for name in sorted(names)]
    if not starts:
        told.append(AT_ENDS)
    return _stepped(file, columns[0], texts, wall, instant, told, True)


def _whole_clock(texts):
    """Stamps with clocks of 24 hours in place of two times twelve.

    >>> _whole_clock(["7/14/2024 12:30 AM", "1:00 pm", "13:00"])
    ['7/14/2024 00:30', '13:00', '13:00']
    """
    return [HALF.sub(_hours, text.strip()) for text in texts]


def _hours(found):
    return f"{int(found[1]) % 12 + 12 * (found[3] in 'Pp'):02d}{found[2]}"


def _are_numbers(texts):
    try:
        np.array(texts, dtype=float)
    except ValueError:
        return False
    return True


def _moments(file, name, texts, zone):
    """(wall clock, instant or None) of stamps in seconds; raises ScenarioError for what is no stamp, or may be two."""
    offsets = [OFFSET.search(text) for text in texts]
    bare = [text[: found.start()] if found else text for text, found in zip(texts, offsets, strict=True)]
    bare = _iso_dates(file, name, bare)
    parsed = pd.to_datetime(pd.Series(bare), format="ISO8601", errors="coerce")
    wrong = np.flatnonzero(parsed.isna().to_numpy() | (np.array([bool(one) for one in offsets]) != bool(offsets[0])))
    if wrong.size:
        i = int(wrong[0])
        got = f"column {quoted(name)}, {file.row(i)} is {quoted(texts[i])}"
        needed = "a time stamp as 2024-03-31 01:00, 31.03.2024 01:00 or 2024-03-31T01:00+01:00 is needed, all alike"
        raise file.place.error(got, needed)
    wall = parsed.to_numpy(dtype="datetime64[s]").astype(float)
    if not offsets[0]:
        return wall, None
    instant = wall - np.array([_seconds(found[1]) for found in offsets])
    if zone is not None:
        local = pd.to_datetime(instant, unit="s", utc=True).tz_convert(zone).tz_localize(None)
        wall = local.to_numpy(dtype="datetime64[s]").astype(float)
    return wall, instant


def _seconds(offset):
    offset = ZONES.get(offset, offset)
    if offset[0] not in "+-":
        return 0.0
    digits = offset[1:].replace(":", "")
    return (1 if offset[0] == "+" else -1) * (int(digits[:2]) * HOUR + int(digits[2:]) * 60.0)


def _iso_dates(file, name, texts):
    """Dates as 31.03.2024 or 31/03/2024 turned round; whether the day comes first is told by one above 12."""
    found = [NUMERIC_DATE.fullmatch(text) for text in texts]
    if not all(found):
        return texts
    dotted = found[0][2] == "."
    first, second = (np.array([int(one[k]) for one in found]) for k in (1, 3))
    if not dotted and max(first.max(), second.max()) <= 12:
        got = f"column {quoted(name)}: {quoted(texts[0])} may be a day or a month first"
        raise file.place.error(got, "dates as 2024-03-31 or 31.03.2024 are needed")
    day_first = dotted or second.max() <= 12
    day, month = (first, second) if day_first else (second, first)
    return [f"{one[4]}-{m:02d}-{d:02d}{one[5]}" for one, d, m in zip(found, day, month, strict=True)]


def _stepped(file, name, texts, wall, instant, told, dated):
    """Stamps in order, or ScenarioError for the first row that is not; rows stamped at their ends are turned back."""
    if len(wall) < 2:
        raise file.place.error(f"column {quoted(name)} has {len(wall)} rows", "two at least are needed to tell a step")
    moment = wall if instant is None else instant
    steps = np.diff(moment)
    forward = np.sort(steps[steps > 0])
    if not len(forward):
        raise _odd(file, name, texts, 0, steps[0], 0)
    step = float(forward[(len(forward) - 1) // 2])
    jumps = np.round(np.diff(wall) - step)
    for i in np.flatnonzero(np.abs(steps - step) > 1).tolist():
        if not (instant is None and dated and abs(jumps[i]) == HOUR and _may_change(wall[i])):
            raise _odd(file, name, texts, i, steps[i], step)
    changes = {i + 1: float(jumps[i]) for i in np.flatnonzero(np.abs(jumps) > 1).tolist()}
    if AT_ENDS not in told and _at_ends(wall, step):
        told = [*told, AT_ENDS]
    if AT_ENDS in told:
        wall = _begins(wall, step, changes)
    return Stamps(wall, step, changes, dated, tuple(told))


def _begins(wall, step, changes):
    """When rows begin that are stamped at their ends.

    The row at whose end the clock jumps may show it after the jump (it then begins where the row before ends) or before
    (the next one then begins at a full hour that is there).
    """
    begins = wall - step
    for k, jump in changes.items():
        least = LATEST_CHANGE * HOUR if jump > 0 else (LATEST_CHANGE - 1) * HOUR
        shows_before = begins[k] % HOUR == 0 and (step < HOUR or begins[k] % DAY >= least)
        begins[k] = begins[k] if shows_before else wall[k - 1]
    return begins


def _may_change(wall):
    """Can clocks change just after this moment: in a Sunday's first hours?"""
    return (int(wall // DAY) + 3) % 7 == SUNDAY and (wall % DAY) <= LATEST_CHANGE * HOUR


def _at_ends(wall, step):
    """Do days begin one step after midnight and end at it?"""
    return wall[0] % DAY == step % DAY and wall[-1] % DAY == 0 and step < DAY


def _odd(file, name, texts, i, moved, step):
    came, before = quoted(texts[i + 1]), quoted(texts[i])
    said = f"{came} again" if moved == 0 else f"{came} after {before}"
    kind = "" if moved == 0 else " (out of order)" if moved < 0 else " (a gap)" if moved > step else " (too soon)"
    return file.place.error(f"column {quoted(name)}, {file.row(i + 1)} is {said}{kind}", ORDER)


def by_day(values: np.ndarray, stamps: Stamps) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """(midnights, values of whole days of 24 hours each, what was done on days that have not 24).

    An hour that clocks skip is given the mean of the rows beside it, one that they repeat the mean of both.
    shapes (days,) and (days, rows of a day).
    """
    many = round(DAY / stamps.step)
    midnight, place = np.divmod(np.round(stamps.wall), DAY)
    slot = np.round(place / stamps.step).astype(int)
    days, told, found = [], [], []
    for day in np.unique(midnight):
        rows = np.flatnonzero(midnight == day)
        here = np.unique(slot[rows])
        changed = any(k in stamps.changes for k in rows.tolist())
        sums = np.bincount(slot[rows], values[rows], many) / np.maximum(np.bincount(slot[rows], minlength=many), 1)
        missing = np.setdiff1d(np.arange(many), here)
        if missing.size and not (changed and missing.size * stamps.step == HOUR):
            continue  # a day that is not whole, at an end of the file
        date = str(np.datetime64(int(day), "D"))
        if missing.size:
            sums[missing] = (sums[missing[0] - 1] + sums[(missing[-1] + 1) % many]) / 2
            told.append(f"{date} has 23 hours: the one skipped is the mean of the rows beside it")
        elif changed:
            told.append(f"{date} has 25 hours: the one repeated is the mean of both")
        days.append(day)
        found.append(sums)
    return np.array(days, dtype=int), np.array(found).reshape(-1, many), told


def known_zone(zone: str | None, place: Place) -> None:
    """Raise ScenarioError for a time zone that nobody knows."""
    if zone is None:
        return
    try:
        pd.Timestamp(0, tz="UTC").tz_convert(zone)
    except (KeyError, ValueError, OSError, TypeError):
        raise place.error(
            f"got {quoted(zone)}", f"a time zone as {one_of(['Europe/Zurich', 'UTC'])} is needed"
        ) from None
