"""What runs with side payments leave behind: summary, measures, files that verify, words; where they are refused."""

import json

import numpy as np
import pandas as pd
import pytest

from engine import compare, run, save_result, verify
from engine.results import measured
from scenarios import load
from tests.scenarios.refusals import check, refusal
from views.aggregator.words import summary_text

FEW = ["group.small.users=20"]
NONE = "group.small.fairness.floor=none"
WELFARE = ["group.small.fairness.by=allocation", "group.small.fairness.alpha=0"]


@pytest.fixture(scope="module", params=[False, True], ids=["rounds", "direct"])
def result(request):
    return run("large_two_payments", set=FEW, direct=request.param)


def test_purchases_and_gap_are_those_of_welfare(result):
    plain = run("large_two_payments", set=[*FEW, *WELFARE], direct=result.direct)
    np.testing.assert_array_equal(plain.outcome.y, result.outcome.y)
    assert (plain.status, plain.gap, plain.outcome.price) == (result.status, result.gap, result.outcome.price)
    assert plain.outcome.transfers is None and "payments" not in plain.summary()["groups"]["small"]
    np.testing.assert_allclose(plain.outcome.s + result.outcome.transfers, result.outcome.s, atol=1e-12)
    assert measured("aggregator", plain)["transfer"] == 0.0
    assert measured("aggregator", result)["jain"] > measured("aggregator", plain)["jain"]


def test_the_summary_says_who_pays_whom(result):
    summary = json.loads(json.dumps(result.summary(users=True), allow_nan=False))
    small = summary["groups"]["small"]
    told, t, s = small["payments"], np.array(small["t"]), np.array(small["s"])
    assert told["moved"] == pytest.approx(t[t > 0].sum()) == measured("aggregator", result)["transfer"]
    assert abs(t[:10].sum()) < 1e-9 and abs(t[10:].sum()) < 1e-9
    assert (told["paying"], told["receiving"]) == ((t < -1e-6).sum(), (t > 1e-6).sum())
    assert (told["most_paid"], told["most_received"]) == pytest.approx((-t.min(), t.max()))
    direct = run("large_two_payments", set=[*FEW, "group.small.kind=direct"], direct=True)
    alone = direct.group("small")[1]
    assert told["floors"] == pytest.approx(alone.sum(), rel=1e-6) and told["short"] == 0 and told["gap_without"] <= 1e-6
    assert np.all(s >= alone - 1e-6)
    assert "payments" not in summary["groups"]["large"] and "t" not in summary["groups"]["large"]
    x, price = np.array(small["x"]), summary["price"]
    assert summary["welfare"] == pytest.approx(sum(group["surplus"]["total"] for group in summary["groups"].values()))
    assert small["alpha"] == 1.0 and x.sum() > 0 < price


def test_words_and_files_tell_of_them(result, tmp_path):
    text = summary_text(result.summary())
    assert "1 paid" in text and "money in all" in text and "buying for themselves at this price" in text
    folder = save_result(result, tmp_path)
    assert verify(folder).passed, verify(folder).lines
    agents = pd.read_csv(folder / "agents.csv")
    last = agents[agents["round"] == agents["round"].max()]
    np.testing.assert_allclose(last["transfer"], result.outcome.transfers, rtol=1e-12)
    if not result.direct:
        rounds = pd.read_csv(folder / "rounds.csv")
        by_round = agents.assign(paid=agents["transfer"].clip(lower=0)).groupby("round")["paid"].sum()
        np.testing.assert_allclose(rounds["transfer"], by_round, rtol=1e-9)


def test_floors_that_cannot_be_kept_are_said():
    """Of three alike who want nearly without end each has 1/16; two who merge have 1/9, which is less (Cournot)."""
    alike = {"group.small.users": 2, "group.small.count": 1, "group.small.utility.b": [5, 5.001], "price.c": 1.0}
    alike |= {"group.small.utility.a": 1e-4, "group.large.utility.a": 1e-4, "group.large.utility.size": 5e4}
    found = run("large_two_payments", set=[f"{key}={value}" for key, value in alike.items()], direct=True)
    told = found.summary(users=True)["groups"]["small"]
    assert told["payments"]["short"] == 1 and told["payments"]["moved"] == 0 and not any(told["t"])
    assert told["payments"]["floors"] == pytest.approx(2 * 25 / 16, rel=1e-2)
    assert told["surplus"]["total"] == pytest.approx(25 / 9, rel=1e-2)
    assert "small: floors cannot be kept: in 1 of its aggregators" in summary_text(found.summary())


def test_measures_by_users_count_the_transfer():
    found = compare(["large_two_payments", "large_two_welfare"], set=FEW, replications=2, workers=1, progress=False)
    paid, plain = (found.values(name, "welfare") for name in found.names)
    np.testing.assert_allclose(paid, plain, rtol=1e-12)
    assert np.all(found.values("large_two_payments", "transfer") > 0)
    assert np.all(found.values("large_two_payments", "gini") < found.values("large_two_welfare", "gini"))
    even = run("large_two_payments", set=["group.small.users=20", "group.small.count=1", NONE], direct=True)
    assert measured("aggregator", even)["jain"] == pytest.approx(1.0) and measured("aggregator", even)["gini"] < 1e-9


def test_joining_counts_them(tmp_path):
    few = [f"group.{k}.users=11" for k in (0, 1)]
    found = run("joining_payments", set=[*few, "group.proportional.fairness.floor=none"])
    last = found.joined.memberships[-1]
    s = found.surpluses[-1][: len(last)]
    assert found.joined.stable and np.ptp(s[last == 1]) < 1e-9
    assert "transfer" in found.history and verify(save_result(found, tmp_path)).passed


PLACES = {
    "street_day": ("group.0.fairness.by=payments", "does not go with periods"),
    "rts_24_aggregators": ("group.0.fairness.by=payments", "does not go with a network"),
    "two_aggregators": ("group.north.fairness.floor=none", "does not belong to by = "),
    "large_two_payments": ('group.small.fairness.floor="some"', "alone or none is needed"),
}


@pytest.mark.parametrize("name", PLACES)
def test_where_they_do_not_fit_they_are_refused_in_a_line(name):
    change, said = PLACES[name]
    text = refusal(lambda: load(name, set=[change]))
    check(text, [name, "fairness", said])
