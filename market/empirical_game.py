"""Games known by draws: what players have under every profile of their strategies, and profiles that nobody leaves.

Payoffs have the shape (players, strategies of the first, …, of the last), by draw (draws, players, strategies, …); a
profile is given by weights, shape (players, strategies), each row a player's mixture.
"""

from __future__ import annotations

from itertools import permutations

import numpy as np

from market.arrays import Array, Mask


def nobody_gains(payoffs: Array, least: float = 0.0) -> Mask:
    """Marks the profiles in which no player gains more than `least` by another strategy: the pure equilibria.

    >>> nobody_gains(np.array([[[2.0, 0.0], [3.0, 1.0]], [[2.0, 3.0], [0.0, 1.0]]])).tolist()
    [[False, False], [False, True]]
    """
    stays = [own.max(axis=player, keepdims=True) - own <= least for player, own in enumerate(payoffs)]
    return np.logical_and.reduce(stays)


def gains(payoffs: Array, weights: Array) -> Array:
    """What each player gains by each strategy over its mixture, by draw, shape (draws, players, strategies)."""
    players = len(weights)
    found = np.empty((len(payoffs), *weights.shape))
    for player in range(players):
        left = np.moveaxis(payoffs[:, player], 1 + player, 1)
        for other in reversed(range(players)):
            if other != player:
                left = left @ weights[other]
        found[:, player] = left - (left @ weights[player])[:, None]
    return found


def exchanged(payoffs: Array) -> Array:
    """Payoffs by draw of players who are alike: means over all ways of exchanging them, the game then symmetric."""
    players = payoffs.shape[1]
    ways = [np.array(way) for way in permutations(range(players))]
    return np.mean([payoffs[:, way].transpose(0, 1, *(2 + way)) for way in ways], axis=0)


def pure(profile: Array, strategies: int) -> Array:
    """The weights of a profile of pure strategies, given by number, shape (players,)."""
    return np.eye(strategies)[profile]
