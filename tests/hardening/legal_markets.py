"""Random legal scenarios of all markets but designs: whatever the schema allows, small enough to run in milliseconds.

Case `number` of `seed` is always the same. Most numbers are ordinary; in some cases they spread over many decades.
"""

import math

from market.microgrid.random_lines import DENSITIES
from scenarios.aggregator.keys import KINDS, ORDERS
from tests.hardening.legal_days import days
from tests.hardening.legal_networks import network
from tests.hardening.maker import ALPHAS, CHOICES, FLAT, OFFSETS, Maker, learn, named, of_size, price, tax, utility

JOINED = 0.08  # share of aggregator markets whose users choose their aggregators
PAID = 0.15  # share of aggregators whose file says how they are fair
BY_PERIOD = 0.5  # share of tariffs with a price for each period, where there are several


def aggregator(number, seed=1):
    """A scenario of the aggregator market."""
    make = Maker(number, seed)
    if make.chance(JOINED):
        return _joining(make)
    groups = [_group(make, k) for k in range(make.whole(1, 3))]
    if make.chance(0.15) and all(g["utility"]["form"] == "quadratic" and g["kind"] != "large" for g in groups):
        groups.append({"name": "large", "kind": "large", "utility": of_size(make, "small-users")})
    options = {
        "tolerance": make.pick((1e-4, 1e-8, 1e-8, 1e-9)),
        "order": make.pick(ORDERS),
        "damping": make.pick((1.0, 1.0, 0.7, 0.3)),
        "seed": make.whole(0, 99),
    }
    table = {"market": "aggregator", "rounds": make.pick((2, 10, 25)), "price": price(make)} | make.keep(options)
    for group in groups:
        _pay(make, group)
    return tax(make, "aggregator", _choose(make, learn(make, "aggregator", table | {"group": groups})))


def _choose(make, table):
    """Where alphas may be chosen, now and then they are; a run of the file does not mind."""
    players = [group for group in table["group"] if group["kind"] == "aggregator"]
    alone = all(group.get("count", 1) == 1 and "objective" not in group.get("fairness", {}) for group in players)
    if len(players) < 2 or not alone:
        return table
    return table | {"choosing": {"alphas": [0.0, 1.0], "payoff": make.choice("aggregator", "choosing.payoff")}}


def _joining(make):
    """Users who leave and join aggregators."""
    users = make.whole(2, 5)
    homes = {"name": "homes", "kind": "aggregator", "users": users, "count": 2, "utility": utility(make, users)}
    homes["fairness"] = {"alpha": make.pick(ALPHAS), "surplus_offset": make.pick((0.01, 1.0))}
    words = {name: make.choice("aggregator", f"joining.{name}") for name in ("order", "foresight")}
    moving = make.keep(words | {"inertia": make.pick((0.0, 0.5)), "direct": make.chance(0.3)}, 0.8)
    table = {"market": "aggregator", "rounds": make.pick((2, 10, 25)), "price": price(make), "joining": moving}
    return table | {"seed": make.whole(0, 99), "group": [homes]}


def _group(make, number):
    kind = make.pick((*KINDS, "aggregator"))
    users = 1 if kind == "large" else make.pick((1, 2, 3, 5, 8))
    group = {"name": f"group {number}", "kind": kind, "utility": utility(make, users)}
    if kind != "large":
        group["users"] = users
    if kind == "aggregator":
        group["count"] = make.whole(1, min(users, 4))
        group["fairness"] = make.keep({"alpha": make.pick(ALPHAS), "surplus_offset": make.pick(OFFSETS)}, 0.8)
        if make.chance(0.1):
            group["fairness"] = named(make, "aggregator")
    return group


def _pay(make, group):
    """Now and then users share money, or the words for it stand there; drawn last, so that older cases stay."""
    if "fairness" not in group or not make.chance(PAID):
        return
    way = make.choice("aggregator", "group.fairness.by")
    group["fairness"]["by"] = way
    if way == "payments":
        group["fairness"]["floor"] = make.choice("aggregator", "group.fairness.floor")


def microgrid(number, seed=1):
    """A scenario of the microgrid market: a tree or ring of public lines, private lines spelt out or drawn."""
    make = Maker(number, seed)
    nodes = make.whole(2, 8)
    periods = make.pick((1, 1, 1, 2, 3))
    slack = make.whole(0, nodes - 1)
    rows = [[make.pick((0.0, make.number(-2, 2))) for _ in range(nodes)] for _ in range(periods)]
    network = {"slack": slack, "public": _public(make, nodes), "injection": rows if periods > 1 else rows[0]}
    choose = {
        path: make.choice("microgrid", path) for path in ("behaviour", "losses", "physics", "payments", "residual")
    }
    table = {"market": "microgrid", "rounds": make.pick((1, 3, 50)), "network": network} | make.keep(choose, 0.9)
    if make.chance(0.5):
        network["private"] = _private(make, nodes, slack)
    elif make.chance(0.8):
        table["private"] = _drawn_lines(make)
    if make.chance(0.3):
        network["cost"] = make.numbers(0, 1, nodes)
    if make.chance(0.4):
        table["tariff"] = _tariff(make, ("sell", "generation", "buy"), (0, 3), periods)
    if make.chance(0.4):
        table["coalition"] = _coalition(make)
    if table.get("physics") != "r" and table.get("coalition", {"form": "market"})["form"] == "market":
        _shift(make, network["public"])
    return table | make.keep({"lines_per_round": make.whole(1, 3), "seed": make.whole(0, 99)}, 0.4)


