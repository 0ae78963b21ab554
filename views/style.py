"""How pictures look: colours that mean the same thing everywhere, units, sizes, saving."""

import functools
import hashlib
import io
import re

import matplotlib
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.image import imsave

# Hues near Okabe and Ito's, each at least 4.5 : 1 against white, as theirs are not, and told apart by the colour-blind.
BLUE, VERMILLION, GREEN, OCHRE = "#006CE8", "#DC2F0C", "#188400", "#5C4A00"
PURPLE, TEAL, BLACK, GREY = "#8A1CA0", "#0C5460", "#000000", "#707070"
PALE = "#8C8C8C"  # at least 3 : 1 against white and against a dark page: what stands back, and is seen
ON_DARK = {  # the same colours on a dark page, again at least 4.5 : 1
    BLUE: "#3C9CFF",
    VERMILLION: "#FF5A2C",
    GREEN: "#1FA83C",
    OCHRE: "#FFC21A",
    PURPLE: "#CC66DC",
    TEAL: "#4CE6E6",
    GREY: "#A0A0A0",
}
PALETTE = (BLUE, VERMILLION, GREEN, OCHRE, PURPLE, TEAL)
LANES = (BLACK, GREY, TEAL, PURPLE)  # of scenarios side by side that no word gives a colour: seldom those of groups
GAINS, LOSES = GREEN, VERMILLION
DESIGNS = {
    "alone": GREY,
    "direct": BLUE,
    "welfare": GREEN,
    "proportional": OCHRE,
    "maxmin": PURPLE,
    "payments": VERMILLION,
}
KNOWN_GROUPS = {
    **dict.fromkeys(("small", "towns", "cars", "households", "users", "user", "pair", "first", "uneven"), BLUE),
    "north": TEAL,
    **dict.fromkeys(("south", "heat pumps"), GREEN),
    "works": OCHRE,
    **dict.fromkeys(("large", "data centre", "bakery"), VERMILLION),
    **dict.fromkeys(("second", "equal"), OCHRE),
    **{name: DESIGNS[name] for name in ("welfare", "proportional")},
    "max-min": DESIGNS["maxmin"],
    "alone": DESIGNS["direct"],  # who joins nobody
}
BEHAVIOURS = {"none": GREY, "ad-hoc": OCHRE, "self-interested": VERMILLION, "cooperative": GREEN, "integrated": BLUE}
MEANT = {
    **DESIGNS,
    "max-min": DESIGNS["maxmin"],
    **BEHAVIOURS,
    "hoc": BEHAVIOURS["ad-hoc"],
    "trade": BEHAVIOURS["none"],
}
LINES = ("-", "--", "-.", ":")
MARKERS = ("o", "s", "^", "D", "v", "P")

SURPLUS = "surplus (money)"
CONSUMPTION = "consumption (energy)"
PURCHASE = "purchase (energy)"
PRICE = "price (money/energy)"

RC = {
    "font.size": 15,
    "axes.titlesize": 16,
    "axes.labelsize": 16,
    "xtick.labelsize": 14,
    "ytick.labelsize": 14,
    "legend.fontsize": 13,
    "figure.facecolor": "white",
    "axes.facecolor": "white",
    "savefig.facecolor": "white",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#DDDDDD",
    "grid.linewidth": 0.8,
    "lines.linewidth": 2.2,
    "lines.markersize": 7,
    "legend.frameon": False,
    "axes.formatter.limits": (-4, 6),
    "axes.formatter.useoffset": False,
    "axes.titlelocation": "left",
}
DPI = 100
MOST_POINTS = 2_000  # of a line: more than twice as many as a picture has columns
FAST = {"compress_level": 1}
UNDATED = {".svg": {"Date": None}, ".pdf": {"CreationDate": None}}  # a file's notes
LETTERS_PER_INCH = 9  # of a legend's text
MOST_LETTERS = 30  # of a name beside an axis


def styled(plot):
    """A plot function whose figure has the project's sizes and colours, but for what the user has set otherwise."""

    @functools.wraps(plot)
    def drawn(*args, **kwargs):
        with matplotlib.rc_context(unset(RC)):
            return plot(*args, **kwargs)

    return drawn


def unset(settings):
    """Those of our settings that the user's style leaves as matplotlib ships them."""
    now, shipped = matplotlib.rcParams, matplotlib.rcParamsDefault
    return {name: value for name, value in settings.items() if now[name] == shipped[name]}


class Picture(Figure):
    """A figure that a notebook shows where it ends a cell, without pyplot."""

    def _repr_png_(self):
        file = io.BytesIO()
        save(self, file, DPI)
        return file.getvalue()


def new_figure(rows=1, columns=1, width=9.0, height=5.4, **options):
    """An empty figure and its axes, as matplotlib's `subplots`; width and height in inches of the whole figure."""
    figure = Picture(figsize=(width, height), layout="constrained")
    return figure, figure.subplots(rows, columns, **options)


def save(figure, path, dpi=DPI):
    """Write a figure in the format of its path's suffix, PNG into a file that is open; returns the path.

    A PNG is gone through once, where `savefig` does it twice, and little compressed: a sixth larger, sooner written.
    """
    suffix = getattr(path, "suffix", ".png")
    if suffix in UNDATED:
        with matplotlib.rc_context({"svg.hashsalt": "picture"}):
            figure.savefig(path, dpi=dpi, metadata=UNDATED[suffix])
        return path
    figure.set_dpi(dpi)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    imsave(path, canvas.buffer_rgba(), format="png", dpi=dpi, metadata={"Software": None}, pil_kwargs=FAST)
    return path


