"""Learners give the same bits in this process and in any number of others."""

import numpy as np
import pytest

from engine import Here, InProcess, compare, sweep
from engine.sweeps.points import product
from market.conduct import CONDUCTS
from tests.shares import NIGHTLY

LEARNING = [name for name, rule in CONDUCTS.items() if rule.learns]
AT_ONCE = "group.0.conduct.rule=gradient"  # in learning_mixed: then all learn, and rounds are played at once


def compared(place, name, *changes):
    """The table of two replications of a scenario of learners, and the mean of each user over them."""
    changes = (*changes, "rounds=40", "learning.window=1", "learning.certify_every=20")
    found = compare([name], set=changes, replications=2, progress=False, executor=place)
    return found.runs, found.agents[name]


def swept(place, rules, out):
    """The rows of a sweep of both players' rules."""
    points = product(["rounds=40", *(f"group.{k}.conduct.rule={','.join(rules)}" for k in (0, 1))])
    folder = sweep("learning_duopoly", points, replications=2, out=out, progress=False, executor=place)
    return (folder / "runs.csv").read_bytes()


def same(places, *asked):
    """Is a comparison the same at all places?"""
    (runs, agents), *others = [compared(place, *asked) for place in places]
    for other_runs, other_agents in others:
        assert runs.equals(other_runs)
        assert all(np.array_equal(one, other) for one, other in zip(agents, other_agents, strict=True))


def test_learners_have_the_same_bits_in_one_and_in_two_processes(tmp_path):
    with Here(2) as pool:
        same([InProcess(), pool], "learning_duopoly")
        rows = [swept(place, ["hedge", "bandit"], tmp_path / str(place.at_once)) for place in (InProcess(), pool)]
    assert rows[0] == rows[1] and rows[0].count(b"\n") == 9


@pytest.mark.skipif(not NIGHTLY, reason="plays each rule against each, with several numbers of workers")
def test_every_rule_has_the_same_bits_with_one_two_and_three_workers(tmp_path):
    places = [InProcess(), Here(1), Here(2), Here(3)]
    same(places, "learning_mixed")
    same(places, "learning_mixed", AT_ONCE)
    rows = {swept(place, LEARNING, tmp_path / str(k)) for k, place in enumerate(places)}
    assert len(rows) == 1 and rows.pop().count(b"\n") == 1 + 2 * len(LEARNING) ** 2
