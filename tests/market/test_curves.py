"""Curves for readers against each other, against brute force and against the sums they must come to."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import run
from engine.results import economics
from market.aggregator import curves
from market.aggregator.game import Block, Game
from market.aggregator.payoff import payoff
from market.aggregator.planner import demand
from market.measures import gini, lorenz
from market.prices import Linear
from market.utilities import Quadratic


@pytest.fixture(scope="module")
def settled():
    return run("large_two_welfare", certify=False)


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=30))
def test_twice_the_area_under_the_even_shares_is_ginis_coefficient(values):
    shares = lorenz(values)
    area = np.sum(shares[1:] + shares[:-1]) / 2 / len(values)
    assert 1 - 2 * area == pytest.approx(gini(values), abs=1e-9)
    assert np.all(np.diff(shares) >= 0) and shares[0] == 0 and shares[-1] == pytest.approx(1)


def test_where_somebody_loses_there_is_no_lorenz_curve():
    assert np.all(np.isnan(lorenz([1.0, -1.0, 3.0]))) and economics.evenness(np.array([1.0, -1.0, 3.0])) is None
    assert economics.evenness(np.zeros(0)) is None  # producers alone


def test_supply_and_demand_meet_where_price_takers_would(settled):
    game, known = settled.game, curves.supply_and_demand(settled.game)
    assert demand(game, known.price) == pytest.approx(known.total)
    assert np.all(np.diff(known.wanted) <= 0) and np.all(np.diff(known.asked) >= 0)
    below, above = known.prices < known.price, known.prices > known.price
    assert np.all(known.wanted[below] >= known.total) and np.all(known.wanted[above] <= known.total)


def test_one_user_who_would_pay_far_more_than_the_price_does_not_squeeze_the_curves():
    users = Quadratic(np.array([0.5, 0.5, 500.0]), np.array([1.0, 1.0, 1_000.0]))
    known = curves.supply_and_demand(Game(Linear(0.1), (Block("d", "direct", users, 0.0, 0.0, np.ones(3, int)),)))
    assert known.price < known.prices[-1] < 10 * known.price < 1_000


@pytest.mark.parametrize("share", [0.3, 0.9, 1.0, 1.2])
def test_the_wedge_ends_where_the_total_is_wanted_and_is_nothing_beyond(settled, share):
    known = curves.supply_and_demand(settled.game)
    wedge = curves.wedge(settled.game, share * known.total)
    if share < 1:
        assert demand(settled.game, wedge.worth) == pytest.approx(wedge.total) and wedge.worth > wedge.price
    else:
        assert wedge.worth == pytest.approx(wedge.price)


def test_who_gains_is_counted_of_all_however_few_are_drawn():
    before = np.arange(10_000.0)
    now = before + np.where(before % 10 == 0, 1.0, np.where(before % 10 == 1, -1.0, 0.0))
    known = economics.moved(before, now)
    assert (known.gain, known.lose) == (1_000, 1_000) and len(known.now) == economics.MOST_POINTS


def test_what_a_player_faces_is_best_where_no_purchase_is_better(settled):
    faced = curves.facing(settled.game, settled.outcome.y, 0)
    fine = np.linspace(0, faced.amounts[-1], 2_001)
    value = payoff(settled.game.price, settled.game.player(0), float(settled.outcome.y[1:].sum()), fine)
    assert np.interp(faced.best, faced.amounts, faced.payoff) >= value.max() - 1e-9 * abs(value.max())
    assert faced.best == pytest.approx(faced.now, rel=1e-6)  # settled
    assert np.interp(faced.now, faced.amounts, faced.price) == pytest.approx(settled.outcome.price)


def test_replies_meet_at_all_equilibria(monkeypatch):
    monkeypatch.setattr(curves, "REPLIES", 31)
    game = run("two_equilibria", certify=False).game
    amounts, first, second = curves.replies_of_two(game)
    found = economics.all_equilibria(game)
    assert len(found.equilibria) == 2 and not found.continuum
    for one in found.equilibria:
        assert np.interp(one.y[1], amounts, first) == pytest.approx(one.y[0], rel=0.02)
        assert np.interp(one.y[0], amounts, second) == pytest.approx(one.y[1], rel=0.02)


def test_payoffs_of_many_users_are_those_worked_out_in_one(settled, monkeypatch):
    whole = curves.facing(settled.game, settled.outcome.y, 0)
    monkeypatch.setattr(curves, "NUMBERS_AT_ONCE", 700)
    parts = curves.facing(settled.game, settled.outcome.y, 0)
    assert np.array_equal(whole.payoff, parts.payoff) and len(whole.payoff) > curves.FEWER
    monkeypatch.setattr(curves, "MANY", 10)
    few = curves.facing(settled.game, settled.outcome.y, 0)
    assert len(few.amounts) <= curves.FEWER + 2 and few.best == whole.best


def test_among_very_many_users_no_answers_are_drawn(settled, monkeypatch):
    monkeypatch.setattr(economics, "MOST_ANSWERING", 10)
    assert economics.answers(settled.game, settled.outcome.y) is None
