"""What every registered conduct promises: legal amounts, each player's own mind, the same bits in a group as alone."""

import pickle
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from market import conduct
from market.conduct import CONDUCTS, Dice, Start
from tests.contracts.examples import tried, usual

RULES = tried(CONDUCTS)
every_rule = pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
SHIPPED = {name: rule for name, rule in CONDUCTS.items() if rule.__module__.startswith("market.conduct.")}
TOP = np.array([3.0, 8.0, 0.5, 0.0, 40.0])
ROUNDS = 40


@dataclass
class Tracking:
    """Payoffs −(amount − aim)² of players whose aims are what they see, in a market made up for this test.

    money: how many units of it one is written as; zero: what is added to every payoff.
    """

    own: np.ndarray
    aim: np.ndarray
    top: np.ndarray
    money: float = 1.0
    zero: float = 0.0

    @property
    def seen(self):
        return self.aim[:, None]

    @property
    def payoff(self):
        return self.zero - self.money * (self.own - self.aim) ** 2

    @property
    def price(self):
        return self.money * (1.0 + self.aim)

    def of_actions(self, count):
        return self.zero - self.money * (self.top[:, None] * np.linspace(0, 1, count) - self.aim[:, None]) ** 2

    def marginal(self):
        return self.money * 2 * (self.aim - self.own)

    def best(self, seen):
        return np.minimum(seen[:, 0], self.top)

    def nearest(self, amounts):
        return np.clip(amounts, 0.0, self.top)

    def wanted(self):
        return np.minimum(2 * self.aim, self.top)


def played(rule, rows, seed=0, rounds=ROUNDS, money=1.0, zero=0.0):
    """(Amounts by round, state) of the players in some rows, whose aims wander; money and zero as of Tracking."""
    top, count = TOP[rows], len(TOP)
    aims = np.abs(np.sin(np.arange(rounds + 1)[:, None] * (0.3 + np.arange(count)))) * TOP
    dice = Dice([np.random.default_rng([seed, j]) for j in rows])
    start = Start(
        rounds,
        top,
        2 * top * money,
        (money, 30.0 * money),
        Tracking(np.zeros(len(rows)), aims[0, rows], top, money, zero),
        lambda many: top[:, None] * np.linspace(0, 1, many),
    )
    state, amounts = rule.begin(start), []
    for aim in aims[1:]:
        y = np.array(rule.decide(state, dice), dtype=float)
        amounts.append(y)
        rule.learn(state, Tracking(y, aim[rows], top, money, zero))
    return np.array(amounts), state


@every_rule
def test_amounts_are_never_below_none_nor_above_what_is_wanted(rule):
    amounts, _ = played(rule, [0, 1, 2, 3, 4])
    assert amounts.shape == (ROUNDS, 5) and np.all(amounts >= 0) and np.all(amounts <= TOP)


@every_rule
def test_a_player_in_a_group_has_the_same_bits_as_alone(rule):
    together, _ = played(rule, [0, 1, 2, 3, 4])
    alone = np.column_stack([played(rule, [j])[0] for j in range(5)])
    np.testing.assert_array_equal(together, alone)


@every_rule
def test_the_same_generators_give_the_same_bits(rule):
    first, again = (played(rule, [0, 1, 4], seed=1)[0] for _ in range(2))
    np.testing.assert_array_equal(first, again)


@every_rule
def test_no_unit_of_payoffs_and_no_zero_they_are_counted_from_changes_a_thing(rule):
    """A logarithm in another unit is another zero."""
    one, other = (
        played(rule, [0, 1, 2, 3, 4], rounds=300, **units)[0] for units in ({}, {"money": 1e-5, "zero": 7e-3})
    )
    np.testing.assert_allclose(one, other, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("name", sorted(SHIPPED))
def test_other_generators_give_other_amounts_where_chance_has_a_part(name):
    first, other = (played(usual(SHIPPED[name]), [0, 1, 4], seed)[0] for seed in (1, 2))
    assert np.array_equal(first, other) == (name in ("best-response", "fictitious-play", "gradient"))


@every_rule
def test_who_learns_says_what_it_knows_and_its_mind_can_be_kept(rule):
    assert rule.knows and (rule.learns or type(rule).__name__ == "BestResponse")
    _, state = played(rule, [0, 1, 4])
    kept = pickle.loads(pickle.dumps(state))
    dice = [Dice([np.random.default_rng(j) for j in range(3)]) for _ in range(2)]
    np.testing.assert_array_equal(rule.decide(state, dice[0]), rule.decide(kept, dice[1]))


@every_rule
def test_beliefs_are_never_other_than_chances(rule):
    _, state = played(rule, [0, 1, 4])
    beliefs = rule.beliefs(state)
    if beliefs is not None:
        assert beliefs.shape[0] == 3 and np.all(beliefs >= 0)
        np.testing.assert_allclose(beliefs.sum(axis=1), 1.0, rtol=1e-12)


@every_rule
def test_what_else_is_in_mind_are_numbers_of_each_player_and_a_promise_is_no_loss(rule):
    _, state = played(rule, [0, 1, 4])
    for what, numbers in rule.kept(state).items():
        assert what and numbers.ndim == 2 and len(numbers) == 3 and np.all(np.isfinite(numbers))
    bound = rule.bound(np.arange(1.0, 5.0), ROUNDS)
    assert bound is None or (np.all(np.diff(bound) >= 0) and bound[0] >= 0)


def test_a_file_a_rule():
    assert {rule.__module__.rpartition(".")[2].replace("_", "-") for rule in SHIPPED.values()} == set(SHIPPED)
    files = {path.stem.replace("_", "-") for path in Path(conduct.__file__).parent.glob("*.py")}
    assert files - {"--init--", "conduct", "dice", "judge"} == set(SHIPPED)
