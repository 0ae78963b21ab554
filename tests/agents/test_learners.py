"""Learners at the market: the seats they have, the bits they give, and how their runs end."""

import json
import pickle
from copy import deepcopy

import numpy as np
import pytest

from agents import AggregatorModel, SeatError
from agents.aggregator.learners import Learner, LearnerGroup, mind_of
from agents.seats import Player
from agents.streams import Streams
from engine import run
from engine.results import all_measured
from market.aggregator.game import Block, Game
from market.aggregator.learning import play
from market.conduct import CONDUCTS, Bandit, Gradient, Hedge, QLearning
from market.conduct.judge import Judging
from market.outcome import Status
from market.prices import Affine, Dispatch
from market.utilities import Quadratic
from scenarios import ScenarioError, build, load
from tests.shares import NIGHTLY
from views.aggregator.words import summary_text
from views.pictures import plots

RARELY = Judging(window=1, certify_every=1000)


def group(rng, name, kind, sizes, alpha=0.0):
    users = int(np.sum(sizes))
    utility = Quadratic(a=rng.uniform(0.2, 0.9, users), b=rng.uniform(2, 9, users))
    return Block(name, kind, utility, alpha, 0.01, np.array(sizes))


def market(seed=0):
    """Learners of all kinds, a group with aggregators of one user and of several, and some who answer best."""
    rng = np.random.default_rng(seed)
    kinds = ("homes", "aggregator", [3, 3, 1], 0.5), ("small", "direct", [1] * 3), ("best", "aggregator", [2, 2])
    return Game(Affine(0.3, 0.1), tuple(group(rng, *kind) for kind in (*kinds, ("large", "large", [1]))))


def learners(name):
    return {who: CONDUCTS[name]() for who in ("homes", "small", "large")}


LEARNING = [name for name, rule in CONDUCTS.items() if rule.learns]


@pytest.mark.parametrize("name", LEARNING)
def test_a_mind_that_was_looked_at_stays_as_it_was(name):
    model = AggregatorModel(market(), conducts=learners(name), rounds=6, streams=Streams(3))
    model.step()
    model.step()
    minds = [mind_of(agent, agent.seat.place) for agent in model.agents if isinstance(agent, Learner)]
    before = deepcopy(minds)
    model.step()
    for mind, was in zip(minds, before, strict=True):
        np.testing.assert_equal(vars(mind), vars(was))
    assert minds


def test_a_gap_that_is_just_what_is_promised_is_learned():
    def ended(tolerance):
        judging = Judging(tolerance_gap=tolerance, window=1)
        model = AggregatorModel(market(), conducts=learners("gradient"), rounds=6, judging=judging, streams=Streams(3))
        model.run()
        return model

    gap = ended(0.0).gap
    assert gap > 0
    assert [ended(most).status for most in (gap, gap * (1 - 1e-9))] == [Status.LEARNED, Status.ROUND_LIMIT]


@pytest.mark.share
@pytest.mark.parametrize("order", ["in-turn", "random", "together"])
@pytest.mark.parametrize("name", LEARNING)
def test_one_by_one_and_as_a_group_learners_give_the_same_bits(name, order):
    known = {"conducts": learners(name), "rounds": 6, "order": order}
    one_by_one, as_groups = (
        AggregatorModel(market(), agent_threshold=most, streams=Streams(3), **known) for most in (1000, 0)
    )
    for model in (one_by_one, as_groups):
        for _ in range(3):  # not to the end, where gaps are worked out
            model.step()
    assert any(isinstance(agent, Learner) for agent in one_by_one.agents)
    assert {type(agent) for agent in as_groups.own} == {LearnerGroup}
    np.testing.assert_array_equal(one_by_one.judge.amounts, as_groups.judge.amounts)
    np.testing.assert_array_equal(one_by_one.judge.regrets, as_groups.judge.regrets)


@pytest.mark.share
@pytest.mark.parametrize("name", LEARNING)
def test_play_without_agents_gives_the_bits_of_the_model(name):
    model = AggregatorModel(market(), conducts=learners(name), rounds=6, streams=Streams(3))
    for _ in range(5):
        model.step()
    streams = Streams(3)
    played = play(market(), learners(name), 6, lambda who, number: streams.of(who, f"player {number}"))
    np.testing.assert_array_equal(played.purchases[:5], model.judge.amounts)
    assert played.game.players == model.game.players