def telling(low, high=None, most=MOST_POINTS):
    """Places of a line's points, or of a band's from low to high, that show all it does: all up to `most`.

    Of more the first half of `most`, of each stretch of the others the lowest and the highest, and the last.
    """
    high = low if high is None else high
    if len(low) <= most:
        return np.arange(len(low))
    first = most // 2
    length = -(-2 * (len(low) - first) // first)
    kept = first + (len(low) - first) // length * length
    lows, highs = (values[first:kept].reshape(-1, length) for values in (low, high))
    starts = np.arange(first, kept, length)
    lowest = starts + np.argmin(np.where(np.isnan(lows), np.inf, lows), axis=1)
    highest = starts + np.argmax(np.where(np.isnan(highs), -np.inf, highs), axis=1)
    rest = np.arange(min(kept, len(low) - 1), len(low))
    return np.unique(np.concatenate([np.arange(first), lowest, highest, rest]))


def line_of(rounds, values):
    """A line over rounds as it is drawn, at the points that tell."""
    some = telling(values)
    return rounds[some], values[some]


def runs_said(replications):
    """How many runs a picture's means are over, and what its bars are."""
    return f"{replications} runs, bars show 95 % intervals" if replications > 1 else "one run"


def shortened(name, most=MOST_LETTERS):
    """A name of at most so many letters: its middle is left out, since what tells names apart stands at their ends.

    >>> shortened("north"), shortened("a group with a very long name 12", 16)
    ('north', 'a group … name 12')
    """
    return name if len(name) <= most else f"{name[: most // 2].rstrip()} … {name[-(most // 2) :].lstrip()}"


def legend_below(figure, handles, labels, columns):
    """A legend under all axes, where it hides no data, in at most so many columns as fit beside each other."""
    if not handles:
        return
    labels = [shortened(label, int(figure.get_figwidth() * LETTERS_PER_INCH) - 12) for label in labels]
    fit = int(figure.get_figwidth() * LETTERS_PER_INCH // (max(map(len, labels)) + 6))
    columns = max(1, min(columns, fit))
    figure.legend(handles, labels, loc="outside lower center", ncols=columns, handlelength=1.8, columnspacing=1.4)


def group_colours(names):
    """{group: colour}: a known group always has its own, another one the colour its name leads to."""
    return _colours(names, KNOWN_GROUPS.get, PALETTE)


def scenario_colours(names, behaviours=()):
    """{scenario: colour} by its behaviour, else the last word of its name that has one: a fairness, a design.

    behaviours: of as many scenarios of the microgrid market.
    """
    said = dict(zip(names, behaviours, strict=True)) if behaviours else {}
    words = {name: re.findall(r"[^\W_]+(?:-[^\W_]+)*", f"{name} {said.get(name, '')}")[::-1] for name in names}
    return _colours(names, lambda name: next((MEANT[word] for word in words[name] if word in MEANT), None), LANES)


def _colours(names, wish, others):
    """Every name its wish, else that of the others its hash leads to; the next free one where two want the same."""
    names, chosen = list(dict.fromkeys(names)), {}
    for name in sorted(names, key=lambda name: (wish(name) is None, names.index(name))):
        place = int(hashlib.sha256(name.encode()).hexdigest(), 16) % len(others)
        wanted = wish(name) or others[place]
        start = others.index(wanted) if wanted in others else 0
        choice = (wanted, *others[start:], *others[:start], *PALETTE, BLACK)
        chosen[name] = next((colour for colour in choice if colour not in chosen.values()), wanted)
    return {name: chosen[name] for name in names}


def players(game):
    """(name, group, number within its group) of every player, in the order of the purchases."""
    return [
        (block.name if block.players == 1 else f"{block.name} {j + 1}", block.name, j)
        for block in game.blocks
        for j in range(block.players)
    ]


def finite(values):
    """Numbers as floats of the same shape, NaN for what no axis can show."""
    values = np.array(values, dtype=float)
    values[~np.isfinite(values)] = np.nan
    return values


def edges(values, count):
    """Edges of `count` bins over some finite values; of one bin where rounding alone tells the values apart."""
    low, high = float(np.min(values)), float(np.max(values))
    if high - low > 1e-9 * max(abs(low), abs(high)):
        return np.linspace(low, high, count + 1)
    room = max(0.01 * abs(low), 1e-3)
    return np.array([low - room, high + room])


def joined_labels(labels, x, y, near=0.04):
    """[(label, x, y)] of points in order; neighbours closer than `near` of the range share "first to last"."""
    x, y = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    known = [i for i in range(len(x)) if np.isfinite(x[i]) and np.isfinite(y[i])]
    reach = [max(float(np.ptp(values[known])), 1e-300) if known else 1.0 for values in (x, y)]
    runs = []
    for i in known:
        last = runs[-1][-1] if runs else None
        if last is not None and np.hypot((x[i] - x[last]) / reach[0], (y[i] - y[last]) / reach[1]) < near:
            runs[-1].append(i)
        else:
            runs.append([i])
    return [(_span([labels[i] for i in run]), x[run[-1]], y[run[-1]]) for run in runs]


def _span(labels):
    return labels[0] if len(labels) == 1 else f"{labels[0]} to {labels[-1].rsplit(' ', 1)[-1]}"
