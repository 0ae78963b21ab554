"""From an aggregator market over the periods of a day to the days of one replication, and to its Mesa model."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np

from agents.days.model import DaysModel
from agents.streams import Streams
from market.aggregator.days.block import Homes, sellers
from market.aggregator.days.day import Day, rules_by_period
from market.aggregator.days.meter import MeterError
from market.aggregator.days.parts import PARTS, Battery, Car
from market.aggregator.days.several import DaysGame
from market.parameters import made, parameters_of
from market.prices import PRICES
from scenarios.aggregator.draw import conducted, drawn_blocks, in_rounds
from scenarios.days.devices import ALWAYS, PROFILE, SHARE
from scenarios.days.keys import DaysScenario, is_rows
from scenarios.drawn import Drawn
from scenarios.reading.errors import Place, quoted
from scenarios.reading.population import draw_numbers, stream

LEVEL_ROUNDING = 1e-12  # share by which a level may be beyond what a battery can do


def draw(scenario: DaysScenario, replication: int, place: Place) -> Drawn:
    """The days of one replication; raises ScenarioError for a device that cannot do what it is to do."""
    groups = scenario.groups
    blocks, redraws = drawn_blocks([_flat(group) for group in groups], scenario.seed, replication)
    drawn = [_drawn_devices(group, scenario.seed, replication, redraws) for group in groups]
    for group, devices in zip(groups, drawn, strict=True):
        _check_devices(devices, scenario.clock, place.at("group").at(group.name))
    count, days = scenario.clock.count, scenario.periods["days"]
    every = []
    for day in range(days):
        period = _periods(day, count)
        homes = [
            _homes(group, block, devices, period) for group, block, devices in zip(groups, blocks, drawn, strict=True)
        ]
        background = np.atleast_1d(_on(period, scenario.background))
        prices = _prices(scenario.price, period) if scenario.states is None else scenario.states.rule[period]
        played = Day(scenario.clock, prices, tuple(homes), background)
        every.append(_taxed(played, scenario, period, place) if scenario.tariffs else played)
    return Drawn(DaysGame(tuple(every)), redraws)


def _taxed(day, scenario, period, place):
    """The day with its tariffs."""
    try:
        return day.taxed(scenario.levied(day.periods, partial(_on, period)))
    except MeterError as error:
        who = f"user {error.user} of {quoted(error.group)}"
        got = f"come to {error.per_unit:g} a unit in period {error.period} for {who}"
        needed = "at least 0 is needed where a user may sell: to buy what is sold would pay"
        raise place.at("tariffs").error(got, needed) from None


def _flat(group):
    """The group with one number in place of rows, for what is drawn as without periods."""
    utility = {name: 1.0 if is_rows(value) else value for name, value in group.utility.items()}
    return replace(group, utility=utility)


def _periods(day, count):
    return slice(day * count, (day + 1) * count)


def _on(period, values):
    """The part of values by period, last axis, that a day has; those of one day are every day's."""
    values = np.asarray(values, dtype=float)
    if values.ndim == 0 or values.shape[-1] <= period.stop - period.start:
        return values
    return values[..., period]


def _prices(price, period):
    """The price rule of each period of a day."""
    numbers = {name for name, one in parameters_of(PRICES[price["rule"]]).items() if one.type == "number"}
    keys = {
        name: tuple(_on(period, value)) if name in numbers and isinstance(value, tuple) else value
        for name, value in price.items()
    }
    return rules_by_period(PRICES[price["rule"]], keys, period.stop - period.start)


def _homes(group, block, devices, period):
    """The group's players on one day."""
    users = np.arange(group.users)
    numbers = {
        name: _of_all(_on(period, group.utility[name]), group.users)
        if is_rows(group.utility.get(name))
        else getattr(block.utility, name)
        for name in ("a", "b")
    }
    profile = {PROFILE: _on(period, group.profile)} if group.profile else {}
    parts = {ALWAYS: PARTS[ALWAYS](users, **numbers, **profile)}
    for name, (kind, numbers, who) in devices.items():
        mine = {key: _rows_of(_on(period, value), who) if key == PROFILE else value for key, value in numbers.items()}
        parts[name] = made(kind, mine, users=who)
    sell = sellers(group.users, parts) if group.sell is None else np.full(group.users, group.sell)
    facts = block.name, block.kind, block.sizes, parts, sell
    return Homes(*facts, alpha=block.alpha or 0.0, surplus_offset=block.surplus_offset, fair=block.fair)


def _of_all(rows, users):
    """Rows of all users, where one row is everybody's."""
    rows = np.asarray(rows, dtype=float)
    return np.broadcast_to(rows, (users, rows.shape[1])).copy()


