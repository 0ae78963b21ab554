"""Smart meters' CSV files as people have them: recognised, converted and told in one line, or refused in one line."""

import codecs
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from engine import run
from scenarios import draw, load
from tests.scenarios.refusals import check, refusal

FILE = """market = "aggregator"
periods = {{ count = {count}, hours = {hours}, days = {days}{more} }}
price = {{ rule = "affine", p0 = 0.1, c = 0.01 }}
background = {background}
[[group]]
name = "mine"
kind = "direct"
users = 1
utility = {{ a = 1, b = 2 }}
"""


@pytest.fixture
def told(tmp_path):
    """(background by period, what was told) of a scenario beside a CSV file."""

    def read(text, column="kWh", count=24, hours=1.0, days=1, more="", form=None, encoding="utf-8"):
        (tmp_path / "meter.csv").write_bytes(text.encode(encoding) if isinstance(text, str) else text)
        background = form or f'{{ csv = "meter.csv", column = "{column}" }}'
        content = FILE.format(count=count, hours=hours, days=days, more=more, background=background)
        (tmp_path / "my.toml").write_text(content)
        scenario = load(tmp_path / "my.toml")
        return np.array(scenario.table["background"]), " | ".join(scenario.table.get("read", ()))

    return read


def table(begin, periods, minutes, values, zone=None, shown="%Y-%m-%d %H:%M", column="kWh", ends=False):
    """A meter's file: stamps of a local clock, and values."""
    stamps = pd.date_range(begin, periods=periods, freq=f"{minutes}min", tz=zone)
    stamps = stamps + pd.Timedelta(minutes=minutes) if ends else stamps
    texts = [stamp.isoformat() for stamp in stamps] if shown == "iso" else stamps.strftime(shown)
    return "\n".join([f"time,{column}", *(f"{text},{value}" for text, value in zip(texts, values, strict=True))])


HOURS = np.round(1 + np.sin(np.arange(24)), 3)
QUARTERS = np.round(0.5 + 0.4 * np.cos(np.arange(96)), 3)


def test_hours_for_hours_are_taken_as_they_are(told):
    values, said = told(table("2024-05-01", 24, 60, HOURS))
    assert np.array_equal(values, HOURS) and said == "background: meter.csv: 2024-05-01"


def test_quarters_are_added_up_and_power_becomes_energy(told):
    values, said = told(table("2024-05-01", 96, 15, QUARTERS))
    np.testing.assert_allclose(values, QUARTERS.reshape(24, 4).sum(axis=1))
    assert "15 minutes added up to 60" in said
    values, said = told(table("2024-05-01", 96, 15, QUARTERS, column="P (kW)"), column="P (kW)")
    np.testing.assert_allclose(values, QUARTERS.reshape(24, 4).mean(axis=1))
    assert "kW taken as kWh" in said
    values, said = told(table("2024-05-01", 96, 15, QUARTERS * 1000, column="Wh"), column="Wh")
    np.testing.assert_allclose(values, QUARTERS.reshape(24, 4).sum(axis=1))
    assert "Wh taken as kWh" in said


def test_hours_are_spread_over_quarters(told):
    values, said = told(table("2024-05-01", 24, 60, HOURS), count=96, hours=0.25)
    np.testing.assert_allclose(values, np.repeat(HOURS / 4, 4))
    assert "60 minutes spread evenly over 15 each" in said


def test_semicolons_decimal_commas_and_a_mark_of_bytes(told):
    text = table("2024-05-01", 24, 60, HOURS, shown="%d.%m.%Y %H:%M").replace(",", ";").replace(".", ",")
    text = "\n".join(line.replace(",2024", ".2024").replace(",05.", ".05.") for line in text.splitlines())
    assert "01.05.2024 00:00;1,0" in text
    values, said = told(codecs.BOM_UTF8 + text.replace("\n", "\r\n").encode())
    assert np.array_equal(values, HOURS)
    assert "semicolons; decimal commas" in said
    values, _ = told(text.replace("time;kWh", "Datum;kWh"))
    assert np.array_equal(values, HOURS)


def test_date_and_clock_in_two_columns(told):
    lines = table("2024-05-01", 24, 60, HOURS, shown="%d.%m.%Y;%H:%M").replace(",", ";").splitlines()
    values, _ = told("\n".join(["Datum;Uhrzeit;kWh", *lines[1:]]))
    assert np.array_equal(values, HOURS)


