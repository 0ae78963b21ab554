"""A nodal grid's data are checked: one line that names what, row, value and what is allowed."""

import numpy as np
import pytest

from market.grid.clearing import clear
from market.grid.lines import NetworkError
from market.grid.nodal import Generators, LimitedLines, NodalGrid, nodal_grid

GOOD = {
    "demand": [0.0, 5.0],
    "lines": [(0, 1, 10.0, 3.0)],
    "generators": [(0, 20.0, 0.0, 9.0)],
    "elastic": [(1, 30.0, 4.0)],
}
BAD = {
    "demand": ([0.0], "demand has 1 entries; 2 are needed, one for each node"),
    "lines": ([(0, 1, 10.0, 3.0), (0, 1, 10.0, -3.0)], "line 1: limit(=-3) must be >= 0"),
    "generators": ([(0, 20.0, 0.0, np.inf)], "generator 0: capacity(=inf) must be finite where rise is 0"),
    "elastic": ([(1, 1001.0, 4.0)], "elastic demand 0: price(=1001) must be at most value_of_lost_load(=1000)"),
    "value_of_lost_load": (np.inf, "value_of_lost_load(=inf) must be finite and > 0"),
    "least_rise": (0.0, "generator 0: rise(=0) must be > 0 where least_rise is 0, or prices would be no numbers"),
    "hub": ([0.5, 0.4], "hub: weights add up to 0.9; 1 is needed"),
}
MORE = [
    ({"demand": [np.nan, 0]}, "node 0: demand(=nan) must be finite"),
    ({"lines": [(0, 0, 1.0, 1.0)]}, "line 0: head(=0) must be another node than tail"),
    ({"lines": [(0, 2, 1.0, 1.0)]}, "line 0: head(=2) must be a node, 0 to 1"),
    ({"lines": [(0, 1, 0.0, 1.0)]}, "line 0: susceptance(=0) must be finite and not 0"),
    ({"lines": [(0, 1, 1.0, np.nan)]}, "line 0: limit(=nan) must be >= 0"),
    ({"lines": []}, "node 1: demand(=5) must be 0 on an island without supply"),
    ({"generators": [(0, 20.0, -1.0, 9.0)]}, "generator 0: rise(=-1) must be finite and >= 0"),
    ({"generators": [(0.5, 20.0, 1.0, 9.0)]}, "generator 0: node(=0.5) must be a node, 0 to 1"),
    ({"generators": [(0, 992.0, 1.0, 9.0)]}, "marginal cost(=1001) must be at most value_of_lost_load(=1000)"),
    ({"elastic": [(1, 30.0, 0.0)]}, "elastic demand 0: quantity(=0) must be finite and > 0"),
    ({"generators": [(0, 20.0, 1.0)]}, "generators must be rows of node, cost, rise, capacity"),
    ({"power": 0.0}, "power(=0) must be finite and > 0"),
    ({"power": np.inf}, "power(=inf) must be finite and > 0"),
    ({"least_rise": -1.0}, "least_rise(=-1) must be finite and >= 0"),
    ({"value_of_lost_load": 0.0}, "value_of_lost_load(=0) must be finite and > 0"),
    ({"lines": [(0, 1, np.inf, 1.0)]}, "line 0: susceptance(=inf) must be finite and not 0"),
    ({"lines": [(-1, 1, 1.0, 1.0)]}, "line 0: tail(=-1) must be a node, 0 to 1"),
    ({"generators": [(0, np.nan, 1.0, 9.0)]}, "generator 0: cost(=nan) must be finite"),
    ({"generators": [(0, 20.0, 1.0, -1.0)]}, "generator 0: capacity(=-1) must be >= 0"),
    ({"generators": [(0, 20.0, 1.0, 0.0)]}, "node 1: demand(=5) must be 0 on an island without supply"),
    ({"generators": [(0, 1001.0, 1.0, np.inf)]}, "marginal cost(=1001) must be at most"),
    ({"elastic": [(1, 0.0, 4.0)]}, "elastic demand 0: price(=0) must be finite and > 0"),
    ({"elastic": [(2, 30.0, 4.0)]}, "elastic demand 0: node(=2) must be a node, 0 to 1"),
    ({"hub": [1.5, -0.5]}, "node 1: hub(=-0.5) must be finite and >= 0"),
    ({"hub": [1.0]}, "hub has 1 entries; 2 are needed, one for each node"),
    ({"least_rise": 0.0, "generators": [(0, 1.0, 1.0, 9.0), (0, 1.0, 0.0, 9.0)]}, "generator 1: rise(=0) must be > 0"),
]


