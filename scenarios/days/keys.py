"""The keys of an aggregator market over the periods of a day, and the checks that look at more than one key."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from itertools import pairwise

from market.aggregator.days.clock import Clock
from market.aggregator.days.learners import FAIR_DAYS
from market.aggregator.days.parts import PARTS
from market.aggregator.states import StatesByPeriod
from market.conduct import CONDUCTS
from market.fairness import AlphaFair, MaxMin
from market.parameters import parameters_of
from market.prices import PRICES
from market.utilities import Quadratic
from scenarios.aggregator import keys as plain
from scenarios.aggregator.keys import (
    BEST_RESPONSE,
    AggregatorScenario,
    Group,
    anybody_learns,
    check_groups,
    check_learners,
)
from scenarios.aggregator.states import TABLE, lists_of
from scenarios.aggregator.tariffs import OVER_A_DAY, check_tariffs
from scenarios.days import devices
from scenarios.days.devices import Devices
from scenarios.days.series import PeriodsWanted, filled
from scenarios.days.states import check_states, over_periods, states_by_period
from scenarios.reading.errors import Place, one_of, quoted
from scenarios.reading.rules import Rules, check_rule
from scenarios.reading.schema import REQUIRED, Key, called, read_table

ROUNDS = plain.ROUNDS
MOST_PERIODS = 100_000  # of all days together
LEFT_OUT = {  # keys of the aggregator market that have no place here, and why
    "network": "a day on a network is not modelled",
    "joining": "who joins whom over the periods of a day is not modelled",
    "choosing": "alpha as a strategy is not modelled over the periods of a day",
}
FORMS = {"quadratic": Quadratic}  # a part's consumption has this utility
OBJECTIVES = {"alpha-fair": AlphaFair, "max-min": MaxMin}  # those that fair days are worked out for
DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
DAYS_SAID = "days one after another; batteries keep their levels"
PRICE_SAID = "one number, or one for each period, of one day or of all"
BY_PERIOD = "a number a user, or rows of one a period"


class PricesByPeriod(Rules):
    """Price rules whose numbers may be one for each period."""

    def keys(self) -> Iterator[Key]:
        for key in Rules.keys(self):
            yield replace(key, type="series") if key.type == "number" else key


class UtilitiesByPeriod(Rules):
    """Utilities whose numbers may be one for each user and period."""

    def keys(self) -> Iterator[Key]:
        for key in Rules.keys(self):
            yield replace(key, type="numbers or rows") if key.type == "numbers" and not key.words else key


class ConductsOverDays(Rules):
    """The conducts that can decide a day."""

    def keys(self) -> Iterator[Key]:
        return Rules.keys(replace(self, registry=over_days(self.registry)))


def over_days(registry: dict) -> dict:
    """{name: conduct} of those that can decide a day."""
    return {name: conduct for name, conduct in registry.items() if not conduct.not_over_days}


def may_learn(table: dict, group: dict) -> bool:
    """Would a conduct of a group be taken?"""
    return plain.may_learn(table) and table["periods"]["days"] == 1 and sums_plainly(group)


def sums_plainly(group: dict) -> bool:
    """Do the players of a group maximise the plain sum of their users' surpluses?"""
    single = group["kind"] != "aggregator" or group["count"] == group["users"]
    return single or plain.objective_of(group["fairness"]).welfare


