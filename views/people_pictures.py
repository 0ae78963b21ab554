"""Results by classes of users in pictures."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from pathlib import Path

from engine.results.by_people import PAYOFFS
from engine.store import add_pictures
from scenarios.scenario import Scenario
from views.drawing import draw_all, printing, tried
from views.people import curves, each, payoff
from views.plots.user_classes import user_classes
from views.style import runs_said


def compared_classes(comparison) -> dict[str, Callable]:
    """{name: what draws it} of the pictures of each classification of a comparison's users."""
    words, made = f"mean {payoff(comparison.units)} (money)" if comparison.by else "", {}
    for by in comparison.by:
        away = curves(comparison, by, comparison.differences) if len(comparison.names) > 1 else None
        means = curves(comparison, by, comparison.means)
        made[file_of(by.text)] = partial(user_classes, means, away, by.text, words, runs_said(comparison.replications))
    return made


def add_classes(folder: Path, facts: dict, scenario: Scenario) -> list[str]:
    """Add pictures of the classes of one run to its stored folder; returns a line for each that failed."""
    with printing(unit=scenario.in_units):
        return tried(lambda: add_pictures(folder, partial(_run_pictures, facts)))


def _run_pictures(facts, folder):
    made, found = {}, {}
    for text, design, told in each(facts):
        gained = next(name for name in PAYOFFS if name in next(iter(told.values())))
        mean = {label: (one[gained]["mean"], math.nan) for label, one in told.items()}
        found.setdefault(text, {})[design or facts["scenario"]] = mean
        made[file_of(text)] = partial(user_classes, found[text], None, text, f"mean {gained} (money)", "one run")
    draw_all(made, folder)


def file_of(text: str) -> str:
    """What a picture by classes is called, without its ending."""
    return f"by_{''.join(letter if letter.isalnum() else '_' for letter in text)}"
