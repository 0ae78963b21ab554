"""An outcome of another tool, certified, in words."""

from market.numerals import gap, plain
from views.tables import cell, gap_of, table

UNITS = {"money": "money", "payoff": "in the unit of its fairness objective"}


def certified_text(summary):
    """All that is known of it: verdict, who would move, price, nearest equilibrium, splits."""
    lines = [_verdict(summary), _move(summary), _totals(summary), _nearest(summary)]
    if "prices" in summary:
        lines.append("prices at the nodes: " + ", ".join(f"{n} {cell(p)}" for n, p in summary["prices"].items()))
    if "splits" in summary:
        rows = [(name, "yes" if one["own"] else "no", one["distance"]) for name, one in summary["splits"].items()]
        lines += ["", table(("group", "splits as its own fairness does", "away, share of a purchase"), rows)]
    return "\n".join(line for line in lines if line is not None)


def _verdict(summary):
    return f"{summary['status']}, gap {gap_of(summary)}. {summary['meaning']}"


def _move(summary):
    move = summary["best_move"]
    if move is None:
        return None
    if move["gain"] == 0:
        return "No other purchase was found that gains anybody anything."
    if move["to"] == move["from"]:
        better = f"by splitting its {cell(move['from'])} otherwise"
    else:
        better = f"by {cell(move['to'])} in place of {cell(move['from'])}"
    gain = "without end" if move["gain"] == "inf" else f"{plain(move['gain'])} {UNITS[move['unit']]}"
    return f"Most gains {move['player']}, {better}: {gain}."


def _totals(summary):
    text = f"price {cell(summary['price'])} money/energy   total {cell(summary['quantity'])} energy"
    return text + (f"   unserved {cell(summary['unserved'])}" if summary["unserved"] else "")


def _nearest(summary):
    near, direct = summary["nearest"], summary["direct"]
    if near is None:
        return f"No certified equilibrium to compare with: solved directly, the market is {direct['status']}."
    many = direct["equilibria"]
    which = "the equilibrium found" if many == 1 else f"equilibrium {near['number'] + 1} of {many}, the nearest"
    line = "; a continuum of others shares its total" if direct["continuum"] else ""
    return (
        f"Away from {which} (total {cell(near['quantity'])}, price {cell(near['price'])}): the purchase furthest off "
        f"by {gap(near['distance'])} of its total{line}."
    )