def _tariff(make, names, within, periods):
    """Prices that ascend in the order of the names; some are lists of one a period."""
    rows = [sorted(make.pick((0.0, make.number(*within))) for _ in names) for _ in range(periods)]
    if periods == 1 or not make.chance(BY_PERIOD):
        return dict(zip(names, rows[0], strict=True))
    columns = dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))
    if make.chance(0.3):  # one price is the same at all times: the least of the lowest, or the most of the highest
        at, extreme = make.pick(((names[0], min), (names[-1], max)))
        columns[at] = extreme(columns[at])
    return columns


def _shift(make, lines):
    """Turn the angle on some public lines by some degrees, either way."""
    if make.chance(0.3):
        size = make.pick((0.1, 5.0, 30.0))
        for line in lines:
            if make.chance(FLAT):
                line.append(size * float(make.rng.uniform(-1, 1)))


def _coalition(make):
    """A form of coalitions with some of the keys that go with it."""
    form = make.choice("microgrid", "coalition.form")
    keys = [key for path, key in CHOICES["microgrid"].items() if path.startswith("coalition.") and form in key.when]
    return {"form": form} | make.keep({key.name: make.pick(key.range) for key in keys if key.type == "choice"})


def _public(make, nodes):
    """Public lines that join all nodes but in a few cases one, with some more, ascending and descending ends."""
    joined = nodes - (nodes > 2 and make.chance(0.1))
    tree = [[make.whole(0, k - 1), k] for k in range(1, joined)]
    more = [make.rng.choice(nodes, 2, replace=False).tolist() for _ in range(make.whole(0, 3))]
    pairs = {tuple(sorted(pair)): pair for pair in tree + more}.values()
    return [[*pair, make.pick((0.0, make.number(0.005, 0.1))), make.number(0.02, 0.5)] for pair in pairs]


def _private(make, nodes, slack):
    agents = [node for node in range(nodes) if node != slack]
    if len(agents) < 2:
        return []
    pairs = [make.rng.choice(agents, 2, replace=False).tolist() for _ in range(make.whole(0, 5))]
    pairs = list({tuple(sorted(pair)): pair for pair in pairs}.values())
    length = make.whole(0, 2)
    return [
        [*pair, make.pick((0.0, make.number(0.005, 0.2))), make.number(0.1, 3), make.pick((-1, make.pick(pair)))][
            : 3 + length
        ]
        for pair in pairs
    ]


def _drawn_lines(make):
    density = make.pick((*DENSITIES, make.number(0, 1) if not make.wide else 1.0, 0.0, 1.0))
    resistance = make.pick(({"mean_resistance": make.number(0, 0.1)}, {"resistance_per_km": make.number(0, 0.1)}, {}))
    return {"density": density, **resistance} | make.keep(
        {"side_km": make.number(0.1, 5), "seed": make.whole(0, 99)}, 0.5
    )


def bilateral(number, seed=1):
    """A scenario of the bilateral market: buyers and sellers, prosumers of several periods, or a bare game."""
    make = Maker(number, seed)
    contracts = make.choice("bilateral", "contracts")
    kind = make.pick(("sides",) * 4 + ("prosumers",) + ("bare",) * (contracts == "single"))
    table, shape = {"sides": _sides, "prosumers": _prosumers, "bare": _bare}[kind](make)
    rule = make.choice("bilateral", "negotiation.rule")
    table |= {
        "market": "bilateral",
        "contracts": contracts,
        "rounds": make.pick((2, 40, 200)),
        "negotiation": _negotiation(make, rule),
        "network": make.keep(
            {"kind": make.choice("bilateral", "network.kind"), "drop": make.pick((0.0, 0.0, 0.3, 0.9))}
        ),
    }
    table |= make.keep({"link_probability": make.pick((0.05, 0.5, 1.0)), "phases": make.whole(1, 5)}, 0.3)
    table |= make.keep({"fair": make.choice("bilateral", "fair"), "seed": make.whole(0, 99)})
    table |= make.keep({"deadline": make.whole(1, 60), "warm_start": make.chance(0.5)}, 0.2)
    if kind != "bare":
        table |= _tastes(make, shape, kind)
    if "tariff" in table:
        table["tariff"] = _tariff(make, ("sell", "buy"), (0.02, 0.4), _periods(table))
    if table["negotiation"].get("solver", "exact") != "exact":
        table["rounds"] = 2  # a programme for each agent and round
    table |= _signing(make, contracts, rule, kind, shape)
    agents = shape[0] if kind == "prosumers" else sum(shape)
    if make.chance(0.2) and agents:
        table["leave"] = _leave(make, shape, agents)
    return table