CHANGED = {
    "group.conduct": {"offered": may_learn},
    "tolerance": {"meaning": "settled when no purchase of a period moves by more"},
    "price": {"meaning": "the price p of each period as a function of all load in it; " + PRICE_SAID},
}
IN_PLACE = {
    "group.conduct.rule": ConductsOverDays("group.conduct.rule", CONDUCTS, BEST_RESPONSE, "how its players decide"),
    "tariffs.rule": OVER_A_DAY,
    "price.rule": PricesByPeriod("price.rule", PRICES, REQUIRED, "form of the price"),
    "group.fairness.objective": Rules(
        "group.fairness.objective", OBJECTIVES, None, plain.OBJECTIVE_SAID, usual=plain.USUAL
    ),
    "group.utility.form": UtilitiesByPeriod("group.utility.form", FORMS, "quadratic", f"b x − a x²; {BY_PERIOD}"),
}
PERIODS = (
    Key("periods", "table", "", REQUIRED, "", "the periods that are decided on at once, a day", example={}),
    Key("periods.count", "whole", "periods", 24, f"[1, {MOST_PERIODS}]", "how many a day has"),
    Key("periods.hours", "number", "hours", 1.0, "(0, 8784]", "how long each lasts"),
    Key(
        "periods.days", "whole", "days", 1, "[1, 10000]", DAYS_SAID, offered=lambda whole, _: not anybody_learns(whole)
    ),
    Key("periods.start", "text", "", None, "", "first date taken from CSV files, as 2024-03-31; left out: their first"),
    Key(
        "periods.zone", "text", "", None, "", "time zone in which their stamps with offsets are told, as Europe/Zurich"
    ),
)
READ = Key("read", "labels", "", None, "(-inf, inf)", "how CSV files were read; made when they are")
AFTER_PRICE = (
    Key(
        "background",
        "series",
        "energy",
        0.0,
        "(-inf, inf)",
        "net load of everybody else in each period; < 0: fed in",
        example=0.0,
    ),
)
OF_GROUPS = (
    devices.profile_key("group"),
    Devices("group", PARTS, None, "what users have"),
    Key("group.sell", "switch", "", None, "", "may its users sell? left out: those with solar, a battery, v2g"),
)


def _keys() -> Iterator[Key | Rules]:
    for key in plain.without_payments(plain.KEYS):
        if key.path.partition(".")[0] in LEFT_OUT:
            continue
        if key.path == "price":
            yield from PERIODS
        if key.path == "group":
            yield from AFTER_PRICE
        yield IN_PLACE.get(key.path) or over_periods(replace(key, **CHANGED.get(key.path, {})))
    yield from OF_GROUPS
    yield READ


KEYS = tuple(_keys())


@dataclass(frozen=True)
class HomesGroup(Group):
    """A group of users with what they have.

    profile: of consumption, rows of one number a period, one row for all users or one each; devices: {name: its keys};
    sell: may they sell? None: as their devices say.
    """

    profile: tuple = ()
    devices: dict = field(default_factory=dict)
    sell: bool | None = None


class DaysScenario(AggregatorScenario):
    """A scenario of the aggregator market over the periods of a day."""

    market = "days"  # the file names the aggregator market
    periods = property(lambda self: self.table["periods"])
    background = property(lambda self: self.table["background"])

    @cached_property
    def clock(self) -> Clock:
        """The periods of each day."""
        return Clock(self.periods["count"], self.periods["hours"])

    @cached_property
    def states(self) -> StatesByPeriod | None:  # type: ignore[override]  # each has prices by period
        """The states of the prices, None where they are known."""
        if TABLE not in self.table:
            return None
        return states_by_period(self.price, self.table[TABLE], lengths(self.periods)[-1])

    @property
    def groups(self) -> tuple[HomesGroup, ...]:
        return tuple(_group(dict(row)) for row in self.table["group"])


def _group(row):
    have = {name: row.pop(name) for name in devices.devices_of() if name in row}
    return HomesGroup(**row, devices=have)


