"""Days small enough to check by hand, and the same days written down once more for cvxpy, user by user."""

import cvxpy as cp
import numpy as np

from market.aggregator.days.block import Homes, sellers
from market.aggregator.days.clock import Clock
from market.aggregator.days.day import Day
from market.aggregator.days.parts import Battery, Car, Consumption, Shift, Solar
from market.prices import Affine

UNBOUND = np.inf


def homes(name, sizes, parts, sell=None, alpha=0.0, offset=0.01, kind="aggregator"):
    """A block of homes; parts that are None are left out."""
    users, parts = int(np.sum(sizes)), {key: part for key, part in parts.items() if part is not None}
    may = sellers(users, parts) if sell is None else np.full(users, sell)
    return Homes(name, kind, np.array(sizes), parts, may, alpha, offset)


def four_hours(sell=True, battery=True, car=False):
    """Three players, five users, four hours: a battery and two roofs among them."""
    a = {
        "consumption": Consumption([0, 1], [[2, 1, 1, 0.5], [1, 1, 0.5, 0.25]], [8, 6]),
        "solar": Solar([0], 1.0, [0, 3, 1, 0]),
        "battery": Battery([0], 2.0, 1.0, 0.9) if battery else None,
        "car": Car([1], 6.0, 3.0) if car else None,
    }
    b = {
        "consumption": Consumption([0, 1], [[1, 0.5, 0.5, 0.25], [1] * 4], [7, 5]),
        "solar": Solar([1], 1.0, [0, 4, 2, 0]),
    }
    c = {"consumption": Consumption([0], [0.2], [9])}
    blocks = homes("A", [2], a, sell), homes("B", [2], b, sell), homes("C", [1], c, sell)
    return Day(Clock(4), (Affine(0.5, 0.1),) * 4, blocks)


def storages(count, **limits):
    """Storage firms between two hours with net loads of 100 and 300."""
    store = Battery(np.arange(count), limits.get("capacity", UNBOUND), limits.get("power", UNBOUND), 1.0)
    block = homes("stores", np.ones(count, dtype=int), {"battery": store}, kind="direct")
    return Day(Clock(2), (Affine(0.0, 0.01),) * 2, (block,), np.array([100.0, 300.0]))


def fair_day(alpha):
    """One aggregator with two users and a battery over two hours."""
    parts = {"consumption": Consumption([0, 1], [[2, 0.6], [1, 0.4]], [5, 3]), "battery": Battery([0], 1.0, 1.0, 0.9)}
    return Day(Clock(2), (Affine(0.5, 0.6),) * 2, (homes("A", [2], parts, True, alpha),))


def drawn(rng, players=3, periods=4, selling=None):
    """A random day with every device."""
    blocks = []
    for j in range(players):
        users = int(rng.integers(1, 4))
        some = [np.flatnonzero(rng.random(users) < 0.6) for _ in range(4)]
        length = float(periods)
        parts = {
            "consumption": Consumption(
                np.arange(users), rng.uniform(0.1, 2, users), rng.uniform(1, 9, users), rng.uniform(0, 2, periods)
            ),
            "solar": Solar(some[0], rng.uniform(0.5, 5, len(some[0])), rng.uniform(0, 1, periods)),
            "battery": Battery(some[1], rng.uniform(0, 3, len(some[1])), rng.uniform(0.2, 2, len(some[1])), 0.9),
            "car": Car(some[2], 1.5, 2.0, *rng.uniform([0, 0.75 * length], [0.25 * length, length])),
            "shift": Shift(some[3], rng.uniform(0.1, 1), rng.uniform(0.01, 0.5), (0.0, length / 2, length)),
        }
        parts = {name: part for name, part in parts.items() if len(part.users)}
        may = sellers(users, parts) if selling is None else np.full(users, selling)
        blocks.append(Homes(f"p{j}", "aggregator", np.array([users]), parts, may))
    prices = tuple(Affine(float(p0), float(c)) for p0, c in rng.uniform([0, 0.05], [1, 0.5], (periods, 2)))
    return Day(Clock(periods), prices, tuple(blocks), rng.uniform(-2, 4, periods))


def extreme(rng):
    """A random day in any units, with users of very different sizes, empty and endless devices."""
    energy, money = 10.0 ** rng.uniform(-6, 6, 2)
    price, periods = money / energy, int(rng.integers(1, 8))
    clock = Clock(periods, float(rng.choice([0.25, 1, 24 / periods])))
    blocks = tuple(_extreme_homes(rng, clock, energy, price, j) for j in range(int(rng.integers(1, 4))))
    prices = tuple(
        Affine(float(rng.choice([0, rng.random()]) * price), float(10.0 ** rng.uniform(-4, 1) * price / energy))
        for _ in range(periods)
    )
    return Day(clock, prices, blocks, rng.choice([0, 1, -1, 100.0]) * rng.random(periods) * energy)


