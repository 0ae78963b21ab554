"""How steps towards a fair day are chosen, taken and ended, each told what it meets: no programme is solved here."""

from types import SimpleNamespace

import numpy as np
import pytest

from market.aggregator.days import fair as steps
from market.aggregator.days.fair import FairDay
from market.aggregator.days.steps import Step
from market.fairness import objective

TWO = np.array([True, True])


def player(surplus=lambda plan: plan, alpha=1.0, offset=0.0, counted=TWO, gaining=TWO, energy=1.0):
    """A player of two users with a column each, whose surpluses are their columns unless told otherwise."""
    party = SimpleNamespace(load=np.eye(2), owner=np.arange(2), columns=2)
    return SimpleNamespace(
        surplus=surplus,
        objective=objective(alpha, offset),
        counted=counted,
        gaining=gaining,
        energy=energy,
        party=party,
        equal=np.isinf(alpha),
    )


@pytest.mark.parametrize("energy", [1e-3, 1.0, 50.0])
@pytest.mark.parametrize("reach", [0.25, 2.0])
def test_a_step_went_as_far_as_it_may_where_some_column_moved_nearly_all_of_its_reach(reach, energy):
    fair, plan = player(energy=energy), np.array([3.0, 3.0])
    least = steps.STILL_NEARER * reach * energy
    for side in (1, -1):
        for moved, held in ((1.0 * reach * energy, True), (least * 1.001, True), (least * 0.999, False), (0.0, False)):
            assert steps._held(fair, plan + np.array([0.0, side * moved]), plan, reach) is held
    assert steps._held(player(), np.array([steps.STILL_NEARER, 0.0]), np.zeros(2), 1.0)


@pytest.mark.parametrize("alpha", [0.5, 1.0, 3.0])
def test_weights_are_slopes_of_the_objective_as_shares_of_the_largest_of_those_who_may_gain(alpha):
    surplus, counted = np.array([2.0, 0.5, 0.1, 4.0]), np.array([True, True, True, False])
    gaining = np.array([True, True, False, True])
    fair = player(alpha=alpha, offset=0.2, counted=counted, gaining=gaining)
    slopes = (surplus + 0.2) ** -alpha
    known = np.where(counted, np.minimum(slopes / slopes[1], 1.0), 0.0)
    np.testing.assert_allclose(steps._weights(fair, surplus), known, rtol=1e-12)
    nobody = player(alpha=alpha, offset=0.2, counted=counted, gaining=np.zeros(4, dtype=bool))
    known = np.where(counted, slopes / slopes[2], 0.0)
    np.testing.assert_allclose(steps._weights(nobody, surplus), known, rtol=1e-12)


def test_a_surplus_has_a_logarithm_above_minus_half_the_offset_or_above_none():
    for offset, least, logged in ((0.0, 1e-9, True), (0.0, 0.0, False), (0.5, -0.24, True), (0.5, -0.25, False)):
        assert steps._logged(player(offset=offset), np.array([3.0, least])) is logged


def test_an_offset_for_a_start_leaves_the_least_surplus_a_fifth_of_their_spread():
    for surplus, offset, known in (((-3.0, 7.0), 0.0, 5.0), ((1.0, 11.0), 0.0, 1.0), ((5.0, 6.0), 0.3, 0.3)):
        assert steps._shift(player(offset=offset), np.array(surplus)) == pytest.approx(known)
    first = player(counted=np.array([True, False]))
    assert steps._shift(first, np.array([-3.0, 7.0])) == pytest.approx(3.0)


def test_a_day_is_held_back_as_little_as_leaves_everybody_a_logarithm():
    """From the least consumption on: none, an eighth, a quarter and half of the way, else the plan itself."""
    least, plan = np.array([2.0, 2.0]), np.array([10.0, 10.0])
    for needs, share in ((-1.0, 0.0), (0.5, 0.125), (1.5, 0.25), (3.0, 0.5), (4.0, 1.0), (9.0, 1.0)):
        fair = player(surplus=lambda day, needs=needs: day - 2 - needs)
        assert steps.held_back(fair, plan, least).tolist() == [2 + 8 * share] * 2


def test_of_days_the_best_is_kept_and_of_equals_the_first():
    fair = player()
    fair.gain = lambda new, old: float(np.sum(new) - np.sum(old))
    days = [FairDay(np.array(plan), False) for plan in ([1.0, 1.0], [3.0, 1.0], [1.0, 3.0], [0.0, 0.0])]
    assert steps.best_of(fair, days) is days[1]
    assert steps.best_of(fair, days[2:]) is days[2] and steps.best_of(fair, days[::-1]) is days[2]


