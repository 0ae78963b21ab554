"""Small charts as SVG text: light enough to draw for many visitors at each round, and coloured by the page's theme.

Matplotlib sets global state, which twenty visitors' threads would fight for, and takes much longer. What they mean and
how they are coloured is `views.style`'s.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from html import escape
from typing import NamedTuple

import numpy as np
from matplotlib.ticker import MaxNLocator

from market.numerals import percent, plain, power
from views.plots.densities import NARROW_SPREAD, reflected_density
from views.style import BLACK, LINES, ON_DARK, PALE, telling

WIDTH, HEIGHT = 298, 172  # of a third of a page of 1280 pixels: letters are as large there as they are called
LEFT, RIGHT, TOP, BOTTOM = 46, 10, 8, 35
LEAST_ROW = 13  # height of a bar with its room, so that words of two do not touch
MOST_POINTS = 240  # of a line, about; more cannot be seen
LETTER_WIDTH = 6.2  # width of a letter of the axes' text
AXIS = 22  # room of the vertical axis' name beside its numbers
GRID, QUANTILES = 120, 400  # points of a density, and of its sample
SHOWN = 99.5  # percentile up to which a density's axis reaches
LEAST_SAID = 1e-12  # a line below it is drawn as 0, which is how its numbers are said
FADED = 0.76  # opacity at which every colour still is 3 : 1 against either theme
MOST_DOTS = 25  # points of a line that are marked
RATIO = 50  # of values from which lines are told apart along a logarithm alone
BEFORE = ("before the change, thin", PALE, "-")
DASHES = {"-": "", "--": "5 3", "-.": "7 3 2 3", ":": "2 3"}
LEVEL = "4 3"  # dashes of a level
MAP = '<svg class="chart map'  # how a drawing begins that can be looked at from near
REFERENCE = ("--", 1.0)  # style and width of a line that says where something would be: without dots
STYLES = LINES[:3]  # of a run's own lines: dotted is what they are held against
DOTS = "."  # the style of a line that is dots alone
AREA = ""  # the style of what fills a place, in a legend
INKS = {colour: f"var(--ink-{number})" for number, colour in enumerate(ON_DARK)} | {BLACK: "currentColor"}


class Line(NamedTuple):
    """One line: x and y of equal length, NaN where there is none."""

    name: str
    x: Sequence
    y: Sequence
    colour: str
    style: str = "-"
    width: float = 1.8


class Band(NamedTuple):
    """The area between two lines over the same x; a named one stands in the legend."""

    x: Sequence
    low: Sequence
    high: Sequence
    colour: str
    opacity: float = 0.2
    name: str = ""


class Bar(NamedTuple):
    """A bar made of parts (value, colour), its label, what is written at its end, and whether it stands out."""

    label: str
    parts: tuple
    said: str = ""
    bold: bool = False


@dataclass(frozen=True)
class Scale:
    """From data to the picture along one axis; log: by powers of ten; whole: ticks at whole numbers only."""

    low: float
    high: float
    start: float
    end: float
    log: bool = False
    whole: bool = False

    def __call__(self, values):
        values = np.asarray(values, dtype=float)
        if self.log:
            with np.errstate(divide="ignore", invalid="ignore"):
                values = np.log10(np.maximum(values, self.low))
            low, high = np.log10(self.low), np.log10(self.high)
        else:
            low, high = self.low, self.high
        return self.start + (values - low) / ((high - low) or 1.0) * (self.end - self.start)

    @property
    def ticks(self):
        """Values with a label."""
        if self.log:
            powers = np.arange(np.ceil(np.log10(self.low) - 1e-9), np.floor(np.log10(self.high) + 1e-9) + 1)
            return 10.0 ** powers[:: max(1, -(-len(powers) // 5))]
        ticks = round_values(self.low, self.high, self.whole)
        room = 1e-9 * (self.high - self.low)
        ticks = np.where(np.abs(ticks) <= room, 0.0, ticks)  # rounding is no number of its own
        return ticks[(ticks >= self.low - room) & (ticks <= self.high + room)]


@lru_cache(4096)
def round_values(low, high, whole):
    """Some five round values around an interval; found once for all charts whose axes are alike."""
    return MaxNLocator(4, integer=whole).tick_values(low, high)


class Chart(str):
    """A line chart as HTML, which can be drawn once more: `upon(lines)` has others' lines, faint, behind its own."""

    def __new__(cls, html, lines, upon):
        chart = super().__new__(cls, html)
        chart.lines, chart.upon = tuple(lines), upon
        return chart


