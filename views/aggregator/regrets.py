"""What players who learn regret, by round."""

import numpy as np

from market.conduct import Hedge
from views.aggregator.convergence import rounds_of
from views.style import BLACK, GREY, LINES, group_colours, legend_below, new_figure, players, styled

MOST_LINES = 12  # learners drawn one by one, of more the largest regret alone


@styled
def regrets(result):
    """Each learner's regret a round, in ranges of its payoffs, and what hedge promises of its own."""
    figure, axes = new_figure()
    rounds, learned = rounds_of(result), result.learned
    for label, regret, style in _lines(result, rounds):
        axes.plot(rounds, np.where(regret > 0, regret, np.nan), label=label, **style)
    for actions, conduct in _hedges(result).items():
        bound = conduct.bound(rounds, learned.judge.rounds) / rounds
        axes.plot(rounds, bound, ":", color=BLACK, label=f"promised by hedge, {actions} actions (mean over its luck)")
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlabel("round")
    axes.set_ylabel("regret a round (ranges)")
    axes.set_title("what the best fixed amount would have paid more, in ranges of payoffs")
    legend_below(figure, *axes.get_legend_handles_labels(), 2)
    return figure


def _lines(result, rounds):
    """(Label, regret a round, how it is drawn) of each learner, or of the worst where there are many."""
    learned = result.learned
    if len(learned.names) > MOST_LINES:
        return [("largest of all learners", np.array(result.column("average regret"), dtype=float), {"color": GREY})]
    colours, by_name = group_colours([block.name for block in result.game.blocks]), {}
    for name, group, number in players(result.game):
        by_name[name] = {"color": colours[group], "linestyle": LINES[number % len(LINES)]}
    wide = np.where(learned.judge.range > 0, learned.judge.range, np.inf)
    return [
        (name, np.array(result.column(f"regret {name}"), dtype=float) / rounds / one, by_name[name])
        for name, one in zip(learned.names, wide, strict=True)
    ]


def _hedges(result):
    """{actions: conduct} of the groups that decide by hedge."""
    conducts = result.scenario.conducts.values()
    return {conduct.actions: conduct for conduct in conducts if isinstance(conduct, Hedge)}
