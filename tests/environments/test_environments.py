"""What an environment tells is what players observe and hear, scaled; PettingZoo itself is not needed for that."""

import numpy as np
import pytest

from environments import environment, pettingzoo_env
from environments.contracts import Contracts
from environments.days import DayRounds
from environments.purchases import Purchases
from market.aggregator.best_response import best_response
from market.aggregator.days.seats import Seats
from market.aggregator.payoff import payoff
from market.fairness.one_player import OnePlayer
from scenarios import ScenarioError, load


def table(name, horizon=4, **changes):
    made = Purchases(load(name, **changes), horizon)
    made.begin(None, None)
    return made


@pytest.mark.parametrize("name", ["two_aggregators", "large_two_proportional", "large_two_maxmin"])
def test_nothing_is_worth_0_and_the_best_alone_1(name):
    played = table(name)
    alone = np.zeros(len(played.names))
    alone[0] = best_response(played.game.price, played.game.player(0), 0.0) / played.most[0]
    assert 0 < alone[0] < 1
    played.play(alone)
    assert played.rewards == pytest.approx([1.0] + [0.0] * (len(alone) - 1), abs=1e-9)


def test_what_is_told_is_what_was_bought_and_paid():
    played = table("two_aggregators")
    shares = np.array([0.2, 0.3, 0.4])
    played.play(shares)
    y = shares * played.most
    assert [info["purchase"] for info in played.infos] == pytest.approx(y)
    price = played.game.price.value(y.sum())
    for j, (info, seen) in enumerate(zip(played.infos, played.observations, strict=True)):
        assert info["payoff"] == pytest.approx(
            float(payoff(played.game.price, played.game.player(j), y.sum() - y[j], y[j]))
        )
        assert info["price"] == pytest.approx(price)
        others = (y.sum() - y[j]) / (played.most.sum() - played.most[j])
        assert seen == pytest.approx([1 / 4, others, shares[j], price / played.worth])
    wanted = [float(played.game.player(j).utility.demand(0.0).sum()) for j in range(3)]
    assert played.most == pytest.approx(wanted)  # the starting price is 0


def test_a_market_goes_on_where_everybody_stands_still():
    played = table("two_aggregators", horizon=6)
    for _ in range(6):
        played.play(np.full(3, 0.5))
    assert (played.round, played.over) == (6, False)


def test_a_producer_s_sale_is_a_share_of_its_capacity_and_its_reward_its_profit():
    played = table("cournot_duopoly")
    played.play(np.array([0.3, 0.2]))
    profit = (100 - 50) * 30 - 10 * 30 - 0.2 * 30**2 / 2
    alone = 90**2 / (2 * 2.2)  # the best of (100 - q) q - 10 q - 0.1 q²
    assert played.infos[0]["payoff"] == pytest.approx(profit)
    assert played.rewards[0] == pytest.approx(profit / alone)


def test_what_contracts_bring_is_told_once_they_are_signed():
    played = Contracts(load("p2p_few_sellers"), 30)
    played.begin(None, None)
    shares = np.full(len(played.names), 0.2)
    while played.model.running:
        assert not played.rewards.any()
        played.play(shares)
    gains = [info["payoff"] for info in played.infos]
    assert None not in gains and sum(gain > 0 for gain in gains) >= 2
    assert played.rewards == pytest.approx(np.array(gains) / played.scales)
    closed = played.model.outcomes[-1]
    assert sum(gains) == pytest.approx(sum(closed.contracts["buyer_gain"]) + sum(closed.contracts["seller_gain"]))


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("eight_nodes_cooperative", "market: got 'microgrid'; aggregator, network, days or bilateral is needed"),
        ("street_day", "periods.days: got 2; one day is needed"),
        ("joining_maxmin", "joining: users choose their aggregators"),
        ("p2p_tight", "negotiation.rule: got 'tight'"),
        ("p2p_day", "periods: got"),
    ],
)
def test_what_cannot_be_played_is_one_line(name, said, monkeypatch):
    monkeypatch.setattr(environment, "Box", environment.Box or object)
    with pytest.raises(ScenarioError) as error:
        pettingzoo_env(name, set=["periods.days=2"] if name == "street_day" else [])
    assert said in str(error.value) and "\n" not in str(error.value)


