"""What players who learn regret, by round."""

import numpy as np

from views.aggregator.convergence import rounds_of
from views.style import BLACK, GREY, LINES, group_colours, legend_below, line_of, new_figure, players, styled

MOST_LINES = 12  # learners drawn one by one, of more the largest regret alone
REGRET = "regret a round (ranges)"


@styled
def regrets(result):
    """Each learner's regret a round, in ranges of its payoffs, and what its rule promises of it, where it does."""
    figure, axes = new_figure()
    rounds, judge = rounds_of(result), result.learned.judge
    for label, regret, colour, style in regret_lines(result.game, judge, result.column, rounds):
        axes.plot(*line_of(rounds, regret), label=label, color=colour, linestyle=style)
    for label, bound in promises(result.scenario.conducts, judge, rounds):
        axes.plot(*line_of(rounds, bound), ":", color=BLACK, label=f"{label} (mean over its luck)")
    axes.set_xscale("log")
    if any(np.nanmax(line.get_ydata(), initial=0.0) > 0 for line in axes.lines):
        axes.set_yscale("log")
    else:  # nothing that a logarithmic axis could show
        axes.set_ylim(0, 1)
        axes.text(0.5, 0.5, "nobody regrets anything", transform=axes.transAxes, ha="center")
    axes.set_xlabel("round")
    axes.set_ylabel(REGRET)
    axes.set_title("what the best fixed amount would have paid more, in ranges of payoffs")
    legend_below(figure, *axes.get_legend_handles_labels(), 2)
    return figure


def regret_lines(game, judge, column, rounds):
    """(Name, regret a round, colour, style) of each learner, or of the worst where there are many; none is NaN.

    column: function that gives a column of the collected data; rounds: their numbers, shape (rounds,).
    """
    if len(judge.players) > MOST_LINES:
        lines = [("largest of all learners", np.array(column("average regret"), dtype=float), GREY, "-")]
    else:
        colours, everybody = group_colours([block.name for block in game.blocks]), players(game)
        wide = np.where(judge.range > 0, judge.range, np.inf)
        lines = [
            (
                name,
                np.array(column(f"regret {name}"), dtype=float) / rounds / one,
                colours[group],
                LINES[number % len(LINES)],
            )
            for (name, group, number), one in zip((everybody[j] for j in judge.players), wide, strict=True)
        ]
    return [(name, np.where(regret > 0, regret, np.nan), colour, style) for name, regret, colour, style in lines]


def promises(conducts, judge, rounds):
    """(Words, largest expected regret a round) of each conduct that promises one; conducts: by group."""
    groups = {}
    for group, conduct in conducts.items():
        groups.setdefault(conduct, []).append(group)
    bounds = [(names, conduct.bound(rounds, judge.rounds)) for conduct, names in groups.items()]
    return [(f"promised to {', '.join(names)}", bound / rounds) for names, bound in bounds if bound is not None]
