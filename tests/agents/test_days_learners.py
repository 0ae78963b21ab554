"""Players who learn over a day: where they end, what a round teaches them, what they regret, what is refused."""

import numpy as np
import pytest

from agents.days.model import DaysModel
from engine import run
from market.aggregator.days.clock import Clock
from market.aggregator.days.day import Day
from market.aggregator.days.equilibrium import potential_solution
from market.aggregator.days.learners import DayJudge, DayLearner, colluding_gain
from market.aggregator.days.outcome import certified_welfare, clear, gains_of
from market.aggregator.days.parts import Consumption, Solar
from market.aggregator.days.replies import best_days, payoffs, replies
from market.aggregator.days.rounds import start_plan
from market.aggregator.days.seats import Seats
from market.aggregator.days.several import DaysGame
from market.conduct import CONDUCTS, FictitiousPlay, Gradient, Hedge, Inertial
from market.conduct.judge import Judging
from market.outcome import Status
from market.prices import Affine
from scenarios import ScenarioError, build, draw, load
from tests.market.days.small_days import drawn, four_hours, homes

STORAGE = "storage_duopoly"  # a firm that shifts d beside another's e earns 0.02 d (100 − d − e)


def stored(model):
    """What the storage firms bought in the first hour by round, shape (rounds, 2)."""
    return np.array(model.judge.amounts).reshape(len(model.judge.amounts), 2, 2)[:, :, 0]


def played(conduct, rounds, name=STORAGE, **options):
    model = build(name, conducts={group.name: conduct for group in load(name).groups}, rounds=rounds, **options)
    model.run()
    return model


@pytest.mark.parametrize(
    ("conduct", "near"), [(FictitiousPlay(), 2e-3), (Gradient(rate=0.5), 1e-6), (Inertial(inertia=0.3), 1e-5)], ids=str
)
def test_the_equilibrium_of_two_storage_firms_is_learned(conduct, near):
    model = played(conduct, 50)
    assert stored(model)[-1] == pytest.approx([100 / 3, 100 / 3], rel=near)
    assert model.status is Status.LEARNED and model.gap <= 1e-3 and model.promised == 1e-3
    assert "learned" in model.advice


def test_fictitious_play_answers_the_mean_of_what_the_other_did():
    amounts = stored(played(FictitiousPlay(memory=np.inf), 6))
    for t in range(1, 6):
        assert amounts[t] == pytest.approx((100 - amounts[:t].mean(axis=0)[::-1]) / 2, abs=1e-6)


def test_a_mind_is_told_as_energy_by_period():
    model = build(STORAGE, conducts={"storage": FictitiousPlay(memory=np.inf)}, rounds=3)
    model.step()
    model.step()  # from nothing to 50, which is a quarter of what evens both hours
    minds = [agent.mind.kept for agent in model.seats]
    model.step()
    for mind, y in zip(minds, model.y, strict=True):
        np.testing.assert_allclose(mind["others, on average"], [125, 275], atol=1e-6)
        np.testing.assert_allclose(mind["its next amount"], y, atol=1e-9)


def test_regret_is_what_the_best_fixed_day_would_have_earned_more():
    model = played(Inertial(), 7)
    d = stored(model)
    e = d[:, ::-1]
    best = (100 - e.mean(axis=0)) / 2
    earned = np.sum(0.02 * d * (100 - d - e), axis=0)
    assert model.judge.regrets == pytest.approx(np.sum(0.02 * best * (100 - best - e), axis=0) - earned, abs=1e-6)
    assert model.history["regret storage 2"].iloc[-1] == model.judge.regrets[1]


@pytest.mark.parametrize("seed", range(3))
def test_a_step_goes_along_the_slope_of_the_payoff_to_the_nearest_day_that_can_be(seed):
    rng = np.random.default_rng(seed)
    day = drawn(rng)
    learner, plan = DayLearner(Seats(day), 0), start_plan(Seats(day))
    outcome = clear(day, plan)
    others, mine = outcome.load - outcome.y[0], outcome.plan[learner.seats.columns(0)]
    faced, step = learner.faced(mine, others), 1e-6
    for k in rng.choice(len(mine), 5):
        ahead, back = (learner.payoff(others, mine + side * step * np.eye(len(mine))[k]) for side in (1, -1))
        assert faced.marginal()[0, k] == pytest.approx((ahead - back) / (2 * step), abs=1e-4)
    there = mine + rng.normal(size=len(mine))
    near = faced.nearest(there[None])[0]
    assert learner.seats.nearest(0, others, learner.seats.purchase(0, near)) is not None
    for _ in range(5):
        other = best_days(learner.party, rng.uniform(0, 3, day.periods), learner.unit)
        assert np.sum(faced.bend * (near - there) ** 2) <= np.sum(faced.bend * (other - there) ** 2) + 1e-6
    better = faced.nearest(faced.own + faced.marginal() / faced.bend)[0]
    assert learner.payoff(others, better) >= learner.payoff(others, mine) - 1e-9


