"""The core of a bargain: payoffs no pair would rather leave, its two corners, its fair points, and what violates it.

Claims u (m,) of buyers and v (n,) of sellers lie in the core where u + v is the value of every contract and no less
than that of every other pair, nobody claims less than 0, and agents with capacity left claim 0: the dual optima of the
assignment (Shapley and Shubik 1971). It is a system of difference constraints, so its corners are longest paths.
"""

from __future__ import annotations

from dataclasses import dataclass

import cvxpy as cp
import numpy as np
from scipy import sparse

from market.arrays import Array
from market.bilateral.bargain import Bargain
from market.bilateral.market import MarketError

VALUE_ROUNDING = 1e-12  # share of the largest value that counts as nothing
PROGRAMME_MISS = 1e-9  # share of the largest value up to which a linear programme's quantities may miss the optimum
MET_WITH_EQUALITY = 1e-7  # share of the largest value up to which a constraint counts as met with equality
MOST_CUTS = 200


class NoStablePrices(MarketError):
    """The contracts are not those of an optimal matching, so some pair gains by leaving whatever the prices."""


@dataclass(frozen=True, eq=False)
class Corners:
    """The core's two corners, each a pair (u, v) of claims, shapes (m,), (n,): the buyers' best and the sellers'."""

    buyer: tuple[Array, Array]
    seller: tuple[Array, Array]

    @property
    def tau(self) -> tuple[Array, Array]:
        """Half-way between the corners: the tau value, Thompson's fair division point (Núñez and Rafels 2002)."""
        u, v = ((one + other) / 2 for one, other in zip(self.buyer, self.seller, strict=True))
        return u, v


def rounding(bargain: Bargain) -> float:
    """What counts as nothing beside the values at hand, in units of claims."""
    return VALUE_ROUNDING * float(np.max(bargain.value, initial=0.0))


def counter_offers(bargain: Bargain, v: Array) -> Array:
    """What each buyer can claim with sellers claiming v (n,): its contract's value less the partner's claim, (m,)."""
    u = np.where(bargain.buyer_idle, 0.0, np.inf)
    np.minimum.at(u, bargain.buyer, bargain.contract_value - v[bargain.seller])
    u[bargain.buyer_idle] = 0.0
    return u


def raised(bargain: Bargain, v: Array, slack: float = 0.0) -> tuple[Array, Array]:
    """The least claims (u, v) without a blocking pair that start from sellers' claims v (n,) and only raise them.

    (docs/bilateral/model.md, Stable: the core: (C1) holds from the start, (C2) and (C3) at the end.)
    1. Each buyer claims what its contracts leave it.
    2. Each seller raises its claim to the best offer any buyer would rather make it, less `slack`.
    3. Again with the buyers whose claims fell, until nobody raises (Bellman and Ford's longest paths).
    Raises NoStablePrices where more rounds are needed than sellers hold contracts, or one is left less than nothing.
    """
    little, open_value = rounding(bargain), bargain.open_value
    v, u = v.astype(float), counter_offers(bargain, v)
    fell = np.arange(len(u))
    for _ in range(len(np.unique(bargain.seller)) + 2):
        offers = _best_offers(open_value, u, fell) - slack
        higher = np.flatnonzero(offers > v + little)
        if not len(higher):
            return u, v
        if np.any(bargain.seller_idle[higher]):
            break
        v[higher] = offers[higher]
        before, u = u, counter_offers(bargain, v)
        if np.any(u < -little - slack):
            break
        fell = np.flatnonzero(u < before)
    raise NoStablePrices("matching: no prices keep every pair content; an optimal matching is needed")


def _best_offers(values, u, rows):
    """Best of what buyers `rows` would rather offer each seller, shape (n,); −∞ where nobody offers."""
    if not len(rows):
        return np.full(values.shape[1], -np.inf)
    if len(rows) == len(u):
        return (values - u[:, None]).max(axis=0)
    return (values[rows] - u[rows, None]).max(axis=0)


def buyer_corner(bargain: Bargain) -> tuple[Array, Array]:
    """The buyers' best claims (u, v), (m,), (n,), in the core (docs/bilateral/model.md, (C1) to (C3)).

    Raises NoStablePrices.
    """
    nothing = np.zeros(len(bargain.seller_idle))
    try:
        u, v = raised(bargain, nothing)
    except NoStablePrices:
        if bargain.single:
            raise
        u, v = raised(bargain, nothing, slack=PROGRAMME_MISS * float(np.max(bargain.value)))
    return np.maximum(u, 0.0), v


