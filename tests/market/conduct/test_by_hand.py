"""Conducts step by step: chances, draws and what is learned, each worked out player by player."""

import math
from types import SimpleNamespace

import numpy as np
import pytest

from market.conduct import Bandit, Dice, FictitiousPlay, Gradient, Hedge, Inertial, QLearning, ZeroIntelligence
from market.conduct.conduct import Start, chosen, rows

GRID = np.array([[0.0, 1.0, 2.0], [0.0, 10.0, 20.0]])


class Fixed:
    """Throws of dice that are known beforehand."""

    def __init__(self, *throws):
        self.throws = [np.array(throw, dtype=float) for throw in throws]

    def throw(self):
        return self.throws.pop(0)


def start(faced, rounds=100, prices=(1.0, 5.0)):
    return SimpleNamespace(grid=lambda count: GRID, rounds=rounds, prices=prices, faced=faced)


def test_the_action_is_that_at_which_the_running_sum_passes_luck():
    weights = np.array([[1.0, 3.0, 4.0]] * 7)
    luck = np.array([0.0, 0.124, 0.125, 0.49, 0.5, 0.99, 1 - 1e-16])
    assert chosen(weights, luck).tolist() == [0, 0, 1, 1, 2, 2, 2]
    assert chosen(np.array([[0.0, 2.0, 0.0]]), np.array([0.0])).tolist() == [1]
    assert chosen(np.array([[0.0, 2.0, 0.0], [5.0, 0.0, 0.0]]), np.array([0.999, 0.999])).tolist() == [1, 0]
    assert rows(np.arange(3.0)).shape == (3, 1) and rows(np.ones((2, 4))).shape == (2, 4)


def test_dice_give_what_each_generator_gives_one_by_one():
    dice, alone = Dice([np.random.default_rng(k) for k in (1, 2)]), [np.random.default_rng(k) for k in (1, 2)]
    thrown = [dice.throw() for _ in range(600)]
    assert thrown[0] is not thrown[1]
    for k in range(2):
        assert [throw[k] for throw in thrown] == [alone[k].random() for _ in range(600)]


@pytest.mark.parametrize(("rate", "speed"), [(None, math.sqrt(8 * math.log(3) / 50)), (0.3, 0.3)])
def test_hedge_weighs_actions_by_what_they_would_have_paid(rate, speed):
    conduct, rng = Hedge(3, rate=rate), np.random.default_rng(0)
    state = conduct.begin(start(None, rounds=50))
    np.testing.assert_allclose(conduct.beliefs(state), np.full((2, 3), 1 / 3))
    total, widest = np.zeros((2, 3)), np.zeros(2)
    for _ in range(5):
        paid = rng.uniform(-0.3, 0.9, (2, 3))
        conduct.learn(state, SimpleNamespace(of_actions=lambda count, paid=paid: paid[:, :count]))
        total, widest = total + paid, np.maximum(widest, [max(row) - min(row) for row in paid])
        for player, chances in enumerate(conduct.beliefs(state)):
            weights = [math.exp(speed * each / widest[player]) for each in total[player]]
            assert chances == pytest.approx([weight / sum(weights) for weight in weights])
    chances = conduct.beliefs(state)
    luck = [chances[0, 0] * 0.99, 1 - 0.01 * chances[1, 2]]
    assert conduct.decide(state, Fixed(luck)).tolist() == [0.0, 20.0]
    assert conduct.bound(7, 50) == pytest.approx(math.log(3) / speed + speed * 7 / 8)


