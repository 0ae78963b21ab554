"""What files may say of the states of a price, and what is said of those that cannot be used."""

import numpy as np
import pytest

from market.prices import Affine, Linear
from scenarios import ScenarioError, draw, load

USERS = {"name": "homes", "kind": "direct", "users": 3, "utility": {"form": "quadratic", "a": 0.5, "b": 5.0}}
AFFINE = {"rule": "affine", "p0": 1.0, "c": 0.5}
DISPATCH = {
    "rule": "dispatch",
    "cap": 9.0,
    "generators": {"max_p_mw": [5.0], "cost_quadratic": [0.1], "cost_linear": [0.2]},
}


def table(states, price=None, **more):
    return {"market": "aggregator", "price": price or AFFINE, "scenarios_of": states, "group": [dict(USERS)]} | more


def price_of(states, price=None):
    return draw(load(table(states, price))).game.price


def test_states_take_numbers_of_the_price_columns_and_what_others_buy(tmp_path):
    assert price_of({"p0": [1.0, 3.0]}) == Affine(2.0, 0.5)
    assert price_of({"p0": [1.0, 3.0], "probability": [0.25, 0.75], "weight": 1, "level": 0.5}) == Affine(3.0, 0.5)
    assert price_of({"background": [0.0, 2.0]}) == Affine(1.5, 0.5)
    assert price_of({"c": [0.5, 1.5]}, {"rule": "linear", "c": 1.0}) == Affine(0.0, 1.0)
    assert price_of({"c": [2.0]}, {"rule": "linear", "c": 1.0}) == Linear(2.0)
    (tmp_path / "states.csv").write_text("p0,chance,word\n1,0.5,wet\n3,0.5,dry\n")
    (tmp_path / "mine.toml").write_text(
        'market = "aggregator"\nprice = { rule = "affine", p0 = 1, c = 0.5 }\n[scenarios_of]\n'
        'p0 = { csv = "states.csv", column = "p0" }\nprobability = { csv = "states.csv", column = "chance" }\n'
        'names = { csv = "states.csv", column = "word" }\n[[group]]\nname = "homes"\nkind = "direct"\nusers = 3\n'
        'utility = { form = "quadratic", a = 0.5, b = 5.0 }\n'
    )
    scenario = load(tmp_path / "mine.toml")
    assert scenario.states.names == ("wet", "dry") and draw(scenario).game.price == Affine(2.0, 0.5)
    assert load(table({"p0": [1.0, 3.0]})).states.names == ("1", "2")


def test_a_dispatch_with_less_supply():
    rule = price_of({"background": [0.0, 4.0], "probability": [0.5, 0.5]}, DISPATCH)
    assert rule.capacity == 1.0
    at = np.array([0.5, 0.9, 3.0, 6.0])
    expected = [0.2 + 0.2 * 2.5, 0.2 + 0.2 * 2.9, (0.2 + 0.6 + 9.0) / 2, 9.0]
    assert rule.value(at) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    ("states", "price", "said"),
    [
        ({}, None, "scenarios_of: has no state that differs from another; a list of p0, c or background is needed"),
        ({"p0": [1.0], "c": [1.0, 2.0]}, None, "scenarios_of.p0: 1 values, but c has 2; one for each state is needed"),
        (
            {"k": [1.0, 2.0]},
            None,
            "scenarios_of.k: is no number of a price of rule = 'affine'; p0, c or background may",
        ),
        ({"p0": [1.0, -2.0]}, None, "scenarios_of.p0: value 1 (counted from 0) is -2"),
        ({"p0": [1, 2], "probability": [0.5, 0.4]}, None, "scenarios_of.probability: adds up to 0.9; 1 is needed"),
        ({"background": [0, -3]}, None, "scenarios_of.background: makes the price at no purchase -0.5; at least 0"),
        ({"background": [0, -3]}, DISPATCH, "scenarios_of.background: is -3, below zero, with a price that is not"),
        ({"cap": [9, 0.5]}, DISPATCH, "scenarios_of.cap: got 0.5; at least the fleet's highest marginal cost, 1.2"),
        ({"k": [1, 2]}, {"rule": "power", "c": 1.0, "k": 1.0}, "scenarios_of: states of a price that is not straight"),
        ({"p0": [1.0] * 1001}, None, "scenarios_of: 1,001 states; at most 1,000 are possible"),
        ({"probability": [0.5, 0.5]}, None, "scenarios_of: has no state that differs from another"),
    ],
)
def test_states_that_cannot_be_used_are_one_line(states, price, said):
    with pytest.raises(ScenarioError) as error:
        load(table(states, price))
    assert said in str(error.value) and "\n" not in str(error.value)


def test_a_network_refuses_states_and_says_why():
    given = table({"p0": [1.0, 2.0]}, network={"case": "five_bus"})
    del given["price"]
    with pytest.raises(ScenarioError, match="scenarios_of: does not go with a network: each state would have full"):
        load(given)


@pytest.mark.parametrize(
    ("states", "more", "said"),
    [
        (None, {}, "group.homes.risk: there are no states of the price; scenarios_of is needed, or leave it out"),
        ({"c": [1.0, 2.0]}, {}, "group.homes.risk: states differ by more at some purchases than at others"),
        ({"p0": [1.0, 2.0], "information": True}, {}, "scenarios_of.information: true, beside a risk of their own"),
        ({"p0": [1.0, 2.0]}, {"joining": {"direct": True}}, "group.homes.risk: users choose their aggregators"),
    ],
)
def test_a_risk_of_their_own_is_refused_where_it_is_no_premium(states, more, said):
    given = table(states, **more) | {"group": [USERS | {"risk": {"weight": 1.0}}]}
    if states is None:
        del given["scenarios_of"]
    with pytest.raises(ScenarioError) as error:
        load(given)
    assert said in str(error.value) and "\n" not in str(error.value)
