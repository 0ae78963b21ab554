"""How a run settles: purchases, surplus and price by round."""

import numpy as np

from market.numerals import plain
from market.outcome import Status
from views.style import (
    BLACK,
    GREY,
    LINES,
    MOST_POINTS,
    PRICE,
    PURCHASE,
    group_colours,
    legend_below,
    line_of,
    new_figure,
    players,
    styled,
    telling,
)

MOST_LINES = 12  # players drawn one by one; more of them become bands
MOST_MARKED = 30  # rounds whose numbers have a marker each
BANDS = ((5, 95, 0.18), (25, 75, 0.35))


@styled
def convergence(result):
    """Purchases by player, mean surplus by group and price, over the rounds of a Result (figs. 3 and 4)."""
    figure, (top, middle, bottom) = new_figure(3, 1, width=9, height=10.5, sharex=True)
    rounds = result.kept
    if rounds:
        _purchases(top, result)
        _surplus(middle, result)
        bottom.plot(*line_of(rounds_of(result), result.column("price")), color=BLACK, marker=marker_of(rounds))
        top.set_xlim(min(0.8, rounds - 0.5), rounds + 0.2)
        _whole_rounds(bottom, rounds)
    for axes, label in ((top, PURCHASE), (middle, "mean surplus\n(money)"), (bottom, PRICE)):
        axes.set_ylabel(label)
        axes.margins(y=0.12)
    bottom.set_xlabel("round")
    top.set_title(headline(result))
    _mark_cycle((top, middle, bottom), result)
    handles, labels = top.get_legend_handles_labels()
    legend_below(figure, handles, labels, 3)
    return figure


def rounds_of(result):
    """Numbers of the rounds that were kept, shape (rounds,)."""
    return np.array(result.collected["round"])


def _whole_rounds(axes, rounds):
    step = max(1, int(np.ceil(rounds / 10)))
    axes.set_xticks(np.arange(1, rounds + 1, step))


def _purchases(axes, result):
    """A line per player, or median and bands of each group's players."""
    bought = purchases_by_round(result)
    colours = group_colours([block.name for block in result.game.blocks])
    if result.game.players <= MOST_LINES:
        for (name, group, number), y in zip(players(result.game), bought.T, strict=True):
            axes.plot(
                *line_of(rounds_of(result), y),
                LINES[number % len(LINES)],
                marker=marker_of(result.kept),
                markersize=5,
                color=colours[group],
                label=name,
            )
        return
    for block, where in zip(result.game.blocks, result.game.player_slices, strict=True):
        name = block.name if block.players == 1 else f"{block.name}: median, 50 %, 90 % of {block.players:,} players"
        band(axes, rounds_of(result), bought[:, where], colours[block.name], name)


def purchases_by_round(result):
    """Purchases after each round, shape (rounds, players)."""
    if "purchases" in result.collected:
        return result.column("purchases").reshape(result.kept, -1)
    return np.column_stack([result.column(f"purchase {name}") for name, _, _ in players(result.game)])


def band(axes, rounds, values, colour, label):
    """Median of values, shape (rounds, many), with the middle half and the middle 90 % shaded."""
    if values.shape[1] > 1:
        for low, high, opacity in BANDS:
            edges = np.percentile(values, (low, high), axis=1)
            some = telling(*edges)
            axes.fill_between(rounds[some], *edges[:, some], color=colour, alpha=opacity, linewidth=0)
    marker = marker_of(len(rounds), MOST_POINTS)
    middle = line_of(rounds, np.median(values, axis=1))
    axes.plot(*middle, color=colour, marker=marker, markersize=5, label=label)


def marker_of(rounds, most=MOST_MARKED):
    """What marks the numbers of a line over so many rounds: nothing where they are more than that."""
    return "o" if rounds <= most else None


def _surplus(axes, result):
    colours = group_colours([block.name for block in result.game.blocks])
    groups = [block.name for block in result.game.blocks if block.users]
    means = {name: result.column(f"surplus {name}") for name in groups}
    for name, mean in means.items():
        axes.plot(*line_of(rounds_of(result), mean), color=colours[name], marker=marker_of(result.kept), markersize=5)
    positive = [mean.min() for mean in means.values()]
    if means and min(positive) > 0 and max(mean.max() for mean in means.values()) > 50 * min(positive):
        axes.set_yscale("log")


def headline(result):
    """The run's end in a few words."""
    unfinished = "still moving" if getattr(result, "learned", None) is None else "not learned"  # nobody learns in days
    words = {
        Status.SETTLED: f"settled after {result.rounds} rounds",
        Status.CYCLING: f"the same purchases every {result.cycle} rounds: they never settle",
        Status.ROUND_LIMIT: f"{unfinished} after {result.rounds} rounds",
        Status.LEARNED: f"learned in {result.rounds} rounds",
        Status.SHORT: f"short: purchases exceed capacity after {result.rounds} rounds",
        Status.INFEASIBLE: "infeasible: a user is priced out",
    }
    said = words.get(result.status, f"{result.status}: no rounds were played")
    return said if result.gap is None else f"{said}, gap {plain(result.gap, 2)}"


def _mark_cycle(panels, result):
    """Shade one cycle at the end of a run that cycles."""
    if result.status != Status.CYCLING or result.kept <= (result.cycle or 0):
        return
    last = result.collected["round"][-1]
    for axes in panels:
        axes.axvspan(last - result.cycle, last, color=GREY, alpha=0.15, linewidth=0)
    panels[0].annotate(
        "one cycle",
        (last - result.cycle / 2, 1),
        xycoords=("data", "axes fraction"),
        ha="center",
        va="top",
        fontsize=12,
    )