def _extreme_homes(rng, clock, energy, price, j):
    users, length = int(rng.integers(1, 5)), clock.length
    size = 10.0 ** rng.uniform(-2, 2) * energy
    who = [np.flatnonzero(rng.random(users) < rng.choice([0, 0.5, 1])) for _ in range(4)]
    a, b = rng.uniform(0.1, 2, users) * price / size, np.round(rng.uniform(0, 9, users), 1) * price
    capacity = rng.choice([0, 1, 3, 1e3], len(who[1])) * size
    kept = {} if rng.random() < 0.5 else {"start": capacity * rng.random(), "end": ["start", "free"][rng.integers(2)]}
    hours = rng.uniform(0, length, (2, len(who[2])))
    car = Car(who[2], rng.random(len(who[2])) * size, 2 * size, *hours, bool(rng.random() < 0.5), 5 * size, 0.9)
    window = (0, length / 2, length) if rng.random() < 0.5 else None
    parts = {
        "consumption": Consumption(np.arange(users), a, b, rng.choice([0, 0.5, 1, 2], clock.count)),
        "solar": Solar(who[0], rng.uniform(0, 3, len(who[0])) * size, rng.choice([0, 0.5, 1], clock.count)),
        "battery": Battery(
            who[1], capacity, rng.choice([0, 0.5, 1e3], len(who[1])) * size, rng.choice([0.5, 1]), **kept
        ),
        "car": None if car.short(clock).any() else car,
        "shift": Shift(who[3], rng.choice([0, 0.2, 1]), rng.choice([0, 0.1]) * price / size, window),
    }
    parts = {name: part for name, part in parts.items() if part is not None and len(part.users)}
    sizes = np.ones(users, dtype=int) if rng.random() < 0.5 else np.array([users])
    sell = sellers(users, parts) if rng.random() < 0.5 else rng.random(users) < 0.5
    return Homes(f"p{j}", "aggregator", sizes, parts, sell)


def user_day(day, block, i):
    """(purchases, worth, constraints) of user i of a block in cvxpy."""
    periods, clock = day.periods, day.clock
    z, worth, rules, eats = 0, 0, [], None
    for name, part in block.parts.items():
        where = np.flatnonzero(part.users == i)
        if not len(where):
            continue
        k = int(where[0])
        if name == "consumption":
            a, b, profile = (np.broadcast_to(v[k], (periods,)) for v in (part.a, part.b, part.profile))
            eats = cp.Variable(periods, nonneg=True)
            used = profile > 0
            rules += [eats[t] == 0 for t in np.flatnonzero(~used)]
            worth += b @ eats - cp.sum(cp.multiply(a / np.where(used, profile, 1), cp.square(eats)))
            z += eats
        elif name == "solar":
            free = part.peak[k] * clock.hours * part.profile[k]
            left = cp.Variable(periods, nonneg=True)
            rules += [left <= (0 if block.sell[i] else free)]
            z += left - free
        elif name == "battery":
            way, level = cp.Variable((2, periods), nonneg=True), cp.Variable(periods, nonneg=True)
            rules += [way <= part.power[k] * clock.hours, level <= part.capacity[k]]
            for t in range(periods):
                rules += [level[t] == level[t - 1] + part.efficiency[k] * way[0, t] - way[1, t] / part.efficiency[k]]
            z += way[0] - way[1]
        elif name == "car":
            v = cp.Variable(periods, nonneg=True)
            rules += [v <= part.power[k] * clock.covered(part.arrive[k], part.leave[k])[0], cp.sum(v) == part.energy[k]]
            z += v
        elif name == "shift":
            m, half = cp.Variable(periods), periods // 2
            rules += [cp.abs(m) <= part.movable[k] * eats, cp.sum(m[:half]) == 0, cp.sum(m[half:]) == 0]
            worth -= part.comfort[k] * cp.sum_squares(m)
            z += m
    if not block.sell[i]:
        rules += [z >= 0]
    return z, worth, rules


def by_cvxpy(day, own=1.0, every=1.0):
    """Purchases (players, periods) at the optimum of the potential, written down user by user."""
    worth, rules, bought = 0, [], []
    for block in day.blocks:
        first = 0
        for size in block.sizes:
            users = [user_day(day, block, first + i) for i in range(size)]
            first += size
            worth += sum(user[1] for user in users)
            rules += [rule for user in users for rule in user[2]]
            bought.append(sum(user[0] for user in users))
    p0, c = (np.array([getattr(rule, name) for rule in day.prices]) for name in ("p0", "c"))
    total = sum(bought)
    cost = (p0 + c * day.background) @ total + every * cp.sum(cp.multiply(c / 2, cp.square(total)))
    cost += own * sum(cp.sum(cp.multiply(c / 2, cp.square(y))) for y in bought)
    cp.Problem(cp.Maximize(worth - cost), rules).solve(
        solver=cp.CLARABEL, tol_gap_abs=1e-12, tol_gap_rel=1e-12, tol_feas=1e-12
    )
    return np.array([y.value for y in bought])
