"""Scenarios side by side as tables: their numbers, what each differs from the first by, over seeds too, and as CSV."""

import csv
import io
from html import escape

import numpy as np

from engine.intervals import interval
from market.numerals import plain, signed
from views.tables import with_width

NOT_BEGUN = "not begun"
SAME_NUMBER = 1e-12  # of a number: a smaller difference is none


def ended(frame):
    """How a lane stands, and after how many rounds."""
    if frame.running and not frame.round:
        return NOT_BEGUN
    return f"{frame.status} after {frame.round:,} round{'s' if frame.round != 1 else ''}"


def rows_of(frames):
    """[(label, unit, a value a lane)] of the headline numbers, None where there is none."""
    found = []
    for tiles in zip(*(frame.tiles for frame in frames), strict=True):
        found.append((tiles[0].label, frames[0].unit(tiles[0].unit), [tile.value for tile in tiles]))
    return found


def tables(names, frames, keys, seeds):
    """Headline numbers, a column a scenario, with how each stands, then differences to the first one, as HTML.

    keys: {name: how its lines look}; seeds: a list a lane of {label: value} of other draws, or () before they are
    played.
    """
    heads = [f"<th>{keys[name]}{escape(name)}</th>" for name in names]
    rows = [_row(label, unit, map(plain, values)) for label, unit, values in rows_of(frames)]
    rows.append(_row("status", "", map(ended, frames)))
    rows.append(_row("gap", "", [frame.gap if frame.round else "–" for frame in frames]))
    text = f"<tr><th></th>{''.join(heads)}</tr>{''.join(rows)}"
    if len(names) < 2:
        return f"<table>{text}</table>"
    over = f"mean of {len(seeds[0])} seeds ± 95 % interval, paired" if seeds else "with this seed"
    away = [_row(label, unit, ["", *cells], "away") for label, unit, cells in differences(frames, seeds)]
    head = f'<th colspan="2">Difference to {escape(names[0])} <small>{over}</small></th>'
    return f'<table>{text}<tr class="heads">{head}{"".join(heads[1:])}</tr>{"".join(away)}</table>'


def _row(label, unit, cells, kind="name"):
    inside = "".join(f"<td>{escape(text)}</td>" for text in cells)
    return f'<tr data-{kind}="{escape(label)}"><th>{escape(label)} <small>{escape(unit)}</small></th>{inside}</tr>'


def differences(frames, seeds):
    """[(label, unit, a text a lane but the first)] of numbers that are known of all lanes."""
    found = []
    for label, unit, values in rows_of(frames):
        if any(isinstance(value, str) for value in values):
            continue
        first, *others = [_drawn(label, lane) for lane in seeds] or _numbers([[value] for value in values])
        found.append((label, unit, [_away(_less_rounding(other, first)) for other in others]))
    return found


def _drawn(label, lane):
    return _numbers([values[label] for values in lane])


def _numbers(values):
    return np.array(values, dtype=float)


def _less_rounding(other, first):
    """Differences of two lanes' numbers, 0 where they differ by rounding alone."""
    return np.where(np.isclose(other, first, rtol=SAME_NUMBER, atol=0), 0.0, other - first)


def _away(differences):
    """A difference, with the half-width of its interval where there are several."""
    known = differences[np.isfinite(differences)]
    if not len(known):
        return "–"
    return signed(float(known[0])) if len(differences) == 1 else with_width(*interval(known))


def csv_of(names, frames, seeds):
    """The tables as CSV: a row a lane and measure, its difference to the first and the half-width of its interval."""
    file = io.StringIO()
    write = csv.writer(file, lineterminator="\n").writerow
    write(("scenario", "measure", "unit", "value", "difference", "half_width", "seeds", "status", "rounds", "gap"))
    for label, unit, values in rows_of(frames):
        drawn = [_drawn(label, lane) for lane in seeds] if seeds and not isinstance(values[0], str) else []
        for k, (name, frame) in enumerate(zip(names, frames, strict=True)):
            mean, half = interval(drawn[k] - drawn[0]) if drawn else (_less(values[k], values[0]), "")
            told = (name, label, unit, values[k], mean, half, len(seeds[0]) if drawn else 1)
            write((*told, frame.status, frame.round, frame.gap))
    return file.getvalue()


def _less(value, first):
    return "" if value is None or first is None or isinstance(value, str) else value - first