def test_the_best_of_halved_steps_is_taken_until_they_get_worse():
    """Gains over the way t from 8 to 16: peaks at a third of it, at four times it, before none at all."""
    target, asked = np.array([16.0, 0.0]), []

    def found(gain, halvings=10):
        fair = player()
        fair.gain = lambda there, plan: asked.append(there[0] / 8 - 1) or gain(there[0] / 8 - 1)
        asked.clear()
        there = steps._searched(fair, np.array([8.0, 0.0]), target, halvings)
        return None if there is None else there[0] / 8 - 1

    assert found(lambda t: t * (2 / 3 - t)) == 0.25 and asked == [1.0, 0.5, 0.25, 0.125]
    assert found(lambda t: t * (8 - t)) == 1.0 and asked == [1.0, 0.5]
    assert found(lambda t: t * (1.0 - t)) == 0.5 and asked == [1.0, 0.5, 0.25]
    assert found(lambda t: -t) is None and len(asked) == 10
    assert found(lambda t: 0.0, 3) is None and asked == [1.0, 0.5, 0.25]
    assert found(lambda t: 1.0) == 1.0


@pytest.mark.parametrize("exact", [1.0, 0.0])
def test_a_step_is_halved_a_few_times_if_exact_or_many_and_is_none_where_nothing_is_gained(exact, monkeypatch):
    fair, plan, asked = player(), np.zeros(2), []
    point = SimpleNamespace(plan=plan)
    step = Step(np.array([4.0, 0.0]), 0.0, np.ones(2))
    monkeypatch.setattr(steps, "step_from", lambda fair, point, exact, reach: asked.append(reach) or step)
    monkeypatch.setattr(steps, "HALVINGS_EXACT", 2)
    monkeypatch.setattr(steps, "HALVINGS", 6)
    fair.gain = lambda there, plan: 1.0 if 0 < there[0] < 1.0 else -1.0
    found = steps._stepped(fair, point, exact, 7.0)
    assert asked == [7.0]
    assert found is None if exact else (found[0].tolist(), found[1]) == ([0.5, 0.0], 1.0)
    fair.gain = lambda there, plan: -steps.LAST_GAIN  # as good as can be told
    assert steps._stepped(fair, point, exact) == (step.target, 0.0)
    fair.gain = lambda there, plan: -2 * steps.LAST_GAIN
    assert steps._stepped(fair, point, exact) is None
    monkeypatch.setattr(steps, "step_from", lambda fair, point, exact, reach: None)
    assert steps._stepped(fair, point, exact) is None


class Script:
    """Answers of `_stepped` in turn, None or a column's move, the gain and the other's move; what was asked."""

    def __init__(self, monkeypatch, *told):
        self.told, self.asked = list(told), []
        monkeypatch.setattr(steps, "point_at", lambda fair, plan, weight, fixed: plan)
        monkeypatch.setattr(steps, "_weights", lambda fair, surplus: None)
        monkeypatch.setattr(steps, "_stepped", self.stepped)

    def stepped(self, fair, plan, exact, reach=np.inf):
        self.asked.append((exact, reach))
        told = self.told.pop(0)
        return None if told is None else (plan + np.array([told[0], told[2] if len(told) > 2 else 0.0]), told[1])


def climbed(monkeypatch, told, energy=1.0, load=None, **how):
    """(First user's plan, settled, what was asked)."""
    script, fair = Script(monkeypatch, *told), player(energy=energy)
    fair.party.load = fair.party.load if load is None else load
    found = steps._climbed(fair, np.array([64.0, 3.0]), False, **how)
    assert not script.told
    return round(found.plan[0] - 64, 9), found.settled, script.asked


ENDLESS = (1.0, np.inf)


def test_steps_are_exact_as_long_as_they_lead_on_and_no_more_than_asked_for(monkeypatch):
    assert climbed(monkeypatch, [(1.0, 1.0)] * 3, most=3) == (3.0, False, [ENDLESS] * 3)
    reached = climbed(monkeypatch, [(0.5, 1.0)] * 3, most=3, reach=1.0)
    assert reached == (1.5, False, [(1.0, 1.0), (1.0, 2.0), (1.0, 4.0)])


def test_where_an_exact_step_leads_nowhere_the_bounds_step_tells_how_far_the_next_may_lead(monkeypatch):
    end, settled, asked = climbed(monkeypatch, [None, (-3.0, 1.0), (1.0, 1.0), None, None], energy=2.0)
    assert (end, settled) == (-2.0, True)
    assert asked == [ENDLESS, (0.0, np.inf), (1.0, 3.0), (1.0, 6.0), (0.0, np.inf)]
    assert climbed(monkeypatch, [None, None]) == (0.0, True, [ENDLESS, (0.0, np.inf)])


