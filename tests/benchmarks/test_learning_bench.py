"""The benchmark of learners plays every rule that learns, and judges by its seconds."""

from benchmarks import learning
from market.conduct import CONDUCTS


def test_rows_name_every_rule_that_learns_and_say_whether_they_are_fast_enough():
    rows = [learning.of_rule("users", rule, 100) for rule, conduct in CONDUCTS.items() if conduct.learns]
    assert [row.measurement.split(", ")[-1] for row in rows] == [name for name in CONDUCTS if name != "best-response"]
    rows.append(learning.of_run(100))
    assert all(row.reached == (row.ratio >= 1) for row in rows)
    assert rows[-1].measurement == "100 rounds of 10 users, hedge, a run stored"
