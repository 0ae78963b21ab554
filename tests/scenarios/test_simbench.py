"""Profiles of SimBench's files, in a small copy of their form: shares of peaks, quarters, both changes of clocks."""

import numpy as np
import pandas as pd
import pytest

from scenarios import draw, load
from tests.scenarios.refusals import check, refusal
from views.browser import files

DAYS = pd.date_range("2016-03-26", "2016-03-29", freq="15min", tz="Europe/Berlin", inclusive="left")
AUTUMN = pd.date_range("2016-10-30", "2016-10-31", freq="15min", tz="Europe/Berlin", inclusive="left")
SHARES = {"H0-A": np.linspace(0, 1, len(DAYS)), "HLS_A_3.7": np.linspace(1, 0.5, len(DAYS)) ** 2}
SUN = np.clip(np.sin(np.linspace(0, 6 * np.pi, len(DAYS))), 0, None)
LOADS = """id;node;profile;pLoad;qLoad;sR;subnet;voltLvl
LV9 Load 1;LV9 Bus 1;H0-A;0.003;0.0012;0.0033;LV9.101;7
LV9 Load 2;LV9 Bus 2;HLS_A_3.7;0.0074;0.0;0.0074;LV9.101;7
MV1 Load 1;MV1 Bus 4;H0-A;0.08;0.03;0.09;MV1.101;5
LV9 Load 3;LV9 Bus 2;H0-A;0.004;0.0012;0.0033;LV9.101;7
"""
FILE = """market = "aggregator"
periods = {{ count = 24, start = "{start}" }}
price = {{ rule = "affine", p0 = 0.1, c = 0.01 }}
background = {background}
[[group]]
name = "lv"
kind = "aggregator"
profile = {profile}
solar = {{ peak = 4, profile = {solar} }}
utility = {{ a = 1, b = 2 }}
"""
WHOLE = '{ simbench = "grid", subnet = "LV9.101" }'
GOOD = {"background": '{ simbench = "grid", column = "H0-A", peak = 50 }', "profile": WHOLE}
GOOD |= {"solar": '{ simbench = "grid/RESProfile.csv", column = "PV5" }', "start": "2016-03-28"}


