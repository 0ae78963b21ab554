"""The runs behind the comparison of negotiation rules: markets drawn alike, each negotiated with one rule."""

from dataclasses import dataclass
from time import perf_counter
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.optimize import linear_sum_assignment

from market.bilateral.core import corners, fair_point
from market.bilateral.market import Market, RetailTariff, assignment_game
from market.bilateral.negotiation import Benchmark, Bilateral, Corner, HalfSpace, MessageNetwork, Tight, negotiate
from market.bilateral.signing import signed
from market.bilateral.trading import remember, remembered
from market.outcome import Status
from scenarios import draw, load
from views.bilateral.violation_rounds import state_history

TARIFF = RetailTariff(0.25, 0.05)
PERIODIC = "periodic"  # a ring and 30 % random links, dealt over 3 graphs that take turns
KINDS = {  # name: (rule, its options); whole proposals travel on the periodic graph, single prices between any two
    "benchmark": (Benchmark, {"kind": PERIODIC}),
    "tight": (Tight, {"kind": PERIODIC}),
    "half-space": (HalfSpace, {"kind": PERIODIC}),
    "bilateral": (Bilateral, {}),
    "bilateral, in turn": (Bilateral, {"meeting": "cyclic"}),
    "bilateral, at once": (Bilateral, {"schedule": "disjoint", "relaxation": 1.9}),
    "corner": (Corner, {}),
}
OURS = tuple(KINDS)[1:]
SIZES = (5, 10, 20, 30, 50, 100)
SEEDS = {5: 5, 10: 5, 20: 3, 30: 3, 50: 2, 100: 1}
CAP = 12_000  # rounds
CAPS = {30: 6_000, 50: 4_000, 100: 2_000}  # of the benchmark beyond 20 a side
COARSE, FINE = 1e-2, 1e-3
GROWTH, GROWTH_SEEDS = (50, 100, 200, 400, 800), 5
LOSSES, LOST_SIZE, LOST_SEEDS = (0.0, 0.2, 0.5, 0.8), 10, 5
CONTRACTS, CONTRACT_SEEDS = (5, 10, 20, 30, 50), 3
UNEVEN, UNEVEN_SEEDS = ((5, 20), (20, 5)), 20
ALIKE, ALIKE_SEEDS = 10, 10
FAIR, FAIR_SEEDS = (5, 10, 20), 5
DAYS, DRIFTS, DRIFT_SIZES, SLOTS, DRIFT = 3, 5, (10, 30), 8, 0.05
TRIES = 300
FAIR_POINTS, MOST_SPLIT = ("tau", "equal-split"), 50  # the second is a programme: of markets up to 50 a side only
SHOWN = 20, 0  # size and seed of the picture of convergence


def market(buyers, sellers, seed):
    """A market with values of 0.15 to 0.25, asks of 0.05 to 0.15, tastes of at most 0.03 money/kWh, 1 to 5 kWh each."""
    rng = np.random.default_rng(seed)
    return Market(
        rng.uniform(0.15, 0.25, buyers),
        rng.uniform(1, 5, buyers),
        rng.uniform(0.05, 0.15, sellers),
        rng.uniform(1, 5, sellers),
        rng.uniform(-0.03, 0.03, (buyers, sellers)),
        tariff=TARIFF,
    )


def rule_of(name, tolerance, drop=0.0):
    """A negotiation rule by its name in KINDS."""
    kind, options = KINDS[name]
    options = dict(options)
    network = MessageNetwork(options.pop("kind", "complete"), drop=drop)
    return kind(tolerance=tolerance, network=network, **options)


class Ended(NamedTuple):
    """How a negotiation ended; shares of the mean contract's value: off (found anew from the claims), spread.

    welfare: what the claims add up to beside the best matching's value; tau, split: L1 distance from the tau value and
    from the core point nearest to the equal split, shares of the best matching's value.
    """

    rounds: int
    settled: bool
    off: float
    spread: float
    welfare: float
    tau: float
    split: float
    messages: int
    seconds: float


