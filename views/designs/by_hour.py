"""A day of all designs by the clock: what net buyers pay, what the main grid supplies, what is lost, all contracts."""

from engine.results.bilateral import contracts_of
from engine.results.designs import needs_by_period, paid_by_period
from market.designs.study import TARIFF
from views.bilateral.contract_list import contract_list
from views.designs.look import design_colour, short
from views.kit import periods
from views.kit.charts import STYLES
from views.kit.frames import Moments, Panel
from views.style import BLUE, OCHRE

TAB = "Hour by hour"
ENERGY = {"generated": (OCHRE, "-"), "consumed at the tariff": (BLUE, "-")}
PRIVATE = "private lines, all behaviours"
MEASURES = {  # of every design: (what it is called, its unit)
    "price": ("What net buyers pay", "money/energy"),
    "grid supply": ("The main grid supplies", "energy"),
    "loss": ("Lost on lines", "energy"),
}


def moments(run, result):
    """Every period's numbers: of all agents, and each measure of all designs beside each other."""
    everybody = {periods.ALL: periods.readings(needs_by_period(run.drawn.game))}
    compared = {f"{what} ({unit})": periods.readings(told) for what, unit, told in _told(run, result)}
    return Moments("hours", run.scenario.times, everybody, compared)


def panels(run, result):
    """What agents generate and take, the measures of all designs, and the contracts signed so far, by period."""
    hours, looks = run.scenario.hours, _looks(result)
    needs = periods.chart(needs_by_period(run.drawn.game), ENERGY, "energy", hours=hours)
    drawn = {"Generated and consumed": needs}
    drawn |= {what: periods.chart(told, label=unit, hours=hours, **looks) for what, unit, told in _told(run, result)}
    signed = contract_list(contracts_of(run.model.parts["bilateral"].outcomes), run.scenario.times)
    return (
        *(Panel(f"{what} by hour", f"{what}, by hour", html, tab=TAB) for what, html in drawn.items()),
        Panel("all contracts", "Contracts of all hours, latest first", signed, tab=TAB),
    )


def _told(run, result):
    """[(title, unit, {design: ("", numbers by period)})] of every measure, and of what the chosen agent pays."""
    found = [
        (*called, {name: [one[measure] for one in every] for name, every in result.by_period.items()})
        for measure, called in MEASURES.items()
    ]
    if run.chosen is not None and run.chosen < len(run.drawn.game.population):
        found.append((f"Agent {run.chosen} pays", "money", paid_by_period(result, run.chosen)))
    return [(*called, {short(name): ("", values) for name, values in told.items()}) for *called, told in found]


def _looks(result):
    """How designs that have cleared are drawn: lines, the tariff behind, and the area of all private lines."""
    named = {name: design_colour(name) for name in result.by_period}
    lines = [name for name in named if name.startswith("microgrid")]
    alone = [name for name in named if name not in (*lines, TARIFF)]
    return {
        "colours": {short(name): (named[name], style) for name, style in zip(alone, STYLES * len(alone), strict=False)},
        "faint": {short(TARIFF): (named[TARIFF], "-")},
        "between": {PRIVATE: (named[lines[0]], [short(name) for name in lines])} if lines else {},
    }
