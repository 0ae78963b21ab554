"""Case files of MATPOWER: what is read of them against their own formulas, and one line for each way to break one."""

from itertools import accumulate, pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scenarios.grid import nodal_tables
from scenarios.grid.matpower_case import table_of_case
from scenarios.reading.errors import Place, ScenarioError
from tests.shares import part_of

HERE = Place("my.m", Path())
FIVE = Path(__file__).parents[2] / "examples" / "five_bus.m"
CASE = """function mpc = my
%% a percent sign in a comment, and a ]; too
mpc.version = '2';  mpc.baseMVA = 50;
mpc.bus = [  % number type Pd Qd Gs
\t7\t3\t10\t0\t2\t0\t1\t1\t0\t230\t1\t1.1\t0.9;
\t30 1 -4 0 0 0 1 1 0 230 1 1.1 0.9; 5, 2, 8, 0, 0, 0, 1, 1, 0, 230, 1, 1.1, 0.9
\t9\t4\t99\t0\t0\t0\t1\t1\t0\t230\t1\t1.1\t0.9;
];
mpc.gen = [
\t7 0 0 Inf -Inf 1 100 1 60 10;
\t7 0 0 0 0 1 100 1 40 0;
\t5 0 0 0 0 1 100 1 0 -20;
\t5 0 0 0 0 1 100 0 500 0;
\t9 0 0 0 0 1 100 1 500 0;
];
mpc.branch = [
\t7 30 0.01 0.2 0 80 0 0 0.9 30 1 -360 360;
\t30 5 0.01 -0.1 0 0 0 0 0 0 1 -30 30;
\t5 7 0 1d-1 0 12.5 0 0 ...
\t  1 0 1 0 0;
\t5 7 0 0.1 0 12.5 0 0 0 0 0 0 0;
\t5 9 0 0.1 0 12.5 0 0 0 0 1 0 0;
];
mpc.gencost = [
\t2 0 0 3 0.1 20 5 0 0 0;
\t1 0 0 3 0 0 10 100 40 700;
\t2 0 0 3 0.5 30 0 0 0 0;
\t2 0 0 1 7 0 0 0 0 0;
\t2 0 0 2 1 0 0 0 0 0;
];
mpc.bus_name = {
\t'one; 50% of it';
\t'two'
};
mpc.if.map = [1 1];
"""


def read(text):
    return table_of_case(text.encode(), HERE)


def test_a_case_becomes_the_table_of_a_scenario_file():
    found = read(CASE)
    assert found["base_power"] == 50
    # A shunt is demand; so is what the third generator can take in.
    assert found["node"] == [{"name": "7", "demand": 12}, {"name": "30", "demand": -4}, {"name": "5", "demand": 28}]
    assert found["line"] == [
        {"from": "7", "to": "30", "x": 0.2, "limit": 80, "ratio": 0.9, "shift": 30},
        {"from": "30", "to": "5", "x": -0.1},
        {"from": "5", "to": "7", "x": 0.1, "limit": 12.5},
    ]
    assert found["generator"] == [
        {"node": "7", "capacity": 60, "cost": 20, "rise": 0.2, "least": 10},
        {"node": "7", "capacity": 10, "cost": 10, "name": "g2"},
        {"node": "7", "capacity": 30, "cost": 20, "name": "g2"},
        {"node": "5", "capacity": 20, "cost": 10, "rise": 1},
    ]
    assert found["fixed_cost"] == 5 + (0.5 * 400 - 30 * 20)
    told = ["1 isolated bus, with all that is there", "limits on the angle of 1 branch", "the table if.map"]
    assert found["left_out"] == told


def test_the_first_format_is_read_too():
    tables = CASE.replace("mpc.", "").replace("function mpc = my", "function [baseMVA, bus, gen, branch, gencost] = my")
    assert read(tables.replace("version = '2';", "").replace("if.map", "ifmap"))["line"] == read(CASE)["line"]


def test_the_example_is_the_shipped_five_bus():
    place = Place("my.toml", FIVE.parent)
    mine, shipped = (nodal_tables.read_network({"case": case}, place) for case in (FIVE.name, "five_bus"))
    one, other = (nodal_tables.grid_of(table, place) for table in (mine, shipped))
    for part in ("lines", "generators"):
        for name, column in vars(getattr(one, part)).items():
            np.testing.assert_array_equal(column, getattr(getattr(other, part), name))
    np.testing.assert_array_equal(one.demand, other.demand)
    assert one.names == other.names and one.power == other.power == 100


