"""The judge of a run: regrets, when gaps are worked out and what they decide, round by round."""

from types import SimpleNamespace

import numpy as np
import pytest

from market.conduct.judge import EVEN_ACTIONS, Judge, Judging, away, nearest
from market.outcome import Status


class Group:
    """Learners whose payoff at amount t beside a total of others is (weight − others) t − t²."""

    def __init__(self, where, weight):
        self.where, self.weight, self.top = where, np.array(weight), np.full(len(weight), 4.0)

    def paid(self, rounds, amounts):
        """What amounts (rounds, players, any) would have paid."""
        own = rounds[:, self.where]
        others = (rounds.sum(axis=1, keepdims=True) - own)[..., None]
        return (self.weight[:, None] - others) * amounts - amounts**2

    def hindsight(self, rounds, count):
        even = np.linspace(0, self.top, count).T
        own = rounds[:, self.where, None]
        return self.paid(rounds, np.broadcast_to(even, (len(rounds), *even.shape))), self.paid(rounds, own)[..., 0]


GROUPS = Group(slice(0, 2), [5.0, 7.0]), Group(slice(3, 4), [6.0])  # the third player does not learn
ROUNDS = np.random.default_rng(0).uniform(0, 2, (12, 4))


def by_hand(rounds):
    """(Regret of each learner, the widest that its payoffs lay apart in a round) after some rounds."""
    regrets, widest = [], []
    for group in GROUPS:
        for k, j in enumerate(range(group.where.start, group.where.stop)):
            total, earned, apart = np.zeros(EVEN_ACTIONS), 0.0, 0.0
            for y in rounds:
                others = y.sum() - y[j]
                paid = [(group.weight[k] - others) * t - t**2 for t in np.linspace(0, 4, EVEN_ACTIONS)]
                total, apart = total + paid, max(apart, max(paid) - min(paid))
                earned += (group.weight[k] - others) * y[j] - y[j] ** 2
            regrets.append(max(total.max() - earned, 0.0))
            widest.append(apart)
    return regrets, widest


@pytest.mark.parametrize("parts", [[12], [1] * 12, [5, 7], [1, 10, 1]])
def test_regrets_are_added_up_whatever_comes_at_once(parts):
    judge, done, told = Judge(GROUPS, 12), 0, []
    for part in parts:
        told.append(judge.add_all(ROUNDS[done : done + part]))
        done += part
        regrets, widest = by_hand(ROUNDS[:done])
        assert judge.regrets == pytest.approx(regrets) and judge.range == pytest.approx(widest)
        assert judge.average_regret == pytest.approx(np.max(np.divide(regrets, widest)) / done)
        assert judge.average == pytest.approx(ROUNDS[:done].mean(axis=0)) and judge.played == done
    every, averages = (np.concatenate(each) for each in zip(*told, strict=True))
    for number in range(12):
        regrets, widest = by_hand(ROUNDS[: number + 1])
        assert every[number] == pytest.approx(regrets)
        assert averages[number] == pytest.approx(np.max(np.divide(regrets, widest)) / (number + 1))
    assert judge.players == [0, 1, 3]
    assert told[0].gap == told[0].gap_of_average == [None] * parts[0]


def test_a_round_is_kept_as_it_was_when_it_was_told():
    judge, y = Judge(GROUPS, 3), ROUNDS[0].copy()
    judge.add(y)
    y += 1
    judge.add(y)
    assert judge.average == pytest.approx(ROUNDS[0] + 0.5)


def test_rounds_are_looked_at_in_parts_as_if_at_once(monkeypatch):
    whole = Judge(GROUPS, 12).add_all(ROUNDS)
    monkeypatch.setattr("market.conduct.judge.ROUNDS_AT_ONCE", 7)  # two rounds of three learners
    parts = Judge(GROUPS, 12)
    sizes = []
    spy = [
        SimpleNamespace(where=g.where, hindsight=lambda r, n, g=g: sizes.append(len(r)) or g.hindsight(r, n))
        for g in GROUPS
    ]
    parts.groups = tuple(spy)
    told = parts.add_all(ROUNDS)
    assert sizes == [2] * 12
    np.testing.assert_array_equal(told.regrets, whole.regrets)
    monkeypatch.setattr("market.conduct.judge.ROUNDS_AT_ONCE", 1)
    np.testing.assert_array_equal(Judge(GROUPS, 12).add_all(ROUNDS).regrets, whole.regrets)