def test_with_no_reach_the_bounds_step_is_taken_at_once(monkeypatch):
    _, _, asked = climbed(monkeypatch, [(1.0, 1.0), None, None], reach=0.0)
    assert asked == [(0.0, np.inf), (1.0, 2.0), (0.0, np.inf)]
    assert climbed(monkeypatch, [None], reach=steps.LAST_MOVE)[2] == [(0.0, np.inf)]


@pytest.mark.parametrize("energy", [1.0, 100.0])
def test_steps_whose_gain_is_rounding_end_once_they_move_nothing_or_come_no_nearer(monkeypatch, energy):
    rounding, tiny = steps.LAST_GAIN, 0.9 * steps.LAST_MOVE * energy
    assert climbed(monkeypatch, [(tiny, rounding)], energy)[1]
    assert not climbed(monkeypatch, [(3 * tiny, rounding)], energy, most=1)[1]
    assert not climbed(monkeypatch, [(tiny, 2 * rounding)] * 2, energy, most=2)[1]
    assert climbed(monkeypatch, [(1.0, rounding), (0.96, rounding)], energy)[1]
    assert not climbed(monkeypatch, [(1.0, rounding), (0.94, rounding)], energy, most=2)[1]
    assert not climbed(monkeypatch, [(1.0, 2 * rounding), (0.96, rounding)], energy, most=2)[1]
    assert climbed(monkeypatch, [(1.0, 2 * rounding), (0.5, rounding), (0.49, rounding)], energy)[1]


def test_an_exact_step_held_by_its_reach_that_gains_nothing_says_nothing(monkeypatch):
    """The bound's step is taken instead, unless the exact one gained or did not go as far as it may."""
    asked = climbed(monkeypatch, [(1.0, 0.0), (0.5, 1.0)], reach=1.0, most=1)[2]
    assert asked == [(1.0, 1.0), (0.0, np.inf)]
    assert climbed(monkeypatch, [(1.0, 1.0)], reach=1.0, most=1)[2] == [(1.0, 1.0)]
    assert climbed(monkeypatch, [(0.5, 0.0)], reach=1.0, most=1)[2] == [(1.0, 1.0)]


def test_steps_end_at_one_that_moves_less_than_enough_of_the_first_unless_its_reach_held_it(monkeypatch):
    assert climbed(monkeypatch, [(2.0, 1.0), (0.5, 1.0), (0.19, 1.0)], enough=0.1)[:2] == (2.69, True)
    assert not climbed(monkeypatch, [(2.0, 1.0), (0.21, 1.0)], enough=0.1, most=2)[1]
    for other, settled in ((1.0, True), (2.0, False)):  # of a column that is not bought, up to a reach of 2
        told = [(1.0, 1.0), (0.05, 1.0, other)]
        assert climbed(monkeypatch, told, enough=0.1, reach=1.0, most=2, load=np.diag([1.0, 0.0]))[1] is settled


def test_weights_move_by_no_more_than_four_times_and_plans_with_them():
    fair, plan, weights = player(), np.zeros(2), np.array([0.5, 0.5])
    step = Step(np.array([8.0, 8.0]), 0.0, np.array([0.4, 0.6]))
    there, after, moved = steps._moved(fair, plan, weights, step, False)
    assert there.tolist() == [8.0, 8.0] and after.tolist() == [0.4, 0.6] and moved == pytest.approx(0.2)
    fallen = Step(step.target, 0.0, np.array([0.1, 0.9]))
    there, after, moved = steps._moved(fair, plan, weights, fallen, False)
    assert there.tolist() == [2.0, 8.0] and moved == pytest.approx(0.8)
    np.testing.assert_allclose(after, np.array([0.125, 0.9]) / 1.025)
    assert steps._moved(fair, plan, weights, fallen, True)[0].tolist() == [2.0, 2.0]
    risen = Step(step.target, 0.0, np.array([9.0, 0.125]))
    there, after, _ = steps._moved(fair, plan, weights, risen, False)
    assert there.tolist() == [8.0, 8.0]
    np.testing.assert_allclose(after, np.array([2.0, 0.125]) / 2.125)
    nothing = Step(step.target, 0.0, np.array([0.0, 1.0]))
    there, after, moved = steps._moved(fair, plan, np.array([0.0, 1.0]), nothing, False)
    assert there.tolist() == [8.0, 8.0] and after.tolist() == [0.0, 1.0] and moved == 0.0


