"""A run of the aggregator market on a network in words."""

from engine.results.network import surplus_by_group
from market.numerals import gap, plain
from views.aggregator.tariffs import tariffs_note, tariffs_text
from views.aggregator.words import ending_text, equilibria_text, learning_text
from views.network.sentence import sentence as sentence
from views.tables import cell, table

GROUP_COLUMNS = ("group", "kind", "anticipates", "price", "amount", "mean", "surplus", "mean", "least", "Jain")
MOST_NODES = 30  # whose prices are told one by one


def round_line(model):
    """One line about the round just played."""
    cleared = model.cleared
    return (
        f"round {model.round:4d}   price {cell(model.outcome.price):>10}   total {cell(model.outcome.quantity):>12}   "
        f"rent {cell(cleared.rent):>10}   largest move {plain(model.move, 3)}   {model.status}"
    )


def summary_text(summary):
    """A run's summary as text: status with advice, totals, groups, prices at the nodes, full lines."""
    lines = [ending_text(summary)]
    if summary["price"] is None:
        return "\n".join(lines)
    lines.append(
        f"mean price {cell(summary['price'])} money/energy   total {cell(summary['quantity'])} energy   users' surplus "
        f"{cell(summary['welfare'])} money   rent of lines {cell(summary['rent'])}   cost of generation "
        f"{cell(summary['generation_cost'])}   gap against the network {gap(summary['gap_anticipating'])}"
    )
    if summary["shed"]:
        lines.append(f"shed: {cell(summary['shed'])} energy of load is not served")
    lines += ["", table(GROUP_COLUMNS, [group_row(name, group) for name, group in summary["groups"].items()])]
    lines += ["", prices_text(summary["prices"]), full_lines_text(summary["full_lines"])]
    lines += [part for told in (tariffs_text(summary), learning_text(summary)) if told for part in ("", told)]
    lines += [f"not modelled: {said}" for said in summary.get("left_out", ())]
    if "equilibria" in summary:
        lines += ["", equilibria_text(summary)]
    return "\n".join(lines)


def group_row(name, group):
    """One group's row of the summary table."""
    amounts = group["quantity"]["total"], group["quantity"]["mean"]
    surplus = (group["surplus"][key] for key in ("total", "mean", "least"))
    return (name, group["kind"], group["anticipates"], group["price"], *amounts, *surplus, group["jain"])


def prices_text(prices):
    """Prices at the nodes, or their ends where there are many."""
    if len(prices) <= MOST_NODES:
        return "prices: " + "   ".join(f"{node} {cell(price)}" for node, price in prices.items())
    low, high = (pick(prices, key=prices.get) for pick in (min, max))
    return f"prices at {len(prices)} nodes: {cell(prices[low])} at {low} to {cell(prices[high])} at {high}"


def full_lines_text(full):
    """Lines that are full, and what another unit of their limit would save."""
    if not full:
        return "no line is full"
    return "full lines (worth of a unit): " + "   ".join(f"{line} {cell(worth)}" for line, worth in full.items())


def comparison_notes(comparison):
    """Who gains and loses where, the mean surplus of each group's small users; what tariffs bring."""
    told = (_surplus_note(comparison), tariffs_note(comparison))
    return "\n\n".join(part for part in told if part)


def _surplus_note(comparison):
    if not all(values[0].size for values in comparison.agents.values()):
        return ""
    found = surplus_by_group(comparison)
    groups = list(dict.fromkeys(name for one in found.values() for name in one))
    rows = [(name, *(one.get(group) for group in groups)) for name, one in found.items()]
    return f"Mean surplus of a small user by group, money\n{table(('scenario', *groups), rows)}"
