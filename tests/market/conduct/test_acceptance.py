"""What conducts reach where theory says what they must: equilibria, best responses, regret under its bound."""

from functools import partial

import numpy as np
import pytest

from agents import AggregatorModel
from market.aggregator.best_response import best_response
from market.aggregator.equilibrium import solve
from market.aggregator.game import Block, Game
from market.aggregator.learners import Learners, Unbounded, margins
from market.aggregator.learning import play
from market.aggregator.payoff import payoff
from market.conduct import Bandit, Dice, FictitiousPlay, Gradient, Hedge, Inertial, QLearning
from market.outcome import Status
from market.prices import Affine, Linear, Piecewise, Power
from market.utilities import Logarithmic, Quadratic
from tests.shares import part_of


def draws(name, number):
    return np.random.default_rng([number, len(name)])


def users(rng, count):
    return Quadratic(a=rng.uniform(0.1, 0.9, count), b=rng.uniform(1, 10, count))


def block(rng, name, kind, sizes, alpha=0.0, offset=0.01):
    return Block(name, kind, users(rng, int(np.sum(sizes))), alpha, offset, np.array(sizes))


def linear_market(seed):
    """Aggregators at alpha = 0, small and large users at a linear price, which has one equilibrium."""
    rng = np.random.default_rng(seed)
    blocks = (
        block(rng, "aggregators", "aggregator", rng.integers(2, 9, rng.integers(1, 4))),
        block(rng, "direct", "direct", [1] * rng.integers(1, 6)),
        block(rng, "large", "large", [1]),
    )
    return Game(Linear(rng.uniform(0.01, 0.2)), blocks)


@pytest.mark.share
@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize(
    ("conduct", "near"), [(FictitiousPlay(memory=10.0), 1e-6), (Gradient(), 1e-6), (None, 1e-8)], ids=str
)
def test_the_equilibrium_of_a_linear_price_is_reached(conduct, near, seed):
    game = linear_market(seed)
    solution = solve(game)
    assert solution.status == Status.SOLVED and solution.unique
    if conduct is None:
        model = AggregatorModel(game, tolerance=1e-10)
        assert model.run() == Status.SETTLED
        y = model.y
    else:
        y = play(game, {one.name: conduct for one in game.blocks}, 250, draws).purchases[-1]
    assert np.max(np.abs(y - solution.outcome.y)) <= near * solution.outcome.quantity


def random_market(seed):
    """A few single users, in some aggregators too, beside one who answers best, at a random price."""
    rng = np.random.default_rng(seed)
    price = [Linear(rng.uniform(0.01, 1)), Affine(rng.uniform(0, 2), rng.uniform(0.01, 1)), Power(0.02, 2.0)][seed % 3]
    blocks = [block(rng, "learners", "direct", [1] * rng.integers(1, 5)), block(rng, "best", "large", [1])]
    if seed % 4 == 0:
        blocks.append(block(rng, "homes", "aggregator", [3, 4]))
    return Game(price, tuple(blocks))


def test_hedges_regret_lies_under_its_bound_in_each_random_market():
    rounds, actions, shares = 25, 9, []
    bound = Hedge(actions).bound(rounds, rounds)
    assert bound == pytest.approx(np.sqrt(rounds * np.log(actions) / 2))
    for seed in range(part_of(200)):
        judge = play(random_market(seed), {"learners": Hedge(actions), "homes": Hedge(actions)}, rounds, draws).judged()
        assert np.all(judge.regrets <= bound * judge.range), seed
        shares.append(np.max(judge.regrets / np.where(judge.range > 0, judge.range, 1.0)))
    assert max(shares) > 0.4 * bound, "nobody came near: the bound is no test"


ALONE = Game(
    Affine(1.5, 0.4), (Block("alone", "large", Quadratic(np.array([0.5]), np.array([8.0])), 0, 0, np.ones(1, int)),)
)


def paid_alone(y):
    return payoff(ALONE.price, ALONE.blocks[0], 0.0, y)