def test_a_learners_draws_are_its_own_whoever_else_is_there():
    rng = np.random.default_rng(1)
    mine, other = group(rng, "mine", "large", [1]), group(rng, "other", "direct", [1, 1])
    purchases = []
    for blocks in ((mine, other), (other, mine)):
        conducts = {"mine": CONDUCTS["zero-intelligence"](), "other": Hedge(5)}
        model = AggregatorModel(Game(Affine(0.3, 1e-9), blocks), conducts=conducts, rounds=5, judging=RARELY)
        model.run()
        purchases.append(np.array(model.judge.amounts)[:, 0 if blocks[0] is mine else 2])
    np.testing.assert_allclose(*purchases, rtol=1e-6)


def test_a_model_of_learners_is_kept_between_two_rounds():
    model = AggregatorModel(market(), conducts=learners("bandit"), rounds=8, streams=Streams(3), judging=RARELY)
    for _ in range(4):
        model.step()
    kept = pickle.loads(pickle.dumps(model))
    assert model.run() == kept.run() == Status.ROUND_LIMIT
    np.testing.assert_array_equal(kept.judge.amounts, model.judge.amounts)
    learner = next(agent for agent in model.own if agent.group == "large")
    assert learner.beliefs.shape == (41,) and learner.beliefs.sum() == pytest.approx(1)
    assert isinstance(learner, Player) and learner.heard.own == model.y[learner.seat.place]


def test_learned_is_told_by_the_gap_alone():
    conducts = {who: Gradient() for who in ("homes", "small", "best", "large")}
    model = AggregatorModel(market(), conducts=conducts, rounds=80, judging=Judging(1e-3, 2, 40))
    assert model.run() == Status.LEARNED and model.promised == 1e-3
    assert model.gap <= 1e-3 and model.round == 80
    history = model.history
    assert np.flatnonzero(history["gap"].notna()).tolist() == [39, 78, 79]
    assert list(history["status"].unique()) == ["running", "learned"]


class Idle(Bandit):
    """Buys nothing, whatever comes."""

    def decide(self, state, dice):
        return 0.0 * super().decide(state, dice)


def test_to_stand_still_is_not_to_have_learned():
    conducts = {who: Idle() for who in ("homes", "small", "best", "large")}
    model = AggregatorModel(market(), conducts=conducts, rounds=4, judging=Judging(1e-3, 3))
    assert model.run() == Status.ROUND_LIMIT and model.round == 4 and model.move == 0
    assert model.gap > 0.1 and "no equilibrium" in model.advice and model.promised is None


def test_what_was_learned_for_less_than_the_window_does_not_count():
    found = {window: run_of(window) for window in (1, 79)}
    assert found == {1: Status.LEARNED, 79: Status.ROUND_LIMIT}


def run_of(window):
    rng = np.random.default_rng(2)
    game = Game(Affine(0.3, 0.1), (group(rng, "two", "direct", [1, 1]),))
    return AggregatorModel(game, conducts={"two": Gradient()}, rounds=80, judging=Judging(1e-3, window, 80)).run()


def test_a_best_response_in_a_table_of_conducts_changes_nothing():
    plain, said = (
        AggregatorModel(market(), conducts=conducts) for conducts in (None, {"homes": CONDUCTS["best-response"]()})
    )
    assert plain.run() == said.run() == Status.SETTLED and said.judge is None
    np.testing.assert_array_equal(plain.y, said.y)


def test_players_of_ones_own_sit_beside_learners_and_in_their_place():
    class Stubborn(Player):
        def decide(self):
            return 1.5

    model = AggregatorModel(market(), conducts=learners("hedge"), players={"large": Stubborn}, rounds=3, judging=RARELY)
    model.run()
    assert model.y[-1] == 1.5 and model.game.players - 1 not in model.judge.players


def test_a_market_short_of_energy_is_judged_and_told():
    """A fleet of 3 units of capacity, and learners who try to buy more at its cap."""
    rule = Dispatch(np.array([3.0]), np.array([0.1]), np.array([1.0]), 6.0)
    game = Game(rule, (group(np.random.default_rng(0), "two", "direct", [1, 1]),))
    model = AggregatorModel(game, conducts={"two": Hedge(9)}, rounds=20, judging=RARELY)
    assert model.run() in (Status.ROUND_LIMIT, Status.LEARNED)
    assert np.isfinite(model.judge.average_regret) and np.all(np.isfinite(model.judge.amounts))


