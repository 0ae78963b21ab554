"""Prices with states: the one price that players reckon with, against its definition and against explicit states."""

from dataclasses import replace

import cvxpy as cp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from market.aggregator import information
from market.aggregator.beside import Beside
from market.aggregator.best_response import best_response
from market.aggregator.equilibrium import solve
from market.aggregator.game import Block, Game
from market.aggregator.planner import planned_surplus
from market.aggregator.states import Risk, States, reckoned, shifted
from market.outcome import Status
from market.parameters import ParameterError
from market.prices import Affine, Dispatch, Linear, Piecewise, Power
from market.utilities import Quadratic
from tests.market.random_markets import rules
from tests.shares import part_of

RANDOM = settings(max_examples=part_of(45), deadline=None, derandomize=True, database=None)
STRAIGHT = ("linear", "affine", "piecewise", "dispatch")
NEUTRAL = Risk(0.95, 0.0)
RISKS = st.builds(Risk, st.sampled_from((0.0, 0.5, 0.8, 0.95)), st.sampled_from((0.0, 0.3, 1.0)))


def cvar(costs, probability, level):
    """The least of t + E max(cost − t, 0) / (1 − level), which is reached at one of the costs."""
    return min(t + probability @ np.maximum(costs - t, 0) / (1 - level) for t in costs)


def weighed(costs, probability, risk):
    """(1 − weight) E + weight CVaR by that formula."""
    return (1 - risk.weight) * probability @ costs + risk.weight * cvar(costs, probability, risk.level)


@st.composite
def several(draw, kinds=STRAIGHT, most=5):
    """(Price rules of as many states, their probabilities); some beside a purchase of others, some alike."""
    found = draw(st.lists(rules(kinds, costs=(-2, 1)), min_size=2, max_size=most))
    beside = draw(st.lists(st.sampled_from((0.0, 0.0, 0.5, 3.0)), min_size=len(found), max_size=len(found)))
    chance = np.array(draw(st.lists(st.sampled_from((1.0, 2.0, 5.0)), min_size=len(found), max_size=len(found))))
    return [shifted(rule, more) for rule, more in zip(found, beside, strict=True)], chance / chance.sum()


def alone(*numbers, kind="direct"):
    """Users (a, b) who each buy for themselves."""
    a, b = np.array(numbers, dtype=float).T
    return Block("users", kind, Quadratic(a, b), 0.0, 0.0, np.ones(len(a), dtype=int))


def states_of(rules_of_states, chance, risk=NEUTRAL):
    chance = np.array(chance, dtype=float)
    return States(tuple("abcdefghij"[: len(chance)]), chance, risk, tuple(rules_of_states))


@RANDOM
@given(st.lists(st.integers(-5, 5), min_size=1, max_size=6), RISKS, st.integers(0, 100))
def test_risk_is_the_programme_of_rockafellar_and_uryasev(costs, risk, seed):
    costs, chance = np.array(costs, dtype=float), np.random.default_rng(seed).dirichlet(np.ones(len(costs)))
    assert risk.of_costs(costs, chance) == pytest.approx(weighed(costs, chance, risk), abs=1e-12)
    assert risk.of_gains(-costs, chance) == pytest.approx(-weighed(costs, chance, risk), abs=1e-12)
    both = risk.of_costs(np.stack([costs, 2 * costs], axis=1), chance)
    assert both == pytest.approx([risk.of_costs(costs, chance), 2 * risk.of_costs(costs, chance)], abs=1e-12)


@RANDOM
@given(several(), RISKS)
def test_one_price_is_the_risk_of_the_prices_at_every_total_and_on_both_sides_of_every_kink(case, risk):
    found, chance = case
    rule = reckoned(found, chance, risk)
    ends = np.concatenate([[1.0], rule.kinks])
    totals = np.concatenate([np.geomspace(1e-3, 3 * ends.max(), 25), rule.kinks, ends * 0.999, ends * 1.001])
    for read in ("value", "right_value"):
        of_states = np.array([getattr(one, read)(totals) for one in found])
        expected = [weighed(costs, chance, risk) for costs in of_states.T]
        assert getattr(rule, read)(totals) == pytest.approx(expected, rel=1e-10, abs=1e-12)
    middle = totals[~np.any(np.abs(totals[:, None] / rule.kinks - 1) < 2e-4, axis=1)]
    rise = (rule.value(middle * 1.0001) - rule.value(middle * 0.9999)) / 0.0002
    off = np.abs(rule.left_slope(middle) * middle - rise)
    assert np.all(off <= 1e-9 * (rise + rule.value(middle)))
    assert rule.capacity == min(one.capacity for one in found)