def read(raw: dict, keys, place: Place) -> dict:
    """The checked table of a file; raises ScenarioError."""
    for name, why in LEFT_OUT.items():
        if name in raw:
            raise place.at(name).error(f"does not go with periods: {why}", "leave it out, or leave out periods")
    plain.refuse_payments(raw, place, "periods")
    _refuse_conducts(raw, place)
    _fill(raw, keys, place)
    table = read_table(raw, keys, "", place)
    _check_periods(table["periods"], place.at("periods"))
    _check_price(table["price"], table["periods"], place.at("price"))
    if TABLE in table:
        _check_states(table, place.at(TABLE))
    _check_length(table["background"], table["periods"], place.at("background"))
    check_groups(table["group"], place)
    check_learners(table, place)
    check_tariffs(table, place, partial(_needed, table["periods"]))
    plain.check_payers(table, place)
    _check_learning(table, place)
    for group, name in zip(table["group"], called(table["group"]), strict=True):
        _check_group(group, table["periods"], place.at("group").at(name))
    order = list(dict.fromkeys(key.name for key in keys if key.table == "group"))
    table["group"] = [{name: group[name] for name in order if name in group} for group in table["group"]]
    return table


def _refuse_conducts(raw, place):
    """Raise ScenarioError, with the reason, for a conduct that cannot decide a day."""
    for group in raw["group"] if isinstance(raw.get("group"), list) else ():
        conduct = group.get("conduct") if isinstance(group, dict) else None
        rule = conduct.get("rule") if isinstance(conduct, dict) else None
        if isinstance(rule, str) and rule in CONDUCTS and CONDUCTS[rule].not_over_days:
            here = place.at("group").at(str(group.get("name", ""))).at("conduct.rule")
            got = f"got {quoted(rule)}, which does not go with periods: {CONDUCTS[rule].not_over_days}"
            raise here.error(got, f"{one_of(over_days(CONDUCTS))} is needed")


def _check_learning(table, place):
    """Raise ScenarioError where players who learn do so for more than a plain sum, or on more than one day."""
    for group, name in zip(table["group"], called(table["group"]), strict=True):
        conduct, here = group.get("conduct", {}), place.at("group").at(name).at("conduct")
        if not plain.learns(conduct):
            continue
        if not sums_plainly(group):
            raise here.error(f"got {quoted(conduct['rule'])} beside fairness: {FAIR_DAYS}", "alpha = 0 is needed")
        if table["periods"]["days"] > 1:
            got = f"got {table['periods']['days']} with {quoted(conduct['rule'])} in group {quoted(group['name'])}"
            raise place.at("periods.days").error(got, "1 is needed: players learn by living one day again and again")


def _fill(raw, keys, place):
    """Put numbers in place of CSV files by period, and what is told of them beside."""
    if not isinstance(raw.get("periods"), dict):
        return
    periods = read_table(raw["periods"], keys, "periods", place.at("periods"))
    start = periods.get("start")
    if start is not None and not DATE.fullmatch(start):
        raise place.at("periods.start").error(f"got {quoted(start)}", "a date as 2024-03-31 is needed")
    grid = PeriodsWanted(periods["count"], periods["hours"], periods["days"], start, periods.get("zone"))
    homes = [group for group in raw["group"] if isinstance(group, dict)] if isinstance(raw.get("group"), list) else []
    every = [_names_every_home(group.get("profile")) for group in homes]
    said = filled(raw, grid, place)
    if said:
        raw["read"] = said
    for group, whole in zip(homes, every, strict=True):
        rows = group.get("profile")
        several = isinstance(rows, list) and len(rows) > 1 and isinstance(rows[0], list)
        if (several or whole) and "users" not in group and group.get("kind") != "large":
            group["users"] = len(rows) if several else 1


def _names_every_home(profile):
    """Is a profile one that a file has of each home, if only of one?"""
    if not isinstance(profile, dict) or not {"csv", "simbench"} & set(profile):
        return False
    return "subnet" in profile or not isinstance(profile.get("column"), str)


def _check_periods(periods, place):
    if periods["count"] * periods["days"] > MOST_PERIODS:
        got = f"{periods['days']} days of {periods['count']} periods"
        raise place.at("days").error(got, f"at most {MOST_PERIODS:,} periods in all are possible")


