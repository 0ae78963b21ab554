"""The counter-examples to Theorem 2 and Conjecture 1 as the reproduction shows them, with the published numbers."""

import pytest

from views.reproduce import reproduce
from views.reproduce.counterexamples import CONTINUUM, NONE, PEAKS, TWO


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    out = tmp_path_factory.mktemp("counterexamples")
    return out / "reproduce" / "counterexamples", reproduce(["counterexamples"], out, 1, progress=False)


def find(made, words):
    return next(claim for claim in made[1] if words in claim.text)


def values(claim, words):
    return [value for name, value in claim.numbers.items() if words in name]


def test_every_claim_fails_as_expected_and_says_why(made):
    assert len(made[1]) == 12
    assert all(claim.verdict == claim.expected == "fail" and claim.reason for claim in made[1])


def test_every_example_has_its_picture(made):
    names = {one.name for one in (*PEAKS, *NONE, *TWO, CONTINUUM)} | {"paper_market"}
    assert {path.stem for path in made[0].glob("*.png")} == names
    assert all(path.stat().st_size < 150_000 for path in made[0].glob("*.png"))


@pytest.mark.parametrize(
    ("words", "peaks", "valley"),
    [
        ("two users, α = 0.75", [7.1446, 7.60472], 6.39426),
        ("two users, α = 0.4", [10.135927, 10.133008], None),
        ("offset 0.01: the payoff", [-353.538, -352.537], None),
        ("a price that flattens", [9.5238, 49.1177], 9.5),
    ],
)
def test_payoffs_at_both_peaks(made, words, peaks, valley):
    claim = find(made, words)
    assert values(claim, "at a peak") == pytest.approx(peaks, rel=1e-5)
    assert len(values(claim, "at a valley")) == 1
    if valley is not None:
        assert values(claim, "at a valley") == pytest.approx([valley], abs=1e-5)


@pytest.mark.parametrize(
    ("words", "cycle", "least"),
    [
        ("no equilibrium, α = 0.9", [0.277805, 1.140732, 2.535248, 0.388251], 0.09),
        ("no equilibrium, α = 2", [0.151256, 1.182915, 2.521640, 0.392787], 0.08),
        ("no equilibrium, α = ∞", [0.129200, 1.190267, 2.519269, 0.393577], None),
    ],
)
def test_where_no_equilibrium_exists_the_rounds_cycle(made, words, cycle, least):
    claim = find(made, words)
    assert claim.numbers["period"] == 2
    assert claim.numbers["equilibria"] == 0
    assert sorted(values(claim, "cycle point")) == pytest.approx(sorted(cycle), abs=1e-6)
    assert least is None or claim.numbers["least regret on a grid of profiles"] >= least


def test_the_papers_own_kind_of_market_may_have_no_equilibrium(made):
    claim = find(made, "fig. 10's market at α = 1.5")
    assert claim.numbers["equilibria"] == 0
    assert claim.numbers["period"] == 2
    assert claim.numbers["least regret of a root"] > 1e-3


@pytest.mark.parametrize(
    ("words", "low"), [("two equilibria, α = 0.9", 0.31794942), ("two equilibria, α = 2", 0.211698)]
)
def test_two_equilibria(made, words, low):
    claim = find(made, words)
    assert values(claim, "each buys") == pytest.approx([low, 90 / 41], abs=1e-6)
    assert claim.numbers["largest regret"] < 1e-9


def test_a_root_is_a_candidate_only(made):
    claim = find(made, "first-order conditions")
    assert claim.numbers["total"] == pytest.approx(0.762294, abs=1e-6)
    assert claim.numbers["relative regret"] == pytest.approx(0.94, abs=5e-3)


def test_a_line_of_equilibria(made):
    claim = find(made, "a continuum")
    assert (claim.numbers["from x"], claim.numbers["to x"]) == pytest.approx((2 / 11, 9 / 11))
    assert claim.numbers["largest regret on the line"] < 1e-9
    assert claim.numbers["least regret just beyond"] > 1e-3
