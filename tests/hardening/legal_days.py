"""Random legal scenarios of the aggregator market over days."""

from scenarios.aggregator.keys import KINDS, ORDERS
from tests.hardening.maker import Maker, learn, named, price, tax

FAIR = 0.1  # share of aggregators that are not after welfare: each round of theirs is a search
BY_PERIOD = 0.4  # share of prices, tastes and backgrounds that differ by period
STRAIGHT = 0.7  # share of prices that are straight lines, so that gaps are proven


def days(number, seed=1):
    """A scenario of a few periods, devices of all kinds, seldom of two days."""
    make = Maker(number, seed)
    count, many = make.whole(1, 5), make.pick((1, 1, 1, 1, 2))
    periods = {"count": count, "hours": make.pick((1.0, 0.25, 24 / count))}
    periods |= {"days": many} if many > 1 else {}
    groups = [_group(make, k, periods) for k in range(make.whole(1, 3))]
    options = {
        "tolerance": make.pick((1e-4, 1e-8)),
        "order": make.pick(ORDERS),
        "damping": make.pick((1.0, 1.0, 0.7)),
        "seed": make.whole(0, 99),
        "background": _background(make, periods),
    }
    table = {"market": "aggregator", "rounds": make.pick((2, 10)), "periods": periods, "price": _price(make, periods)}
    return tax(make, "days", _learn(make, table | make.keep(options) | {"group": groups}))


def _learn(make, table):
    """Of one day's groups that are after the plain sum, now and then one learns."""
    plain = [group for group in table["group"] if "fairness" not in group]
    if plain and "days" not in table["periods"]:
        learn(make, "days", table, plain)
    return table


def _length(make, periods):
    """How many numbers a list by period has: of one day or of all."""
    return periods["count"] * make.pick((1, periods.get("days", 1)))


def _series(make, low, high, periods):
    if not make.chance(BY_PERIOD):
        return make.number(low, high)
    return [make.number(low, high) for _ in range(_length(make, periods))]


def _background(make, periods):
    sign = make.pick((1, 1, -1))
    values = _series(make, 0, 5, periods)
    return [sign * value for value in values] if isinstance(values, list) else sign * values


def _price(make, periods):
    if make.chance(STRAIGHT):
        return {"rule": "affine", "p0": _series(make, 0, 2, periods), "c": _series(make, 0.05, 0.5, periods)}
    return price(make)


def _group(make, number, periods):
    kind = make.pick((*KINDS, "aggregator"))
    users = 1 if kind == "large" else make.whole(1, 3)
    group = {"name": f"group {number}", "kind": kind, "utility": _utility(make, users, periods)}
    if kind != "large":
        group["users"] = users
    if kind == "aggregator":
        group["count"] = make.whole(1, users)
        if make.chance(FAIR):
            group["fairness"] = {"alpha": make.pick((0.5, 1.0, 2.0)), "surplus_offset": make.pick((0.01, 1.0))}
            if make.chance(0.4):
                group["fairness"] = named(make, "days")
    if not _by_period(group["utility"]) and make.chance(0.5):
        group["profile"] = _profile(make, 2, periods)
    devices = {name: _device(make, name, users, periods) for name in ("solar", "battery", "car", "shift")}
    return group | make.keep(devices, 0.35) | make.keep({"sell": make.chance(0.5)}, 0.3)


def _by_period(utility):
    return isinstance(utility["b"], list) and isinstance(utility["b"][0], list)


def _utility(make, users, periods):
    a, b = make.numbers(0.1, 1, users, least=1e-3), make.numbers(0.5, 9, users)
    if make.chance(BY_PERIOD / 2):
        b = [[make.number(0.5, 9) for _ in range(periods["count"])] for _ in range(make.pick((1, users)))]
    return {"form": "quadratic", "a": a, "b": b}


def _profile(make, most, periods):
    return [make.pick((0.0, float(make.rng.uniform(0, most)), 1.0)) for _ in range(periods["count"])]


def _device(make, name, users, periods):
    length = periods["count"] * periods["hours"]
    hour = length / periods["count"]
    share = make.keep({"share": make.pick((0.0, 0.5, 1.0))}, 0.4)
    if name == "solar":
        return share | {"peak": make.numbers(0, 5 / hour, users), "profile": _profile(make, 1, periods)}
    if name == "shift":
        window = make.pick(([0.0, length], [0.0, length / 2, length]))
        options = {"movable": make.pick((0.0, 0.3, 1.0)), "comfort": make.number(0, 0.5), "window": window}
        return share | make.keep(options)
    if name == "battery":
        device = {"capacity": make.numbers(0, 4, users), "power": make.numbers(0, 2 / hour, users)}
        options = {"efficiency": make.pick((0.5, 0.9, 1.0))}
        if make.chance(0.4):
            options |= {"start": 0.0} | make.keep({"end": make.pick(("start", "free", 0.0))}, 0.5)
        return share | device | make.keep(options, 0.8)
    arrive, leave = (round(float(at), 2) for at in make.rng.uniform(0, length, 2))
    device = {"energy": make.numbers(0, 1, users), "power": make.numbers(1 / hour, 4 / hour, users, least=0.1)}
    device |= make.keep({"arrive": arrive, "leave": leave}, 0.6)
    if make.chance(0.3):
        device |= {"vehicle_to_grid": True} | make.keep({"capacity": 3.0, "efficiency": make.pick((0.8, 1.0))})
    return share | device | make.keep({"elsewhere": make.number(0, 5)}, 0.2)