@pytest.mark.parametrize(("rate", "explore"), [(None, None), (0.3, None), (None, 0.2), (0.3, 0.2)])
def test_a_bandit_counts_losses_of_what_it_did_by_its_chance(rate, explore):
    conduct, rng = Bandit(3, rate=rate, explore=explore), np.random.default_rng(1)
    state = conduct.begin(start(None))
    tried, paid, lowest, highest = np.zeros((2, 3)), np.zeros((2, 3)), np.full(2, np.inf), np.full(2, -np.inf)
    for number in range(1, 7):
        speed = math.sqrt(math.log(3) / (3 * number)) if rate is None else rate
        chances = conduct.beliefs(state)
        for player in range(2):
            width = highest[player] - lowest[player]
            loss = [
                (highest[player] * t - p) / width if width > 0 else 0
                for t, p in zip(tried[player], paid[player], strict=True)
            ]
            weights = [math.exp(-speed * each) for each in loss]
            assert chances[player] == pytest.approx([weight / sum(weights) for weight in weights])
        luck = rng.random(2)
        amounts = conduct.decide(state, Fixed(luck))
        action = [
            int(np.searchsorted(np.cumsum(row), each, side="right")) for row, each in zip(chances, luck, strict=True)
        ]
        assert amounts.tolist() == [GRID[player, one] for player, one in enumerate(action)]
        payoff = rng.uniform(-0.2, 0.5, 2)
        conduct.learn(state, SimpleNamespace(payoff=payoff))
        for player, one in enumerate(action):
            counted = chances[player, one] + (speed / 2 if explore is None else explore)
            tried[player, one], paid[player, one] = (
                tried[player, one] + 1 / counted,
                paid[player, one] + payoff[player] / counted,
            )
        lowest, highest = np.minimum(lowest, payoff), np.maximum(highest, payoff)


def test_chances_of_sure_learners_stay_chances():
    """Speeds at which a weight by itself would be beyond the largest number there is."""
    bandit, hedge = Bandit(3, rate=50.0), Hedge(3, rate=50.0)
    met, sure = bandit.begin(start(None)), hedge.begin(start(None))
    for number in range(100):
        bandit.decide(met, Fixed([0.5, 0.5]))
        bandit.learn(met, SimpleNamespace(payoff=np.array([0.0, 1.0]) + number % 2))
        hedge.learn(sure, SimpleNamespace(of_actions=lambda count: np.array([[0.0, 1.0, 2.0], [5.0, 1.0, 0.0]])))
    for chances in (bandit.beliefs(met), hedge.beliefs(sure)):
        assert chances.sum(axis=1) == pytest.approx([1, 1]) and np.all(chances >= 0)
    assert hedge.beliefs(sure)[:, [0, 2]] == pytest.approx(np.array([[0, 1], [1, 0]]))


def test_q_learning_tries_anything_by_chance_and_else_the_best_of_its_class():
    faced = SimpleNamespace(price=np.array([1.5, 4.5]), of_actions=lambda count: np.zeros((2, count)))
    conduct = QLearning(3, explore=0.6, fade=4.0, states=4)
    state = conduct.begin(start(faced))
    assert state["class"].tolist() == [0, 3]
    state["worth"][0, 0, 1], state["worth"][1, 3, 2], state["worth"][1, 0, 1] = 1.0, 1.0, 9.0
    state["round"] = 2
    chance = 0.6 * math.exp(-2 / 4)
    for above, amounts, action in ((1e-9, [1.0, 20.0], [1, 2]), (-1e-9, [0.0, 10.0], [0, 1])):
        throws = Fixed([chance + above] * 2, [0.32, 0.34])
        assert conduct.decide(state, throws).tolist() == amounts and state["action"].tolist() == action
    assert QLearning(3).begin(start(faced, rounds=70))["fade"] == pytest.approx(7.0)


def test_q_learning_of_several_players_learns_each_its_own():
    faced = SimpleNamespace(price=np.array([1.5, 4.5]), of_actions=lambda count: np.array([[0.5, 9, 9], [-2.0, 9, 9]]))
    conduct = QLearning(3, rate=0.5, discount=0.5, states=4)
    state = conduct.begin(start(faced))
    state["action"] = np.array([1, 2])
    conduct.learn(state, SimpleNamespace(price=np.array([4.5, 1.5]), payoff=np.array([2.5, 2.0])))
    expected = np.zeros((2, 4, 3))
    expected[0, 0, 1], expected[1, 3, 2] = 0.5 * 2.0, 0.5 * 4.0
    np.testing.assert_allclose(state["worth"], expected)