def line_chart(lines, ylabel, xlabel="round", **options):
    """Lines and bands against x, with axes, as a Chart; options as `_line_chart` takes them."""

    def upon(behind):
        return Chart(_line_chart(lines, ylabel, xlabel, behind=behind, **options), lines, upon)

    return upon(())


def _line_chart(
    lines,
    ylabel,
    xlabel,
    log=False,
    bands=(),
    level=None,
    zero=False,
    marks=(),
    moments=None,
    behind=(),
    faint=(),
    log_x=False,
):
    """level: (y, name) of a dashed line; marks: (x, y, colour, title) of dots; behind: lines that are drawn faint.

    moments: (where the first begins, where it ends) on the axis, where moments as long as that can be looked at; faint:
    lines of what this is held against, dotted; log_x: the horizontal axis by powers of ten.
    """
    across, up = _scales([*faint, *behind, *lines], bands, log, level, zero, xlabel, log_x)
    parts = [_axes(across, up, xlabel, ylabel)]
    for band in bands:
        x, low, high = (np.asarray(side, dtype=float) for side in band[:3])
        kept = telling(low, high, MOST_POINTS)
        parts.append(_area(across(x[kept]), up(low[kept]), up(high[kept]), band.colour, band.opacity, band.name))
    if moments is not None:
        parts.append(_moment(*across(moments).tolist()))
    levels = [level] * (level is not None and bool(np.isfinite(level[0])))
    for height, name in levels:
        y, look = float(up(height)), f'stroke="{ink(BLACK)}" stroke-dasharray="{LEVEL}"'
        place = f'x1="{across.start:.1f}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"'
        parts.append(f"<line {place} {look}><title>{escape(name)}</title></line>")
    parts += [_faint(line, across, up) for line in faint]
    if behind:
        parts.append(f'<g class="behind">{"".join(_line(line, across, up, dots=False) for line in behind)}</g>')
    parts += [_line(line, across, up) for line in lines]
    for x, y, colour, title in marks:
        dot = f'<circle class="dot" cx="{float(across(x)):.1f}" cy="{float(up(y)):.1f}" r="4" fill="{ink(colour)}">'
        parts.append(f"{dot}<title>{escape(title)}</title></circle>")
    names = [(band.name, band.colour) for band in bands if band.name]
    names += [(line.name, line.colour, line.style) for line in lines if line.name]
    names += [(name, BLACK, LEVEL) for _, name in levels]
    names += [(title, colour, DOTS) for _, _, colour, title in marks]
    names = names if len(names) > 1 or marks or levels else []
    return svg("".join(parts), label=f"{ylabel} by {xlabel}") + legend(names + [BEFORE] * bool(behind))


def density_chart(samples, xlabel, marks=(), faint=None):
    """A density for each sample {name: (values >= 0, colour)}; those at exactly 0 are told in the legend.

    marks: (x, title) of vertical lines; faint: samples as these, of what this is held against, outlined behind.
    """
    faint = faint or {}
    ends = [np.percentile(values, SHOWN) for values, _ in (*samples.values(), *faint.values()) if len(values)]
    high = 1.08 * max(ends, default=0.0) or 1.0
    curves = [_density(name, *sample, high) for name, sample in samples.items() if np.any(np.asarray(sample[0]) > 0)]
    behind = [_density(name, *sample, high) for name, sample in faint.items() if np.any(np.asarray(sample[0]) > 0)]
    told = [(name + _at_zero(values), colour, "-") for name, (values, colour) in samples.items()]
    most = max((y.max() for _, _, y, _ in (*curves, *behind) if y is not None), default=1.0)
    up = Scale(0, 1.08 * most, HEIGHT - BOTTOM, TOP)
    across = Scale(0, high, _left(up), WIDTH - RIGHT)
    parts = [_axes(across, up, xlabel, "density of users")]
    parts += [_faint(Line(name, at, y, colour), across, up) for name, at, y, colour in behind if y is not None]
    for name, at, y, colour in curves:
        y = np.array([0.0, most]) if y is None else y
        parts.append(_area(across(at), up(np.zeros(len(at))), up(y), colour, 0.15))
        parts.append(_line(Line(name, at, y, colour), across, up))
    for x, title in marks:
        x = float(across(min(x, high)))
        parts.append(f'<line class="mark" x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" y2="{HEIGHT - BOTTOM}">')
        parts.append(f"<title>{escape(title)}</title></line>")
    return svg("".join(parts), label=f"density of {xlabel}") + legend(told)


