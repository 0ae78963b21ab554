"""Households, aggregators and guests over days: rounds of every order end where the direct solution stands."""

import numpy as np
import pytest

from agents import DayAggregator, DayPlayer, Household, SeatError
from engine import run
from scenarios import build, load

FOUR = """market = "aggregator"
periods = { count = 4 }
price = { rule = "affine", p0 = 0.5, c = 0.1 }
[[group]]
name = "A"
kind = "aggregator"
utility = { a = [[2, 1, 1, 0.5], [1, 1, 0.5, 0.25]], b = [8, 6] }
solar = { peak = [1, 0], profile = [0, 3, 1, 0] }
battery = { capacity = [2, 0], power = 1, efficiency = 0.9 }
[[group]]
name = "B"
kind = "aggregator"
utility = { a = [[1, 0.5, 0.5, 0.25], [1, 1, 1, 1]], b = [7, 5] }
solar = { peak = [0, 1], profile = [0, 4, 2, 0] }
[[group]]
name = "C"
kind = "large"
utility = { a = 0.2, b = 9 }
"""
PRICES = (2.449069, 2.274472, 2.556548, 3.116038)  # by cvxpy, on the side
DUOPOLY = ["group.0.battery.capacity=1000", "group.0.battery.power=1000"]


@pytest.fixture
def four(tmp_path):
    path = tmp_path / "four.toml"
    path.write_text(FOUR)
    return load(path)


@pytest.mark.parametrize("changes", [[], ['order="random"'], ['order="together"', "damping=0.5"], ["damping=0.7"]])
def test_rounds_of_every_order_end_at_the_equilibrium(four, changes):
    model = build(four, set=changes)
    assert model.run() == "settled"
    np.testing.assert_allclose(model.today.price, PRICES, atol=1e-6)
    assert model.gap <= 1e-9 and model.outcome.proven
    table = model.datacollector.get_table_dataframe("periods")
    assert len(table) == 4 * model.round == 4 * len(model.history)
    last = table.tail(4)
    np.testing.assert_allclose(last["quantity"], (np.array(last["price"]) - 0.5) / 0.1)
    np.testing.assert_allclose(last["solar"], [0, 7, 3, 0])


def test_the_direct_solution_is_the_same_and_one_row_a_period_adds_up(four):
    result = run(four, direct=True)
    np.testing.assert_allclose(result.outcome.joined("price"), PRICES, atol=1e-6)
    surplus = [group["surplus"]["total"] for group in result.summary()["groups"].values()]
    # The published surpluses count solar energy used alone as a gain; here it is none.
    np.testing.assert_allclose(surplus[2], 197.14382, atol=1e-5)
    assert result.summary()["payments"]["producers"] == pytest.approx(
        sum(price * (price - 0.5) / 0.1 for price in result.outcome.joined("price"))
    )


def test_homes_and_their_devices_can_be_looked_at(four):
    model = build(four)
    model.run()
    (first, second) = next(agent for agent in model.seats if agent.group == "A").households
    assert isinstance(first, Household) and (first.number, second.number, first.group) == (0, 1, "A")
    assert list(first.devices) == ["consumption", "solar", "battery"] and list(second.devices) == ["consumption"]
    assert first.devices["battery"].capacity.tolist() == [2] and first.may_sell and not second.may_sell
    hours = first.hours
    np.testing.assert_allclose(
        hours["z"], hours["consumption"] + hours["charged"] - hours["discharged"] - hours["solar"], atol=1e-9
    )
    assert first.bill == pytest.approx(float(hours["z"] @ model.today.price))
    assert first.surplus == pytest.approx(float(model.today.s[0])) and model.user(4).group == "C"
    assert len(model.agents.select(agent_type=Household)) == 5 and not model.user(0).hours["car"].any()


class Usual(DayPlayer):
    """Buys at prices it takes for given, whatever the others do."""

    def decide(self):
        return self.price_taking(np.full(4, 3.0))


class Forecaster(DayAggregator):
    """Believes that the others will buy as much as it says."""

    believed = 1.5

    def decide(self):
        return self.best_day(self.view.others * self.believed)


