"""A run of the bilateral market in words."""

import numpy as np

from engine.results.bilateral import bills, totals
from market.numerals import gap
from views.bilateral.sentence import sentence as sentence
from views.tables import cell, ending, table

MOST_ROWS = 25  # contracts, or agents, shown on a terminal
HOW_MANY = {"single": "At most one contract an agent", "multi": "Several contracts an agent"}
OFTEN = 20  # rounds of which each has a line; later ones only every so often


def round_line(model):
    """One line about the round just played; of a long negotiation about some rounds only."""
    state, ended = model.state, model.between
    if not ended and state.round > OFTEN and state.round % 10 ** (len(str(state.round)) - 1):
        return None
    when = f"period {model.period:3d}   " if len(model.trading.periods) > 1 else ""
    return (
        f"{when}round {state.round:5d}   violation {gap(state.gap)} of a contract   spread {cell(state.spread):>9}   "
        f"messages {state.messages:>9,}   {state.status}"
    )


def summary_text(summary):
    """A run's summary as text: status with advice, welfare and who gets it, contracts, core, privacy."""
    periods = f" over {summary['periods']} periods" if summary["periods"] > 1 else ""
    contracts, rule = HOW_MANY[summary["contracts_per_agent"]], summary["rule"]
    gained, best = cell(summary["welfare"]), cell(summary["best_welfare"])
    lines = [
        ending(summary),
        f"{contracts}, rule {rule}{periods}: {len(summary['contracts'])} contracts gain {gained} money beside the grid "
        f"(best possible {best}); {summary['messages']:,} numbers sent.",
        ending_text(summary),
        "",
        contracts_text(summary),
        "",
        shares_text(summary),
        cost_text(summary),
        "",
        "Who learns what:",
        table(("who", "tells whom", "what", "when"), [tuple(line.values()) for line in summary["ledger"]]),
    ]
    return "\n".join(lines)


def ending_text(summary):
    """How the prices came about."""
    if summary["status"] == "solved":
        return f"Prices are those of the fair point ({summary['fair']['point']}), without negotiation."
    ways = {
        "half-way": "Prices are half-way between the last bids and asks.",
        "repaired": "Prices were moved from the last bids and asks to the nearest stable ones.",
        "grid": "No agreement in time: everybody trades with the grid.",
    }
    return " ".join(ways[way] for way in summary["ending"])


def contracts_text(summary):
    """The contracts with prices, the largest gains where there are many."""
    contracts = summary["contracts"]
    if not contracts:
        return "No contracts: no pair gains beside the grid."
    shown = sorted(contracts, key=lambda row: -row["buyer_gain"] - row["seller_gain"])[:MOST_ROWS]
    head = "Contracts" if len(shown) == len(contracts) else f"The {MOST_ROWS} contracts that gain most"
    if len(shown) == len(contracts):
        shown = contracts
    shown = [_named(row, summary) for row in shown]
    header = [name.replace("_", "'s ") for name in shown[0]]
    return f"{head} (quantity in kWh, price in money/kWh, gains in money)\n" + table(
        header, [tuple(row.values()) for row in shown]
    )


def _named(row, summary):
    """A contract with the names of its ends and the time of its period, where the scenario has them."""
    words = {"buyer": "names", "seller": "names", "period": "times"}
    return {key: summary[words[key]][cell] if words.get(key) in summary else cell for key, cell in row.items()}


def shares_text(summary):
    """Buyers' and sellers' gains: as settled, at the core's corners, at the fair point."""
    words = {"outcome": "as settled", "buyer": "best for buyers", "seller": "best for sellers"}
    words["fair"] = f"fair ({summary['fair']['point']})"
    found = totals(summary)
    sums = [(name, *found[point]) for point, name in words.items()]
    head = "Gains in money beside the grid; between the two corners every point of the core is stable\n"
    return head + table(("point", "all buyers", "all sellers"), sums)


def cost_text(summary):
    """What energy costs everybody, with contracts and with the grid alone."""
    now, alone, saved = bills(summary)
    if not any(summary["costs"]["grid_only"]):
        return (
            "With the grid alone nobody would trade: buyers value energy below its price, sellers above what it pays."
        )
    return f"Energy costs all {cell(now)} money net, {cell(alone)} with the grid alone: {cell(saved)} saved."


def comparison_notes(comparison):
    """How many agents pay less than with the grid alone, by scenario."""
    lines = ["Saved against the grid alone, by each agent's mean"]
    for name, (_, saved) in comparison.agents.items():
        if saved.size:
            _, mean = comparison.mean_by_agent(name)
            most = cell(float(mean.max()))
            lines.append(f"  {name}: {np.count_nonzero(mean > 0)} of {len(mean)} agents, the most {most} money")
    return "\n".join(lines) if len(lines) > 1 else ""
