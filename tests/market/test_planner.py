"""What a planner and price-takers would do, against totals tried one after another."""

import numpy as np
import pytest
from scipy.optimize import brentq

from market.aggregator.game import Block, Game
from market.aggregator.planner import (
    best_total_welfare,
    competitive_total,
    demand,
    planned_surplus,
    surpluses_of_total,
    worth_of_last,
)
from market.prices import Affine, Dispatch, Linear, Piecewise, Power
from market.utilities import Logarithmic, Quadratic

RULES = (
    Linear(0.2),
    Affine(1.0, 0.3),
    Power(0.4, 0.5),
    Power(0.01, 2.5),
    Piecewise([0, 4, 9, 9, 20], [0.5, 1.0, 3.0, 4.5, 5.0], 0.4),
    Dispatch([5.0, 9.0, 30.0], [0.1, 0.0, 0.05], [0.0, 2.0, 3.0], 40.0),
    Dispatch([5.0, 6.0, 30.0], [0.1, 0.0, 0.05], [0.0, 2.0, 3.0], 40.0),
    Dispatch([5.0], [0.1], [0.0], 4.0),
)
UNITS = [(1.0, 1.0), (1e-4, 1e3), (1e4, 1e-3)]


def made(rule, kind="quadratic"):
    rng = np.random.default_rng(6)
    a, b = rng.uniform(0.2, 0.9, 5), rng.uniform(1, 9, 5)
    users = Quadratic(a, b) if kind == "quadratic" else Logarithmic(b, 1 / a)
    some, alone = users.take(slice(0, 3)), users.take(slice(3, 5))
    blocks = (
        Block("A", "aggregator", some, 1.0, 0.01, np.array([3])),
        Block("d", "direct", alone, 0, 0, np.ones(2, int)),
    )
    return Game(rule, blocks)


def utility_of(game, total):
    """Utilities of all users where a total is shared by halving the price at which just so much is wanted."""
    if total <= 0:
        return 0.0
    level = brentq(lambda price: demand(game, price) - total, 1e-12, game.highest_reservation, xtol=1e-14)
    return sum(float(np.sum(block.utility.value(block.utility.demand(level)))) for block in game.blocks)


def tried(rule, most):
    """Totals of a grid and both sides of every kink, up to what could be wanted."""
    beside = [kink * share for kink in rule.kinks for share in (1 - 1e-9, 1.0, 1 + 1e-9)]
    return np.array(sorted({*np.linspace(most / 90, most, 90).tolist(), *(at for at in beside if at < most)}))


@pytest.mark.parametrize("kind", ["quadratic", "log"])
@pytest.mark.parametrize("rule", RULES, ids=repr)
def test_no_total_that_is_tried_leaves_a_planner_more(rule, kind):
    game = made(rule, kind)
    last = min(float(rule.supply(game.highest_reservation)), 1e4)
    most = 1.1 * brentq(lambda total: demand(game, max(float(rule.value(total)), 1e-9)) - total, 1e-9, last)
    totals = tried(rule, most)
    gains = [utility_of(game, total) - float(rule.value(total)) * total for total in totals]
    assert max(gains) <= planned_surplus(game) * (1 + 1e-12)
    assert planned_surplus(game) <= max(gains) * (1 + 1e-3)
    welfare = [utility_of(game, total) - float(rule.cost(total)) for total in totals]
    assert max(welfare) <= best_total_welfare(game) * (1 + 1e-9)
    assert best_total_welfare(game) <= max(welfare) * (1 + 1e-3)


def jumping(rng):
    """A price that jumps, by generators that are full or by a line with a step."""
    starts = np.cumsum(rng.uniform(0.3, 2, 3))
    if rng.random() < 0.5:
        return Dispatch(rng.uniform(0.5, 6, 3), rng.uniform(0, 0.1, 3), starts, 60.0)
    at = np.cumsum(rng.uniform(0.5, 6, 3))
    return Piecewise([0.0, at[0], at[0], at[1], at[1], at[2]], np.cumsum(rng.uniform(0, 2, 6)), 0.3)


