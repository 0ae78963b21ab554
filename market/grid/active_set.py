"""Least-cost dispatch by its active set: which offers are at an end, which lines are full, and how prices follow.

The programme min Σ a q + m q²/2 with every island's balance, lines' limits and offers' ends is solved in its
multipliers alone: λ of every island and μ ≥ 0 of every full line give prices λ_n = λ − Σ ± H_ln μ_l, prices give what
each offer that is at no end runs at. Only a matrix of islands, full lines and marginal flat offers is ever factorised
(docs/network/model.md, The clearing).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import numpy as np

from market.arrays import Array, Integers
from market.grid.nodal import NodalGrid
from market.grid.offers import offers_of
from market.grid.transfer import Transfer

LIMITS_MISSED = 1e-9  # up to which limits and multipliers' signs must hold, in the grid's own units
LIMIT_ROUNDING = 1e-11  # by how much an end or a limit may be missed, in the grid's own unit of energy
RATE_ROUNDING = 1e-11  # share of what a rate is summed from below which it is nothing
SINGULAR_VALUE = 1e-12  # least singular value of a scaled matrix that counts as none


class Constraint(NamedTuple):
    """An offer's end (kind "offer") or a line's limit ("line"), on its upper (+1) or lower (−1) side."""

    kind: str
    number: int
    side: int


class Load(NamedTuple):
    """What an operator must serve, own units: net demand (nodes,), and the offers' ends, shapes (offers,)."""

    net: Array
    low: Array
    high: Array

    def moved(self, by: Load, step: float) -> Load:
        return Load(*(now + step * rate for now, rate in zip(self, by, strict=True)))


class Answer(NamedTuple):
    """Multipliers p (islands, then full lines) and outputs q (offers,), or what these change by."""

    p: Array
    q: Array


@dataclass(eq=False)
class Active:
    """An active set: `side` of every offer (−1, 0, +1: 0 is at no end), full lines and the sides they are full on."""

    side: Integers
    lines: list[int] = field(default_factory=list)
    signs: list[int] = field(default_factory=list)

    def copy(self) -> Active:
        return Active(self.side.copy(), list(self.lines), list(self.signs))


class Programme:
    """A grid's dispatch in its own units: offers, shares of limited lines, the rows of islands.

    loop, limits: of the limited lines. Raises NetworkError where flows are not defined.
    """

    def __init__(self, grid: NodalGrid) -> None:
        self.grid, self.offers, self.transfer = grid, offers_of(grid), Transfer(grid)
        self.nodes, self.node = grid.nodes, self.offers.node
        self.limits = self.transfer.limits / self.offers.energy
        self.loop = self.transfer.loop[self.transfer.limited] / self.offers.energy
        self.islands = int(grid.island.max()) + 1
        self.rows = (grid.island == np.arange(self.islands)[:, None]).astype(float)
        self._known: tuple[tuple[int, ...], Array] = (), self.rows

    def load(self, demand: Array, injected: Array) -> Load:
        """What demand and players' sales at nodes, in the grid's unit, come to; negative demand is put in there."""
        unit, fixed = self.offers.energy, np.maximum(-self.grid.demand, 0.0)
        taken, put_in = (demand + fixed) / unit, (injected + fixed) / unit
        return Load(taken - put_in, *self.offers.bounds(taken, put_in))

    def rate(self, weights: Array) -> Load:
        """How the load moves where a player buys at shares of nodes, or sells where they are negative, (nodes,)."""
        return Load(weights, *self.offers.growth(np.maximum(weights, 0.0), np.maximum(-weights, 0.0)))

    def inside(self, load: Load, q: Array) -> Array:
        """What the offers put in at the nodes, less net demand, (nodes,)."""
        return self.placed(q) - load.net

    def placed(self, q: Array) -> Array:
        """What the offers put in at the nodes, (nodes,)."""
        return np.bincount(self.node, q, self.nodes)  # type: ignore[return-value]  # numpy's types

    def full_rows(self, active: Active) -> Array:
        """Rows of the balances and of the full lines at the nodes, shape (islands + full lines, nodes)."""
        key = (*active.lines, *active.signs)
        if key != self._known[0]:
            lines = [-sign * self.transfer.row(k) for k, sign in zip(active.lines, active.signs, strict=True)]
            self._known = key, np.concatenate([self.rows, *(line[None] for line in lines)])
        return self._known[1]