@dataclass(frozen=True)
class Negotiated:
    """One market negotiated with one rule, up to `cap` rounds."""

    rule: str
    size: int
    seed: int
    tolerance: float = COARSE
    cap: int = CAP
    drop: float = 0.0

    def answer(self):
        """How it Ended."""
        bargain = signed(market(self.size, self.size, self.seed))
        rule, rng = rule_of(self.rule, self.tolerance, self.drop), np.random.default_rng(self.seed)
        start = perf_counter()
        state = negotiate(rule, bargain, rng, rounds=self.cap)
        seconds = perf_counter() - start
        claims, values = np.concatenate([state.u, state.v]), bargain.market.pair_value
        best = values[linear_sum_assignment(values, maximize=True)].sum()
        points = FAIR_POINTS[: 2 if self.size <= MOST_SPLIT else 1]
        away = [np.abs(claims - np.concatenate(fair_point(bargain, fair))).sum() / best for fair in points]
        mean = bargain.mean_contract
        return Ended(
            rounds=state.round,
            settled=state.status is Status.SETTLED,
            off=float(max(np.max(values - state.v - state.u[:, None]), -claims.min())) / mean,
            spread=state.spread / mean,
            welfare=float(claims.sum() / best),
            tau=float(away[0]),
            split=float(away[1]) if len(away) > 1 else np.nan,
            messages=state.messages,
            seconds=seconds,
        )


@dataclass(frozen=True)
class History:
    """Violation and spread by round of one market negotiated with one rule."""

    rule: str
    size: int
    seed: int

    def answer(self):
        """A table of round, gap and spread."""
        bargain, rng = signed(market(self.size, self.size, self.seed)), np.random.default_rng(self.seed)
        rule = rule_of(self.rule, COARSE)
        states = [rule.start(bargain, rng)]
        history = []
        while states[-1].status is Status.RUNNING and states[-1].round < CAP:
            states = [rule.round(states[-1], rng)]
            history += [state_history(states)]
        return pd.concat(history, ignore_index=True)


@dataclass(frozen=True)
class AtTau:
    """Corner negotiation of one market beside the tau value from the worth of markets without one agent each."""

    size: int
    seed: int

    def answer(self):
        """Largest distance, share of the mean contract's value."""
        bargain = signed(market(self.size, self.size, self.seed))
        state = negotiate(rule_of("corner", COARSE), bargain)
        tau = np.concatenate(tau_from_margins(bargain.market.pair_value, bargain.partner))
        return float(np.max(np.abs(np.concatenate([state.u, state.v]) - tau)) / bargain.mean_contract)


def tau_from_margins(values, partner):
    """The tau value (u, v) from v(N) − v(N \\ k) of all agents k; values: shape (m, n); partner: of each buyer.

    >>> [side.tolist() for side in tau_from_margins(np.array([[5, 7, 2], [8, 9, 3], [2, 6, 0.0]]), np.array([2, 0, 1]))]
    [[1.5, 4.0, 0.5], [4.0, 5.5, 0.5]]
    """

    def worth(left):
        return left[linear_sum_assignment(left, maximize=True)].sum()

    total = worth(values)
    most = [np.array([total - worth(np.delete(values, k, axis)) for k in range(values.shape[axis])]) for axis in (0, 1)]
    u, v = np.zeros(len(most[0])), np.zeros(len(most[1]))
    for i, j in enumerate(partner):
        if j >= 0:
            u[i] = (most[0][i] + values[i, j] - most[1][j]) / 2
            v[j] = values[i, j] - u[i]
    return u, v


@dataclass(frozen=True)
class Captured:
    """One market with one contract an agent and with several."""

    size: int
    seed: int

    def answer(self):
        """What single contracts gain as a share of what several gain."""
        one = market(self.size, self.size, self.seed)
        return signed(one).welfare / signed(one, "multi").welfare


@dataclass(frozen=True)
class Shares:
    """What buyers get of the gains of one market, where one side may be short."""

    buyers: int
    sellers: int
    seed: int

    def answer(self):
        """(At the sellers' corner, at the buyers', at the tau value), shares."""
        bargain = signed(market(self.buyers, self.sellers, self.seed))
        found = corners(bargain)
        return tuple(float(u.sum() / bargain.welfare) for u, _ in (found.seller, found.buyer, found.tau))


@dataclass(frozen=True)
class Alike:
    """One market of the same good, a kWh each, without tastes."""

    size: int
    seed: int

    def answer(self):
        """(Lowest stable price, highest, how far contracts' prices differ at the corners and the tau value)."""
        rng = np.random.default_rng(self.seed)
        ones = np.ones(self.size)
        same = Market(rng.uniform(0.15, 0.25, self.size), ones, rng.uniform(0.05, 0.15, self.size), ones, tariff=TARIFF)
        bargain = signed(same)
        found = corners(bargain)
        prices = [bargain.prices(*point) for point in (found.buyer, found.seller, found.tau)]
        return float(prices[0].min()), float(prices[1].max()), float(max(np.ptp(each) for each in prices))


