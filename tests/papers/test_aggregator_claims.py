"""Every claim of the aggregator paper, with few replications: what holds holds, what fails fails as expected."""

import json

import pandas as pd
import pytest

import papers
from papers import REPRODUCTIONS, UnknownFigure, claim_line, reproduce
from papers.aggregator import starts
from papers.figure import Reproduction
from papers.study import Study
from tests.shares import NIGHTLY

REPLICATIONS = 3 if NIGHTLY else 2
ELSEWHERE = (
    "counterexamples",
    "poster-table",
    "p2p-negotiation",
    "who-joins-whom",
    "alpha",
    "learning",
    "network",
    "days",
    "foreign",
)
FIGURES = tuple(name for name in REPRODUCTIONS if name not in ELSEWHERE)


@pytest.fixture(scope="module")
def answers():
    """Answers by question that several figures ask for."""
    return {}


@pytest.fixture
def known(answers, monkeypatch):
    """What one figure has asked is not answered again for the next."""

    class Knowing(Study):
        def __init__(self, replications):
            super().__init__(replications)
            self.answers = answers

    monkeypatch.setattr(papers, "Study", Knowing)


@pytest.mark.share
@pytest.mark.parametrize("figure", FIGURES)
def test_claims_come_out_as_expected_with_data_picture_and_manifest(tmp_path, known, figure, monkeypatch):
    if not NIGHTLY:
        monkeypatch.setattr(starts, "STARTS", 1)
    replications = 2 if figure == "starts" else REPLICATIONS
    claims = reproduce([figure], tmp_path, replications, progress=False, workers=1)
    assert claims and all(claim.figure == figure for claim in claims)
    assert [claim_line(claim) for claim in claims if claim.verdict != claim.expected] == []
    assert all(claim.reason for claim in claims if claim.expected == "fail")
    folder = tmp_path / "reproduce" / figure
    kinds = [path.suffix for path in folder.iterdir()]
    manifest = json.loads((folder / "manifest.json").read_text())
    assert kinds.count(".csv") >= 1 and kinds.count(".png") >= 1
    assert (manifest["kind"], manifest["replications"]) == ("reproduction", replications)
    assert set(manifest["files"]) == {path.name for path in folder.iterdir()} - {"manifest.json"}
    assert json.loads((folder / "claims.json").read_text()) == [claim._asdict() for claim in claims]


@pytest.mark.parametrize(
    ("changed", "verdict"),
    [({}, "pass"), ({"at_rest": 3}, "fail"), ({"apart": 1e-3}, "fail"), ({"settled": 3}, "pass")],
)
def test_starts_end_at_one_point_where_all_come_to_rest_there(changed, verdict):
    ends = {"starts": 4, "settled": 4, "at_rest": 4, "apart": 1e-9, "from_direct": 1e-8} | changed
    claim = starts._starts_claim(pd.DataFrame([ends]))
    assert (claim.verdict, claim.numbers["settled"]) == (verdict, ends["settled"])


def test_the_papers_conclusion_about_proportional_fairness_fails_and_says_so(tmp_path, known):
    claims = reproduce(["fig06"], tmp_path, REPLICATIONS, progress=False, workers=1)
    claim = next(c for c in claims if "improve the outcomes for smaller users" in c.text and "K = 200" in c.text)
    assert claim.verdict == claim.expected == "fail"
    assert claim.numbers["difference"] < -1
    assert claim_line(claim).startswith("fail (expected)  fig06")


@pytest.mark.skipif(not NIGHTLY, reason="by night: comparisons and sweeps hold the workers to it by day")
def test_the_same_seeds_give_the_same_bits_with_and_without_worker_processes(tmp_path):
    claims = [reproduce(["fig05"], tmp_path / str(n), 1, progress=False, workers=n) for n in (1, 2)]
    assert claims[0] == claims[1]
    for name in ("fig05.csv", "claims.json"):
        one, other = ((tmp_path / str(n) / "reproduce/fig05" / name).read_bytes() for n in (1, 2))
        assert one == other


def test_figures_asked_for_twice_are_made_once(tmp_path, monkeypatch):
    made = []
    monkeypatch.setitem(REPRODUCTIONS, "fig02", Reproduction("told", lambda study, folder: made.append(folder) or []))
    assert reproduce(["fig02", "fig02"], tmp_path, 1, progress=False, workers=1) == [] and len(made) == 1


@pytest.mark.parametrize(
    ("name", "near"), [("fig2", "fig02"), ("frontiers", "frontier"), ("Figure 7", "fig07"), ("zzzz", "fig02")]
)
def test_an_unknown_figure_is_told_in_one_line_before_anything_is_written(tmp_path, name, near):
    with pytest.raises(UnknownFigure, match=f"{name}.*{near}") as told:
        reproduce(["fig03", name], tmp_path / "out", 2, progress=False)
    assert "\n" not in str(told.value)
    assert not (tmp_path / "out").exists()


def test_a_broken_off_figure_leaves_nothing(tmp_path, monkeypatch):
    def broken(study, folder):
        (folder / "half.csv").write_text("half")
        raise KeyboardInterrupt

    monkeypatch.setitem(REPRODUCTIONS, "fig02", type(REPRODUCTIONS["fig02"])("broken", broken))
    with pytest.raises(KeyboardInterrupt):
        reproduce(["fig02"], tmp_path, 1, progress=False)
    assert list((tmp_path / "reproduce").iterdir()) == []
