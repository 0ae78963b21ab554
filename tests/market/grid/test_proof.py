"""Dispatches told by a path are proven to be of least cost, and only those that are."""

import numpy as np
import pytest

from market.grid.clearing import Operator
from market.grid.interior import Angles
from market.grid.nodal import nodal_grid
from market.grid.proof import PiecesTold, proven
from tests.market.grid.networks import any_grid, five_bus

POINTS = 8


def along(grid, rng, share=0.7):
    """A player at random, buying or selling: (angles, demand, injected, dispatches, its price of multipliers)."""
    operator, angles = Operator(grid), Angles(grid)
    place, buys = np.eye(grid.nodes)[rng.integers(grid.nodes)], rng.random() < 0.5
    until = share * angles.offers.energy
    amounts = np.sort(rng.uniform(0, until, POINTS))
    moved, still = amounts[:, None] * place, np.zeros((POINTS, grid.nodes))
    told = PiecesTold(operator, place if buys else -place, grid.demand, np.zeros(grid.nodes), until).at(amounts)
    lost = grid.value_of_lost_load

    def price(balances):
        return (np.minimum(balances, lost) if buys else np.maximum(balances, -lost)) @ place

    return angles, grid.demand + (moved if buys else still), still if buys else moved, told, price


@pytest.mark.share
@pytest.mark.parametrize("seed", range(40))
def test_what_is_proven_is_the_price_of_another_solver(seed):
    rng = np.random.default_rng(seed)
    angles, demand, injected, told, price = along(any_grid(rng), rng)
    fine = proven(angles, demand, injected, told)
    for k in np.flatnonzero(fine):
        other = angles.balances(demand[k], injected[k])
        if other is not None:
            assert price(told.balances[k] * angles.offers.price) == pytest.approx(price(other), rel=1e-6, abs=1e-6)


def test_nearly_all_points_are_proven():
    found = []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        angles, demand, injected, told, _ = along(any_grid(rng), rng)
        found.extend(proven(angles, demand, injected, told))
    assert np.mean(found) > 0.9


@pytest.mark.parametrize(
    "kind", ["price", "one price", "higher", "lower", "output", "moved output", "line", "left out"]
)
def test_a_false_dispatch_is_never_proven(kind):
    # Five buses with a full line: every price and output is the only one.
    rng = np.random.default_rng(5)
    angles, demand, injected, told, _ = along(five_bus(), rng, 0.2)
    assert np.all(proven(angles, demand, injected, told)) and np.any(told.lines != 0)
    inside = np.array([(angles.offers.low < q - 1e-3) & (angles.offers.high > q + 1e-3) for q in told.outputs])
    assert np.all(inside.sum(axis=1) >= 2)
    pair = np.argsort(~inside, axis=1, kind="stable")[:, :2]
    shift = np.zeros_like(told.outputs)
    np.put_along_axis(shift, pair, np.array([[1e-5, -1e-5]]), axis=1)
    false = {
        "price": told._replace(balances=told.balances * (1 + 1e-7)),
        "one price": told._replace(balances=told.balances + 1e-6 * np.eye(5)[3]),
        "higher": told._replace(balances=told.balances + 1e-7),  # of all prices, which no line's flow minds
        "lower": told._replace(balances=told.balances - 1e-7),
        "output": told._replace(outputs=told.outputs + 1e-6 * inside),
        "moved output": told._replace(outputs=told.outputs + shift),
        "line": told._replace(lines=told.lines * (1 + 1e-6)),
        "left out": told._replace(balances=np.full_like(told.balances, np.nan)),
    }[kind]
    assert not np.any(proven(angles, demand, injected, false))


def test_what_negative_demand_puts_in_may_be_spilled_and_what_is_bought_shed():
    """Of 3 units put in at a one reaches b; there 7 of 8 units are served, and what more is bought is shed."""
    data = {"demand": [-3.0, 8.0], "lines": [(0, 1, 1.0, 1.0)], "generators": [(1, 5.0, 0.1, 6.0)]}
    grid = nodal_grid("ab", value_of_lost_load=50.0, **data)
    points = np.array([0.5, 1.0, 2.0])
    told = PiecesTold(Operator(grid), np.array([0.0, 1.0]), grid.demand, np.zeros(2), 3.0).at(points)
    demand, none = grid.demand + points[:, None] * [0.0, 1.0], np.zeros((3, 2))
    angles = Angles(grid)
    assert proven(angles, demand, none, told).tolist() == [True] * 3
    offers = angles.offers
    assert told.outputs[:, offers.spill] * offers.energy == pytest.approx(np.array([[-2.0, 0.0]] * 3))
    assert told.outputs[:, offers.shed][:, 1] * offers.energy == pytest.approx(1 + points)
    for part, by in ((offers.shed, 1), (offers.spill, -1)):
        outputs = told.outputs.copy()
        outputs[:, part][:, 1] += by * 20 / offers.energy
        assert not np.any(proven(angles, demand, none, told._replace(outputs=outputs)))


def test_beyond_the_last_piece_nothing_is_told():
    grid = five_bus()
    told = PiecesTold(Operator(grid), np.eye(5)[1], grid.demand, np.zeros(5), 100.0)
    found = told.at(np.array([0.0, 50.0, 100.0, 100.1]))
    assert [bool(np.all(np.isfinite(row))) for row in found.balances] == [True, True, True, False]
    none = PiecesTold(Operator(grid), np.eye(5)[1], grid.demand, np.zeros(5), 100.0)
    none._starts.clear()
    assert [part.shape for part in none.at(np.zeros(2))] == [(2, 15), (2, 5), (2, 6)]
    assert all(np.all(np.isnan(part)) for part in none.at(np.zeros(2)))
