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
    with pytest.raises(NetworkError, match="the name stands twice"):
        nodal_grid("aa", **GOOD)


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
