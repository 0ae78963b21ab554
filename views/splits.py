"""Who has a welfare, in the market that is watched, under a planner and in other markets, as bars."""

from market.numerals import plain
from market.splits import (
    AGENTS,
    BUYERS,
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
    SELLERS,
    SMALL,
    TARIFFS,
)
from views.bilateral.look import BUYER, SELLER
from views.kit.charts import Bar, bar_chart, beside, instead
from views.microgrid.look import DEFICIT_NODE, SURPLUS_NODE
from views.style import BLACK, BLUE, GREEN, GREY, OCHRE, PURPLE, TEAL, VERMILLION

TAB = "Economics"  # where it is shown on a page
HERE, PLANNER = "this market", "a planner"
LOST = "lost"
NO_LOSS = 1e-12  # of a welfare: less of it is not lost
COLOURS = {SMALL: BLUE, LARGE: VERMILLION, ELASTIC: GREEN, PRODUCERS: OCHRE, TARIFFS: PURPLE, RENTS: TEAL, FIXED: GREY}
COLOURS |= {NEEDING: DEFICIT_NODE, GIVING: SURPLUS_NODE, NEITHER: BLUE, GRID: OCHRE, LOSSES: GREY, LOST: BLACK}
COLOURS |= {BUYERS: BUYER, SELLERS: SELLER, AGENTS: BLUE}
NOTES = {
    FIXED: "Fixed load takes the same at any price, and what that is worth to it is not known: only its bill counts.",
    LOSSES: "A unit needed counts what the main grid asks for it; bars end at what all would be worth without losses.",
    BUYERS: "A planner signs the best contracts and pays the core's fair point.",
}


def split_chart(welfare, others=()):
    """Bars of a Welfare and of others' {name: Welfare}, with what each loses beside its own planner; or why not."""
    if welfare.here is None:
        return instead(welfare.why)
    splits = {HERE: welfare.here, PLANNER: welfare.planner}
    return bars_of(splits | {name: one.here for name, one in dict(others).items() if one.here is not None})


def _lost(split):
    """What a Split loses beside the planner's, 0 where that is rounding."""
    return split.lost if split.lost > NO_LOSS * abs(split.welfare) else 0.0


def bars_of(splits):
    """Bars of {name: Split}, the legend with this market's numbers, and what is to be said of their parts."""
    each = {name: {**split.had, **split.spent, LOST: _lost(split)} for name, split in splits.items()}
    first = next(iter(each.values()))
    bars = []
    for name, parts in each.items():
        said = f"{plain(splits[name].welfare, 3)} in all" if name == PLANNER else f"{plain(parts[LOST], 3)} lost"
        bars.append(Bar(name, tuple((value, COLOURS[who]) for who, value in parts.items()), said, name == HERE))
    told = [*dict.fromkeys(who for parts in each.values() for who in parts if who != LOST), LOST]
    numbered = first if HERE in splits else {}
    legend = [(f"{who} {plain(first[who], 3)}" if who in numbered else who, COLOURS[who]) for who in told]
    notes = [beside(note) for who, note in NOTES.items() if who in told]
    return bar_chart(bars, "money, up to the best there could be", legend) + "".join(notes)
