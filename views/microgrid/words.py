"""A run of the microgrid market in words."""

from engine.results.microgrid import NUMBERS, called, mean_sides, of_nodes
from views.microgrid.sentence import sentence as sentence
from views.sentences import listed
from views.tables import cell, ending, left_out_lines, table

MOST_ROWS = 20  # lines, or nodes, shown on a terminal
NOTHING_TO_TELL = 1e-12  # p.u. or money
LARGEST_TRADES = 10  # trades shown of a network with more


def round_line(model):
    """One line about the round just played."""
    dispatch, when = (
        model.dispatch,
        f"period {model.period:3d}" if model.market.periods > 1 else f"round {model.round:4d}",
    )
    if dispatch.loss is None:
        return f"{when}   nodes {nodes_text(dispatch.unserved)} {fate(dispatch.status)}   {model.status}"
    return (
        f"{when}   private lines in use {dispatch.in_use:5d}   loss {cell(dispatch.loss):>8}   "
        f"grid supply {cell(dispatch.grid_supply):>8}   {model.status}"
    )


def summary_text(summary):
    """A run's summary as text: status with advice, losses, private trades, nodes, stability."""
    lines = [ending(summary), *left_out_lines(summary)]
    if "nodes" in summary:
        return "\n".join([*lines, _not_served(summary)])
    losses, idle = summary["losses"], summary["idle"]["loss"]
    over = f" over {len(summary['by_period'])} periods" if summary["periods"] > 1 else ""
    lines.append(
        f"{summary['behaviour']}{over}: loss {cell(losses['total'])} p.u. (public {cell(losses['public'])}, private "
        f"{cell(losses['private'])}); {against_idle(losses['total'], idle)}; the main grid "
        f"supplies {cell(summary['grid_supply'])} p.u."
    )
    lines += ["", trades_text(summary), "", nodes_table(summary), "", *stability_lines(summary)]
    return "\n".join(lines)


def fate(status):
    """What becomes of nodes that are not served, in words."""
    return "cannot be served" if status == "infeasible" else "not served by any flows found"


def _not_served(summary):
    """The nodes that are not served, and in which period first where there are several."""
    first = next((row for row in summary.get("by_period", ()) if "nodes" in row), None)
    when = "" if first is None else _in_period(first["period"])
    what = fate((first or summary)["status"])
    return f"{what[0].upper()}{what[1:]}{when}: nodes {nodes_text(summary['nodes'], names_in(summary))}."


def names_in(summary):
    """What a summary calls each node: its name, or its number."""
    return summary.get("names", NUMBERS)


def _in_period(period, called=()):
    return f" in {called[period] if called else f'period {period}'}"


def against_idle(loss, idle):
    """A loss beside that with private lines idle."""
    if idle is None:
        return "without private trade not everybody could be served"
    return f"{loss / idle:.3f} of that without private trade" if idle > 0 else "no loss without private trade"


def trades_text(summary):
    """What flows on private lines, the largest first where there are many."""
    names = names_in(summary)
    ends = [(names[i], names[j], flow) for i, j, flow in summary["private_flows"]]
    used = [(i, j, flow) if flow >= 0 else (j, i, -flow) for i, j, flow in ends]
    ranked = sorted((row for row in used if row[2] > 0), key=lambda row: -row[2])
    if not ranked:
        return f"Private lines: {summary['edges']}, none in use."
    shown = ranked if len(ranked) <= MOST_ROWS else ranked[:LARGEST_TRADES]
    head = f"Private lines: {summary['edges']}, {len(ranked)} in use"
    head += ":" if len(shown) == len(ranked) else f"; the {LARGEST_TRADES} largest flows:"
    return head + "\n" + table(("from", "to", "p.u."), shown)


def nodes_table(summary):
    """What each node puts into the public grid, its price, what it is paid, and what private trade brings it."""
    paid, idle, prices = summary["payments"]["agents"], summary["idle"]["agents"], summary["prices"]
    n, (total, gains) = len(summary["injection"]), of_nodes(summary)
    if paid is None:
        rule = summary["payments"]["rule"]
        alone = rule == "savings-share"
        why = "self-interest alone could not serve everybody" if alone else "there are no prices to pay by"
        head = f"payments by rule {rule!r}: none, {why}"
    else:
        head = (
            f"Payments by rule {summary['payments']['rule']!r} (positive: receives): agents {cell(total)} money, "
            f"left to the main grid {cell(summary['payments']['grid'])}. {winners_text(summary)}"
        )
    if n > MOST_ROWS:
        return head
    columns = [[None] * n if values is None else list(map(_snapped, values)) for values in (prices, paid, idle)]
    columns.append([None] * n if gains is None else list(map(_snapped, gains)))
    rows = list(zip(names_in(summary)[:n], map(_snapped, summary["injection"]), *columns, strict=True))
    return head + "\n" + table(("node", "puts in", "price", "paid", "paid if idle", "gain"), rows)


def _snapped(value):
    """A number, 0 where it is nothing but rounding."""
    return 0.0 if abs(value) < NOTHING_TO_TELL else value