def _density(name, values, colour, high):
    """(name, where, density there, colour) of those above 0; of those all alike, their mean twice and None."""
    values = np.asarray(values, dtype=float)
    some = values[values > 0]
    if len(some) == 1 or np.std(some) <= NARROW_SPREAD * high:
        return name, np.full(2, some.mean()), None, colour
    few = np.quantile(some, (np.arange(QUANTILES) + 0.5) / QUANTILES) if len(some) > QUANTILES else some
    at = np.linspace(0, high, GRID)
    return name, at, len(some) / len(values) * reflected_density(few, at), colour


def _at_zero(values):
    """How many of some values are 0, for a legend."""
    none = float(np.mean(np.asarray(values) <= 0)) if len(values) else 0.0
    return f" ({percent(none)} at 0)" if none else ""


def bar_chart(bars, xlabel, colours=(), low=0.0, faint=None):
    """Horizontal bars, the first on top; colours: (name, colour) of a legend, as far as they are drawn.

    faint: (name, value) of what the bars are held against, a dotted line across all of them, or None.
    """
    height = max(HEIGHT, TOP + BOTTOM + LEAST_ROW * len(bars))
    left = min(140.0, 12 + LETTER_WIDTH * max((len(bar.label) for bar in bars), default=0))
    totals = [sum(max(value, 0.0) for value, _ in bar.parts) for bar in bars]
    lows = [sum(min(value, 0.0) for value, _ in bar.parts) for bar in bars]
    room = LETTER_WIDTH * max((len(bar.said) for bar in bars), default=0) + 6
    known = [] if faint is None else [faint[1]]
    low, high = min([low, *lows, *known]), max([*totals, *known, 0.0])
    across = Scale(low, high if high > low else low + 1.0, left, WIDTH - RIGHT - room)
    parts, told, step = [_across(across, xlabel, height)], [], (height - TOP - BOTTOM) / max(len(bars), 1)
    fades = any(bar.bold for bar in bars)
    for row, (bar, total) in enumerate(zip(bars, totals, strict=True)):
        y, thick = TOP + row * step + 0.16 * step, 0.68 * step
        weight = ' font-weight="700"' if bar.bold else ""
        middle = y + thick / 2 + 3.5
        parts.append(f'<text x="{left - 6:.1f}" y="{middle:.1f}" text-anchor="end"{weight}>{escape(bar.label)}</text>')
        parts += _boxes(bar, across, y, thick, fades and not bar.bold)
        end = _beyond(float(across(total)) + 4, len(bar.said), None if faint is None else float(across(faint[1])))
        told.append(f'<text class="end" x="{end:.1f}" y="{middle:.1f}"{weight}>{escape(bar.said)}</text>')
    if faint is not None:
        parts.append(_faint(Line(faint[0], [faint[1]] * 2, [0, 1], BLACK), across, Scale(0, 1, TOP, height - BOTTOM)))
    seen = {colour for bar in bars for value, colour in bar.parts if value}
    keys = [one for one in colours if one[1] in seen]
    return svg("".join(parts + told), height=height, label=xlabel) + legend(keys)


def _beyond(start, letters, line):
    """Where so many letters begin, at the start or beyond a line that would cross them."""
    return start if line is None or not start - 3 < line < start + LETTER_WIDTH * letters + 3 else line + 5


