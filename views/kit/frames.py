"""What the page shows of a run after a round: plain numbers and drawings, made where the run is stepped."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from html import escape, unescape

from market.outcome import Status
from views.kit.charts import Chart

WORDS = re.compile("(?<=>)[^<>]+")  # between tags


@dataclass(frozen=True)
class Tile:
    """One headline number or name; `before` is that of the run that was shown before a change, or None."""

    label: str
    value: float | str | None
    unit: str = ""
    before: float | str | None = None


def tiles_of(names, values, before):
    """Tiles of ((label, unit), …) and as many values; before: {label: value shown before a change}."""
    return tuple(Tile(name, value, unit, before.get(name)) for (name, unit), value in zip(names, values, strict=True))


@dataclass(frozen=True)
class Panel:
    """One drawing as HTML; shape: "" for one cell of the grid, "wide", "tall" or "large" (both); tab: its heading."""

    name: str
    title: str
    html: str
    shape: str = ""
    tab: str = ""


def upon(panels, before):
    """Panels with the lines of those of the same name and axes, as they were before, faint behind their own."""
    known = {panel.name: panel.html for panel in before if isinstance(panel.html, Chart)}
    return tuple(
        replace(panel, html=panel.html.upon(known[panel.name].lines))
        if isinstance(panel.html, Chart) and panel.name in known
        else panel
        for panel in panels
    )


@dataclass(frozen=True, eq=False)
class Table:
    """The agents, a column {heading: array or list} each, all of the same length.

    chosen: row looked at, or None; follows: can a row be looked at? what: they are, where they are no agents.
    """

    columns: dict = field(default_factory=dict)
    note: str = ""
    chosen: int | None = None
    follows: bool = False
    what: str = "Agents"

    def __len__(self):
        return len(next(iter(self.columns.values()), ()))


@dataclass(frozen=True)
class Reading:
    """A number that differs from moment to moment, its values one after another."""

    label: str
    values: tuple
    unit: str = ""


@dataclass(frozen=True)
class Moments:
    """Moments that can be looked at one by one: what they are, what each is called, and {of whom: Readings}.

    compared: {of what: Readings of the same ones in each}, shown as a table.
    """

    what: str
    labels: tuple[str, ...]
    readings: dict[str, tuple[Reading, ...]]
    compared: dict[str, tuple[Reading, ...]] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Frame:
    """A run as it stands after `round` rounds of at most `limit`.

    name: of the scenario; said: what happened, in words; gap: as text; tracks: {measure: (rounds, values)} that
    comparisons draw together; beside: how something else than the rounds ended, and doubt: has it not settled?
    sentence: what the run comes to, or its title; faint: whose numbers stand faintly behind the drawings, or ""; finds:
    can all equilibria be looked for? replayed: how the rounds compare with stored ones, in words; begun: is there a
    result? span: what time the tiles tell of, and moments: of which there is more to be told, or None.
    """

    round: int
    limit: int
    status: Status
    advice: str
    gap: str
    said: str = ""
    tiles: tuple[Tile, ...] = ()
    panels: tuple[Panel, ...] = ()
    table: Table = field(default_factory=Table)
    tracks: dict = field(default_factory=dict)
    name: str = ""
    replayed: str = ""
    beside: str = ""
    doubt: bool = False
    begun: bool = False
    span: str = ""
    moments: Moments | None = None
    sentence: str = ""
    faint: str = ""
    finds: bool = False
    unit: Callable = str  # a text with the scenario's own names of units

    def in_units(self, html):
        """A drawing whose axes, keys and notes have the scenario's own names of units."""
        if self.unit("money, energy") == "money, energy":
            return html
        return WORDS.sub(lambda found: escape(self.unit(unescape(found[0]))), html)

    @property
    def values(self):
        """{label of a headline number: its value}."""
        return {tile.label: tile.value for tile in self.tiles}

    @property
    def running(self):
        """Is there anything left to step?"""
        return self.status is Status.RUNNING