def test_an_aggregator_that_forecasts_wrongly_gains_less_and_the_gap_tells(four):
    right, wrong = build(four), build(four, players={"A": Forecaster})
    right.run(), wrong.run()
    assert wrong.status == "inaccurate" and wrong.gap > 1e-3
    mine = slice(0, 2)
    assert wrong.today.s[mine].sum() < right.today.s[mine].sum() - 1e-6
    agent = wrong.own[0]
    assert agent.heard.payoff == pytest.approx(np.sum(wrong.today.s[mine] + 0.01))  # the offset
    np.testing.assert_allclose(agent.heard.own, wrong.y[0])


def test_a_household_with_a_rule_of_thumb_plays_against_the_others(four):
    model = build(four, players={"C": Usual})
    model.run()
    np.testing.assert_allclose(model.y[2], 15.0, rtol=1e-6)  # b − 2 a x = 3
    assert model.outcome.gap > 0


class Says:
    """Decides what it is given."""

    def __init__(self, answer):
        self.answer, self.views = answer, []

    def observe(self, view):
        self.views.append(view)

    def decide(self):
        return self.answer


def test_purchases_are_shared_as_the_player_likes_best(four):
    mind = Says([2.0, 1.0, 3.0, 6.0])
    model = build(four, players={"A": mind})
    model.run()
    np.testing.assert_allclose(model.y[0], mind.answer, atol=1e-7)
    view = mind.views[-1]
    np.testing.assert_allclose(view.others, model.today.load - mind.answer, atol=1e-4)
    assert view.clock.count == 4 and len(view.rules) == 4 and view.day == 0


WRONG = {
    "too few": ([1.0], "4 finite net purchases, one for each period"),
    "not a number": ([1.0, np.nan, 1, 1], "4 finite net purchases"),
    "words": ("much", "4 finite net purchases"),
    "impossible": ([-50.0, 1, 1, 1], "purchases that its devices can make something of"),
}


@pytest.mark.parametrize("kind", WRONG)
def test_what_cannot_be_bought_is_refused_in_one_line(four, kind):
    answer, said = WRONG[kind]
    model = build(four, players={"A": Says(answer)})
    with pytest.raises(SeatError, match=said) as caught:
        model.step()
    assert "round 1: Says" in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize("firms", [1, 2, 5])
def test_storage_firms_shift_what_their_number_says(firms):
    result = run("storage_duopoly", set=[*DUOPOLY, f"group.0.users={firms}"], direct=True)
    shifted = np.sum(result.outcome.joined("z"), axis=0)
    np.testing.assert_allclose(shifted, np.array([1, -1]) * 100 * firms / (firms + 1), rtol=1e-9)


def test_three_firms_who_move_together_go_round_in_a_circle():
    model = build("storage_duopoly", set=["group.0.users=3", 'order="together"'])
    assert model.run() == "cycling" and model.cycle == 2
    assert build("storage_duopoly", set=["group.0.users=3", 'order="together"', "damping=0.5"]).run() == "settled"


def test_batteries_keep_their_levels_from_day_to_day(four):
    changes = ["periods.days=2", "group.0.battery.start=1.5", 'group.0.battery.end="free"']
    model = build(four, set=changes)
    model.run()
    assert len(model.outcome.outcomes) == 2 and set(model.history["day"]) == {0, 1}
    level = model.outcome.told["level"][0]
    charged, discharged = (model.outcome.told[name][0] for name in ("charged", "discharged"))
    before = np.concatenate([[1.5], level[:-1]])
    np.testing.assert_allclose(level, before + 0.9 * charged - discharged / 0.9, atol=1e-8)
    assert level[3] == pytest.approx(0, abs=1e-7)
    assert model.outcome.days[1].blocks[0].parts["battery"].start[0] == pytest.approx(0, abs=1e-7)
    direct = run(four, set=changes, direct=True)
    np.testing.assert_allclose(direct.outcome.joined("price"), model.outcome.joined("price"), atol=1e-6)


def test_fair_days_say_that_their_gap_is_searched(four):
    result = run(four, set=["group.0.fairness={ alpha = 1 }", "rounds=60"])
    assert result.status == "settled" and result.summary()["proven"] is False
    assert result.advice.startswith("What a search") and result.gap <= 1e-6
