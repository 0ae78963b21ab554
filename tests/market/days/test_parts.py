"""Devices by hand: what a car may keep, between which hours energy may move, what is looked at where it is left out."""

from pathlib import Path

import numpy as np
import pytest

from market.aggregator.days.clock import Clock
from market.aggregator.days.day import Day
from market.aggregator.days.parts import PARTS, Car, Consumption, Shift
from market.parameters import parameters_of
from market.prices import Affine
from scenarios.reading.errors import Place
from scenarios.reading.population import read_number
from tests.market.days.small_days import homes


@pytest.mark.parametrize(("capacity", "short"), [({}, False), ({"capacity": 3.0}, True), ({"capacity": 8.0}, False)])
def test_a_car_that_gives_back_keeps_no_more_than_it_has_room_for(capacity, short):
    car = Car([0], 4.0, 2.0, vehicle_to_grid=True, **capacity)
    assert car.short(Clock(24)).tolist() == [short]
    assert car.capacity.tolist() == [capacity.get("capacity", 4.0)]


@pytest.mark.parametrize(
    ("window", "groups"),
    [
        (None, [range(24)]),
        ((22.0, 6.0), [(22, 23, 0, 1, 2, 3, 4, 5)]),
        ((6.0, 22.0), [range(6, 22)]),
        ((0.0, 8.0, 12.0, 20.0), [range(8), range(8, 12), range(12, 20)]),
    ],
)
def test_energy_moves_within_the_hours_of_its_window(window, groups):
    number = Shift([0], 0.2, 0.1, window).windows(Clock(24))
    assert [np.flatnonzero(number == k).tolist() for k in range(number.max() + 1)] == [sorted(one) for one in groups]
    assert np.sum(number == -1) == 24 - sum(map(len, groups)) and number.min() >= -1


@pytest.mark.parametrize("back", [(False, True), (True, True), (False, False)])
def test_every_car_is_charged_those_that_give_back_beside_those_that_do_not(back):
    block = homes("A", [2], {"car": Car([0, 1], 6.0, 3.0, vehicle_to_grid=np.array(back))})
    names = set(Day(Clock(4), (Affine(0.5, 0.1),) * 4, (block,)).party.frames[0].names)
    assert ("car" in names, "car charged" in names) == (not all(back), any(back))


@pytest.mark.parametrize("part", PARTS)
def test_what_a_device_is_taken_to_be_is_what_a_file_could_tell(part):
    for key, said in parameters_of(PARTS[part]).items():
        if isinstance(said.default, float):
            assert read_number(said.default, said.range, Place("own.toml", Path(), key)) == said.default


@pytest.mark.parametrize("users", [1, 2, 3, 4, 5, 6])
def test_pairs_of_homes_follow_one_another_and_begin_again_behind_the_last(users):
    block = homes("all", [users], {"consumption": Consumption(np.arange(users), 0.1, np.arange(users) + 1.0)})
    pairs = [list(range(users))[first : first + 2] for first in range(0, users, 2)]
    for number in range(2 * len(pairs) + 1):
        few = block.pair(number)
        assert (few.parts["consumption"].b - 1).ravel().tolist() == pairs[number % len(pairs)]
        assert few.sizes.tolist() == [len(pairs[number % len(pairs)])]
