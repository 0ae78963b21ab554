"""The keys of a price's states, of which one comes true after the purchases, and the states that a table makes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from market.aggregator.states import Risk, States, parallel, shifted
from market.parameters import REQUIRED, Parameter, ParameterError, made, parameters_of
from market.prices import PRICES
from scenarios.reading.errors import Place, ScenarioError, one_of, quoted
from scenarios.reading.population import read_list
from scenarios.reading.rules import Rules, check_rule
from scenarios.reading.schema import Key

TABLE = "scenarios_of"
NUMBERS = f"{TABLE}.number"
BACKGROUND, PROBABILITY, NAMES = "background", "probability", "names"
MOST_STATES = 1_000
PROBABILITY_ROUNDING = 1e-9  # by how much probabilities may miss one
SAID = "states of the price, of which one comes true after the purchases; left out: the price is known"
BACKGROUND_SAID = "by state: what others buy beside, as supply that is missing; < 0: what they feed in"
INFORMATION_SAID = "work out what it is worth to know the state; as many markets as there are states"


@dataclass(frozen=True)
class NumbersOfPrice(Rules):
    """The numbers of the price rules as lists of a type, one a state; of its path the table counts."""

    def keys(self) -> Iterator[Key]:
        every: dict[str, Parameter] = {}
        for one in (one for rule in self.registry.values() for one in numbers_of(rule).values()):
            every.setdefault(one.key, one)
        for name, one in every.items():
            said = f"by state: {one.meaning}; in place of the price's own"
            yield Key(f"{self.table}.{name}", self.type, one.unit, None, one.range, said)


KEYS = (
    Key(TABLE, "table", "", None, "", SAID),
    NumbersOfPrice(NUMBERS, PRICES, None, "", type="column"),
    Key(f"{TABLE}.{BACKGROUND}", "column", "energy", None, "(-inf, inf)", BACKGROUND_SAID),
    Key(f"{TABLE}.{PROBABILITY}", "column", "", None, "(0, 1]", "of each state, one in all; left out: all alike"),
    Key(f"{TABLE}.{NAMES}", "labels", "", None, "(-inf, inf)", "what the states are called; left out: their numbers"),
    Key(f"{TABLE}.level", "number", "", 0.95, "[0, 1)", "CVaR is the mean of the worst share, 1 − level, of states"),
    Key(f"{TABLE}.weight", "number", "", 0.0, "[0, 1]", "what CVaR counts in players' eyes beside the expectation"),
    Key(f"{TABLE}.information", "switch", "", False, "", INFORMATION_SAID),
)

RISK = "risk"
OF_GROUPS = (
    Key(f"group.{RISK}", "table", "", None, "", "how its players weigh risk; left out: as scenarios_of says"),
    Key(f"group.{RISK}.level", "number", "", 0.95, "[0, 1)", "as that of scenarios_of"),
    Key(f"group.{RISK}.weight", "number", "", REQUIRED, "[0, 1]", "as that of scenarios_of", example=0.5),
)
PARALLEL = (
    "states of p0 or background of a linear or affine price, which differ by the same at every purchase, are needed"
)


def numbers_of(rule: type) -> dict[str, Parameter]:
    """The parameters of a price rule that are one number."""
    return {name: one for name, one in parameters_of(rule).items() if one.type == "number"}


def states_of(price: dict, table: dict, groups: Sequence[dict] = ()) -> States:
    """The states of a price's checked table, and of groups; raises ParameterError where they make no price together."""
    rules = [
        shifted(made(PRICES[price["rule"]], price | own), own.get(BACKGROUND, 0.0)) for own in by_state(price, table)
    ]
    risks = {group["name"]: Risk(**group[RISK]) for group in groups if RISK in group}
    return States(**chances_of(table), rules=tuple(rules), risks=risks)


def check_risks(table: dict, place: Place) -> None:
    """Raise ScenarioError for groups with a risk of their own where it is no premium on each unit."""
    for group in table["group"]:
        if RISK not in group:
            continue
        here = place.at("group").at(group["name"]).at(RISK)
        if TABLE not in table:
            raise here.error("there are no states of the price", f"{TABLE} is needed, or leave it out")
        if "joining" in table:
            raise here.error("users choose their aggregators", "one attitude for all is needed, that of scenarios_of")
        if table[TABLE]["information"]:
            got = "true, beside a risk of their own of some groups"
            raise place.at(TABLE).at("information").error(got, "false is needed: whose loss counts how much is open")
        if not parallel(states_of(table["price"], table[TABLE]).rules):
            raise here.error("states differ by more at some purchases than at others", PARALLEL)


def by_state(price: dict, table: dict) -> list[dict]:
    """{number of the price, or background: its value in a state} of every state."""
    lists = lists_of(table)
    own = {name: values for name, values in lists.items() if name in known_of(price)}
    return [dict(zip(own, values, strict=True)) for values in zip(*own.values(), strict=True)]


def known_of(price: dict) -> list[str]:
    """What of a price may differ by state."""
    return [*numbers_of(PRICES[price["rule"]]), BACKGROUND]


def chances_of(table: dict) -> dict:
    """Names, probability and risk of the states of a checked table."""
    count = len(next(iter(lists_of(table).values())))
    chance = np.array(table.get(PROBABILITY, (1.0,) * count))
    names = tuple(name if isinstance(name, str) else f"{name:g}" for name in table.get(NAMES, range(1, count + 1)))
    return {"names": names, "probability": chance / chance.sum(), "risk": Risk(table["level"], table["weight"])}


def lists_of(table: dict) -> dict[str, tuple]:
    """{key: values by state}."""
    return {name: values for name, values in table.items() if isinstance(values, tuple)}


def check_states(price: dict, table: dict, place: Place) -> None:
    """Raise ScenarioError for states that do not go together, or with the price's rule."""
    check_lists(price, table, place)
    for name, one in numbers_of(PRICES[price["rule"]]).items():
        if name in table:
            read_list(list(table[name]), one.range, place.at(name))
    for own in by_state(price, table):
        check_rule(PRICES[price["rule"]], price | own, place)
    try:
        _ = states_of(price, table).rule
    except ParameterError as error:
        raise refused(error, place) from None


def refused(error: ParameterError, place: Place) -> ScenarioError:
    """What is said of states that make no price together."""
    return (place.at(error.key) if error.key else place).error(error.got, error.allowed)


def check_lists(price: dict, table: dict, place: Place) -> None:
    """Raise ScenarioError for lists of states that do not belong to a price, or differ in length."""
    known, lists = known_of(price), lists_of(table)
    strange = [name for name in lists if name not in (*known, PROBABILITY, NAMES)]
    if strange:
        got = f"is no number of a price of rule = {quoted(price['rule'])}"
        raise place.at(strange[0]).error(got, f"{one_of(known)} may differ by state")
    if not any(name in known for name in lists):
        raise place.error("has no state that differs from another", f"a list of {one_of(known)} is needed")
    first, count = next((name, len(values)) for name, values in lists.items())
    for name, values in lists.items():
        if len(values) != count:
            raise place.at(name).error(f"{len(values)} values, but {first} has {count}", "one for each state is needed")
    if count > MOST_STATES:
        raise place.error(f"{count:,} states", f"at most {MOST_STATES:,} are possible")
    total = sum(table.get(PROBABILITY, (1.0,)))
    if abs(total - 1) > PROBABILITY_ROUNDING:
        raise place.at(PROBABILITY).error(f"adds up to {total:.10g}", "1 is needed")