def seller_corner(bargain: Bargain) -> tuple[Array, Array]:
    """The sellers' best claims (u, v), (m,), (n,), in the core (docs/bilateral/model.md, (C1) to (C3)).

    Raises NoStablePrices.
    """
    v, u = buyer_corner(bargain.mirrored)
    return u, v


def corners(bargain: Bargain) -> Corners:
    """Both corners of the core. Raises NoStablePrices.

    >>> from market.bilateral.bargain import single_contracts
    >>> from market.bilateral.market import assignment_game
    >>> game = single_contracts(assignment_game([[5, 7, 2], [8, 9, 3], [2, 6, 0]]), np.array([2, 0, 1]))
    >>> [side.tolist() for side in corners(game).tau]
    [[1.5, 4.0, 0.5], [4.0, 5.5, 0.5]]
    """
    return Corners(buyer_corner(bargain), seller_corner(bargain))


def is_stable(bargain: Bargain, slack: float = 0.0) -> bool:
    """Are there prices at which no pair gains more than `slack` (in units of claims) by leaving?"""
    try:
        raised(bargain, np.zeros(len(bargain.seller_idle)), slack)
    except NoStablePrices:
        return False
    return True


def repaired(bargain: Bargain, u: Array, v: Array, known: Corners | None = None) -> tuple[Array, Array]:
    """A core point near claims u, v: sellers' claims are cut to the corners, then raised. Raises NoStablePrices.

    known: the Corners, where they are at hand.
    """
    known = corners(bargain) if known is None else known
    u, v = raised(bargain, np.clip(v, known.buyer[1], known.seller[1]))
    return np.clip(u, known.seller[0], known.buyer[0]), v


def mismatch(bargain: Bargain, u: Array, v: Array) -> Array:
    """How far both claims are from each contract's value, shape (k,), ≥ 0; a capped contract may leave some over."""
    over = u[bargain.buyer] + v[bargain.seller] - bargain.contract_value
    return np.where(bargain.capped, np.maximum(over, 0.0), np.abs(over))


def violation(bargain: Bargain, u: Array, v: Array) -> float:
    """How far claims u (m,), v (n,) are from the core, in units of claims: the worst broken constraint, ≥ 0.

    (docs/bilateral/model.md, Stable: the core)
    """
    gap = np.max(bargain.open_value - v - u[:, None], initial=0.0)
    return max(float(gap), violation_without_pairs(bargain, u, v))


def violation_without_pairs(bargain: Bargain, u: Array, v: Array) -> float:
    """The worst broken constraint but for blocking pairs: contracts, claims below 0, claims of idle agents."""
    idle = np.concatenate([u[bargain.buyer_idle], v[bargain.seller_idle]])
    return float(
        max(
            np.max(mismatch(bargain, u, v), initial=0.0),
            np.max(-u, initial=0.0),
            np.max(-v, initial=0.0),
            np.max(idle, initial=0.0),
        )
    )


def equal_split(bargain: Bargain) -> tuple[Array, Array]:
    """Claims that halve every contract, (u, v), (m,), (n,); an agent with several gets their mean by energy.

    Often not stable (docs/bilateral/model.md, Fair: which point of the core?).
    """
    half = bargain.contract_value / 2 * bargain.amount / bargain.unit
    u = np.bincount(bargain.buyer, half, len(bargain.buyer_idle))
    v = np.bincount(bargain.seller, half, len(bargain.seller_idle))
    with np.errstate(divide="ignore", invalid="ignore"):
        return (
            np.where(bargain.buyer_size > 0, u / bargain.buyer_size, 0.0),
            np.where(bargain.seller_size > 0, v / bargain.seller_size, 0.0),
        )


def nearest_core_point(bargain: Bargain, u: Array, v: Array) -> tuple[Array, Array]:
    """The core point nearest to claims u (m,), v (n,) in the Euclidean sense. Raises NoStablePrices.

    (docs/bilateral/model.md, Fair: which point of the core?)
    A quadratic programme over the pairs that matter: solve, add every row's and column's worst blocking pair, again.
    Then the constraints met with equality are solved to the last digits.
    """
    start, here = np.concatenate([u, v]), np.concatenate(repaired(bargain, u, v))
    m, scale = len(u), max(float(np.max(bargain.value, initial=0.0)), np.finfo(float).tiny)
    if not len(bargain):
        return here[:m], here[m:]
    gap = bargain.open_value - here[m:] - here[:m, None]
    i, j = np.nonzero(gap >= -MET_WITH_EQUALITY * scale)
    for _ in range(MOST_CUTS):
        found, (rows, right) = _projected(bargain, start, i, j, scale)
        gap = bargain.open_value - found[m:] - found[:m, None]
        more = _worst_pairs(gap, 1e-10 * scale)
        fresh = ~np.isin(more[0] * len(v) + more[1], i * len(v) + j)
        if not np.any(fresh):
            break
        i, j = np.concatenate([i, more[0][fresh]]), np.concatenate([j, more[1][fresh]])
    exact = start + _least_move(rows, right, start)
    best = exact if violation(bargain, exact[:m], exact[m:]) <= 1e-10 * scale else found
    return repaired(bargain, best[:m], best[m:])


