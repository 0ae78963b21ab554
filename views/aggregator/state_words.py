"""The states of a price in words."""

from market.numerals import percent, plain, signed
from views.tables import cell, table

MOST_ROWS = 12  # states that are told one by one


def states_text(known):
    """Means over all and over the worst states, a row a state where they are few, and what knowing it is worth."""
    expected, worst = known["expected"], known["worst"]
    mean, weight = percent(1 - worst["weight"]), percent(worst["weight"])
    but = ", groups with a risk of their own apart" if known["premium"] else ""
    lines = [
        f"{len(known['names'])} states: players reckon with {mean} of the expectation and {weight} of the worst{but}.",
        f"expected: price {cell(expected['price'])}, surplus {cell(expected['welfare'])}   worst "
        f"{percent(1 - worst['level'])} of states: price {cell(worst['price'])}, surplus {cell(worst['welfare'])}",
    ]
    if known["premium"]:
        told = ", ".join(f"{name} {plain(premium)}" for name, premium in known["premium"].items())
        lines.append(f"risk makes a unit dearer than expected, in the eyes of each group: {told} money/energy")
    short = sum(1 for unserved in known["unserved"] if unserved > 0)
    if short:
        lines.append(f"purchases exceed the generators' capacity in {short} of them")
    if len(known["names"]) <= MOST_ROWS:
        columns = (known["names"], known["probability"], known["price"], known["welfare"])
        lines.append(table(("state", "probability", "price", "surplus"), list(zip(*columns, strict=True))))
    return "\n".join(lines + ([] if known["information"] is None else [information_text(known["information"])]))


def information_text(worth):
    """What it is worth to know the state: to a planner, to one alone, and what is different if all know it."""
    of_planner = f"Knowing the state is worth {plain(worth['planner'])} to a planner who buys for all."
    if worth["planner"] is None:
        return "What knowing the state is worth to a planner is told where all prices are affine."
    if "public" not in worth:
        return of_planner
    alone = {name: gains for name, gains in worth["alone"].items() if gains is not None}
    told = ", ".join(f"{name} {plain(gains['mean'])}" for name, gains in alone.items())
    public = "If everybody knows it, users' surplus differs by {}: in a game that may be a loss."
    unknown = "What differs if everybody knows it is not known: in some state no equilibrium is certified."
    return "\n".join(
        [
            of_planner,
            *([f"To one player alone, others buying the same, mean by group: {told}."] if told else []),
            unknown if worth["public"] is None else public.format(signed(worth["public"])),
        ]
    )
