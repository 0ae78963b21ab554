"""Random markets of few players in random units, and a search for equilibria that shares nothing with the direct one.

The search replies: from many starts in turn, and with two players along both curves of best replies, whose crossings
are bracketed and halved.
"""

import numpy as np

from market.aggregator.best_response import PricedOut, best_response
from market.aggregator.certificate import gap
from market.aggregator.clearing import clear
from market.aggregator.game import Block, Game
from market.prices import Affine, Dispatch, Linear, Piecewise, Power
from market.utilities import Logarithmic, Quadratic

ALPHAS = (0.0, 0.5, 1.0, 1.5, 2.0, 3.0, np.inf)
OFFSETS = (0.0, 0.01, 0.01, 0.1)
KINKED, SMOOTH = ("piecewise", "dispatch", "blocks"), ("linear", "affine", "power", "steep")
EVEN, ROUNDS, HALVINGS = 24, 60, 60
WIDTH = 1e-14  # of a bracket that is not halved again, as a share
SHORT = (1e-2, 1e-4, 1e-8, 1e-11, 1e-15, 0.0, -1e-15, -1e-11, -1e-8)  # of pricing a user out, as shares
LEAST = 1e-9  # a purchase that stands for none
SURE = 1e-9  # gap of an equilibrium beyond doubt


def market(seed, kinds, players=(1, 4), units=6):
    """A random game with a price of one of the kinds, in units of energy and money of up to 10^±units."""
    rng = np.random.default_rng(seed)
    energy, money = 10.0 ** rng.uniform(-units, units, 2)
    blocks = tuple(_player(rng, energy, money) for _ in range(rng.integers(players[0], players[1] + 1)))
    return Game(_price(rng, rng.choice(kinds), energy, money), blocks)


def cornered(seed):
    """A market of two players, and purchases at which the second just prices out the max-min first one's poor user.

    The second's is its best response to the first's, which is any; the poor user's reservation price is that of it.
    """
    rng = np.random.default_rng([seed, 5])
    game = market(seed, KINKED if seed % 2 else SMOOTH, (1, 1), units=3)
    second, most = game.blocks[0], best_response(game.price, game.blocks[0], 0.0)
    worth = float(second.utility.reservation.max())
    a = worth * rng.uniform(0.02, 0.5, 2) / max(most, LEAST)
    taken = most * rng.uniform(0.2, 1.2)
    answer = best_response(game.price, second, taken)
    b = np.array([worth * rng.uniform(1.2, 2), float(game.price.value(answer))])
    offset = worth * float(rng.choice(OFFSETS))
    first = Block("first", "aggregator", Quadratic(a, b), np.inf, offset, np.array([2]))
    return Game(game.price, (first, second)), np.array([taken, answer])


def beside(y):
    """The purchases at a corner with a little less or more of the second player."""
    return [y * np.array([1.0, 1 - short]) for short in SHORT]


def _player(rng, energy, money):
    users = int(rng.integers(1, 4))
    a, b = rng.uniform(0.2, 0.9, users), np.round(rng.uniform(0.5, 10, users), int(rng.integers(0, 4)))
    b = b * money / energy
    quadratic = rng.random() < 0.75
    utility = Quadratic(a * money / energy**2, b) if quadratic else Logarithmic(b, energy / a)
    return Block("player", "aggregator", utility, rng.choice(ALPHAS), rng.choice(OFFSETS) * money, np.array([users]))


