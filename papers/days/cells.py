"""The runs behind the claims on days: known examples, streets under every design, streets with more batteries."""

from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np

from market.aggregator.days.block import Homes, sellers
from market.aggregator.days.clock import Clock
from market.aggregator.days.day import Day
from market.aggregator.days.measures import by_user
from market.aggregator.days.outcome import clear
from market.aggregator.days.parts import Battery, Car, Consumption, Shift, Solar
from market.aggregator.days.rounds import played, solve, starts
from market.aggregator.days.seats import Seats, certified
from market.aggregator.days.yardsticks import idle, price_taking
from market.measures import jain
from market.outcome import CERTIFIED_GAP, Status
from market.prices import Affine
from papers.days.examples import FAIR, FOUR_PRICES, fair_day, four_hours, storages
from scenarios import draw, load
from scenarios.reading.population import stream

SEED = 1
FIRMS = (1, 2, 3, 5, 10)
CAPACITIES = (25.0, 50.0, 100.0)
HOMES, AGGREGATORS, HOURS = 12, 2, 3.0  # of a small street, its day in eight periods
NIGHT_TO_NIGHT = np.array([1.2, 1.25, 2.0, 1.6, 1.7, 1.5, 3.4, 1.9])  # kWh that a home wants, per kWh of its scale
SUN = np.array([0, 0.05, 0.35, 0.65, 0.65, 0.35, 0.05, 0])  # mean share of the peak
BASE = np.array([0.10, 0.10, 0.11, 0.11, 0.12, 0.13, 0.15, 0.14])  # p0, money/kWh
RISE = 0.0045  # c; a home is some hundredth of what makes the price
DESIGNS = {  # {design: (is there a large user, alpha of two aggregators or None: each home for itself)}
    "alone": (False, None),
    "direct": (True, None),
    "welfare": (True, 0.0),
    "proportional": (True, 1.0),
    "max-min": (True, np.inf),
}
LESS, LEAST_STREETS = 20, 3  # replications for each small street; the fewest of them
FAIR_ROUNDS, FAIR_TOLERANCE = 40, 1e-6
SHARES = (0.0, 0.2, 0.5)  # of the street's homes with a battery
LEAST_DRAWS = 3


class Shifted(NamedTuple):
    """Storage between two hours: energy shifted, both prices, each firm's profit, the gap."""

    shift: float
    cheap: float
    dear: float
    profit: float
    gap: float


@dataclass(frozen=True)
class Storage:
    """So many storage firms of a capacity between two hours; takers: do they take prices as given?"""

    firms: int
    capacity: float = np.inf
    takers: bool = False

    def answer(self):
        """The energy Shifted."""
        day = storages(self.firms, self.capacity)
        outcome = price_taking(day) if self.takers else solve(day).outcome
        profit, gap = float(-outcome.bills[0]), np.nan if outcome.gap is None else outcome.gap
        return Shifted(float(np.sum(outcome.y[:, 0])), *map(float, outcome.price), profit, float(gap))


class Known(NamedTuple):
    """An example solved: purchases of players, surpluses of users, prices, what cars take, surplus beside alone."""

    y: np.ndarray
    s: np.ndarray
    p: np.ndarray
    car: np.ndarray
    alone: np.ndarray


@dataclass(frozen=True)
class Example:
    """One of the four-hour days, by what is changed, or of the fair days, by alpha."""

    change: str = "as it is"
    alpha: float | None = None

    def answer(self):
        """What is Known of it."""
        day = four_hours(self.change) if self.alpha is None else fair_day(self.alpha)
        outcome = solve(day).outcome
        car = np.sum(by_user(day, outcome)["car"], axis=0)
        return Known(outcome.y, outcome.s, outcome.price, car, outcome.alone)