def test_a_payoff_that_is_minus_infinity_for_nothing_cannot_be_scaled():
    literal = ["group.0.fairness.alpha=1", "group.0.fairness.surplus_offset=0"]
    with pytest.raises(ScenarioError, match=r"north has a payoff of minus infinity where it buys nothing"):
        table("two_aggregators", set=literal)


def test_without_the_package_it_says_what_to_install(monkeypatch):
    monkeypatch.setattr(environment, "Box", None)
    with pytest.raises(ImportError, match="pip install pettingzoo gymnasium"):
        pettingzoo_env("two_aggregators")


@pytest.mark.parametrize("action", [[1.5], [-0.1], [np.nan], [0.1, 0.2]])
def test_an_action_that_is_no_share_is_told(action):
    with pytest.raises(ValueError, match=r"north: got the action .*one number from 0 to 1 is needed"):
        environment._shares("north", {"north": action}, 1)
    with pytest.raises(ValueError, match=r"north: got the action .*3 numbers from 0 to 1, one a period, are needed"):
        environment._shares("north", {"north": action}, 3)


def day(name, horizon=3, **changes):
    made = DayRounds(load(name, **changes), horizon)
    made.begin(None, None)
    return made


def test_a_day_that_devices_allow_is_bought_as_it_was_asked_for():
    played = day("shifting_data_centre")
    shares = np.random.default_rng(3).uniform(0.2, 0.8, played.most.shape)
    played.play(shares)
    y = np.array([info["purchase"] for info in played.infos])
    wished = played.least + shares * (played.most - played.least)
    assert y[:2] == pytest.approx(wished[:2], abs=1e-4)  # consumption alone, the third shifts
    load = y.sum(axis=0) + played.model.day.background
    price = np.array([rule.value(total) for rule, total in zip(played.model.day.prices, load, strict=True)])
    for told, info, seen in zip(y, played.infos, played.observations, strict=True):
        assert info["price"] == pytest.approx(price) and seen[0] == 1 / 3
        others, own, prices = np.split(seen[1:], 3)
        assert others * played.size == pytest.approx(load - told, abs=1e-9)
        assert prices * played.worth == pytest.approx(price) and np.all(own <= 1.0)


def test_a_day_that_is_impossible_becomes_the_nearest_that_is_not():
    played = day("storage_duopoly")
    shares = np.array([[0.7, 0.2], [0.5, 0.3]])  # sell more than they buy
    played.play(shares)
    wished = played.least + shares * (played.most - played.least)
    assert played.model.y == pytest.approx(wished - wished.mean(axis=1, keepdims=True), abs=0.01)


@pytest.mark.parametrize("alpha", [0.0, 1.0])
def test_the_best_day_alone_earns_1_and_gaining_nothing_0(alpha):
    played = day("cars_at_six", set=[f"group.0.fairness.alpha={alpha}"])
    none, alone = played.stakes[0]
    assert alone > none
    seats, nobody = Seats(played.model.day), played.model.day.load(np.zeros((1, 24)))
    best = seats.purchase(0, seats.reply(0, nobody, seats.nearest(0, nobody, played.most[0] / 2)))
    held = seats.fair(0, nobody).surplus(seats.nearest(0, nobody, best))
    value = played.model.day.player(0).objective.value
    assert (_paid(value, held) - none) / played.scales[0] == pytest.approx(1.0, abs=1e-4)


def _paid(value, s):
    return float(np.ravel(value(s, np.ones(len(s), dtype=bool), OnePlayer))[0])