def cost_of(pieces, fixed, demand, q):
    """Cost of net output q of one generator's rows, the cheapest piece first, as a scenario file has it."""
    left, total = q + demand, fixed
    for piece in pieces:
        part = min(left, piece["capacity"])
        total += piece["cost"] * part + piece.get("rise", 0.0) * part**2 / 2
        left -= part
    assert left == pytest.approx(0, abs=1e-9)
    return total


NUMBER = st.floats(-50, 50).map(lambda value: round(value, 3))


@settings(max_examples=part_of(60), deadline=None)
@given(st.lists(NUMBER, min_size=2, max_size=2), NUMBER, NUMBER, st.floats(0, 3), st.floats(0, 1))
def test_a_polynomial_costs_what_it_says(ends, slope, always, square, share):
    least, most = sorted(ends)
    check(
        f"2 0 0 3 {square!r} {slope} {always} 0 0 0", least, most, share, lambda q: square * q**2 + slope * q + always
    )


@settings(max_examples=part_of(60), deadline=None)
@given(
    st.lists(NUMBER, min_size=2, max_size=2),
    st.lists(st.floats(0.1, 30).map(lambda value: round(value, 3)), min_size=3, max_size=3),
    NUMBER,
    st.floats(0, 1),
)
def test_a_piecewise_cost_costs_what_it_says(ends, steps, first, share):
    least, most = sorted(ends)
    slopes = list(accumulate([first, *steps[:2]]))
    x = list(accumulate([-20.0, *steps]))
    y = list(accumulate([3.0, *(slope * width for slope, width in zip(slopes, steps, strict=True))]))
    points = " ".join(f"{px!r} {py!r}" for px, py in zip(x, y, strict=True))

    def cost(q):  # the largest of its lines: they go on beyond the points
        return max(py + (y2 - py) / (x2 - px) * (q - px) for (px, py), (x2, y2) in pairwise(zip(x, y, strict=True)))

    check(f"1 0 0 4 {points}", least, most, share, cost)


def check(cost_row, least, most, share, cost):
    head, tail = CASE.split("mpc.gen = [")
    tail = tail[tail.index("mpc.branch") :]
    branch = tail[: tail.index("mpc.gencost")]
    gens = f"mpc.gen = [\n7 0 0 0 0 1 1 1 {most} {least}\n5 0 0 0 0 1 1 1 1 0];\n{branch}"
    width = len(cost_row.split())
    other = " ".join(["2 0 0 1 0", *["0"] * (width - 5)])
    found = read(f"{head}{gens}mpc.gencost = [{cost_row}\n{other}];")
    pieces = [row for row in found["generator"] if row["node"] == "7"]
    demand = found["node"][0]["demand"] - 12
    assert demand == pytest.approx(max(-least, 0.0))
    made = sum(row.get("least", 0.0) for row in pieces)
    assert made == pytest.approx(max(least, 0.0))
    q = least + share * (most - least)
    expected = cost(q)
    assert cost_of(pieces, found.get("fixed_cost", 0.0), demand, q) == pytest.approx(expected, abs=1e-6, rel=1e-6)


