"""Scenarios of the aggregator market over days: what their files say, and one line for what cannot be used."""

import math
from dataclasses import dataclass

import numpy as np
import pytest

from engine import run
from market.aggregator.days.parts import PARTS, Part
from market.arrays import Array, Integers
from market.parameters import REQUIRED, parameter, parameters_of
from market.utilities import UTILITIES
from scenarios import draw, load
from scenarios.loading import keys_of
from scenarios.markets import TOLD_BY, market_of, named
from tests.scenarios.refusals import check, refusal

QUADRATIC = "utility = { a = { uniform = [1, 2] }, b = 3 }"
GOOD = """market = "aggregator"
periods = { count = 4, hours = 6.0, days = 2 }
price = { rule = "affine", p0 = [0.1, 0.2, 0.3, 0.4], c = [1, 1, 1, 1, 2, 2, 2, 2] }
background = [1, 2, 3, 4, 5, 6, 7, 8]
[[group]]
name = "homes"
kind = "aggregator"
users = 20
count = 2
profile = [1, 2, 3, 4, 5, 6, 7, 8]
utility = { a = { uniform = [1, 2] }, b = 3 }
solar = { share = 0.3, peak = { uniform = [2, 6] }, profile = [0, 1, 0.5, 0] }
battery = { share = 0.2, capacity = { uniform = [4, 12] }, power = { uniform = [2, 5] } }
car = { share = 0.25, energy = { uniform = [4, 12] }, power = 7, arrive = 18, leave = 7 }
shift = { share = 0.5, movable = 0.2, window = [0, 12, 24] }
[[group]]
name = "centre"
kind = "large"
sell = true
utility = { a = 0.1, size = "small-users" }
"""


def test_periods_make_another_market_of_the_same_word(written):
    scenario = load(written(GOOD))
    assert scenario.market == "days" and scenario.table["market"] == "aggregator"
    assert market_of({"market": "aggregator"}) == "aggregator"
    assert "days" not in named() and TOLD_BY["aggregator", "periods"] == "days"
    assert load(written(scenario.to_toml(), "again.toml"), set=['name="my"']).table == scenario.table
    assert load(written(scenario.given_toml(), "given.toml")).table == scenario.table


@dataclass(frozen=True, eq=False)
class Boiler(Part):
    """Heat for a day, in any of its hours."""

    users: Integers
    heat: Array = parameter(type="numbers", unit="energy", range="[0, inf)", meaning="what it takes a day", example=5.0)
    power: Array = parameter(type="numbers", unit="energy/hour", range="(0, inf)", meaning="most it takes", example=2.0)
    flexible = True

    def __post_init__(self):
        self._spread("heat", "power")

    def lay(self, sheet):
        drawn = sheet.variables("boiler", self.users, 0.0, self.power[:, None] * sheet.clock.hours)
        sheet.draw(self.users, drawn)
        sheet.enter(sheet.rows(self.heat, self.heat)[:, None], drawn)


def test_a_device_of_ones_own_is_a_class_and_a_line_of_the_registry(written, monkeypatch):
    monkeypatch.setitem(PARTS, "boiler", Boiler)
    homes = "boiler = { share = 0.5, heat = 4, power = 0.5 }"
    path = written(GOOD.replace("battery = {", f"{homes}\nbattery = {{"))
    told = run(load(path), direct=True)
    assert told.status == "solved" and told.facts()["groups"]["homes"]["devices"]["boiler"] == 10
    day, outcome = told.outcome.days[0], told.outcome.outcomes[0]
    taken = day.party.told(outcome.plan, "boiler")
    assert np.max(taken) <= 3 + 1e-9 and sorted(np.round(np.sum(taken, axis=1), 9)) == [0] * 11 + [4] * 10
    assert "boiler.power" in refusal(lambda: load(path, set=["group.0.boiler.power=0"]))


def test_what_is_drawn(written):
    game = draw(load(written(GOOD), seed=3)).game
    assert (game.players, game.users, game.periods, len(game.days)) == (3, 21, 8, 2)
    first, second = game.days
    assert [rule.p0 for rule in second.prices] == [0.1, 0.2, 0.3, 0.4]
    assert [rule.c for rule in first.prices] == [1] * 4 and [rule.c for rule in second.prices] == [2] * 4
    assert first.background.tolist() == [1, 2, 3, 4] and second.background.tolist() == [5, 6, 7, 8]
    homes, centre = first.blocks
    assert {name: len(part.users) for name, part in homes.parts.items()} == {
        "consumption": 20,
        "solar": 6,
        "battery": 4,
        "car": 5,
        "shift": 10,
    }
    assert homes.sizes.tolist() == [10, 10] and homes.alpha == 0.0
    sellers = sorted(set(homes.parts["solar"].users) | set(homes.parts["battery"].users))
    assert np.flatnonzero(homes.sell).tolist() == sellers
    assert centre.sell.all() and centre.parts["consumption"].b[0] == pytest.approx(
        0.1 * np.sum(3 / homes.parts["consumption"].a)
    )
    assert np.all((homes.parts["solar"].peak >= 2) & (homes.parts["solar"].peak <= 6))
    np.testing.assert_array_equal(second.blocks[0].parts["consumption"].profile[0], [5, 6, 7, 8])
    np.testing.assert_array_equal(second.blocks[0].parts["solar"].profile[3], [0, 1, 0.5, 0])
    assert homes.parts["shift"].window == (0.0, 12.0, 24.0)


