"""Tariffs in one period: closed forms, the same market told otherwise, and a fair aggregator by a convex programme."""

from dataclasses import replace

import cvxpy as cp
import numpy as np
import pytest

from market.aggregator.dearer import Dearer
from market.aggregator.equilibrium import solve
from market.aggregator.game import Block, Game
from market.aggregator.planner import best_total_welfare
from market.aggregator.tariffs import planners_surplus, taxed
from market.measures import total_welfare
from market.prices import Affine, Linear
from market.tariffs import Capacity, Carbon, Levied, Levy, Rebate, Tax, TwoPart
from market.utilities import Logarithmic, Quadratic

A, B, C, TAX = 0.5, 12.0, 0.25, 1.5


def direct(n, a=A, b=B):
    return Block("users", "direct", Quadratic(np.full(n, a), np.full(n, b)), 0.0, 0.0, np.ones(n, dtype=int))


def levied(game, *rules):
    every = frozenset(block.name for block in game.blocks)
    levies = tuple(Levy(str(k), rule, every) for k, rule in enumerate(rules))
    return Levied(levies, {block.name: block.users for block in game.blocks})


def solved(game, *rules):
    game = taxed(game, levied(game, *rules))
    solution = solve(game)
    assert solution.outcome.gap < 1e-8 and solution.unique
    return game, solution.outcome


@pytest.mark.parametrize("n", [1, 2, 3, 40])
def test_cournot_with_a_tax_is_the_closed_form(n):
    """Each buys x = (b − τ)/(2a + c(n + 1)): what is bought falls, and the price, by which sellers bear a part."""
    game, outcome = solved(Game(Linear(C), (direct(n),)), Tax(TAX))
    each = (B - TAX) / (2 * A + C * (n + 1))
    np.testing.assert_allclose(outcome.x, each, rtol=1e-9)
    without = solve(game.untaxed).outcome
    np.testing.assert_allclose(without.price - outcome.price, TAX * C * n / (2 * A + C * (n + 1)), rtol=1e-9)
    np.testing.assert_allclose(outcome.revenue, TAX * n * each, rtol=1e-9)
    np.testing.assert_allclose(outcome.s, (B - TAX - outcome.price) * each - A * each**2, rtol=1e-9)


def test_a_tax_a_carbon_price_a_rate_and_a_capacity_charge_of_one_period_are_one():
    game = Game(Linear(C), (direct(3),))
    alike = Tax(0.6), Carbon(factor=0.3, price=2.0), TwoPart(fixed=0.0, rate=0.6), Capacity(0.6)
    found = [solved(game, rule)[1] for rule in alike]
    for other in found[1:]:
        np.testing.assert_allclose(other.x, found[0].x, rtol=1e-14)
        np.testing.assert_allclose(other.revenue, found[0].revenue, rtol=1e-14)
    together = solved(game, *(type(rule)(**vars(rule)) for rule in alike))[1]
    np.testing.assert_allclose(together.x, solved(game, Tax(2.4))[1].x, rtol=1e-12)


@pytest.mark.parametrize("share", [0.3, 1.0])
def test_a_tax_handed_back_is_felt_by_those_it_comes_back_to(share):
    """Of two firms' duopoly each gets half of what it pays back; one planner gets all: it is not taxed at all."""
    game, outcome = solved(Game(Linear(C), (direct(2),)), Tax(TAX), Rebate(share=share))
    np.testing.assert_allclose(outcome.x, (B - TAX * (1 - share / 2)) / (2 * A + 3 * C), rtol=1e-9)
    np.testing.assert_allclose(outcome.revenue, (1 - share) * TAX * outcome.quantity, atol=1e-12)
    planned = (B - TAX * (1 - share)) ** 2 / (4 * (A / 2 + C))  # two users as one of bend a/2
    np.testing.assert_allclose(planners_surplus(game), planned, rtol=1e-9)


