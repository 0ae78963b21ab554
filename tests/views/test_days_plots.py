"""Pictures of days: what they show adds up to the load, whatever homes have, and days without contrast are drawn."""

import re
from itertools import pairwise

import numpy as np
import pytest
from matplotlib.patches import StepPatch

from engine import compare, run
from engine.results.days import Standing
from views.days import hours, look
from views.days.day import day
from views.days.flexibility import flexibility
from views.days.one_home import one_home
from views.days.price_duration import price_duration
from views.days.words import comparison_notes
from views.pictures import pictures

HEAD = """title = "t"
market = "aggregator"
source = "test"
seed = 1
price = { rule = "affine", p0 = 0.5, c = 0.1 }
"""
GROUP = '[[group]]\nname = "homes"\nkind = "%s"\nusers = 4\nutility = { a = 1, b = { uniform = [2, 5] } }\n'
DEVICES = """battery = { share = 0.5, capacity = 2, power = 1, efficiency = 0.9 }
solar = { share = 0.5, peak = 3, profile = [0, 1, 0.5, 0] }
car = { share = 0.5, energy = 1, power = 1, arrive = 2, leave = 1, vehicle_to_grid = true, capacity = 3 }
shift = { share = 0.5, movable = 0.3, comfort = 0.1, window = [0, 4] }
"""
FOUR = "periods = { count = 4 }\nbackground = [1, -2, 0.5, 3]\n"
MARKETS = {
    "devices": HEAD + FOUR + GROUP % "aggregator" + DEVICES,
    "two days": HEAD + FOUR.replace("4", "4, days = 2", 1) + GROUP % "direct" + DEVICES,
    "no devices": HEAD + "periods = { count = 4 }\n" + GROUP % "direct",
    "one period": HEAD + "periods = { count = 1 }\n" + GROUP % "aggregator",
    "nobody wants anything": HEAD + "periods = { count = 3, hours = 8 }\n" + GROUP % "direct" + "profile = [0, 0, 0]\n",
    "a fleet": HEAD.replace("affine", "linear").replace("p0 = 0.5, ", "") + FOUR + GROUP % "direct" + DEVICES,
}
SINGLE = {"convergence", "day", "home", "price_duration"}


@pytest.fixture
def played(tmp_path):
    def play(name, **options):
        path = tmp_path / f"{name.replace(' ', '_')}.toml"
        path.write_text(MARKETS[name])
        return run(path, **options)

    return play


@pytest.mark.share
@pytest.mark.parametrize("name", MARKETS)
def test_every_run_is_drawn(played, tmp_path, name):
    made = pictures(played(name), tmp_path)
    whole = SINGLE | ({"levels", "flexibility"} if "devices = " in name or "battery" in MARKETS[name] else set())
    assert {file.stem for file in made} == whole
    assert all(file.stat().st_size > 1000 for file in made)


def areas(axes):
    """Heights of the areas above and below the axis, summed by period, and the line drawn over them."""
    steps = [patch.get_data() for patch in axes.patches if isinstance(patch, StepPatch)]
    filled = [(values, base) for values, _, base in steps if base is not None]
    line = [values for values, _, base in steps if base is None]
    assert len(line) == 1
    return sum(values - base for values, base in filled), line[0], filled


@pytest.mark.parametrize("name", ["devices", "two days", "a fleet"])
def test_areas_add_up_to_the_load(played, name):
    result = played(name, direct=True)
    heights, line, filled = areas(day(result).axes[1])
    np.testing.assert_allclose(heights, line, atol=1e-8)
    np.testing.assert_allclose(line, result.outcome.joined("load"))
    for (below, _), (_, above) in pairwise(filled):
        assert np.allclose(below, above) or not np.any(above)  # each area stands on the one before


@pytest.mark.parametrize("user", range(4))
def test_a_homes_areas_add_up_to_what_it_buys(played, user):
    result = played("devices", direct=True)
    heights, line, _ = areas(one_home(result, user).axes[1])
    np.testing.assert_allclose(heights, line, atol=1e-8)
    np.testing.assert_allclose(line, result.outcome.joined("z")[user])


def test_the_home_shown_has_most_devices(played):
    result = played("devices", direct=True)
    count = np.zeros(4)
    for part in result.game.blocks[0].parts.values():
        count[part.users] += 1
    assert count[result.home_shown] == count.max()


