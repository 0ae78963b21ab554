"""Fair aggregators' days: values worked out beforehand, other starts, stationarity, and the market without days."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import minimize

from market.aggregator.best_response import best_response
from market.aggregator.days import seats as seats_of_days
from market.aggregator.days.clock import Clock
from market.aggregator.days.day import Day
from market.aggregator.days.fair import FairDay
from market.aggregator.days.fair import fair_day as stationary
from market.aggregator.days.outcome import clear
from market.aggregator.days.parts import Car, Consumption
from market.aggregator.days.replies import best_days, replies
from market.aggregator.days.rounds import solve
from market.aggregator.days.seats import Seats, certified
from market.aggregator.game import Block
from market.outcome import Status
from market.prices import Affine
from market.utilities import Quadratic
from tests.market.days.small_days import drawn, fair_day, four_hours, homes

KNOWN = {  # alpha: (objective, consumption, purchases, surpluses, prices)
    0.0: (6.631232, [0.69206, 1.87063, 0.38413, 0.30595], [1.44312, 1.87937], [5.74864, 0.86259], [1.36587, 1.62762]),
    1.0: (1.966106, [0.52284, 1.17425, 0.53055, 0.92675], [1.51934, 1.72359], [4.49319, 1.57617], [1.41160, 1.53415]),
    2.0: (-0.813803, [0.43986, 0.83277, 0.52289, 1.12926], [1.60181, 1.44439], [3.55303, 1.86567], [1.46109, 1.36664]),
}


def phi(surplus, alpha, offset=0.01):
    s = surplus + offset
    if np.isinf(alpha):
        return np.min(surplus)
    return np.sum(np.log(s)) if alpha == 1 else np.sum(s ** (1 - alpha)) / (1 - alpha)


def sole(day):
    """(player 0's fair days with nobody else, its seats)."""
    return Seats(day).fair(0, day.background)


@pytest.mark.parametrize("alpha", KNOWN)
def test_the_fair_day_is_the_one_worked_out_beforehand(alpha):
    day = fair_day(alpha)
    plan, settled, _ = stationary(sole(day), np.zeros(day.party.columns))
    outcome, (value, x, y, s, price) = clear(day, plan), KNOWN[alpha]
    assert settled and phi(outcome.s, alpha) == pytest.approx(value, abs=1e-6)
    np.testing.assert_allclose(day.party.told(plan, "consumption").ravel(), x, atol=6e-6)
    np.testing.assert_allclose(outcome.y[0], y, atol=6e-6)
    np.testing.assert_allclose(outcome.s, s, atol=6e-6)
    np.testing.assert_allclose(outcome.price, price, atol=6e-6)


@pytest.mark.parametrize("alpha", [0.5, 2.0, 50.0, np.inf])
def test_no_random_start_of_another_search_ends_higher(alpha):
    day = fair_day(alpha)
    fair, rng = sole(day), np.random.default_rng(1)
    plan = stationary(fair, np.zeros(day.party.columns)).plan
    found = fair.surplus(plan)
    soft = 40.0 if np.isinf(alpha) else alpha
    days, high = day.party.days, np.where(np.isfinite(day.party.days.high), day.party.days.high, 8.0)

    def loss(v):
        s = np.maximum(fair.surplus(v) + 0.01, 1e-9)
        top = np.min(s)
        return -np.log(top) + np.log(np.sum((s / top) ** (1 - soft))) / (soft - 1) if soft > 1 else -phi(s - 0.01, soft)

    rules = {"type": "eq", "fun": lambda v: days.rows @ v - days.least}
    tried = 0
    for _ in range(6):
        start = rng.uniform(0, 0.1, len(high)) * high
        other = minimize(loss, start, bounds=list(zip(days.low, high, strict=True)), constraints=rules, method="SLSQP")
        s = fair.surplus(other.x)
        if np.max(np.abs(days.rows @ other.x - days.least)) < 1e-8 and np.min(s) > 0:
            tried += 1
            assert phi(s, alpha) <= phi(found, alpha) + 1e-6 * abs(phi(found, alpha))
    assert tried > 1


@pytest.mark.parametrize("alpha", [0.5, 1.0, 2.0])
def test_every_user_lives_its_own_best_day_at_its_internal_price(alpha):
    day = four_hours()
    day = day.changed([replace(day.blocks[0], alpha=alpha), *day.blocks[1:]])
    fair = Seats(day).fair(0, np.array([9.0, 11.0, 10.0, 12.0]))
    plan, settled, _ = stationary(fair, best_days(fair.party, np.full(4, 3.0), fair.energy))
    z, s = fair.party.purchases(plan), fair.surplus(plan)
    weight = (s + 0.01) ** -alpha
    price = 0.5 + 0.1 * (fair.others + z.sum(axis=0))
    internal = price + 0.1 * (weight @ z) / weight[:, None]
    best = best_days(fair.party, internal, fair.energy)

    def value(v):
        return fair.party.worth(v) - np.sum(internal * fair.party.purchases(v), axis=1)

    assert settled
    np.testing.assert_allclose(value(plan), value(best), rtol=1e-8)


@pytest.mark.parametrize("seed", [8, 129, 130, 249])
def test_max_min_leaves_nobody_with_weight_a_better_day_and_none_with_less_than_those(seed):
    day = drawn(np.random.default_rng(seed), players=1, periods=3)
    fair = Seats(day.changed([replace(day.blocks[0], alpha=np.inf)])).fair(0, day.background)
    plan, settled, weight = stationary(fair, best_days(fair.party, np.full(3, 3.0), fair.energy))
    z, s, held = fair.party.purchases(plan), fair.surplus(plan), weight > 1e-6
    p0, c = (np.array([getattr(rule, name) for rule in day.prices]) for name in ("p0", "c"))
    internal = p0 + c * (fair.others + z.sum(axis=0)) + c * (weight @ z) / weight[:, None]
    best = best_days(fair.party, internal, fair.energy)

    def value(v):
        return fair.party.worth(v) - np.sum(internal * fair.party.purchases(v), axis=1)

    assert settled and np.ptp(s[held]) < 1e-8 and np.min(s) > np.min(s[held]) - 1e-8
    assert weight.sum() == pytest.approx(1, rel=1e-12)
    np.testing.assert_allclose(value(plan)[held], value(best)[held], rtol=1e-6)


def then_nothing(price, a, b, alpha=0.0, offset=0.01, background=(0.0, 0.0)):
    """A period and one in which nobody consumes: by days' own programmes, which one period alone does not need."""
    parts = {"consumption": Consumption(np.arange(len(a)), a, b, [1.0, 0.0])}
    block = homes("h", [len(a)], parts, alpha=alpha, offset=offset)
    return Day(Clock(2), (price,) * 2, (block,), np.array(background))


@pytest.mark.share
@pytest.mark.parametrize("alpha", [0.0, 0.5, 1.0, 2.0, 5.0, np.inf])
@pytest.mark.parametrize("others", [0.0, 3.0])
def test_one_period_without_devices_is_the_market_without_days(alpha, others):
    rng = np.random.default_rng(8)
    a, b, price = rng.uniform(0.1, 0.9, 6), rng.uniform(2, 10, 6), Affine(0.2, 0.3)
    block = Block("h", "aggregator", Quadratic(a, b), alpha, 0.01, np.array([6]))
    known = best_response(price, block, others)
    seats = Seats(then_nothing(price, a, b, alpha))
    start = seats.price_taking(0, price.value(np.array([others, 0.0])))
    plan = seats.reply(0, np.array([others, 0.0]), start)
    assert seats.purchase(0, plan)[0] == pytest.approx(float(np.squeeze(known)), rel=1e-9 if alpha < 5 else 1e-7)


def with_a_poor_user(poor, offset, others=0.0):
    """(A day of six users, one of whom would pay little, the same in the market without days, their price)."""
    rng = np.random.default_rng(8)
    a, b = rng.uniform(0.1, 0.9, 6), rng.uniform(2, 10, 6)
    b[0] = poor
    price = Affine(0.2, 0.3)
    day = then_nothing(price, a, b, 1.0, offset, (others, 0.0))
    return day, Block("h", "aggregator", Quadratic(a, b), 1.0, offset, np.array([6])), price


POOR = [(0.0, 0.0, 3.0), (0.0, 1e-9, 3.0)]  # (what it would pay at most, offset, others' load)
POOR += [(1.5, 0.0, 3.0), (1.5, 1e-9, 0.0), (1.5, 1e-9, 3.0), (1.5, 1e-5, 3.0), (1.5, 0.01, 3.0)]


@pytest.mark.share
@pytest.mark.parametrize(("poor", "offset", "others"), POOR)
def test_a_user_who_may_be_priced_out_is_served_or_not_as_in_the_market_without_days(poor, offset, others):
    day, known, price = with_a_poor_user(poor, offset, others)
    found = solve(day)
    if poor == offset == 0:
        assert found.status == Status.INFEASIBLE
    else:
        y = float(np.squeeze(best_response(price, known, others)))
        assert found.outcome.y[0, 0] == pytest.approx(y, rel=1e-8) and found.outcome.gap < 1e-9


def test_max_min_lifts_the_poorest_and_welfare_the_sum():
    day = four_hours()
    least, total = [], []
    for alpha in (0.0, 1.0, np.inf):
        fair = Seats(day.changed([replace(day.blocks[0], alpha=alpha), *day.blocks[1:]])).fair(0, np.full(4, 10.0))
        plan = stationary(fair, best_days(fair.party, np.full(4, 3.0), fair.energy)).plan
        least.append(np.min(fair.surplus(plan)))
        total.append(np.sum(fair.surplus(plan)))
    assert least[0] < least[1] < least[2] and total[0] > total[1] > total[2]


@pytest.mark.parametrize("money", [1e-12, 1e9])
def test_max_min_is_the_same_day_in_any_unit_of_money(money):
    def served(unit):
        known = fair_day(np.inf)
        use, battery = (known.blocks[0].parts[name] for name in ("consumption", "battery"))
        parts = {"consumption": Consumption(use.users, unit * use.a, unit * use.b), "battery": battery}
        block = homes("A", [2], parts, True, np.inf, 0.01 * unit)
        day = Day(known.clock, tuple(Affine(unit * rule.p0, unit * rule.c) for rule in known.prices), (block,))
        found = stationary(sole(day), np.zeros(day.party.columns))
        return day.party.purchases(found.plan), sole(day).surplus(found.plan) / unit

    for one, other in zip(served(money), served(1.0), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("seed", [11, 14, 21, 23])
def test_fairness_changes_nothing_for_a_user_alone(seed):
    day = drawn(np.random.default_rng(seed), players=1, periods=3)
    assert day.party.users == 1
    fair = Seats(day.changed([replace(day.blocks[0], alpha=np.inf)])).fair(0, day.background)
    found = stationary(fair, best_days(fair.party, np.full(3, 3.0), fair.energy))
    best = replies(fair.party, day.prices, day.background[None], fair.energy).payoff[0]
    assert found.settled and fair.surplus(found.plan)[0] == pytest.approx(best - day.alone[0], rel=1e-8)


def test_a_fair_market_is_solved_by_search_and_says_so():
    day = four_hours()
    day = day.changed([replace(block, alpha=1.0) for block in day.blocks])
    found = solve(day)
    assert found.status == Status.SOLVED and not found.proven and found.outcome.gap < 1e-7
    worse = clear(day, solve(day.plain).outcome.plan)
    assert worse.gap is None and not worse.proven
    assert certified(Seats(day), worse).gap > 1e-3


def test_with_cars_the_poor_are_lifted_before_logarithms_are_taken():
    parts = {"consumption": Consumption([0, 1], [0.5, 0.5], [3, 3]), "car": Car([0], 2.0, 1.0)}
    day = Day(Clock(4), (Affine(0.2, 0.1),) * 4, (homes("h", [2], parts, alpha=1.0),))
    fair = sole(day)
    plan, settled, _ = stationary(fair, best_days(fair.party, np.full(4, 5.0), fair.energy))
    assert settled and np.min(fair.surplus(plan)) > 0.1


def test_a_player_goes_over_to_a_better_day_beyond_a_valley_three_times_and_where_others_moved():
    """From a day on which the poor user is priced out, no step leads to the better one on which it is served."""
    without = solve(with_a_poor_user(0.0, 1e-5, 3.0)[0]).outcome.plan
    seats = Seats(with_a_poor_user(1.5, 1e-5)[0])

    def goes_over(others):
        settled = seats.reply(0, np.array([others, 0.0]), without)
        return seats.reply(0, np.array([others, 0.0]), settled)[0] > 0

    served = [goes_over(others) for others in (3.0, 3.01, 2.9, 2.8, 2.7)]
    assert served == [True, False, True, True, False]


def test_from_the_fourth_valley_on_steps_stay_on_their_side(monkeypatch):
    day = with_a_poor_user(1.5, 1e-5)[0]
    here, near, far = (np.full(day.party.columns, amount) for amount in (0.0, 0.1, 2.0))

    def steps(fair, plan, reach, **how):
        assert fair.others[0] == 3.0 and plan is here
        return FairDay(near if reach == 0.0 else far, True, None)

    monkeypatch.setattr(seats_of_days, "fair_day", steps)
    monkeypatch.setattr(seats_of_days, "_across", lambda fair, there, plan: there is far)
    seats = Seats(day, searches=False)
    answers = [seats.reply(0, np.array([3.0, 0.0]), here) for _ in range(5)]
    assert [answer is far for answer in answers] == [True, True, True, False, False]


@pytest.mark.share
@pytest.mark.parametrize("enough", [0.0, 0.01])
@pytest.mark.parametrize("away", [1e-2, 1e-4, 1e-5])
@pytest.mark.parametrize("reach", [1e-14, 1e-10, 1e-8, 1e-6])
def test_how_near_the_last_answer_was_does_not_tell_where_steps_end(reach, away, enough):
    """Steps no further than twice the last one gain nothing that can be told from a day that is not stationary."""
    day = fair_day(1.0)
    fair = sole(day)
    best = stationary(fair, np.zeros(day.party.columns)).plan
    plan = best + away * (best_days(day.party, day.price(day.background), 1.0) - best)
    found = stationary(fair, plan, reach=reach, enough=enough).plan
    near = 1e-7 + 0.01 * np.max(np.abs(fair.party.load @ (plan - best))) * (enough > 0)
    assert np.max(np.abs(fair.party.load @ (found - best))) < near


@pytest.mark.parametrize("seed", range(4))
def test_an_answer_is_never_worse_than_the_present_day(seed):
    day = drawn(np.random.default_rng(seed), players=2)
    day = day.changed([replace(block, alpha=2.0) for block in day.blocks])
    seats = Seats(day)
    plan = seats.price_taking(0, day.price(np.zeros(4)))
    fair = seats.fair(0, day.background + 2.0)
    assert fair.gain(seats.reply(0, day.background + 2.0, plan), plan) > -1e-12


def test_a_car_is_counted_from_being_charged_elsewhere():
    parts = {
        "consumption": Consumption([0, 1], [0.5, 0.5], [3, 4]),
        "car": Car([0, 1], [2.0, 1.0], 1.0, elsewhere=[1.5, np.nan]),
    }
    day = Day(Clock(4), (Affine(0.2, 0.1),) * 4, (homes("h", [2], parts),))
    np.testing.assert_allclose(day.alone, [-3.0, -4.0])


def test_where_nobody_can_be_left_with_a_surplus_a_fair_day_is_infeasible():
    parts = {"consumption": Consumption([0, 1], [0.5, 0.5], [3, 3]), "car": Car([0], 4.0, 1.0, elsewhere=0.0)}
    day = Day(Clock(4), (Affine(4.0, 0.1),) * 4, (homes("h", [2], parts, alpha=1.0),))
    assert solve(day).status == Status.INFEASIBLE


def test_solvers_say_nothing(capfd):
    """Users who are priced out have no row in max-min, and piqp would print a line for an empty one."""
    parts = {"consumption": Consumption([0, 1, 2], [0.5, 0.5, 0.4], [3, 0.1, 4])}
    day = Day(Clock(2), (Affine(0.5, 0.3),) * 2, (homes("h", [3], parts, alpha=np.inf),))
    surplus = solve(day).outcome.s
    assert surplus[0] == pytest.approx(surplus[2], rel=1e-6) and abs(surplus[1]) < 1e-6
    assert capfd.readouterr() == ("", "")


def test_where_the_price_leaves_nobody_anything_max_min_buys_nothing():
    parts = {"consumption": Consumption([0, 1], [0.5, 0.4], [3.0, 4.0])}
    found = solve(Day(Clock(2), (Affine(0.5, 0.3),) * 2, (homes("h", [2], parts, alpha=np.inf),), [20.0, 20.0]))
    np.testing.assert_allclose(found.outcome.y, 0.0, atol=1e-9)
    assert found.outcome.gap < 1e-9


def test_beside_fair_players_those_of_plain_sums_regret_as_much_as_all_plain_would():
    """The others' day is the same, and a best reply to it is a player's own."""
    block = homes("A", [2], {"consumption": Consumption([0, 1], [[2, 1], [1, 1]], [8, 6])})
    other = homes("B", [2], {"consumption": Consumption([0, 1], [0.5, 1], [7, 5])})
    plain, mixed = (
        Day(Clock(2), (Affine(0.5, 0.1),) * 2, (block, replace(other, alpha=alpha))) for alpha in (0.0, 1.0)
    )
    plan = 0.7 * solve(plain).outcome.plan
    known, found = (certified(Seats(day), clear(day, plan)) for day in (plain, mixed))
    assert known.regrets[0] > 1e-3 and found.regrets[0] == pytest.approx(known.regrets[0], rel=1e-6)