def test_stamps_at_the_ends_are_turned_back(told):
    values, said = told(table("2024-05-01", 96, 15, QUARTERS, ends=True))
    np.testing.assert_allclose(values, QUARTERS.reshape(24, 4).sum(axis=1))
    assert "stamped at ends" in said
    text = table("2024-05-01", 24, 60, HOURS, ends=True).replace("time,", "bis,")
    assert np.array_equal(told(text)[0], HOURS)


@pytest.mark.parametrize("shown", ["%Y-%m-%d %H:%M", "iso"])
@pytest.mark.parametrize("ends", [False, True])
def test_days_of_23_and_25_hours(told, shown, ends):
    spring = np.arange(92.0) + 1
    values, said = told(table("2024-03-31", 92, 15, spring, "Europe/Zurich", shown, ends=ends))
    summed = spring.reshape(23, 4).sum(axis=1)
    assert np.array_equal(np.delete(values, 2), summed)
    assert values[2] == pytest.approx(4 * (spring[7] + spring[8]) / 2)
    assert "2024-03-31 has 23 hours" in said
    autumn = np.arange(100.0) + 1
    values, said = told(table("2024-10-27", 100, 15, autumn, "Europe/Zurich", shown, ends=ends))
    summed = autumn.reshape(25, 4).sum(axis=1)
    assert np.array_equal(np.delete(values, 2), np.delete(summed, [2, 3]))
    assert values[2] == pytest.approx((summed[2] + summed[3]) / 2)
    assert "2024-10-27 has 25 hours" in said


@pytest.mark.parametrize(
    ("date", "ends"), [("2024-03-31", [1, 2, *range(4, 25)]), ("2024-10-27", [1, 2, 3, *range(3, 25)])]
)
def test_ends_that_show_the_clock_before_it_jumps(told, date, ends):
    stamps = [f"{date} {k:02d}:00" if k < 24 else f"{np.datetime64(date) + np.timedelta64(1, 'D')} 00:00" for k in ends]
    values = np.arange(float(len(ends))) + 1
    found, said = told("\n".join(["time,kWh", *(f"{one},{value}" for one, value in zip(stamps, values, strict=True))]))
    assert f"{date} has {len(ends)} hours" in said and "stamped at ends" in said
    kept = np.delete(values, [2, 3]) if len(ends) == 25 else values
    assert np.array_equal(np.delete(found, 2), kept)


def test_stamps_of_world_time_are_told_in_a_zone(told):
    text = table("2024-07-01", 48, 60, np.arange(48.0), "UTC", "%Y-%m-%dT%H:%M:%SZ")
    assert told(text)[0][0] == 0
    values, said = told(text, more=', zone = "Europe/Zurich"')
    assert np.array_equal(values, np.arange(24.0) + 22) and "in Europe/Zurich" in said and "2024-07-02" in said


def test_days_are_chosen_by_their_date(told):
    text = table("2024-05-01 12:00", 24 * 5, 60, np.arange(120.0))
    values, said = told(text, days=2, more=', start = "2024-05-03"')
    assert np.array_equal(values, np.arange(48.0) + 36)
    assert "2024-05-03 to 2024-05-04 of 4 days" in said
    values, said = told(text)
    assert np.array_equal(values, np.arange(24.0) + 12)


def test_what_is_told_of_a_year_is_told_whole(told):
    text = table("2024-01-01", 366 * 96, 15, np.arange(366 * 96.0), "Europe/Zurich", column="kW")
    values, said = told(text, "kW", days=330, more=', start = "2024-02-01"')
    assert len(values) == 330 * 24
    for part in ("2024-02-01 to 2024-12-26 of 366 days", "31 has 23 hours", "27 has 25 hours", "15 minutes added up"):
        assert part in said
    assert all(line.startswith("background: meter.csv: ") for line in said.split(" | "))


def test_a_file_without_stamps_is_rows_in_order(told):
    values, said = told("\n".join(["kWh", *map(str, HOURS)]))
    assert np.array_equal(values, HOURS) and said == ""
    values, said = told("\n".join(["hour,kW", *(f"{k},{value}" for k, value in enumerate(QUARTERS))]), "kW", 96, 0.25)
    np.testing.assert_allclose(values, QUARTERS / 4)
    values, _ = told("\n".join(["x", *map(str, HOURS)]), form='{ csv = "meter.csv", column = "x", unit = "MW" }')
    np.testing.assert_allclose(values, HOURS * 1000)