def _boxes(bar, across, y, thick, fades):
    """A bar's parts one after another from 0, those below 0 to the left."""
    ends, boxes, fade = {1: 0.0, -1: 0.0}, [], f' opacity="{FADED}"' if fades else ""
    for value, colour in bar.parts:
        side = 1 if value >= 0 else -1
        a, b = sorted((float(across(ends[side])), float(across(ends[side] + value))))
        box = f'x="{a:.1f}" y="{y:.1f}" width="{b - a:.1f}" height="{thick:.1f}"'
        boxes.append(f'<rect {box} fill="{ink(colour)}"{fade}><title>{plain(value)}</title></rect>')
        ends[side] += value
    return boxes


def svg(inside, width=WIDTH, height=HEIGHT, label="", kind=""):
    """An SVG picture of the given size in its own units, as wide as its place on the page; kind: more classes of it."""
    size = f'viewBox="0 0 {width} {height}"'
    return f'<svg class="{f"chart {kind}".strip()}" {size} role="img" aria-label="{escape(label)}">{inside}</svg>'


def beside(text):
    """Words below a drawing that belong to it; nothing where there are none."""
    return f'<p class="beside">{escape(text)}</p>' if text else ""


def instead(text):
    """Words where a drawing would be, or of what it leaves out."""
    return f'<p class="none">{escape(text)}</p>'


def list_of(label, head, rows, more):
    """Rows of a table as high as a chart, which is scrolled, by keys too; more: how many there are beyond these."""
    left = instead(f"and {more:,} more") if more > 0 else ""
    box = f'class="list" tabindex="0" role="region" aria-label="{label}" style="max-height:{HEIGHT}px"'
    return f"<div {box}><table>{head}{''.join(rows)}</table>{left}</div>"


def map_of(inside, width, height, label, kind):
    """A map, which can be looked at from near; kind: "", of "many" nodes, whose marks do not grow by that, or "halves".

    "halves" are two maps of many nodes side by side.
    """
    return svg(inside, width, height, label, {"": "map", "many": "map many", "halves": "map many halves"}[kind])


def said(x, y, lines, words):
    """Words on a map, so many lines of theirs below a place, however large their letters are."""
    return f'<text class="said" x="{x:.1f}" y="{y:.1f}" dy="{lines:g}em">{escape(words)}</text>'


def stroke(width, small):
    """A line's width as an attribute; that of a map with many lines is the same from near."""
    return f'stroke-width="{width:.1f}"' if small else f'style="--w:{width:.1f}px"'


def legend(entries):
    """(Name, colour) of areas or (name, colour, style) of lines, as they are drawn, one line under a chart."""
    if not entries:
        return ""
    keys = {name: key(*look) for name, *look in entries}
    spans = [f"<span>{drawn}{escape(name)}</span>" for name, drawn in keys.items()]
    return f'<div class="legend">{"".join(spans)}</div>'


def key(colour, style=AREA):
    """What stands for an area, dots, or a line beside their name; style: as of a Line, or its dashes."""
    if style == AREA:
        return f'<i style="background:{ink(colour)}"></i>'
    if style == DOTS:
        return f'<svg class="key" viewBox="0 0 24 10"><circle cx="12" cy="5" r="3.5" fill="{ink(colour)}"/></svg>'
    dash = f'stroke-dasharray="{DASHES.get(style, style)}"'
    return f'<svg class="key" viewBox="0 0 24 10"><path d="M0 5H24" stroke="{ink(colour)}" {dash}/></svg>'


def ink(colour):
    """A colour as the page writes it: each theme has its own shade of it, and black is that of its text."""
    return INKS.get(colour, colour)


def inks():
    """The shades of both themes, as a style sheet."""
    themes = {":root": ON_DARK.keys(), ".theme--dark": ON_DARK.values()}
    shades = {
        theme: "".join(f"--ink-{number}: {shade}; " for number, shade in enumerate(found))
        for theme, found in themes.items()
    }
    return "\n".join(f"{theme} {{ {found}}}" for theme, found in shades.items())