def test_the_duration_curve_falls_through_all_prices(played):
    result = played("devices", direct=True)
    played_prices, still = (patch.get_data().values for patch in price_duration(result).axes[0].patches)
    assert sorted(played_prices) == sorted(result.outcome.joined("price"))
    assert np.all(np.diff(played_prices) <= 0)
    assert np.all(np.diff(still) <= 0)


def test_flexibility_is_shown_beside_the_idle_day(played):
    result = played("devices", direct=True)
    price, load, have, have_not = flexibility(result).axes
    idle, now = (patch.get_data().values for patch in load.patches)
    np.testing.assert_allclose(now, result.outcome.joined("load"))
    np.testing.assert_allclose(idle, result.idle.joined("load"))
    assert not np.allclose(idle, now)
    worth = (result.outcome.s - result.idle.s).sum()
    baseline = sum(o.alone.sum() for o in result.outcome.outcomes) - sum(o.alone.sum() for o in result.idle.outcomes)
    assert result.flexibility.sum() == pytest.approx(worth + baseline)
    assert sum(bar.get_height() for axes in (have, have_not) for bar in axes.patches) == 4
    assert len(price.patches) == 2


def test_comparisons_are_drawn_with_paired_differences(played, tmp_path):
    for name in ("devices", "no devices"):
        (tmp_path / f"{name.replace(' ', '_')}.toml").write_text(MARKETS[name])
    paths = [tmp_path / "devices.toml", tmp_path / "no_devices.toml"]
    comparison = compare(paths, replications=2, direct=True, progress=False, workers=1)
    made = {file.stem for file in pictures(comparison, tmp_path)}
    assert made == {"surplus", "bills", "peak", "spread", "self_consumption", "jain", "differences"}
    _, names, row = comparison_notes(comparison).splitlines()  # of the one that has anything flexible
    runs = [run(paths[0], replication=k, direct=True) for k in range(2)]
    others = [float(one.flexibility[~one.is_flexible].sum()) for one in runs]
    owners = [float(one.flexibility[one.is_flexible].sum()) for one in runs]
    assert row.startswith(comparison.names[0]) and "others, in all" in names
    found = [float(part.partition(" ±")[0]) for part in re.split(r" {2,}", row)[1:3]]
    np.testing.assert_allclose(found, [np.mean(owners), np.mean(others)], rtol=0.1, atol=5e-3)


def test_what_is_fed_in_stands_below_the_axis():
    parts = look.amounts(
        dict.fromkeys(("consumption", "shifted", "car", "charged", "solar", "discharged"), 0.0), np.array([1.0, -2.0])
    )
    np.testing.assert_array_equal(parts["background"], [1, 0])
    np.testing.assert_array_equal(parts["fed in"], [0, 2])


@pytest.mark.parametrize("name", ["devices", "two days", "a fleet", "no devices", "nobody wants anything"])
def test_what_is_told_of_each_hour_adds_up(played, name):
    result = played(name, direct=True)
    outcome = result.outcome
    for user in range(result.game.users):
        found = hours.moments(Standing(result.game, outcome), user)
        assert len(found.labels) == result.game.periods
        every, one = ({one.label: np.array(one.values) for one in rows} for rows in found.readings.values())
        np.testing.assert_allclose(balance(every), every["load"], atol=1e-7)
        np.testing.assert_allclose(every["price"], outcome.joined("price"))
        np.testing.assert_allclose(balance(one), one["bought"], atol=1e-7)
        assert one["pays"].sum() == pytest.approx(outcome.bills[user])


def balance(told):
    """What is taken less what is given, by period."""
    gives = ("solar", "batteries give", "fed in by others")
    takes = ("everybody else", "consumption", "cars take", "batteries charge")
    return sum(told.get(name, 0.0) for name in takes) - sum(told.get(name, 0.0) for name in gives)


def test_hours_are_called_by_clock_and_day(played):
    result = played("two days", direct=True)
    found = hours.moments(Standing(result.game, result.outcome), 0)
    assert found.labels[:2] == ("day 1, 00:00 – 01:00", "day 1, 01:00 – 02:00")
    assert found.labels[-1] == "day 2, 03:00 – 04:00"