def test_a_bandits_mean_payoff_on_a_static_market_is_nearly_the_best_actions():
    played = play(ALONE, {"alone": Bandit()}, 20_000, draws)
    best = np.max(paid_alone(played.groups[0].learners.grid(41)[0]))
    assert np.mean(paid_alone(played.purchases[:, 0])) >= 0.95 * best


def beside_fixed(conduct, rounds):
    """(Purchases by round, its payoff function, its players) of an aggregator beside others who always buy 10."""
    rule, rng = Affine(0.5, 0.1), np.random.default_rng(3)
    homes = Game(rule, (block(rng, "homes", "aggregator", [5]),)).blocks[0]
    learners, dice = Learners(rule, homes, slice(0, 1), 50.0), Dice([rng])
    y, purchases = np.array([0.0, 10.0]), []
    state = conduct.begin(learners.start(y, rounds))
    for _ in range(rounds):
        y = np.array([conduct.decide(state, dice)[0], 10.0])
        conduct.learn(state, learners.faced(y))
        purchases.append(y[0])
    return np.array(purchases), partial(payoff, rule, homes, 10.0), learners


@pytest.mark.parametrize("conduct", [FictitiousPlay(), Gradient(), Inertial()], ids=lambda one: type(one).__name__)
def test_a_learner_alone_against_a_fixed_total_learns_its_best_response(conduct):
    purchases, _, learners = beside_fixed(conduct, 200 if isinstance(conduct, Gradient) else 25)
    best = best_response(learners.rule, learners.block, 10.0)
    assert best > 1 and abs(purchases[-1] - best) <= 1e-8 * best


@pytest.mark.parametrize(
    "conduct", [Hedge(), Bandit(11, rate=0.1), QLearning(11, fade=1000.0)], ids=lambda one: type(one).__name__
)
def test_a_learner_among_actions_learns_the_best_of_them(conduct):
    purchases, paid, learners = beside_fixed(conduct, 3000)
    best = np.max(paid(learners.grid(conduct.actions)[0]))
    assert np.mean(paid(purchases[:20])) < 0.9 * best
    assert np.mean(paid(purchases[-500:])) > 0.94 * best


def test_with_a_memory_without_end_fictitious_play_nears_like_a_power_of_time():
    game = linear_market(1)
    y = play(game, {one.name: FictitiousPlay(np.inf) for one in game.blocks}, 200, draws).purchases
    exact = solve(game).outcome.y
    away = np.max(np.abs(y - exact), axis=1) / exact.sum()
    assert away[49] > 2 * away[199] > 1e-6


def explicit_regret(game, played, where, j, actions):
    """What the best of so many even purchases would have paid player j more, added up round by round."""
    player, learners = game.player(j), played.groups[where].learners
    grid = np.linspace(0, learners.top[j - learners.where.start], actions)
    total, earned = np.zeros(actions), 0.0
    for y in played.purchases:
        others = float(y.sum() - y[j])
        total += payoff(game.price, player, others, grid)
        earned += float(payoff(game.price, player, others, y[j]))
    return total.max() - earned


def test_the_judges_regret_is_that_of_payoffs_added_up_one_by_one():
    game = random_market(4)
    played = play(game, {"learners": Gradient(rate=1.5), "homes": Bandit(5)}, 30, draws)
    judge = played.judged()
    wheres = [k for k, group in enumerate(played.groups) for _ in range(group.learners.block.players)]
    for number, (where, j) in enumerate(zip(wheres, judge.players, strict=True)):
        found = explicit_regret(game, played, where, j, 41)
        assert judge.regrets[number] == pytest.approx(max(found, 0.0), rel=1e-6, abs=1e-9 * judge.range[number])