BROKEN = [  # what is replaced by what, and words of the message
    ("mpc.version = '2';", "", ("version", "is missing")),
    ("'2'", "'3'", ("version", "'3'")),
    ("mpc.baseMVA = 50", "mpc.baseMVA = 0", ("baseMVA", "'0'", "> 0")),
    ("mpc.baseMVA = 50", "mpc.baseMVA = 100/2", ("line 3", "100/2", "carried out")),
    ("mpc.gencost = [", "mpc.gencosts = [", ("gencost: is missing", 'did you mean "gencosts"')),
    ("mpc.bus = [", "mpc.bus = [ ];\nmpc.zone = [", ("bus: line 4", "empty")),
    ("\t30 1 -4", "\t30 1 four", ("bus: line 6", "'four'", "a number is needed")),
    ("\t30 1 -4", "\t30 1 NaN", ("bus: line 6", "'NaN'")),
    ("\t30 1 -4", "\t30 1 Inf", ("bus: line 6", "PD is inf")),
    ("\t30 1 -4", "\t7 1 -4", ("bus: line 6", "bus 7 is there already")),
    ("\t30 1 -4", "\t30.5 1 -4", ("bus: line 6", "30.5", "whole number")),
    ("\t30 1 -4", "\t30 6 -4", ("bus: line 6", "the type is 6")),
    ("\t30 1 -4", "\t30 1 2 - 6", ("bus: line 6", "'-'")),
    ("\t30 1 -4", "\t30 -4", ("bus: line 6", "12 numbers, but 13 in line 5")),
    ("];\nmpc.gen = [", "\nmpc.gen = [", ("bus: line 4", "does not end", "before mpc.gen")),
    ("'two'\n};", "'two'\n", ("bus_name: line 31", "does not end")),
    ("\t7 0 0 Inf", "\t8 0 0 Inf", ("gen: line 10", "no bus 8")),
    ("1 100 1 60 10", "1 100 1 6 10", ("gen: line 10", "PMIN 10 is above PMAX 6")),
    ("1 100 1 60 10", "1 100 1 Inf 10", ("gen: line 10", "PMAX is inf")),
    ("1 100 1 60 10", "1 100 NaN 60 10", ("gen: line 10", "'NaN'")),
    ("\t7 30 0.01 0.2", "\t7 31 0.01 0.2", ("branch: line 17", "no bus 31")),
    ("\t7 30 0.01 0.2", "\t7 7 0.01 0.2", ("branch: line 17", "bus 7 to itself")),
    ("\t7 30 0.01 0.2", "\t7 30 0.01 0", ("branch: line 17", "x is 0")),
    ("0.2 0 80", "0.2 0 -80", ("branch: line 17", "rateA is -80")),
    ("0.9 30 1", "-0.9 30 1", ("branch: line 17", "the ratio is -0.9")),
    ("0.9 30 1", "0.9 400 1", ("branch: line 17", "the angle is 400")),
    ("0.9 30 1", "0.9 30 2", ("branch: line 17", "the status is 2")),
    ("2 0 0 3 0.1 20 5", "3 0 0 3 0.1 20 5", ("gencost: line 25", "the model is 3")),
    ("2 0 0 3 0.1 20 5", "2 0 0 3 -0.1 20 5", ("gencost: line 25", "quadratic cost is -0.1")),
    ("2 0 0 3 0.1 20 5", "2 0 0 4 0.1 20 5", ("gencost: line 25", "degree 3")),
    ("2 0 0 3 0.1 20 5", "2 0 0 2.5 0.1 20 5", ("gencost: line 25", "NCOST is 2.5")),
    ("2 0 0 3 0.1 20 5", "2 0 0 9 0.1 20 5", ("gencost: line 25", "NCOST is 9")),
    ("2 0 0 3 0.1 20 5", "2 0 0 3 0.1 Inf 5", ("gencost: line 25", "infinite")),
    ("10 100 40 700", "10 100 40 300", ("gencost: line 26", "not convex")),
    ("10 100 40 700", "10 100 10 700", ("gencost: line 26", "points must ascend")),
    ("\t2 0 0 2 1 0 0 0 0 0;\n", "", ("gencost: 4 rows", "gen has 5")),
    ("];\nmpc.bus_name", "];\nmpc.branch(:, 4) = mpc.branch(:, 4) * 2;\nmpc.bus_name", ("line 31", "carried out")),
    ("];\nmpc.bus_name", "];\nmpc.baseMVA = 60;\nmpc.bus_name", ("baseMVA: line 31", "a second time")),
    ("];\nmpc.bus_name", "];\nfor i = 1:3\nmpc.bus_name", ("line 31", "for i", "carried out")),
    ("1 100 1 ", "1 100 0 ", ("gen: line 9", "no generator is in service")),
]


@pytest.mark.parametrize(("old", "new", "words"), BROKEN, ids=lambda part: None)
def test_a_broken_file_is_one_line(old, new, words):
    assert old in CASE
    with pytest.raises(ScenarioError) as refused:
        read(CASE.replace(old, new))
    said = str(refused.value)
    assert said.startswith("my.m: ") and "\n" not in said and len(said) < 300
    for word in words:
        assert word in said, said


@pytest.mark.parametrize("content", [b"", b"\x00\xff\xfe" * 50, b"PK\x03\x04 no text", b"mpc.bus = [1 2"])
def test_what_is_no_case_file_is_one_line(content):
    with pytest.raises(ScenarioError) as refused:
        table_of_case(content, HERE)
    assert "\n" not in str(refused.value)


@settings(max_examples=part_of(80), deadline=None)
@given(st.integers(0, len(CASE) - 1), st.integers(0, 12), st.text(st.sampled_from("0-;.[]{}'%=\n xeINan#"), max_size=4))
def test_whatever_is_cut_out_and_put_in_is_read_or_refused(at, cut, put):
    try:
        found = read(CASE[:at] + put + CASE[at + cut :])
    except ScenarioError as error:
        assert "\n" not in str(error)
    else:
        assert found["node"] and found["generator"]
