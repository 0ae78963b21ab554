"""States of the prices of a day, of which one comes true after everybody's plans: keys, and what a table makes."""

from __future__ import annotations

from dataclasses import replace

from market.aggregator.states import StatesByPeriod, shifted
from market.parameters import ParameterError, made
from market.prices import PRICES
from scenarios.aggregator import states
from scenarios.reading.errors import Place
from scenarios.reading.rules import Rules, check_rule
from scenarios.reading.schema import Key

ROWS = "column or rows"
MOST_CELLS = 100_000  # states times periods
NO_TAIL = "CVaR of what a day costs is no sum over its periods"


def over_periods(key: Key | Rules) -> Key | Rules:
    """A key of states as it is where there are periods: a state has a number, or a row of one a period."""
    by_period = key.path in (states.NUMBERS, f"{states.TABLE}.{states.BACKGROUND}")
    return replace(key, type=ROWS) if by_period else key


def states_by_period(price: dict, table: dict, periods: int) -> StatesByPeriod:
    """The states of a checked table over so many periods; raises ParameterError where they make no price together."""
    every = (prices_in(price | own, periods) for own in states.by_state(price, table))
    rules = tuple(
        tuple(shifted(made(PRICES[price["rule"]], keys), keys.get(states.BACKGROUND, 0.0)) for keys in of_state)
        for of_state in every
    )
    return StatesByPeriod(**states.chances_of(table), rules=rules)


def prices_in(price: dict, periods: int) -> list[dict]:
    """The keys of a price in each period; those of one day are every day's."""
    names = {*states.known_of(price)} & {name for name, value in price.items() if isinstance(value, tuple)}
    return [price | {name: price[name][t % len(price[name])] for name in names} for t in range(periods)]


def check_states(price: dict, table: dict, periods: int, place: Place) -> None:
    """Raise ScenarioError for states that do not go together, or with periods; rows have been counted."""
    if table["weight"] > 0:
        got = f"got {table['weight']:g}, which does not go with periods: {NO_TAIL}"
        raise place.at("weight").error(got, "0 is needed, the expectation")
    states.check_lists(price, table, place)
    count = len(next(iter(states.lists_of(table).values())))
    if count * periods > MOST_CELLS:
        got = f"{count:,} states of {periods:,} periods"
        raise place.error(got, f"at most {MOST_CELLS:,} prices in all are possible")
    for own in states.by_state(price, table):
        for keys in prices_in(price | own, periods):
            check_rule(PRICES[price["rule"]], keys, place)
    try:
        _ = states_by_period(price, table, periods).rule
    except ParameterError as error:
        raise states.refused(error, place) from None