def gap(text, row):
    lines = text.splitlines()
    return "\n".join(lines[:row] + lines[row + 1 :])


GOOD = table("2024-05-01", 24, 60, HOURS)
REFUSED = {
    "gap": (gap(GOOD, 5), {}, ["row 6 of meter.csv", "2024-05-01 05:00", "(a gap)"]),
    "twice": (GOOD.replace("05:00", "04:00"), {}, ["row 7 of meter.csv", "again"]),
    "back": (GOOD.replace("05:00", "01:00"), {}, ["row 7 of meter.csv", "(out of order)"]),
    "blank": (GOOD.replace(f"05:00,{HOURS[5]}", "05:00,"), {}, ["column kWh, row 7", "blank"]),
    "word": (GOOD.replace(f"05:00,{HOURS[5]}", "05:00,n/a"), {}, ["column kWh, row 7", "'n/a'"]),
    "no number": (GOOD.replace(f"05:00,{HOURS[5]}", "05:00,nan"), {}, ["row 7 of meter.csv", "is nan"]),
    "stamp": (GOOD.replace("2024-05-01 05:00", "yesterday"), {}, ["row 7 of meter.csv", "'yesterday'", "a time stamp"]),
    "short": (gap(GOOD, 24), {}, ["no whole day of 24 hours"]),
    "another day": (GOOD, {"more": ', start = "2024-06-01"'}, ["2024-06-01 is not among", "2024-05-01"]),
    "start": (GOOD, {"more": ', start = "June"'}, ["periods.start", "'June'"]),
    "zone": (GOOD, {"more": ', zone = "Europe/Zürch"'}, ["periods.zone", "Europe/Zurich"]),
    "days": (table("2024-05-01", 48, 60, np.arange(48)), {"days": 3}, ["2 whole days", "3 are needed"]),
    "unit": (table("2024-05-01", 96, 15, QUARTERS, column="x"), {"column": "x"}, ["does not say kW or kWh"]),
    "column": (GOOD, {"column": "kwH"}, ["0 columns 'kwH'", "kWh"]),
    "key": (GOOD, {"form": '{ csv = "meter.csv", column = "kWh", units = "kW" }'}, ["unit = "]),
    "steps": (table("2024-05-01", 36, 40, np.arange(36)), {}, ["rows of 0.666667 hours for periods of 1"]),
    "order of dates": (table("2024-05-01", 24, 60, HOURS, shown="%m/%d/%Y %H:%M"), {}, ["may be a day or a month"]),
    "other letters": (GOOD.replace("time", "Zähler"), {"encoding": "latin-1"}, ["not UTF-8"]),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_what_cannot_be_read_is_refused_in_one_line(told, kind):
    text, options, said = REFUSED[kind]
    check(refusal(lambda: told(text, **options)), ["my.toml: ", *said])


def test_a_hole_at_any_other_time_is_no_change_of_clocks(told):
    for begin in ("2024-03-31 10:00", "2024-04-01"):  # a Sunday's late morning, a Monday's night
        text = gap(table(begin, 60, 60, np.arange(60.0)), 4)
        check(refusal(lambda text=text: told(text)), ["(a gap)"])


def test_own_meters_run_in_ten_lines(tmp_path):
    own = Path(__file__).parents[2] / "examples" / "own_meters.toml"
    assert len(own.read_text(encoding="utf-8").splitlines()) == 10
    scenario = load(own)
    (block,) = draw(scenario).game.blocks
    assert block.users == 3 and len(block.parts["battery"].users) == 2
    text = own.with_suffix(".csv").read_text(encoding="utf-8").splitlines()
    rows = [[float(cell.replace(",", ".")) for cell in line.split(";")[1:]] for line in text[97:]]
    meters = np.array(rows).reshape(24, 4, 3).sum(axis=1)
    np.testing.assert_allclose(block.parts["consumption"].profile, meters.T)
    result = run(scenario, direct=True)
    (said,) = result.summary()["read"]
    assert result.status == "solved"
    for part in ("semicolons; decimal commas", "15 minutes added up to 60", "2024-05-02 of 2 days"):
        assert part in said
    again = tmp_path / "again.toml"
    again.write_text(scenario.to_toml())
    assert load(again, set=['name="own_meters"']) == scenario
    assert load(scenario, set=["price.c=0.002"]).table["read"] == scenario.table["read"]
    document = (own.parents[1] / "docs" / "days" / "your-own-data.md").read_text(encoding="utf-8")
    assert document.partition("```toml\n")[2].partition("```")[0] == own.read_text(encoding="utf-8").partition("\n")[2]


def hourly(shown):
    """24 stamps of a summer's day as a portal shows them."""
    return [shown(hour % 12 or 12, "AM" if hour < 12 else "PM") for hour in range(24)]


def test_clocks_of_twice_twelve_hours(told):
    days = [f"7/{day}/2024 {clock}" for day in (14, 15) for clock in hourly(lambda hour, half: f"{hour}:00 {half}")]
    text = "\n".join(["Interval Start,Usage (kWh)", *map("{},{}".format, days, [*HOURS, *HOURS + 1])])
    values, said = told(text, column="Usage (kWh)")
    assert np.array_equal(values, HOURS) and "2024-07-14 of 2 days" in said
    clocks = hourly(lambda hour, half: f"{hour:02d}:00 {half.lower()}")
    rows = map("Electric,07/14/2024,{},{},$0.12,".format, clocks, HOURS)
    text = "\n".join(["TYPE,DATE,START TIME,USAGE (kWh),COST,NOTES", *rows])
    values, said = told(text, form='{ csv = "meter.csv" }')
    assert np.array_equal(values, HOURS) and "left out, no numbers: TYPE, COST, NOTES" in said


def test_what_a_dial_shows_is_no_energy_of_an_hour(told):
    readings = table("2024-05-01", 24, 60, 10_234 + np.cumsum(HOURS))
    check(refusal(lambda: told(readings)), ["column 'kWh'", "only rises"])
    rising = np.linspace(0.5, 2, 24)  # a load that rises all day stands where it did
    assert np.array_equal(told(table("2024-05-01", 24, 60, rising))[0], rising)


@pytest.mark.parametrize("clock", ["13:00 PM", "0:30 AM", "1:00 XM"])
def test_a_clock_that_nobody_has_is_refused(told, clock):
    text = f"time,kWh\n2024-07-14 {clock},1\n2024-07-14 23:00,1\n"
    check(refusal(lambda: told(text)), ["row 2 of meter.csv", clock])


def test_zones_by_their_letters_are_those_of_their_offsets(told):
    stamps = pd.date_range("2024-11-03", "2024-11-04", freq="h", tz="America/New_York", inclusive="left")
    values = np.arange(len(stamps)) / 10
    rows = [f"{stamp:%Y-%m-%d %H:%M} {stamp:%Z},{value}" for stamp, value in zip(stamps, values, strict=True)]
    found, said = told("\n".join(["time,kWh", *rows]))
    offsets = [f"{stamp.isoformat()},{value}" for stamp, value in zip(stamps, values, strict=True)]
    np.testing.assert_array_equal(found, told("\n".join(["time,kWh", *offsets]))[0])
    assert "EDT taken as -04:00" in said and "EST taken as -05:00" in said and "25 hours" in said


def test_a_column_that_does_not_say_its_unit_is_named(told):
    text = table("2024-05-01", 96, 15, QUARTERS).replace("kWh", "load")
    check(refusal(lambda: told(text, column="load")), ["column 'load' does not say kW or kWh"])


ONE_HOME = FILE.replace("users = 1\n", 'profile = {{ csv = "meter.csv"{column} }}\n')


def test_one_meter_is_one_home_and_a_word_among_numbers_is_refused(tmp_path):
    def scenario(text, column=""):
        (tmp_path / "meter.csv").write_text(text)
        words = {"count": 24, "hours": 1.0, "days": 1, "more": "", "background": 0, "column": column}
        (tmp_path / "my.toml").write_text(ONE_HOME.format(**words))
        return load(tmp_path / "my.toml")

    with_status = "time;kWh;Status\n" + "".join(f"{hour:02d}:00;{HOURS[hour]};W\n" for hour in range(24))
    (group,) = scenario(with_status).table["group"]
    assert group["users"] == 1
    np.testing.assert_allclose(group["profile"], [HOURS])
    check(refusal(lambda: scenario(with_status.replace(f"05:00;{HOURS[5]}", "05:00;none"))), ["column kWh, row 7"])
    check(refusal(lambda: scenario(with_status.replace("03:00;" + f"{HOURS[3]};W", f"03:00;{HOURS[3]};1"))), ["Status"])
    check(refusal(lambda: scenario(with_status, ', column = "kWh"')), ["users: is missing"])