def _sides(make):
    m, n = (make.pick((0, 1, 2, 3, 4, 6)) for _ in range(2))
    demand, value = make.numbers(0, 5, m or None), make.numbers(0.05, 0.3, m or None)
    supply, ask = make.numbers(0, 5, n or None), make.numbers(0.0, 0.2, n or None)
    if make.chance(0.3):
        demand, supply = ([float(make.whole(0, 3)) for _ in range(k)] or 1.0 for k in (m, n))
    table = {
        "buyers": {"count": m, "demand": demand, "value": value},
        "sellers": {"count": n, "supply": supply, "ask": ask},
    }
    return table | ({"periods": make.whole(1, 3)} if make.chance(0.3) else {}), (m, n)


def _prosumers(make):
    agents, periods = make.whole(1, 6), make.whole(1, 3)
    rows = [(k, i) for k in range(periods) for i in range(agents) if make.chance(0.9)] or [(0, 0)]
    columns = {
        "prosumer": [i for _, i in rows],
        "period": [k for k, _ in rows],
        "net": [make.pick((0.0, make.number(-3, 3))) for _ in rows],
        "value": [make.number(0.05, 0.3) for _ in rows],
        "ask": [make.number(0.0, 0.2) for _ in rows],
    }
    there = max(columns["prosumer"]) + 1
    return {"prosumers": columns}, (there, there)


def _bare(make):
    m, n = make.whole(0, 5), make.whole(1, 5)
    ties = make.chance(0.5)
    values = [[float(make.whole(-2, 6)) if ties else make.number(-1, 5) for _ in range(n)] for _ in range(m)]
    return {"pair_value": values}, (m, n if m else 0)


def _negotiation(make, rule):
    wanted = {
        "tolerance": make.pick((1e-2, 1e-3, 1e-5)),
        "relaxation": make.pick((1.0, 0.5, 1.5)),
        "repair": make.chance(0.6),
    }
    for name in ("start", "schedule", "meeting", "solver"):
        key = CHOICES["bilateral"][f"negotiation.{name}"]
        if rule in key.when:
            wanted[name] = make.pick(key.range)
    return {"rule": rule} | make.keep(wanted, 0.6)


def _tastes(make, shape, kind):
    table = {}
    if make.chance(0.6):
        spread = make.number(0.01, 0.2)
        grid = [[float(make.rng.uniform(-spread, spread)) for _ in range(shape[1])] for _ in range(shape[0])]
        table["preference"] = make.pick(({"uniform": [-spread, spread]}, spread, {"normal": [0.0, spread]}, grid))
    if make.chance(0.3):
        table["fee"] = make.pick((0.01, {"uniform": [0.0, 0.05]}))
    if make.chance(0.3):
        table["tag"] = [_tag(make, shape, k) for k in range(make.whole(1, 2))]
    if make.chance(0.4):
        table["tariff"] = {}
    return table


def _periods(table):
    """How many periods a bilateral market has."""
    return len(set(table["prosumers"]["period"])) if "prosumers" in table else table.get("periods", 1)


def _tag(make, shape, number):
    if shape[1] and make.chance(0.5):
        return {"name": f"tag {number}", "sellers": [make.whole(0, shape[1] - 1)]}
    return {"weight": make.numbers(-0.05, 0.1, shape[0] or None), "share": make.pick((0.0, 0.5, 1.0))}


def _signing(make, contracts, rule, kind, shape):
    """Matching of single contracts; cap and block of several."""
    if contracts == "multi":
        table = (
            {}
            if rule in ("half-space", "benchmark") or make.chance(0.6)
            else {"cap": make.pick((0.0, 1.5, math.inf, {"uniform": [0.0, 3.0]}))}
        )
        return table | ({"block": make.pick((0.5, 1.0, 2.0))} if make.chance(0.4) and not make.wide else {})
    if kind != "prosumers" and make.chance(0.1) and shape[0]:
        sellers = make.rng.permutation(max(shape))[: shape[0]]
        return {"matching": [int(j) if j < shape[1] else -1 for j in sellers]}
    return make.keep({"matching": make.pick(("optimal", "auction"))}, 0.5)


def _leave(make, shape, agents):
    when = {"round": make.pick((1, 2, 5))}
    if make.chance(0.5):
        return when | {"count": make.whole(0, min(agents, 3))}
    named = {side: [make.whole(0, most - 1)] for side, most in zip(("buyers", "sellers"), shape, strict=True) if most}
    return when | named if named else when | {"count": 0}


LEGAL = {"aggregator": aggregator, "network": network, "days": days, "microgrid": microgrid, "bilateral": bilateral}