def test_a_larger_share_gives_others_one_too_and_changes_nobodys_numbers(written):
    path = written(GOOD)
    few, many = (
        draw(load(path, set=[f"group.0.battery.share={share}"])).game.blocks[0].parts["battery"] for share in (0.2, 0.6)
    )
    assert (len(few.users), len(many.users)) == (4, 12)
    same = np.isin(many.users, few.users)
    np.testing.assert_array_equal(many.users[same], few.users)
    np.testing.assert_array_equal(many.capacity[same], few.capacity)
    without = draw(load(path, set=["group.0.battery.share=0"])).game.blocks[0]
    assert "battery" not in without.parts
    np.testing.assert_array_equal(
        without.parts["consumption"].a, draw(load(path)).game.blocks[0].parts["consumption"].a
    )
    other = draw(load(path), 1).game.blocks[0].parts["battery"]
    assert not np.array_equal(other.capacity, few.capacity)


def test_lists_fix_who_has_a_device_and_rows_are_each_users_own(written):
    text = """market = "aggregator"
periods = { count = 2 }
price = { rule = "linear", c = 1 }
[[group]]
name = "g"
kind = "direct"
utility = { a = [[1, 2], [3, 4], [5, 6]], b = [1, 2, 3] }
solar = { peak = [0, 2, 3], profile = [[1, 1], [0, 1], [1, 0]] }
"""
    scenario = load(written(text))
    block = draw(scenario).game.blocks[0]
    assert block.users == 3 and block.parts["solar"].users.tolist() == [1, 2]
    assert block.parts["solar"].profile.tolist() == [[0, 1], [1, 0]]
    assert block.parts["consumption"].a.tolist() == [[1, 2], [3, 4], [5, 6]]
    assert load(written(scenario.to_toml(), "b.toml"), set=['name="my"']) == scenario


def test_one_row_of_periods_is_every_users(written):
    text = """market = "aggregator"
periods = {{ count = 2 }}
price = {{ rule = "linear", c = 1 }}
[[group]]
name = "g"
kind = "aggregator"
users = 3
count = 2
utility = {{ a = 1, b = {} }}
"""
    one, each = ("[[5, 6]]", "[[5, 6], [5, 6], [5, 6]]")
    same = [load(written(text.format(b), f"{len(b)}.toml")) for b in (one, each)]
    assert [scenario.groups[0].users for scenario in same] == [3, 3]
    assert draw(same[0]).game.blocks[0].parts["consumption"].b.tolist() == [[5, 6]] * 3
    few, all_ = (run(scenario, direct=True).outcome.joined("price") for scenario in same)
    np.testing.assert_array_equal(few, all_)


def test_every_registered_device_has_keys_with_units_and_meanings():
    keys = {key.path: key for key in keys_of("days")}
    for name in PARTS:
        table = "group" if name == "consumption" else f"group.{name}"
        assert name == "consumption" or f"{table}.share" in keys
    assert keys["group.battery.capacity"].unit == "energy" and keys["group.car.arrive"].unit == "clock hour"
    assert keys["group.solar.profile"].type == keys["group.profile"].type == "profile"
    assert keys["price.c"].type == "series" and keys["price.p0"].meaning


