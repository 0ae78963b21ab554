"""Alpha as a strategy: what is certain, payoffs by hand of single markets, the same bits at any number of workers."""

import json

import numpy as np
import pytest
from scipy import stats

from engine import FolderError, choose, chosen, run, save_chosen, verify
from engine.choosing import AlphaGame, AlphaProfile
from engine.store import digest
from scenarios import ScenarioError, load

FEW = ("group.north.users=12", "group.south.users=12", "price.c=0.01", "choosing.alphas=[0, 1]")


def game_of(payoffs):
    """A game of two aggregators and two alphas."""
    return AlphaGame(("a", "b"), (0.0, 1.0), "surplus", np.array(payoffs, dtype=float), 0, 0.0, False)


def dilemma(noise):
    """Alpha 0 gains 1 by draw, and what the noise of that draw adds."""
    other = np.array([[3, 1], [2, 0]], dtype=float)
    more = [np.array([[n, n], [0, 0]]) for n in noise]
    return [[other + some, (other + some).T] for some in more]


@pytest.mark.parametrize(("noise", "certain"), [([0, 0, 0], True), ([-0.3, 0, 0.3], True), ([-2, 0, 2], False)])
def test_an_equilibrium_is_certain_where_every_interval_excludes_a_gain(noise, certain):
    game = game_of(dilemma(noise))
    (found,) = game.pure_equilibria()
    assert found.weights.tolist() == [[1, 0], [1, 0]] and found.is_pure
    gain = -1 - np.array(noise, dtype=float)
    half = stats.t.ppf(0.975, 2) * stats.sem(gain)
    assert found.upper == pytest.approx(gain.mean() + half)
    assert found.certain is certain is bool(gain.mean() + half <= 0)


def test_one_draw_makes_nothing_certain_and_a_tie_in_every_draw_is_no_gain():
    (found,) = game_of(dilemma([0])).pure_equilibria()
    assert not found.certain
    tied = game_of(np.ones((4, 2, 2, 2))).pure_equilibria()
    assert len(tied) == 4 and all(one.certain for one in tied)


def test_a_payoff_is_what_the_market_s_run_leaves_each_aggregator():
    stay = "choosing_alpha_stay"
    alphas = ("group.0.fairness.alpha=0.0", "group.1.fairness.alpha=1.0")
    result = run(stay, set=(*FEW, *alphas), replication=3, direct=True)
    found = AlphaProfile(load(stay, set=FEW), (0.0, 1.0), 3).answer()
    assert found.settled
    for player, rows in enumerate((slice(0, 12), slice(12, 24))):
        buys = int((result.outcome.x[rows] > 0).sum())
        assert found.payoffs[:, player].tolist() == [pytest.approx(result.outcome.s[rows].sum()), buys]


def test_users_who_join_are_counted_where_they_end():
    set_up = (*FEW, "group.1.fairness.alpha=1.0")
    result = run("choosing_alpha", set=set_up, replication=1)
    found = AlphaProfile(load("choosing_alpha", set=FEW), (0.0, 1.0), 1).answer()
    last = result.joined.memberships[-1]
    x, s = (values[-1][: len(last)] for values in (result.quantities, result.surpluses))
    assert found.payoffs[0] == pytest.approx([s[last == k].sum() for k in range(2)])
    assert found.payoffs[1].tolist() == [(x[last == k] > 0).sum() for k in range(2)]


def test_the_same_bits_at_any_number_of_workers():
    games = [choose("choosing_alpha", 2, set=FEW, workers=workers, progress=False) for workers in (1, 2)]
    assert games[0].payoffs.tobytes() == games[1].payoffs.tobytes()
    assert games[0].alike and games[0].payoffs.shape == (2, 2, 2, 2)
    np.testing.assert_array_equal(games[0].payoffs[:, 1], games[0].payoffs[:, 0].transpose(0, 2, 1))


def test_a_stored_choice_is_verified_by_playing_it_again(tmp_path):
    folder = save_chosen(chosen("choosing_alpha_stay", 1, payoff="users", set=FEW, workers=1, progress=False), tmp_path)
    assert verify(folder).lines == ("pass  files: 3 files as written", "pass  same bits: summary.json, payoffs.csv")
    table = json.loads((folder / "manifest.json").read_text())
    for name, change in {
        "summary.json": ('"draws": 1', '"draws": 3'),
        "payoffs.csv": (",1,True,", ",1,False,"),
    }.items():
        written = (folder / name).read_text()
        (folder / name).write_text(written.replace(*change, 1))
        (folder / "manifest.json").write_text(
            json.dumps(table | {"files": table["files"] | {name: digest(folder / name)}})
        )
        found = verify(folder)
        assert not found.passed and found.lines[1].startswith("FAIL  numbers"), name
        (folder / name).write_text(written)
    (folder / "manifest.json").write_text(json.dumps(table | {"replications": 5_000_000_000}))
    assert verify(folder).lines[1].startswith("FAIL  markets: cannot be played again (ValueError: 5000000000 repl")
    (folder / "manifest.json").write_text(
        json.dumps({name: value for name, value in table.items() if name != "payoff"})
    )
    with pytest.raises(FolderError, match="payoff: missing"):
        verify(folder)


def test_mixtures_of_a_choice_are_compared_only_where_they_were_looked_for_both_times(tmp_path, monkeypatch):
    folder = save_chosen(chosen("choosing_alpha_stay", 1, set=FEW, workers=1, progress=False), tmp_path)
    looked = json.loads((folder / "summary.json").read_text())["mixed"] is not None
    monkeypatch.setattr("engine.choosing._mixed", lambda means: None if looked else [])
    assert verify(folder).lines[1] == "pass  same bits: payoffs.csv"


def test_aggregators_with_other_users_are_not_exchanged():
    game = choose("choosing_alpha_stay", 1, set=(*FEW, "group.south.users=13"), workers=1, progress=False)
    assert not game.alike
    assert game.payoffs[0, 0, 0, 0] != game.payoffs[0, 1, 0, 0]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("group.south.count=2", "a group for each aggregator"),
        ('group.south.fairness={objective="max-min"}', "alpha-fair is needed"),
        ("choosing.alphas=[0, 0]", "stands there twice"),
        ("choosing.alphas=[-1]", "choosing.alphas"),
        ("choosing.payoff=fame", "surplus or users"),
        (f"choosing.alphas={list(range(32))}", "1,024 profiles"),
    ],
)
def test_what_cannot_be_chosen_is_refused_in_one_line(change, said):
    with pytest.raises(ScenarioError, match=said) as told:
        load("choosing_alpha_stay", set=[change])
    assert "\n" not in str(told.value)


def test_a_scenario_in_which_nobody_chooses_is_refused():
    with pytest.raises(ScenarioError, match="choosing: is missing"):
        choose("two_aggregators", 1, progress=False)
