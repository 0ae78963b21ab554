"""Who has a welfare, in the market that is watched, under a planner and in other markets, as bars."""

from html import escape

from market.numerals import plain
from market.splits import (
    ELASTIC,
    FIXED,
    GIVING,
    GRID,
    LARGE,
    LOSSES,
    NEEDING,
    NEITHER,
    PRODUCERS,
    RENTS,
    SMALL,
    TARIFFS,
)
from views.kit.charts import Bar, bar_chart
from views.microgrid.look import DEFICIT_NODE, SURPLUS_NODE
from views.style import BLACK, BLUE, GREEN, GREY, ORANGE, PURPLE, SKY, VERMILLION

HERE, PLANNER = "this market", "a planner"
LOST, LOST_COLOUR = "lost", "#BBBBBB"
COLOURS = {SMALL: BLUE, LARGE: VERMILLION, ELASTIC: GREEN, PRODUCERS: ORANGE, TARIFFS: PURPLE, RENTS: SKY, FIXED: GREY}
COLOURS |= {NEEDING: DEFICIT_NODE, GIVING: SURPLUS_NODE, NEITHER: BLUE, GRID: BLACK, LOSSES: GREY}
NOTES = {
    FIXED: "Fixed load takes the same at any price, and what that is worth to it is not known: only its bill counts.",
    LOSSES: "A unit needed counts what the main grid asks for it; bars end at what all would be worth without losses.",
}


def split_chart(welfare, others=()):
    """Bars of a Welfare and of others' {name: Welfare}, with what each loses beside its own planner; or why not."""
    if welfare.here is None:
        return f'<p class="none">{escape(welfare.why)}</p>'
    splits = {HERE: welfare.here, PLANNER: welfare.planner}
    return bars_of(splits | {name: one.here for name, one in dict(others).items() if one.here is not None})


def bars_of(splits):
    """Bars of {name: Split} and what is to be said of their parts."""
    bars, told = [], {}
    for name, split in splits.items():
        parts = {**split.had, **split.spent}
        told |= {who: COLOURS[who] for who in parts}
        lost = max(split.lost, 0.0)
        said = f"{plain(split.welfare, 3)} in all" if name == PLANNER else f"{plain(lost, 3)} lost"
        pieces = [(value, COLOURS[who]) for who, value in parts.items()] + [(lost, LOST_COLOUR)]
        bars.append(Bar(name, tuple(pieces), said, name == HERE))
    notes = [f'<p class="beside">{escape(note)}</p>' for who, note in NOTES.items() if who in told]
    chart = bar_chart(bars, "money, up to the best there could be", [*told.items(), (LOST, LOST_COLOUR)])
    return chart + "".join(notes)