@RANDOM
@given(several(), RISKS, st.integers(0, 100))
def test_order_of_states_equal_states_split_probabilities_and_units_of_money_change_nothing(case, risk, seed):
    found, chance = case
    rng = np.random.default_rng(seed)
    totals = np.geomspace(1e-2, 1e2, 50)
    expected = pytest.approx(reckoned(found, chance, risk).value(totals), rel=1e-11)
    order = rng.permutation(len(found))
    assert reckoned([found[s] for s in order], chance[order], risk).value(totals) == expected
    part = rng.uniform(0.1, 0.9)
    split = np.append(chance[:-1], chance[-1] * np.array([part, 1 - part]))
    assert reckoned([*found, found[-1]], split, risk).value(totals) == expected
    alike = reckoned([found[0]] * len(found), chance, risk).value(totals)
    assert alike == pytest.approx(found[0].value(totals), rel=1e-12)
    assert reckoned(found[:1], np.ones(1), risk) is found[0]


def test_money_scales():
    found, chance, risk = [Affine(1.0, 3.0), Affine(2.0, 1.0)], np.array([0.3, 0.7]), Risk(0.5, 0.5)
    once, more = (reckoned([Affine(k * r.p0, k * r.c) for r in found], chance, risk) for k in (1.0, 1e6))
    assert more.value(np.arange(5.0)) == pytest.approx(1e6 * once.value(np.arange(5.0)), rel=1e-14)
    assert once.kinks == pytest.approx([0.5])  # where 1 + 3 Y = 2 + Y


def test_expectation_of_affine_states_is_affine_and_powers_of_one_exponent_are_a_power():
    assert reckoned([Affine(1.0, 2.0), Linear(4.0)], np.array([0.25, 0.75]), Risk(0.9, 0.0)) == Affine(0.25, 3.5)
    power = reckoned([Power(1.0, 0.5), Power(3.0, 0.5)], np.array([0.5, 0.5]), Risk(0.5, 1.0))
    assert power == Power(3.0, 0.5)


def test_rules_that_make_no_line_are_refused():
    for found in ([Power(1.0, 0.5), Power(1.0, 2.0)], [Power(1.0, 2.0), Affine(1.0, 1.0)]):
        with pytest.raises(ParameterError, match="not straight"):
            reckoned(found, np.array([0.5, 0.5]), Risk(0.9, 0.0))
    for rule, beside in ((Affine(1.0, 1.0), -2.0), (Piecewise([0, 1], [0, 1], 1.0), -1.0)):
        with pytest.raises(ParameterError, match="background"):
            shifted(rule, beside)
    assert shifted(Affine(1.0, 0.5), -2.0) == Affine(0.0, 0.5)
    assert isinstance(shifted(Power(1.0, 2.0), 1.0), Beside)


@pytest.mark.parametrize("rule", [Power(1.0, 2.0), Piecewise([0, 4, 4], [0, 16, 25], 9.0)], ids=["power", "jump"])
def test_others_take_their_part_of_what_is_offered_at_a_price(rule):
    """Beside 3 of others: nothing up to their own price of 9, or 12, then what the whole supply has above 3."""
    beside = Beside(rule, 3.0)
    np.testing.assert_allclose(
        beside.supply(np.array([4.0, 9.0, 16.0, 25.0])), [0, 0, 1, 2 if rule.kinks.size == 0 else 1]
    )
    for total in (0.25, 0.5, 1.5, 3.0):
        assert beside.supply(beside.value(total)) == pytest.approx(total)


@pytest.mark.parametrize("others", [0.0, 0.5, 1.0, 1.25, 2.0, 2.5, 3.0, 5.0, 9.0])
def test_beside_others_the_rest_of_a_price_is_left_and_its_flat_stretches_and_kinks_with_it(others):
    """Generators of 1, 2 and 2: the price rises to 1 and is 2 from 1 to 3, 4 up to 5, and 9 where load is lost."""
    whole = Dispatch([1.0, 2.0, 2.0], [0.5, 0.0, 0.0], [0.0, 2.0, 4.0], 9.0)
    beside, y = Beside(whole, others), np.linspace(0.01, 9, 60)
    np.testing.assert_allclose(beside.kinks, [kink - others for kink in whole.kinks if kink > others])
    flats = [(max(low, others), high) for low, high in ((1, 3), (3, 5), (5, np.inf)) if high > others]
    np.testing.assert_allclose(beside.flats, np.array(flats) - others)
    assert beside.straight and not Beside(Power(1.0, 2.0), others).straight
    assert beside.capacity == max(5.0 - others, 0.0)
    for read in ("value", "right_value", "left_slope", "right_slope", "curvature"):
        np.testing.assert_array_equal(getattr(beside, read)(y), getattr(whole, read)(others + y))
    area = [np.trapezoid(whole.value(others + (at := np.linspace(1e-9, one, 20001))), at) for one in y[::10]]
    np.testing.assert_allclose(beside.cost(y[::10]), area, rtol=1e-3, atol=1e-6)
    prices = np.linspace(0, 8.9, 50)
    np.testing.assert_array_equal(beside.supply(prices), np.maximum(whole.supply(prices) - others, 0.0))


