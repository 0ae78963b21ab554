"""Random legal scenarios of the aggregator market on a network."""

import numpy as np

from scenarios.aggregator.keys import ORDERS
from scenarios.network.keys import CONDUCTS, KINDS
from tests.hardening.maker import ALPHAS, FLAT, OFFSETS, Maker, learn, named, of_size, tax, utility

CASES = {"two_nodes": ("A", "B"), "five_bus": ("1", "2", "3", "4", "5")}
SHARE_OF_CASES = 0.1


def network(number, seed=1):
    """A scenario on a network: a few nodes in a tree or with rings, spelt out, or a case with changes."""
    make = Maker(number, seed)
    nodes = [f"n{k}" for k in range(make.whole(1, 6))]
    if make.chance(SHARE_OF_CASES):
        case = make.pick(tuple(CASES))
        nodes, table = CASES[case], {"case": case} | make.keep({"demand_scale": make.pick((0.0, 0.5, 1.5))}, 0.5)
        dear = 2.0
    else:
        table, dear = _spelt_out(make, nodes), 1.0
    groups = [_group(make, k, nodes, dear) for k in range(make.whole(1, 3))]
    if all(group["kind"] == "producer" for group in groups):
        groups.append(_buyers(make, "buyers", "direct", dear) | {"node": make.pick(nodes)})
    options = {
        "tolerance": make.pick((1e-4, 1e-8, 1e-8)),
        "order": make.pick(ORDERS),
        "damping": make.pick((1.0, 1.0, 0.7, 0.3)),
        "seed": make.whole(0, 99),
    }
    rounds = make.pick((2, 10, 25))
    found = {"market": "aggregator", "rounds": rounds, "network": table} | make.keep(options) | {"group": groups}
    return tax(make, "network", learn(make, "network", found))


def _spelt_out(make, nodes):
    table, lines = {"node": [_node(make, name) for name in nodes]}, _lines(make, nodes)
    table["generator"] = [_generator(make, make.pick(nodes), k) for k in range(make.whole(1, 2 * len(nodes)))]
    dearest = max(row["cost"] + row.get("rise", 0.0) * row["capacity"] for row in table["generator"])
    options = {
        "value_of_lost_load": max(make.pick((50.0, 1000.0)), 2 * dearest),
        "least_rise": make.pick((0.001, 0.01, 0.5)),
        "hub": make.pick(nodes),
        "base_power": make.number(0.5, 2),
        "fixed_cost": make.number(-5, 5),
        "demand_scale": make.pick((0.0, 1.0, 2.0)),
    }
    limited = {f"{line['from']}-{line['to']}": make.number(0, 5) for line in lines[:1]}
    table |= {"line": lines} if lines else {}
    return table | make.keep(options, 0.3) | ({"line_limits": limited} if limited and make.chance(0.1) else {})


def _node(make, name):
    demand, elastic = {"demand": make.number(0, 6)}, {"elastic": [make.number(2, 15), make.number(1, 10)]}
    return {"name": name} | make.keep(demand, 0.5) | make.keep(elastic, 0.2)


def _lines(make, nodes):
    """A tree, seldom torn, and some lines more; some have a limit, a ratio, a shift."""
    pairs = [(make.whole(0, k - 1), k) for k in range(1, len(nodes))]
    if len(pairs) > 1 and make.chance(0.05):
        pairs.pop()
    more = make.whole(0, 2) if len(nodes) > 1 else 0
    pairs += [tuple(make.rng.choice(len(nodes), 2, replace=False).tolist()) for _ in range(more)]
    lines = []
    for tail, head in pairs:
        x = make.number(0.05, 1) * (-1 if make.chance(0.03) else 1)
        options = {"limit": make.pick((0.0, make.number(0, 4), make.number(0, 4))), "ratio": make.number(0.8, 1.2)}
        line = {"from": nodes[tail], "to": nodes[head], "x": x} | make.keep(options, 0.4)
        lines.append(line | ({"shift": float(make.rng.uniform(-10, 10))} if make.chance(FLAT / 3) else {}))
    return lines


def _generator(make, node, number):
    capacity = make.number(1, 12)
    options = {"rise": make.number(0.01, 1), "least": capacity * make.pick((0.0, 0.1)), "name": f"g{number}"}
    return {"node": node, "capacity": capacity, "cost": make.number(0, 4)} | make.keep(options, 0.5)


def _group(make, number, nodes, dear):
    kind = make.pick((*KINDS, "aggregator"))
    group = {"name": f"group {number}", "kind": kind}
    if kind == "producer":
        count = make.whole(1, 3)
        group |= {"capacity": make.numbers(1, 8, count, least=0.01), "cost": make.numbers(0, 4 * dear, count)}
        group |= make.keep({"rise": make.numbers(0, 1, count)}, 0.6) | {"count": count}
    else:
        group = _buyers(make, f"group {number}", kind, dear)
    if len(nodes) > 1 and make.chance(0.3):
        some = make.rng.choice(len(nodes), 2, replace=False)
        share = round(float(make.rng.uniform(0, 1)), 3)
        group["nodes"] = dict(zip([nodes[k] for k in some], (share, 1 - share), strict=True))
    else:
        group["node"] = make.pick(nodes)
    known = ("network", "nothing") if kind == "aggregator" else CONDUCTS  # a reply of theirs to "energy" takes seconds
    return group | make.keep({"anticipates": make.pick(known)}, 0.6)


def _buyers(make, name, kind, dear):
    users = 1 if kind == "large" else make.pick((1, 2, 3, 5))
    worth = utility(make, users) if make.chance(0.7) else of_size(make, make.number(0, 20))
    if dear > 1 and worth.get("b") is not None:
        worth["b"] = float(np.round(make.rng.uniform(5, 60)))
    group = {"name": name, "kind": kind, "utility": worth}
    if kind != "large":
        group["users"] = users
    if kind == "aggregator":
        group["count"] = make.whole(1, users)
        group["fairness"] = make.keep({"alpha": make.pick(ALPHAS), "surplus_offset": make.pick(OFFSETS)}, 0.8)
        if make.chance(0.1):
            group["fairness"] = named(make, "network")
    return group
