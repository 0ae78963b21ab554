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
from views.style import BLACK, BLUE, GREEN, GREY, OCHRE, PURPLE, TEAL, VERMILLION

HERE, PLANNER = "this market", "a planner"
LOST = "lost"
COLOURS = {SMALL: BLUE, LARGE: VERMILLION, ELASTIC: GREEN, PRODUCERS: OCHRE, TARIFFS: PURPLE, RENTS: TEAL, FIXED: GREY}
COLOURS |= {NEEDING: DEFICIT_NODE, GIVING: SURPLUS_NODE, NEITHER: BLUE, GRID: OCHRE, LOSSES: GREY, LOST: BLACK}
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
    """Bars of {name: Split}, the legend with the first one's numbers, and what is to be said of their parts."""
    each = {name: {**split.had, **split.spent, LOST: max(split.lost, 0.0)} for name, split in splits.items()}
    first = next(iter(each.values()))
    bars = []
    for name, parts in each.items():
        said = f"{plain(splits[name].welfare, 3)} in all" if name == PLANNER else f"{plain(parts[LOST], 3)} lost"
        bars.append(Bar(name, tuple((value, COLOURS[who]) for who, value in parts.items()), said, name == HERE))
    told = [*dict.fromkeys(who for parts in each.values() for who in parts if who != LOST), LOST]
    legend = [(f"{who} {plain(first[who], 3)}" if who in first else who, COLOURS[who]) for who in told]
    notes = [f'<p class="beside">{escape(note)}</p>' for who, note in NOTES.items() if who in told]
    return bar_chart(bars, "money, up to the best there could be", legend) + "".join(notes)