def steps(edges, values):
    """(x, y) of the stairs of one value between each two edges.

    >>> steps([0, 1, 2], [5.0, 7.0])
    (array([0, 1, 1, 2]), array([5., 5., 7., 7.]))
    """
    return np.repeat(edges, 2)[1:-1], np.repeat(values, 2)


def level_of(name, x, height, colour):
    """[A Line at one height from the first x to the last, along 1 where they are one], none where it is not known."""
    if height is None:
        return []
    ends = np.asarray(x, dtype=float)[[0, -1]] if len(x) else np.array([0.0, 1.0])
    ends[1] += ends[0] == ends[1]  # as far as an axis of one round goes
    return [Line(name, ends, np.full(2, float(height)), colour)]


def far_apart(lines):
    """Are lines' values all above 0 and so far apart that they are told apart along a logarithm alone?"""
    known = np.concatenate([np.zeros(0), *(np.asarray(line.y, dtype=float) for line in lines)])
    known = known[np.isfinite(known)]  # a group that everybody has left has no mean
    return len(known) > 0 and known.min() > 0 and known.max() > RATIO * known.min()


def points(xs, ys):
    """Coordinates as a path's text, a new stroke after each gap."""
    words, pen = [], "M"
    for x, y in zip(np.asarray(xs).tolist(), np.asarray(ys).tolist(), strict=True):
        if x != x or y != y:
            pen = "M"
        else:
            words.append(f"{pen}{x:.1f} {y:.1f}")
            pen = "L"
    return "".join(words)


def _scales(lines, bands, log, level, zero, xlabel, log_x):
    xs = [np.asarray(part.x, dtype=float) for part in (*lines, *bands)]
    ys = [np.asarray(line.y, dtype=float) for line in lines]
    ys += [np.asarray(side, dtype=float) for band in bands for side in (band.low, band.high)]
    ys += [] if level is None else [np.array([level[0]])]
    x, y = (np.concatenate([each.ravel() for each in values]) if values else np.zeros(0) for values in (xs, ys))
    x, y = x[np.isfinite(x)], y[np.isfinite(y)]
    y = y[y > 0] if log else y
    low, high = (float(y.min()), float(y.max())) if len(y) else (1e-3 if log else 0.0, 1.0)
    if log:
        low, high = 10 ** np.floor(np.log10(low)), 10 ** np.ceil(np.log10(max(high, 1.0001 * low)))
    else:
        low, high = (0.0 if abs(end) < LEAST_SAID else end for end in (low, high))
        low = min(low, 0.0) if zero else low
        room = 0.06 * (high - low) or 0.05 * abs(high) or 1.0
        low, high = low - (0 if zero and low == 0 else room), high + room
    first, last = (float(np.min(x)), float(np.max(x))) if len(x) else (0.0, 1.0)
    last = last if last > first else first + 1
    whole = xlabel.startswith(("round", "period", "contract"))
    up = Scale(low, high, HEIGHT - BOTTOM, TOP, log)
    return Scale(first, last, _left(up), WIDTH - RIGHT, log_x, whole), up


def _left(up):
    """Where the drawing begins, so that the vertical axis' name and numbers stand side by side."""
    return max(LEFT, AXIS + LETTER_WIDTH * max(map(len, numbers(up)), default=0))