BROKEN = {
    "network": ("network = { case = 'five_bus' }\n", ["network", "does not go with periods"]),
    "joining": ("joining = { order = 'in-turn' }\n", ["joining", "does not go with periods"]),
    "background": ("background = [1, 2, 3]\n", ["background: got 3 numbers", "4, one for each period, or 8"]),
    "unknown": ("periode = 3\n", ["periode", "unknown key"]),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_does_not_go_with_periods_is_refused(written, name):
    line, said = BROKEN[name]
    text = GOOD.replace("background = [1, 2, 3, 4, 5, 6, 7, 8]\n", "")
    check(refusal(lambda: load(written(line + text))), ["my.toml: ", *said])


CHANGES = {
    "periods.count=0": ["periods.count", "1 to 100,000"],
    "periods.days=99999": ["periods.days", "1 to 10,000"],
    "periods.hours=0": ["periods.hours", "> 0"],
    "price.p0=[1, 2]": ["price.p0: got 2 numbers", "4, one for each period, or 8 for all days"],
    "price.c=[1, 1, 0, 1]": ["price.c: value 2", "> 0"],
    "group.0.profile=[1, 2, 3]": ["group.homes.profile: got 3 numbers"],
    "group.0.profile=[[1,1,1,1],[1,1,1,1]]": ["group.homes.profile: got 2 rows for 20 users"],
    "group.0.profile=[1, -2, 3, 4]": ["profile: value 1", ">= 0"],
    "group.0.utility.a=[1, 2]": ["utility.a", "2 values", "20"],
    'group.0.utility.form="log"': ["utility.form", "quadratic"],
    "group.0.solar.profile=[1, 1]": ["group.homes.solar.profile: got 2 numbers"],
    "group.0.solar.peak=[1, 2]": ["group.homes.solar.peak: got 2 values for 20 users"],
    "group.0.solar.share=1.5": ["solar.share", "<= 1"],
    "group.0.battery.efficiency=0": ["battery.efficiency", "> 0 and <= 1"],
    'group.0.battery.start="full"': ["battery.start", '"cyclic"'],
    "group.0.battery.end=1": ["battery.end: got one with start = 'cyclic'"],
    "group.0.shift.window=[5]": ["shift.window: got [5.0]", "two clock hours from 0 to 24"],
    "group.0.shift.window=[0, 30]": ["shift.window", "from 0 to 24"],
    "group.0.bettery.capacity=3": ["bettery", "unknown key"],
    "group.0.car.vehicle_to_grid=1": ["vehicle_to_grid", "true or false"],
    "group.0.sell=3": ["group.homes.sell", "true or false"],
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_cannot_be_is_refused_in_one_line(written, change):
    check(refusal(lambda: load(written(GOOD), set=[change])), ["my.toml: ", *CHANGES[change]])


@pytest.mark.parametrize("form", set(UTILITIES) - {"quadratic"})
def test_every_other_registered_utility_is_refused_by_its_name_not_by_its_keys(written, form):
    keys = "".join(f", {name} = 2" for name, one in parameters_of(UTILITIES[form]).items() if one.default is REQUIRED)
    path = written(GOOD.replace(QUADRATIC, f'utility = {{ form = "{form}"{keys} }}'))
    check(refusal(lambda: load(path)), [f"my.toml: group.homes.utility.form: got '{form}'; quadratic is needed"])


DRAWN = {
    "group.0.car.energy=100": ["group.homes.car.energy: user ", "needs 100, but can take 91 at most from 18 to 7"],
    "group.0.car.arrive=25": ["group.homes.car.arrive: user ", "has 25", "0 to 24"],
    "group.0.car.leave={ uniform = [30, 40] }": ["group.homes.car.leave: user ", "0 to 24"],
    "group.0.battery.start=20": ["group.homes.battery.start: user ", "has 20 in a battery of"],
}


@pytest.mark.parametrize("change", DRAWN)
def test_a_device_that_cannot_do_what_it_is_to_do_is_refused_when_it_is_drawn(written, change):
    scenario = load(written(GOOD), set=[change])
    check(refusal(lambda: draw(scenario)), ["my.toml: ", *DRAWN[change]])


def test_a_battery_that_cannot_reach_its_level_is_refused(written):
    changes = ["group.0.battery.capacity=100", "group.0.battery.power=1", "group.0.battery.start=0"]
    scenario = load(written(GOOD), set=[*changes, "group.0.battery.end=60"])
    check(refusal(lambda: draw(scenario)), ["battery.end: user ", "goes from 0 to 60 at 1 an hour"])
    draw(load(written(GOOD), set=[*changes, "group.0.battery.end=20"]))
    changes = ["group.0.battery.capacity=100", "group.0.battery.power=0.7", "group.0.battery.efficiency=1"]
    end = math.nextafter(0.7 * 24, math.inf)  # beyond what it can do by rounding alone
    draw(load(written(GOOD), set=[*changes, "group.0.battery.start=0", f"group.0.battery.end={end!r}"]))


def clock_hour(t, hours):
    """The columns of the neighbourhood's day, by the formulas of SOURCE.md."""
    bell = lambda middle, width: np.exp(-(((t - middle) / width) ** 2))  # noqa: E731
    step = lambda middle: 1 / (1 + np.exp(-2 * (t - middle)))  # noqa: E731
    home = 0.4 + 0.4 * bell(7.5, 1.5) + 0.25 * bell(12.5, 2) + 0.9 * bell(19.5, 2.2)
    phi, delta, turn = np.radians(47.4), np.radians(11.6), np.radians(15 * (t - 12))
    sun = np.maximum(np.sin(phi) * np.sin(delta) + np.cos(phi) * np.cos(delta) * np.cos(turn), 1e-3)
    sky = np.where(sun > 0.01, 0.8 * 1.098 * sun * np.exp(-0.059 / sun), 0.0)
    price = 0.12 + 0.03 * np.cos(np.radians(15 * (t - 19.5)))
    return home * hours, sky, hours * (25 + 30 * (step(8) - step(18.5))), price


@pytest.mark.parametrize(("name", "count"), [("street_day", 24), ("thousand_homes", 96)])
def test_the_shipped_profiles_are_those_of_their_formulas(name, count):
    table = load(name).table
    home, sky, shops, price = clock_hour((np.arange(count) + 0.5) * 24 / count, 24 / count)
    (group,) = table["group"]
    np.testing.assert_allclose(group["profile"][0], home, atol=1e-5)
    np.testing.assert_allclose(group["solar"]["profile"][0], sky, atol=1e-5)
    np.testing.assert_allclose(table["background"], shops, atol=1e-4)
    np.testing.assert_allclose(table["price"]["p0"], price, atol=1e-5)