def test_random_days_are_learned_by_gradient():
    day = drawn(np.random.default_rng(5))
    names = {block.name: Gradient(rate=0.6) for block in day.blocks}
    model = DaysModel(DaysGame((day,)), rounds=100, conducts=names, judging=Judging(certify_every=100, window=1))
    model.run()
    equilibrium = potential_solution(day).outcome
    assert model.gap < 1e-3 and np.max(np.abs(model.y - equilibrium.y)) < 0.02 * np.sum(np.abs(equilibrium.y))


def test_what_is_stored_tells_regret_distance_and_collusion():
    result = run(STORAGE, set=["group.0.conduct.rule=gradient", "group.0.conduct.rate=0.5"], rounds=40)
    facts = result.summary()["learning"]
    assert facts["surplus"]["collusion"] == pytest.approx(50) and facts["distance"] < 1e-9
    assert facts["surplus"]["equilibrium"] == pytest.approx(400 / 9) and facts["equilibria"] == 1
    again = run(STORAGE, set=["group.0.conduct.rule=gradient", "group.0.conduct.rate=0.5"], rounds=40)
    assert again.summary() == result.summary()


def test_a_players_amounts_are_added_up_over_the_day():
    seats = Seats(four_hours())
    amounts = np.arange(4.0 * seats.day.players)
    found = DayJudge([DayLearner(seats, 0)], 1).by_player(amounts)
    assert found.tolist() == [sum(range(4 * j, 4 * j + 4)) for j in range(seats.day.players)]


def test_what_collusion_would_gain_is_counted_from_days_without_a_grid():
    """Two alike with a roof of g, one hour: together they use X = (b − p0 + 4 c g) / (a + 2 c)."""
    a, b, sun, p0, c = 0.5, 6.0, 1.5, 0.4, 0.3
    parts = {"consumption": Consumption([0], a, b), "solar": Solar([0], sun, [1.0])}
    day = Day(Clock(1, 1.0), (Affine(p0, c),), (homes("one", [1], parts), homes("two", [1], parts)))
    outcome, seats = clear(day, start_plan(Seats(day))), Seats(day)
    judge = DayJudge([DayLearner(seats, place) for place in (0, 1)], 1)
    judge.live(outcome)
    eaten = (b - p0 + 4 * c * sun) / (a + 2 * c)
    best = b * eaten - a * eaten**2 / 2 - (p0 + c * (eaten - 2 * sun)) * (eaten - 2 * sun)
    assert colluding_gain(judge, outcome.load) == pytest.approx(best - 2 * (b * sun - a * sun**2))


@pytest.mark.parametrize("rule", sorted(CONDUCTS))
def test_a_conduct_decides_days_or_says_why_it_cannot(rule):
    change = [f"group.0.conduct.rule={rule}"]
    if not CONDUCTS[rule].not_over_days:
        assert load(STORAGE, set=change).learners.keys() <= {"storage"}
        return
    with pytest.raises(ScenarioError, match="best-response, fictitious-play, gradient or inertial is needed") as error:
        load(STORAGE, set=change)
    assert CONDUCTS[rule].not_over_days in str(error.value) and "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (["group.0.fairness.alpha=1"], "homes.conduct: got 'gradient' beside fairness: .* alpha = 0 is needed"),
        (
            ["periods.days=2"],
            "periods.days: got 2 with 'gradient' .*; 1 is needed: players learn by living one day again",
        ),
        (["damping=0.5"], "damping: got 0.5 with 'gradient'"),
    ],
)
def test_where_players_cannot_learn_is_a_line(changes, said):
    with pytest.raises(ScenarioError, match=said):
        load("shifting_data_centre", set=["group.0.conduct.rule=gradient", *changes])
    with pytest.raises(ValueError, match="conducts: storage: it chooses among even amounts"):
        build(STORAGE, conducts={"storage": Hedge()})


def test_a_certificate_misses_no_gain_that_single_answers_find():
    day = draw(load("shifting_data_centre"), 0).game.days[0]
    seats, outcome = Seats(day), clear(day, 0.98 * start_plan(Seats(day)))
    outcome = certified_welfare(day, outcome)
    for j in range(day.players):
        others, plan = (outcome.load - outcome.y[j])[None], outcome.plan[seats.columns(j)]
        best = replies(seats.party(j), day.prices, others, seats.day.unit(j), plan)
        gained = best.payoff - payoffs(seats.party(j), day.prices, others, plan)
        assert outcome.regrets[j] * gains_of(day, outcome)[j] >= gained[0] * (1 - 1e-6) > 0


def test_one_learner_among_others_regrets_what_its_best_day_would_have_earned():
    day = drawn(np.random.default_rng(3))
    model = DaysModel(DaysGame((day,)), rounds=4, conducts={day.blocks[1].name: Inertial(inertia=0.3)})
    seats, loads, held = Seats(day), [], 0.0
    for _ in range(4):
        model.step()
        (outcome,) = model.outcome.outcomes
        others = outcome.load - outcome.y[1]
        loads.append(others)
        held += payoffs(seats.party(1), day.prices, others[None], outcome.plan[seats.columns(1)])[0]
    best = replies(seats.party(1), day.prices, np.mean(loads, axis=0)[None], day.unit(1)).plan
    earned = sum(payoffs(seats.party(1), day.prices, others[None], best)[0] for others in loads)
    assert model.judge.regrets == pytest.approx([earned - held], rel=1e-6) and earned > held + 1e-3