@pytest.mark.parametrize("first", [Risk(0.5, 0.5), Risk(0.0, 1.0), Risk(0.5, 0.0)], ids=repr)
def test_bad_states_are_feared_where_one_group_alone_fears_them(first):
    """It pays a premium then; the worst share of level 0 is the mean of all."""
    states = States(("dry", "wet"), np.full(2, 0.5), Risk(0.0, 0.0), (Affine(1.0, 1.0), Affine(3.0, 1.0)))
    assert not states.fearful
    mixed = replace(states, risks={"bold": Risk(0.0, 0.0), "first": first})
    assert mixed.fearful == (max(mixed.premium("bold"), mixed.premium("first")) > 0)


def explicit(states, player, others, purchases):
    """What purchases of a user with an explicit sum over states are worth, shape (purchases,)."""
    a, b = player.utility.a[0], player.utility.b[0]
    of_states = np.array([(b - rule.value(others + purchases)) * purchases - a * purchases**2 for rule in states.rules])
    return np.array([-weighed(-gains, states.probability, states.risk) for gains in of_states.T])


@settings(max_examples=part_of(12), deadline=None, derandomize=True, database=None)
@given(several(("affine", "piecewise"), most=4), RISKS, st.integers(0, 1000))
def test_a_certified_equilibrium_is_one_of_the_explicit_payoffs(case, risk, seed):
    found, chance = case
    states, rng = states_of(found, chance, risk), np.random.default_rng(seed)
    game = Game(states.rule, (alone(*zip(rng.uniform(0.1, 2, 3), rng.uniform(1, 9, 3), strict=True)),))
    solution = solve(game)
    if solution.status is not Status.SOLVED:
        return
    y = solution.outcome.y
    for j in range(3):
        player, others = game.player(j), y.sum() - y[j]
        tried = np.append(np.linspace(0, player.utility.demand(0.0)[0], 1001), y[j])
        gains = explicit(states, player, others, tried)
        held = gains[-1]
        assert held == pytest.approx(solution.outcome.s[j], rel=1e-9, abs=1e-9)
        assert gains.max() - held <= 2e-6 * max(held, 1.0) + 1e-9


@pytest.mark.parametrize("risk", [Risk(0.7, 0.0), Risk(0.7, 0.6), Risk(0.7, 1.0)], ids=str)
def test_a_planner_solves_the_programme_with_every_state_spelt_out(risk):
    rng = np.random.default_rng(3)
    a, b = rng.uniform(0.2, 1.0, 6), rng.uniform(1, 9, 6)
    lines, chance = ((0.1, 1.2), (0.6, 0.9), (1.5, 0.6), (2.5, 0.3), (3.0, 0.1)), np.array([0.2, 0.1, 0.3, 0.15, 0.25])
    found = [Affine(*line) for line in lines]
    block = Block("users", "aggregator", Quadratic(a, b), 0.0, 0.0, np.array([6]))
    rule = reckoned(found, chance, risk)
    assert len(rule.kinks) == (0 if risk.weight == 0 else 4)
    x, t, beyond = cp.Variable(6, nonneg=True), cp.Variable(), cp.Variable(5, nonneg=True)
    total = cp.sum(x)
    costs = [one.p0 * total + one.c * cp.square(total) for one in found]
    mean = sum(p * cost for p, cost in zip(chance, costs, strict=True))
    worst = t + chance @ beyond / (1 - risk.level)
    worth = b @ x - cp.sum(cp.multiply(a, cp.square(x)))
    programme = cp.Problem(
        cp.Maximize(worth - (1 - risk.weight) * mean - risk.weight * worst),
        [beyond[s] >= cost - t for s, cost in enumerate(costs)],
    )
    programme.solve(solver="CLARABEL", tol_gap_abs=1e-11, tol_gap_rel=1e-11, tol_feas=1e-11)
    assert planned_surplus(Game(rule, (block,))) == pytest.approx(programme.value, rel=1e-7)
    assert best_response(rule, block, 0.0) == pytest.approx(float(total.value), rel=1e-4)