@pytest.mark.parametrize("memory", [3.0, np.inf])
def test_fictitious_play_answers_the_average_of_what_was_seen(memory):
    def best(seen):
        return 10 - seen[:, 0]

    rounds = np.array([[[4.0]], [[8.0]], [[1.0]], [[5.0]], [[7.0]]])
    conduct = FictitiousPlay(memory=memory)
    state = conduct.begin(SimpleNamespace(faced=SimpleNamespace(seen=np.array([[2.0]]), best=best)))
    assert conduct.decide(state, None).tolist() == [8.0]
    average = 2.0
    for number, seen in enumerate(rounds, start=1):
        conduct.learn(state, SimpleNamespace(seen=seen, best=best))
        average += (seen[0, 0] - average) / min(number, memory)
        assert conduct.decide(state, None) == pytest.approx([10 - average])
        kept = conduct.kept(state)
        assert kept["others, on average"] == pytest.approx(np.array([[average]]))
        assert kept["its next amount"] == pytest.approx(np.array([[10 - average]]))
    assert memory == 3.0 or average == pytest.approx(rounds.mean())


def test_who_is_inertial_stays_where_its_throw_is_below_its_inertia():
    faced = SimpleNamespace(
        own=np.array([1.0, 2.0, 3.0]), seen=np.zeros((3, 1)), best=lambda seen: np.array([7.0, 8, 9])
    )
    conduct = Inertial(inertia=0.3)
    state = conduct.begin(SimpleNamespace(faced=faced))
    assert conduct.decide(state, Fixed([0.29, 0.3, 0.0])).tolist() == [1.0, 8.0, 3.0]
    assert conduct.kept(state)["best beside the others"].tolist() == [[7.0], [8.0], [9.0]]
    plans = SimpleNamespace(own=np.ones((3, 2)), seen=np.zeros((3, 1)), best=lambda seen: np.full((3, 2), 5.0))
    state = conduct.begin(SimpleNamespace(faced=plans))
    assert conduct.decide(state, Fixed([0.9, 0.1, 0.5])).tolist() == [[5.0, 5.0], [1.0, 1.0], [5.0, 5.0]]


def test_random_amounts_are_shares_of_what_is_worth_its_price():
    faced = SimpleNamespace(wanted=lambda: np.array([2.0, 8.0]))
    conduct = ZeroIntelligence()
    state = conduct.begin(SimpleNamespace(faced=faced))
    assert conduct.decide(state, Fixed([0.5, 0.25])).tolist() == [1.0, 2.0]
    assert conduct.kept(state)["the most it takes"].tolist() == [[2.0], [8.0]]


def test_a_gradient_steps_by_its_pace_along_the_marginal_payoff_and_stays_within():
    faced = SimpleNamespace(
        own=np.array([1.0, 2.0]), marginal=lambda: np.array([3.0, -9.0]), nearest=lambda y: np.clip(y, 0, 4)
    )
    conduct, begun = Gradient(rate=0.5), Start(10, np.array([4.0, 4.0]), np.array([2.0, 8.0]), (0.0, 1.0), faced, None)
    state = conduct.begin(begun)
    assert conduct.decide(state, None) == pytest.approx([4.0, 0.0])  # 1 + 0.5 × 4/2 × 3, and 2 − 0.5 × 4/8 × 9
    assert conduct.kept(state)["its next step"] == pytest.approx(np.array([[3.0], [-2.0]]))
    assert begun.pace(0.5) == pytest.approx([1.0, 0.25])
    flat = Start(10, np.array([4.0]), np.array([0.5]), (0.0, 1.0), faced, None)
    assert flat.pace(0.5) == pytest.approx([4.0])
    assert Start(10, np.array([4.0]), np.zeros(1), (0.0, 1.0), faced, None).pace(1.0).tolist() == [0.0]
