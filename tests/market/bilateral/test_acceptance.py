"""Worked examples with known answers: corners, fair points, traces and projections, digit by digit."""

import numpy as np
import pytest

from market.bilateral.bargain import single_contracts
from market.bilateral.core import NoStablePrices, corners, equal_split, fair_point, is_stable, violation
from market.bilateral.market import Market, RetailTariff, assignment_game
from market.bilateral.negotiation import Benchmark, Bilateral, Corner, HalfSpace, Tight, negotiate
from market.bilateral.settlement import conclude
from market.bilateral.signing import signed
from market.bilateral.transport import multi_contracts, optimal_flows
from market.outcome import Status
from tests.market.bilateral.blocking import blocking_pairs

NEAR = pytest.approx
CASES = {  # values: (matching, v(N), corner u, v of buyers, of sellers, tau, nearest to the equal split)
    "Shapley and Shubik": (
        [[5, 7, 2], [8, 9, 3], [2, 6, 0]],
        ([2, 0, 1], 16, ([2, 5, 1], [3, 5, 0]), ([1, 3, 0], [5, 6, 1])),
        (([1.5, 4, 0.5], [4, 5.5, 0.5]), ([2, 4, 1], [4, 5, 0])),
    ),
    "one pair": ([[4]], ([0], 4, ([4], [0]), ([0], [4])), (([2], [2]), ([2], [2]))),
    "one buyer": ([[5, 3, 4]], ([0], 5, ([5], [0, 0, 0]), ([4], [1, 0, 0])), (([4.5], [0.5, 0, 0]), ([4], [1, 0, 0]))),
    "ties": ([[4, 4], [4, 4]], (None, 8, ([4, 4], [0, 0]), ([0, 0], [4, 4])), (([2, 2], [2, 2]), ([2, 2], [2, 2]))),
    "a single point": ([[3], [3]], (None, 3, ([0, 0], [3]), ([0, 0], [3])), (([0, 0], [3]), ([0, 0], [3]))),
    "no trade": (
        [[0, 0], [0, 0]],
        ([-1, -1], 0, ([0, 0], [0, 0]), ([0, 0], [0, 0])),
        (([0, 0], [0, 0]), ([0, 0], [0, 0])),
    ),
    "one profitable pair": (
        [[2, 0], [0, 0]],
        ([0, -1], 2, ([2, 0], [0, 0]), ([0, 0], [2, 0])),
        (([1, 0], [1, 0]), ([1, 0], [1, 0])),
    ),
    "off the diagonal": (
        [[6, 5], [5, 3]],
        ([1, 0], 10, ([5, 4], [1, 0]), ([1, 0], [5, 4])),
        (([3, 2], [3, 2]), ([3, 2], [3, 2])),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_matching_corners_and_fair_points(name, game):
    values, (matching, total, buyers, sellers), (tau, split) = CASES[name]
    bargain = game(values)
    if matching is not None:
        assert bargain.partner.tolist() == matching
    assert bargain.welfare == NEAR(total, abs=1e-9)
    found = corners(bargain)
    expected = [(found.buyer, buyers), (found.seller, sellers), (found.tau, tau)]
    expected += [(fair_point(bargain, fair), point) for fair, point in (("tau", tau), ("equal-split", split))]
    for point, claims in expected:
        assert np.concatenate(point) == NEAR(np.concatenate(claims), abs=1e-9)
        assert violation(bargain, *point) <= 1e-9


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("fair", ["tau", "equal-split", "buyer", "seller"])
def test_corner_negotiation_ends_at_the_fair_point(name, fair, game):
    bargain = game(CASES[name][0])
    state = negotiate(Corner(fair=fair), bargain)
    assert state.status is Status.SETTLED
    assert state.round <= len(bargain) + 1
    assert np.concatenate([state.u, state.v]) == NEAR(np.concatenate(fair_point(bargain, fair)), abs=1e-9)


@pytest.mark.parametrize(
    "rule", [Bilateral(), Corner(), Tight(), HalfSpace(), Benchmark()], ids=lambda r: type(r).__name__
)
def test_nothing_to_trade_is_settled_in_one_round(rule, game):
    state = negotiate(rule, game([[0, 0], [0, 0]]))
    assert (state.status, state.round, state.gap, len(state.bargain)) == (Status.SETTLED, 1, 0.0, 0)
    assert not np.any(state.u) and not np.any(state.v)


def test_either_of_two_matchings_has_the_same_core(game):
    values = CASES["ties"][0]
    for matching in ([0, 1], [1, 0]):
        assert np.concatenate(corners(game(values, matching)).tau).tolist() == [2, 2, 2, 2]


def test_the_equal_split_is_not_in_the_core(shapley_shubik):
    u, v = equal_split(shapley_shubik)
    assert (u.tolist(), v.tolist()) == ([1, 4, 3], [4, 3, 1])
    buyers, sellers, gains = blocking_pairs(shapley_shubik, u, v)
    assert (buyers[0], sellers[0], gains[0]) == (0, 1, 3)
    assert violation(shapley_shubik, u, v) == 3


@pytest.mark.parametrize("kept, rests_at", [(True, 2 / 3), (False, 1)], ids=["worthless contract kept", "left out"])
def test_a_wrong_matching_is_told_and_never_settles(kept, rests_at, game):
    values = [[5, 7, 2], [8, 9, 3], [2, 6, 0]]
    bargain = single_contracts(assignment_game(values), np.arange(3)) if kept else game(values, [0, 1, 2])
    assert len(bargain) == 2 + kept
    with pytest.raises(NoStablePrices, match="an optimal matching is needed"):
        corners(bargain)
    assert not is_stable(bargain, 2 / 3 - 1e-9)
    assert is_stable(bargain, 2 / 3 + 1e-9)
    rule = Bilateral()
    state = rule.start(bargain)
    assert state.status is Status.NO_EQUILIBRIUM
    assert "optimal" in state.advice
    least = np.inf
    for _ in range(500):
        state = rule.round(state)
        least = min(least, state.violation)
    assert state.status is Status.NO_EQUILIBRIUM
    assert least == NEAR(rests_at, abs=1e-9)


def test_preferences_turn_contracts_round():
    plain = [[0.22, 0.20], [0.20, 0.22]]
    taste = np.array([[-0.03, 0.04], [0.04, -0.03]])
    ones, nothing = np.ones(2), np.zeros(2)
    market = Market(nothing, ones, [0.10, 0.10], ones, plain, tariff=RetailTariff(0, 0))
    bargain = signed(market)
    assert bargain.partner.tolist() == [0, 1]
    assert bargain.welfare == NEAR(0.24, abs=1e-9)
    bargain = signed(Market(nothing, ones, [0.10, 0.10], ones, plain + taste, tariff=RetailTariff(0, 0)))
    assert bargain.partner.tolist() == [1, 0]
    assert bargain.welfare == NEAR(0.28, abs=1e-9)
    assert np.concatenate(corners(bargain).tau) == NEAR(np.full(4, 0.07), abs=1e-9)


def test_bilateral_trace_of_shapley_and_shubik(shapley_shubik):
    rule = Bilateral(tolerance=1e-9)
    state = rule.start(shapley_shubik)
    assert (state.u.tolist(), state.v.tolist()) == ([2, 8, 6], [8, 6, 2])
    trace = [
        ([1, 4, 3], [4, 3, 1]),
        ([1.75, 4.125, 2.125], [3.875, 3.875, 0.25]),
        ([2, 4.203125, 1.703125], [3.796875, 4.296875, 0]),
        ([2, 4.240234375, 1.490234375], [3.759765625, 4.509765625, 0]),
    ]
    for u, v in trace:
        state = rule.round(state)
        assert (state.u.tolist(), state.v.tolist()) == (u, v)
        assert state.violation == NEAR(violation(shapley_shubik, state.u, state.v), abs=1e-12)
    state = negotiate(rule, shapley_shubik)
    assert (state.status, state.round) == (Status.SETTLED, 68)
    limit = [2, 4.241455, 1, 3.758545, 5, 0]
    assert np.concatenate([state.u, state.v]) == NEAR(limit, abs=1e-6)


def test_bilateral_trace_of_one_buyer(game):
    rule = Bilateral()
    state = rule.start(game([[5, 4]]))
    assert (state.u.tolist(), state.v.tolist()) == ([5], [5, 0])
    for number in range(1, 30):
        state = rule.round(state)
        assert state.u[0] == NEAR(4 - 1.5 * 2.0 ** (1 - number), abs=1e-12)


def test_price_raising_takes_one_round_and_one_to_notice(shapley_shubik):
    rule = Corner(fair="buyer")
    state = rule.round(rule.start(shapley_shubik))
    assert state.status is Status.RUNNING
    assert state.v.tolist() == [3, 5, 0]
    mirror = state.memory[1]
    assert mirror.v.tolist() == [1, 3, 0]
    state = rule.round(state)
    assert (state.status, state.v.tolist()) == (Status.SETTLED, [3, 5, 0])


@pytest.mark.parametrize("size", [2, 5, 12])
def test_price_raising_walks_down_a_chain(size, game):
    """Each ask is raised by the one before: a = m + 1 on the diagonal, m + 1.5 beside it."""
    values = np.diag(np.full(size, size + 1.0)) + np.diag(np.full(size - 1, size + 1.5), 1)
    state = negotiate(Corner(fair="buyer"), game(values))
    assert state.v == NEAR(np.arange(size) / 2, abs=1e-9)
    assert state.round == size


STEPS = {  # (values, agent, averaged proposal): what tight, benchmark, half-space make of it
    "buyer with a contract": ([[5, 4]], 0, (2.5, 2.5, 0), (3, 2, 1), (4, 1, 0), (3.25, 2.5, 0.75)),
    "seller without": ([[5, 4]], 2, (2.5, 2.5, 0), (4, 2.5, 0), (3.25, 1, 0.75), None),
    "first buyer from nothing": (
        [[5, 7, 2], [8, 9, 3], [2, 6, 0]],
        0,
        (0,) * 6,
        (2, 0, 0, 3, 5, 0),
        (3.5, 2.25, 2.25, 2.25, 3.5, 2.25),
        (4, 0, 0, 0, 3, 1),
    ),
    "second seller from the equal split": (
        [[5, 7, 2], [8, 9, 3], [2, 6, 0]],
        4,
        (1, 4, 3, 4, 3, 1),
        (2.75, 4.75, 1.75, 4, 4.25, 1),
        (2, 4, 2, 3, 5, 0),
        None,
    ),
}


@pytest.mark.parametrize("name", STEPS)
def test_one_step_of_the_operators(name, game):
    values, agent, averaged, *expected = STEPS[name]
    bargain, all_alike = game(values), np.tile(np.array(averaged, dtype=float), (len(averaged), 1))
    for rule, claims in zip((Tight(), Benchmark(), HalfSpace()), expected, strict=True):
        if claims is not None:
            assert rule.operator(bargain, all_alike, 0, None)[agent] == NEAR(claims, abs=1e-9)


@pytest.mark.parametrize("rule", [Tight(), HalfSpace(), Benchmark()], ids=lambda rule: type(rule).__name__)
def test_one_pair_agrees_in_one_step(rule, game):
    state = rule.start(game([[4]]))
    assert state.memory.tolist() == [[4, 0], [0, 4]]
    state = rule.round(state)
    assert state.memory == NEAR(np.full((2, 2), 2.0), abs=1e-12)
    assert state.status is Status.SETTLED


@pytest.mark.parametrize("supply", [[2, 4], [2, 3]])
def test_several_contracts(supply):
    worth, none = [[0.30, 0.28], [0.26, 0.27]], RetailTariff(0, 0)
    market = Market([0, 0], [3, 2], [0.10, 0.12], supply, worth, tariff=none)
    bargain = multi_contracts(market)
    assert optimal_flows(market).x == NEAR(np.array([[2, 1], [0, 2]]), abs=1e-9)
    assert bargain.welfare == NEAR(0.86, abs=1e-9)
    found = corners(bargain)
    buyers = ([0.16, 0.15], [0.04, 0])
    sellers = buyers if supply == [2, 4] else ([0.01, 0], [0.19, 0.15])
    for point, claims in ((found.buyer, buyers), (found.seller, sellers)):
        assert np.concatenate(point) == NEAR(np.concatenate(claims), abs=1e-9)
    price = bargain.prices(*found.tau)
    assert price == NEAR([0.14, 0.12, 0.12] if supply == [2, 4] else [0.215, 0.195, 0.195], abs=1e-9)


def test_claims_become_prices_half_way(shapley_shubik):
    state = negotiate(Bilateral(), shapley_shubik)
    settled = conclude(state, repair=True)
    assert violation(shapley_shubik, settled.u, settled.v) <= 1e-12
    assert sum(np.sum(each) for each in settled.payoffs) == NEAR(16, abs=1e-9)
    assert np.max(np.abs(settled.u - state.u)) <= 11.5 * 1e-3 * shapley_shubik.mean_contract


def test_a_homogeneous_good_has_one_interval_of_prices():
    rng = np.random.default_rng(4)
    one = np.ones(10)
    bargain = signed(Market(rng.uniform(0.15, 0.25, 10), one, rng.uniform(0.05, 0.15, 10), one))
    found = corners(bargain)
    for corner in (found.buyer, found.seller):
        assert np.ptp(bargain.prices(*corner)) <= 1e-12
    assert bargain.prices(*found.buyer)[0] <= bargain.prices(*found.seller)[0]


def test_a_bare_game_needs_no_grid():
    market = assignment_game([[5, 7, 2]])
    assert market.pair_value.tolist() == [[5, 7, 2]]
    assert single_contracts(market, np.array([1])).prices(np.array([3.0]), np.array([0.0, 4.0, 0.0])).tolist() == [4]
