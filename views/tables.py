"""Results as text: aligned tables for a terminal."""

import math

import numpy as np

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


def table(header, rows):
    """Columns aligned: text to the left, numbers to the right.

    >>> print(table(("name", "value"), [("a", 1.5), ("longer", 22.0)]))
    name     value
    a        1.500
    longer  22.000
    """
    cells = [tuple(map(cell, row)) for row in rows]
    widths = [max(len(line[k]) for line in [header, *cells]) for k in range(len(header))]
    left = [all(isinstance(row[k], str) for row in rows) for k in range(len(header))]
    lines = [
        "  ".join(
            text.ljust(width) if to_left else text.rjust(width)
            for text, width, to_left in zip(line, widths, left, strict=True)
        )
        for line in [header, *cells]
    ]
    return "\n".join(line.rstrip() for line in lines)


def cell(value):
    """One value as text: four significant digits or three decimals, a dash for what is not defined."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "–"
    if isinstance(value, str | int | np.integer):
        return str(value)
    if value != 0 and (abs(value) < 0.01 or abs(value) >= 1e7):
        return f"{value:.3g}"
    return f"{value:.3f}" if abs(value) < 1000 else f"{value:.1f}"


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


def ending(summary):
    """How the run ended, in one line."""
    gap = "not defined" if summary["gap"] is None else f"{float(summary['gap']):.1e}"
    how = f"{summary['status']}" + (f" (period {summary['period']})" if "period" in summary else "")
    after = f" after {summary['rounds']} rounds" if summary["rounds"] else ""
    who = ""
    if "priced_out" in summary:
        who = f" Priced out: user {summary['priced_out']['user']} of player {summary['priced_out']['player']}."
    return f"{how}{after}, gap {gap}. {summary['advice']}{who}"


def equilibria_text(summary):
    """The certified equilibria of a direct solution, and what is known of their number."""
    known = {True: "It is the only one.", False: "There are several.", None: "Whether there are others is not known."}
    if summary["continuum"]:
        head = "A continuum of equilibria shares this total and price."
    else:
        head = known[summary["unique"]] if summary["equilibria"] else "No equilibrium was found."
    rows = [(o["quantity"], o["price"], o["welfare"], o["gap"]) for o in summary["equilibria"]]
    return head if not rows else head + "\n" + table(("quantity", "price", "welfare", "gap"), rows)


def comparison_text(comparison, measures):
    """Means ± half-widths of 95 % intervals, one row a scenario, then the paired differences to the first scenario."""
    means, away = comparison.means(), comparison.differences()
    header = ("scenario", *measures)
    lines = [
        f"Means over {comparison.replications} replications ± half-width of the 95 % interval",
        table(header, _interval_rows(means, comparison.names, measures)),
    ]
    if len(comparison.names) > 1:
        lines += [
            "",
            f"Difference to {comparison.names[0]}, " + paired_words(comparison),
            table(header, _interval_rows(away, comparison.names[1:], measures)),
        ]
    return "\n".join(lines)


def paired_words(comparison):
    """What the scenarios share."""
    if comparison.shared:
        return f"paired by replication (same users in: {', '.join(comparison.shared)})"
    return "by replication (no group has the same users in all scenarios, so the draws are not common)"


def _interval_rows(values, names, measures):
    at = {(row.scenario, row.measure): (row.mean, row.half_width) for row in values.itertuples()}
    return [(name, *(with_width(*at[name, measure]) for measure in measures)) for name in names]


def with_width(mean, half):
    """A mean with its half-width, both to the half-width's second significant digit.

    >>> with_width(16.0191, 0.3541), with_width(1.0, float("nan")), with_width(5000.0, 123.4)
    ('16.02 ± 0.35', '1.000', '5000 ± 123')
    """
    if math.isnan(half) or half <= 0 or mean == 0:
        return cell(float(mean))
    digits = min(max(1 - math.floor(math.log10(half)), 0), 6)
    return f"{mean:.{digits}f} ± {half:.{digits}f}"
