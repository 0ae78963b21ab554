"""What the engine asks of each market: its results, its measures, what scenarios of a comparison share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol, cast

import pandas as pd

from agents.market_model import MarketModel
from engine.results import by_people
from engine.results.others import Other
from engine.results.result import Measure, Result
from scenarios.markets import offered
from scenarios.scenario import Scenario


class Results(Protocol):
    """What a market offers the engine.

    RESULT: the class of its results; MEASURES: the numbers its runs are compared by, and how each is read off a result
    or off one of its parts; HEADLINE: those of a table on the terminal; DRAWN: those of a sweep's pictures, where none
    are asked for. A market whose runs may have very many periods also has `periods(game)`, how many
    pieces of work there are, what they are called and how many periods they have in all, and `one_period(game, number,
    way)`, all the work of one piece, by whose time that of a run is told before it begins. One that can solve
    replications side by side says so of a game of theirs by `are_side_by_side(game)`, and has `solved_together(games)`,
    for each what `solved` tells with proofs, or None.
    """

    @property
    def RESULT(self) -> type[Result]: ...

    @property
    def MEASURES(self) -> Mapping[str, Measure]: ...

    @property
    def HEADLINE(self) -> Sequence[str]: ...

    @property
    def DRAWN(self) -> Sequence[str]: ...

    def stepped(self, model: MarketModel, certify: bool) -> dict:
        """Facts of a RESULT: of a model stepped to its end, or so far."""

    def solved(self, game: object, certify: bool) -> dict:
        """Facts of a RESULT: of a game solved without rounds."""

    def memory(self, scenario: Scenario) -> dict[str, float]:
        """Bytes that a run may need, by the key they grow with."""

    def kept(self, scenario: Scenario) -> float:
        """Bytes that a comparison keeps of each run."""

    def shared(self, games: list) -> tuple[str, ...]:
        """Names of what all games have in common."""

    def against(self, scenario: Scenario) -> dict[str, Other]:
        """{name: another market of the same users that a run is held against}, played where that is asked for."""

    def agents_table(self, agents: dict) -> pd.DataFrame | None:
        """A comparison's agents as a table, or None."""


def results_of(market: str) -> Results:
    """What a market offers the engine."""
    return cast(Results, offered(market, "results"))


def units_of(scenario: Scenario) -> dict[str, str]:
    """{measure: unit} of a scenario's market, as the scenario calls the units."""
    return {name: scenario.in_units(measure.unit) for name, measure in results_of(scenario.market).MEASURES.items()}


def measured(market: str, part, names: Iterable[str] | None = None) -> dict:
    """{measure: value} of a result, or of one of its parts; None for all where nothing cleared.

    names: of the measures wanted, by default all.
    """
    measures = results_of(market).MEASURES
    wanted = measures if names is None else names
    return {name: measures[name].of(part) if part.cleared else None for name in wanted}


def asked_by(texts, scenarios, level=by_people.TAIL_LEVEL):
    """The classes of users of some scenarios of one market that texts as "decile:income" ask for, as by_people.By.

    Raises ScenarioError.
    """
    return by_people.bys_of(texts, scenarios, results_of(scenarios[0].market).RESULT.OF_USERS, level)


def distribution(result: Result, by: str, level: float = by_people.TAIL_LEVEL) -> pd.DataFrame:
    """A result by classes of users as "town", "decile:income": a row a class and kind of number, a column a measure.

    Of designs a row also a design; level: the share of a class that is its worst part. Raises ScenarioError.
    """
    (one,) = asked_by([by], [result.scenario], level)
    rows = [
        {"design": part_name, by: label, "of": name, "users": told["users"]} | told[name]
        for part_name, part in result.parts.items()
        if part.cleared
        for label, told in by_people.class_facts(one, result, part).items()
        for name in result.OF_USERS
    ]
    return pd.DataFrame(rows).drop(columns=[] if result.scenario.designs else ["design"])


def units(scenario):
    """{measure: unit} of a scenario's runs as a sweep has them, `design: measure` where it compares designs."""
    return _each(scenario.designs, units_of(scenario))


def units_by(scenario, by):
    """{measure: unit} of classes of users of a scenario's runs as a sweep has them."""
    return _each(scenario.designs, by_people.units(by, results_of(scenario.market).RESULT.OF_USERS))


def headline(scenario):
    """The measures of a sweep that are drawn where none are asked for."""
    return tuple(_each(scenario.designs, dict.fromkeys(results_of(scenario.market).DRAWN)))


def all_measured(result, by=()):
    """{measure: value} of one run, as `units` has them, and of classes of users."""
    market, parts = result.scenario.market, result.parts.items()
    found = {name: measured(market, part) | by_people.measured_by(by, result, part) for name, part in parts}
    if not result.scenario.designs:
        return found[result.scenario.name]
    return {f"{name}: {measure}": value for name, values in found.items() for measure, value in values.items()}


def _each(names, measures):
    """Measures of each design by name, or as they are where there are no designs."""
    if not names:
        return measures
    return {f"{name}: {measure}": unit for name in names for measure, unit in measures.items()}