@pytest.mark.parametrize("key", BAD)
def test_bad_data_are_told_in_one_line(key):
    value, message = BAD[key]
    with pytest.raises(NetworkError) as told:
        nodal_grid("ab", **(GOOD | {key: value}))
    assert message in str(told.value)


@pytest.mark.parametrize(("change", "message"), MORE)
def test_more_bad_data_are_told_in_one_line(change, message):
    with pytest.raises(NetworkError) as told:
        nodal_grid("ab", **(GOOD | change))
    assert message in str(told.value) and "\n" not in str(told.value)


def test_names_must_differ():
    for names in ("abcb", "bbac"):
        with pytest.raises(NetworkError, match="node 'b': the name stands twice"):
            nodal_grid(names)
    with pytest.raises(NetworkError, match="at least one is needed"):
        nodal_grid("")


def test_least_output_is_at_most_the_capacity():
    with pytest.raises(NetworkError, match=r"generator 0: least\(=2\) must be at most the capacity"):
        NodalGrid(("a",), [1.0], generators=Generators([0], [1.0], [1.0], [2.0], [1.0]))


def test_pieces_of_one_generator_grow_dearer():
    pieces = {"rise": [0.0, 0.0], "capacity": [5.0, 5.0], "unit": [0, 0]}
    assert len(NodalGrid(("a",), [1.0], generators=Generators([0, 0], [10.0, 20.0], **pieces)).generators) == 2
    with pytest.raises(NetworkError, match=r"generator 1: cost\(=5\) must be no less than the piece before"):
        NodalGrid(("a",), [1.0], generators=Generators([0, 0], [10.0, 5.0], **pieces))


def test_pieces_and_lost_load_that_touch_do_so_in_any_unit():
    """Pieces up to 0.1 + 0.3 · 7 = 2.2, then up to 2.2 + 0.6 · 3 = 4, which lost load costs too, all times a unit."""
    for unit in 10.0 ** np.random.default_rng(1).uniform(-4, 6, 12):
        rows = ([0, 0], [0.1 * unit, 2.2 * unit], [0.3 * unit, 0.6 * unit], [0.0, 0.0], [7.0, 3.0], [0, 0])
        pieces = Generators(*rows)
        for demand, price in ((7.0, 2.2), (8.0, 2.8), (11.0, 4.0)):
            cleared = clear(NodalGrid(("a",), [demand], generators=pieces, value_of_lost_load=4.0 * unit))
            assert cleared.prices == pytest.approx(price * unit)


def test_shares_are_read_by_name_and_add_up_to_one():
    grid = nodal_grid("ab", **GOOD)
    assert grid.shares({"b": 0.75, "a": 0.25}).tolist() == [0.25, 0.75]
    for shares, message in (
        ({"a": 0.5, "b": 0.4}, "add up to 0.9; 1 is needed"),
        ({"c": 1.0}, "node 'c' is not one of a, b"),
        ({"a": -0.5, "b": 1.5}, r"share of node a\(=-0.5\)"),
    ):
        with pytest.raises(NetworkError, match=message):
            grid.shares(shares)


def test_flat_costs_are_tilted_and_rising_ones_left():
    grid = nodal_grid("a", generators=[(0, 1.0, 0.0, 4.0), (0, 1.0, 1e-9, 4.0), (0, 1.0, 0.0, 0.0)], least_rise=0.1)
    assert grid.rises.tolist() == [0.025, 1e-9, 0.0]