def lengths(periods: dict) -> list[int]:
    """How many numbers a list by period may have: those of one day, or of all days."""
    return sorted({periods["count"], periods["count"] * periods["days"]})


def _check_length(values, periods, place):
    """Raise ScenarioError unless values are one number, or one for each period of one day or of all."""
    if isinstance(values, tuple) and (needed := _needed(periods, len(values))):
        raise place.error(f"got {len(values)} numbers", needed)


def _needed(periods, count):
    """What is needed in place of so many numbers by period; None where they are as many as are needed."""
    if count in lengths(periods):
        return None
    one, *every = lengths(periods)
    needed = f"{one}, one for each period" + (f", or {every[0]} for all days" if every else "")
    return f"{needed}, are needed" if one > 1 else f"{needed}, is needed"


def _check_rows(rows, users, periods, place):
    """Raise ScenarioError unless there is one row, or one a user, each with a number for each period."""
    if len(rows) not in (1, users):
        raise place.error(f"got {len(rows)} rows for {users} users", "one row for all, or one for each, is needed")
    _check_length(rows[0], periods, place)


def _check_price(price, periods, place):
    """Check lengths, and what the rule says of its keys together in each period."""
    numbers = {name for name, one in parameters_of(PRICES[price["rule"]]).items() if one.type == "number"}
    by_period = {name: values for name, values in price.items() if name in numbers and isinstance(values, tuple)}
    for name, values in by_period.items():
        _check_length(values, periods, place.at(name))
    for t in range(max(map(len, by_period.values()), default=1)):
        here = {name: values[t % len(values)] for name, values in by_period.items()}
        check_rule(PRICES[price["rule"]], price | here, place)


def _check_states(table, place):
    """Count the rows of states, then check what they say."""
    for name, rows in lists_of(table[TABLE]).items():
        for row in rows if is_rows(rows) else ():
            _check_length(row, table["periods"], place.at(name))
    check_states(table["price"], table[TABLE], lengths(table["periods"])[-1], place)


def _check_group(group, periods, place):
    utility = group["utility"]
    for name in ("a", "b"):
        if is_rows(utility.get(name)):
            _check_rows(utility[name], group["users"], periods, place.at("utility").at(name))
            if "profile" in group:
                raise place.at("profile").error(f"got one beside utility.{name} by period", "one of both is needed")
            if "size" in utility:
                got = f"got a size beside utility.{name} by period"
                raise place.at("utility.size").error(got, "b is needed in its place")
    if "profile" in group:
        _check_rows(group["profile"], group["users"], periods, place.at("profile"))
    for name in devices.devices_of():
        if name in group:
            _check_device(name, group[name], group["users"], periods, place.at(name))
    if group.get("sell") is None:
        group.pop("sell", None)


def is_rows(values: object) -> bool:
    """Are values rows, one a user, of one number a period?"""
    return isinstance(values, tuple) and len(values) > 0 and isinstance(values[0], tuple)


def _check_device(name, device, users, periods, place):
    check_rule(PARTS[name], device, place)
    for name, values in device.items():
        if name == devices.PROFILE:
            _check_rows(values, users, periods, place.at(name))
        elif name != "window" and isinstance(values, tuple) and len(values) != users:
            got = f"got {len(values)} values for {users} users"
            raise place.at(name).error(got, f"{users} are needed, one for each user of the group; 0 for none")
        if name == "window":
            _check_window(values, periods, place.at(name))


def _check_window(values, periods, place):
    """Two clock hours, or more that rise."""
    length = periods["count"] * periods["hours"]
    rising = len(values) == 2 or all(one < two for one, two in pairwise(values))
    if len(values) < 2 or not rising or max(values) > length:
        needed = f"two clock hours from 0 to {length:g}, or more in rising order, are needed"
        raise place.error(f"got {quoted(list(values))}", needed)


SCENARIO = DaysScenario
