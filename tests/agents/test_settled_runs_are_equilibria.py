"""A stepped run that settles ends at one of the certified direct equilibria, on random small markets."""

import numpy as np
import pytest

from agents import AggregatorModel
from market.aggregator.equilibrium import solve
from market.aggregator.game import Block, Game
from market.outcome import CERTIFIED_GAP, Status
from market.prices import Affine, Dispatch, Linear, Piecewise, Power
from market.utilities import Logarithmic, Quadratic
from scenarios import build

ALPHAS = (0.0, 0.3, 0.75, 1.0, 2.0, 5.0, 30.0, np.inf)
OFFSETS = (0.0, 1e-4, 0.01, 1.0)
ORDERS = ("in-turn", "random", "together")
ENDED = (Status.SETTLED, Status.CYCLING, Status.ROUND_LIMIT, Status.INFEASIBLE, Status.SHORT)


def random_price(rng, kind):
    if kind == "linear":
        return Linear(10.0 ** rng.uniform(-3, 0.5))
    if kind == "affine":
        return Affine(rng.uniform(0, 4), 10.0 ** rng.uniform(-3, 0.5))
    if kind == "power":
        return Power(10.0 ** rng.uniform(-3, 0), rng.uniform(0.5, 3))
    if kind == "piecewise":
        steps = rng.uniform(0.2, 3, (2, 3)).cumsum(axis=1)
        return Piecewise(np.append(0.0, steps[0]), np.append(0.0, steps[1]), rng.uniform(0.1, 5))
    cost, start, size = rng.uniform(0.1, 1, 4), rng.uniform(0, 5, 4), rng.uniform(0.5, 4, 4)
    return Dispatch(size, cost, start, cap=float(np.max(start + 2 * cost * size)) + rng.uniform(0, 5))