@pytest.mark.parametrize("seed", range(60))
def test_where_demand_meets_a_jump_no_more_welfare_is_told_than_a_total_has(seed):
    rng = np.random.default_rng([seed, 4])
    game = made(jumping(rng), ("quadratic", "log")[seed % 2])
    total, best = competitive_total(game), best_total_welfare(game)
    welfare = utility_of(game, total) - float(game.price.cost(total))
    assert best == pytest.approx(welfare, rel=1e-9)
    for beside in total * rng.uniform(0.8, 1.2, 10):
        assert utility_of(game, beside) - float(game.price.cost(beside)) <= best * (1 + 1e-9)


@pytest.mark.parametrize("kind", ["quadratic", "log"])
@pytest.mark.parametrize("rule", RULES, ids=repr)
def test_price_takers_want_just_the_total_whose_price_they_take(rule, kind):
    game = made(rule, kind)
    total = competitive_total(game)
    below, above = (demand(game, float(rule.value(total * side))) - total * side for side in (1 - 1e-9, 1 + 1e-9))
    assert below >= -1e-7 * total and above <= 1e-7 * total


@pytest.mark.parametrize("rule", [Affine(20.0, 0.3), Piecewise([0, 1], [20.0, 30.0], 1.0)], ids=repr)
def test_nobody_buys_from_whom_the_first_unit_is_too_dear(rule):
    game = made(rule)
    assert competitive_total(game) == best_total_welfare(game) == planned_surplus(game) == 0.0


def test_where_energy_costs_nothing_all_that_is_wanted_is_bought():
    """A price that stays at 2 from the first unit on."""
    game = made(Piecewise([0, 1], [2.0, 2.0], 0.0))
    assert competitive_total(game) == pytest.approx(demand(game, 2.0))
    best = sum(float(np.sum(block.utility.best_surplus(2.0))) for block in game.blocks)
    assert planned_surplus(game) == pytest.approx(best) and best_total_welfare(game) == pytest.approx(best)


@pytest.mark.parametrize("kind", ["quadratic", "log"])
def test_the_last_unit_is_worth_the_price_at_which_just_the_total_is_wanted_or_its_own_beyond(kind):
    game = made(Affine(1.0, 0.05), kind)
    end = competitive_total(game)
    for share in (0.01, 0.5, 0.99):
        worth = worth_of_last(game, share * end)
        assert worth > game.price.value(share * end) and demand(game, worth) == pytest.approx(share * end, rel=1e-9)
    for share in (1.01, 3.0):
        assert worth_of_last(game, share * end) == game.price.value(share * end)
    found = surpluses_of_total(game, end / 2)
    level, price = worth_of_last(game, end / 2), game.price.value(end / 2)
    for block, surplus in zip(game.blocks, found, strict=True):
        x = block.utility.demand(level)
        np.testing.assert_allclose(surplus, block.utility.value(x) - price * x, rtol=1e-12)


@pytest.mark.parametrize(("energy", "money"), UNITS)
def test_yardsticks_are_the_same_in_any_units(energy, money):
    def yardsticks(e, m):
        users = Quadratic(np.array([0.5, 0.3]) * m / e, np.array([4.0, 9.0]) * m)
        game = Game(Power(0.2 * m / e**0.5, 0.5), (Block("d", "direct", users, 0, 0, np.ones(2, int)),))
        return competitive_total(game) / e, best_total_welfare(game) / (e * m), planned_surplus(game) / (e * m)

    assert yardsticks(energy, money) == pytest.approx(yardsticks(1.0, 1.0), rel=1e-9)


def test_one_planner_with_a_straight_price_buys_half_of_what_price_takers_do():
    """b − 2 a x = c x for takers, 2 c x for the planner whose a is nothing beside c: b² / 4 c."""
    users = Quadratic(np.array([1e-7]), np.array([8.0]))
    game = Game(Linear(0.5), (Block("d", "direct", users, 0, 0, np.ones(1, int)),))
    assert competitive_total(game) == pytest.approx(8 / (0.5 + 2e-7))
    assert planned_surplus(game) == pytest.approx(64 / 4 / (0.5 + 1e-7))
    assert best_total_welfare(game) == pytest.approx(64 / 2 / (0.5 + 2e-7))