def test_nobody_learns_and_nobody_regrets():
    judge = Judge((Group(slice(0, 0), []),), 2)
    told = judge.add_all(ROUNDS)
    assert told.average_regret.tolist() == [0.0] * 12 and judge.average_regret == 0 and judge.players == []


@pytest.mark.parametrize(("every", "rounds", "due"), [
    (None, 100, {5 * k for k in range(1, 21)}), (None, 7, set(range(1, 8))), (30, 100, {30, 60, 90, 100}), (7, 7, {7}),
])  # fmt: skip
def test_gaps_are_due_every_so_many_rounds_and_at_the_end(every, rounds, due):
    judging = Judging(certify_every=every, window=4)
    assert {k for k in range(1, rounds + 1) if judging.is_due(k, rounds)} == due
    assert {k for k in range(1, rounds + 1) if judging.is_last(k, rounds)} == set(range(max(rounds - 3, 1), rounds + 1))


@pytest.mark.parametrize(("every", "window"), [(None, 4), (5, 2), (50, 3), (3, 30)])
def test_until_due_says_when_certify_works_a_gap_out(every, window):
    judging, rounds = Judging(certify_every=every, window=window), 23
    judge, worked_out = Judge(GROUPS, rounds, judging), []
    left = judge.until_due
    for number in range(1, rounds + 1):
        judge.add(ROUNDS[number % 12])
        judge.certify(lambda y: 1.0)
        left -= 1
        assert (left == 0) == (judge.gap is not None)
        if left == 0:
            worked_out.append(number)
            left = judge.until_due
    assert left == 1 and worked_out[-1] == rounds


def run(gaps, window=3, every=None, amounts=None):
    """A judge whose every round's gap is given."""
    judge = Judge(GROUPS, len(gaps), Judging(tolerance_gap=0.5, window=window, certify_every=every))
    for number, each in enumerate(gaps):
        assert judge.status is Status.RUNNING and judge.promised is None
        judge.add(ROUNDS[number % 12] if amounts is None else amounts[number])
        judge.certify(lambda y, each=each: each)
    return judge


def test_learned_means_small_gaps_in_all_of_the_last_rounds():
    for gaps, learned in (([9, 0.5, 0.5, 0.5], 1), ([0, 0, 0.6, 0.5, 0.5], 0), ([0, 0, 0, 0.5001], 0), ([0.1, 0.1], 1)):
        judge = run(gaps)
        assert judge.status is (Status.LEARNED if learned else Status.ROUND_LIMIT)
        assert judge.promised == (0.5 if learned else None)
        assert judge.gap == gaps[-1]
    assert run([0, 0, 9, 9, 9, 9, 0.1, 0.1, 0.1], every=100).status is Status.LEARNED
    assert run([0] * 8 + [9], window=1).status is Status.ROUND_LIMIT


def test_the_gap_of_amounts_that_stand_still_is_worked_out_once():
    asked, still = [], np.ones((6, 4))
    judge = Judge(GROUPS, 6, Judging(window=6, certify_every=3))
    for y in still:
        judge.add(y)
        judge.certify(lambda y: asked.append(y.copy()) or 0.25)
        assert judge.gap == 0.25 and (judge.gap_of_average is not None) == (judge.played in (3, 6))
    assert len(asked) == 1 + 2


def test_distances_are_shares_of_the_equilibrium_s_total():
    rounds, equilibria = np.array([[1.0, 3.0], [2.0, 2.0], [0.0, 0.0]]), [np.array([2.0, 2.0]), np.array([0.0, 8.0])]
    expected = [[max(abs(r - y)) / y.sum() for y in equilibria] for r in rounds]
    assert away(rounds, equilibria) == pytest.approx(np.min(expected, axis=1))
    assert np.isnan(away(rounds, [])).tolist() == [True] * 3
    assert away(rounds, [np.zeros(2)]) == pytest.approx([3 / 4, 2 / 4, 0])
    assert nearest(rounds[0], equilibria) == (0, pytest.approx(0.25)) and nearest(rounds[0], []) is None
    judge = Judge((), 3)
    judge.amounts = list(rounds)
    assert judge.distances(equilibria) == pytest.approx(np.min(expected, axis=1))
    assert away(np.array([[-1.0, 1.0]]), [np.array([-2.0, 2.0])]) == pytest.approx([0.25])
