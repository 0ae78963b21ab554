"""Price of anarchy and efficiency against a search on a grid, on small games."""

import numpy as np
import pytest
from scipy.optimize import minimize_scalar

from engine import compare, run
from market.aggregator.best_response import best_response
from market.aggregator.clearing import clear
from market.aggregator.equilibrium import solve
from market.aggregator.game import Block, Game
from market.aggregator.planner import best_total_welfare, planned_surplus
from market.prices import Affine, Dispatch, Linear, Piecewise, Power
from market.utilities import Logarithmic, Quadratic
from tests.market.potential import potential

RULES = {
    "linear": Linear(0.7),
    "affine": Affine(1.5, 0.4),
    "power": Power(0.2, 1.7),
    "convex kink": Piecewise([0.0, 1.0], [0.0, 1.0], 10.0),
    "concave kink": Piecewise([0.0, 1.0], [0.0, 5.0], 0.01),
    "fleet": Dispatch([1.0, 1.5, 2.0], [0.5, 0.2, 0.7], [0.0, 2.0, 2.5], cap=30.0),
}
A, B = np.array([0.8, 0.55, 2.0]), np.array([0.85, 9.0, 4.0])
USERS = {"quadratic": Quadratic(A, B), "log": Logarithmic(B, 1 / A)}
DEMAND = {
    "quadratic": lambda level: np.clip((B - level) / (2 * A), 0, None),
    "log": lambda level: np.clip((B / max(level, 1e-12) - 1) / A, 0, None),
}
UTILITY = {"quadratic": lambda x: B * x - A * x * x, "log": lambda x: B / A * np.log1p(A * x)}


def shared(form, total):
    """The most utility three users get of a total: equal marginal utilities, by bisection."""
    low, high = (-1e4 if form == "quadratic" else 1e-9), B.max()
    for _ in range(60):
        level = (low + high) / 2
        low, high = (level, high) if DEMAND[form](level).sum() > total else (low, level)
    x = DEMAND[form](high)
    x = x * total / x.sum() if x.sum() > 0 else x
    return UTILITY[form](x).sum()


def highest(function, top):
    """The highest value over [0, top]: a grid, then refined around its best points."""
    grid = np.linspace(0, top, 400)[1:]
    values = np.array([function(total) for total in grid])
    best = max(0.0, values.max())
    for i in np.argsort(values)[-3:]:
        step = grid[1] - grid[0]
        found = minimize_scalar(
            lambda total: -function(total), bounds=(max(grid[i] - step, 1e-9), grid[i] + step), method="bounded"
        )
        best = max(best, -found.fun)
    return best


def game(rule, form):
    return Game(RULES[rule], (Block("users", "direct", USERS[form], 0.0, 0.0, np.ones(3, dtype=int)),))


def area(rule, total):
    """∫₀^total p by the trapezium rule on a fine grid that knows the kinks."""
    price, inside = RULES[rule], np.linspace(0, total, 4000)
    at = np.unique(np.concatenate([inside, price.kinks[price.kinks < total]]))
    mid = (at[1:] + at[:-1]) / 2
    return float(np.sum(price.value(mid) * np.diff(at)))


@pytest.mark.share
@pytest.mark.parametrize("form", USERS)
@pytest.mark.parametrize("rule", RULES)
def test_the_planner_reaches_what_a_grid_finds_and_no_less(rule, form):
    brute = highest(lambda total: shared(form, total) - float(RULES[rule].value(total)) * total, 12.0)
    assert planned_surplus(game(rule, form)) == pytest.approx(brute, rel=1e-6)


def test_price_takers_are_found_far_below_the_highest_price_anybody_would_pay():
    """One user values a first sliver at 1e13, the others stop where p = 0.01 √Y meets 20 − Y, near Y = 20."""
    users = Quadratic(np.array([1e13, 0.5]), np.array([1e13, 20.0]))
    block = Block("all", "aggregator", users, 0.0, 0.0, np.array([2]))
    best = best_total_welfare(Game(Power(0.01, 0.5), (block,)))
    assert best == pytest.approx(1e13 / 4 + 200, rel=1e-6)


@pytest.mark.share
@pytest.mark.parametrize("form", USERS)
@pytest.mark.parametrize("rule", [name for name in RULES if name != "fleet"])
def test_price_takers_reach_the_highest_total_welfare(rule, form):
    grid = np.linspace(0, 12, 400)[1:]
    brute = max(shared(form, total) - area(rule, total) for total in grid)
    best = best_total_welfare(game(rule, form))
    assert best >= brute - 1e-6 * best
    assert best == pytest.approx(brute, rel=2e-3)


@pytest.mark.parametrize("rule", RULES)
def test_one_welfare_maximising_aggregator_is_the_planner(rule):
    one = Game(RULES[rule], (Block("all", "aggregator", USERS["quadratic"], 0.0, 0.01, np.array([3])),))
    assert solve(one).outcome.welfare == pytest.approx(planned_surplus(one), rel=1e-9)


