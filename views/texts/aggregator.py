"""A run of the aggregator market in words."""

from views.tables import cell, ending, table

GROUP_COLUMNS = (
    "group",
    "kind",
    "users",
    "alpha",
    "consumption",
    "mean",
    "surplus",
    "mean",
    "least",
    "Jain",
    "Gini",
    "priced out",
)


def round_line(model):
    """One line about the round just played."""
    outcome = model.outcome
    return (
        f"round {model.round:4d}   price {cell(outcome.price):>10}   total {cell(outcome.quantity):>12}   "
        f"largest move {model.move:.3g}   {model.status}"
    )


def summary_text(summary):
    """A run's summary as text: status with advice, totals, one row a group."""
    lines = [ending(summary)]
    if "priced_out" in summary:
        lines[0] += f" Priced out: user {summary['priced_out']['user']} of player {summary['priced_out']['player']}."
    if summary["price"] is None:
        return "\n".join(lines)
    lines.append(
        f"price {cell(summary['price'])} money/energy   total {cell(summary['quantity'])} energy   users' surplus "
        f"{cell(summary['welfare'])} money   efficiency {cell(summary['efficiency'])}   "
        f"price of anarchy {cell(summary['price_of_anarchy'])}"
    )
    if summary["unserved"]:
        lines.append(f"unserved: {cell(summary['unserved'])} of purchases exceed the generators' capacity")
    lines += ["", table(GROUP_COLUMNS, [group_row(name, group) for name, group in summary["groups"].items()])]
    if "equilibria" in summary:
        lines += ["", equilibria_text(summary)]
    return "\n".join(lines)


def group_row(name, group):
    """One group's row of the summary table."""
    return (
        name,
        group["kind"],
        group["users"],
        "–" if group["alpha"] is None else f"{float(group['alpha']):g}",
        group["quantity"]["total"],
        group["quantity"]["mean"],
        group["surplus"]["total"],
        group["surplus"]["mean"],
        group["surplus"]["least"],
        group["jain"],
        group["gini"],
        group["priced_out"],
    )


def equilibria_text(summary):
    """The certified equilibria of a direct solution, and what is known of their number."""
    known = {True: "It is the only one.", False: "There are several.", None: "Whether there are others is not known."}
    if summary["continuum"]:
        head = "A continuum of equilibria shares this total and price."
    else:
        head = known[summary["unique"]] if summary["equilibria"] else "No equilibrium was found."
    rows = [(o["quantity"], o["price"], o["welfare"], o["gap"]) for o in summary["equilibria"]]
    return head if not rows else head + "\n" + table(("quantity", "price", "welfare", "gap"), rows)


def comparison_notes(comparison):
    """What a comparison says beyond its table of means."""
    return ""
