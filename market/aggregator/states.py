"""Several states of a price, of which one will come true: what players reckon with who buy before they know which.

A purchase y costs y P_s(Y) in state s. Expectation and CVaR of costs are positively homogeneous, so that the cost that
counts is y times the same of the prices alone: a price rule again (docs/aggregator/uncertainty.md, One price).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import pairwise

import numpy as np

from market.aggregator.beside import Beside
from market.aggregator.dearer import dearer
from market.aggregator.game import Block
from market.arrays import Array, Integers, Numbers
from market.parameters import ParameterError
from market.prices import Affine, Piecewise, Power, PriceRule

SAME_NUMBER = 1e-12  # slopes, prices and totals this close, relative, are one: their difference is rounding
STRAIGHT = "linear, affine, piecewise and dispatch, or power with states of c alone, are possible"


@dataclass(frozen=True)
class Risk:
    """(1 − weight) · mean + weight · CVaR, the mean of the worst share 1 − level (Rockafellar, Uryasev, 2000).

    Of states with probabilities the one at the edge of the worst share counts by the part that is needed to fill it
    (Rockafellar, Uryasev, 2002, Proposition 8).
    """

    level: float
    weight: float

    def weights(self, worst_first: Integers, probability: Array) -> Array:
        """What each state counts, adding up to one, given the states' numbers, the worst first, shapes (states, …).

        probability: shape (states,).
        """
        chance, share = probability[worst_first], 1 - self.level
        in_tail = np.clip(share - (np.cumsum(chance, axis=0) - chance), 0.0, chance)
        counts = np.empty(chance.shape)
        worst = self.weight * in_tail / np.sum(in_tail, axis=0)
        np.put_along_axis(counts, worst_first, (1 - self.weight) * chance + worst, axis=0)
        return counts

    def of_costs(self, costs: Array, probability: Array) -> Array:
        """The risk-adjusted cost of costs by state, shape (states, …); the worst are the highest."""
        worst_first = np.argsort(-costs, axis=0, kind="stable")
        return np.sum(self.weights(worst_first, probability) * costs, axis=0)

    def of_gains(self, gains: Array, probability: Array) -> Array:
        """The risk-adjusted gain of gains by state, shape (states, …); the worst are the lowest."""
        return -self.of_costs(-gains, probability)


NEUTRAL = Risk(0.0, 0.0)


@dataclass(frozen=True, eq=False)
class Chances:
    """States, their names and probabilities (states,), and how players weigh risk."""

    names: tuple[str, ...]
    probability: Array
    risk: Risk

    def gain(self, gains: Array) -> Array:
        """What gains by state, shape (states, …), are to players."""
        return self.risk.of_gains(gains, self.probability)

    def worth(self, knowing: Array, now: Numbers) -> Array:
        """What players gain who know the state: gains by state, shape (states, …), in place of now, shape (…), money.

        By theorem never below zero, as they may do the same in all states; what is rounding is nothing.
        """
        more = self.gain(knowing) - now
        return np.where(np.abs(more) > SAME_NUMBER * np.max(np.abs(knowing), axis=0), more, 0.0)

    @property
    def fearful(self) -> bool:
        """Does anybody count bad states for more than their chance?"""
        return self.risk.weight > 0 and self.risk.level > 0

    @property
    def tail(self) -> Risk:
        """The mean of the worst share alone."""
        return Risk(self.risk.level, 1.0)


@dataclass(frozen=True, eq=False)
class States(Chances):
    """The states of a price, a rule each; risks: how groups weigh risk that do so in a way of their own."""

    rules: tuple[PriceRule, ...]
    risks: Mapping[str, Risk] = field(default_factory=dict)

    @cached_property
    def rule(self) -> PriceRule:
        """The price that players reckon with, a function of total purchases, their premiums apart."""
        return reckoned(self.rules, self.probability, NEUTRAL if self.risks else self.risk)

    @property
    def fearful(self) -> bool:
        """Does anybody, of groups with a risk of their own too?"""
        return super().fearful or any(risk.weight > 0 and risk.level > 0 for risk in self.risks.values())

    def premium(self, group: str) -> float:
        """What a unit is dearer in the eyes of a group than that price: 0 where all weigh risk alike.

        (docs/aggregator/uncertainty.md, A group that fears more.)
        """
        if not self.risks:
            return 0.0
        risk, first = self.risks.get(group, self.risk), self.prices(0.0)
        worst = Risk(risk.level, 1.0).of_costs(first, self.probability)
        return risk.weight * max(float(worst - self.probability @ first), 0.0)

    def feared(self, block: Block) -> Block:
        """The block with what its users' risk costs them on each unit in their utilities."""
        premium = self.premium(block.name)
        return replace(block, utility=dearer(block.utility, np.full(block.users, premium))) if premium > 0 else block

    def prices(self, total: float) -> Array:
        """The price in each state at total purchases, shape (states,)."""
        return np.array([float(rule.value(total) if total > 0 else rule.right_value(0.0)) for rule in self.rules])


@dataclass(frozen=True, eq=False)
class StatesByPeriod(Chances):
    """The states of a day's prices, a rule each for every period."""

    rules: tuple[tuple[PriceRule, ...], ...]

    @cached_property
    def rule(self) -> tuple[PriceRule, ...]:
        """The price that players reckon with in each period."""
        return tuple(reckoned(of_states, self.probability, self.risk) for of_states in zip(*self.rules, strict=True))