def random_block(rng, number, smooth):
    users = int(rng.integers(1, 7))
    a, b = 10.0 ** rng.uniform(-1, 0.5, users), rng.uniform(0, 10, users)
    alone = rng.random() < 0.3
    log = rng.random() < 0.25 and (smooth or alone)  # the rest would take long
    utility = Logarithmic(b, 1 / a) if log else Quadratic(a, b)
    name = f"group {number}"
    if alone:
        return Block(name, "direct", utility, 0.0, 0.0, np.ones(users, dtype=int))
    sizes = np.array([users]) if users < 2 or rng.random() < 0.6 else np.array([users - users // 2, users // 2])
    alpha, offset = rng.choice(ALPHAS), rng.choice(OFFSETS)
    return Block(name, "aggregator", utility, float(alpha), float(offset), sizes)


def random_market(seed, price):
    rng = np.random.default_rng((seed, 77))
    return Game(
        random_price(rng, price),
        tuple(random_block(rng, k, price in ("linear", "affine")) for k in range(rng.integers(1, 4))),
    ), rng


@pytest.mark.share
@pytest.mark.parametrize("price", ["linear", "affine", "power", "piecewise", "dispatch"])
@pytest.mark.parametrize("seed", range(10))
def test_a_settled_run_ends_at_a_certified_equilibrium(seed, price):
    game, rng = random_market(seed, price)
    order = ORDERS[seed % 3]
    damping = 1.0 if order != "together" else 0.6
    model = AggregatorModel(game, rng=rng, order=order, damping=damping, rounds=25, tolerance=1e-9)
    status = model.run()
    assert status in ENDED
    if status != Status.SETTLED:
        return
    assert model.gap <= CERTIFIED_GAP
    solution = solve(game)
    assert solution.status == Status.SOLVED
    near = 1e-6 * max(model.outcome.quantity, 1e-3)
    same_y = any(np.allclose(model.y, other.y, rtol=0, atol=near) for other in solution.equilibria)
    at_kink = len(game.price.kinks) and np.min(np.abs(game.price.kinks - model.outcome.quantity)) <= near
    jump = game.price.right_slope(model.outcome.quantity) == np.inf  # there any price between the two clears
    same_total = any(
        abs(model.outcome.quantity - other.quantity) <= near
        and (jump or abs(model.outcome.price - other.price) <= 1e-6 * (1 + other.price))
        for other in solution.equilibria
    )
    assert same_y or (at_kink and same_total), (model.y, [other.y for other in solution.equilibria])


def test_most_of_the_random_markets_settle():
    """Otherwise the test above would say little."""
    settled = 0
    for seed in range(12):
        game, rng = random_market(seed, "linear")
        settled += AggregatorModel(game, rng=rng, rounds=100).run() == Status.SETTLED
    assert settled >= 9


@pytest.mark.parametrize(
    "name", ["two_aggregators", "large_two_welfare", "large_two_maxmin", "village_from_csv", "steep_price"]
)
def test_a_shipped_market_steps_to_its_direct_equilibrium(name):
    model = build(name)
    assert model.run() == Status.SETTLED
    assert model.gap <= CERTIFIED_GAP
    (equilibrium,) = solve(model.game).equilibria
    np.testing.assert_allclose(model.y, equilibrium.y, rtol=0, atol=1e-6 * model.y.sum())
    assert model.outcome.price == pytest.approx(equilibrium.price, rel=1e-6)
    assert model.outcome.welfare == pytest.approx(equilibrium.welfare, rel=1e-6)


def test_at_a_convex_kink_total_and_price_agree_whatever_the_start():
    solution = solve(build("continuum").game)
    totals = {(other.quantity, other.price) for other in solution.equilibria}
    assert solution.continuum
    ends = []
    for start in ([0.0, 0.0], [0.9, 0.0], [0.3, 0.4], [2.0, 2.0]):
        model = build("continuum", start=start)
        assert model.run() == Status.SETTLED
        assert model.gap <= CERTIFIED_GAP
        ends.append(model.y)
        assert model.y.min() >= 2 / 11 - 1e-6 and model.y.max() <= 9 / 11 + 1e-6
        for total, price in totals:
            assert (model.outcome.quantity, model.outcome.price) == pytest.approx((total, price), abs=1e-6)
    assert np.ptp([y[0] for y in ends]) > 0.05  # the shares do depend on the start


@pytest.mark.parametrize("name", ["two_equilibria", "two_equilibria_offset"])
def test_the_start_chooses_among_two_equilibria_and_both_are_certified(name):
    certified = sorted(other.y[0] for other in solve(build(name).game).equilibria)
    low, high = (build(name, start=[start, start]) for start in (0.3, 2.2))
    assert {low.run(), high.run()} == {Status.SETTLED}
    assert [low.y[0], high.y[0]] == pytest.approx(certified, abs=1e-6)
    assert high.y[1] == pytest.approx(90 / 41, abs=1e-6)


@pytest.mark.share
@pytest.mark.parametrize("order", ORDERS)
def test_different_starts_end_at_one_point_on_the_paper_s_market(order):
    ends = []
    for start in ([0, 0, 0], [900, 0, 0], [0, 0, 2000], [300, 300, 300]):
        model = build("two_aggregators", start=start, set=[f"order={order}"])
        assert model.run() == Status.SETTLED
        assert model.gap <= CERTIFIED_GAP
        ends.append(model.y)
    np.testing.assert_allclose(ends, ends[0] + np.zeros((4, 1)), rtol=0, atol=1e-6 * ends[0].sum())


def test_the_reference_values_of_one_best_response():
    """100 users of default_rng(0), others' total 500: 475.237 at alpha 0, 393.89 at 1, 31.974 at 2."""
    rng = np.random.default_rng(0)
    utility = Quadratic(rng.uniform(0.1, 0.9, 100), rng.uniform(0, 10, 100))
    for alpha, known in ((0.0, 475.237), (1.0, 393.89), (2.0, 31.974)):
        block = Block("small", "aggregator", utility, alpha, 0.01, np.array([100]))
        rest = Block("rest", "direct", Quadratic(np.array([1e9]), np.array([0.0])), 0.0, 0.0, np.array([1]))
        model = AggregatorModel(Game(Linear(0.001), (block, rest)), start=[0.0, 500.0])
        model.step()
        assert model.y[0] == pytest.approx(known, rel=1e-4)


@pytest.mark.parametrize("replication", range(3))
def test_aggregators_of_one_user_each_play_as_users_who_buy_for_themselves(replication):
    alone = build("large_direct", replication=replication)
    split = build("large_two_proportional", replication=replication, set=["group.small.count=200"])
    assert alone.run() == split.run() == Status.SETTLED
    np.testing.assert_allclose(split.y, alone.y, rtol=1e-9, atol=1e-9)
