"""The runs behind who joins whom: large markets played, tiny ones and small microgrids searched whole."""

from dataclasses import dataclass
from functools import partial
from itertools import product
from typing import NamedTuple

import numpy as np

from engine import run
from market.aggregator.joining import Joining, Offer, settled
from market.empirical_game import nobody_gains
from market.grid.power_flow import build_grid
from market.joining import Moving
from market.measures import jain
from market.microgrid.joining import DIVISIONS, best_move, join
from market.microgrid.network import network_of
from market.microgrid.partitions import LEAST_GAIN, partition_game, partitions
from market.outcome import CERTIFIED_GAP, Status
from market.prices import Linear
from market.utilities import Quadratic
from scenarios.reading.population import stream

SEED = 1
RULES = ("joining.inertia=0.5", 'joining.order="together"', 'joining.foresight="terms"')
MARKETS = {  # a scenario and its changes
    "proportional": ("joining_proportional", RULES),
    "max-min": ("joining_maxmin", RULES),
    "payments, floors": ("joining_payments", ()),
    "payments, no floor": ("joining_payments", (*RULES, "group.proportional.fairness.floor=none")),
    "proportional, or alone": ("joining_proportional", (*RULES, "joining.direct=true")),
}
SMALL, LARGE = 4, 5  # tiny markets and microgrids for each replication; replications for each draw of a large market
LEAST_DRAWS, LEAST_GRIDS = 2, 40  # of a large market; microgrids, so many that some settle nowhere
ALPHAS, SLOPES = (0.0, 1.0, np.inf), (0.1, 0.3, 1.0)
OFFSET = 0.01  # surplus_offset, money
AGENTS = 5
LINKED = 0.7  # chance that two agents have a private line


@dataclass(frozen=True)
class Played:
    """A large market whose users join aggregators until nobody expects to gain."""

    market: str
    replication: int

    def run(self):
        """The AggregatorResult, every user's every move tried at the end."""
        scenario, changes = MARKETS[self.market]
        return run(scenario, set=changes, replication=self.replication)

    def answer(self):
        """One row an offer: members who buy, their mean reservation price, surplus and Jain; share of all surplus."""
        result = self.run()
        joining, last = result.joined.joining, result.joined.memberships[-1]
        x, s = (values[-1][: len(last)] for values in (result.quantities, result.surpluses))
        known = {"market": self.market, "replication": self.replication, "status": str(result.status)}
        known |= {"rounds": result.rounds, "largest_gain": result.joined.best.gain, "stable": result.joined.stable}
        return [
            known | {"offer": offer.name} | members(last == k, x > 0, joining.utility, s)
            for k, offer in enumerate(joining.offers)
        ]


def members(mine, buys, utility, s):
    """What is told of the members of one offer, marked, and of those who buy; NaN where there are none."""
    some = np.flatnonzero(mine & buys)
    found = {"buying": len(some), "worth": np.nan, "surplus": np.nan, "share": float(s[mine].sum() / s.sum())}
    if len(some):
        found |= {"worth": float(utility.reservation[some].mean()), "surplus": float(s[some].mean())}
    return found | {"jain": float(jain(s[some])) if len(some) else np.nan}


class Searched(NamedTuple):
    """A tiny market searched: its memberships, how many have no equilibrium of the purchases, how many are stable."""

    memberships: int
    unsettled: int
    stable: int


@dataclass(frozen=True)
class Tiny:
    """A market of two or three users and two aggregators, every membership looked at."""

    number: int

    def joining(self):
        """The market: p = c Y, utilities b x − a x², an alpha each."""
        draws = partial(stream, SEED, self.number, "tiny market")
        users = int(draws("users").integers(2, 4))
        a, b = draws("a").uniform(0.1, 0.9, users), draws("b").uniform(0, 10, users)
        alphas, c = draws("alpha").choice(ALPHAS, 2), float(draws("c").choice(SLOPES))
        offers = tuple(Offer(f"aggregator {k}", "aggregator", float(alpha), OFFSET) for k, alpha in enumerate(alphas))
        return Joining(Linear(c), Quadratic(a, b), offers, ())

    def answer(self):
        """The market Searched."""
        joining = self.joining()
        shape = (len(joining.offers),) * joining.movers
        states = [settled(joining, np.array(membership)) for membership in np.ndindex(shape)]
        surplus = np.array([state.surplus for state in states]).T.reshape(joining.movers, *shape)
        unsettled = sum(state.outcome.gap > CERTIFIED_GAP for state in states)
        return Searched(len(states), unsettled, int(nobody_gains(surplus, Moving().least_gain).sum()))


class Enumerated(NamedTuple):
    """A microgrid searched: partitions, stable ones, is all together one, do agents from alone settle in turn?"""

    partitions: int
    stable: int
    together: bool
    settled: bool


@dataclass(frozen=True)
class Grid:
    """A microgrid of five agents on a public ring, every partition looked at, under one division."""

    number: int
    division: str

    def game(self):
        """The partition game, c_g = 1: injections of −2 to 2, reactances of 0.05 to 0.15, private r of 0.01 to 0.06."""
        draws, nodes = partial(stream, SEED, self.number, "small microgrid"), AGENTS + 1
        injection, x = draws("injection").uniform(-2, 2, nodes), draws("x").uniform(0.05, 0.15, nodes)
        ring = [[i, (i + 1) % nodes, 0.03, x[i]] for i in range(nodes)]
        pairs = [pair for pair in product(range(1, nodes), repeat=2) if pair[0] < pair[1]]
        r, linked = draws("r").uniform(0.01, 0.06, len(pairs)), draws("linked").random(len(pairs)) < LINKED
        network = network_of(injection, ring, [[*pairs[k], r[k]] for k in np.flatnonzero(linked)])
        return partition_game(network, build_grid(network), price=1.0)

    def answer(self):
        """The microgrid Enumerated."""
        game = self.game()
        stable = [nash_stable(game, labels, self.division) for labels in partitions(AGENTS)]
        found = join(game, division=self.division)
        return Enumerated(len(stable), sum(stable), stable[0], found.status == Status.SETTLED)


def nash_stable(game, labels, division):
    """Does no agent gain by going to another coalition or alone?"""
    return all(best_move(game, labels, agent, division)[0] <= LEAST_GAIN for agent in range(AGENTS))


def questions(replications):
    """All large markets, tiny markets and microgrids."""
    return [*played(replications), *tiny(replications), *(grid for d in DIVISIONS for grid in grids(replications, d))]


def played(replications):
    """The draws of every large market."""
    draws = max(-(-replications // LARGE), LEAST_DRAWS)
    return [Played(market, replication) for market in MARKETS for replication in range(draws)]


def tiny(replications):
    """The tiny markets."""
    return [Tiny(number) for number in range(SMALL * replications)]


def grids(replications, division):
    """The microgrids under one division."""
    return [Grid(number, division) for number in range(max(SMALL * replications, LEAST_GRIDS))]
