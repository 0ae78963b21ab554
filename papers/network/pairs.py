"""Pairs of nodes with a line between them, in closed form on grids of purchases: no clearing and no reply is asked.

Marginal costs are m_A q and a₂ + m_B q, each node has one user with U = b x − a x², the line's limit is K.
"""

import time
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

LIMITS = (0.0, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 50.0)
STATED = (0.0, 0.087, 0.083, 0.11, 0.077, 0.047, 0.010, 0.0)  # shares without equilibrium, of STATED_PAIRS each
STATED_PAIRS = 300
LEAST_REGRET = 1e-3  # least relative regret from which a pair counts as one without equilibrium
GRID, FINE = 401, 1601  # purchases of each user; the finer grid where the first is in doubt
DOUBTFUL_REGRET = 1e-2  # least relative regret up to which it is
HALVINGS = 50
GAIN_ROUNDING = 1e-12  # a gain that is rounding
PER_REPLICATION = 6  # pairs


class Pair(NamedTuple):
    """Slopes m and users' a and b, shapes (2,), and the second intercept."""

    m: np.ndarray
    second: float
    a: np.ndarray
    b: np.ndarray


ALIKE = Pair(np.array([0.5, 0.5]), 0.0, np.array([0.05, 0.05]), np.array([8.0, 8.0]))
UNEQUAL = ALIKE._replace(b=np.array([8.0, 10.0]))


@dataclass(frozen=True)
class Share:
    """Least relative regrets of so many random pairs, the same ones for every limit."""

    limit: float
    pairs: int

    def answer(self):
        """(Least regrets, shape (pairs,), seconds of processor time)."""
        rng, start = np.random.default_rng(0), time.process_time()
        found = [least_regret(random_pair(rng), self.limit) for _ in range(self.pairs)]
        return np.array(found), time.process_time() - start


def random_pair(rng):
    """m from U(.1, 1), a₂ from U(0, 3), a from U(.05, .5), b from U(3, 10)."""
    return Pair(rng.uniform(0.1, 1, 2), rng.uniform(0, 3), rng.uniform(0.05, 0.5, 2), rng.uniform(3, 10, 2))


def prices(pair, limit, first, second):
    """Both nodes' prices at purchases that broadcast: the flow that makes prices equal, as far as it may go."""
    m = pair.m
    wanted = (pair.second + m[1] * second - m[0] * first) / (m[0] + m[1])
    flow = np.clip(wanted, np.maximum(-limit, -first), np.minimum(limit, second))
    here, there = first + flow, second - flow
    price_here, price_there = m[0] * here, pair.second + m[1] * there
    idle_here, idle_there = (here <= 0) & (flow > -limit), (there <= 0) & (flow < limit)
    return np.where(idle_here, price_there, price_here), np.where(idle_there, price_here, price_there)


def payoffs(pair, limit, first, second):
    """Both users' payoffs at purchases that broadcast."""
    paid = prices(pair, limit, first, second)
    return [(b - a * y - p) * y for a, b, y, p in zip(pair.a, pair.b, (first, second), paid, strict=True)]


def most_wanted(pair, limit, j):
    """More than user j could ever want: what it would buy as a price-taker beside nobody."""
    low, high = 0.0, pair.b[j] / (2 * pair.a[j])
    for _ in range(HALVINGS):
        y = (low + high) / 2
        price = prices(pair, limit, *((y, 0.0) if j == 0 else (0.0, y)))[j]
        low, high = (y, high) if pair.b[j] - 2 * pair.a[j] * y > price else (low, y)
    return 1.02 * high


def regrets(pair, limit, first, second):
    """The larger relative regret of each profile of a grid; first (points, 1), second (1, points); replies on it."""
    found = []
    for j, value in enumerate(payoffs(pair, limit, first, second)):
        gain = np.max(value, axis=j, keepdims=True) - value
        with np.errstate(divide="ignore", invalid="ignore"):
            share = np.where(value > 0, gain / value, np.inf)
        found.append(np.where(gain <= GAIN_ROUNDING, 0.0, share))
    return np.maximum(*found)


def least_regret(pair, limit):
    """The least over all profiles of the larger of both users' relative regrets, on a finer grid where in doubt."""
    tops = [most_wanted(pair, limit, j) for j in (0, 1)]
    found = _on_grid(pair, limit, tops, GRID)
    return _on_grid(pair, limit, tops, FINE) if LEAST_REGRET < found < DOUBTFUL_REGRET else found


def _on_grid(pair, limit, tops, points):
    first, second = (np.linspace(0, top, points) for top in tops)
    return float(np.min(regrets(pair, limit, first[:, None], second[None, :])))


def pairs_of(replications):
    """How many random pairs so many replications are."""
    return PER_REPLICATION * replications


def questions(replications):
    """The random pairs at every limit."""
    return [Share(limit, pairs_of(replications)) for limit in LIMITS]


def shares(study):
    """Rows of limit, pairs, share without equilibrium, stated share, by how much they may differ, seconds."""
    rows = []
    for question, stated in zip(questions(study.replications), STATED, strict=True):
        found, seconds = study.answers[question]
        share = float(np.mean(found > LEAST_REGRET))
        row = {"limit": question.limit, "pairs": question.pairs, "share": share, "stated": stated}
        rows.append(row | {"may_differ": may_differ(stated, question.pairs), "seconds": seconds})
    return rows


def may_differ(stated, pairs):
    """2.6 standard errors of the difference between the stated share and ours, and one pair more."""
    pooled = max(stated, 1 / STATED_PAIRS)
    return 2.6 * np.sqrt(pooled * (1 - pooled) * (1 / pairs + 1 / STATED_PAIRS)) + 1 / pairs