def _worst_pairs(gap, tolerance):
    """Rows and columns of each row's and each column's largest gap above tolerance, without repetition."""
    rows, columns = np.arange(gap.shape[0]), np.arange(gap.shape[1])
    i = np.concatenate([rows, gap.argmax(axis=0)])
    j = np.concatenate([gap.argmax(axis=1), columns])
    pairs = np.unique(np.stack([i, j])[:, gap[i, j] > tolerance], axis=1)
    return pairs[0], pairs[1]


def _projected(bargain, start, i, j, scale):
    """The nearest claims to start (m + n,) with pairs i, j only, and (rows, right side) of what is met exactly."""
    m, n = bargain.value.shape
    idle = np.flatnonzero(np.concatenate([bargain.buyer_idle, bargain.seller_idle]))
    firm, capped = ~bargain.capped, bargain.capped
    equal = _pair_rows(bargain.buyer[firm], bargain.seller[firm], m, n), bargain.contract_value[firm]
    pinned = _unit_rows(idle, m + n), np.zeros(len(idle))
    least = [
        (_pair_rows(i, j, m, n), bargain.value[i, j]),
        (-_pair_rows(bargain.buyer[capped], bargain.seller[capped], m, n), -bargain.contract_value[capped]),
        (_unit_rows(np.arange(m + n), m + n), np.zeros(m + n)),
    ]
    x = cp.Variable(m + n)
    goal = cp.Minimize(cp.sum_squares(x - start / scale))
    sides = [rows @ x == right / scale for rows, right in (equal, pinned) if len(right)]
    free = [rows @ x >= right / scale for rows, right in least if len(right)]
    cp.Problem(goal, sides + free).solve(solver=cp.CLARABEL, tol_gap_abs=1e-12, tol_gap_rel=1e-12, tol_feas=1e-12)
    found = x.value * scale
    met = [(rows.toarray(), right) for rows, right in (equal, pinned)]
    for (rows, right), constraint in zip((pair for pair in least if len(pair[1])), free, strict=True):
        tight = np.flatnonzero(constraint.dual_value > MET_WITH_EQUALITY)
        met.append((rows.tocsr()[tight].toarray(), right[tight]))
    return found, tuple(np.concatenate(each) for each in zip(*met, strict=True))


def _least_move(rows, right, start):
    """The least change of start that meets rows · x = right, shape of start."""
    return sparse.linalg.lsqr(rows, right - rows @ start, atol=1e-15, btol=1e-15, conlim=0.0)[0]


def _pair_rows(i, j, m, n):
    number = np.arange(len(i))
    where = np.concatenate([number, number]), np.concatenate([i, j + m])
    return sparse.coo_array((np.ones(2 * len(i)), where), shape=(len(i), m + n)).tocsr()


def _unit_rows(columns, width):
    return sparse.coo_array(
        (np.ones(len(columns)), (np.arange(len(columns)), columns)), shape=(len(columns), width)
    ).tocsr()


def tau_point(bargain: Bargain) -> tuple[Array, Array]:
    """The tau value as claims (u, v), (m,), (n,) (Núñez and Rafels 2002)."""
    return corners(bargain).tau


def split_point(bargain: Bargain) -> tuple[Array, Array]:
    """The core point nearest to the equal split, (u, v) (docs/bilateral/model.md, Fair: which point of the core?)."""
    return nearest_core_point(bargain, *equal_split(bargain))


FAIR = {"tau": tau_point, "equal-split": split_point, "buyer": buyer_corner, "seller": seller_corner}


def fair_point(bargain: Bargain, fair: str) -> tuple[Array, Array]:
    """The stable claims (u, v) called fair: one of FAIR (docs/bilateral/model.md, Fair: which point of the core?).

    Raises NoStablePrices, MarketError.
    """
    if fair not in FAIR:
        raise MarketError(f"fair={fair!r} is not one of {', '.join(FAIR)}")
    return FAIR[fair](bargain)
