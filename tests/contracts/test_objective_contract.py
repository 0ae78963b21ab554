"""What every registered fairness objective promises, at its defaults and at the values its sliders halt at."""

import numpy as np
import pytest

from market.fairness import OBJECTIVES, AlphaFair
from market.fairness.one_player import OnePlayer
from market.parameters import made, parameters_of
from market.utilities import Quadratic
from tests.contracts.examples import needed

USERS = 12
GRID = np.linspace(-3, 3, 13)[:, None]  # multipliers


def tried(registry):
    """{label: objective}: as it is by default, with each value that a slider halts at, and without an offset."""
    found = {}
    for name, rule in registry.items():
        said, usual = parameters_of(rule), needed(rule)
        cases = {name: {}}
        cases |= {f"{name}, {key} {stop:g}": {key: stop} for key, one in said.items() for stop, _ in one.stops}
        cases |= {f"{name}, no offset": {"surplus_offset": 0.0}} if "surplus_offset" in said else {}
        found |= {label: made(rule, usual | keys) for label, keys in cases.items()}
    return found


TRIED = tried(OBJECTIVES)
every_objective = pytest.mark.parametrize("rule", TRIED.values(), ids=TRIED)


def population(seed=3):
    """(Users, price below every reservation price, roof of a common surplus)."""
    rng = np.random.default_rng(seed)
    users = Quadratic(rng.uniform(0.2, 2, USERS), rng.uniform(5, 9, USERS))
    price = 2.0
    best = users.best_surplus(price)
    k = int(np.argmin(best))
    rate = -users.demand(price)[k] / best[k]
    return users, price, (np.array(best[k]), np.array(rate))


def surpluses(seed, count=USERS):
    return np.random.default_rng(seed).uniform(0.5, 4.0, count)


@every_objective
def test_nobody_gains_by_staying(rule):
    old, all_of_them = surpluses(1), np.ones(USERS, dtype=bool)
    assert rule.gain(old, old, all_of_them) == 0
    assert np.all(rule.regret(old, old, all_of_them, all_of_them, old, OnePlayer) == 0)


@every_objective
@pytest.mark.parametrize("rise", [1e-9, 1e-3, 0.5, 10.0])
def test_more_for_everybody_is_a_gain_and_less_a_loss(rule, rise):
    old, all_of_them = surpluses(1), np.ones(USERS, dtype=bool)
    more, less = old * (1 + rise), old / (1 + rise)
    for new, sign in ((more, 1), (less, -1)):
        assert np.sign(rule.gain(new, old, all_of_them)) == sign
        assert np.sign(rule.regret(new, old, all_of_them, all_of_them, old, OnePlayer)) == sign
    assert rule.value(more, all_of_them, OnePlayer) >= rule.value(old, all_of_them, OnePlayer)


@every_objective
def test_gain_has_the_sign_of_the_change_in_value(rule):
    old, all_of_them = surpluses(1), np.ones(USERS, dtype=bool)
    for seed in range(20):
        new = old * np.random.default_rng(seed).uniform(0.7, 1.4, USERS)
        before, after = (float(rule.value(each, all_of_them, OnePlayer)[0]) for each in (old, new))
        if abs(after - before) > 1e-9 * max(abs(before), abs(after)):
            assert np.sign(rule.gain(new, old, all_of_them)) == np.sign(after - before)


@every_objective
def test_the_order_of_users_does_not_matter(rule):
    old, new, all_of_them = surpluses(1), surpluses(2), np.ones(USERS, dtype=bool)
    order = np.random.default_rng(5).permutation(USERS)
    gain, again = rule.gain(new, old, all_of_them), rule.gain(new[order], old[order], all_of_them)
    assert again == pytest.approx(gain, rel=1e-9)


@every_objective
def test_users_get_less_as_the_multiplier_rises(rule):
    users, price, roof = population()
    told = roof if rule.common_surplus else None
    x, margin, bend, share, _ = rule.respond(users, price, GRID, told)
    assert np.array_equal(rule.taken(users, price, GRID, told), x)
    assert x.shape == margin.shape == (len(GRID), USERS)
    assert np.all(np.diff(x, axis=0) <= 1e-12) and np.all(np.diff(margin, axis=0) >= -1e-12)
    assert np.all(x >= 0) and np.all(bend >= 0) and np.all(np.asarray(share) >= 0)


@every_objective
def test_the_multiplier_of_what_somebody_got_is_the_one_it_was_got_at(rule):
    users, price, roof = population()
    told = roof if rule.common_surplus else None
    x = rule.respond(users, price, GRID, told)[0]
    inside = (x > 1e-6) & (users.surplus(price, x) > 1e-6)
    again = rule.multiplier(users, price, x, told)
    np.testing.assert_allclose(again[inside], np.broadcast_to(GRID, x.shape)[inside], rtol=1e-6, atol=1e-6)


@every_objective
def test_share_is_how_fast_the_logarithm_of_a_margin_moves(rule):
    users, price, roof = population()
    told, step = roof if rule.common_surplus else None, 1e-5
    x, _, _, share, _ = rule.respond(users, price, GRID, told)
    above, below = (np.log(rule.respond(users, price, GRID + d, told)[1]) for d in (step, -step))
    inside = x > 1e-3
    slope = (above - below) / (2 * step)
    np.testing.assert_allclose(slope[inside], np.broadcast_to(share, x.shape)[inside], rtol=1e-5, atol=1e-8)


@every_objective
def test_the_multiplier_is_what_a_little_more_is_worth_to_the_objective(rule):
    if rule.common_surplus:
        return
    users, price, _ = population()
    everybody, step = np.ones(USERS, dtype=bool), 1e-6
    for z in (-1.0, 0.0, 0.5):
        x, margin, *_ = rule.respond(users, price, np.array(z))
        surplus = users.surplus(price, x)
        more = surplus + np.diag(step * surplus)
        worth = (rule.gain(more, surplus, everybody) - rule.gain(2 * surplus - more, surplus, everybody)) / 2
        kappa = worth / (step * surplus) * margin
        inside = (x > 1e-3) & (surplus > 1e-3)
        np.testing.assert_allclose(kappa[inside], np.exp(z - rule.log_scale(surplus, everybody)), rtol=1e-5)


@every_objective
def test_margins_do_not_rise_with_the_price(rule):
    if rule.common_surplus:
        return
    users, _, _ = population()
    prices = np.linspace(0, 4, 9)
    margins = np.array([rule.margin(users, price, GRID) for price in prices])
    assert np.all(np.diff(margins, axis=0) <= 1e-9 * margins[1:]) and np.all(np.diff(margins, axis=1) >= 0)


@every_objective
def test_what_an_objective_says_of_itself_is_true(rule):
    all_of_them = np.ones(2, dtype=bool)
    if rule.welfare:
        old, new, even = np.array([1.0, 2.0]), np.array([3.5, 0.5]), np.array([2.0, 2.0])
        gain, as_much = (float(rule.gain(each, old, all_of_them)) for each in (new, even))
        assert gain > 0 and as_much == pytest.approx(gain, rel=1e-9)
    if rule.literal:
        assert rule.value(np.array([0.0, 1.0]), all_of_them, OnePlayer)[0] == -np.inf
    if rule.common_surplus:
        users, price, roof = population()
        x = rule.respond(users, price, GRID, roof)[0]
        assert np.ptp(users.surplus(price, x), axis=1).max() < 1e-9


def test_the_usual_alphas_are_among_what_is_tried():
    assert {rule.alpha for rule in TRIED.values() if isinstance(rule, AlphaFair)} >= {0.0, 0.5, 1.0, 2.0, 10.0}