class System:
    """The optimality conditions of one active set, factorised."""

    def __init__(self, programme: Programme, active: Active) -> None:
        offers = programme.offers
        self.programme, self.active = programme, active
        self.rows = programme.full_rows(active)
        marginal = active.side == 0
        self.strict = np.flatnonzero(marginal & (offers.m > 0))
        self.flat = np.flatnonzero(marginal & (offers.m == 0))
        self.ends = np.flatnonzero(~marginal)
        self.weight = 1 / offers.m[self.strict]
        self.at_strict = self.rows[:, programme.node[self.strict]]
        self.weighted = self.at_strict * self.weight
        self.size = len(self.rows)
        self.matrix = self._matrix()

    def _matrix(self):
        inner, flat = self.weighted @ self.at_strict.T, self.rows[:, self.programme.node[self.flat]]
        if not len(self.flat):
            return inner
        return np.block([[inner, flat], [flat.T, np.zeros((len(self.flat), len(self.flat)))]])

    def scale(self) -> Array:
        """Roots of the largest entry of every row, by which a matrix of weights far apart is evened out."""
        largest = np.max(np.abs(self.matrix), axis=1)
        return np.sqrt(np.where(largest > 0, largest, 1.0))

    def singular(self) -> bool:
        """Do these conditions leave prices or outputs open?"""
        scale = self.scale()
        return bool(np.linalg.svd(self.matrix / np.outer(scale, scale), compute_uv=False)[-1] <= SINGULAR_VALUE)

    def solve(self, right: Array) -> Array:
        """Solutions of right sides (unknowns, columns), refined once."""
        found = self.inverse @ right
        return found + self.inverse @ (right - self.matrix @ found)

    @cached_property
    def inverse(self) -> Array:
        """Inverse of the conditions' matrix, taken of the evened-out one."""
        scale = self.scale()
        outer = np.outer(scale, scale)
        return np.linalg.inv(self.matrix / outer) / outer

    def answers(self, load: Load, rate: Load | None = None, push: Array | None = None) -> list[Answer]:
        """[the answer to a load, by how much it changes as the load moves at a rate or a price is pushed at offers]."""
        right = [self._right(load, constant=True)]
        if rate is not None:
            right.append(self._right(rate, constant=False))
        if push is not None:
            right.append(np.concatenate([-self.weighted @ push[self.strict], -push[self.flat]]))
        found = self.solve(np.stack(right, axis=1)).T
        answers = [self._answer(found[0], load, constant=True)]
        if rate is not None:
            answers.append(self._answer(found[1], rate, constant=False))
        if push is not None:
            answers.append(self._pushed(found[-1], push))
        return answers

    def _at_ends(self, load):
        """Outputs of the offers at an end, 0 elsewhere."""
        return np.where(self.active.side > 0, load.high, np.where(self.active.side < 0, load.low, 0.0))

    def _right(self, load, constant):
        programme, offers = self.programme, self.programme.offers
        placed = programme.inside(load, self._at_ends(load))
        right = -(self.rows @ placed)
        flat = np.zeros(len(self.flat))
        if constant:
            right[programme.islands :] += self._kept()
            right += self.weighted @ offers.a[self.strict]
            flat = offers.a[self.flat]
        return np.concatenate([right, flat])

    def _answer(self, found, load, constant):
        offers, p = self.programme.offers, found[: self.size]
        q = self._at_ends(load)
        start = offers.a[self.strict] if constant else 0.0
        q[self.strict] = self.weight * (p @ self.at_strict - start)
        q[self.flat] = found[self.size :]
        return Answer(p, self._balanced(q, load, constant))

    def _balanced(self, q, load, constant):
        """Outputs without what prices rounded to the last digit leave of every balance and full line."""
        placed = self.programme.inside(load, q)
        left = np.zeros(len(self.matrix))
        left[: self.size] = -(self.rows @ placed)
        if constant:
            left[self.programme.islands : self.size] += self._kept()
        change = self.solve(left)
        q[self.strict] += self.weight * (change[: self.size] @ self.at_strict)
        q[self.flat] += change[self.size :]
        return q

    def _kept(self):
        """Right sides of the full lines without what injections do."""
        lines, signs = self.active.lines, np.array(self.active.signs)
        return signs * self.programme.loop[lines] - self.programme.limits[lines] if lines else 0.0

    def _pushed(self, found, push):
        p, q = found[: self.size], np.zeros(len(push))
        q[self.strict] = self.weight * (p @ self.at_strict + push[self.strict])
        q[self.flat] = found[self.size :]
        return Answer(p, q)

    def worth(self, answer: Answer, constant: bool, push: Array | None = None) -> Array:
        """Multipliers ≥ 0 of full lines, then of offers at an end, or their rates, shape (lines + ends,)."""
        offers, ends = self.programme.offers, self.ends
        paid = (answer.p @ self.rows)[self.programme.node[ends]] - offers.m[ends] * answer.q[ends]
        if constant:
            paid -= offers.a[ends]
        if push is not None:
            paid += push[ends]
        return np.concatenate([answer.p[self.programme.islands :], self.active.side[ends] * paid])

    def held(self, place: int) -> Constraint:
        """The active constraint whose multiplier stands at a place of `worth`."""
        lines = len(self.active.lines)
        if place < lines:
            return Constraint("line", self.active.lines[place], self.active.signs[place])
        number = int(self.ends[place - lines])
        return Constraint("offer", number, int(self.active.side[number]))