def table(times, columns):
    """A file as SimBench writes it."""
    rows = zip(times.strftime("%d.%m.%Y %H:%M"), *columns.values(), strict=True)
    return "\n".join([";".join(["time", *columns]), *(";".join(map(str, row)) for row in rows), ""])


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder of SimBench, beside a scenario."""
    folder = tmp_path_factory.mktemp("beside")
    grid = folder / "grid"
    grid.mkdir()
    both = {f"{name}_{way}load": sign * share for name, share in SHARES.items() for way, sign in (("q", -1), ("p", 1))}
    (grid / "LoadProfile.csv").write_text(table(DAYS, both))
    (grid / "RESProfile.csv").write_text(table(DAYS, {"PV5": SUN, "WP1": 1 - SUN}))
    (grid / "Load.csv").write_text(LOADS)
    (grid / "autumn.csv").write_text(table(AUTUMN, {"H0-A_pload": np.arange(len(AUTUMN)) / 100}))
    (grid / "StorageProfile.csv").write_text(table(DAYS, {"Storage_PV1_H0-A": SUN}))
    (grid / "letters.csv").write_text(table(DAYS[:96], {"H0-A_pload": ["x"] * 96}))
    return folder


def written(folder, **changes):
    path = folder / "mine.toml"
    path.write_text(FILE.format(**GOOD | changes))
    return path


def hourly(values):
    return np.asarray(values).reshape(24, 4).mean(axis=1)


def test_a_subnets_loads_are_homes_with_their_peaks_and_roofs_have_shares(folder):
    scenario = load(written(folder))
    last = slice(len(DAYS) - 96, None)
    first, car = (hourly(SHARES[name][last]) for name in SHARES)
    np.testing.assert_allclose(scenario.table["background"], 50 * first)
    (group,) = scenario.table["group"]
    assert group["users"] == 3
    np.testing.assert_allclose(group["profile"], [3 * first, 7.4 * car, 4 * first])
    np.testing.assert_allclose(group["solar"]["profile"], [hourly(SUN[last])])
    said = " | ".join(scenario.table["read"])
    assert "SimBench, 3 loads of LV9.101, peak 3 to 7.4 kW" in said and "2016-03-28 of 3 days" in said
    block = draw(scenario, 0).game.blocks[0]
    np.testing.assert_allclose(block.parts["solar"].energy(scenario.clock), np.tile(4 * hourly(SUN[last]), (3, 1)))


def test_columns_are_chosen_by_name_from_the_file_itself(folder):
    several = '{ simbench = "grid/LoadProfile.csv", column = ["HLS_A_3.7", "H0-A", "HLS_A_3.7"], peak = [2, 3, 1] }'
    (group,) = load(written(folder, profile=several)).table["group"]
    last = slice(len(DAYS) - 96, None)
    home, car = (hourly(SHARES[name][last]) for name in SHARES)
    np.testing.assert_allclose(group["profile"], [2 * car, 3 * home, car])


def test_days_of_23_and_25_hours_are_told(folder):
    assert "2016-03-27 has 23 hours" in " ".join(load(written(folder, start="2016-03-27")).table["read"])
    one = {"background": '{ simbench = "grid/autumn.csv", column = "H0-A" }', "start": "2016-10-30"}
    path = folder / "autumn.toml"
    path.write_text(FILE.format(**GOOD | one).partition("profile")[0] + "users = 1\nutility = { a = 1, b = 2 }\n")
    scenario = load(path)
    assert "2016-10-30 has 25 hours" in " ".join(scenario.table["read"])
    np.testing.assert_allclose(scenario.table["background"][2], np.mean(np.arange(8, 16)) / 100)


WRONG = {
    "no such folder": ("profile", '{ simbench = "nowhere", subnet = "LV9.101" }', "the folder in which Load.csv lies"),
    "no such file": ("profile", '{ simbench = "nowhere", column = "H0-A" }', "cannot read 'nowhere'"),
    "a subnet of a file": ("profile", '{ simbench = "grid/LoadProfile.csv", subnet = "LV9.101" }', "the folder"),
    "another subnet": ("profile", '{ simbench = "grid", subnet = "LV9.102" }', 'did you mean "LV9.101"'),
    "a subnet that is a number": ("profile", '{ simbench = "grid", subnet = 9 }', "no load in subnet 9"),
    "another profile": ("profile", '{ simbench = "grid", column = "H0-B" }', 'did you mean "H0-A"'),
    "a reactive one": ("profile", '{ simbench = "grid", column = "H0-A_qload" }', "has no profile 'H0-A_qload'"),
    "roofs for loads": (
        "profile",
        '{ simbench = "grid/RESProfile.csv", column = "PV5" }',
        "not SimBench's LoadProfile",
    ),
    "loads for roofs": ("solar", '{ simbench = "grid/LoadProfile.csv", column = "H0-A" }', "not SimBench's RESProfile"),
    "loads' numbers": ("profile", '{ simbench = "grid/Load.csv", column = "H0-A" }', "a column 'time' is needed"),
    "storage": ("background", '{ simbench = "grid/StorageProfile.csv", column = "PV1" }', "end in _pload"),
    "a roof's peak": ("solar", '{ simbench = "grid", column = "PV5", peak = 3 }', "the peak stands beside the profile"),
    "no column": ("profile", '{ simbench = "grid" }', 'column = "H0-A"'),
    "both": ("profile", '{ simbench = "grid", column = "H0-A", subnet = "LV9.101" }', "is needed, or"),
    "a peak of a subnet": ("profile", '{ simbench = "grid", subnet = "LV9.101", peak = 3 }', "is needed, or"),
    "a peak below 0": ("profile", '{ simbench = "grid", column = "H0-A", peak = -1 }', "a number of kW from 0 on"),
    "a peak without end": ("profile", '{ simbench = "grid", column = "H0-A", peak = inf }', "a number of kW from 0 on"),
    "peaks for others": ("profile", '{ simbench = "grid", column = "H0-A", peak = [1, 2] }', "one for each column"),
    "a peak in words": ("profile", '{ simbench = "grid", column = "H0-A", peak = "3" }', "a number of kW from 0 on"),
    "no names": ("profile", '{ simbench = "grid", column = [] }', "a profile's name"),
    "a number for a name": ("profile", '{ simbench = "grid", column = 3 }', "a profile's name"),
    "a number for a folder": ("profile", '{ simbench = 3, column = "H0-A" }', "the path of a CSV file is needed"),
    "another key": ("profile", '{ simbench = "grid", column = "H0-A", unit = "MW" }', "is needed, or"),
    "letters": ("background", '{ simbench = "grid/letters.csv", column = "H0-A" }', "row 2 of grid/letters.csv"),
    "another year": ("start", "2017-01-01", "2017-01-01 is not among its whole days"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_cannot_be_used_is_refused_in_one_line(folder, name):
    key, value, said = WRONG[name]
    path = written(folder, **{key: value})
    check(refusal(lambda: load(path)), [said])


def test_a_price_is_no_profile(folder):
    path = folder / "price.toml"
    content = FILE.format(**GOOD).replace("p0 = 0.1", 'p0 = { simbench = "grid", column = "PV5" }')
    path.write_text(content)
    check(refusal(lambda: load(path)), ["price.p0"])


def test_the_page_types_no_folder_either(folder):
    scenario = load(written(folder))
    with pytest.raises(ValueError, match="a file is not typed here"):
        files.check({"simbench": "/etc", "column": "passwd"}, SeriesKey, scenario)


class SeriesKey:
    """A key that takes numbers by period."""

    path = name = "background"
