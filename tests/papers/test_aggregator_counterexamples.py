"""The counter-examples to Theorem 2 and Conjecture 1 as the reproduction shows them, with the published numbers."""

import json

import pytest

from papers import REPRODUCTIONS, reproduce
from papers.aggregator import counterexamples as examples
from papers.study import Study
from tests.shares import NIGHTLY


@pytest.fixture(autouse=True)
def short_curves_and_a_coarse_grid(monkeypatch):
    monkeypatch.setattr(examples, "REPLIES", 21)
    monkeypatch.setattr(examples, "GRID", examples.GRID if NIGHTLY else 151)


PEAKS = {one.name: one for one in examples.PEAKS}
PAIRS = {pair.name: pair for pair in (*examples.NONE, *examples.TWO, examples.CONTINUUM)}


def asked(*questions):
    study = Study(1)
    study.ask(questions, progress=False, workers=1)
    return study


def values(claim, words):
    return [value for name, value in claim.numbers.items() if words in name]


def failed_as_expected(claim, folder, picture):
    size = (folder / f"{picture}.png").stat().st_size
    return claim.verdict == claim.expected == "fail" and claim.reason and 1000 < size < 150_000


@pytest.mark.parametrize(
    ("name", "peaks", "valley"),
    [
        ("two_peaks", [7.1446, 7.60472], 6.39426),
        ("two_peaks_low_alpha", [10.135927, 10.133008], None),
        ("two_peaks_offset", [-353.538, -352.537], None),
        ("concave_kink", [9.5238, 49.1177], 9.5),
    ],
)
def test_payoffs_with_two_peaks(tmp_path, name, peaks, valley):
    claim = examples.peaks_example(PEAKS[name], tmp_path)
    assert failed_as_expected(claim, tmp_path, name)
    assert values(claim, "at a peak") == pytest.approx(peaks, rel=1e-5)
    assert len(values(claim, "at a valley")) == 1
    assert valley is None or values(claim, "at a valley") == pytest.approx([valley], abs=1e-5)


def test_a_root_is_a_candidate_only(tmp_path):
    claim = examples.false_root(PEAKS["false_root"], tmp_path)
    assert failed_as_expected(claim, tmp_path, "false_root")
    assert claim.numbers["total"] == pytest.approx(0.762294, abs=1e-6)
    assert claim.numbers["relative regret"] == pytest.approx(0.94, abs=5e-3)


@pytest.mark.parametrize(
    ("name", "cycle", "least"),
    [
        ("no_equilibrium", [0.277805, 1.140732, 2.535248, 0.388251], 0.09),
        ("no_equilibrium_offset", [0.151256, 1.182915, 2.521640, 0.392787], 0.08),
        ("no_equilibrium_maxmin", [0.129200, 1.190267, 2.519269, 0.393577], None),
    ],
)
def test_where_no_equilibrium_exists_the_rounds_cycle(tmp_path, name, cycle, least):
    claim = examples.no_equilibrium(asked(*PAIRS[name].questions()), PAIRS[name], tmp_path)
    assert failed_as_expected(claim, tmp_path, name)
    assert (claim.numbers["period"], claim.numbers["equilibria"]) == (2, 0)
    assert sorted(values(claim, "cycle point")) == pytest.approx(sorted(cycle), abs=1e-6)
    assert least is None or claim.numbers["least regret on a grid of profiles"] >= least


def test_the_papers_own_kind_of_market_may_have_no_equilibrium(tmp_path):
    claim = examples.paper_market(asked(*(examples.paper_replies(j) for j in (0, 1))), tmp_path)
    assert failed_as_expected(claim, tmp_path, "paper_market")
    assert (claim.numbers["period"], claim.numbers["equilibria"]) == (2, 0)
    assert claim.numbers["least regret of a root"] > 1e-3


@pytest.mark.parametrize(("name", "low"), [("two_equilibria", 0.31794942), ("two_equilibria_offset", 0.211698)])
def test_two_equilibria(tmp_path, name, low):
    claim = examples.two_equilibria(asked(*PAIRS[name].questions()), PAIRS[name], tmp_path)
    assert failed_as_expected(claim, tmp_path, name)
    assert values(claim, "each buys") == pytest.approx([low, 90 / 41], abs=1e-6)
    assert claim.numbers["largest regret"] < 1e-9


def test_a_line_of_equilibria(tmp_path):
    claim = examples.continuum(asked(*PAIRS["continuum"].questions()), tmp_path)
    assert failed_as_expected(claim, tmp_path, "continuum")
    assert (claim.numbers["from x"], claim.numbers["to x"]) == pytest.approx((2 / 11, 9 / 11))
    assert claim.numbers["largest regret on the line"] < 1e-9
    assert claim.numbers["least regret just beyond"] > 1e-3


def test_the_reproduction_asks_for_all_of_them_and_stores_their_claims(tmp_path, monkeypatch):
    questions = REPRODUCTIONS["counterexamples"].questions(1)
    assert {question for pair in PAIRS.values() for question in pair.questions()} < set(questions)
    monkeypatch.setattr(examples, "REPLIES", 5)
    monkeypatch.setattr(examples, "GRID", 31)
    claims = reproduce(["counterexamples"], tmp_path, 1, progress=False, workers=1)
    folder = tmp_path / "reproduce" / "counterexamples"
    assert {path.stem for path in folder.glob("*.png")} == {*PEAKS, *PAIRS, "paper_market"}
    assert len(claims) == len(PEAKS) + len(PAIRS) + 1 == len(json.loads((folder / "claims.json").read_text()))
