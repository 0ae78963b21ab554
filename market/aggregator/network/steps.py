"""What players may take as given where the price of a profile has a step (docs/network/model.md, The gap).

Any price within the step supports the same dispatch. It is one for all: that at which those who take prices, or
congestion, as given want what they have, as far as one price can.
"""

from __future__ import annotations

import numpy as np
from scipy import optimize

from market.aggregator.network.facing import answering, vanishing
from market.aggregator.network.game import PRICE_STEP, NetworkGame, sells
from market.arrays import Array

BESIDE, LEAST = 1e-8, 1e-12  # how far beside a profile prices are looked up, of what a block trades and of the grid
SAME_AMOUNT = 1e-8  # of its amount: how far a player's answer may be from it


def taken_as_given(game: NetworkGame, y: Array) -> dict[int, float]:
    """{block: the price, or congestion, that all its players take as given} of those that stand at a step at y."""
    takers = [k for k, conduct in enumerate(game.conducts) if conduct != "network" and game.blocks[k].players]
    ends = np.array([at for k in takers for at in _beside(game, y, k)])
    if not len(ends):
        return {}
    given = _given(game, takers, ends)
    stepped = np.ptp(given, axis=0) > PRICE_STEP * np.max(np.abs(ends), initial=0.0)
    if not np.any(stepped):
        return {}
    takers, given = [k for k, has in zip(takers, stepped, strict=True) if has], given[:, stepped]
    return dict(zip(takers, _one_for_all(game, y, takers, given).tolist(), strict=True))


def _beside(game, y, number):
    """Multipliers of balances, with limits and without, just beyond and before what a block trades, (2, nodes) each."""
    total, energy = float(np.sum(y[game.player_slices[number]])), game.operator.programme.offers.energy
    step = max(BESIDE * total, LEAST * energy)
    for move in (step, -step) if total > step else (step,):
        moved = [game.taken(y), game.put_in(y)]
        moved[sells(game.blocks[number])] = moved[sells(game.blocks[number])] + move * game.places[number]
        yield [operator.clear(*moved).balances for operator in (game.operator, game.unlimited)]


def _given(game, takers, ends):
    """What blocks take as given by each of these prices, shape (ends, takers)."""
    found, lost = [], game.grid.value_of_lost_load
    for k in takers:
        held = np.maximum(ends, -lost) if sells(game.blocks[k]) else np.minimum(ends, lost)
        true, free = (held @ game.places[k]).T
        found.append(true - free if game.conducts[k] == "energy" else true)
    return np.array(found).T


def _one_for_all(game, y, takers, given):
    """The mixture of what the ends give that is least far from contenting the player worst off, shape (takers,)."""
    unit = float(np.max(np.abs(given)))
    rows, most = [], []
    for column, k in enumerate(takers):
        for j in range(game.player_slices[k].start, game.player_slices[k].stop):
            least, highest = _content(game, k, j, y, given[:, column])
            rows += [given[:, column] / unit, -given[:, column] / unit]
            most += [highest / unit, -least / unit]
    found = optimize.linprog(
        np.append(np.zeros(len(given)), 1.0),
        np.hstack([np.array(rows), -np.ones((len(rows), 1))]),
        most,
        np.append(np.ones(len(given)), 0.0)[None],
        [1.0],
        method="highs",
    )
    return found.x[:-1] @ given


def _content(game, number, j, y, given):
    """(Least, highest) of what is given to which player j's amount is its answer; infinite where there is no end."""
    now, answer = float(y[j]), answering(game, number, j, y)
    ends = np.array([np.min(given), np.max(given)])
    first, last = ends[::-1] if game.selling[j] else ends  # answers fall from the first on
    slack = SAME_AMOUNT * now

    def excess(value):
        return answer(value, now) - now

    low = first if excess(first) <= slack else vanishing(lambda value: excess(value) - slack, first, last)
    high = last if excess(last) >= -slack else vanishing(lambda value: excess(value) + slack, first, last)
    return (high, low) if game.selling[j] else (low, high)
