"""Random small markets as plain numbers, to be built in any units of energy and money, and what is found in them."""

import warnings

import numpy as np

from agents.aggregator.model import AggregatorModel
from market.aggregator.endings import ending
from market.aggregator.equilibrium import solve
from market.aggregator.game import Block, Game
from market.aggregator.planner import best_total_welfare, planned_surplus
from market.prices import Affine, Dispatch, Linear, Piecewise, Power
from market.utilities import Logarithmic, Quadratic

RULES = ("linear", "affine", "power", "piecewise", "dispatch")
KINDS = ("aggregator", "direct", "large")
ALPHAS = (0.0, 0.5, 1.0, 2.0, np.inf)
ROUNDS = 40
SAME = 1e-6
NOISE = 1e-9  # gaps below it are rounding


def numbers(seed):
    """A market as (price, groups), plain numbers in units in which all are of size one."""
    rng = np.random.default_rng(seed)
    groups = [_group(rng) for _ in range(rng.integers(1, 4))]
    return _price(rng, RULES[seed % len(RULES)]), groups


def _group(rng):
    kind = str(rng.choice(KINDS, p=(0.6, 0.25, 0.15)))
    users = 1 if kind == "large" else int(rng.integers(1, 5))
    a, b = rng.uniform(0.1, 0.9, users), np.round(rng.uniform(0.5, 10, users), int(rng.integers(0, 6)))
    if kind == "large":
        b = b * 3
    offset = float(rng.choice([0.0, 0.01, 0.01, 0.1]))
    form = "quadratic" if rng.random() < 0.7 else "log"
    return {"kind": kind, "form": form, "a": a, "b": b, "alpha": float(rng.choice(ALPHAS)), "offset": offset}


def _price(rng, rule):
    c = 10 ** rng.uniform(-3, 0.5)
    if rule in ("linear", "affine", "power"):
        return {"rule": rule, "c": c, "p0": rng.uniform(0, 4), "k": rng.uniform(0.3, 3)}
    n = int(rng.integers(1, 4))
    if rule == "dispatch":
        size, bend, start = rng.uniform(0.5, 8, n), rng.uniform(0.02, 0.4, n), np.sort(rng.uniform(0, 5, n))
        cap = float(np.max(start + 2 * bend * size)) + rng.choice([0.5, 15])
        return {"rule": rule, "size": size, "bend": bend, "start": start, "cap": cap}
    quantities = np.cumsum([0, *rng.uniform(0.5, 8, n)])
    rises = rng.choice([0.1, 0.5, 2.0, 10.0], n) * np.diff(quantities)
    return {"rule": rule, "at": quantities, "prices": np.cumsum([rng.choice([0.0, 1.0]), *rises]), "last": 0.3}


def extremes(number, every=1):
    """(What is extreme, market) of a market with one of its numbers far away from the others, one in so many."""
    rng, (price, groups) = np.random.default_rng([number, 7]), numbers(number)

    def changed(cost=None, a=None, b=None, offset=None):
        steep = {key: price[key] * 0 + cost for key in ("c", "bend", "last") if key in price and cost is not None}
        if "bend" in steep:  # a cap stands above every cost
            steep["cap"] = np.max(price["start"] + 2 * cost * price["size"]) * 1.5
        new = [dict(group) for group in groups]
        for group in new:
            size = len(group["b"])
            group["a"] = group["a"] if a is None else np.resize(a, size)
            group["b"] = group["b"] if b is None else np.resize(b, size)
            group["offset"] = group["offset"] if offset is None else offset
        return price | steep, new

    decades = 10.0 ** rng.uniform(-11, 1, (2, 12))
    cases = (
        ("one in two a tiny", changed(a=[1e-30, 0.5])),
        ("a tiny", changed(a=[1e-30])),
        ("a huge", changed(a=[1e30])),
        ("cost tiny", changed(cost=1e-30)),
        ("cost huge", changed(cost=1e30)),
        ("b over decades", changed(b=decades[0])),
        ("a and b over decades", changed(a=decades[0], b=decades[1])),
        ("b huge", changed(b=[3.0, 1e30])),
        ("a and b huge", changed(a=[0.5, 1e30], b=[3.0, 1e30])),
        ("offset tiny", changed(offset=1e-30)),
        ("offset huge", changed(offset=1e30)),
    )
    return cases[number % every :: every]


