"""Alpha as a strategy: what an aggregator has by its own and the other's alpha, and where nobody gains by another."""

import numpy as np
from matplotlib.patches import Rectangle

from market.numerals import plain
from views.aggregator.alpha_words import payoffs_of, shown
from views.style import VERMILLION, new_figure, styled

EDGES = {True: "-", False: "--"}  # of an equilibrium that is certain, and of one that is not
LARGEST = 900  # area of the dot of a mixture of one cell, points²


@styled
def alpha_games(games):
    """Mean payoffs of two aggregators as heat maps, games {title: AlphaGame}, of two alike the first's; equilibria
    are marked.

    A frame is a pure equilibrium, full where it is certain; dots are cells of a mixed one, as large as they are likely.
    """
    drawn = [(title, game, player) for title, game in games.items() for player in shown(game)]
    rows = -(-len(drawn) // 2)
    figure, panels = new_figure(rows, 2, width=13.5, height=5.6 * rows, squeeze=False)
    for axes, (title, game, player) in zip(panels.flat, drawn, strict=False):
        _heat(axes, game, player)
        axes.set_title(title if game.alike else f"{title}: {game.names[player]}", fontsize=14)
    for axes in panels.flat[len(drawn) :]:
        axes.set_axis_off()
    return figure


def _heat(axes, game, player):
    """Rows are its own alpha, columns the other's."""
    means, half = payoffs_of(game, player)
    axes.imshow(means, origin="lower", cmap="cividis", aspect="auto")
    middle = (means.max() + means.min()) / 2
    for (own, other), mean in np.ndenumerate(means):
        said = f"{plain(float(mean), 4)}\n± {plain(float(half[own, other]), 2)}"
        axes.text(other, own, said, ha="center", va="center", fontsize=12, color="black" if mean > middle else "white")
    for found in game.pure_equilibria():
        own, other = found.weights.argmax(axis=1)[[player, 1 - player]]
        frame = {"edgecolor": VERMILLION, "linewidth": 4, "linestyle": EDGES[found.certain], "fill": False}
        axes.add_patch(Rectangle((other - 0.47, own - 0.47), 0.94, 0.94, **frame))
    for found in game.mixed_equilibria() or ():
        chance = np.outer(*found.weights[[player, 1 - player]])
        own, other = np.nonzero(chance)
        axes.scatter(other, own - 0.35, LARGEST * chance[own, other], color=VERMILLION, zorder=3)
    names = [f"{alpha:g}" for alpha in game.alphas]
    axes.set_xticks(range(len(names)), names)
    axes.set_yticks(range(len(names)), names)
    axes.set_xlabel("the other's α")
    axes.set_ylabel("its own α")
    axes.grid(visible=False)
