"""Figs. 8 and 9: how consumption and surplus spread over the small users, direct against aggregators."""

import numpy as np
import pandas as pd

from engine.intervals import interval
from market.measures import gini
from papers.aggregator.headline import READINGS, scenario
from papers.claims import FAIL, PASS, judge
from papers.figure import Reproduction, to_csv
from papers.study import solves
from views.drawing import draw_to
from views.plots import densities
from views.style import DESIGNS

QUANTITIES = {"consumption": "x", "surplus": "s"}
LABELS = {"consumption": "consumption of a small user (energy)", "surplus": "surplus of a small user (money)"}
SPREADS = {
    "standard deviation": np.std,
    "Gini": gini,
    "p99 / mean": lambda values: np.percentile(values, 99) / np.mean(values),
}


RELATIVE = ("Gini", "p99 / mean")  # what decides; the standard deviation also grows with the mean


def questions(design):
    """Direct participation and one design, both readings of K."""
    return lambda replications: [
        question
        for reading in READINGS
        for one in ("direct", design)
        for question in solves(scenario(reading, one), replications)
    ]


def users(study, reading, design, quantity):
    """A quantity of all small users, shape (replications, users)."""
    return np.array([getattr(facts, QUANTITIES[quantity]) for facts in study.solved(scenario(reading, design))])


def spreads(study, design):
    """Each measure of spread by reading, quantity and replication, direct and with the design."""
    return pd.DataFrame(
        [
            {
                "reading": reading,
                "quantity": quantity,
                "measure": measure,
                "replication": replication,
                "direct": of(before),
                design: of(after),
            }
            for reading in READINGS
            for quantity in QUANTITIES
            for measure, of in SPREADS.items()
            for replication, (before, after) in enumerate(
                zip(users(study, reading, "direct", quantity), users(study, reading, design, quantity), strict=True)
            )
        ]
    )


def _write(figure, design, name, claims):
    def write(study, folder):
        found = spreads(study, design)
        to_csv(found, folder / f"{figure}_spread.csv")
        reading = next(iter(READINGS))
        panels = {
            LABELS[quantity]: {
                "all direct": users(study, reading, "direct", quantity).ravel(),
                name: users(study, reading, design, quantity).ravel(),
            }
            for quantity in QUANTITIES
        }
        columns = {
            f"{quantity} {who}": values
            for quantity, pair in zip(QUANTITIES, panels.values(), strict=True)
            for who, values in pair.items()
        }
        to_csv(pd.DataFrame(columns), folder / f"{figure}_users.csv")
        title = f"small users beside a large one, {study.replications} runs pooled"
        draw_to(
            folder / f"{figure}.png", densities, panels, {"all direct": DESIGNS["direct"], name: DESIGNS[design]}, title
        )
        return claims(found)

    return write


def means(found, reading, quantity, measure, design):
    """Mean of a measure direct and with the design, and the mean and half-width of the difference."""
    rows = found[(found["reading"] == reading) & (found["quantity"] == quantity) & (found["measure"] == measure)]
    return rows["direct"].mean(), rows[design].mean(), *interval(rows[design] - rows["direct"])


def spread_claim(found, figure, design, text, reading, quantity, more, **expectation):
    """Is a quantity spread more (or less) than direct: do Gini and p99 / mean both rise (or both fall)?"""
    numbers, holds = {}, True
    for measure in SPREADS:
        before, after, change, half = means(found, reading, quantity, measure, design)
        numbers |= {
            f"{measure} direct": before,
            f"{measure} with aggregators": after,
            f"change of {measure}": change,
            f"± 95 % of {measure}": half,
        }
        holds &= measure not in RELATIVE or bool((change > 0) == more)
    return judge(figure, f"{reading}: {text}", holds, numbers, **expectation)


def welfare_claims(found):
    """The text of fig. 8 says that welfare spreads the distribution, its caption that it concentrates it."""
    in_favour = "by the relative measures the text holds for consumption, the caption for surplus, there by a hair"
    return [
        spread_claim(
            found,
            "fig08",
            "welfare",
            f"{source}: under welfare {quantity} is {'more spread' if more else 'more concentrated'}",
            reading,
            quantity,
            more,
            expected=PASS if more == (quantity == "consumption") else FAIL,
            reason=in_favour,
        )
        for reading in READINGS
        for quantity in QUANTITIES
        for source, more in (("text", True), ("caption", False))
    ]


def proportional_claims(found):
    """Fig. 9: proportional fairness makes the distributions more uniform."""
    return [
        spread_claim(
            found,
            "fig09",
            "proportional",
            f"{quantity} is more uniform and its tail shorter than direct",
            reading,
            quantity,
            False,
        )
        for reading in READINGS
        for quantity in QUANTITIES
    ]


FIG08 = Reproduction(
    "Distribution over users, direct against welfare",
    _write("fig08", "welfare", "2 aggregators, α = 0", welfare_claims),
    questions("welfare"),
)
FIG09 = Reproduction(
    "Distribution over users, direct against proportional fairness",
    _write("fig09", "proportional", "2 aggregators, α = 1", proportional_claims),
    questions("proportional"),
)
