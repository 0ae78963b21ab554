"""Results by classes of users in words: means, shares and the worst part of each class."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from engine.results.by_people import PAYOFFS, By, measure_of
from market.numerals import percent
from views.tables import paired_words, table, with_width

WORST = "CVaR"


def classes_text(facts: dict) -> str:
    """The classes of one run, as by_people.people_facts gives them; of designs one after another."""
    parts = [_class_table(design, text, told, facts["level"]) for text, design, told in each(facts)]
    return "\n\n".join(parts)


def each(facts: dict) -> Iterator[tuple[str, str, dict]]:
    """(By, design or "", {class: what is told of it}) of what people_facts gives."""
    for text, found in facts["by"].items():
        alone = any("users" in told for told in found.values())
        yield from ((text, design, told) for design, told in ({"": found} if alone else found).items())


def _class_table(design, text, told, level):
    first = next(iter(told.values()))
    columns = [(name, what) for name in first if name != "users" for what in first[name]]
    header = (text, "users", *(f"{name} {WORST if what == 'cvar' else what}" for name, what in columns))
    rows = [(label, one["users"], *(one[name][what] for name, what in columns)) for label, one in told.items()]
    head = f"{design}: " if design else ""
    return f"{head}by {text} ({WORST}: mean of the worst {percent(level)} of a class)\n{table(header, rows)}"


def compared_classes_text(comparison) -> str:
    """Mean of what users gain in each class under each scenario, then paired differences to the first scenario."""
    return "\n\n".join(part for by in comparison.by for part in _compared(comparison, by))


def _compared(comparison, by):
    head = f"Mean {payoff(comparison.units)} of a user by {by.text}"
    yield f"{head}\n{_by_scenario(curves(comparison, by, comparison.means), by)}"
    if len(comparison.names) > 1:
        said = f"Difference to {comparison.names[0]}, " + paired_words(comparison)
        yield f"{head}. {said}\n{_by_scenario(curves(comparison, by, comparison.differences), by)}"


def payoff(units: dict[str, str]) -> str:
    """What users gain, of what measures there are."""
    return next(name for name in PAYOFFS if any(one.startswith(f"{name} mean ") for one in units))


def curves(comparison, by: By, values: Callable) -> dict[str, dict[str, tuple[float, float]]]:
    """{scenario: {class: (mean, half-width)}} of what users gain."""
    rows, gained = values(), payoff(comparison.units)
    at = {(row.scenario, row.measure): (row.mean, row.half_width) for row in rows.itertuples()}
    named = {label: measure_of(gained, "mean", by, label) for label in by.labels}
    names = list(dict.fromkeys(rows["scenario"]))
    return {name: {label: at[name, measure] for label, measure in named.items()} for name in names}


def _by_scenario(found, by):
    rows = [(label, *(with_width(*curve[label]) for curve in found.values())) for label in by.labels]
    return table((by.text, *found), rows)
