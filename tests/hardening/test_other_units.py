"""The same markets in other units of energy and money, and markets with numbers far beyond any that are meant.

A share in the usual suite, all by `make nightly`; a failure names the number.
"""

import numpy as np
import pytest

from agents.streams import Streams
from market.aggregator.game import Block, Game
from market.aggregator.learners import Unbounded
from market.aggregator.learning import play
from market.conduct import CONDUCTS
from market.prices import Affine
from market.utilities import Logarithmic, Quadratic
from tests.hardening.cases import at_most, chunks, named
from tests.market.other_units import differences, extremes, found, in_units, numbers

MOST = 9  # decades that units are away from those of size one
SECONDS = 20  # some take a few on a slow machine
LEARNING = [name for name, rule in CONDUCTS.items() if rule.learns]


@pytest.mark.parametrize("some", chunks(300, 2), ids=named)
def test_the_same_is_found_in_any_units(some):
    for number in some:
        energy, money = 10.0 ** np.random.default_rng([number, 1]).uniform(-MOST, MOST, 2)
        market = numbers(number)
        other = found(in_units(market, energy, money), energy, money)
        assert differences(found(in_units(market)), other) == [], (number, energy, money)


@pytest.mark.parametrize("some", chunks(300, 2), ids=named)
def test_learners_play_the_same_in_any_units(some):
    for number in some:
        energy, money = 10.0 ** np.random.default_rng([number, 1]).uniform(-MOST, MOST, 2)
        for name in LEARNING:
            here, there = learned(numbers(number), name), learned(numbers(number), name, energy, money)
            assert np.all(np.abs(here - there / energy) <= 1e-6 * here.max(initial=0.0)), (number, name, energy, money)


def learned(market, name, energy=1.0, money=1.0):
    """What learners of one kind buy in a few rounds, shape (rounds, players); nothing where they are refused."""
    game, streams = in_units(market, energy, money), Streams(3)
    conducts = {block.name: CONDUCTS[name]() for block in game.blocks}
    try:
        return play(game, conducts, 8, lambda who, seat: streams.of(who, f"player {seat}")).purchases
    except Unbounded:
        return np.empty(0)


@pytest.mark.parametrize("some", chunks(250, 2), ids=named)
def test_extreme_numbers_end_with_a_status(some):
    for number in some:
        for name, market in extremes(number + 1, every=5):
            with at_most(SECONDS, (number, name)):
                ends = found(in_units(market), rounds=10)
            for part in ("stepped", "direct"):
                gap, status = ends[part]["gap"], ends[part]["status"]
                assert status in ("infeasible", "no-equilibrium", "not-found") or not np.isnan(gap), (number, name)


def test_a_straight_utility_is_bent_by_less_than_a_hundred_millionth_of_its_gain():
    rule, b = Affine(1.0, 1e-3), np.array([9.0, 5.0, 0.5])
    last = np.maximum(b - 1.0, 0.0) / 1e-3
    for utility in (Quadratic(np.full(3, 1e-30), b), Logarithmic(b, np.full(3, 1e30))):
        block = Block("all", "aggregator", utility, 1.0, 0.01, np.array([3]))
        bent = Game(rule, (block,)).blocks[0].utility
        x = last * np.linspace(0, 1, 7)[:, None]
        lost = b * x - bent.value(x)
        assert np.all(lost <= 1.01e-8 * (b - 1.0).clip(0) * x + 1e-12 * b * x) and np.any(bent.value(x) < b * x)
    usual = Block("all", "aggregator", Quadratic(np.full(3, 0.5), b), 1.0, 0.01, np.array([3]))
    assert Game(rule, (usual,)).blocks[0] is usual


def test_an_equilibrium_of_linear_utilities_is_found():
    """Two aggregators at alpha = 0 of users U = b x each sell on the best of them: Cournot, y = (b - y') / 2c."""
    users = Quadratic(np.full(2, 1e-30), np.array([3.0, 9.0]))
    blocks = tuple(Block(name, "aggregator", users, 0.0, 0.0, np.array([2])) for name in ("one", "other"))
    ends = found(Game(Affine(0.0, 1e-3), blocks), rounds=25)
    for part in ("stepped", "direct"):
        assert ends[part]["y"] == pytest.approx(9.0 / 3e-3, rel=1e-6)
        assert ends[part]["status"] in ("settled", "solved")
