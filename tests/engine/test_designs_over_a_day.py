"""Designs over a day: what is not carried from one period to the next adds up from periods compared by themselves."""

import json

import pandas as pd
import pytest

from engine import run, save_result
from scenarios import load
from tests.scenarios.refusals import check, refusal

SMALL = """
market = "designs"
tariff = {{ buy = {buy}, sell = 0.4 }}
price = {{ p0 = {p0}, c = 0.05 }}
base_power = 10
alphas = [0{alpha}]
contracts = "multi"
payments = "lmp"
surplus_offset = {offset}
{periods}
network = {{ public = [[0, 1, 0.05, 0.1], [1, 2, 0.02, 0.1], [2, 3, 0.01, 0.05]], private = [[1, 3, 0.02]] }}
[[class]]
name = "roofs"
a = {a}
b = {b}
generation = {generation}
{profile}
[[class]]
name = "others"
a = [0.3, 0.4]
b = [4, 5]
"""
A, B, GENERATION = [0.5, 0.3, 0.4], [3, 4, 5], [6, 1, 5]
WANTS, SUN, BUY, P0 = [0.5, 1.0, 0.0], [0.0, 1.0, 0.6], [2.0, 2.5, 1.8], [0.9, 1.2, 0.5]
FAIR = "aggregators 1"


USUAL = {"buy": 2.0, "p0": 1.0, "alpha": "", "periods": "", "profile": "", "a": A, "b": B, "offset": 0.01}


def written(folder, keys):
    """The small market's file with some other keys."""
    path = folder / "my.toml"
    path.write_text(SMALL.format(**{"generation": GENERATION} | USUAL | keys))
    return path


@pytest.fixture
def found(tmp_path):
    """The result of the small market with other keys."""

    def result(direct=True, **keys):
        return run(written(tmp_path, keys), direct=direct)

    return result


def compared(one, others, names=("surplus", "welfare", "volume", "loss", "grid surplus", "grid supply")):
    """Every design's measures are the sums of others'."""
    for name, design in one.designs.items():
        for measure in names:
            apart = sum(other.designs[name].values[measure] for other in others)
            assert design.values[measure] == pytest.approx(apart, rel=2e-6, abs=1e-6), (name, measure)


@pytest.mark.parametrize("direct", [True, False])
def test_a_day_of_one_period_is_the_period(found, direct):
    alone = found(direct, alpha=", 1")
    day = found(direct, alpha=", 1", periods="periods = { count = 1 }")
    compared(day, [alone])
    for name, design in day.designs.items():
        assert design.gained == pytest.approx(alone.designs[name].gained, rel=1e-5, abs=1e-5), name
        assert (design.values["winners"], design.values["losers"]) == tuple(
            alone.designs[name].values[side] for side in ("winners", "losers")
        )


def test_a_day_is_the_sum_of_its_periods_where_nobody_is_fair_over_all_of_them(found):
    profile = f"profile = {WANTS}\nsun = {SUN}"
    day = found(periods="periods = { count = 3 }", profile=profile, buy=BUY, p0=P0)
    apart = [
        found(
            buy=buy,
            p0=p0,
            a=[a / wants if wants else a for a in A],
            b=[b if wants else 0 for b in B],
            generation=[generation * sun for generation in GENERATION],
        )
        for wants, sun, buy, p0 in zip(WANTS, SUN, BUY, P0, strict=True)
    ]
    compared(day, apart)
    assert day.game.optimum.welfare == pytest.approx(sum(one.game.optimum.welfare for one in apart))


def test_who_is_fair_is_fair_in_the_days_surplus(found):
    """Of two equal periods every player makes the same twice, whatever its alpha, where what is added doubles too."""
    day, alone = found(alpha=", 1", periods="periods = { count = 2 }", offset=0.02), found(alpha=", 1")
    compared(day, [alone, alone])


def test_what_is_told_by_period_adds_up_and_money_is_handed_on(found, tmp_path):
    day = found(False, periods="periods = { count = 3 }", profile=f"profile = {WANTS}\nsun = {SUN}", buy=BUY, p0=P0)
    summary = json.loads(json.dumps(day.summary()))
    assert summary["periods"] == 3
    for name, one in summary["designs"].items():
        for measure in ("volume", "loss", "welfare", "consumption", "grid_supply"):
            told = one["periods"][measure.replace("_", " ")]
            assert len(told) == 3 and sum(told) == pytest.approx(one[measure]), (name, measure)
        assert one["surplus"] + one["grid_surplus"] == pytest.approx(one["welfare"], abs=1e-9)
        assert one["welfare"] <= summary["designs"]["planner"]["welfare"] + 1e-9
    folder = save_result(day, tmp_path)
    table = pd.read_csv(folder / "periods.csv")
    assert table.groupby("design")["volume"].sum()["bilateral"] == pytest.approx(
        summary["designs"]["bilateral"]["volume"]
    )


DAY = "periods = { count = 3 }"
WRONG = {
    "a battery": ({"profile": "battery = { capacity = 5 }"}, "class.roofs.battery: no design of a comparison has batt"),
    "a car": ({"profile": "car = { energy = 5 }", "periods": DAY}, "class.roofs.car: no design of a comparison"),
    "load that shifts": ({"profile": "shift = { movable = 0.2 }"}, 'market = "aggregator"'),
    "a roof": ({"profile": "solar = { peak = 5 }"}, "sun its profile by period"),
    "a profile without periods": ({"profile": "sun = [0, 1, 0]"}, "class.roofs.sun: got one without periods"),
    "too short a profile": ({"profile": "sun = [0, 1]", "periods": DAY}, "3, one for each period, are needed"),
    "rows of others": ({"profile": "sun = [[0, 1, 1], [1, 1, 1]]", "periods": DAY}, "got 2 rows for 3 agents"),
    "a profile below 0": (
        {"profile": "profile = [0, -1, 1]", "periods": DAY},
        "class.roofs.profile: value 1 (counted from 0) is -1",
    ),
    "prices without periods": ({"p0": [1, 2, 3]}, "price.p0: got 3 numbers; one, or a table periods, is needed"),
    "prices of other periods": ({"buy": [1, 2], "periods": DAY}, "tariff.buy: got 2 numbers; one, or 3, one for each"),
    "sells dearer for once": ({"buy": [1, 0.3, 1], "periods": DAY}, "in period 1, sell 0.4 is above buy 0.3"),
    "too many": ({"periods": "periods = { count = 1001 }"}, "periods.count: got 1001"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_a_day_cannot_take_is_refused_in_one_line(tmp_path, name):
    keys, said = WRONG[name]
    path = written(tmp_path, keys)
    check(refusal(lambda: load(path)), [said])