def winners_text(summary):
    """How many private trade makes better off, and worse off."""
    if "winners" not in summary:
        return ""
    return f"Against no private trade {len(summary['winners'])} nodes win, {len(summary['losers'])} lose."


def stability_lines(summary, called=()):
    """Who would rather leave, whether the core is empty, and who would join whom; called: names of the periods."""
    lines, several, names = [], summary["periods"] > 1, names_in(summary)
    if "participation" in summary:
        found = summary["participation"]
        lines.append(participation_text(found, _in_period(found["period"], called) if several else "", names))
    if "core" in summary:
        first = called[0].capitalize() if called else "Period 0"
        lines.append((f"{first}: " if several else "") + core_text(summary["core"], names))
    if "mergers" in summary:
        groups = " ".join(f"{{{nodes_text(group, names)}}}" for group in summary["mergers"][-1]["groups"])
        lines.append(f"Joining while it pays, agents end up as {groups}.")
    if "joining" in summary:
        lines.append(joining_text(summary["joining"], names))
    return lines


def joining_text(joining, names=NUMBERS):
    """The coalitions that agents join one by one, and whether somebody would still go elsewhere."""
    groups = " ".join(f"{{{nodes_text(group, names)}}}" for group in joining["groups"])
    rounds = f"{joining['moves']} moves in {joining['rounds']} round{'s' if joining['rounds'] > 1 else ''}"
    if joining["stable"]:
        return f"Each joining whom it likes, agents end up as {groups} after {rounds}; nobody gains by another move."
    best, how = joining["largest_gain"], "do not settle"
    if joining["period"] is not None:
        how = f"come round in circles of {joining['period']} round{'s' if joining['period'] > 1 else ''}"
    where = f"by joining {{{nodes_text(best['to'], names)}}}" if best["to"] else "alone"
    others = [str(names[move["node"]]) for move in joining["gaining"] if move["node"] != best["node"]]
    so = f"; so {'does' if len(others) == 1 else 'do'} {listed(others)} by moving alone" if others else ""
    return (
        f"Each joining whom it likes, agents {how} ({rounds}); as they stand last, {groups}, "
        f"node {names[best['node']]} gains {cell(best['gain'])} money {where}{so}."
    )


def participation_text(found, when="", names=NUMBERS):
    """Would a private coalition rather trade on its own lines at the tariff?"""
    if not found["holds"]:
        nodes, more = found["coalition"], f"would have {cell(found['gain'])} money more at the tariff"
        if len(nodes) == 1:
            return f"Blocked{when}: node {names[nodes[0]]} {more} alone."
        return f"Blocked{when}: nodes {nodes_text(nodes, names)} {more} and among themselves."
    if found["proven"]:
        return "No private coalition gains by leaving these payments (proven)."
    return "No private coalition was found that gains by leaving these payments (not proven)."


def core_text(core, names=NUMBERS):
    """Is there a way to share that no coalition would leave?"""
    if not core["empty"]:
        return "The core is not empty: some way of sharing leaves no coalition anything to gain."
    nodes, gain = nodes_text(core["short"]["coalition"], names), cell(core["short"]["gain"])
    return (
        f"The core is empty: however the gains are shared, some coalition could have {cell(core['epsilon'])} money "
        f"more; under the least core's payoffs nodes {nodes} gain {gain} by leaving."
    )


def nodes_text(nodes, names=NUMBERS):
    """What nodes are called, cut where there are many.

    >>> nodes_text([1, 2, 3]), nodes_text(range(30))
    ('1, 2, 3', '0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 20 more')
    """
    nodes = [names[node] for node in nodes]
    shown = ", ".join(map(str, nodes[:LARGEST_TRADES]))
    return shown if len(nodes) <= LARGEST_TRADES else f"{shown} and {len(nodes) - LARGEST_TRADES} more"


def comparison_notes(comparison):
    """Who wins and who loses against no private trade, and on a small network what each node is paid."""
    known = {name: arrays for name, arrays in comparison.agents.items() if arrays[0].size}
    lines = ["Against no private trade, at the tariff, by each node's mean gain"]
    names = called(comparison.scenarios)
    lines += [f"  {name}: {_sides(mean_sides(comparison, name), names)}" for name in known]
    n = next((paid.shape[1] for paid, _ in known.values()), 0)
    if 0 < n <= MOST_ROWS:
        columns = [comparison.mean_by_agent(name)[0] for name in known]
        rows = [(names[node], *(column[node] for column in columns)) for node in range(n)]
        lines += ["", "Payments to each node, money (positive: receives)", table(("node", *known), rows)]
    return "\n".join(lines) if known else ""


def _sides(sides, names):
    if sides is None:
        return "no payments by this rule"
    winners, losers = sides
    return "; ".join(
        f"{len(nodes)} {verb}" + (f" ({nodes_text(nodes, names)})" if len(nodes) else "")
        for nodes, verb in ((winners, "win"), (losers, "lose"))
    )
