"""What a run over days leaves behind: the promised summary, files that verify, paired comparisons."""

import json

import numpy as np
import pandas as pd
import pytest

from engine import compare, run
from engine.results import all_measured
from engine.store import save_result
from engine.verifying import verify
from scenarios import load

SMALL = ["group.0.users=20", "group.0.count=2", "periods.days=2"]
BY_PERIOD = ("quantity", "solar", "charged", "discharged", "level", "curtailed")


@pytest.fixture(scope="module")
def result():
    return run("street_day", set=SMALL, direct=True)


def test_the_summary_holds_what_is_promised(result):
    summary = json.loads(json.dumps(result.summary(users=True), allow_nan=False))
    assert summary["market"] == "aggregator" and summary["status"] == "solved" and summary["proven"] is True
    assert {len(summary["periods"][name]) for name in ("price", "quantity", "background")} == {48}
    group = summary["groups"]["homes"]
    assert {len(group["periods"][name]) for name in BY_PERIOD} == {48}
    assert np.shape(group["z"]) == (20, 48) and group["devices"] == {"solar": 6, "battery": 4, "car": 4}
    np.testing.assert_allclose(np.sum(group["z"], axis=0), group["periods"]["quantity"], atol=1e-9)
    assert sum(summary["players"]) == pytest.approx(summary["quantity"], abs=1e-9)
    assert summary["spread"] == pytest.approx(np.ptp(summary["periods"]["price"]))
    load_by_period = np.add(summary["periods"]["quantity"], summary["periods"]["background"])
    assert summary["peak"] == pytest.approx(load_by_period.max())
    # Money: what groups and the background pay is what producers get.
    paid = summary["payments"]
    assert paid["producers"] == pytest.approx(float(np.dot(summary["periods"]["price"], load_by_period)))
    assert sum(paid["groups"].values()) + paid["background"] == pytest.approx(paid["producers"])
    assert group["bill"]["total"] == pytest.approx(float(np.dot(summary["periods"]["price"], np.sum(group["z"], 0))))


def test_measures_agree_with_the_summary(result):
    measured, summary = all_measured(result), result.summary()
    for measure, key in (("peak", "peak"), ("self consumption", "self_consumption"), ("price", "price")):
        assert measured[measure] == pytest.approx(summary[key])
    flexible = result.is_flexible
    assert flexible.sum() == len(set(np.flatnonzero(flexible))) < 20
    assert measured["flexibility value"] == pytest.approx(np.sum(result.flexibility))
    assert measured["flexibility value to others"] == pytest.approx(np.sum(result.flexibility[~flexible]))


@pytest.mark.parametrize("direct", [False, True])
def test_a_stored_run_verifies_and_tells_every_home_and_period(tmp_path, direct):
    scenario = load("storage_duopoly", set=["periods.days=2"])
    stored = run(scenario, direct=direct)
    folder = save_result(stored, tmp_path)
    assert verify(folder).passed
    periods = pd.read_csv(folder / "periods.csv")
    homes = pd.read_csv(folder / "homes.csv")
    assert len(periods) == 4 and len(homes) == 2 * 4
    np.testing.assert_allclose(periods["load"] - periods["background"], periods["quantity"], atol=1e-9)
    np.testing.assert_allclose(homes.groupby("period")["z"].sum(), periods["quantity"], atol=1e-9)


def test_a_comparison_is_paired(tmp_path):
    both = [load("street_day", set=SMALL), load("street_day", set=[*SMALL, "group.0.battery.share=0", 'name="no"'])]
    comparison = compare(both, replications=2, direct=True, workers=1)
    assert comparison.shared == ("homes",)
    through = comparison.values("no", "through batteries")
    assert np.all(through == 0) and np.all(comparison.values("street_day", "through batteries") > 0)
    assert set(comparison.summary()["differences_to_first"]["no"]) >= {"mean bill", "peak", "spread", "jain"}