def in_units(market, energy=1.0, money=1.0):
    """The game of plain numbers where a unit of energy is written as `energy` units and one of money as `money`."""
    price, groups = market
    worth = money / energy
    blocks = []
    for number, group in enumerate(groups):
        a, b = group["a"], group["b"] * worth
        form = group["form"]
        utility = Quadratic(a * (worth / energy), b) if form == "quadratic" else Logarithmic(b, energy / a)
        sizes = np.array([len(b)]) if group["kind"] == "aggregator" else np.ones(len(b), dtype=int)
        offset = group["offset"] * money
        blocks.append(Block(f"group {number}", group["kind"], utility, group["alpha"], offset, sizes))
    return Game(_rule(price, energy, worth), tuple(blocks))


def _rule(price, energy, worth):
    if price["rule"] == "linear":
        return Linear(price["c"] * (worth / energy))
    if price["rule"] == "affine":
        return Affine(price["p0"] * worth, price["c"] * (worth / energy))
    if price["rule"] == "power":
        return Power(price["c"] * (worth / energy ** price["k"]), price["k"])
    if price["rule"] == "piecewise":
        return Piecewise(price["at"] * energy, price["prices"] * worth, price["last"] * (worth / energy))
    bend = price["bend"] * (worth / energy)
    return Dispatch(price["size"] * energy, bend, price["start"] * worth, price["cap"] * worth)


def found(game, energy=1.0, money=1.0, rounds=ROUNDS):
    """What the rounds, the direct search and the planner say of a game, its numbers divided by the units."""
    model = AggregatorModel(game, rounds=rounds)
    model.run()
    gap = model.gap
    stepped = {"status": str(model.status), "gap": gap, "cycle": model.cycle}
    direct, solution = {}, solve(game)
    direct["status"] = str(ending(solution.status, solution.outcome))
    direct |= {"unique": solution.unique, "continuum": solution.continuum, "gap": solution.outcome.gap}
    for told, outcome in ((stepped, model.outcome), (direct, solution.outcome)):
        if outcome is not None:
            told |= {"y": outcome.y / energy, "x": outcome.x / energy, "s": outcome.s / money}
            told |= {"price": outcome.price * (energy / money), "unserved": outcome.unserved / energy}
    direct["equilibria"] = np.array([[o.quantity / energy, o.welfare / money] for o in solution.equilibria])
    planner = {"surplus": planned_surplus(game) / money, "total": best_total_welfare(game) / money}
    return {"stepped": stepped, "direct": direct, "planner": planner}


def differences(one, other):
    """Where two findings differ: statuses and claims to the letter, numbers beyond SAME, gaps beyond rounding."""
    told = []
    for part in one:
        for name, value in one[part].items():
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                if not same(name, value, other[part].get(name)):
                    told.append(f"{part} {name}: {value} {other[part].get(name)}")
    return told


def same(name, value, other):
    """Is a fact the same up to rounding?"""
    if value is None or other is None or isinstance(value, (str, bool)):
        return value == other
    value, other = np.asarray(value, dtype=float), np.asarray(other, dtype=float)
    if value.shape != other.shape or not np.array_equal(np.isfinite(value), np.isfinite(other)):
        return False
    fine = np.isfinite(value)
    slack = SAME * np.max(np.abs(value[fine]), initial=0.0) + (NOISE if name == "gap" else 0.0)
    return bool(np.all(np.abs(value[fine] - other[fine]) <= slack))
