"""Days whose prices have states, against the same day with the expected price and against each state by itself."""

import numpy as np
import pytest

from engine import run
from engine.results import measured
from market.aggregator.days.yardsticks import planned
from scenarios import ScenarioError, draw, load

CHANCE, FIRST, SLOPES = np.array([0.3, 0.7]), np.array([[0.1, 0.2, 0.3], [0.2, 0.2, 0.4]]), np.array([0.01, 0.02])
BESIDE = np.array([[4.0, 0.0, 0.0], [0.0, 0.0, 8.0]])
STATES = {"p0": FIRST.tolist(), "c": SLOPES.tolist(), "background": BESIDE.tolist(), "probability": CHANCE.tolist()}
WHOLE = FIRST + SLOPES[:, None] * BESIDE  # price at no purchase by state and period


def day(**more):
    return {
        "market": "aggregator",
        "periods": {"count": 3, "hours": 8.0},
        "price": {"rule": "affine", "p0": 0.2, "c": 0.01},
        "group": [
            {
                "name": "street",
                "kind": "aggregator",
                "users": 4,
                "count": 2,
                "utility": {"a": {"uniform": [0.3, 0.6]}, "b": {"uniform": [0.8, 1.2]}},
                "fairness": {"alpha": 0.0},
                "battery": {"share": 0.5, "capacity": 3.0, "power": 2.0},
            },
            {"name": "works", "kind": "large", "utility": {"a": 0.1, "b": 1.0}},
        ],
    } | more


def priced(p0, c):
    return day(price={"rule": "affine", "p0": np.asarray(p0).tolist(), "c": np.asarray(c).tolist()})


@pytest.fixture(scope="module")
def known():
    return run(day(scenarios_of=STATES | {"information": True}), direct=True)


def test_players_reckon_with_the_expected_price_of_each_period(known):
    plain = run(priced(CHANCE @ WHOLE, CHANCE @ SLOPES), direct=True)
    assert str(known.status) == "solved" and known.outcome.proven
    assert known.outcome.joined("z") == pytest.approx(plain.outcome.joined("z"), abs=1e-7)
    assert known.outcome.s == pytest.approx(plain.outcome.s, rel=1e-7)


def test_every_state_is_told_as_it_would_come_out(known):
    told, z = known.summary()["states"], known.outcome.joined("z")
    price = WHOLE + SLOPES[:, None] * z.sum(axis=0)
    assert np.array(told["periods"]["price"]) == pytest.approx(price, rel=1e-12)
    gains = sum(one.worth - one.alone for one in known.outcome.outcomes)
    surplus = np.array([gains - z @ row for row in price])
    assert told["surplus"]["street"] == pytest.approx(surplus[:, :4].sum(axis=1).tolist())
    assert told["surplus"]["works"] == pytest.approx(surplus[:, 4].tolist())
    assert told["expected"]["welfare"] == pytest.approx(known.outcome.welfare, rel=1e-9)
    assert measured("days", known)["surplus in the worst states"] == pytest.approx(surplus.sum(axis=1).min())
    assert list(known.to_dataframe("states")["surplus"]) == pytest.approx(surplus.sum(axis=1).tolist())


def test_a_planner_who_knows_the_state_plans_each_days_states_apart(known):
    apart = [planned(draw(load(priced(*one))).game.days[0]).welfare for one in zip(WHOLE, SLOPES, strict=True)]
    together = planned(draw(load(priced(CHANCE @ WHOLE, CHANCE @ SLOPES))).game.days[0]).welfare
    worth = known.summary()["states"]["information"]
    assert worth == {"planner": pytest.approx(CHANCE @ apart - together, rel=1e-4)} and worth["planner"] > 0


def test_a_planner_who_would_do_the_same_gains_nothing_not_even_rounding():
    steeper = ["scenarios_of.c=[0.001, 0.002]", "scenarios_of.information=true"]  # batteries: the best plan is one
    result = run("storage_duopoly", direct=True, set=steeper)
    assert result.summary()["states"]["information"] == {"planner": 0.0}


@pytest.mark.parametrize(
    ("states", "said"),
    [
        (
            {"weight": 0.5},
            "scenarios_of.weight: got 0.5, which does not go with periods: CVaR of what a day costs is no",
        ),
        ({"p0": [[0.1, 0.2], [0.1, 0.2]]}, "scenarios_of.p0: got 2 numbers; 3, one for each period, are needed"),
        ({"background": [0.0, -30.0]}, "scenarios_of.background: makes the price at no purchase -0.4; at least 0"),
    ],
)
def test_states_of_days_that_cannot_be_used_are_one_line(states, said):
    with pytest.raises(ScenarioError) as error:
        load(day(scenarios_of=STATES | states))
    assert said in str(error.value) and "\n" not in str(error.value)