@dataclass(frozen=True)
class Day:
    """A day of prosumers, claims remembered or not."""

    replication: int
    warm: bool

    def answer(self):
        """(Rounds of the whole day, largest violation of a period as a share of its mean contract)."""
        trading = draw(load("p2p_day", set=[f"warm_start={str(self.warm).lower()}"]), self.replication).game
        claims, states = np.full((trading.agents, 2), np.nan), []
        for period in trading.periods:
            before = remembered(trading, period, claims) if states else None
            states.append(negotiate(trading.rule, trading.open(period.market)[0], None, before))
            claims = remember(claims, period, states[-1])
        return sum(state.round for state in states), max(state.gap for state in states)


@dataclass(frozen=True)
class Drift:
    """Periods whose pair values wander by 5 % each, claims remembered or not."""

    size: int
    seed: int
    warm: bool

    def answer(self):
        """Mean rounds of all periods but the first."""
        rng, values = np.random.default_rng(self.seed), market(self.size, self.size, self.seed).pair_value
        rule, rounds, claims = rule_of("bilateral", FINE), [], None
        for _ in range(SLOTS):
            state = negotiate(rule, signed(assignment_game(values)), None, claims)
            rounds.append(state.round)
            claims = (state.u, state.v) if self.warm else None
            values = np.maximum(values * (1 + DRIFT * rng.standard_normal(values.shape)), 0.0)
        return float(np.mean(rounds[1:]))


@dataclass(frozen=True)
class Truth:
    """What the first buyer gains by saying less than its values, in random markets of four a side, values up to 8."""

    fair: str

    def answer(self):
        """The largest gain of TRIES."""
        rng = np.random.default_rng(0)
        return max(self._gain(rng.uniform(0, 8, (4, 4)), rng.uniform(0.3, 1.0)) for _ in range(TRIES))

    def _gain(self, values, share):
        said = values.copy()
        said[0] *= share
        honest, told = (signed(assignment_game(each)) for each in (values, said))
        _, v = fair_point(told, self.fair)
        partner = told.partner[0]
        got = values[0, partner] - v[partner] if partner >= 0 else 0.0
        return float(got - fair_point(honest, self.fair)[0][0])


def seeds(replications, most):
    """So many seeds as replications, but at most so many."""
    return range(min(replications, most))


def cap_of(rule, size):
    """Rounds after which a negotiation counts as not finished."""
    return CAPS.get(size, CAP) if rule == "benchmark" else CAP


def steps(replications):
    """{(rule, size): its runs to COARSE}, a market a seed."""
    return {
        (rule, size): [
            Negotiated(rule, size, seed, COARSE, cap_of(rule, size)) for seed in seeds(replications, SEEDS[size])
        ]
        for rule in KINDS
        for size in SIZES
    }


def tables(replications):
    """{name: questions} of everything but the steps, whose questions are in `steps`."""
    each = {"growth": GROWTH_SEEDS, "lost": LOST_SEEDS, "captured": CONTRACT_SEEDS}
    each = {name: seeds(replications, most) for name, most in each.items()}
    return {
        "history": [History(rule, *SHOWN) for rule in KINDS],
        "tau": [AtTau(size, seed) for size in FAIR for seed in seeds(replications, FAIR_SEEDS)],
        "growth": [Negotiated("bilateral, at once", size, seed, FINE) for size in GROWTH for seed in each["growth"]],
        "lost": [Negotiated("bilateral", LOST_SIZE, seed, FINE, CAP, p) for p in LOSSES for seed in each["lost"]],
        "captured": [Captured(size, seed) for size in CONTRACTS for seed in each["captured"]],
        "shares": [Shares(*sides, seed) for sides in UNEVEN for seed in seeds(replications, UNEVEN_SEEDS)],
        "alike": [Alike(ALIKE, seed) for seed in seeds(replications, ALIKE_SEEDS)],
        "day": [Day(seed, warm) for warm in (False, True) for seed in seeds(replications, DAYS)],
        "drift": [
            Drift(size, seed, warm)
            for warm in (False, True)
            for size in DRIFT_SIZES
            for seed in seeds(replications, DRIFTS)
        ],
        "truth": [Truth("tau"), Truth("buyer")],
    }


def questions(replications):
    """All of them, the long ones first."""
    long_first = sorted(steps(replications).items(), key=lambda item: (item[0][0] != "benchmark", -item[0][1]))
    runs = [question for _, group in long_first for question in group]
    return [*runs, *(question for group in tables(replications).values() for question in group)]