def test_what_does_not_go_together_is_refused():
    with pytest.raises(ValueError, match=r"damping=0\.5 goes with best responses only"):
        AggregatorModel(market(), conducts={"homes": Hedge()}, damping=0.5)
    with pytest.raises(SeatError, match="conducts: no group 'home'; homes, small, best, large have seats; nearest"):
        AggregatorModel(market(), conducts={"home": Hedge()})


FILE = """
market = "aggregator"
price = { rule = "linear", c = 0.1 }
rounds = 8
%s
[[group]]
name = "homes"
kind = "aggregator"
users = 4
utility = { form = "quadratic", a = 1, b = { uniform = [4, 9] } }
fairness = { alpha = 1, surplus_offset = %s }
conduct = { %s }
"""


def refused(tmp_path, rule, beside="", offset=0.01):
    path = tmp_path / "mine.toml"
    path.write_text(FILE % (beside, offset, rule))
    with pytest.raises(ScenarioError) as error:
        build(path)
    return str(error.value)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("joining_proportional", "between moves of users who join the market is solved directly"),
        ("eight_nodes_cooperative", "nobody decides by one in this market"),
        ("p2p_single", "nobody decides by one in this market"),
        ("designs_neighbourhood", "nobody decides by one in this market"),
    ],
)
def test_a_market_without_learners_says_so_in_python(name, said):
    with pytest.raises(SeatError, match=f"^conducts: {said}"):
        build(name, conducts={"anybody": Hedge()})


def test_learners_find_the_equilibrium_where_a_price_has_states_and_where_members_pay_each_other():
    gradient = [f"group.{k}.conduct.rule=gradient" for k in (0, 1)]
    paying = "group.0.fairness.by=payments", "group.0.users=6", "group.0.count=2", "group.1.fairness.alpha=0"
    for name, changes in (("states_duopoly", ()), ("two_aggregators", paying)):
        known = [
            *changes,
            *gradient[: 1 + (name == "states_duopoly")],
            "learning.window=1",
            "learning.certify_every=200",
        ]
        learned, solved = run(name, set=known, rounds=200), run(name, set=changes, direct=True)
        assert learned.status == Status.LEARNED
        np.testing.assert_allclose(learned.outcome.y, solved.outcome.y, rtol=1e-4)


def test_files_are_refused_in_one_line(tmp_path):
    hedge = 'rule = "hedge"'
    assert 'did you mean "hedge"?' in refused(tmp_path, 'rule = "hedgd"')
    assert "actions: got 1" in refused(tmp_path, hedge + ", actions = 1")
    assert "inertia: does not belong to rule = 'hedge'" in refused(tmp_path, hedge + ", inertia = 0.5")
    assert "damping: got 0.5 with 'hedge' in group 'homes'" in refused(tmp_path, hedge, "damping = 0.5")
    joining = "joining = { direct = true }"
    assert "conduct: got 'hedge' with joining" in refused(tmp_path, hedge, joining)
    assert "payoffs have no lower bound" in refused(tmp_path, hedge, offset=0)
    day = "periods = { count = 2 }"
    assert "group.homes.conduct.rule: got 'hedge', which does not go with periods" in refused(tmp_path, hedge, day)