def test_charges_and_amounts_move_nobody_who_takes_the_plain_sum():
    game = Game(Linear(C), (direct(4),))
    plain, outcome = solve(game).outcome, solved(game, TwoPart(fixed=3.0), Rebate(amount=0.5))[1]
    np.testing.assert_array_equal(outcome.x, plain.x)
    np.testing.assert_allclose(outcome.s, plain.s - 2.5, rtol=1e-12)
    np.testing.assert_allclose(outcome.revenue, 10.0, rtol=1e-12)


def test_a_rebate_below_a_baseline_is_a_tax_and_an_amount():
    game = Game(Linear(C), (direct(3),))
    rebate, tax = solved(game, Rebate(per_unit=0.5, baseline=4.0))[1], solved(game, Tax(0.5), Rebate(amount=2.0))[1]
    np.testing.assert_allclose(rebate.x, tax.x, rtol=1e-14)
    np.testing.assert_allclose(rebate.s, tax.s, rtol=1e-12)


FORMS = {
    "quadratic": Quadratic(np.array([0.3, 0.5, 0.2, 0.6]), np.array([4.0, 6.0, 9.0, 0.7])),
    "log": Logarithmic(np.array([4.0, 6.0, 9.0, 0.7]), np.array([3.0, 1.0, 2.0, 5.0])),
}
CASES = [("quadratic", alpha) for alpha in (0.0, 0.5, 1.0, 2.0, np.inf)] + [("log", 0.0), ("log", 1.0)]


