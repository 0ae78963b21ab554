"""What a run whose price has states leaves behind, against sums over its states."""

import json

import numpy as np
import pytest

from engine import run
from engine.results import measured
from market.prices import Dispatch
from scenarios import load
from views.aggregator.state_words import states_text

FLEET = Dispatch([400, 300, 400], [0.0001, 0.0005, 0.001], [0.02, 0.1, 0.4], 3.0)  # that of the scenario


@pytest.fixture(scope="module")
def dry():
    return run("drought", direct=True)


def test_a_run_tells_every_state_and_the_means_that_players_reckon_with(dry):
    known, outcome = dry.summary()["states"], dry.outcome
    chance, welfare, price = (np.array(known[name]) for name in ("probability", "welfare", "price"))
    utility = [
        block.utility.value(outcome.x[rows]) for block, rows in zip(dry.game.blocks, dry.game.user_slices, strict=True)
    ]
    worth = [float(np.sum(one)) for one in utility]
    for total, shift in zip(price, (0, 150, 300), strict=True):
        assert total == pytest.approx(float(FLEET.value(outcome.quantity + shift)), rel=1e-12)
    assert welfare == pytest.approx(sum(worth) - price * outcome.quantity, rel=1e-12)
    towns = known["surplus"]["towns"]
    assert towns == pytest.approx(worth[0] - price * outcome.x[:40].sum(), rel=1e-12)
    assert known["expected"] == {"price": pytest.approx(chance @ price), "welfare": pytest.approx(chance @ welfare)}
    assert known["worst"]["welfare"] == pytest.approx(welfare[2]) and known["worst"]["price"] == pytest.approx(price[2])
    assert outcome.price == pytest.approx((chance @ price + price[2]) / 2)
    assert outcome.welfare == pytest.approx((chance @ welfare + welfare[2]) / 2)
    assert json.loads(json.dumps(known)) == known


def test_knowing_the_state_is_told_where_it_is_wanted_and_never_below_zero(dry):
    worth = dry.summary()["states"]["information"]
    assert worth["planner"] > 0 and all(
        0 <= one["least"] <= one["mean"] <= one["most"] for one in worth["alone"].values()
    )
    assert worth["public"] == pytest.approx(measured("aggregator", dry)["gain by public information"])
    quiet = run("drought", direct=True, set=["scenarios_of.information=false"])
    assert quiet.summary()["states"]["information"] is None
    assert measured("aggregator", quiet)["planner's value of information"] is None


def test_states_are_a_table_and_measures(dry):
    frame = dry.to_dataframe("states")
    assert list(frame) == ["state", "probability", "price", "surplus", "surplus towns", "surplus works"]
    assert list(frame["state"]) == ["wet", "dry", "drought"]
    found = measured("aggregator", dry, ("expected price", "expected surplus", "surplus in the worst states"))
    assert found["expected price"] == pytest.approx(float(frame["probability"] @ frame["price"]))
    assert found["expected surplus"] == pytest.approx(float(frame["probability"] @ frame["surplus"]))
    assert found["surplus in the worst states"] == pytest.approx(float(frame["surplus"].min()))
    plain = run("two_users_chase", direct=True)
    assert "states" not in plain.summary() and measured("aggregator", plain)["expected price"] is None


def test_one_state_is_the_market_without_states_to_the_bit():
    given = load("drought").given
    plain = run(load({name: value for name, value in given.items() if name != "scenarios_of"}), direct=True)
    one = run(load(given | {"scenarios_of": {"background": [0], "information": True}}), direct=True)
    assert np.array_equal(one.outcome.x, plain.outcome.x) and one.outcome.price == plain.outcome.price
    assert one.summary()["states"]["information"]["planner"] == 0


def test_rounds_reach_what_is_solved_directly(dry):
    stepped = run("drought")
    assert str(stepped.status) == "settled" and stepped.gap <= 1e-6
    assert stepped.outcome.y == pytest.approx(dry.outcome.y, rel=1e-5)


def test_a_market_that_is_short_in_one_state_is_short_and_says_how_much():
    dry = run("drought", direct=True, set=["scenarios_of.background=[0, 150, 1099]", "scenarios_of.information=false"])
    unserved = dry.summary()["states"]["unserved"]
    assert str(dry.status) == "short" and unserved[:2] == [0, 0]
    assert unserved[2] == pytest.approx(dry.outcome.quantity + 1099 - 1100)


def test_a_group_that_fears_more_is_a_buyer_to_whom_each_unit_is_dearer():
    a, b, c, first, chance = 1.0, 10.0, 0.5, np.array([1.0, 4.0, 6.0]), np.array([0.5, 0.3, 0.2])
    risks = {"bold": None, "shy": {"level": 0.5, "weight": 0.5}}
    feared = np.array([chance @ first, (chance @ first + (0.2 * 6 + 0.3 * 4) / 0.5) / 2])  # by hand: the worst half
    group = {"kind": "large", "utility": {"form": "quadratic", "a": a, "b": b}}
    found = run(
        {
            "market": "aggregator",
            "price": {"rule": "affine", "p0": 1, "c": c},
            "scenarios_of": {"p0": first.tolist(), "probability": chance.tolist()},
            "group": [group | {"name": name} | ({"risk": risk} if risk else {}) for name, risk in risks.items()],
        },
        direct=True,
    )
    y = np.linalg.solve([[2 * a + 2 * c, c], [c, 2 * a + 2 * c]], b - feared)
    assert found.outcome.y == pytest.approx(y, rel=1e-12) and found.gap <= 1e-12
    for j, fear in enumerate(feared):  # no other purchase is worth more by its own measure of risk
        tried = np.append(np.linspace(0, 5, 2001), y[j])
        gains = b * tried - a * tried**2 - tried * (fear + c * (y[1 - j] + tried))
        assert gains.argmax() == 2001 or gains.max() - gains[-1] < 1e-9
        assert found.outcome.s[j] == pytest.approx(gains[-1], rel=1e-12)
    told = found.summary()["states"]
    assert told["premium"] == {"bold": 0, "shy": pytest.approx(feared[1] - feared[0])}
    by_state = b * y[1] - a * y[1] ** 2 - y[1] * (first + c * y.sum())
    assert told["surplus"]["shy"] == pytest.approx(by_state.tolist(), rel=1e-12)
    assert told["expected"]["price"] == pytest.approx(found.outcome.price)


def test_words_say_whose_risk_is_meant_and_what_is_not_known():
    feared = load("states_duopoly").given | {"scenarios_of": {"p0": [1, 4]}}
    feared["group"][1]["risk"] = {"level": 0.5, "weight": 1.0}
    known = run(load(feared), direct=True).summary()["states"]
    assert "of the worst, groups with a risk of their own apart." in states_text(known)
    known["information"] = {"planner": None}
    assert states_text(known).endswith("to a planner is told where all prices are affine.")