def test_a_files_conduct_is_played_and_judged(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(FILE % ("learning = { tolerance_gap = 0.5, window = 2 }", 0.01, 'rule = "hedge", actions = 5'))
    scenario = load(path)
    assert scenario.conducts == {"homes": Hedge(5)} and scenario.judging == Judging(0.5, 2)
    result = run(path)
    known = result.summary()
    assert known["groups"]["homes"]["conduct"] == "hedge" and known["learning"]["window"] == 2
    assert {"gap", "gap of average", "average regret", "regret homes", "distance"} <= set(result.history.columns)
    again = run(path)
    assert again.history.equals(result.history)
    assert run(path, seed=5).history["regret homes"].iloc[-1] != result.history["regret homes"].iloc[-1]
    direct = run(path, direct=True)
    assert direct.status == Status.SOLVED and direct.learned is None


def test_on_a_network_learners_end_at_cournots_duopoly():
    changes = [f"group.{k}.conduct.rule=gradient" for k in (0, 1)]
    result = run("cournot_duopoly", set=(*changes, "rounds=55", "learning.window=1", "learning.certify_every=55"))
    assert result.status == Status.LEARNED
    np.testing.assert_allclose(result.outcome.y, [28.271, 27.804], atol=1e-3)
    assert result.learned.distances[-1] < 1e-6 and result.learned.collusion is None


def test_a_glut_on_a_network_is_a_bad_round_for_learners_and_told_where_it_is_the_last():
    """Two producers who always try most of what they can sell: together more than anybody takes."""
    conducts = {"one": Glut(), "two": Glut()}
    model = build("cournot_duopoly", conducts=conducts, rounds=4, set="learning.window=1")
    assert model.run() == Status.INFEASIBLE and model.gap is None
    assert "cannot be carried away" in model.advice
    best = [-model.judge.groups[k].floor[0] for k in (0, 1)]
    np.testing.assert_allclose(model.judge.earned, [-4 * one for one in best])


BROKEN = {  # a market in which little can be learned, and how few rounds it takes to see
    "nobody wants any": ("two_aggregators", ["price.rule=affine", "price.p0=50", "price.c=0.001"], 4),
    "a price that bends down": ("concave_kink", [], 4),
}
BROKEN |= {"a line too thin for an equilibrium": ("two_nodes_thin", [], 2)} if NIGHTLY else {}


@pytest.mark.parametrize("broken", BROKEN)
@pytest.mark.parametrize("rule", [name for name, conduct in CONDUCTS.items() if conduct.learns])
def test_in_a_broken_market_learners_end_with_words_and_numbers(rule, broken):
    name, changes, rounds = BROKEN[broken]
    groups = range(len(load(name, set=changes).groups))
    rules = [f"group.{k}.conduct.rule={rule}" for k in groups]
    result = run(name, set=[*changes, *rules, "learning.window=1"], rounds=rounds)
    told = json.dumps(result.summary(), allow_nan=False)
    assert result.status in (Status.LEARNED, Status.ROUND_LIMIT, Status.INFEASIBLE) and result.advice in told
    assert (result.status == Status.LEARNED) == (result.gap is not None and result.gap <= 1e-3)
    if name == "two_nodes_thin":
        assert result.status == Status.ROUND_LIMIT


WORKS = """[[group]]
name = "works"
kind = "large"
utility = { form = "quadratic", a = 0.01, b = 30 }
conduct = { rule = "hedge" }
"""
FAIR = """[[group]]
name = "fair"
kind = "aggregator"
users = 3
utility = { form = "quadratic", a = 0.5, b = [0.5, 5, 9] }
fairness = { alpha = 1, surplus_offset = 0 }
"""


@pytest.mark.parametrize(("groups", "rounds"), [(FAIR + WORKS, 1), (WORKS + FAIR, 0)])
def test_a_learner_who_prices_others_out_ends_the_run_in_words_before_or_after_a_round(groups, rounds, tmp_path):
    path = tmp_path / "broken.toml"
    path.write_text(f'market = "aggregator"\nrounds = 30\nprice = {{ rule = "linear", c = 0.5 }}\n{groups}')
    result = run(path)
    known = result.summary()
    assert result.status == Status.INFEASIBLE and result.rounds == rounds and result.gap is None
    assert json.dumps(known, allow_nan=False) and "nan" not in summary_text(known)
    assert f"Priced out: user {1 - rounds} of player fair." in summary_text(known)
    assert ("Gap not defined, of the running average without bound" in summary_text(known)) == (rounds > 0)
    assert result.parts and list(plots(result))


class Glut(QLearning):
    """Sells all it could sell alone."""

    def decide(self, state, dice):
        return super().decide(state, dice) * 0 + state["grid"][:, -1]


def test_where_nothing_can_be_cleared_no_average_has_a_gap(tmp_path):
    lines = ", ".join(f'{{ from = "{one}", to = "{two}", x = 0.5, limit = 0{more} }}' for one, two, more in LOOP)
    (tmp_path / "shifted.toml").write_text(
        f'market = "aggregator"\nrounds = 2\nnetwork.node = [{{ name = "a" }}, {{ name = "b" }}, {{ name = "c" }}]\n'
        f'network.generator = [{{ node = "a", capacity = 9, cost = 1, rise = 0.1 }}]\nnetwork.line = [{lines}]\n'
        '[[group]]\nname = "buyers"\nkind = "direct"\nusers = 2\nnode = "a"\n'
        'utility = { form = "quadratic", a = 0.4, b = 3 }\n'
        'conduct = { rule = "zero-intelligence" }\n'
    )
    result = run(tmp_path / "shifted.toml")
    assert result.status == "infeasible" and all_measured(result)["gap of average"] is None


LOOP = (("a", "b", ""), ("b", "c", ""), ("a", "c", ", shift = 5"))  # a shift that drives what no line may carry