def _price(rng, kind, energy, money):
    worth = money / energy
    if kind in ("dispatch", "blocks"):
        n = int(rng.integers(1, 4))
        size, bend = rng.uniform(0.3, 4, n), rng.uniform(0.02, 0.4, n)
        if kind == "blocks":
            bend[rng.random(n) < 0.6] = 0.0
        start = np.sort(np.round(rng.uniform(0, 5, n), 1))
        cap = float((start + 2 * bend * size).max() + rng.choice([0.1, 1, 15]))
        return Dispatch(size * energy, bend * worth / energy, start * worth, cap * worth)
    if kind == "piecewise":
        n = int(rng.integers(1, 4))
        quantities = np.cumsum([0, *rng.uniform(0.3, 4, n)])
        slopes = rng.choice([0.0, 0.1, 0.5, 2.0, 10.0], n)
        slopes[0] = slopes[0] or 0.3
        prices = np.cumsum([rng.choice([0.0, 1.0]), *(slopes * np.diff(quantities))])
        return Piecewise(quantities * energy, prices * worth, float(rng.choice([0.2, 3.0])) * worth / energy)
    c = 10 ** rng.uniform(-2, 0.5)
    if kind == "linear":
        return Linear(c * worth / energy)
    if kind == "affine":
        return Affine(float(rng.uniform(0, 4)) * worth, c * worth / energy)
    k = float(rng.uniform(1, 3) if kind == "power" else rng.uniform(0.05, 1))
    return Power(c * worth / energy**k, k)


def reply(game, j, others, now=0.0):
    """Best response of player j, None where it is minus infinity whatever it does."""
    try:
        return best_response(game.price, game.player(j), others, now)
    except PricedOut:
        return None


def settled(game, starts=6, seed=0):
    """Profiles at which replies in turn settle, from none bought and from random starts."""
    rng, found = np.random.default_rng(seed), []
    wanted = np.array([_most(game, j) for j in range(game.players)])
    for start in range(starts):
        found.append(settled_from(game, wanted * (0 if start == 0 else rng.uniform(0, 1, game.players))))
    return [y for y in found if y is not None]


def settled_from(game, y):
    """The equilibrium at which replies in turn settle from some purchases, None where they settle at none."""
    y = np.array(y, dtype=float)
    for _ in range(ROUNDS):
        before = y.copy()
        for j in range(game.players):
            new = reply(game, j, max(y.sum() - y[j], 0.0), y[j])
            if new is None:
                return None
            y[j] = new
        if np.max(np.abs(y - before)) <= 1e-12 * y.sum():
            break
    return y if sure(game, y) else None


def crossings(game):
    """Profiles at which the two curves of best replies of a market of two players meet."""
    top = max(reply(game, 0, 0.0) or 0.0, _most(game, 0))

    def other(y):
        return reply(game, 1, y)

    def excess(y):
        second = other(y)
        first = None if second is None else reply(game, 0, second, y)
        return np.nan if first is None else first - y

    grid = top * np.unique(np.concatenate([np.linspace(0, 1.01, EVEN), np.geomspace(1e-6, 0.1, 6)]))
    value = np.array([excess(y) for y in grid])
    found = []
    for k in np.flatnonzero(value[:-1] * value[1:] <= 0):
        low, high = grid[k], grid[k + 1]
        for _ in range(HALVINGS if value[k] else 0):
            if high - low <= WIDTH * high:
                break
            middle = (low + high) / 2
            low, high = (middle, high) if excess(middle) * value[k] > 0 else (low, middle)
        found += [np.array([y, other(y)]) for y in (low, high) if other(y) is not None]
    return [y for y in found if sure(game, y)]


def _most(game, j):
    utility = game.player(j).utility
    price = float(game.price.right_value(0.0))
    least = utility.reservation.max() * 1e-3
    return float(np.sum(utility.demand(max(price, least))))


def sure(game, y):
    """Is a profile an equilibrium beyond doubt?"""
    return gap(game, y, clear(game, y).x)[0] <= SURE


def denied(solution, profiles):
    """What a direct solution says that a list of equilibria belies, None where nothing."""
    if not profiles:
        return None
    if solution.status == "no-equilibrium":
        return f"no-equilibrium, but {profiles[0]} is one"
    if solution.unique:
        held = solution.outcome.y
        for y in profiles:
            if np.max(np.abs(y - held)) > 1e-4 * max(y.sum(), held.sum()):
                return f"unique at {held}, but {y} is one too"
    return None