def _rows_of(values, who):
    """Rows of some users, or the one row of all."""
    return values if len(values) == 1 else values[who]


def _drawn_devices(group, seed, replication, redraws):
    """{device: (its rule, its numbers of the users who have it, these users)}, users drawn by share.

    A user's numbers are the same whatever the share, and who has it with a smaller share has it with a larger one.
    Whose first number is 0 has none.
    """
    found = {}
    for name, said in group.devices.items():
        kind, numbers, first = PARTS[name], {}, None
        for key, one in parameters_of(kind).items():
            if key not in said:
                continue
            value = said[key]
            if one.type == "numbers" and not isinstance(value, str):
                rng = stream(seed, replication, group.name, f"{name}.{key}")
                value, count = draw_numbers(value, group.users, one.range, rng)
                first = value if first is None else first
                if isinstance(said[key], dict) and "uniform" not in said[key]:
                    redraws[group.name, f"{name}.{key}"] = count
            numbers[key] = value
        who = _who(said[SHARE], group.users, stream(seed, replication, group.name, f"{name}.{SHARE}"))
        who = who if first is None else who[first[who] != 0]
        mine = {key: value[who] if isinstance(value, np.ndarray) else value for key, value in numbers.items()}
        if len(who):
            found[name] = kind, mine, who
    order = [name for name in PARTS if name in found]
    return {name: found[name] for name in order}


def _who(share, users, rng):
    """Numbers of the users who have a device, ascending: the nearest whole number to the share of them."""
    order = np.argsort(rng.random(users), kind="stable")
    return np.sort(order[: round(share * users)])


def _check_devices(devices, clock, place):
    """Raise ScenarioError for the first user whose device cannot do what it is to do."""
    for name, (kind, numbers, who) in devices.items():
        said = parameters_of(kind)
        for key in (key for key in numbers if said[key].unit == "clock hour"):
            hours = np.broadcast_to(numbers[key], who.shape)
            late = np.flatnonzero(hours > clock.length)
            if late.size:
                got = f"{_user(who, late[0])} has {hours[late[0]]:g}"
                needed = f"a clock hour from 0 to {clock.length:g}, the length of the day, is needed"
                raise place.at(name).at(key).error(got, needed)
        if kind is Car:
            _check_cars(made(kind, numbers, users=who), clock, who, place.at(name))
        if kind is Battery:
            _check_batteries(made(kind, numbers, users=who), clock, who, place.at(name))


def _user(who, k):
    return f"user {who[k]} (counted from 0)"


def _check_cars(cars, clock, who, place):
    short = np.flatnonzero(cars.short(clock))
    if short.size:
        k = int(short[0])
        hours = f"from {cars.arrive[k]:g} to {cars.leave[k]:g}"
        most = float(cars.most(clock)[k].sum())
        got = f"{_user(who, k)} needs {cars.energy[k]:g}, but can take {most:g} at most {hours}"
        raise place.at("energy").error(got, "less energy, more power, a longer stay or capacity is needed")


def _check_batteries(stores, clock, who, place):
    """Raise ScenarioError where a battery cannot get from the level it starts at to that it ends at."""
    for key in ("start", "end"):
        levels = getattr(stores, key)
        over = np.flatnonzero(np.isfinite(levels) & (levels > stores.capacity * (1 + LEVEL_ROUNDING)))
        if over.size:
            k = int(over[0])
            got = f"{_user(who, k)} has {levels[k]:g} in a battery of {stores.capacity[k]:g}"
            raise place.at(key).error(got, "at most its capacity is possible")
    most = stores.power * clock.length * (1 + LEVEL_ROUNDING)
    with np.errstate(invalid="ignore"):
        moved = stores.end - stores.start
    told = np.isfinite(moved)
    far = told & ((moved > most * stores.efficiency) | (-moved > most / stores.efficiency))
    if np.any(far):
        k = int(np.flatnonzero(far)[0])
        levels = f"{stores.start[k]:g} to {stores.end[k]:g}"
        got = f"{_user(who, k)} goes from {levels} at {stores.power[k]:g} an hour"
        raise place.at("end").error(got, "a level that it can reach within the day is needed")


def model(scenario: DaysScenario, replication: int, place: Place, drawn: Drawn | None = None, **options):
    """The Mesa model of one replication, its population drawn unless given; options go to it unchanged.

    Raises SeatError where players of one's own cannot sit as they are to.
    """
    drawn = draw(scenario, replication, place) if drawn is None else drawn
    options = {"streams": Streams(scenario.seed, replication)} | options
    return DaysModel(drawn.game, **in_rounds(scenario, replication), **conducted(scenario, options))