@pytest.mark.parametrize("moves", [True, False])
def test_a_start_is_lifted_until_every_surplus_has_a_logarithm_or_nothing_moves(moves, monkeypatch):
    fair, asked = player(surplus=lambda plan: plan - 2.5), []
    monkeypatch.setattr(steps, "replace", lambda given, objective: asked.append(objective) or given)
    climb = lambda fair, plan, fixed, most: FairDay(plan + moves * 1.0, False)  # noqa: E731
    monkeypatch.setattr(steps, "_climbed", climb)
    found = steps._lifted(fair, np.zeros(2), False)
    assert found is None if not moves else found.tolist() == [3.0, 3.0]
    assert len(asked) == (3 if moves else 1) and all(one.alpha == steps.LIFTING_ALPHA for one in asked)
    assert steps._lifted(fair, np.full(2, 9.0), False).tolist() == [9.0, 9.0]
    assert steps._lifted(player(surplus=lambda plan: plan - 99), np.zeros(2), False) is None


def test_the_least_surplus_is_that_of_those_who_count():
    assert steps._least(player(), np.array([3.0, 1.0])) == 1.0
    assert steps._least(player(counted=np.array([True, False])), np.array([3.0, 1.0])) == 3.0
    assert steps._least(player(counted=np.zeros(2, dtype=bool)), np.array([3.0, 1.0])) == np.inf


def levelled(monkeypatch, told, weights=(0.5, 0.5), enough=0.0):
    """Max-min from none where each step of the bound leads to a level, foresees a rise and tells a first weight."""
    told, asked = list(told), []
    fair = player(alpha=np.inf)

    def step_from(fair, point, exact):
        asked.append(exact)
        if not told:
            return None
        level, rise, weight = told.pop(0)
        return Step(np.full(2, level), rise, np.array([weight, 1 - weight]))

    monkeypatch.setattr(steps, "point_at", lambda fair, plan, weight, fixed: SimpleNamespace(plan=plan, weight=weight))
    monkeypatch.setattr(steps, "step_from", step_from)
    nears = []
    exact = SimpleNamespace(step=lambda fair, point, near, rounding: nears.append(near) or (None, None))
    monkeypatch.setattr(steps, "_ExactSteps", lambda: exact)
    found = steps._levelled(fair, np.zeros(2), False, np.array(weights), enough)
    return found.plan[0], found.settled, found.weights.tolist(), nears


def test_the_highest_level_on_the_way_is_kept_and_steps_end_where_no_rise_is_foreseen(monkeypatch):
    path = [(2.0, 1.0, 0.5), (5.0, 1.0, 0.4), (4.0, 1.0, 0.6), (5.0, 0.0, 0.3)]
    end, settled, weights, nears = levelled(monkeypatch, path)
    assert (end, settled) == (5.0, True) and weights == pytest.approx([0.4, 0.6])
    assert not any(nears)
    assert levelled(monkeypatch, path[:3])[:2] == (5.0, False)  # there is no step to take
    assert levelled(monkeypatch, [])[:3] == (0.0, False, [0.5, 0.5])
    assert levelled(monkeypatch, [], weights=(3.0, 1.0))[2] == [0.75, 0.25]
    assert levelled(monkeypatch, [(2.0, -1e-3, 0.5), (2.0, 1.9e-11, 0.5)])[1]
    assert not levelled(monkeypatch, [(2.0, 2.2e-11, 0.5)])[1]


def test_steps_of_max_min_end_where_they_foresee_less_than_enough_of_the_first(monkeypatch):
    assert levelled(monkeypatch, [(2.0, -5.0, 0.5), (3.0, 0.51, 0.5), (4.0, -0.49, 0.5)], enough=0.1)[:2] == (4.0, True)


def test_exact_steps_begin_where_little_is_foreseen_and_weights_hardly_move(monkeypatch):
    few, many = 0.99e-2, 1.01e-2
    for rise, weight, near in ((few, 0.53, True), (many, 0.53, False), (few, 0.6, False), (-1.0, 0.53, True)):
        for level in (0.1, 1.0, 5.0):
            assert levelled(monkeypatch, [(level, level * rise, weight)])[3] == [False, near]


def test_without_weights_those_of_alpha_two_are_the_first(monkeypatch):
    fair = player(alpha=np.inf)
    monkeypatch.setattr(steps, "point_at", lambda fair, plan, weight, fixed: weight)
    monkeypatch.setattr(steps, "step_from", lambda *given: None)
    monkeypatch.setattr(
        steps, "replace", lambda given, objective, among: player(alpha=objective.alpha, offset=objective.offset)
    )
    found = steps._levelled(fair, np.array([1.0, 3.0]), False, None, 0.0)
    np.testing.assert_allclose(found.weights, [0.9, 0.1])