@pytest.mark.parametrize(
    "name", ["two_aggregators", "large_direct", "large_two_maxmin", "two_equilibria", "steep_price"]
)
def test_anarchy_costs_and_efficiency_is_at_most_one(name):
    result = run(name, direct=True)
    yardsticks, outcome = result.yardsticks, result.outcome
    assert yardsticks["price_of_anarchy"] >= 1 - 1e-9
    assert 0 < yardsticks["efficiency"] <= 1 + 1e-9
    assert yardsticks["price_of_anarchy"] == pytest.approx(planned_surplus(result.game) / outcome.welfare)
    total = outcome.welfare + outcome.price * outcome.quantity - float(result.game.price.cost(outcome.quantity))
    assert yardsticks["total_welfare"] == pytest.approx(total)
    assert yardsticks["total_welfare"] == pytest.approx(outcome.welfare + yardsticks["producer_surplus"])


@pytest.mark.parametrize("rule", ["linear", "affine"])
def test_the_equilibrium_maximises_the_potential(rule):
    pair = Block("pair", "aggregator", USERS["quadratic"], 0.0, 0.0, np.array([2, 1]))
    both = Game(
        RULES[rule], (pair, Block("one", "direct", Quadratic(np.array([1.0]), np.array([6.0])), 0, 0, np.array([1])))
    )
    y = solve(both).outcome.y
    top = potential(both, y)
    rng = np.random.default_rng(3)
    for size in (1.0, 0.1, 1e-3):
        assert all(potential(both, np.abs(y + size * rng.standard_normal(3))) <= top + 1e-12 for _ in range(20))


def test_the_reference_means_over_twelve_populations():
    """The reference table has other draws of the same distributions: the means agree within their spread."""
    known = {
        "small_alone": 15.6230,
        "large_direct": 15.2063,
        "large_two_welfare": 15.5335,
        "large_two_proportional": 13.925,
    }
    comparison = compare([*known], replications=12, direct=True, workers=1)
    means = comparison.means().query("measure == 'mean small surplus'").set_index("scenario")
    for name, mean in known.items():
        assert means.loc[name, "mean"] == pytest.approx(mean, abs=2 * means.loc[name, "half_width"] + 0.3)
    away = comparison.differences().query("measure == 'mean small surplus'").set_index("scenario")["mean"]
    assert away["large_direct"] == pytest.approx(15.2063 - 15.6230, abs=0.05)
    assert away["large_two_welfare"] == pytest.approx(15.5335 - 15.6230, abs=0.05)
    assert away["large_two_proportional"] == pytest.approx(13.925 - 15.6230, abs=0.3)


@pytest.mark.share
@pytest.mark.parametrize("k", [0.003, 0.05, 0.3, 30.0])
@pytest.mark.parametrize("c", [1e-30, 1e-3, 1e3])
@pytest.mark.parametrize("form", list(USERS))
def test_the_planner_is_globally_best_at_any_bend_of_the_price(k, c, form):
    """Against totals over many decades, shared by bisection: nothing beats the planner, and something comes close."""
    one = Game(Power(c, k), (Block("users", "direct", USERS[form], 0.0, 0.0, np.ones(3, dtype=int)),))
    logs = np.linspace(*np.log([1e-60, 20.0 if form == "quadratic" else 1e32]), 150)

    def left(log_total):
        total = np.exp(log_total)
        value = shared(form, total)
        return value - c * total ** (k + 1) if value > 0 and (k + 1) * log_total < 600 else 0.0

    values = [left(at) for at in logs]
    at = int(np.argmax(values))
    around = logs[max(at - 1, 0)], logs[min(at + 1, len(logs) - 1)]
    fine = minimize_scalar(lambda log_total: -left(log_total), bounds=around, method="bounded")
    best = max(0.0, *values, -fine.fun)
    planned = planned_surplus(one)
    assert planned >= best * (1 - 1e-8)
    worth = float(USERS[form].reservation.max())
    if best == 0:  # totals too small to be shared by bisection: were the first unit's worth that of all, it is this
        total = (worth / (c * (1 + k))) ** (1 / k)
        best = total * (worth - c * total**k)
    assert planned <= max(best * (1 + 1e-6), 1e-50)
    assert best_total_welfare(one) >= planned * (1 - 1e-9)


def test_one_aggregator_of_everybody_at_alpha_0_is_the_planner():
    users = Block("all", "aggregator", Quadratic(np.array([0.3, 0.9]), np.array([9.0, 5.0])), 0.0, 0.01, np.array([2]))
    for rule in (Power(0.01, 0.05), Power(1.0, 0.5), Power(0.3, 0.1), Linear(1e-9), Linear(1e9)):
        planned = planned_surplus(Game(rule, (users,)))
        y = best_response(rule, Game(rule, (users,)).player(0), 0.0)
        assert clear(Game(rule, (users,)), np.array([y])).welfare == pytest.approx(planned, rel=1e-9)
