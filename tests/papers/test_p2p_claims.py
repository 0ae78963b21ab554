"""Claims about peer-to-peer negotiation on few markets: verdicts as expected, and numbers found by another road."""

import json

import numpy as np
import pandas as pd
import pytest

from engine import run
from market.bilateral.core import corners
from market.bilateral.signing import signed
from papers import claim_line, reproduce, texts
from papers.p2p import cells as p2p_cells
from papers.p2p.cells import KINDS, SIZES, Ended, Negotiated, tau_from_margins
from papers.p2p.claims import converges
from papers.p2p.pictures import unfinished

FEW = {10: 3_000, 20: 2_000, 30: 60, 50: 40, 100: 20}  # rounds of the benchmark


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """(Claims, folder) of the reproduction on one market of each kind, the benchmark cut short."""
    out = tmp_path_factory.mktemp("p2p")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(p2p_cells, "CAPS", FEW)
        patch.setattr(p2p_cells, "SHOWN", (5, 0))
        claims = reproduce(["p2p-negotiation"], out, 1, progress=False, workers=1)
    return claims, out


@pytest.mark.long
def test_claims_come_out_as_expected(made):
    claims, _ = made
    assert len(claims) >= 20
    assert [claim_line(claim) for claim in claims if claim.verdict != claim.expected] == []
    assert all(claim.reason for claim in claims if claim.expected == "fail")
    assert {claim.figure for claim in claims} == {"p2p-negotiation"}


@pytest.mark.long
def test_the_folder_holds_data_pictures_text_and_manifest(made):
    folder = made[1] / "reproduce/p2p-negotiation"
    manifest = json.loads((folder / "manifest.json").read_text())
    pictures = {"rounds_by_size", "time_by_size", "violation_by_round"}
    pictures |= {f"{kind}_{name}" for kind in ("prices", "contracts") for name in ("p2p_single", "p2p_multi")}
    files = {"step_times.csv", "rounds.csv", "others.csv", "table.txt", "claims.json"}
    files |= {f"{name}.png" for name in pictures}
    assert set(manifest["files"]) == files == {path.name for path in folder.iterdir()} - {"manifest.json"}
    assert manifest["as_expected"]


@pytest.mark.long
def test_times_are_of_every_rule_and_solver_at_every_size(made):
    times = pd.read_csv(made[1] / "reproduce/p2p-negotiation/step_times.csv")
    assert np.all(times["microseconds"] > 0)
    assert set(times.groupby(["how", "rule", "solver"], dropna=False).size()) == {len(SIZES)}
    assert {"half-space", "tight", "bilateral", "corner", "benchmark"} <= set(times["rule"])


@pytest.mark.long
def test_rounds_are_those_of_the_negotiations_and_the_text_says_what_was_not_finished(made):
    table = pd.read_csv(made[1] / "reproduce/p2p-negotiation/rounds.csv")
    assert len(table) == len(KINDS) * len(SIZES)
    bilateral = table[(table["rule"] == "bilateral") & (table["size"] == 5)].iloc[0]
    assert bilateral["rounds"] == Negotiated("bilateral", 5, 0).answer().rounds == 9
    (text,) = texts(["p2p-negotiation"], made[1])
    for size, cap in FEW.items():
        finished = table[(table["rule"] == "benchmark") & (table["size"] == size)]["settled"].all()
        assert finished == (size == 5) and f"> {cap:,} (0/1)" in text
    for word in ("Clarabel through cvxpy", "OSQP, set-up kept", "exact search, vectorised", "Raja, Grammatico"):
        assert word in text


@pytest.mark.parametrize("size", [4, 9])
def test_tau_by_margins_is_the_middle_of_the_corners(size):
    bargain = signed(p2p_cells.market(size, size + 2, seed=3))
    tau = np.concatenate(tau_from_margins(bargain.market.pair_value, bargain.partner))
    assert tau == pytest.approx(np.concatenate(corners(bargain).tau), abs=1e-12)


def test_a_day_takes_the_rounds_a_run_takes():
    result = run("p2p_day")
    rounds, gap = p2p_cells.Day(0, True).answer()
    assert rounds == result.rounds
    assert gap == max(outcome.state.gap for outcome in result.outcomes)


def ended(settled=True, off=0.005, rounds=10):
    return Ended(rounds, settled, off, 0.0, 1.0, 0.1, 0.01, 100, 0.1)


@pytest.mark.parametrize(("bad", "verdict"), [(ended(), "pass"), (ended(off=0.02), "fail"), (ended(False), "fail")])
def test_one_market_that_does_not_converge_fails_the_claim(bad, verdict):
    found = {(rule, size): [ended()] for rule in KINDS for size in SIZES}
    found["tight", 20] = [ended(), bad]
    claims = converges(found, {"growth": [(None, ended(off=5e-4))]})
    assert claims[0].verdict == verdict
    assert claims[1].verdict == "pass"


def test_what_was_not_finished_is_said():
    assert unfinished([ended()], "benchmark", 50) == ""
    assert unfinished([ended(), ended(), ended(False)], "benchmark", 50) == "2 of 3 finished"
    assert unfinished([ended(), ended(False)], "benchmark", 50) == "> 4,000"


def test_fewer_replications_ask_fewer_questions_all_different():
    assert len(p2p_cells.questions(1)) < len(p2p_cells.questions(50)) == len(p2p_cells.questions(5_000))
    assert len(set(p2p_cells.questions(50))) == len(p2p_cells.questions(50))
