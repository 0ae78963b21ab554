"""Comparisons: the same users everywhere, other users in each replication, intervals by the textbook formula."""

import json
import math
import os
import threading

import numpy as np
import pytest
from scipy.stats import t as student

from engine import Here, InProcess, compare, run
from engine.intervals import interval
from engine.many import run_many
from engine.progress import bar
from engine.results import measured
from engine.results.aggregator import MEASURES, same_users
from market.measures import gini, jain
from market.utilities import Logarithmic, Quadratic
from scenarios import ScenarioError, draw, load

NAMES = ("small_alone", "large_direct", "large_two_welfare", "large_two_maxmin")


@pytest.fixture(scope="module")
def four():
    return compare(NAMES, replications=4, direct=True, workers=1, progress=False)


def test_all_scenarios_have_the_same_small_users_and_say_so(four):
    assert four.shared == ("small",)
    assert (four.names, four.replications) == (list(NAMES), 4)
    for replication in range(4):
        games = [draw(scenario, replication).game for scenario in four.scenarios]
        assert all(same_users(games[0].blocks[0], game.blocks[0]) for game in games)


def test_every_replication_has_other_users(four):
    for name in NAMES:
        quantities, surpluses = four.agents[name]
        assert quantities.shape == surpluses.shape == (4, 200)
        assert len(set(quantities[:, 0])) == 4
        assert len(set(four.values(name, "price"))) == 4


def test_a_row_is_what_a_single_run_gives(four):
    result = run("large_two_welfare", replication=2, direct=True)
    x, s = result.group("small")
    row = four.runs.query("scenario == 'large_two_welfare' and replication == 2").iloc[0]
    np.testing.assert_array_equal(four.agents["large_two_welfare"][0][2], x)
    assert row["mean small surplus"] == s.mean()
    assert row["mean small consumption"] == x.mean()
    assert (row["jain"], row["gini"], row["least small surplus"]) == (jain(s), gini(s), s.min())
    assert row["mean large surplus"] == result.group("large")[1][0]
    assert (row["price"], row["welfare"], row["status"]) == (result.outcome.price, result.outcome.welfare, "solved")
    assert row["efficiency"] == result.yardsticks["efficiency"]


def test_the_seed_of_the_first_scenario_counts_for_all(tmp_path):
    other = tmp_path / "other.toml"
    other.write_text(load("small_alone", seed=9, set=["name=other"]).to_toml())
    comparison = compare(["small_alone", other], direct=True, set=["rounds=7"])
    assert [scenario.seed for scenario in comparison.scenarios] == [1, 1]
    assert comparison.values("small_alone", "price") == comparison.values("other", "price")
    assert [s.seed for s in compare(["small_alone", other], seed=4, direct=True).scenarios] == [4, 4]


def test_groups_of_different_size_are_not_called_shared(tmp_path):
    assert compare(["small_alone", "direct_400"], direct=True).shared == ()
    one, other = Quadratic(np.array([1.0]), np.array([2.0])), Logarithmic(np.array([2.0]), np.array([1.0]))
    blocks = [type("B", (), {"utility": utility})() for utility in (one, other)]
    assert not same_users(*blocks)


@pytest.fixture(scope="module")
def two_processes():
    with Here(2) as pool:
        yield pool


@pytest.mark.parametrize("direct", [True, False])
def test_one_and_two_workers_give_the_same_bits(direct, two_processes):
    names, options = NAMES[:3], {"replications": 2, "direct": direct, "progress": False}
    one, two = (compare(names, executor=place, **options) for place in (InProcess(), two_processes))
    assert one.runs.equals(two.runs)
    for name in names:
        for mine, theirs in zip(one.agents[name], two.agents[name], strict=True):
            np.testing.assert_array_equal(mine, theirs)
    assert one.summary() == two.summary()


@pytest.mark.parametrize("values", [[1.0, 2.0, 4.0], [5.0, 5.0], list(np.arange(50.0) ** 2)])
def test_an_interval_is_student_s(values):
    mean, half = interval(values)
    assert mean == pytest.approx(sum(values) / len(values))
    scale = np.std(values, ddof=1) / math.sqrt(len(values)) or 1e-300
    low, high = student.interval(0.95, len(values) - 1, loc=mean, scale=scale)
    assert (mean - half, mean + half) == pytest.approx((low, high))


def test_a_single_value_has_no_interval_and_missing_ones_are_left_out():
    assert interval([3.0])[0] == 3.0
    assert math.isnan(interval([3.0])[1])
    assert interval([1.0, np.nan, 3.0]) == interval([1.0, 3.0])
    assert all(map(math.isnan, interval([np.nan])))


def test_about_95_of_100_intervals_hold_the_mean():
    rng = np.random.default_rng(1)
    hits = [abs(mean) <= half for mean, half in (interval(rng.standard_normal(5)) for _ in range(1000))]
    assert 0.92 <= np.mean(hits) <= 0.975


