"""What runs with joining leave behind: summary, files that verify, words, pictures, comparisons, refusals."""

import json

import numpy as np
import pandas as pd
import pytest

from engine import compare, run, save_result, verify
from engine.results import aggregator as aggregator_engine
from market.aggregator import endings
from market.outcome import Status
from scenarios import load
from tests.scenarios.refusals import check, refusal
from views.aggregator.words import summary_text
from views.pictures import pictures

FEW = ["group.0.users=15", "group.1.users=15"]


@pytest.fixture(scope="module")
def result():
    return run("joining_proportional", set=FEW)


def test_the_summary_says_who_is_where(result):
    summary = json.loads(json.dumps(result.summary(users=True), allow_nan=False))
    joining, groups = summary["joining"], summary["groups"]
    assert list(groups) == ["welfare", "proportional", "data centre"]
    assert joining["members"] == {name: groups[name]["users"] for name in joining["members"]}
    assert joining["buying"] == {name: groups[name]["users"] - groups[name]["unserved"] for name in joining["buying"]}
    assert joining["stable"] is True and joining["largest_gain"]["gain"] <= 1e-6
    assert len(joining["member_of"]) == 30 and joining["member_of"].count("welfare") == joining["members"]["welfare"]
    assert summary["welfare"] == pytest.approx(sum(group["surplus"]["total"] for group in groups.values()))
    assert "member_of" not in result.summary()["joining"]


def test_all_is_as_before_without_joining():
    assert "joining" not in run("two_peaks").summary() and run("two_peaks").joined is None


def test_an_aggregator_without_members_is_told():
    changes = ['joining.order="together"', "joining.inertia=0.5"]
    for seed in range(1, 9):
        left = run("two_users_chase", set=changes, seed=seed, rounds=4)
        if left.joined.memberships[-1][0] == left.joined.memberships[-1][1]:
            break
    summary = left.summary()
    (empty,) = [group for group in summary["groups"].values() if group["users"] == 0]
    assert empty["quantity"]["total"] is None and empty["players"] == 0
    assert summary["status"] == "round-limit" and summary["advice"].startswith("Some would still gain")
    assert "Not stable: user" in summary_text(summary)


def test_files_verify_and_tell_every_user_in_every_round(result, tmp_path):
    folder = save_result(result, tmp_path, (pictures,))
    assert verify(folder).passed, verify(folder).lines
    agents, rounds = pd.read_csv(folder / "agents.csv"), pd.read_csv(folder / "rounds.csv")
    assert len(agents) == result.rounds * 31 and (agents.groupby("user")["round"].count() == result.rounds).all()
    for number, row in rounds.iterrows():
        now = agents[agents["round"] == row["round"]]
        assert (now["group"] == "proportional").sum() == row["members proportional"]
        np.testing.assert_array_equal(now["player"][:30], result.joined.memberships[number])
    made = {path.name for path in folder.glob("*.png")}
    assert "members.png" in made and "convergence.png" not in made


def test_words_say_whether_it_is_stable(result):
    text = summary_text(result.summary())
    assert "of them buy" in text and "Stable: every user's move to every other was tried, nobody gains." in text
    summary = result.summary()
    summary["joining"]["largest_gain"] = None
    assert "not looked for" in summary_text(summary)


def test_the_proof_is_left_out_among_many(monkeypatch):
    monkeypatch.setattr(aggregator_engine, "MOST_PROVEN", 10)
    told = run("joining_proportional", set=FEW, rounds=2).summary()["joining"]
    assert told["stable"] is None and told["largest_gain"] is None


def test_what_is_no_equilibrium_is_inaccurate(monkeypatch):
    monkeypatch.setattr(endings, "CERTIFIED_GAP", -1.0)
    result = run("joining_proportional", set=FEW)
    assert result.status == Status.INACCURATE and "not proven" in result.advice


def test_nobody_moves_in_a_direct_solution():
    result = run("joining_proportional", set=FEW, direct=True)
    assert result.status == Status.SOLVED and "joining" not in result.summary()
    assert [block.users for block in result.game.blocks] == [15, 15, 1]


def test_comparisons_share_users():
    found = compare(["joining_proportional", "joining_maxmin"], set=FEW, replications=2, rounds=3, workers=1)
    assert found.values("joining_maxmin", "welfare").min() > 0


HEAD = 'market = "aggregator"\nprice = { rule = "linear", c = 0.1 }\n'
LOG = 'utility = { form = "log", b = 3, k = 1 }\n'
BROKEN = {
    "one aggregator": (
        ("two_users_chase", ['group.0.kind="direct"']),
        ["joining", "1 to choose from", "two aggregators"],
    ),
    "none": (("small_alone", ["joining={}"]), ["joining", "no group of kind aggregator"]),
    "inertia 1": (("two_users_chase", ["joining.inertia=1"]), ["joining.inertia", "got 1", ">= 0 and < 1"]),
    "inertia negative": (("two_users_chase", ["joining.inertia=-0.5"]), ["joining.inertia", "-0.5"]),
    "order": (("two_users_chase", ['joining.order="inturn"']), ["joining.order", "'inturn'", "in-turn"]),
    "foresight": (("two_users_chase", ['joining.foresight="term"']), ["joining.foresight", "terms"]),
    "least gain": (("two_users_chase", ["joining.least_gain=0"]), ["joining.least_gain", "> 0"]),
    "unknown key": (("two_users_chase", ["joining.inertai=0.5"]), ["joining.inertai", "unknown key", "inertia"]),
    "damping": (("two_users_chase", ["damping=0.5"]), ["joining: damping = 0.5 has no part"]),
    "order of purchases": (("two_users_chase", ['order="together"']), ["joining: order = 'together' has no part"]),
    "offset": (
        ("joining_proportional", ["group.1.fairness.surplus_offset=0"]),
        ["joining", "'proportional' has alpha = 1 and surplus_offset = 0", "above 0"],
    ),
    "too many": (
        ("joining_proportional", ["group.0.users=3000"]),
        ["joining.foresight", "3,100 users", "2,000", "'terms'"],
    ),
    "alone": (
        ("two_users_chase", ["joining.direct=true", 'group.0.name="alone"']),
        ["joining.direct", "a group called 'alone'"],
    ),
    "numbers as names": (
        ("two_users_chase", ['group.0.name="second 1"', "group.1.users=2", "group.1.count=2", "joining.direct=false"]),
        ["joining", "'second 1'", "rename one"],
    ),
    "two forms": (
        ("two_users_chase", ['group.1.utility={ form = "log", b = 3, k = 1 }']),
        ["joining", "two forms", "'second' log"],
    ),
    "two direct groups": (
        ("two_users_chase", ["joining.direct=true", 'group.0.kind="direct"', 'group.1.kind="direct"']),
        ["no group of kind aggregator"],
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_bad_input_is_refused_in_one_line(name):
    (scenario, changes), fragments = BROKEN[name]
    text = refusal(lambda: load(scenario, set=changes))
    check(text.replace('"', "'"), fragments)


def test_two_groups_of_those_who_buy_alone_are_refused(tmp_path):
    groups = "".join(
        f'[[group]]\nname = "{name}"\nkind = "{kind}"\nusers = 2\n{LOG}'
        for name, kind in (("a", "aggregator"), ("b", "direct"), ("c", "direct"))
    )
    (tmp_path / "two.toml").write_text(HEAD + "joining = { direct = true }\n" + groups)
    check(refusal(lambda: load(tmp_path / "two.toml")), ["joining.direct", "at most one such group"])