def _axes(across, up, xlabel, ylabel):
    ticks, labels, left = up.ticks, numbers(up), across.start
    parts = [_across(across, xlabel, HEIGHT)]
    for value, label in zip(ticks, labels, strict=True):
        y = float(up(value))
        parts.append(f'<line class="grid" x1="{left:.1f}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(f'<text x="{left - 5:.1f}" y="{y + 3.5:.1f}" text-anchor="end">{label}</text>')
    middle = (TOP + HEIGHT - BOTTOM) / 2
    place = f'transform="translate(9 {middle:.0f}) rotate(-90)"'
    return "".join(parts) + f'<text class="axis" {place} text-anchor="middle">{escape(ylabel)}</text>'


def _across(across, xlabel, height):
    foot = height - BOTTOM
    parts, labels, at = [], numbers(across), across(across.ticks)
    apart = np.min(np.diff(at), initial=across.end - across.start)
    every = int(np.ceil((LETTER_WIDTH * max(map(len, labels), default=0) + 4) / apart))
    for k, (x, label) in enumerate(zip(at.tolist(), labels, strict=True)):
        parts.append(f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" y2="{foot}"/>')
        if k % every == 0:  # labels that would overlap are left out
            parts.append(f'<text x="{x:.1f}" y="{foot + 14}" text-anchor="middle">{label}</text>')
    middle = (across.start + across.end) / 2
    label = f'<text class="axis" x="{middle:.0f}" y="{height - 5}" text-anchor="middle">{escape(xlabel)}</text>'
    return "".join(parts) + label


def numbers(scale):
    """Labels of an axis at its ticks: as many digits as tell them apart, powers of ten along a logarithm.

    >>> numbers(Scale(0.0, 40000.0, 0, 1)), numbers(Scale(1e-6, 1e-3, 0, 1, log=True))
    (['0', '10,000', '20,000', '30,000', '40,000'], ['10⁻⁶', '10⁻⁵', '10⁻⁴', '0.001'])
    """
    return [escape(power(tick) if scale.log else plain(tick, 6)) for tick in scale.ticks.tolist()]


def _line(line, across, up, dots=True):
    x, y = np.asarray(line.x, dtype=float), np.asarray(line.y, dtype=float)
    kept = telling(y, most=MOST_POINTS)
    if np.any(np.diff(x) < 0):  # a path, which may go far either way
        kept = np.union1d(kept, telling(x, most=MOST_POINTS))
    x, y = x[kept], y[kept]
    xs, ys = across(x), up(y)
    if line.style == DOTS:
        return _dots(line, xs, ys)
    stroke = f'stroke="{ink(line.colour)}" stroke-width="{line.width}" stroke-dasharray="{DASHES[line.style]}"'
    path = f'<path d="{points(xs, ys)}" fill="none" {stroke}><title>{escape(line.name)}</title></path>'
    if len(x) > MOST_DOTS or not (dots and line.name) or (line.style, line.width) == REFERENCE:
        return path
    dots = [
        f'<circle cx="{a:.1f}" cy="{b:.1f}" r="2.4" fill="{ink(line.colour)}">'
        f"<title>{escape(line.name)}: {plain(value)}</title></circle>"
        for a, b, value in zip(xs.tolist(), ys.tolist(), y.tolist(), strict=True)
        if value == value
    ]
    return path + "".join(dots)


def _dots(line, xs, ys):
    """Points that no line joins, as one path."""
    path = "".join(f"M{a:.1f} {b:.1f}h0" for a, b in zip(xs.tolist(), ys.tolist(), strict=True))
    stroke = f'stroke="{ink(line.colour)}" stroke-width="{line.width}" stroke-linecap="round" stroke-opacity="0.8"'
    return f'<path d="{path}" fill="none" {stroke}><title>{escape(line.name)}</title></path>'


def _faint(line, across, up):
    """A line of what is held against: dotted, faint, without dots."""
    stroke = f'stroke="{ink(line.colour)}" stroke-width="{line.width}" stroke-dasharray="{DASHES[":"]}"'
    path = f'<path class="faint" d="{points(across(line.x), up(line.y))}" fill="none" {stroke}>'
    return f"{path}<title>{escape(line.name)}</title></path>"


def _area(x, low, high, colour, opacity, name=""):
    ring = points(np.concatenate([x, x[::-1]]), np.concatenate([low, high[::-1]]))
    title = f"<title>{escape(name)}</title>" if name else ""
    return f'<path class="area" d="{ring}Z" fill="{ink(colour)}" opacity="{opacity}">{title}</path>' if ring else ""


def _moment(start, end):
    """A stripe over the first moment; the page's style moves it to the one that is looked at."""
    wide = end - start
    box = f'x="{start:.2f}" width="{wide:.2f}" y="{TOP}" height="{HEIGHT - BOTTOM - TOP}"'
    return f'<rect class="moment" {box} style="--wide:{wide:.4f}"/>'