def test_differences_are_paired_by_replication(four):
    rows = four.differences().set_index(["scenario", "measure"])
    assert set(rows.index.get_level_values(0)) == set(NAMES[1:])
    for name in NAMES[1:]:
        away = four.values(name, "price") - four.values("small_alone", "price")
        assert tuple(rows.loc[(name, "price")]) == pytest.approx(interval(away))
    means = four.means().set_index(["scenario", "measure"])
    assert tuple(means.loc[("large_direct", "price")]) == pytest.approx(interval(four.values("large_direct", "price")))


def test_pairing_makes_the_interval_of_the_difference_smaller(four):
    means = four.means().query("measure == 'mean small surplus'").set_index("scenario")["half_width"]
    away = four.differences().query("measure == 'mean small surplus'").set_index("scenario")["half_width"]
    assert away["large_direct"] < 0.2 * means["large_direct"]


def test_the_summary_of_a_comparison_is_plain_json(four):
    summary = four.summary()
    assert json.loads(json.dumps(summary, allow_nan=False)) == summary
    assert (summary["scenarios"], summary["replications"], summary["shared"]) == (list(NAMES), 4, ["small"])
    assert summary["direct"] is True
    assert summary["means"]["small_alone"].keys() == MEASURES.keys() == summary["units"].keys()
    assert summary["means"]["small_alone"]["mean large surplus"] == {"mean": None, "half_width": None}
    assert summary["differences_to_first"].keys() == set(NAMES[1:])
    assert summary["status"] == {name: {"solved": 4} for name in NAMES}
    assert summary["largest_gap"] <= 1e-6


def test_a_scenario_with_only_a_large_user_has_no_small_numbers(tmp_path):
    path = tmp_path / "lonely.toml"
    path.write_text(
        'market = "aggregator"\nprice = { rule = "linear", c = 1 }\n[[group]]\nname = "large"\nkind = "large"\n'
        'utility = { form = "quadratic", a = 0.5, size = 3 }\n'
    )
    means = compare([path], replications=2).summary()["means"]["lonely"]
    assert means["jain"]["mean"] is means["mean small surplus"]["mean"] is None
    assert means["mean large surplus"]["mean"] > 0


MIXED = """
market = "aggregator"
price = { rule = "linear", c = 1 }
[[group]]
name = "big"
kind = "direct"
users = 1
utility = { form = "quadratic", a = 0.5, b = { uniform = [1, 9] } }
[[group]]
name = "pair"
kind = "aggregator"
utility = { form = "quadratic", a = [1, 1], b = [2, 9] }
fairness = { alpha = 1, surplus_offset = 0 }
"""


def test_infeasible_replications_are_rows_without_numbers(tmp_path):
    path = tmp_path / "mixed.toml"
    path.write_text(MIXED)
    comparison = compare([path], replications=8, workers=1)
    status = comparison.runs["status"]
    assert {"infeasible"} < set(status)
    lost = comparison.runs[comparison.runs["rounds"] == 0]
    assert len(lost) and lost["price"].isna().all() and lost["gap"].isna().all()
    summary = comparison.summary()
    assert json.loads(json.dumps(summary, allow_nan=False)) == summary
    assert summary["means"]["mixed"]["price"]["mean"] is not None
    cleared = int(comparison.runs["price"].notna().sum())
    assert comparison.agents["mixed"][0].shape == (cleared, 3)


def test_two_scenarios_of_one_name_are_refused():
    with pytest.raises(ScenarioError, match="two scenarios are called 'small_alone'"):
        compare(["small_alone", "small_alone"])


def test_bad_input_is_refused_before_any_run(monkeypatch):
    monkeypatch.setattr("engine.comparing.run", lambda *args, **options: pytest.fail("ran"))
    with pytest.raises(ScenarioError, match="smal_alone"):
        compare(["small_alone", "smal_alone"])


def test_measures_are_in_the_order_of_their_table(four):
    result = run("small_alone", direct=True)
    assert list(measured("aggregator", result)) == list(MEASURES)
    assert measured("aggregator", result)["mean small surplus"] == result.outcome.s.mean()


def test_answers_come_in_the_order_of_the_jobs(two_processes):
    for place in (InProcess(), two_processes):
        assert run_many(math.sqrt, range(40), executor=place, progress=False) == [math.sqrt(k) for k in range(40)]


def test_an_exception_in_a_job_is_raised(two_processes):
    for place in (InProcess(), two_processes):
        with pytest.raises(ValueError, match=r"math domain error|expected a nonnegative"):
            run_many(math.sqrt, [1, 4, 9, 16, -1], executor=place, progress=False)


def test_a_bar_has_no_thread_that_would_take_ctrl_c_from_the_main_one():
    before = threading.active_count()
    with bar("runs", 3) as shown:
        shown.update()
        assert threading.active_count() == before


def test_a_worker_that_the_system_ends_is_told_as_lack_of_memory():
    """The usual reason, and one with advice; nobody can answer a broken pool."""
    with pytest.raises(MemoryError, match="ended from outside"):
        run_many(os._exit, [1] * 5, workers=2, progress=False)
