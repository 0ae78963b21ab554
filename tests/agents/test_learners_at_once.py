"""Rounds of learners played at once: to the last bit what they are one by one, and what agents alone would decide."""

import pickle

import numpy as np
import pandas as pd
import pytest

from agents import AggregatorModel
from agents.aggregator.learners import Learner, LearnerGroup
from agents.aggregator.players import LargeUser, SmallUser
from agents.seats import Player
from agents.streams import Streams
from engine import run
from market.aggregator.clearing import clear
from market.aggregator.learners import Learners, all_wanted
from market.conduct import CONDUCTS, Dice, Gradient
from market.conduct.judge import Judging
from market.measures import gini, jain
from tests.agents.test_learners import LEARNING, market

EVERYBODY = ("homes", "small", "best", "large")
ROUNDS, JUDGING = 12, Judging(window=2, certify_every=5)


@pytest.fixture(autouse=True)
def cheap_gaps(monkeypatch):
    """What a gap is does not matter here, only when it is asked for and of what."""
    monkeypatch.setattr(AggregatorModel, "_gap_of", lambda self, y: float(np.sum(y)))


def made(name, most=1000, **known):
    conducts = {who: CONDUCTS[name]() for who in EVERYBODY}
    known = {"rounds": ROUNDS, "judging": JUDGING, "streams": Streams(3)} | known
    return AggregatorModel(market(), conducts=conducts, agent_threshold=most, **known)


@pytest.mark.share
@pytest.mark.parametrize("most", [1000, 0])
@pytest.mark.parametrize("name", LEARNING)
def test_rounds_played_at_once_are_those_played_one_by_one(name, most):
    stepped, played = made(name, most), made(name, most)
    while stepped.running:
        stepped.step()
    turns = 0
    while played.running:
        played.play_on()
        turns += 1
    assert turns == 4  # to rounds 5, 10, 11 and 12
    assert played.status == stepped.status and played.steps == stepped.steps == ROUNDS
    pd.testing.assert_frame_equal(played.history, stepped.history, check_exact=True)
    assert {type(value) for value in played.collected["price"]} == {float}
    for what in ("amounts", "regrets", "hindsight", "total", "range", "average_regret", "gap_of_average"):
        np.testing.assert_array_equal(getattr(played.judge, what), getattr(stepped.judge, what))
    np.testing.assert_array_equal(played.trajectory.surpluses, stepped.trajectory.surpluses)
    np.testing.assert_array_equal(played.gained, stepped.gained)
    for mine, other in zip(played.own, stepped.own, strict=True):
        assert repr(mine.view) == repr(other.view)
        np.testing.assert_array_equal(mine.heard.payoff, other.heard.payoff)
    kinds = (Learner, SmallUser, LargeUser) if most else (LearnerGroup,)
    for kind in kinds:
        tables = [model.datacollector.get_agenttype_vars_dataframe(kind) for model in (played, stepped)]
        assert len(tables[0]) >= ROUNDS
        pd.testing.assert_frame_equal(*tables, check_exact=True)


class Alone(Player):
    """Decides by a conduct of its own, its payoffs worked out for it alone."""

    rule = None

    def decide(self):
        if self.heard is None:
            game = self.model.game
            place = slice(self.seat.place, self.seat.place + 1)
            self.learners, self.dice = Learners(game.price, self.seat.own, place, all_wanted(game)), Dice([self.rng])
            self.state = self.rule.begin(self.learners.start(self.model.y, self.model.rounds))
        return self.rule.decide(self.state, self.dice)[0]

    def hear(self, outcome):
        self.rule.learn(self.state, self.learners.faced(self.model.y))


@pytest.mark.share
@pytest.mark.parametrize("name", LEARNING)
def test_agents_who_decide_each_for_itself_come_to_the_same_bits(name):
    alone = type("One", (Alone,), {"rule": CONDUCTS[name]()})
    one_by_one, at_once = made(name, players=dict.fromkeys(EVERYBODY[:-1], alone)), made(name)
    assert not one_by_one._learners_alone and at_once._learners_alone
    for _ in range(6):
        one_by_one.step()
    at_once.play_on()
    at_once.play_on()
    np.testing.assert_array_equal(one_by_one.trajectory.quantities, at_once.trajectory.quantities[:6])


def test_a_model_is_kept_between_two_stretches_and_goes_on_one_by_one():
    whole, cut = made("hedge"), made("hedge")
    whole.run()
    cut.play_on()
    cut = pickle.loads(pickle.dumps(cut))
    for _ in range(3):
        cut.step()
    cut.run()
    pd.testing.assert_frame_equal(cut.history, whole.history, check_exact=True)
    tables = [model.datacollector.get_agenttype_vars_dataframe(Learner) for model in (cut, whole)]
    pd.testing.assert_frame_equal(*tables, check_exact=True)


def test_players_of_ones_own_and_best_responders_are_asked_in_every_round():
    class Stubborn(Player):
        def decide(self):
            return 1.5

    asked = made("gradient", players={"large": Stubborn})
    some = AggregatorModel(market(), conducts={"small": Gradient()}, rounds=8, judging=Judging(1e-3, 1, 8))
    for model in (asked, some):
        model.play_on()
        assert model.round == 1


def test_measures_and_clearing_of_many_rounds_are_those_of_each():
    rng = np.random.default_rng(0)
    rows = rng.normal(1, 1, (40, 7)) * rng.choice([0, 1, 1e9], (40, 1))
    for measure in (jain, gini):
        np.testing.assert_array_equal(measure(rows), [measure(row) for row in rows])
    model = made("zero-intelligence")
    model.run()
    for y, x, s in zip(model.judge.amounts, model.trajectory.quantities, model.trajectory.surpluses, strict=True):
        cleared = clear(model.game, y)
        np.testing.assert_array_equal(cleared.x, x)
        np.testing.assert_array_equal(cleared.s, s)


def test_a_line_is_told_where_the_gap_is_worked_out():
    rounds = []
    run("learning_duopoly", rounds=40, set="learning.window=1", on_round=lambda model: rounds.append(model.round))
    assert rounds == list(range(2, 41, 2))


def test_very_many_users_are_played_a_few_rounds_at_a_time(monkeypatch):
    monkeypatch.setattr("agents.aggregator.model.MOST_AT_ONCE", 4 * market().users)
    monkeypatch.setattr("market.conduct.judge.ROUNDS_AT_ONCE", 1)
    model, stepped = made("hedge"), made("hedge")
    model.play_on()
    assert model.round == 4
    model.play_on()
    assert model.round == 5
    for _ in range(5):
        stepped.step()
    np.testing.assert_array_equal(model.judge.regrets, stepped.judge.regrets)