class Reckoned(Piecewise):
    """A line that stands for several; above the least of their capacities some state is short."""

    def __init__(self, points: Sequence[tuple[float, float]], last_slope: float, capacity: float) -> None:
        quantities, prices = np.array(points).T
        super().__init__(quantities, np.maximum.accumulate(prices), last_slope)
        object.__setattr__(self, "capacity", capacity)


def shifted(rule: PriceRule, background: float) -> PriceRule:
    """The price beside a purchase of others, or, below zero, beside what they feed in; raises ParameterError."""
    if background == 0:
        return rule
    if isinstance(rule, Affine):
        first = rule.p0 + rule.c * background
        if first < 0:
            raise ParameterError("background", f"makes the price at no purchase {first:g}", "at least 0 is needed")
        return Affine(first, rule.c)
    if background < 0:
        got = f"is {background:g}, below zero, with a price that is not affine"
        raise ParameterError("background", got, "let price stand for the state of most supply, and take away from it")
    return Beside(rule, background)


def parallel(rules: Sequence[PriceRule]) -> bool:
    """Do prices differ by the same money at every total?"""
    return all(isinstance(rule, Affine) for rule in rules) and len({rule.c for rule in rules}) == 1  # type: ignore[attr-defined]


def reckoned(rules: Sequence[PriceRule], probability: Array, risk: Risk) -> PriceRule:
    """The risk-adjusted price of states, Y ↦ ρ(P_1(Y), …, P_S(Y)) (docs/aggregator/uncertainty.md, One price).

    The only state is itself; lines make one line, with kinks where the worst states change; powers with one exponent
    make a power. Raises ParameterError for other rules.
    """
    if len(rules) == 1:
        return rules[0]
    if all(isinstance(rule, Power) for rule in rules):
        exponents = {rule.k for rule in rules}  # type: ignore[attr-defined]
        if len(exponents) == 1:  # the order of the states is that of their factors at any total
            factors = np.array([rule.c for rule in rules])  # type: ignore[attr-defined]
            return Power(float(risk.of_costs(factors, probability)), exponents.pop())
    if not all(rule.straight for rule in rules):
        raise ParameterError("", "states of a price that is not straight between kinks", STRAIGHT)
    points, slope = _line(rules, probability, risk)
    capacity = min(rule.capacity for rule in rules)
    if len(points) == 1 and np.isinf(capacity):
        return Affine(points[0][1], slope)
    return Reckoned(points, slope, capacity)


def _line(rules, probability, risk):
    """(The points (total, price) of the risk-adjusted price of straight lines, its last slope)."""
    points: list[tuple[float, float]] = []
    begun, first, slope = 0.0, np.nan, np.nan
    for start, price, steepness in _pieces(rules, probability, risk):
        end = first + slope * (start - begun)
        jumps = bool(points) and abs(price - end) > SAME_NUMBER * abs(price)
        if points and not jumps and abs(steepness - slope) <= SAME_NUMBER * max(steepness, slope):
            continue
        points += [(start, end)] if jumps else []
        points.append((start, price))
        begun, first, slope = start, price, steepness
    return points, slope


def _pieces(rules, probability, risk):
    """(start, price there, slope) of the straight pieces of the risk-adjusted price of straight lines, ascending."""
    edges = _edges(rules)
    inside = np.append((edges[1:] + edges[:-1]) / 2, 2 * edges[-1] + 1)
    first = np.array([rule.right_value(edges) for rule in rules])
    rise = np.array([rule.left_slope(inside) for rule in rules])
    for low, high, values, slopes in zip(edges, [*edges[1:], np.inf], first.T, rise.T, strict=True):

        def weights(at, values=values, slopes=slopes):
            order = (-slopes, -values - slopes * at) if np.isfinite(at) else (-values, -slopes)
            return risk.weights(np.lexsort(order), probability)

        starts = [0.0] if risk.weight == 0 else [0.0, *_bends(values, slopes, high - low, weights)]
        for at, after in pairwise([*starts, high - low]):
            counts = weights((at + after) / 2)
            yield low + at, float(counts @ (values + slopes * at)), float(counts @ slopes)


def _edges(rules):
    """0 and the totals at which any of the rules has a kink, ascending; of those that are one the last."""
    kinks = np.sort(np.concatenate([rule.kinks for rule in rules]))
    return np.append(0.0, kinks[np.diff(kinks, append=np.inf) > SAME_NUMBER * kinks])


def _bends(values, slopes, width, weights):
    """Where the greatest of all weighted sums of lines may bend within (0, width), ascending.

    values, slopes: of the lines, shape (states,); weights: of an abscissa, those of the greatest sum there. It is
    convex: where the sums of two ends meet it either touches them, or a third sum is greater, and both halves are
    looked at.
    """
    found, open_ = [], [(0.0, width, weights(0.0), weights(width))]
    while open_:
        low, high, one, other = open_.pop()
        rise = (other - one) @ slopes
        if rise <= SAME_NUMBER * (one @ slopes):
            continue
        at = float((one - other) @ values / rise)
        if not low * (1 + SAME_NUMBER) < at < high * (1 - SAME_NUMBER):
            continue
        found.append(at)
        third, here = weights(at), values + slopes * at
        if third @ here > one @ here * (1 + SAME_NUMBER):
            open_ += [(low, at, one, third), (at, high, third, other)]
    return sorted(found)