def test_a_duopoly_of_buyers_with_two_states_in_closed_form():
    a, b, c, first, chance = 1.0, 10.0, 0.5, np.array([1.0, 4.0]), np.array([0.25, 0.75])
    states = states_of([Affine(p0, c) for p0 in first], chance)
    game = Game(states.rule, (alone((a, b), (a, b)),))
    outcome = solve(game).outcome
    x = (b - chance @ first) / (2 * a + 3 * c)
    assert outcome.y == pytest.approx([x, x], rel=1e-12)
    by_state = (b - first - 2 * c * x - a * x) * x * 2
    assert information.surplus_by_state(states, game, outcome)[:, 0] == pytest.approx(by_state, rel=1e-12)
    spread = chance @ first**2 - (chance @ first) ** 2
    assert information.of_one(states, game, outcome, 0) == pytest.approx(spread / (4 * (a + c)), rel=1e-9)
    both = chance @ information.if_public(states, game)[:, 0] - outcome.welfare
    assert both == pytest.approx(2 * (a + c) * spread / (2 * a + 3 * c) ** 2, rel=1e-9)
    assert information.of_planner(states, game) == pytest.approx(spread / (2 * a + 4 * c), rel=1e-9)


def test_public_information_may_harm_everybody_in_a_game_but_no_planner_and_no_one_alone():
    states = states_of([Affine(9.0, 0.05), Affine(0.0, 12.0)], [0.7, 0.3])
    game = Game(states.rule, (alone(*[(10.0, 10.0)] * 5),))
    outcome = solve(game).outcome
    price, slope = 0.7 * 9.0, 0.7 * 0.05 + 0.3 * 12.0
    x = (10 - price) / (20 + 6 * slope)
    assert outcome.y == pytest.approx([x] * 5, rel=1e-9)
    known = [5 * (10 + c) * ((10 - p) / (20 + 6 * c)) ** 2 for p, c in ((9.0, 0.05), (0.0, 12.0))]
    assert information.if_public(states, game)[:, 0] == pytest.approx(known, rel=1e-9)
    assert np.dot([0.7, 0.3], known) < 0.95 * outcome.welfare
    assert information.of_planner(states, game) > 0
    assert np.all(information.of_one(states, game, outcome, 0) > 0)


@settings(max_examples=part_of(12), deadline=None, derandomize=True, database=None)
@given(several(most=3), RISKS, st.integers(0, 1000))
def test_knowing_the_state_never_harms_a_planner_or_one_alone(case, risk, seed):
    found, chance = case
    states, rng = states_of(found, chance, risk), np.random.default_rng(seed)
    users = alone(*zip(rng.uniform(0.1, 2, 3), rng.uniform(1, 9, 3), strict=True))
    both = replace(users, name="both", kind="aggregator", sizes=np.array([2, 1]))
    game = Game(states.rule, (users, both, replace(both, name="fair", alpha=1.0, surplus_offset=0.1)))
    outcome = solve(game).outcome
    scale = 1e-7 * max(outcome.welfare, 1.0)
    assert information.of_planner(states, game) >= -scale
    assert all(np.all(information.of_one(states, game, outcome, k) >= -scale) for k in (0, 1))
    assert information.of_one(states, game, outcome, 2) is None
    assert float(states.gain(information.surplus_by_state(states, game, outcome).sum(axis=1))) == pytest.approx(
        outcome.welfare, rel=1e-9, abs=1e-9
    )


def test_prices_of_states_before_anything_is_bought_are_those_just_above_none():
    jump = Piecewise([0, 0, 1], [0.0, 2.0, 5.0], 1.0)
    states = replace(
        states_of((jump, Affine(1.0, 3.0)), (0.5, 0.5)), risks={"shy": Risk(0.0, 1.0), "sure": Risk(0.5, 0.0)}
    )
    assert states.prices(0.0).tolist() == [2.0, 1.0]
    assert states.prices(1.0).tolist() == [5.0, 4.0] and states.prices(0.5).tolist() == [3.5, 2.5]
    timid = replace(states, risks={"shy": Risk(0.5, 0.4)})
    assert timid.premium("shy") == pytest.approx(0.4 * (2.0 - 1.5)) and timid.premium("sure") == 0.0
    assert replace(states, risks={}).premium("shy") == 0.0
    dear = timid.feared(replace(alone((0.5, 6.0)), name="shy"))
    assert dear.utility.reservation == pytest.approx([6.0 - 0.2])
    assert timid.feared(same := alone((0.5, 6.0))) is same