@pytest.mark.share
@pytest.mark.parametrize(("form", "alpha"), CASES)
def test_a_tax_on_all_is_a_price_that_begins_higher(form, alpha):
    """Two roads: every user's utility less the tax, and the price rule p0 + τ + c Y."""
    block = Block("users", "aggregator", FORMS[form], alpha, 0.02, np.array([3, 1]))
    outcome = solved(Game(Affine(0.2, C), (block,)), Tax(TAX))[1]
    other = solve(Game(Affine(0.2 + TAX, C), (block,))).outcome
    np.testing.assert_allclose(outcome.x, other.x, rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(outcome.s, other.s, rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(outcome.price + TAX, other.price, rtol=1e-9)
    np.testing.assert_allclose(outcome.gap, other.gap, atol=1e-8)


@pytest.mark.parametrize("alpha", [0.5, 1.0, 2.0])
def test_a_fair_aggregator_weighs_what_charges_leave(alpha):
    """Its best purchase and split by cvxpy at many purchases: Φ of U − p x − τ x − F + ε."""
    a, b, charge, offset = np.array([0.4, 0.6, 0.3]), np.array([5.0, 7.0, 2.0]), 0.4, 0.5
    block = Block("users", "aggregator", Quadratic(a, b), alpha, offset, np.array([3]))
    outcome = solved(Game(Linear(C), (block,)), TwoPart(fixed=charge, rate=0.3))[1]

    x, y, p = cp.Variable(3, nonneg=True), cp.Parameter(nonneg=True), cp.Parameter(nonneg=True)
    left = cp.multiply(b - 0.3, x) - cp.multiply(a, cp.square(x)) - p * x - charge + offset
    goal = cp.sum(cp.log(left)) if alpha == 1 else cp.sum(cp.power(left, 1 - alpha)) / (1 - alpha)
    programme = cp.Problem(cp.Maximize(goal), [cp.sum(x) == y])

    def best(total):
        y.value, p.value = total, C * total
        return programme.solve(solver=cp.CLARABEL)

    kept = outcome.s + offset
    held = np.sum(np.log(kept)) if alpha == 1 else np.sum(kept ** (1 - alpha)) / (1 - alpha)
    around = [best(total) for total in outcome.quantity * np.array([0.8, 0.98, 1.0, 1.02, 1.2])]
    np.testing.assert_allclose(around[2], held, rtol=1e-7)
    assert max(around) == around[2] and np.allclose(outcome.s.min(), -charge) == (outcome.x.min() < 1e-9)
    unmoved = solve(Game(Linear(C), (replace(block, utility=Quadratic(a, b - 0.3)),))).outcome
    assert np.max(np.abs(unmoved.x - outcome.x)) > 1e-3  # the charge moves who gets what


def test_welfare_counts_what_tariffs_bring_and_is_measured_by_the_market_without():
    game, outcome = solved(Game(Linear(C), (direct(5),)), Tax(TAX), TwoPart(fixed=2.0))
    worth = np.sum(B * outcome.x - A * outcome.x**2) - C * outcome.quantity**2 / 2
    np.testing.assert_allclose(total_welfare(game, outcome), worth, rtol=1e-12)
    best = B**2 / (2 * (2 * A / 5 + C))  # of a total Y: B Y − (a/5 + c/2) Y²
    np.testing.assert_allclose(best_total_welfare(game.untaxed), best, rtol=1e-9)


def test_a_tax_above_all_that_energy_is_worth_leaves_nobody_who_buys():
    _, outcome = solved(Game(Linear(C), (direct(3),)), Tax(B + 1))
    assert np.all(outcome.x == 0) and outcome.price == 0 and outcome.gap == 0


def test_tariffs_of_nothing_leave_the_same_bits():
    block = Block("users", "aggregator", FORMS["quadratic"], 0.5, 0.02, np.array([4]))
    game = Game(Affine(0.2, C), (block, replace(direct(2), name="others")))
    plain, outcome = solve(game).outcome, solved(game, Tax(0.0), TwoPart(fixed=0.0), Capacity(0.0), Rebate())[1]
    for name in ("x", "s", "y", "regrets"):
        np.testing.assert_array_equal(getattr(outcome, name), getattr(plain, name))
    assert (outcome.price, outcome.gap, outcome.revenue) == (plain.price, plain.gap, 0.0)


def test_a_utility_made_dearer_keeps_the_promises_of_utilities():
    inner = FORMS["log"]
    dearer, cost = Dearer(inner, np.array([0.5, 1.0, -0.3, 0.9])), np.array([0.5, 1.0, -0.3, 0.9])
    x = np.array([0.3, 2.0, 1.0, 0.1])
    np.testing.assert_allclose(dearer.value(x), inner.value(x) - cost * x)
    price = np.array([0.7, 0.1, 1.0, 0.2])
    bought = dearer.demand(price)
    np.testing.assert_allclose(dearer.marginal(bought)[bought > 0], price[bought > 0], rtol=1e-12)
    assert bought[3] == 0  # of a reservation price below 0
    some = dearer.take(np.array([2, 0]))
    np.testing.assert_allclose(some.value(1.0), dearer.value(1.0)[[2, 0]])


def test_a_dearer_quadratic_answers_as_the_quadratic_that_it_is():
    rng = np.random.default_rng(1)
    users, cost = Quadratic(rng.uniform(0.1, 1, 6), rng.uniform(3, 9, 6)), rng.uniform(-1, 2, 6)
    made, same = Dearer(users, cost), replace(users, b=users.b - cost)
    x, price, lost = rng.uniform(0, 3, 6), rng.uniform(0.1, 1, 6), rng.uniform(1e-4, 0.1, 6)
    asked = {
        "value": (x,),
        "marginal": (x,),
        "demand": (price,),
        "demand_slope": (price,),
        "meets": (price, 0.3),
        "surplus": (price, x),
        "best_surplus": (price,),
        "surplus_lost": (price, lost),
        "margin_that_loses": (price, lost),
        "alpha_fair_margin": (price, np.zeros(6), 1.0, 0.1),
    }
    for name, given in asked.items():
        np.testing.assert_allclose(getattr(made, name)(*given), getattr(same, name)(*given), rtol=1e-9, err_msg=name)
    np.testing.assert_allclose(made.take(slice(2, 4)).demand(0.5), same.demand(0.5)[2:4])
    np.testing.assert_array_equal(made.reservation, same.reservation)
    for alpha in (0.5, 1.0, 2.0):
        assert made.closed_form(alpha) == same.closed_form(alpha)
    assert made.convex_demand == same.convex_demand