def test_one_round_after_another_and_all_at_once_are_judged_alike():
    played = play(random_market(8), {"learners": Bandit(5), "homes": Gradient()}, 25, draws)
    all_at_once, one_by_one = played.judged(), played.judged()
    one_by_one.__init__(one_by_one.groups, 25)
    for y in played.purchases:
        one_by_one.add(y)
    for name in ("regrets", "range", "average"):
        np.testing.assert_allclose(getattr(one_by_one, name), getattr(all_at_once, name), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("seed", range(8))
def test_payoffs_of_even_purchases_are_those_of_explicit_splits(seed):
    rng = np.random.default_rng(seed)
    alpha = (0.0, 0.0, 0.5, 1.0, 2.0, np.inf, 0.0, 0.0)[seed]
    kind, sizes = ("direct", [1, 1, 1]) if seed == 1 else ("aggregator", [4, 7, 2])
    made = block(rng, "some", kind, sizes, alpha, 0.05)
    if seed >= 6:
        utility = Logarithmic(b=rng.uniform(2, 9, made.users), k=rng.uniform(0.5, 2, made.users))
        made = Block("some", kind, utility, 0.0, 0.01, np.array(sizes))
    rule = Affine(0.5 if seed < 7 else 0.0, 0.05)
    learners = Learners(rule, Game(rule, (made,)).blocks[0], slice(0, 3), 50.0)
    assert np.all(np.isfinite(learners.top)) and np.all(learners.top > 0)
    others = rng.uniform(0, 80, (4, 3))
    found = learners.of_actions(others, 13)
    for row, j in np.ndindex(4, 3):
        single = payoff(rule, learners.block.player(j), others[row, j], learners.grid(13)[j])
        np.testing.assert_allclose(found[row, j], np.maximum(single, learners.floor[j]), rtol=1e-6, atol=1e-9)
    assert np.all(np.isfinite(found))


@pytest.mark.parametrize("alpha", [0.0, 0.5, 2.0])
def test_margins_have_the_sign_of_the_payoffs_slope(alpha):
    rng = np.random.default_rng(5)
    made, rule = block(rng, "some", "aggregator", [6], alpha, 0.05), Affine(0.5, 0.1)
    learners = Learners(rule, made, slice(0, 1), 50.0)
    best = best_response(rule, made, 3.0)
    for share, sign in ((0.2, 1), (0.98, 1), (1.02, -1), (1.5, -1)):
        assert np.sign(learners.marginal(np.array([3.0]), np.array([share * best]))[0]) == sign
    if alpha == 0:
        step = 1e-5 * best
        ends = payoff(rule, made, 3.0, np.array([best / 2 - step, best / 2 + step]))
        slope = learners.marginal(np.array([3.0]), np.array([best / 2]))[0]
        assert slope == pytest.approx((ends[1] - ends[0]) / (2 * step), rel=1e-6)


def test_where_nothing_is_bought_a_first_unit_brings_its_worth_however_steep_the_price():
    made = Block("some", "large", Quadratic(np.array([0.5]), np.array([6.0])), 0.0, 0.01, np.array([1]))
    learners = Learners(Power(1.0, 0.5), made, slice(0, 1), 50.0)
    assert learners.marginal(np.zeros(1), np.zeros(1)) == pytest.approx(6.0, rel=1e-3)


def test_a_least_user_that_has_all_it_wants_is_helped_by_no_purchase():
    """At p = 1 with U = 2 x − x² one user wants a half; of 1.2 a max-min aggregator's other user gets the rest."""
    for money in 10.0 ** np.linspace(-6, 6, 25):
        users = Quadratic(money * np.array([1, 1 / 9]), money * np.array([2.0, 9.0]))
        made, rule = Block("some", "aggregator", users, np.inf, 0.0, np.array([2])), Affine(money, 1e-9 * money)
        learners = Learners(rule, made, slice(0, 1), 50.0)
        assert abs(learners.marginal(np.zeros(1), np.array([1.2]))[0]) < 1e-6 * money


def test_what_a_little_more_brings_is_so_much_money_in_any_unit():
    def marginal(money):
        users = Quadratic(money * np.array([0.5, 0.25]), money * np.array([4.0, 3.0]))
        made, rule = (
            Block("some", "aggregator", users, 1.0, 0.05 * money, np.array([2])),
            Affine(0.5 * money, 0.1 * money),
        )
        return Learners(rule, made, slice(0, 1), 50.0).marginal(np.array([3.0]), np.array([1.2]))[0]

    assert [marginal(money) / money for money in (1e-9, 1e9)] == pytest.approx([marginal(1.0)] * 2, rel=1e-9)


def test_payoffs_without_a_lower_bound_are_told():
    made = block(np.random.default_rng(0), "some", "aggregator", [3], 1.0, 0.0)
    with pytest.raises(Unbounded, match="no lower bound"):
        Learners(Affine(0.5, 0.1), made, slice(0, 1), 50.0)


@pytest.mark.parametrize("unit", [1e-3, 1.0, 1e3])
def test_beyond_what_users_want_a_little_more_brings_the_mean_of_what_their_last_units_lose(unit):
    """Two who want 4 and 6 at a price of 2 and get half as much more, 6 and 9: b − 2 a x − 2 is −2 and −3."""
    users = Quadratic(np.array([0.5, 0.5]) / unit, np.array([6.0, 8.0]))
    made = Block("some", "aggregator", users, 1.0, 0.05 * unit, np.array([2]))
    rule, own = Affine(0.5, 0.1 / unit), np.array([15.0 * unit])
    found = margins(rule, made, np.zeros(1), own, np.array([50.0 * unit]))
    assert found == pytest.approx([(6 * -2 + 9 * -3) / 15 - 0.1 * 15])


def test_where_the_price_keeps_all_users_out_a_little_more_brings_what_the_dearest_lacks():
    users = Quadratic(np.array([0.5, 0.5, 0.5]), np.array([3.0, 4.0, 9.0]))
    made = Block("some", "aggregator", users, 1.0, 0.05, np.array([2, 1]))
    found = margins(Affine(5.0, 0.1), made, np.array([10.0, 10.0]), np.zeros(2), np.ones(2))
    assert found[0] == pytest.approx(4.0 - 6.0) and found[1] == pytest.approx(9.0 - 6.0, abs=1e-5)


@pytest.mark.parametrize(("kind", "alpha"), [("direct", 0.0), ("aggregator", 0.0), ("aggregator", 2.0)])
def test_a_table_knows_its_even_purchases_and_no_others_and_what_each_pays(kind, alpha):
    sizes = [1, 1, 1] if kind == "direct" else [4, 7, 2]
    made = block(np.random.default_rng(3), "some", kind, sizes, alpha, 0.05)
    learners, others = Learners(Affine(0.5, 0.05), made, slice(0, 3), 50.0), np.array([0.0, 7.0, 20.0])
    grid, table, found = learners.grid(9), learners._table(9), learners.of_actions(others, 9)
    for picked in ([0, 0, 0], [8, 8, 8], [3, 0, 7], [1, 5, 2]):
        own = grid[np.arange(3), picked]
        place, known = table.places(own)
        assert known.all() and place.tolist() == [9 * j + k for j, k in enumerate(picked)]
        np.testing.assert_allclose(learners.of(others, own), found[np.arange(3), picked], rtol=1e-6, atol=1e-9)
    beside = grid[:, 4] * [1.0, 1 + 1e-6, 1.01]
    assert table.places(beside)[1].tolist() == [True, False, False]
    assert table.places(3 * grid[:, 8])[1].tolist() == [False] * 3
    singly = [payoff(learners.rule, made.player(j), others[j], beside[j : j + 1])[0] for j in range(3)]
    np.testing.assert_allclose(learners.of(others, beside), np.maximum(singly, learners.floor), rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("alpha", [0.0, 1.0, 7.5])
def test_at_a_jump_of_the_price_a_little_more_costs_the_price_above_it(alpha):
    """The first unit costs 18 though none costs 0.5: nobody wants any, which is learned as a number."""
    rule = Piecewise([0.0, 0.0, 1.0], [0.5, 18.0, 19.0], 0.5)
    made = Block("a", "aggregator", Quadratic(np.array([1.0, 2.0]), np.array([1.5, 0.5])), alpha, 1.0, np.array([2]))
    learners = Learners(rule, made, slice(0, 1), 50.0)
    assert learners.top.tolist() == [0.0]
    assert margins(rule, made, np.zeros(1), np.zeros(1), learners.top) == pytest.approx([1.5 - 18.0])
    assert np.all(np.isfinite(learners.marginal(np.zeros(1), np.zeros(1))))