def test_the_hub_is_given_by_demand_or_equal():
    assert nodal_grid("ab", **GOOD).hub_weights.tolist() == [0.0, 1.0]
    assert nodal_grid("ab", **GOOD, hub=[0.25, 0.75]).hub_weights.tolist() == [0.25, 0.75]
    assert nodal_grid("ab", generators=[(0, 1.0, 1.0, 4.0)]).hub_weights.tolist() == [0.5, 0.5]


def test_parallel_lines_are_numbered_either_way():
    lines = LimitedLines([0, 1, 0], [1, 0, 1], [1.0, 1.0, 1.0])
    assert NodalGrid(("a", "b"), [0.0, 0.0], lines).line_names == ("a-b", "b-a#2", "a-b#3")


def test_data_at_the_ends_of_what_is_allowed_are_taken():
    grid = nodal_grid("ab", **(GOOD | {"least_rise": 0.0, "generators": [(1, 20.0, 1.0, 9.0), (0, 5.0, 0.0, 0.0)]}))
    assert grid.rises.tolist() == [1.0, 0.0]
    nodal_grid(
        "ab", **(GOOD | {"generators": [(0, 991.0, 1.0, 9.0), (0, 1000.0, 1e-9, np.inf), (0, 1000.0, 0.0, 1.0)]})
    )
    nodal_grid("ab", **(GOOD | {"elastic": [(1, 1000.0, 4.0)], "lines": [(0, 1, -1.0, 0.0), (0, 1, 1.0, np.inf)]}))
    for shift in (360.0, -360.0):
        LimitedLines([0], [1], [1.0], [shift])
        assert NodalGrid(("a", "b"), [0.0, 0.0], LimitedLines([0], [1], [1.0], [shift])).lines.shift.tolist() == [shift]
    with pytest.raises(NetworkError, match=r"line 0: shift\(=361\) must be from -360 to 360 degrees"):
        NodalGrid(("a", "b"), [0.0, 0.0], LimitedLines([0], [1], [1.0], [361.0]))
    put_in = nodal_grid("ab", demand=[-3.0, 5.0], lines=[(0, 1, 1.0, 9.0)])
    assert put_in.island.tolist() == [0, 0]
    third = 1 / 3
    assert nodal_grid("abc", hub=[third] * 3).hub_weights.sum() == 1
    assert np.allclose(nodal_grid("abc").shares({"a": 0.1, "b": 0.2, "c": 0.7}).sum(), 1, atol=1e-16)


def test_what_is_left_out_of_columns_is_usual():
    grid = NodalGrid(("a", "b"), [0.0, 0.0], LimitedLines([0], [1], [2.0]), Generators([0, 1], [3.0, 4.0], [1.0, 1.0]))
    assert grid.lines.shift.tolist() == [0] and grid.lines.limit.tolist() == [np.inf]
    units = grid.generators
    assert (units.least.tolist(), units.capacity.tolist(), units.unit.tolist()) == ([0, 0], [np.inf] * 2, [0, 1])


def test_only_pieces_of_the_same_generator_must_grow_dearer():
    rows = {"rise": [1.0, 0.0, 0.5], "capacity": [5.0, 5.0, 5.0]}
    for unit, fine in (([0, 1, 1], True), ([0, 0, 1], False), ([0, 1, 2], True), ([0, 1, 0], True)):
        units = Generators([0] * 3, [10.0, 14.0, 14.0], unit=unit, **rows)
        if fine:
            assert len(NodalGrid(("a",), [1.0], generators=units).generators) == 3
        else:
            with pytest.raises(NetworkError, match=r"generator 1: cost\(=14\)"):
                NodalGrid(("a",), [1.0], generators=units)
    endless = Generators([0, 0], [10.0, 12.0], [1.0, 1.0], capacity=[np.inf, 5.0], unit=[0, 0])
    assert len(NodalGrid(("a",), [1.0], generators=endless).generators) == 2


def test_a_hub_s_weights_count_demand_that_may_be_elastic_but_none_that_puts_in():
    grid = nodal_grid("abc", demand=[-2.0, 3.0, 0.0], lines=[(0, 1, 1.0, 9.0)], elastic=[(2, 5.0, 1.0), (1, 5.0, 4.0)])
    assert grid.hub_weights == pytest.approx([0.0, 7 / 8, 1 / 8])
