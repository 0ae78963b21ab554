"""How users join aggregators: members and their surplus by round, and who is where in the end."""

import numpy as np

from views.style import SURPLUS, group_colours, legend_below, new_figure, styled

SPREAD = 0.36  # of a row, over which its users are spread
MARKED = 30  # rounds up to which every one has a mark


@styled
def members(result):
    """Members by round, their mean surplus by round, and every user's reservation price by its last aggregator.

    result: an AggregatorResult whose users joined aggregators.
    """
    joining, memberships = result.joined.joining, result.joined.memberships
    names = [offer.name for offer in joining.offers]
    colours = group_colours(names)
    figure, (top, middle, bottom) = new_figure(
        3, 1, width=9, height=11.5, height_ratios=(1, 1, 0.35 + 0.25 * len(names))
    )
    rounds = np.array(result.collected["round"])
    mark = {"marker": "o", "markersize": 5} if len(rounds) <= MARKED else {}
    for number, name in enumerate(names):
        top.plot(rounds, (memberships == number).sum(axis=1), color=colours[name], label=name, **mark)
        middle.plot(rounds, result.column(f"surplus {name}"), color=colours[name], **mark)
        _users(bottom, len(names) - 1 - number, joining.utility.reservation[memberships[-1] == number], colours[name])
    middle.sharex(top)
    middle.set_xticks(rounds[:: -(-len(rounds) // 10)])
    for axes, label in ((top, "members"), (middle, f"mean {SURPLUS}")):
        axes.set_ylabel(label)
        axes.set_xlabel("round")
        axes.set_ylim(bottom=0)
    bottom.axvline(result.outcome.price, color="black", linewidth=1.4, linestyle=":", label="price")
    bottom.set_yticks(range(len(names))[::-1], names)
    bottom.set_ylim(-0.6, len(names) - 0.4)
    bottom.set_xlabel("reservation price (money/energy); dotted: the price")
    top.set_title(_headline(result))
    legend_below(figure, *top.get_legend_handles_labels(), 3)
    return figure


def _users(axes, row, reservation, colour):
    """A dot a user, spread evenly over the height of a row so that they can be told apart, and the mean as a line."""
    place = (np.arange(len(reservation)) * 0.618034) % 1.0
    axes.plot(reservation, row + SPREAD * (2 * place - 1), "o", color=colour, markersize=5, alpha=0.75)
    if len(reservation):
        axes.plot([reservation.mean()] * 2, [row - 0.46, row + 0.46], color=colour, linewidth=3)


def _headline(result):
    """How the joining ended, in words."""
    moves = f"{result.joined.moves} moves"
    if result.cycle is not None:
        return f"the same groups come back every {result.cycle} rounds; {moves}"
    stable = {
        True: "nobody gains by a move",
        False: "some still gain by a move",
        None: "who gains by a move: not known",
    }
    return f"{result.status}, {moves}: {stable[result.joined.stable]}"
