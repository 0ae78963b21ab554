"""Pictures of players who learn, of short runs and of degenerate ones."""

import numpy as np
import pytest

from engine import run
from views.aggregator.pictures import two_replies
from views.pictures import pictures
from views.plots import PLOTS

OF_LEARNERS = {"gaps", "regrets", "purchase_bands", "replies"}


@pytest.fixture(scope="module")
def duopoly():
    return run("learning_duopoly", rounds=60)


def test_a_run_of_two_learners_has_all_four_pictures(duopoly, tmp_path):
    assert {file.stem for file in pictures(duopoly, tmp_path)} >= OF_LEARNERS | {"convergence"}


def test_gaps_are_drawn_where_they_were_worked_out_beside_what_counts_as_learned(duopoly):
    (axes,) = PLOTS["gaps"](duopoly).axes
    of_rounds, of_average, counts = axes.get_lines()
    every = duopoly.learned.judge.judging.every(60)
    assert of_average.get_xdata().tolist() == list(range(every, 61, every))
    assert set(of_rounds.get_xdata()) == {*of_average.get_xdata(), *range(56, 61)}
    assert of_rounds.get_ydata()[-1] == duopoly.gap and set(counts.get_ydata()) == {1e-3}


def test_regrets_end_at_those_of_the_judge_and_the_promise_at_hedges_bound(duopoly):
    *lines, promise = PLOTS["regrets"](duopoly).axes[0].get_lines()
    judge = duopoly.learned.judge
    ends = [line.get_ydata()[-1] for line in lines]
    np.testing.assert_allclose(ends, judge.regrets / judge.range / 60)
    assert promise.get_ydata()[-1] == pytest.approx(np.sqrt(np.log(21) / 2 / 60))


def test_bands_have_a_median_for_each_stretch_and_a_line_at_the_equilibrium(duopoly):
    first, line, *_ = PLOTS["purchase bands"](duopoly).axes[0].get_lines()
    assert len(first.get_xdata()) == 60
    assert line.get_ydata()[0] == duopoly.learned.equilibria[0].y[0]


def test_the_way_ends_where_the_run_did_and_its_mean_is_the_average(duopoly):
    pairs = {tuple(line.get_xydata()[-1]) for line in two_replies(duopoly).axes[0].get_lines()}
    assert {tuple(duopoly.outcome.y), tuple(np.mean(duopoly.learned.judge.amounts, axis=0))} <= pairs


def test_one_round_many_learners_and_no_equilibrium_are_drawn(tmp_path):
    many = ("group.1.conduct.rule=gradient", "group.1.users=20", "group.1.kind=direct")
    one = run("learning_mixed", rounds=1, certify=False)
    crowd = run("learning_duopoly", rounds=2, set=many, certify=False)
    for name, result in (("one", one), ("crowd", crowd)):
        folder = tmp_path / name
        folder.mkdir()
        assert {file.stem for file in pictures(result, folder)} >= OF_LEARNERS - {"replies"}


def test_on_a_network_the_same_pictures_are_drawn(tmp_path):
    learning = [f"group.{k}.conduct.rule=hedge" for k in (0, 1)]
    result = run("cournot_duopoly", set=(*learning, "learning.window=1"), rounds=3)
    assert {file.stem for file in pictures(result, tmp_path)} >= OF_LEARNERS
