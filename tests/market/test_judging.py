"""Purchases of others are judged as a dense search judges them: the gap, who moves, where to, and what it gains."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from market.aggregator import judging
from market.aggregator.certificate import worth
from market.aggregator.equilibrium import solve
from market.aggregator.game import Block, Game
from market.aggregator.judging import Verdict, judged, own_splits
from market.aggregator.network import direct
from market.aggregator.network import judging as on_network
from market.aggregator.network.game import NetworkGame
from market.aggregator.network.producers import Producers
from market.aggregator.payoff import payoff
from market.conduct.judge import away, nearest
from market.grid.nodal import nodal_grid
from market.outcome import CERTIFIED_GAP
from market.prices import Linear, Piecewise
from market.utilities import Quadratic
from scenarios import draw, load

QUICK = settings(max_examples=15, deadline=None, derandomize=True, database=None)


def buyers(a, b, c):
    """Users who each buy for themselves at price c Y."""
    return Game(Linear(c), (Block("one", "direct", Quadratic(a, b), 0.0, 0.0, np.ones(len(a), int)),))


def group_of(alpha, users=4, offset=0.01):
    rng = np.random.default_rng(5)
    utility = Quadratic(rng.uniform(0.2, 0.9, users), rng.uniform(6, 9, users))
    small = Block("small", "aggregator", utility, alpha, offset, np.array([users]))
    large = Block("large", "large", Quadratic(np.array([0.5]), np.array([8.0])), 0.0, 0.0, np.array([1]))
    return Game(Linear(0.2), (small, large))


@QUICK
@given(st.integers(0, 10**6), st.floats(0.5, 1.6))
def test_the_move_of_a_single_buyer_is_that_of_the_closed_form(seed, factor):
    rng = np.random.default_rng(seed)
    a, b, c = rng.uniform(0.2, 1, 3), rng.uniform(5, 9, 3), rng.uniform(0.1, 0.5)
    game = buyers(a, b, c)
    y = solve(game).outcome.y * np.array([1.0, factor, 1.0])
    found = judged(game, y)
    others = y.sum() - y
    best = np.maximum((b - c * others) / (2 * (a + c)), 0.0)  # of b t − a t² − c (others + t) t
    held, reached = (b * t - a * t**2 - c * (others + t) * t for t in (y, best))
    regrets = (reached - held) / held
    worst = int(np.argmax(regrets))
    assert found.outcome.gap == pytest.approx(max(regrets[worst], 0), rel=1e-6, abs=1e-12)
    assert found.verdict == (Verdict.NOT_EQUILIBRIUM if regrets[worst] > CERTIFIED_GAP else Verdict.EQUILIBRIUM)
    assert found.proven
    if regrets[worst] > CERTIFIED_GAP:
        assert found.move.player == worst and found.move.now == y[worst]
        assert found.move.to == pytest.approx(best[worst], rel=1e-6)
        assert found.move.gain == pytest.approx(reached[worst] - held[worst], rel=1e-6)


@pytest.mark.share
@pytest.mark.parametrize("alpha", [0.0, 0.5, 1.0, 3.0, np.inf])
def test_a_group_s_move_is_that_of_a_dense_search(brute, alpha):
    game = group_of(alpha)
    solved = solve(game).outcome
    assert judged(game, solved.y).outcome.gap <= solved.gap + 1e-12
    y = solved.y * np.array([0.8, 1.0])
    found = judged(game, y)
    regrets = [brute.regret(game.price, game.player(j), y.sum() - y[j], y[j]) for j in range(2)]
    assert found.move.player == int(np.argmax(regrets)) == 0
    assert found.outcome.gap == pytest.approx(max(regrets), rel=1e-5)
    best, surpluses = brute.best(game.price, game.player(0), y[1])
    assert found.move.to == pytest.approx(best, rel=1e-3)
    held = brute.payoff_of(game.price, game.player(0), y[1])[1](y[:1])[0]
    phi = {0.0: np.sum, 1.0: lambda s: np.sum(np.log(s + 0.01)), np.inf: np.min}.get(
        alpha, lambda s: np.sum((s + 0.01) ** (1 - alpha)) / (1 - alpha)
    )
    assert found.move.gain == pytest.approx(phi(surpluses) - phi(held), rel=1e-4)
    assert found.proven


def test_an_unfair_split_is_a_reason_to_move_without_buying_otherwise():
    game = group_of(1.0)
    solved = solve(game).outcome
    x = solved.x.copy()
    x[:2] += [0.2, -0.2]
    found = judged(game, solved.y, x)
    assert found.verdict is Verdict.NOT_EQUILIBRIUM and found.move.player == 0
    assert found.move.to == pytest.approx(solved.y[0], rel=1e-3) and found.move.gain > 0
    prices, y = [solved.price] * 2, [solved.y[:1], solved.y[1:]]
    assert own_splits(game.blocks, prices, y, [solved.x[:4], solved.x[4:]]) == pytest.approx([0, 0], abs=1e-12)
    far = own_splits(game.blocks, prices, y, [x[:4], x[4:]])
    assert far == pytest.approx([0.2 / solved.y[0], 0])


def test_what_is_only_found_by_search_says_so_and_what_somebody_gains_is_proven():
    steep = group_of(150.0)  # beyond alpha = 100 no plane is known
    y = solve(steep).outcome.y
    assert judged(steep, y).verdict is Verdict.EQUILIBRIUM and not judged(steep, y).proven
    assert judged(steep, y * 0.7).proven


def test_that_nobody_gains_is_proven_at_a_kinked_price_too():
    kinked = Game(Piecewise(np.array([0.0, 3.0]), np.array([0.5, 1.0]), 0.3), group_of(1.0).blocks)
    found = judged(kinked, solve(kinked).outcome.y)
    assert found.verdict is Verdict.EQUILIBRIUM and found.proven


def test_who_is_priced_out_by_the_others_has_no_move():
    game = group_of(1.0, offset=0.0)
    found = judged(game, np.array([1.0, 100.0]))
    assert found.verdict is Verdict.INFEASIBLE and found.move is None


def test_the_nearest_equilibrium_is_told_by_the_largest_difference_beside_its_total():
    game = draw(load("two_equilibria")).game
    equilibria = [one.y for one in solve(game).equilibria]
    assert len(equilibria) > 1
    for number, one in enumerate(equilibria):
        y = one.copy()
        y[0] += 1e-3 * one.sum()
        place, distance = nearest(y, equilibria)
        assert place == number and distance == pytest.approx(1e-3)
    assert nearest(equilibria[0], ()) is None


def test_the_nearest_equilibrium_has_the_least_share_whatever_the_difference_in_energy():
    small, large = np.array([1.0, 1.0]), np.array([60.0, 40.0])
    assert nearest(np.array([10.0, 10.0]), [small, large]) == (1, 0.5)  # 9 away from one of 2, 50 from one of 100
    assert nearest(np.array([3.0, 1.0]), [np.zeros(2)]) == (0, 0.75)
    np.testing.assert_allclose(away(np.array([[10.0, 10.0], [1.0, 2.0]]), [small, large]), [0.5, 0.5])


def cournot(costs, rises, conduct="network"):
    """Producers at one node that pays 100 − Q."""
    firms = [
        Producers(f"firm {k}", *(np.array([v]) for v in (80.0, *one)))
        for k, one in enumerate(zip(costs, rises, strict=True))
    ]
    grid = nodal_grid("a", elastic=[(0, 100.0, 100.0)])
    return NetworkGame(grid, tuple(firms), (np.ones(1),) * len(firms), (conduct,) * len(firms))


@pytest.mark.parametrize("seed", [1, 2, 15793])
def test_a_producer_s_move_is_that_of_the_closed_form(seed):
    rng = np.random.default_rng(seed)
    cost, rise, q = rng.uniform(5, 20, 2), rng.uniform(0.1, 0.6, 2), rng.uniform(5, 40, 2)
    found = on_network.judged(cournot(cost, rise), q)
    others = q[::-1]
    best = (100 - others - cost) / (2 + rise)  # of (100 − others − t) t − cost t − rise t²/2
    held, reached = ((100 - others - t - cost - rise * t / 2) * t for t in (q, best))
    worst = int(np.argmax((reached - held) / held))
    assert found.outcome.gap == pytest.approx(np.max((reached - held) / held), rel=1e-5)
    assert found.move.player == worst and found.move.to == pytest.approx(best[worst], rel=1e-6)
    assert found.move.gain == pytest.approx(reached[worst] - held[worst], rel=1e-5)
    assert found.outcome.price == pytest.approx(100 - q.sum())


def test_price_takers_are_proven_others_on_a_network_are_searched():
    takers, seers = cournot([10.0, 5.0], [0.2, 0.4], "nothing"), cournot([10.0, 5.0], [0.2, 0.4])
    for game, proven in ((takers, True), (seers, False)):
        solved = direct.solve(game).outcome
        found = on_network.judged(game, solved.y)
        assert found.verdict is Verdict.EQUILIBRIUM and found.proven == proven


def test_quantities_on_a_network_are_valued_at_what_their_player_pays():
    game = draw(load("data_centre_nothing")).game
    solved = direct.solve(game).outcome
    found = on_network.judged(game, solved.y, solved.x)
    np.testing.assert_allclose(found.outcome.s, solved.s, rtol=1e-9)
    assert found.outcome.gap <= solved.gap + 1e-9


def test_every_verdict_says_what_it_means():
    assert all(one.meaning.endswith(".") for one in judging.Verdict)


@pytest.mark.parametrize("offset", [0.0, 0.01])
@pytest.mark.parametrize("factor", [2.5, 8.0])
def test_who_loses_by_its_purchase_is_told_by_all_that_it_loses(offset, factor):
    game = group_of(0.0, offset=offset)
    solved = solve(game).outcome
    found = judged(game, solved.y * np.array([factor, 1.0]))
    assert found.move.player == 0 and found.outcome.s[:4].sum() < 0
    rule, player, others = game.price, game.player(0), solved.y[1]
    best = solved.y[0]  # the large user's purchase is the equilibrium's, so the best answer to it is, too
    gain = float(payoff(rule, player, others, best)) - 4 * offset - found.outcome.s[:4].sum()
    assert (found.move.to, found.move.gain) == (pytest.approx(best, rel=1e-5), pytest.approx(gain, rel=1e-6))
    unit = np.where(found.outcome.s[:4] + offset < 0, worth(player.utility), found.outcome.s[:4]) + offset
    assert found.outcome.gap == pytest.approx(gain / unit.sum(), rel=1e-6)


def test_a_single_user_who_loses_on_a_network_regrets_as_without_one():
    """Two nodes alike without a line to speak of: each user alone beside supply q / 2."""
    game = draw(load("two_nodes_thin", set=['network.line_limits={"A-B"=0.0}'])).game
    found = on_network.judged(game, np.array([40.0, 80 / 11]))
    held, best = ((8 - t / 20 - t / 2) * t for t in (40.0, 80 / 11))
    good = draw(load("two_nodes_thin")).game.player(0).utility
    assert held < 0 and found.move.player == 0
    assert found.outcome.gap == pytest.approx((best - held) / float(worth(good)[0]), rel=1e-5)


@pytest.mark.parametrize("alpha", [0.0, 1.0, np.inf])
def test_whom_the_others_price_out_is_told_to_buy_nothing(alpha):
    game = group_of(alpha)
    found = judged(game, np.array([3.0, 60.0]))  # price 12.6, above everybody's reservation price
    lost = -found.outcome.s[:4].sum()
    if found.move.player == 1:
        found = judged(game, np.array([100.0, 60.0]))
        lost = -found.outcome.s[:4].sum()
    assert found.move.player == 0 and (found.move.to, found.move.in_money) == (0.0, True)
    assert found.move.gain == pytest.approx(lost) and lost > 0
