"""A day of one period without devices beside the market without days, and beside days' own programmes."""

from dataclasses import replace

import numpy as np
import pytest

from agents.aggregator.model import AggregatorModel
from agents.days.model import DaysModel
from market.aggregator import endings
from market.aggregator.days.clock import Clock
from market.aggregator.days.day import Day
from market.aggregator.days.equilibrium import potential_solution
from market.aggregator.days.moment import moment_of
from market.aggregator.days.outcome import clear
from market.aggregator.days.parts import Battery, Consumption, Solar
from market.aggregator.days.rounds import solve
from market.aggregator.days.seats import Seats, certified
from market.aggregator.days.several import DaysGame
from market.aggregator.equilibrium import solve as solve_game
from market.aggregator.game import Block, Game
from market.aggregator.states import shifted
from market.aggregator.tariffs import taxed
from market.outcome import Status
from market.prices import Affine, Dispatch, Linear, Piecewise, Power
from market.tariffs import Capacity, Levied, Levy, Tax
from market.utilities import Quadratic
from tests.market.days.small_days import homes

SIZES = np.array([3, 2, 1])
BROKEN, FLEET = Piecewise([0, 5, 12], [0.5, 1, 5], 0.4), Dispatch([6, 10], [0.1, 0.2], [0.2, 1.5], 20)
CASES = [(Affine(0.4, 0.2), alpha, background) for alpha in (0.0, 1.0, 2.0, np.inf) for background in (0.0, 4.0)]
CASES += [(Linear(0.1), 1.0, 0.0), (Power(0.02, 1.5), 0.0, 4.0), (Power(0.02, 1.5), np.inf, 0.0)]
CASES += [(BROKEN, 0.0, 4.0), (BROKEN, 1.0, 0.0), (BROKEN, np.inf, 4.0), (FLEET, 0.0, 4.0), (FLEET, 1.0, 0.0)]


def markets(rule, alpha, background=0.0, offset=0.01, poor=None):
    """(A day of one period, the market without days) of the same six users."""
    rng = np.random.default_rng(5)
    a, b, profile = rng.uniform(0.1, 0.9, 6), rng.uniform(2, 10, 6), rng.uniform(0.5, 2, (6, 1))
    b[0] = b[0] if poor is None else poor
    parts = {"consumption": Consumption(np.arange(6), a, b, profile)}
    day = Day(Clock(1), (rule,), (homes("h", SIZES, parts, alpha=alpha, offset=offset),), np.array([background]))
    block = Block("h", "aggregator", Quadratic(a / profile[:, 0], b), alpha, offset, SIZES)
    return day, Game(shifted(rule, background), (block,))


@pytest.mark.share
@pytest.mark.parametrize(("rule", "alpha", "background"), CASES)
def test_a_day_of_one_period_is_solved_proven_and_called_as_the_market_without_days(rule, alpha, background):
    day, game = markets(rule, alpha, background)
    found, known = solve(day), solve_game(game)
    assert found.status == endings.ending(known.status, known.outcome) and found.proven == known.outcome.proven
    assert found.outcome.gap == known.outcome.gap
    np.testing.assert_allclose(found.outcome.y[:, 0], known.outcome.y, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(found.outcome.s, known.outcome.s, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(found.outcome.price, known.outcome.price, rtol=1e-9)


@pytest.mark.share
@pytest.mark.parametrize(("order", "damping"), [("in-turn", 1.0), ("together", 0.7)])
@pytest.mark.parametrize("alpha", [0.0, 1.0, np.inf])
def test_rounds_of_one_period_are_those_of_the_market_without_days(alpha, order, damping):
    day, game = markets(Affine(0.4, 0.2), alpha)
    said = {"order": order, "damping": damping}
    ours, known = DaysModel(DaysGame((day,)), **said), AggregatorModel(game, **said)
    while known.running or ours.running:
        known.step()
        ours.step()
        if known.running:
            np.testing.assert_allclose(ours.y[:, 0], known.y, rtol=1e-9, atol=1e-9)
    assert ours.status == known.status and ours.round == known.round
    assert ours.gap == pytest.approx(known.gap, abs=1e-9) and ours.outcome.proven == known.outcome.proven


def test_days_own_programmes_find_the_same():
    day, _ = markets(Affine(0.4, 0.2), 0.0, 4.0)
    np.testing.assert_allclose(solve(day).outcome.y, potential_solution(day).outcome.y, rtol=1e-8)


def test_tariffs_on_one_period_are_those_of_the_market_without_days():
    names = frozenset({"h"})
    levied = Levied((Levy("tax", Tax(0.3), names), Levy("grid", Capacity(0.2), names)), {"h": 6})
    day, game = markets(Affine(0.4, 0.2), 1.0)
    outcome, known = solve(day.taxed(levied)).outcome, solve_game(taxed(game, levied)).outcome
    np.testing.assert_allclose(outcome.y[:, 0], known.y, rtol=1e-9)
    np.testing.assert_allclose(outcome.s, known.s, rtol=1e-9)


def test_what_is_no_equilibrium_is_regretted_as_in_the_market_without_days():
    day, _ = markets(Affine(0.4, 0.2), 1.0)
    less = certified(Seats(day), clear(day, 0.9 * solve(day).outcome.plan))
    assert less.gap > 1e-3 and less.proven


def test_whoever_is_priced_out_without_an_offset_makes_rounds_infeasible():
    day, game = markets(Affine(0.4, 0.2), 1.0, offset=0.0, poor=0.3)
    ours, known = DaysModel(DaysGame((day,))), AggregatorModel(game)
    ours.run()
    known.run()
    assert ours.gap == np.inf and ours.status == known.status == Status.INFEASIBLE


def test_devices_more_periods_and_prices_below_zero_are_days():
    day, _ = markets(Affine(0.4, 0.2), 0.0)
    block = day.blocks[0]
    with_a = [{**block.parts, "battery": Battery([0], 1.0, 1.0)}, {**block.parts, "solar": Solar([0], 1.0, [1.0])}]
    others = [day.changed([replace(block, parts=parts)]) for parts in with_a]
    others += [
        replace(day, background=np.array([-3.0])),
        replace(day, prices=(Power(1, 1),), background=np.array([-1])),
    ]
    others += [Day(Clock(2), day.prices * 2, day.blocks)]
    assert moment_of(day) is not None and all(moment_of(other) is None for other in others)
