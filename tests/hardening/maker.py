"""Random pieces of legal scenarios, and what markets share: prices, utilities, objectives."""

import math

import numpy as np

from market.prices import PRICES
from scenarios.loading import keys_of

ALPHAS = (0.0, 0.0, 0.5, 1.0, 1.0, 2.0, 7.5, math.inf)
OFFSETS = (0.0, 0.01, 0.01, 1e-6, 1.0)
CHOICES = {
    market: {key.path: key for key in keys_of(market)}
    for market in ("aggregator", "network", "days", "microgrid", "bilateral")
}
FLAT = 0.2  # share of pieces of prices that are flat, of points that are jumps, of lines with a phase shift
LEARNING = 0.2  # share of markets a group of which learns
TAXED = 0.2  # share of markets with a tariff
TARIFFS = {  # amounts of each rule
    "two-part": ("rate",),
    "capacity": ("charge",),
    "time-of-use": ("surcharge",),
    "tax": ("per_unit",),
    "carbon": ("factor", "price"),
    "rebate": ("amount",),
}
WIDE = 0.1  # share of cases whose numbers spread over many decades


class Maker:
    """Random pieces of scenarios; `wide`: do numbers spread over many decades?"""

    def __init__(self, number, seed=1):
        self.rng = np.random.default_rng([seed, number])
        self.wide = self.chance(WIDE)
        self.decades = float(self.pick((1, 2, 4, 8)))

    def pick(self, values):
        """One of some values."""
        return values[int(self.rng.integers(len(values)))]

    def chance(self, share):
        """True with this probability."""
        return bool(self.rng.random() < share)

    def whole(self, low, high):
        """A whole number from low to high, both included."""
        return int(self.rng.integers(low, high + 1))

    def number(self, low, high):
        """A number of about this range; in wide cases a few decades away from it."""
        value = float(self.rng.uniform(low, high))
        return value * 10.0 ** float(self.rng.uniform(-self.decades, self.decades)) if self.wide else value

    def choice(self, market, path):
        """One of the words the schema allows for a key."""
        return self.pick(CHOICES[market][path].range)

    def numbers(self, low, high, count=None, least=0.0):
        """A number in any of its forms but CSV; a list only where the count is known."""
        form = self.pick(("number", "uniform", "normal", "lognormal") + ("list", "list") * (count is not None))
        first, second = sorted(max(self.number(low, high), least) for _ in range(2))
        if form == "uniform":
            return {"uniform": [first, second]}
        if form == "normal":
            return {"normal": [second, abs(second) / 3]}
        if form == "lognormal":
            return {"lognormal": [math.log(abs(second) or 1.0), self.pick((0.0, 0.3, 1.0))]}
        if form == "list":
            return [self.pick((first, second, self.number(low, high))) for _ in range(count)]
        return second

    def keep(self, table, share=0.7):
        """The table without some of its entries, which then have their defaults."""
        return {key: value for key, value in table.items() if self.chance(share)}


def named(make, market):
    """How an aggregator is fair, its objective by name."""
    name = make.choice(market, "group.fairness.objective")
    return {"objective": name, "surplus_offset": make.pick(OFFSETS)}


def price(make):
    """A price rule with numbers."""
    rule = make.pick(tuple(PRICES))
    c = make.pick((0.001, 0.01, 0.1, 1.0)) * make.number(0.5, 2)
    if rule == "linear":
        return {"rule": rule, "c": c}
    if rule == "affine":
        return {"rule": rule, "p0": make.pick((0.0, make.number(0, 3))), "c": c}
    if rule == "power":
        return {"rule": rule, "c": c, "k": make.pick((0.5, 1.0, 1.5, 2.0, 3.0))}
    kinks = make.whole(1, 4)
    if rule == "piecewise":
        steps, rises = ([make.number(0.1, 8) for _ in range(kinks)] for _ in range(2))
        bend(make, steps, rises)
        quantities, prices = np.cumsum([0.0, *steps])[:kinks], np.cumsum([make.pick((0.0, 0.5)), *rises])[:kinks]
        return {"rule": rule, "quantities": quantities.tolist(), "prices": prices.tolist(), "last_slope": c}
    fleet = {
        "max_p_mw": [make.number(0.5, 20) for _ in range(kinks)],
        "cost_quadratic": [0.0 if make.chance(FLAT) else make.number(0.01, 0.5) for _ in range(kinks)],
        "cost_linear": [make.pick((0.0, make.number(0, 3))) for _ in range(kinks)],
    }
    dearest = max(lin + 2 * q * p for p, q, lin in zip(*fleet.values(), strict=True))
    return {"rule": rule, "generators": fleet, "cap": dearest * make.pick((1.0, 1.5, 10.0))}


def bend(make, steps, rises):
    """Make some pieces of a price flat, and some points jumps; no two jumps at one quantity."""
    for k in range(len(steps)):
        if make.chance(FLAT):
            rises[k] = 0.0
        elif make.chance(FLAT) and not (k and steps[k - 1] == 0):
            steps[k] = 0.0


def utility(make, users):
    """A form of utilities of so many users."""
    if make.chance(0.2):
        return {"form": "log", "b": make.numbers(0.1, 10, users), "k": make.numbers(0.2, 5, users, least=1e-3)}
    if make.chance(0.3):
        return of_size(make, make.numbers(0, 20, users))
    worth = make.pick((make.numbers(0, 10, users), [make.pick((0.0, 1.0, 5.0)) for _ in range(users)]))
    return {"form": "quadratic", "a": make.numbers(0.1, 0.9, users, least=1e-3), "b": worth}


def of_size(make, size):
    """Quadratic utilities by their size."""
    return {"form": "quadratic", "a": make.number(0.1, 0.9), "size": size}


def learn(make, market, table, able=None):
    """Now and then a group, of those that can, learns, which damping has no say in; drawn last: older cases stay."""
    if make.chance(LEARNING):
        group = make.pick(table["group"] if able is None else able)
        group["conduct"] = {"rule": make.choice(market, "group.conduct.rule")}
        table.pop("damping", None)
    return table


def tax(make, market, table):
    """Now and then users pay a tariff too; drawn last: older cases stay."""
    if make.chance(TAXED):
        rule = make.choice(market, "tariffs.rule")
        amounts = {key: abs(make.number(0, 0.5)) for key in TARIFFS[rule]}
        fixed = {"fixed": 0.0} if rule == "two-part" else {}
        table["tariffs"] = [{"rule": rule, **fixed, **amounts}]
    return table