@dataclass(frozen=True)
class Street:
    """A small street under one design, with its devices or without flexibility."""

    number: int
    design: str
    flexible: bool = True

    def day(self):
        """The street: homes, a third each with a roof, a battery, a car; shifting; the large user may shift a fifth."""
        draws = partial(stream, SEED, self.number, "days street")
        large, alpha = DESIGNS[self.design]
        share = HOMES // 3
        who = {name: np.sort(draws(name).permutation(HOMES)[:share]) for name in ("solar", "battery", "car", "shift")}
        a, b = draws("a").uniform(0.25, 0.6, HOMES), draws("b").uniform(0.8, 1.2, HOMES)
        parts = {
            "consumption": Consumption(np.arange(HOMES), a, b, NIGHT_TO_NIGHT),
            "shift": Shift(who["shift"], 0.3, 0.02, (0.0, 12.0, 24.0)),
            "solar": Solar(who["solar"], draws("peak").uniform(2, 5, share), SUN),
            "battery": Battery(who["battery"], draws("capacity").uniform(5, 12, share), 3.0, 0.95),
            "car": Car(who["car"], draws("energy").uniform(3, 8, share), 3.7, 18.0, 9.0),
        }
        sizes = np.ones(HOMES, dtype=int) if alpha is None else np.full(AGGREGATORS, HOMES // AGGREGATORS)
        kind = "direct" if alpha is None else "aggregator"
        blocks = [Homes("homes", kind, sizes, parts, sellers(HOMES, parts), alpha or 0.0, 0.01)]
        if large:
            work = {
                "consumption": Consumption([0], 0.4 / HOMES, 1.0, np.full(8, 1.8)),
                "shift": Shift([0], 0.2, 1e-4, (0.0, 24.0)),
            }
            blocks.append(Homes("data centre", "large", np.ones(1, dtype=int), work, np.zeros(1, dtype=bool)))
        rules = tuple(Affine(p0, RISE) for p0 in BASE.tolist())
        day = Day(Clock(8, HOURS), rules, tuple(blocks), np.full(8, 6.0))
        return day if self.flexible else idle(day)

    def answer(self):
        """One row: status, what small homes have (worth less payments), Jain of their surplus, peak, price."""
        day = self.day()
        if day.welfare:
            solution = solve(day)
            outcome, status = solution.outcome, solution.status
        else:
            outcome, status = _nearest_end(day)
        small, have = slice(0, HOMES), outcome.worth - outcome.bills
        row = {"number": self.number, "design": self.design, "flexible": self.flexible, "status": str(status)}
        row |= {"settled": status in (Status.SETTLED, Status.SOLVED), "gap": outcome.gap}
        row |= {"has": float(np.mean(have[small])), "surplus": float(np.mean(outcome.s[small]))}
        row |= {"least": float(np.min(outcome.s[small])), "jain": float(jain(outcome.s[small]))}
        row |= {"bill": float(np.mean(outcome.bills[small])), "peak": float(np.max(outcome.load))}
        return row | {"spread": float(np.ptp(outcome.price))}


def _nearest_end(day):
    """(Outcome, status) of rounds of fair players: the first equilibrium that a start leads to, else the nearest.

    Where a cycle is stopped would be a number's doing, so that what settled comes first.
    """
    ends = []
    for start in starts(day):
        ends.append(_end(day, start))
        if _how_far(ends[-1]) <= (False, CERTIFIED_GAP):
            break
    return min(ends, key=_how_far)


def _end(day, start):
    """(The certified outcome, status) of rounds of fair players from a plan on."""
    seats = Seats(day)
    plan, status, _ = played(seats, start, FAIR_ROUNDS, FAIR_TOLERANCE)
    return certified(seats, clear(day, plan)), status


def _how_far(end):
    """How far an end of rounds is from an equilibrium: those that settled first, by their gaps."""
    outcome, status = end
    return status != Status.SETTLED, outcome.gap


@dataclass(frozen=True)
class Batteries:
    """The street of 200 homes, each for itself, in which a share has a battery."""

    replication: int
    share: float

    def answer(self):
        """What each home has (worth less payments), marks of homes with nothing and with a roof alone, peak, spread."""
        scenario = load("street_day_direct", set=(f"group.0.battery.share={self.share}",))
        (day,) = draw(scenario, self.replication).game.days
        outcome = solve(day, certify=False).outcome
        parts = day.blocks[0].parts
        has = {name: np.isin(np.arange(day.users), part.users) for name, part in parts.items()}
        none = np.zeros(day.users, dtype=bool)
        peak, spread = float(np.max(outcome.load)), float(np.ptp(outcome.price))
        marks = [has.get(name, none) for name in ("solar", "battery", "car")]
        return Held(outcome.worth - outcome.bills, *marks, peak, spread)


class Held(NamedTuple):
    """What homes have, money, and marks of those with a roof, a battery, a car, shapes (users,); peak and spread."""

    has: np.ndarray
    solar: np.ndarray
    battery: np.ndarray
    car: np.ndarray
    peak: float
    spread: float


def streets(replications):
    """The small streets under every design, with flexibility and without."""
    count = max(replications // LESS, LEAST_STREETS)
    return [Street(k, design, flexible) for k in range(count) for design in DESIGNS for flexible in (True, False)]


def batteries(replications):
    """The streets with more and more batteries, by share."""
    count = max(replications // LESS, LEAST_DRAWS)
    return {share: [Batteries(k, share) for k in range(count)] for share in SHARES}


def storage():
    """Storage firms between two hours, and of limited capacity."""
    return [*(Storage(n) for n in FIRMS), Storage(2, takers=True), *(Storage(2, limit) for limit in CAPACITIES)]


def examples():
    """The known days."""
    return [*(Example(change) for change in FOUR_PRICES), *(Example(alpha=alpha) for alpha in FAIR)]


def questions(replications):
    """Everything that is solved."""
    by_share = (one for some in batteries(replications).values() for one in some)
    return [*storage(), *examples(), *streets(replications), *by_share]
