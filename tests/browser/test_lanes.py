"""What lanes differ by is what a comparison of the command line says, on the page and in the file."""

import csv
import io
import re

import numpy as np
import pytest

from engine import compare
from scenarios import load
from tests.browser.test_parts import ended
from views.browser import lanes, session
from views.browser.compare import as_csv, side_by_side
from views.kit.charts import Line, line_chart
from views.kit.live import Run
from views.style import BEHAVIOURS, DESIGNS, scenario_colours
from views.tables import with_width

CHANGE = ["group.0.fairness.alpha=0.0", "group.1.fairness.alpha=0.0"]
MEASURES = {"price": "price", "total purchases": "quantity", "surplus of all": "welfare", "Jain's index": "jain"}


def test_differences_over_draws_are_those_of_a_comparison(monkeypatch, tmp_path):
    monkeypatch.setattr(session, "SEEDS", 3)
    side = session.Session()
    side.open([Run(load("two_aggregators")), Run(load("two_aggregators", set=CHANGE))])
    side.speed = "as fast as it can"
    side.go_on()
    side.over_seeds()
    ended(side)
    other = tmp_path / "welfare.toml"
    other.write_text(load("two_aggregators", set=CHANGE).to_toml().replace("two_aggregators", "welfare"))
    known = compare(["two_aggregators", other], replications=3, workers=1, progress=False).differences()
    known = {row.measure: (row.mean, row.half_width) for row in known.itertuples()}
    told = {label: cells for label, _, cells in lanes.differences(side.frames, side.others)}
    rows = list(csv.DictReader(io.StringIO(lanes.csv_of(["a", "b"], side.frames, side.others))))
    for label, measure in MEASURES.items():
        mean, half = known[measure]
        assert told[label] == [with_width(mean, half)], label
        (row,) = [row for row in rows if row["scenario"] == "b" and row["measure"] == label]
        assert [float(row[name]) for name in ("difference", "half_width")] == pytest.approx([mean, half], rel=1e-6)
        assert (row["seeds"], row["status"]) == ("3", "settled")
    text = lanes.tables(["a", "b"], side.frames, {"a": "red", "b": "blue"}, side.others)
    assert 'data-name="status"' in text and 'data-name="gap"' in text and "mean of 3 seeds" in text
    wide = [int(more or 1) for more in re.findall(r'<t[hd](?: colspan="(\d)")?>', text)]
    assert sum(wide) == 3 * text.count("<tr")  # what a lane differs by stands below its numbers
    assert re.search(r"settled after \d+ rounds<", text)
    side.close()


def test_what_lanes_differ_by_through_rounding_is_no_difference():
    told = lanes._away(lanes._less_rounding(np.array([6.768 + 1e-15]), np.array([6.768])))
    assert (told, lanes._away(lanes._less_rounding(np.array([6.7681]), np.array([6.768])))) == ("0", "+0.0001")


def test_a_meaning_has_one_colour_whatever_the_lanes():
    fair = scenario_colours(["mine", "all alpha = 0 (welfare)", "all alpha = inf (max-min)"])
    assert fair["all alpha = 0 (welfare)"] == DESIGNS["welfare"] == scenario_colours(["two welfare"])["two welfare"]
    assert fair["all alpha = inf (max-min)"] == DESIGNS["maxmin"] and len(set(fair.values())) == 3
    assert scenario_colours(["behaviour: ad hoc"])["behaviour: ad hoc"] == BEHAVIOURS["ad-hoc"]
    assert scenario_colours(["behaviour: no private trade"])["behaviour: no private trade"] == BEHAVIOURS["none"]


def test_rounds_on_a_logarithm_stand_where_their_logarithm_does():
    chart = line_chart([Line("a", [1, 10, 100, 1000], [1.0, 2.0, 3.0, 4.0], "red")], "y", log_x=True)
    at = np.array([float(x) for x in re.findall(r'<circle cx="([0-9.]+)"', chart)])
    assert np.ptp(np.diff(at)) < 0.3 and ">1,000<" in chart


@pytest.mark.parametrize(("other", "unit"), [("two_nodes_enough", "$/MWh"), ("cournot_duopoly", "money/energy")])
def test_numbers_side_by_side_have_units_that_all_scenarios_share(other, unit):
    side, names = session.Session(), ["two_nodes_wide", other]
    side.open([Run(load(name)) for name in names])
    ended(side)
    told = side_by_side(side.frames, side.runs, names)
    assert not told["panels"] and not told["comparison"] and told["lanes"]  # no empty axes before the first round
    side.step()
    ended(side)
    told = side_by_side(side.frames, side.runs, names)
    assert f"price <small>{unit}" in told["comparison"] and unit in told["panels"][0]["html"]
    assert {row["unit"] for row in csv.DictReader(io.StringIO(as_csv(side, names))) if row["measure"] == "price"} == {
        f"{unit}, mean of buyers"
    }
    side.close()
